// Any bytes at all, given to the reader of packed data sets: no crash, no leak, and the properties
// of support/packed_properties.hpp. Not part of the build. From the root of the project:
//
//   clang++-14 -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
//       -Iinclude -Itests tests/fuzz/packed_fuzzer.cpp -o packed_fuzzer
//   ./packed_fuzzer -max_len=4096 -timeout=2 -rss_limit_mb=512 CORPUS tests/data/packed
//
// An input that does not begin as packed files do has a first byte to be left out; of the rest the
// checksums are made to fit, so that what they guard is reached.
#include <support/packed_properties.hpp>

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::filesystem::path path = [] {
        const std::filesystem::path memory = "/dev/shm";
        const auto folder =
            std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path();
        return folder / ("packed-fuzzer-" + std::to_string(::getpid()) + ".mgan");
    }();
    std::vector<std::byte> bytes(size);
    if (size > 0) std::memcpy(bytes.data(), data, size);
    if (size > 0 && data[0] != 0x89) {
        bytes.erase(bytes.begin());
        packed_properties::reseal(bytes);
    }
    const std::string why = packed_properties::violation(bytes, path);
    std::filesystem::remove(path);
    if (!why.empty()) {
        std::fprintf(stderr, "property violated: %s\n", why.c_str());
        std::abort();
    }
    return 0;
}
