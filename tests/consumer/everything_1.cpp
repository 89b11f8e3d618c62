// Two translation units that include everything make one program: whatever is defined in a header
// is inline or a template, or the linker would find it twice.
#include <mgan/mgan.hpp>

const void* address_of_the_other();

int main() {
    // What both name is one object in the whole program.
    return address_of_the_other() == static_cast<const void*>(mgan::metrics::kMetrics.data()) ? 0
                                                                                              : 1;
}
