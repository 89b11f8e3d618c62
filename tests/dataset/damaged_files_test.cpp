// Files that are damaged, or missing without a word: what is learnt from, and what is said.
#include <mgan/dataset/load_data_set.hpp>

#include <support/catch.hpp>
#include <support/folder.hpp>

#include <filesystem>
#include <string>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

std::string quantity(std::uint32_t value) {
    std::vector<std::byte> bytes;
    midi::append_quantity(bytes, value);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string bytes_of(std::initializer_list<int> numbers) {
    std::string text;
    for (const int number : numbers) text += static_cast<char>(number);
    return text;
}

std::string big(std::uint32_t value) {
    return bytes_of({static_cast<int>(value >> 24), static_cast<int>(value >> 16 & 255),
                     static_cast<int>(value >> 8 & 255), static_cast<int>(value & 255)});
}

std::string midi_file(const std::string& events, int division = 480) {
    const std::string body = events + bytes_of({0, 0xFF, 0x2F, 0});
    return "MThd" + big(6) + bytes_of({0, 0, 0, 1, division >> 8, division & 255}) + "MTrk" +
           big(static_cast<std::uint32_t>(body.size())) + body;
}

/// A tune with velocities and waits that have all kinds of bytes, 0A among them.
std::string tune(int notes, int velocity = 0) {
    std::string events;
    for (int i = 0; i < notes; ++i) {
        events += quantity(static_cast<std::uint32_t>(i % 3 == 0 ? 10 : 130 + i % 7));
        events += bytes_of({0x90, 50 + i * 7 % 31, velocity > 0 ? velocity : 40 + i % 60});
        events += quantity(static_cast<std::uint32_t>(i % 4 == 0 ? 138 : 240));
        events += bytes_of({0x80, 50 + i * 7 % 31, 64});
    }
    return midi_file(events);
}

std::string text_mode(const std::string& bytes) {
    std::string copy;
    for (const char c : bytes) {
        if (c == '\n') copy += '\r';
        copy += c;
    }
    return copy;
}

std::string as_utf8(const std::string& bytes) {
    std::string copy;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80) copy += static_cast<char>(0xC0 | byte >> 6);
        copy += byte >= 0x80 ? static_cast<char>(0x80 | (byte & 0x3F)) : c;
    }
    return copy;
}

std::string seven_bits(std::string bytes) {
    for (char& c : bytes) c = static_cast<char>(c & 0x7F);
    return bytes;
}

std::string reason_of(const DataSet& data, const std::string& file) {
    for (const SkippedFile& skipped : data.skipped)
        if (skipped.file == file) return skipped.reason;
    return "";
}
std::string repairs_of(const DataSet& data, const std::string& file) {
    for (const MendedFile& mended : data.mended)
        if (mended.file == file) return mended.repairs;
    return "";
}

}  // namespace

TEST_CASE("Damaged files: velocities over 127 are 127, and no note is lost") {
    const mgan_test::Folder folder;
    for (const int velocity : {128, 200, 255})
        mgan_test::put(folder / std::to_string(velocity) += ".mid", tune(80, velocity));
    const DataSet data = load_data_set(folder.path());
    REQUIRE(data.songs.size() == 3);
    for (const midi::Song& song : data.songs) {
        CHECK(song.notes.size() == 80);
        for (const midi::Note& note : song.notes) CHECK(note.velocity == 127);
    }
    CHECK(repairs_of(data, "128.mid") == "velocity_over_127 (80)");
    CHECK(data.repaired == 3);
    CHECK(data.skipped.empty());
}

TEST_CASE("Damaged files: waits beyond 64 quarters are shortened and named") {
    const mgan_test::Folder folder;
    const std::string note = bytes_of({0, 0x90, 60, 64}) + quantity(480) + bytes_of({0x80, 60, 0});
    const std::string days = quantity(0x0FFF'FFFF) + bytes_of({0xFF, 1, 1, 'x'});
    mgan_test::put(folder / "silence.mid", midi_file(note + days + days + note));
    mgan_test::put(folder / "hanging.mid", midi_file(bytes_of({0, 0x90, 72, 64}) + note + days));
    mgan_test::put(folder / "late.mid", midi_file(days + days + note, 1));
    mgan_test::put(folder / "plain.mid", midi_file(note + note));
    const DataSet data = load_data_set(folder.path());
    REQUIRE(data.songs.size() == 4);
    for (const midi::Song& song : data.songs) {
        for (const midi::Note& n : song.notes) CHECK(n.onset + n.length <= 2 * 66 * 384);
        CHECK_NOTHROW(midi::save_song(folder / "again" += ".mid", song));
    }
    CHECK(repairs_of(data, "silence.mid") == "long_wait (1)");
    CHECK(repairs_of(data, "hanging.mid") == "long_wait (1)");
    CHECK(repairs_of(data, "late.mid") == "long_wait (2)");
    CHECK(repairs_of(data, "plain.mid").empty());
}

TEST_CASE("Damaged files: waits are shortened between notes, and tempo changes move along") {
    const auto q = [](std::int64_t quarters) { return quarters * 384; };
    midi::Song song;
    song.notes = {{q(1), q(1), 60, 64, 0}, {q(100), q(200), 62, 64, 0}, {q(110), q(1), 64, 64, 0}};
    song.tempo = {{0, 500000}, {q(50), 400000}, {q(99), 300000}, {q(100), 200000}, {q(111), 1000}};
    CHECK(midi::shorten_waits(song) == 2);
    CHECK(song.notes == std::vector<midi::Note>{{q(1), q(1), 60, 64, 0},
                                                {q(66), q(75), 62, 64, 0},
                                                {q(76), q(1), 64, 64, 0}});
    CHECK(song.tempo == std::vector<midi::TempoChange>{
                            {0, 500000}, {q(50), 400000}, {q(66), 200000}, {q(77), 1000}});
    CHECK(midi::shorten_waits(song) == 0);
}

TEST_CASE("Damaged files: copies as text are recognised, named and skipped") {
    const mgan_test::Folder folder;
    const std::string original = tune(200);
    mgan_test::put(folder / "original.mid", original);
    mgan_test::put(folder / "text.mid", text_mode(original));
    mgan_test::put(folder / "utf8.mid", as_utf8(original));
    mgan_test::put(folder / "seven.mid", seven_bits(original));
    mgan_test::put(folder / "marked.mid", "\xEF\xBB\xBF" + as_utf8(original));
    std::string wide = "\xFF\xFE";
    for (const char c : original) (wide += c) += '\0';
    mgan_test::put(folder / "utf16.mid", wide);
    const DataSet data = load_data_set(folder.path());
    CHECK(data.names == std::vector<std::string>{"original.mid"});
    CHECK(data.mended.empty());
    CHECK_THAT(reason_of(data, "text.mid"), Contains("text mode"));
    CHECK_THAT(reason_of(data, "utf8.mid"), Contains("UTF-8"));
    CHECK_THAT(reason_of(data, "seven.mid"), Contains("bit 7"));
    CHECK_THAT(reason_of(data, "marked.mid"), Contains("UTF-8"));
    CHECK_THAT(reason_of(data, "utf16.mid"), Contains("UTF-16"));
}

TEST_CASE(
    "Damaged files: more than a tenth of the events mended is too much, unless one wants it") {
    const mgan_test::Folder folder;
    const auto damaged_pitches = [](int every) {
        std::string events;
        for (int i = 0; i < 100; ++i)
            events += quantity(10) + bytes_of({0x90, i % every == 0 ? 188 : 60, 64}) +
                      quantity(10) + bytes_of({0x80, 60, 64});
        return midi_file(events);
    };
    mgan_test::put(folder / "a-little.mid", damaged_pitches(10));
    mgan_test::put(folder / "much.mid", damaged_pitches(2));
    // A track that ends in the middle: one fault, but half of the bytes.
    std::string broken = tune(200);
    broken.replace(broken.size() / 2, 5, "\x80\x80\x80\x80\x80");
    mgan_test::put(folder / "broken.mid", broken);
    const DataSet data = load_data_set(folder.path());
    CHECK(data.names == std::vector<std::string>{"a-little.mid"});
    CHECK(repairs_of(data, "a-little.mid") == "high_data_byte (10)");
    CHECK_THAT(reason_of(data, "much.mid"), Contains("damaged: 50 faults in 200 events"));
    CHECK_THAT(reason_of(data, "broken.mid"), Contains("damaged: ") && Contains("bytes"));
    CHECK(load_data_set(folder.path(), 1, DamagedFiles::keep).songs.size() == 3);
}

TEST_CASE("Damaged files: one fault is one, and where nothing is left that is said") {
    const mgan_test::Folder folder;
    mgan_test::put(folder / "tune.mid", tune(9));
    const std::string cut = midi_file(bytes_of({0, 0x90, 60, 64}));
    mgan_test::put(folder / "nothing.mid", cut.substr(0, 24));
    mgan_test::put(folder / "little.mid", midi_file(bytes_of({0, 0x90, 60, 64, 9, 0xF5})));
    const DataSet data = load_data_set(folder.path());
    CHECK_THAT(reason_of(data, "nothing.mid"),
               Contains("damaged: 1 fault, and no event is left (") && Contains("event_cut_off"));
    CHECK_THAT(reason_of(data, "little.mid"), Contains("damaged: 1 fault in 1 event ("));
}

TEST_CASE("Damaged files: drums alone are no notes, and the reason says so") {
    const mgan_test::Folder folder;
    mgan_test::put(folder / "tune.mid", tune(9));
    mgan_test::put(folder / "drums.mid", midi_file(bytes_of({0, 0x99, 36, 99, 9, 0x89, 36, 0})));
    CHECK_THAT(reason_of(load_data_set(folder.path()), "drums.mid"), Contains("drums"));
}

TEST_CASE("Missing files: dangling links and folders that cannot be listed are skipped by name") {
    namespace fs = std::filesystem;
    const mgan_test::Folder folder;
    mgan_test::put(folder / "a.mid", tune(20));
    mgan_test::put(folder / "closed" / "b.mid", tune(21));
    fs::create_symlink("../.git/annex/objects/1", folder / "z.mid");
    fs::create_symlink("/nowhere/at/all", folder / "more-music");
    fs::create_symlink("readme-that-is-gone.txt", folder / "readme.txt");
    fs::create_symlink("loop.mid", folder / "loop.mid");
    fs::permissions(folder / "closed", fs::perms::none);
    const bool root = ::geteuid() == 0;  // who may open everything
    const DataSet data = load_data_set(folder.path());
    fs::permissions(folder / "closed", fs::perms::owner_all);
    CHECK_THAT(reason_of(data, "z.mid"), Contains("leads nowhere"));
    CHECK_THAT(reason_of(data, "more-music"), Contains("leads nowhere"));
    CHECK(reason_of(data, "readme.txt").empty());
    CHECK_FALSE(reason_of(data, "loop.mid").empty());
    if (!root) CHECK_THAT(reason_of(data, "closed"), Contains("cannot be"));
    CHECK(data.files - (data.skipped.size() - data.unlisted) == data.songs.size());
    CHECK(data.unlisted == (root ? 0 : 1));
}
