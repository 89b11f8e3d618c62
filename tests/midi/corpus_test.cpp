// The folder walk, and the reader and writer against an independent one: midicsv, where it is
// installed.
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/notes.hpp>
#include <support/catch.hpp>
#include <support/smf_bytes.hpp>

#include <cstdio>
#include <filesystem>
#include <sstream>

using namespace mgan::midi;
namespace fs = std::filesystem;

namespace {

fs::path fresh_folder(const char* name) {
    const fs::path path = fs::temp_directory_path() / mgan::temporary_path(name).filename();
    fs::remove_all(path);
    fs::create_directories(path);
    return path;
}

void touch(const fs::path& path) {
    fs::create_directories(path.parent_path());
    mgan::write_file_atomically(path, hex("00"));
}

#if MGAN_HAS_POSIX_FILES

std::string output_of(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return "";
    std::string text;
    char block[4096];
    for (std::size_t got; (got = std::fread(block, 1, sizeof block, pipe)) > 0;)
        text.append(block, got);
    ::pclose(pipe);
    return text;
}

bool midicsv_is_here() {
    return !output_of("command -v midicsv").empty();
}

// Presses, releases and tempos as lines "track tick kind channel pitch velocity", from the other
// reader ...
std::string events_by_midicsv(const fs::path& path) {
    std::string quoted = "'";
    for (const char c : path.string())
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    std::istringstream csv(output_of("midicsv " + quoted + "' 2>/dev/null"));
    std::ostringstream events;
    std::string line;
    while (std::getline(csv, line)) {
        for (const auto& [name, kind] :
             {std::pair{", Note_on_c, ", 'n'}, std::pair{", Note_off_c, ", 'f'},
              std::pair{", Tempo, ", 't'}}) {
            const std::size_t at = line.find(name);
            if (at == std::string::npos) continue;
            long track = 0, tick = 0, a = 0, b = 0, c = 0;
            std::sscanf(line.c_str(), "%ld, %ld", &track, &tick);
            std::sscanf(line.c_str() + at + std::string_view(name).size(), "%ld, %ld, %ld", &a, &b,
                        &c);
            events << track << ' ' << tick << ' ' << kind << ' ' << a << ' ' << b << ' ' << c
                   << '\n';
        }
    }
    return events.str();
}

// ... and from ours.
std::string events_by_mgan(const MidiFile& file) {
    std::ostringstream events;
    for (std::size_t i = 0; i < file.tracks.size(); ++i) {
        for (const Event& event : file.tracks[i].events) {
            const int kind = event.status & 0xF0;
            if (event.is_channel() && (kind == 0x80 || kind == 0x90)) {
                events << i + 1 << ' ' << event.tick << (kind == 0x90 ? " n " : " f ")
                       << event.channel() << ' ' << int{event.data1} << ' ' << int{event.data2}
                       << '\n';
            } else if (event.is_meta(kMetaTempo)) {
                long microseconds = 0;
                for (const std::byte b : file.tracks[i].bytes_of(event))
                    microseconds = microseconds * 256 + std::to_integer<int>(b);
                events << i + 1 << ' ' << event.tick << " t " << microseconds << " 0 0\n";
            }
        }
    }
    return events.str();
}

#endif

}  // namespace

TEST_CASE("find_midi_files: all MIDI files below a folder, by the bytes of their paths") {
    const fs::path root = fresh_folder("mgan_find");
    for (const char* name :
         {"b.mid", "a.MIDI", "B.Rmi", "c/z.kar", "c.mid", "c/d/e.mid", "\xC3\xA9.mid", "notes.txt",
          "mid", ".mid", "x.mid.bak", "c/song.midi2"})
        touch(root / name);
    fs::create_directories(root / "folder.mid");
    touch(root / "folder.mid" / "inside.mid");
    const auto names = [&](const fs::path& folder) {
        std::vector<std::string> list;
        for (const fs::path& path : find_midi_files(folder))
            list.push_back(path.lexically_relative(folder).generic_string());
        return list;
    };
    const std::vector<std::string> expected = {
        "B.Rmi",       "a.MIDI", "b.mid", "c.mid", "c/d/e.mid", "c/z.kar", "folder.mid/inside.mid",
        "\xC3\xA9.mid"};
    CHECK(names(root) == expected);

    // A link in a circle ends, a link to a file counts, a link to nothing does not.
    std::error_code no_links;  // MinGW's library makes none
    fs::create_directory_symlink(root, root / "c" / "up", no_links);
    if (!no_links) {
        fs::create_symlink(root / "b.mid", root / "c" / "link.mid");
        fs::create_symlink(root / "absent", root / "c" / "dangling.mid");
        std::vector<std::string> with_link = expected;
        with_link.insert(with_link.begin() + 5, "c/link.mid");
        CHECK(names(root) == with_link);
    }

    CHECK(find_midi_files(root / "notes.txt") == std::vector<fs::path>{root / "notes.txt"});
    CHECK_THROWS_AS(find_midi_files(root / "absent"), mgan::IoError);
    fs::remove_all(root);
    fs::create_directories(root);
    CHECK(find_midi_files(root).empty());
    fs::remove_all(root);
}

#if MGAN_HAS_POSIX_FILES

TEST_CASE("midicsv finds the same events in every file of the corpus") {
    const fs::path corpus = fs::path(MGAN_SHARED_DATA) / "data/corpus";
    if (!fs::exists(corpus)) MGAN_SKIP("the corpus is not here");
    if (!midicsv_is_here()) MGAN_SKIP("midicsv is not installed");
    const std::vector<fs::path> files = find_midi_files(corpus);
    CHECK(files.size() == 500);
    for (const fs::path& path : files) {
        INFO(path.string());
        const ReadResult result = read_file(path);
        const std::string ours = events_by_mgan(result.file);
        CHECK_FALSE(ours.empty());
        CHECK((ours == events_by_midicsv(path)));
    }
}

TEST_CASE("midicsv reads what mgan writes as the same notes and ticks") {
    if (!midicsv_is_here()) MGAN_SKIP("midicsv is not installed");
    const fs::path folder = fresh_folder("mgan_written");
    Song song;
    song.title = "Chords";
    song.tempo = {{0, 500000}, {1000, 400000}};
    for (int i = 0; i < 300; ++i)
        song.notes.push_back({i / 3 * 100, i % 7 * 50, 40 + i % 50, 1 + i % 127, i % 16});
    for (const int format : {0, 1}) {
        const MidiFile file = to_midi_file(song, {.format = format});
        write_file(folder / "song.mid", file);
        const std::string events = events_by_midicsv(folder / "song.mid");
        CHECK(std::count(events.begin(), events.end(), '\n') == 602);
        CHECK(events == events_by_mgan(file));
    }
    // And the whole way: real files read, written as songs, read by the other.
    const fs::path corpus = fs::path(MGAN_SHARED_DATA) / "data/corpus";
    std::vector<fs::path> files;
    if (fs::exists(corpus)) files = find_midi_files(corpus);
    for (std::size_t i = 0; i < files.size(); i += 10) {
        INFO(files[i].string());
        const MidiFile file = to_midi_file(load_song(files[i]));
        write_file(folder / "song.mid", file);
        CHECK((events_by_midicsv(folder / "song.mid") == events_by_mgan(file)));
    }
    fs::remove_all(folder);
}

#endif

TEST_CASE("Every file of the corpus comes back from its events as it was") {
    const fs::path corpus = fs::path(MGAN_SHARED_DATA) / "data/corpus";
    if (!fs::exists(corpus)) MGAN_SKIP("the corpus is not here");
    for (const fs::path& path : find_midi_files(corpus)) {
        INFO(path.string());
        const MidiFile file = read_file(path).file;
        const ReadResult again = parse(serialise(file), {.mode = ReadMode::strict});
        CHECK(again.file == file);
        const Song song = to_song(file);
        const Song once = to_song(to_midi_file(song));
        CHECK(once.notes.size() == song.notes.size());
        CHECK(to_song(to_midi_file(once)) == once);
    }
}
