// The beginning of the program alone, compiled for every processor: which one does it go on as?

#include <processor.hpp>

#include <cstdio>

int main(int, char** argv) {
    try {
        mgan::program::begin_again(argv);
    } catch (const mgan::ConfigError& error) {
        std::puts(error.what());
        return 1;
    }
    std::puts(mgan::kSimdName);
    return 0;
}
