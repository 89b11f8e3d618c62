// Difficult files and their defined outcomes: every row of the manifest.
#include <mgan/midi/notes.hpp>
#include <support/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

using namespace mgan::midi;
namespace fs = std::filesystem;

namespace {

struct Row {
    std::string file, expected, detail, notes;
};

std::vector<Row> manifest() {
    std::vector<Row> rows;
    std::ifstream in(fs::path(MGAN_SHARED_DATA) / "data/tricky/MANIFEST.tsv");
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        std::vector<std::string> cells(1);
        for (const char c : line) {
            if (c == '\t') {
                cells.emplace_back();
            } else {
                cells.back() += c;
            }
        }
        cells.resize(11);
        rows.push_back({cells[0], cells[4], cells[5], cells[9]});
    }
    return rows;
}

// Rows where mgan differs from what the row says, and why.
struct Exception {
    std::string why;
    std::string notes;  // instead of the row's; "" keeps it
    bool strict_accepts;
};
const std::map<std::string, Exception>& exceptions() {
    static const std::map<std::string, Exception> table = {
        {"synthetic/division-zero.mid",
         {"rejected by the row; mgan's rule is an error in strict, in recover 480 ticks a quarter "
          "and a repair",
          "", false}},
        {"synthetic/data-byte-first.mid",
         {"skipping the data bytes to the next status byte keeps all 8 notes; the row's 7 come "
          "from a reader "
          "that took two of them for an event",
          "8", false}},
        {"synthetic/header-len-5.mid",
         {"rejected by the row, or read as 6 bytes: mgan recovers", "", false}},
        {"synthetic/vlq-5-bytes.mid",
         {"rejected by the row, or the end of its track: mgan ends the track", "", false}},
        {"melanchall/dixie-nw.mid",
         {"the row's 25 notes are of the first track; after its damage mgan finds the heads of the "
          "6 others",
          "1750", false}},
        {"nfroidure/MIDIBadFormat1.mid",
         {"no byte of it breaks the format: the row names no fault either", "", true}},
        {"synthetic/hung-notes.mid",
         {"a note that is never released is music, not a fault of the file: it ends at "
          "all-notes-off",
          "", true}},
    };
    return table;
}

std::optional<ReadResult> try_read(const fs::path& path, ReadMode mode) {
    try {
        return read_file(path, {.mode = mode});
    } catch (const mgan::FormatError& error) {
        CHECK(std::string(error.what()).find(path.string() + ": byte ") == 0);
        return std::nullopt;
    }
}

fs::path tricky(const std::string& name) {
    return fs::path(MGAN_SHARED_DATA) / "data/tricky" / name;
}

// Seconds from the start of the song to its last release.
double seconds(const Song& song) {
    std::int64_t end = 0;
    for (const Note& note : song.notes) end = std::max(end, note.onset + note.length);
    double total = 0;
    TempoChange now;
    for (const TempoChange& next : song.tempo) {
        if (next.tick >= end) break;
        total += static_cast<double>((next.tick - now.tick) * now.microseconds_per_quarter);
        now = next;
    }
    total += static_cast<double>((end - now.tick) * now.microseconds_per_quarter);
    return total / 384e6;
}

}  // namespace

TEST_CASE("Difficult files have the outcomes of their manifest") {
    const std::vector<Row> rows = manifest();
    if (rows.empty()) MGAN_SKIP("the difficult files are not here");
    std::size_t used_exceptions = 0;
    for (const Row& row : rows) {
        INFO(row.file << ": expected \"" << row.expected << "\" (" << row.detail << ")");
        const auto strict = try_read(tricky(row.file), ReadMode::strict);
        const auto recovered = try_read(tricky(row.file), ReadMode::recover);
        const auto exception = exceptions().find(row.file);
        const bool excepted = exception != exceptions().end();
        used_exceptions += excepted ? 1 : 0;

        if (excepted) {
            CHECK(recovered.has_value());
            CHECK(strict.has_value() == exception->second.strict_accepts);
        } else if (row.expected == "parse" || row.expected == "parse (0 notes)" ||
                   row.expected == "parse (0 notes) or reject") {
            CHECK(strict.has_value());
        } else if (row.expected == "parse (recovery for type-0)") {
            CHECK(recovered.has_value());
            CHECK(strict.has_value() == (row.file.find("type-0") == std::string::npos));
        } else if (row.expected == "reject") {
            CHECK_FALSE(strict.has_value());
            CHECK_FALSE(recovered.has_value());
        } else {
            // "parse with recovery", and where the row leaves the choice: mgan recovers, and says
            // so.
            CHECK((row.expected.find("recovery") != std::string::npos ||
                   row.expected.find("reject or") != std::string::npos));
            CHECK_FALSE(strict.has_value());
            CHECK(recovered.has_value());
        }
        if (!recovered) continue;
        CHECK((recovered->repair_count == 0) == strict.has_value());
        const std::vector<Song> songs = to_songs(recovered->file, {.drums = true});
        std::size_t notes = 0;
        for (const Song& song : songs) notes += song.notes.size();
        const std::string expected =
            excepted && !exception->second.notes.empty() ? exception->second.notes : row.notes;
        if (!expected.empty() && expected != "-") CHECK(std::to_string(notes) == expected);
        const std::size_t at = row.detail.find("seconds=");
        if (at != std::string::npos) {
            REQUIRE(songs.size() == 1);
            CHECK(seconds(songs[0]) ==
                  Approx(std::strtod(row.detail.c_str() + at + 8, nullptr)).margin(5e-4));
        }
    }
    CHECK(used_exceptions == exceptions().size());
}

TEST_CASE("Difficult files: what their details say of single notes holds") {
    if (!fs::exists(tricky("MANIFEST.tsv"))) MGAN_SKIP("the difficult files are not here");
    const auto notes = [](const std::string& name) {
        return load_song(tricky("synthetic/" + name + ".mid"), {}, {.drums = true}).notes;
    };
    const auto times = [&](const std::string& name) {
        std::vector<std::pair<std::int64_t, std::int64_t>> list;
        for (const Note& note : notes(name)) list.emplace_back(note.onset, note.length);
        return list;
    };
    using Times = std::vector<std::pair<std::int64_t, std::int64_t>>;
    CHECK(notes("ppq-1000-tiny-deltas").at(0).onset == 7680);
    CHECK(times("same-pitch-overlap") == Times{{0, 768}, {384, 768}});
    CHECK(times("same-pitch-two-channels") == Times{{0, 384}, {0, 768}});
    CHECK(notes("sysex-split").at(0).onset == 768);
    CHECK(load_song(tricky("synthetic/drums-only.mid")).notes.empty());
    CHECK(load_songs(tricky("synthetic/fmt2-two-songs.mid")).size() == 2);
    CHECK(load_songs(tricky("synthetic/fmt2-two-songs.mid"))[1].notes.size() == 8);
    for (const Note& note : notes("zero-length-notes")) CHECK(note.length == 0);
    // All-notes-off a quarter after their onset, although the track goes on no further.
    CHECK(notes("hung-notes").back().length == 384);
    for (const char* name : {"ppq-1", "ppq-15360", "ppq-32767", "ppq-overflow-55440"}) {
        INFO(name);
        CHECK(times(name).size() == 8);
        for (std::size_t i = 0; i < 8; ++i)
            CHECK(times(name)[i] ==
                  std::pair<std::int64_t, std::int64_t>(static_cast<std::int64_t>(i) * 384, 384));
    }
}
