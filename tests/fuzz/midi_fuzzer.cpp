// Any bytes at all, given to the MIDI reader: no crash, no leak, and the properties of
// support/midi_properties.hpp. Not part of the build. From the root of the project:
//
//   clang++-14 -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
//       -Iinclude -Itests tests/fuzz/midi_fuzzer.cpp -o midi_fuzzer
//   ./midi_fuzzer -max_len=4096 -max_total_time=300 -dict=tests/fuzz/midi.dict CORPUS_FOLDER
#include <support/midi_properties.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    // One of the two formats, by the last byte: a third of the time is spent on writing songs.
    const auto format =
        std::span(midi_properties::kFormats).subspan(size > 0 ? data[size - 1] % 2 : 0, 1);
    const std::string why = midi_properties::violation(bytes, format);
    if (!why.empty()) {
        std::fprintf(stderr, "property violated: %s\n", why.c_str());
        std::abort();
    }
    return 0;
}
