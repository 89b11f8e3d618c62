// All of mgan behind <windows.h>, with the macros that it has: min, max, near, far, small, ...
#include <windows.h>
// (not sorted)
#include <mgan/mgan.hpp>

int main() {
    return std::max(1, 2) == 2 && mgan::kVersion[0] == MGAN_VERSION_STRING[0] ? 0 : 1;
}
