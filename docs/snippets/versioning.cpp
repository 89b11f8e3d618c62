// The program of docs/versioning.md.

#include <mgan/core/version.hpp>

#if MGAN_VERSION_MAJOR == 0 && MGAN_VERSION_MINOR < 2
inline constexpr bool kOldNames = true;
#endif

int main() {
    return kOldNames ? 0 : 1;
}
