// What a copy has done to a file is recognised by its bytes, and nothing is said of files that are
// whole, whatever their bytes happen to be.
#include <mgan/midi/copy_damage.hpp>
#include <support/catch.hpp>
#include <support/smf_bytes.hpp>

#include <algorithm>
#include <string>

using namespace mgan::midi;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr std::byte kFeed{0x0A}, kReturn{0x0D};

Bytes file(const std::string& events) {
    return joined({smf_header(0, 1, 96), smf_track(events + "00 ff 2f 00")});
}
// A note of pitch 10 and one of pitch 13, 10 ticks apart: 0A and 0D among the data.
const std::string kNotes = "00 90 0a 40 0a 80 0a 00 0a 90 0d 40 60 80 0d 00 ";

Bytes in_text_mode(const Bytes& bytes) {
    Bytes copy;
    for (const std::byte b : bytes) {
        if (b == kFeed) copy.push_back(kReturn);
        copy.push_back(b);
    }
    return copy;
}
// Each byte as a character of Latin 1.
Bytes in_utf8(const Bytes& bytes) {
    Bytes copy;
    for (const std::byte b : bytes) {
        if (b < std::byte{0x80}) {
            copy.push_back(b);
        } else {
            copy.push_back(std::byte{0xC0} | b >> 6);
            copy.push_back(std::byte{0x80} | (b & std::byte{0x3F}));
        }
    }
    return copy;
}
Bytes in_utf16(const Bytes& bytes, bool low_first) {
    Bytes copy = low_first ? hex("ff fe") : hex("fe ff");
    for (const std::byte b : bytes) {
        if (!low_first) copy.push_back(std::byte{0});
        copy.push_back(b);
        if (low_first) copy.push_back(std::byte{0});
    }
    return copy;
}
Bytes without(Bytes bytes, std::byte gone) {
    std::erase(bytes, gone);
    return bytes;
}
std::string said(const Bytes& bytes) {
    return std::string(copy_damage(bytes));
}

}  // namespace

TEST_CASE("Copy damage: a whole file is told nothing of") {
    CHECK(said(file("")) == "");
    CHECK(said(file(kNotes)) == "");
    CHECK(said(smf_header(0, 0, 96)) == "");
    CHECK(said({}) == "");
    CHECK(said(hex("0a")) == "");
    CHECK(said(text_bytes("Dear Wolfgang,\r\n")) == "");
    CHECK(said(text_bytes("MThd")) == "");
    // Each 0A has a 0D before it, and belongs there: a text of two bytes.
    CHECK(said(file("00 ff 01 02 0d 0a 00 90 3c 40 60 80 3c 00 ")) == "");
    // The same at the end of a damaged file.
    Bytes cut = file("00 ff 01 02 0d 0a 00 90 3c 40 60 80 3c 00 ");
    cut.resize(cut.size() - 4);
    CHECK(said(cut) == "");
}

TEST_CASE("Copy damage: text mode is recognised, where nothing else can be the cause") {
    CHECK_THAT(said(in_text_mode(file(kNotes))), Contains("text mode"));
    // Twice, and of a file with a 0D 0A of its own.
    CHECK_THAT(said(in_text_mode(in_text_mode(file(kNotes)))), Contains("text mode"));
    CHECK_THAT(said(in_text_mode(in_text_mode(file("00 ff 01 02 0d 0a " + kNotes)))),
               Contains("text mode"));
    // A lone 0A is the proof that there was no such copy.
    Bytes bytes = in_text_mode(file(kNotes));
    bytes.push_back(kFeed);
    CHECK(said(bytes) == "");
    // The last track is broken, too: there is more damage, but still less without the copy's.
    bytes = file(kNotes);
    bytes.resize(bytes.size() - 3);
    CHECK_THAT(said(in_text_mode(bytes)), Contains("text mode"));
    // The very header is beyond reading, with and without the copy.
    bytes = joined({text_bytes("MThd"), hex("00 00 00 0d 0a 00 00 00 01 00 60")});
    CHECK(said(bytes) == "");
    // Without what a copy may have added there would be no header.
    CHECK(said(joined({text_bytes("MThd"), hex("00 00 00 06 00 01 0d 0a 00 60")})) == "");
}

TEST_CASE("Copy damage: encodings of text are recognised, marked or not, whole or cut off") {
    const Bytes song = file(kNotes);
    CHECK_THAT(said(in_utf8(song)), Contains("UTF-8"));
    CHECK_THAT(said(joined({hex("ef bb bf"), in_utf8(song)})), Contains("UTF-8"));
    CHECK_THAT(said(in_utf16(song, true)), Contains("UTF-16"));
    CHECK_THAT(said(in_utf16(song, false)), Contains("UTF-16"));
    // Characters of three and four bytes, and one that the end cuts off.
    CHECK_THAT(said(joined({in_utf8(song), hex("e2 82 ac f0 9d 84 9e")})), Contains("UTF-8"));
    CHECK_THAT(said(joined({in_utf8(song), hex("f0 9d 84")})), Contains("UTF-8"));
    // No character begins so, or goes on so.
    CHECK(said(joined({in_utf8(song), hex("f8 88 80 80 80")})) == "");
    CHECK(said(joined({in_utf8(song), hex("c0 80")})) == "");
    CHECK(said(joined({in_utf8(song), hex("e2 28 a1")})) == "");
    CHECK(said(joined({in_utf8(song), hex("80")})) == "");
}

TEST_CASE(
    "Copy damage: seven bits are recognised, and a file that has no use of the eighth is not") {
    Bytes song = file(kNotes);
    for (std::byte& b : song) b &= std::byte{0x7F};
    CHECK_THAT(said(song), StartsWith("bit 7"));
    CHECK(said(joined({smf_header(0, 1, 96), text_bytes("MTrk"), hex("00 00 00 00")})) == "");
}

TEST_CASE("Copy damage: that every 0D is gone, or every 0A, is told by tracks that are too short") {
    const Bytes song = joined({smf_header(1, 2, 96), smf_track(kNotes + "00 ff 2f 00"),
                               smf_track(kNotes + kNotes + "00 ff 2f 00")});
    CHECK_THAT(said(without(song, kReturn)), Contains("every byte 0D is gone"));
    CHECK_THAT(said(without(song, kFeed)), Contains("every byte 0A is gone"));
    // The length of a track has such a byte itself, or the number of tracks.
    std::string longer = kNotes;
    while (smf_track(longer + "00 ff 2f 00")[7] != kReturn) longer += "00 c0 01 ";
    CHECK_THAT(said(without(file(longer), kReturn)), Contains("every byte 0D is gone"));
    const Bytes tracks =
        joined({smf_header(1, 10, 96), repeated(smf_track(kNotes + "00 ff 2f 00"), 10)});
    CHECK_THAT(said(without(tracks, kFeed)), Contains("every byte 0A is gone"));
}

TEST_CASE("Copy damage: a lost byte is noticed by whatever it makes of the rest") {
    // A text takes the end of its track for its own, a message what follows it.
    for (const char* events :
         {"00 ff 01 0d 20 20 20 20 20 20 20 20 20 20 20 20 20 ", "0d 90 3c 40 0d 80 3c 00 ",
          "00 f0 03 0d 0d f7 00 90 3c 40 60 80 3c 00 "}) {
        INFO(events);
        CHECK_THAT(said(without(file(events), kReturn)), Contains("every byte 0D is gone"));
    }
    // The number of tracks: without it the header cannot be read.
    const Bytes tracks =
        joined({smf_header(1, 13, 96), repeated(smf_track(kNotes + "00 ff 2f 00"), 13)});
    CHECK_THAT(said(without(tracks, kReturn)), Contains("every byte 0D is gone"));
}

TEST_CASE("Copy damage: tracks that are too short for another reason are told nothing of") {
    const std::string plain = "00 90 3c 40 60 80 3c 00 ";
    // Bytes between the header and its first track.
    CHECK(said(joined({smf_header(0, 1, 96, 8), hex("00 00"),
                       smf_track(plain + "00 90 bc 40 00 ff 2f 00", 20)})) == "");
    // Tracks that end otherwise.
    for (const char* end : {"00 ff 2f 01", "00 ff 2e 00"})
        CHECK(said(joined({smf_header(0, 1, 96), smf_track(plain + "00 90 bc 40 " + end, 20)})) ==
              "");
    // Cut off within a track, which then lacks its end.
    Bytes bytes = file(plain + plain + "00 90 ff 40 ");
    bytes.resize(bytes.size() - 9);
    CHECK(said(bytes) == "");
    // A writer that counts the head of a chunk as well: no event is lost.
    bytes = file(plain);
    bytes[21] = static_cast<std::byte>(std::to_integer<int>(bytes[21]) + 8);
    CHECK(said(bytes) == "");
    // Events are wrong, lengths are right.
    CHECK(said(file(plain + "00 90 bc 40 60 80 bc 00 ")) == "");
    // Shorter than so few bytes can explain, and longer.
    for (const int length : {200, 12}) {
        bytes = file(plain + "00 90 bc 40 60 80 bc 00 ");
        bytes[21] = static_cast<std::byte>(length);
        CHECK(said(bytes) == "");
    }
    // There is a 0D, and a 0A.
    bytes = file(kNotes + "00 90 bc 40 60 80 bc 00 ");
    bytes[21] = static_cast<std::byte>(std::to_integer<int>(bytes[21]) + 2);
    CHECK(said(bytes) == "");
}
