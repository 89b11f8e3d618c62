// The promises of the reader for any bytes: see support/midi_properties.hpp. The fuzzer asks the
// same of millions of inputs; here are the ones that every build can try in a second.
#include <mgan/midi/notes.hpp>
#include <support/catch.hpp>
#include <support/midi_properties.hpp>
#include <support/smf_bytes.hpp>

#include <cstdint>
#include <memory>

#if defined(__linux__)
#include <sys/mman.h>
#endif

using namespace mgan::midi;
using midi_properties::violation;

namespace {

const std::string kEnd = "00 ff 2f 00 ";

std::vector<Bytes> seeds() {
    return {
        joined({smf_header(0, 1, 96),
                smf_track("00 ff 03 02 41 62 00 ff 51 03 07 a1 20 00 90 3c 40 60 3c 00 00 c0 05 " +
                          kEnd)}),
        joined(
            {smf_header(1, 2, 0xE728),
             smf_track("00 f0 02 01 02 60 f7 02 03 f7 00 90 3c 40 00 3e 40 81 00 b0 7b 00 " + kEnd),
             smf_chunk("XFIH", hex("01 02")),
             smf_track("00 ff 58 04 04 02 18 08 00 ff 59 02 00 01 00 ff 54 05 60 00 00 00 00 " +
                       kEnd)}),
        joined({smf_header(2, 2, 480), smf_track("00 99 24 40 10 24 00 " + kEnd),
                smf_track("ff ff ff 7f 90 3c 40 " + kEnd)}),
        joined({text_bytes("RIFF"), le32_bytes(46), text_bytes("RMIDdata"), le32_bytes(34),
                smf_header(0, 1, 96), smf_track("00 90 3c 40 60 80 3c 00 " + kEnd)}),
    };
}

// Files in which one thing is repeated as often as fits: each kind of load on memory and time.
Bytes family(int kind, std::size_t size) {
    const auto fill = [&](std::string_view unit) {
        const Bytes one = hex(unit);
        return joined({smf_header(0, 1, 96),
                       smf_chunk("MTrk", repeated(one, static_cast<int>(size / one.size())))});
    };
    const auto chunks = [&](const Bytes& one) {
        return joined({smf_header(1, 1, 96), repeated(one, static_cast<int>(size / one.size()))});
    };
    switch (kind) {
        case 0:
            return fill("00 90 3c 40 00 3c 00");  // notes
        case 1:
            return fill("00 90 3c 40");  // never released
        case 2:
            return joined(
                {smf_header(0, 1, 96),
                 smf_chunk("MTrk", joined({hex("00 d0 40"),
                                           repeated(hex("00 40"), static_cast<int>(size / 2))}))});
        case 3:
            return fill("00 ff 01 00");  // empty texts
        case 4:
            return fill("00 ff 51 03 07 a1 20");  // tempos
        case 5:
            return fill("00 f0 01 01");  // unfinished messages
        case 6:
            return fill("00 f7 00");  // raw bytes
        case 7:
            return fill("00 f4");  // illegal
        case 8:
            return fill("00 f0 02 01 02 80 80 80 00 f7 00");  // packets with long times
        case 9:
            return fill("00 90 3c 40 00 b0 7b 00");  // all notes off after each note
        case 10:
            return fill("3c");  // data without status
        case 11:
            return chunks(smf_track(""));  // empty tracks
        case 12:
            return chunks(smf_track("", 0xFFFFFFFF));  // empty tracks that say 4 GiB
        case 13:
            return chunks(smf_track("00 ff 2f 00", 0xFFFFFFFF));
        case 14:
            return chunks(smf_track("00 90 3c 40", 6));  // lengths that eat the next head
        case 15:
            return chunks(text_bytes("MTrM"));  // nearly heads
        case 16:
            return chunks(smf_chunk("XFIH", {}, 0xFFFFFFFF));
        case 17:
            return joined(
                {text_bytes("RIFF"), le32_bytes(~0u), text_bytes("RMID"), chunks(smf_track("00"))});
        case 18:
            return joined({Bytes(size / 2), chunks(smf_track("00 c0 05"))});
        case 19:
            return joined({smf_header(2, 1, 96),
                           repeated(smf_track("00 90 3c 40"), static_cast<int>(size / 12))});
        case 20: {  // the shortest notes, in two tracks that have to be merged
            const Bytes track =
                smf_chunk("MTrk", joined({hex("00 90 3c 40"),
                                          repeated(hex("01 3c 40"), static_cast<int>(size / 6))}));
            return joined({smf_header(1, 2, 96), track, track});
        }
        default:
            return {};
    }
}
constexpr int kFamilies = 21;

}  // namespace

TEST_CASE("Every prefix of a file keeps the reader's promises") {
    for (const Bytes& seed : seeds()) {
        REQUIRE(violation(seed).empty());
        for (std::size_t size = 0; size < seed.size(); ++size) {
            // A block of just this size: an address sanitizer sees a read beyond it.
            const Bytes prefix(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size));
            INFO("prefix of " << size << " bytes");
            REQUIRE(violation(prefix) == "");
        }
    }
}

TEST_CASE("Every flip of one bit of a file keeps the reader's promises") {
    for (const Bytes& seed : seeds()) {
        for (std::size_t bit = 0; bit < 8 * seed.size(); ++bit) {
            Bytes flipped = seed;
            flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
            INFO("bit " << bit % 8 << " of byte " << bit / 8);
            REQUIRE(violation(flipped) == "");
        }
    }
}

TEST_CASE("Every byte of a file may be any other byte") {
    for (const Bytes& seed : seeds()) {
        for (std::size_t at = 0; at < seed.size(); ++at) {
            for (const unsigned value : {0x00u, 0x7Fu, 0x80u, 0xF0u, 0xF7u, 0xFFu}) {
                Bytes changed = seed;
                changed[at] = static_cast<std::byte>(value);
                INFO("byte " << at << " as " << value);
                REQUIRE(violation(changed) == "");
            }
        }
    }
}

TEST_CASE("Files of one thing repeated keep the reader's promises at every size") {
    for (int kind = 0; kind < kFamilies; ++kind) {
        for (const std::size_t size :
             {std::size_t{10}, std::size_t{100}, std::size_t{1000}, std::size_t{10000}}) {
            INFO("family " << kind << ", " << size << " bytes");
            REQUIRE(violation(family(kind, size)) == "");
        }
    }
}

TEST_CASE("Memory and looks at bytes grow with the size of the file and not faster") {
    for (int kind = 0; kind < kFamilies; ++kind) {
        const Bytes once = family(kind, 1 << 19);
        const Bytes twice = family(kind, 1 << 20);
        INFO("family " << kind);
        CHECK(midi_properties::load(once).peak <= 64 * 1024 + 24 * once.size());
        CHECK(midi_properties::load(twice).peak <= 64 * 1024 + 24 * twice.size());
        std::uint64_t looks[2] = {0, 0};
        for (const Bytes* bytes : {&once, &twice}) {
            if (const auto result = midi_properties::try_parse(*bytes, ReadMode::recover))
                looks[bytes == &twice] = result->bytes_examined;
        }
        CHECK(looks[0] > 0);
        CHECK(static_cast<double>(looks[1]) <= 2.01 * static_cast<double>(looks[0]));
        CHECK(looks[1] <= 4 * twice.size());
    }
}

#if defined(__linux__) && SIZE_MAX > 0xFFFFFFFF
TEST_CASE("A file of more than 2 GiB is refused before a byte of it is looked at") {
    // Pages that nobody has touched take no memory.
    const std::size_t size = std::size_t{1} << 31;
    void* const pages =
        ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) {
        WARN("not tried: so much cannot be mapped here");
        return;
    }
    const std::span<const std::byte> bytes(static_cast<const std::byte*>(pages), size);
    CHECK_THROWS_WITH(parse(bytes), Catch::Matchers::Contains("at most 2 GiB"));
    CHECK_THROWS_WITH(parse(bytes.first(size - 1)), !Catch::Matchers::Contains("at most 2 GiB"));
    ::munmap(pages, size);
}
#endif

TEST_CASE("The memory counter counts") {
    const MemoryPeak peak;
    { const auto block = std::make_unique<char[]>(1000); }
    { const auto block = std::make_unique<char[]>(300); }
    CHECK(peak.bytes() == 1000);
}
