// The quick piece of a fuzz campaign, with any compiler: every input of the committed corpus, then
// `count` changed ones, always the same. For all bytes that the program survives it prints how many
// inputs that were.
//
//     mgan_replay_NAME FOLDER COUNT
#include <mgan/core/random.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

/// One to four changes: a bit, a byte, a piece left out, a piece of another input put in.
Bytes changed(const std::vector<Bytes>& corpus, std::uint64_t number) {
    const mgan::Random random(1, "replay", number);
    std::uint64_t drawn = 0;
    const auto below = [&](std::size_t limit) {
        return static_cast<std::size_t>(random.integer(drawn++, std::max<std::size_t>(limit, 1)));
    };
    Bytes bytes = corpus[below(corpus.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
        const std::size_t at = below(bytes.size() + 1);
        const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        switch (below(4)) {
            case 0:
                if (at < bytes.size()) *place ^= static_cast<std::uint8_t>(1u << below(8));
                break;
            case 1:
                if (at < bytes.size()) *place = static_cast<std::uint8_t>(below(256));
                break;
            case 2:
                bytes.erase(place, place + static_cast<std::ptrdiff_t>(
                                               std::min(below(16), bytes.size() - at)));
                break;
            default: {
                const Bytes& other = corpus[below(corpus.size())];
                const std::size_t from = below(other.size() + 1);
                const std::size_t length = std::min(below(16), other.size() - from);
                const auto begin = other.begin() + static_cast<std::ptrdiff_t>(from);
                bytes.insert(place, begin, begin + static_cast<std::ptrdiff_t>(length));
            }
        }
    }
    return bytes;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s FOLDER COUNT\n", argv[0]);
        return 2;
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<Bytes> corpus;
    for (const auto& path : files) {
        std::ifstream file(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    if (corpus.empty()) {
        std::fprintf(stderr, "%s: no inputs\n", argv[1]);
        return 1;
    }
    for (const Bytes& bytes : corpus) LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
    for (std::uint64_t number = 0; number < count; ++number) {
        const Bytes bytes = changed(corpus, number);
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::printf("%zu inputs of the corpus and %llu changed ones\n", corpus.size(),
                static_cast<unsigned long long>(count));
    return 0;
}
