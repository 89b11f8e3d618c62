#include <mgan/mgan.hpp>

const void* address_of_the_other();

const void* address_of_the_other() {
    return static_cast<const void*>(mgan::metrics::kMetrics.data());
}
