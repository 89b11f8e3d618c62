// Packed files: the same data set as the folder, and every kind of damage refused.
#include <mgan/core/mapped_file.hpp>
#include <mgan/dataset/corpus_statistics.hpp>
#include <mgan/dataset/pack_data_set.hpp>

#include <support/catch.hpp>
#include <support/packed_properties.hpp>
#include <support/training_lab.hpp>

#include <chrono>
#include <fstream>
#include <limits>
#include <stdexcept>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

/// A folder of songs, two of them one piece, with an unreadable file, a link that leads nowhere and
/// a mended one.
struct Folder {
    lab::TemporaryFolder folder;
    std::filesystem::path music = folder / "music", file = folder / "songs.mgan";

    explicit Folder(std::size_t count = 8) {
        const DataSet songs = lab::small_data(count);
        for (std::size_t i = 0; i < count; ++i) save(songs.names[i], songs.songs[i]);
        save("folder0/song0 once more.mid", songs.songs[0]);
        std::ofstream(music / "letter.mid") << "Dear Wolfgang,\n";
        std::filesystem::create_symlink("nowhere", music / "lost.mid");
        // A byte too many behind the last track.
        midi::save_song(music / "mended.mid", songs.songs[1]);
        std::ofstream(music / "mended.mid", std::ios::binary | std::ios::app) << "MTrk";
    }
    void save(const std::string& name, const midi::Song& song) const {
        std::filesystem::create_directories((music / name).parent_path());
        midi::save_song(music / name, song);
    }
};

void check_same(const DataSet& a, const DataSet& b) {
    REQUIRE(a.size() == b.size());
    CHECK(a.names == b.names);
    CHECK(a.pieces == b.pieces);
    CHECK(a.files == b.files);
    CHECK(a.repaired == b.repaired);
    CHECK(a.unlisted == b.unlisted);
    CHECK(a.notes() == b.notes());
    CHECK(a.hours() == b.hours());
    CHECK(a.folders() == b.folders());
    CHECK(fingerprint(a) == fingerprint(b));
    REQUIRE(a.skipped.size() == b.skipped.size());
    for (std::size_t i = 0; i < a.skipped.size(); ++i) {
        CHECK(a.skipped[i].file == b.skipped[i].file);
        CHECK(a.skipped[i].reason == b.skipped[i].reason);
    }
    REQUIRE(a.mended.size() == b.mended.size());
    for (std::size_t i = 0; i < a.mended.size(); ++i) {
        CHECK(a.mended[i].file == b.mended[i].file);
        CHECK(a.mended[i].repairs == b.mended[i].repairs);
    }
    midi::Song of_a, of_b;
    for (std::size_t i = 0; i < a.size(); ++i) {
        CHECK(a.view().get(i, of_a) == b.view().get(i, of_b));
        CHECK(a.view().sounding(i) == b.view().sounding(i));
    }
}

std::vector<std::byte> small_file(const std::filesystem::path& path) {
    DataSet data = lab::small_data(3);
    data.skipped = {{"letter.mid", "no music"}};
    data.mended = {{"folder0/song0.mid", "long_wait (1)"}};
    pack_data_set(data, path);
    return read_file_bytes(path);
}

/// A packed file in which numbers are changed, and whose checksums are made to fit.
class Forger {
public:
    explicit Forger(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

    /// Where the number of a name is.
    [[nodiscard]] std::size_t footer(std::size_t field) const {
        return bytes_.size() - packed::kFooterSize + field;
    }
    [[nodiscard]] std::size_t block(packed::BlockKind kind, std::size_t field) const {
        const auto begin = static_cast<std::size_t>(get(footer(0)));
        for (std::size_t at = begin; at < footer(0); at += packed::kBlockSize)
            if (get(at, 4) == static_cast<std::uint64_t>(kind)) return at + field;
        throw std::logic_error("no such block");
    }
    [[nodiscard]] std::size_t within(packed::BlockKind kind, std::size_t offset) const {
        return static_cast<std::size_t>(get(block(kind, 16))) + offset;
    }
    [[nodiscard]] std::size_t song(std::size_t number, std::size_t field) const {
        return within(packed::BlockKind::index, number * packed::kEntrySize + field);
    }

    [[nodiscard]] std::uint64_t get(std::size_t at, std::size_t size = 8) const {
        return packed_properties::get_number(bytes_, at, size);
    }
    void set(std::size_t at, std::uint64_t number, std::size_t size = 8) {
        packed_properties::set_number(bytes_, at, number, size);
    }
    void add(std::size_t at, std::int64_t number, std::size_t size = 8) {
        set(at, get(at, size) + static_cast<std::uint64_t>(number), size);
    }
    void set_real(std::size_t at, double number) { set(at, mgan::bit_cast<std::uint64_t>(number)); }

    [[nodiscard]] std::vector<std::byte> sealed() const {
        std::vector<std::byte> bytes = bytes_;
        packed_properties::reseal(bytes);
        return bytes;
    }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace

TEST_CASE("Packed: a file holds what load_data_set finds in the folder") {
    const Folder place;
    const PackResult result = pack_data_set(place.music, place.file, {.threads = 2});
    const DataSet folder = load_data_set(place.music);
    REQUIRE(folder.size() == 10);
    REQUIRE(folder.mended.size() == 1);
    REQUIRE(folder.skipped.size() == 2);
    CHECK(result.songs == 10);
    CHECK(result.added == 10);
    CHECK(result.bytes == std::filesystem::file_size(place.file));
    const DataSet memory = load_data_set(place.file), file = open_data_set(place.file);
    CHECK(file.songs.empty());
    CHECK(file.source != nullptr);
    CHECK(memory.source == nullptr);
    check_same(folder, memory);
    check_same(folder, file);
    PackedFile(place.file).check();
    CHECK(count_copies(file.names, file.pieces) >= 1);
}

TEST_CASE("Packed: threads change nothing in the file, and packing it again gives it again") {
    const Folder place;
    pack_data_set(place.music, place.file, {.threads = 1});
    const auto bytes = read_file_bytes(place.file);
    for (const int threads : {2, 3}) {
        pack_data_set(place.music, place.folder / "other.mgan", {.threads = threads});
        CHECK(read_file_bytes(place.folder / "other.mgan") == bytes);
    }
    pack_data_set(place.file, place.folder / "again.mgan", {});
    CHECK(read_file_bytes(place.folder / "again.mgan") == bytes);
}

TEST_CASE("Packed: files that are added stand where they would have stood from the start") {
    const Folder place(9);
    pack_data_set(place.music, place.folder / "whole.mgan", {});
    const auto hidden = place.folder / "hidden";
    std::filesystem::create_directories(hidden);
    for (const char* name : {"song3.mid", "song5.mid"})
        std::filesystem::rename(place.music / "folder1" / name, hidden / name);
    std::filesystem::rename(place.music / "letter.mid", hidden / "letter.mid");
    pack_data_set(place.music, place.file, {});
    CHECK(open_data_set(place.file).size() == 9);
    for (const char* name : {"song3.mid", "song5.mid"})
        std::filesystem::rename(hidden / name, place.music / "folder1" / name);
    std::filesystem::rename(hidden / "letter.mid", place.music / "letter.mid");
    const PackResult result = pack_data_set(place.music, place.file, {.add = true});
    CHECK(result.added == 2);
    CHECK(result.known == 9);
    CHECK(result.songs == 11);
    CHECK(read_file_bytes(place.file) == read_file_bytes(place.folder / "whole.mgan"));
    // Once more: nothing is new.
    CHECK(pack_data_set(place.music, place.file, {.add = true}).added == 0);
    CHECK(read_file_bytes(place.file) == read_file_bytes(place.folder / "whole.mgan"));
    // Without a file to add to, it is made.
    pack_data_set(place.music, place.folder / "new.mgan", {.add = true});
    CHECK(read_file_bytes(place.folder / "new.mgan") ==
          read_file_bytes(place.folder / "whole.mgan"));
    CHECK_THROWS_AS(
        pack_data_set(place.music, place.file, {.damaged = DamagedFiles::keep, .add = true}),
        DataError);
}

TEST_CASE("Packed: what another program writes while songs are added is not lost") {
    const Folder place;
    pack_data_set(place.music, place.file, {});
    const auto others = place.folder / "others.mgan";
    pack_data_set(lab::small_data(5), others);
    PackOptions options{.add = true};
    options.on_progress = [&](std::size_t, std::size_t) {
        std::filesystem::copy_file(others, place.file,
                                   std::filesystem::copy_options::overwrite_existing);
        std::filesystem::last_write_time(
            place.file, std::filesystem::last_write_time(others) + std::chrono::seconds(2));
    };
    CHECK_THROWS_WITH(pack_data_set(place.music, place.file, options),
                      Contains(place.file.string()) && Contains("another program has written it"));
    CHECK(read_file_bytes(place.file) == read_file_bytes(others));
    options.on_progress = {};
    CHECK(pack_data_set(place.music, place.file, options).added > 0);
}

TEST_CASE("Packed: a folder without music leaves the old file as it is") {
    const Folder place;
    pack_data_set(place.music, place.file, {});
    const auto bytes = read_file_bytes(place.file);
    std::filesystem::create_directories(place.folder / "empty");
    CHECK_THROWS_AS(pack_data_set(place.folder / "empty", place.file, {}), DataError);
    CHECK_THROWS_AS(pack_data_set(place.folder / "nowhere", place.file, {}), IoError);
    CHECK(read_file_bytes(place.file) == bytes);
    for (const auto& entry : std::filesystem::directory_iterator(place.folder.path()))
        CHECK_FALSE(is_stale_temporary(entry.path().filename().string()));
}

TEST_CASE("Packed: a data set that was packed without damaged files cannot give them") {
    const Folder place;
    pack_data_set(place.music, place.file, {});
    CHECK_THROWS_WITH(open_data_set(place.file, 1, DamagedFiles::keep), Contains("--keep-damaged"));
    pack_data_set(place.music, place.file, {.damaged = DamagedFiles::keep});
    CHECK(open_data_set(place.file, 1, DamagedFiles::keep).size() == 10);
    CHECK(open_data_set(place.file).size() == 10);
}

TEST_CASE("Packed: every flipped bit, every truncation and every growth is refused by name") {
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    const std::vector<std::byte> whole = small_file(path);
    INFO("bytes: " << whole.size());
    const auto refused = [&](const std::vector<std::byte>& bytes) {
        packed_properties::write_bytes(path, bytes);
        try {
            PackedFile(path).check();
        } catch (const FormatError& error) {
            return std::string(error.what()).starts_with(path.string() + ": ");
        }
        return false;
    };
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::vector<std::byte> bytes = whole;
            bytes[at] ^= static_cast<std::byte>(1u << bit);
            if (!refused(bytes)) FAIL("bit " << bit << " of byte " << at);
        }
    for (std::size_t size = 0; size < whole.size(); ++size)
        if (!refused({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}))
            FAIL("cut after " << size << " bytes");
    for (const std::size_t more : {1u, 40u, 64u, 5000u}) {
        std::vector<std::byte> bytes = whole;
        bytes.resize(whole.size() + more);
        CHECK(refused(bytes));
        bytes = whole;
        bytes.insert(bytes.end(), whole.begin(), whole.end());
        CHECK(refused(bytes));
    }
    packed_properties::write_bytes(path, whole);
    PackedFile(path).check();
}

TEST_CASE("Packed: damage in the notes names the block, and other blocks stay readable") {
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    {
        PackWriter writer(path);
        midi::Song song;
        for (int i = 0; i < 20'000; ++i)
            song.notes.push_back({7 * i * (i % 13), 1 + i % 997, i % 128, 1 + i % 127, 0});
        std::sort(song.notes.begin(), song.notes.end(), midi::note_order);
        for (int i = 0; i < 10; ++i) writer.add(pack_song(song), song, std::to_string(i));
        writer.finish({}, {}, {}, 1);
    }
    std::vector<std::byte> bytes = read_file_bytes(path);
    packed::Block second;
    {
        const PackedFile file(path);
        second = file.blocks().at(1);
        REQUIRE(second.kind == packed::BlockKind::notes);
        REQUIRE(second.first > 0);
    }
    bytes[static_cast<std::size_t>(second.offset) + 100] ^= std::byte{1};
    packed_properties::write_bytes(path, bytes);
    const PackedFile file(path);
    midi::Song song;
    file.read(0, song);
    CHECK(song.notes.size() == 20'000);
    for (int time = 0; time < 2; ++time)
        CHECK_THROWS_WITH(
            file.read(static_cast<std::size_t>(second.first), song),
            Contains("block 1 (notes of ") && Contains("is damaged") && Contains(path.string()));
    CHECK_THROWS_AS(file.check(), FormatError);
    CHECK_THROWS_AS(file.read(10, song), DataError);
    // A block whose last song is said to end before it.
    bytes[static_cast<std::size_t>(second.offset) + 100] ^= std::byte{1};
    Forger forger(bytes);
    forger.add(forger.song(static_cast<std::size_t>(second.first) - 1, 8), -1, 4);
    packed_properties::write_bytes(path, forger.sealed());
    CHECK_THROWS_WITH(PackedFile(path), Contains("the songs of block 0 do not fill it"));
}

TEST_CASE("Packed: names that a forger gives to many songs take no memory beyond the file's") {
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    constexpr std::size_t kSongs = 200, kLong = 100'000;
    {
        PackWriter writer(path);
        midi::Song song;
        song.notes = {{0, 96, 60, 80, 0}};
        for (std::size_t i = 0; i < kSongs; ++i)
            writer.add(pack_song(song), song,
                       i == 0 ? std::string(kLong, 'a') : "b" + std::to_string(1000 + i));
        writer.finish({}, {}, {}, kSongs);
    }
    CHECK(PackedFile(path).names().front().size() == kLong);
    Forger forger(read_file_bytes(path));
    for (std::size_t i = 0; i < kSongs; ++i) forger.set(forger.song(i, 20), 0, 4);
    packed_properties::write_bytes(path, forger.sealed());
    CHECK_THROWS_WITH(PackedFile(path).names(), Contains("names that are too long"));
}

TEST_CASE("Packed: names that repeat each other take no memory beyond the file's") {
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    {
        PackWriter writer(path);
        midi::Song song;
        song.notes = {{0, 96, 60, 80, 0}};
        for (std::size_t i = 0; i < 200; ++i)
            writer.add(pack_song(song), song, std::string(100'000, 'a') + std::to_string(1000 + i));
        writer.finish({}, {}, {}, 200);
    }
    CHECK_THROWS_WITH(PackedFile(path).names(), Contains("names that are too long"));
}

TEST_CASE("Packed: a file of one song is one, and its damage is named") {
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    pack_data_set(lab::small_data(1), path);
    const std::vector<std::byte> whole = read_file_bytes(path);
    const PackedFile file(path);
    CHECK(file.bytes() == whole.size());
    REQUIRE(file.entries().size() == 1);
    CHECK(file.entries()[0].piece == 0);
    Forger forger(whole);
    forger.set(forger.song(0, 20), 9, 4);
    packed_properties::write_bytes(path, forger.sealed());
    CHECK_THROWS_WITH(PackedFile(path).names(),
                      Contains("index of 1 song from number 0") && Contains("a song of file 9"));
    // No songs at all: their blocks are said to be of names.
    forger = Forger(whole);
    const std::size_t notes = forger.block(packed::BlockKind::notes, 0),
                      index = forger.block(packed::BlockKind::index, 0),
                      names = forger.block(packed::BlockKind::names, 0);
    forger.set(notes, static_cast<std::uint64_t>(packed::BlockKind::names), 4);
    forger.set(index, static_cast<std::uint64_t>(packed::BlockKind::names), 4);
    std::uint64_t first = 0;
    for (std::size_t at : {notes, index, names}) {
        forger.set(at + 8, first);
        first += forger.get(at + 4, 4);
    }
    forger.set(forger.footer(32), 0);
    packed_properties::write_bytes(path, forger.sealed());
    CHECK_THROWS_WITH(PackedFile(path), Contains("the directory does not fit the file"));
}

TEST_CASE("Packed: bytes whose checksums were made to fit give valid songs or an error") {
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    const std::vector<std::byte> whole = small_file(path);
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const unsigned change : {1u, 2u, 16u, 128u, 255u}) {
            std::vector<std::byte> bytes = whole;
            bytes[at] ^= static_cast<std::byte>(change);
            packed_properties::reseal(bytes);
            const std::string why = packed_properties::violation(bytes, path);
            if (!why.empty()) FAIL(why << ": byte " << at << " ^ " << change);
        }
}

TEST_CASE("Packed: whatever a forger changes, the message says what does not fit") {
    using packed::BlockKind;
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    const std::vector<std::byte> whole = small_file(path);
    const auto said = [&](auto&& change) {
        Forger forger(whole);
        change(forger);
        packed_properties::write_bytes(path, forger.sealed());
        try {
            PackedFile(path).check();
        } catch (const FormatError& error) {
            return std::string(error.what());
        }
        return std::string("nothing");
    };
    CHECK(said([](Forger&) {}) == "nothing");
    // What sealing would mend: the size of the file, and the checksum of the directory.
    const auto footer_of = [&](std::size_t field) {
        std::vector<std::byte> bytes = whole;
        const std::size_t footer = bytes.size() - packed::kFooterSize;
        bytes[footer + field] ^= std::byte{1};
        packed_properties::set_number(
            bytes, footer + 48, packed_properties::checksum(std::span(bytes).subspan(footer, 48)));
        packed_properties::write_bytes(path, bytes);
        return PackedFile(path).size();
    };
    CHECK_THROWS_WITH(footer_of(24),
                      Contains(concat("has ", whole.size(), " bytes")) && Contains("should have"));
    CHECK_THROWS_WITH(footer_of(16), Contains("the directory is damaged: its checksum"));
    CHECK_THROWS_WITH(footer_of(8), Contains("the footer is damaged"));

    // The footer: where the directory is, how many songs, version.
    const std::string footer = "the footer is damaged";
    CHECK_THAT(said([](Forger& f) { f.set(f.footer(0), 8); }), Contains(footer));
    CHECK_THAT(said([](Forger& f) { f.set(f.footer(0), f.footer(1)); }), Contains(footer));
    CHECK_THAT(said([](Forger& f) { f.add(f.footer(0), 1); }), Contains(footer));
    CHECK_THAT(said([](Forger& f) { f.set(f.footer(40), 2, 4); }), Contains(footer));
    CHECK_THAT(said([](Forger& f) { f.set(f.footer(44), 1, 4); }), Contains(footer));

    // The directory: the kind of a block, the number of its items, that of the first, its place.
    const std::string place = "is not where it should be";
    const std::string fit = "the directory does not fit the file";
    CHECK_THAT(said([](Forger& f) { f.set(f.block(BlockKind::names, 0), 7, 4); }),
               Contains("a block of kind 7"));
    CHECK_THAT(said([](Forger& f) { f.set(f.block(BlockKind::names, 0), 0, 4); }),
               Contains("a block of kind 0"));
    CHECK_THAT(said([](Forger& f) { f.set(f.block(BlockKind::names, 4), 0, 4); }), Contains(place));
    CHECK_THAT(said([](Forger& f) { f.set(f.block(BlockKind::names, 4), 1 << 20, 4); }),
               Contains(place));
    CHECK_THAT(said([](Forger& f) { f.add(f.block(BlockKind::names, 8), 1); }), Contains(place));
    CHECK_THAT(said([](Forger& f) { f.add(f.block(BlockKind::names, 16), 1); }), Contains(place));
    CHECK_THAT(said([](Forger& f) { f.add(f.block(BlockKind::facts, 24), 1); }), Contains(place));
    CHECK_THAT(said([](Forger& f) { f.add(f.block(BlockKind::facts, 24), -1); }), Contains(fit));
    CHECK_THAT(said([](Forger& f) { f.add(f.block(BlockKind::notes, 4), 1, 4); }), Contains(fit));
    CHECK_THAT(said([](Forger& f) { f.add(f.block(BlockKind::index, 4), 1, 4); }), Contains(fit));
    CHECK_THAT(said([](Forger& f) { f.add(f.footer(32), 1); }), Contains(fit));
    CHECK_THAT(said([](Forger& f) {  // no facts, but one more block of skipped files
                   const std::size_t facts = f.block(BlockKind::facts, 0);
                   f.set(facts, static_cast<std::uint64_t>(BlockKind::skipped), 4);
                   f.set(facts + 8, 1);
               }),
               Contains(fit));

    // The index: each song is in its block, behind the one before.
    const std::string song = "song 1 is not where it should be";
    CHECK_THAT(said([](Forger& f) {  // a byte of it goes to the block behind
                   f.add(f.block(BlockKind::index, 24), -1);
                   f.add(f.block(BlockKind::names, 16), -1);
                   f.add(f.block(BlockKind::names, 24), 1);
               }),
               Contains("3 songs in 167 bytes"));
    CHECK_THAT(said([](Forger& f) { f.add(f.song(1, 0), 1); }), Contains(song));
    CHECK_THAT(said([](Forger& f) { f.set(f.song(1, 8), 1 << 30, 4); }), Contains(song));
    CHECK_THAT(said([](Forger& f) { f.set(f.song(1, 12), (1u << 26) + 1, 4); }), Contains(song));
    CHECK_THAT(said([](Forger& f) { f.set(f.song(1, 12), 8 * f.get(f.song(1, 8), 4) + 1, 4); }),
               Contains(song));
    CHECK_THAT(said([](Forger& f) { f.set(f.song(1, 16), 0, 4); }), Contains(song));
    CHECK_THAT(said([](Forger& f) { f.set(f.song(1, 16), f.get(f.song(1, 12), 4) + 1, 4); }),
               Contains(song));
    CHECK_THAT(said([](Forger& f) { f.set(f.song(1, 40), ~std::uint64_t{0}); }), Contains(song));
    CHECK_THAT(said([&](Forger& f) { f.set_real(f.song(1, 48), kNan); }), Contains(song));
    CHECK_THAT(said([](Forger& f) { f.set_real(f.song(1, 48), -1.0); }), Contains(song));
    CHECK_THAT(said([](Forger& f) { f.add(f.song(2, 8), -1, 4); }),
               Contains("its songs do not fill it"));
    CHECK_THAT(said([](Forger& f) { f.set(f.song(1, 20), 999, 4); }),
               Contains("a song of file 999"));
    CHECK_THAT(said([](Forger& f) { f.set(f.song(0, 24), 2); }), Contains("song 0 of piece 2"));
    CHECK_THAT(said([](Forger& f) {  // a piece whose first song is of another one
                   f.set(f.song(1, 24), 0);
                   f.set(f.song(2, 24), 1);
               }),
               Contains("song 2 of piece 1"));

    // The facts.
    CHECK_THAT(said([&](Forger& f) { f.set_real(f.within(BlockKind::facts, 48), kNan); }),
               Contains("the facts are damaged"));
    CHECK_THAT(said([](Forger& f) { f.set_real(f.within(BlockKind::facts, 48), -1.0); }),
               Contains("the facts are damaged"));
    CHECK_THAT(said([](Forger& f) { f.add(f.within(BlockKind::facts, 32), 1); }),
               Contains("notes, and should hold"));
}

TEST_CASE("Packed: blocks may stand before those of notes") {
    // No writer puts them there, but the directory says where each is.
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    const std::vector<std::byte> whole = small_file(path);
    Forger old(whole);
    const auto skipped = old.block(packed::BlockKind::skipped, 0);
    const auto begin = static_cast<std::ptrdiff_t>(old.get(skipped + 16));
    const auto size = static_cast<std::ptrdiff_t>(old.get(skipped + 24));
    const std::size_t songs = PackedFile(path).size();
    for (std::size_t i = 0; i < songs; ++i) old.add(old.song(i, 0), size);
    const auto directory = static_cast<std::size_t>(old.get(old.footer(0)));
    for (std::size_t at = directory; at < old.footer(0); at += packed::kBlockSize)
        old.add(at + 16, size);
    old.add(skipped + 8, static_cast<std::int64_t>(old.get(skipped + 4, 4)));
    old.add(old.footer(0), size);
    std::vector<std::byte> bytes = old.sealed();  // its checksums are of the wrong places yet
    std::vector<std::byte> entry(bytes.begin() + static_cast<std::ptrdiff_t>(skipped),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(skipped) +
                                     static_cast<std::ptrdiff_t>(packed::kBlockSize));
    packed_properties::set_number(entry, 8, 0);
    packed_properties::set_number(entry, 16, packed::kHeadSize);
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(directory), entry.begin(),
                 entry.end());
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(packed::kHeadSize),
                 whole.begin() + begin, whole.begin() + begin + size);
    packed_properties::reseal(bytes);
    packed_properties::write_bytes(path, bytes);
    const PackedFile file(path);
    file.check();
    CHECK(file.size() == songs);
    CHECK(file.skipped().size() == 2);
}

TEST_CASE("Packed: other files are told what they are") {
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    const std::vector<std::byte> whole = small_file(path);
    CHECK(PackedFile::is_packed(path));
    CHECK_FALSE(PackedFile::is_packed(folder.path()));
    CHECK_FALSE(PackedFile::is_packed(folder / "nowhere"));
    std::vector<std::byte> text;
    for (const std::byte byte : whole) {
        if (byte == std::byte{'\n'}) text.push_back(std::byte{'\r'});
        text.push_back(byte);
    }
    packed_properties::write_bytes(path, text);
    CHECK_THROWS_WITH(PackedFile(path), Contains("copied as text"));
    std::vector<std::byte> newer = whole;
    newer[8] = std::byte{9};
    packed_properties::write_bytes(path, newer);
    CHECK_THROWS_WITH(PackedFile(path), Contains("format 9"));
    std::ofstream(folder / "letter") << "Dear Wolfgang, this is no music at all. Yours, Leopold";
    CHECK_FALSE(PackedFile::is_packed(folder / "letter"));
    CHECK_THROWS_WITH(PackedFile(folder / "letter"), Contains("mgan pack"));
    CHECK_THROWS_AS(PackedFile(folder / "nowhere"), IoError);
    CHECK_THROWS_AS(PackedFile(folder.path()), IoError);
}

TEST_CASE("Packed: a file that changes while it is in use is an error") {
    const lab::TemporaryFolder folder;
    const auto path = folder / "songs.mgan";
    for (const FileAccess access : {FileAccess::mapped, FileAccess::plain}) {
        const std::vector<std::byte> whole = small_file(path);
        const PackedFile file(path, access);
        midi::Song song;
        file.read(0, song);
        // Another one under its name is no change.
        small_file(path);
        file.read(1, song);
        const PackedFile again(path, access);
        std::filesystem::resize_file(path, whole.size() / 2);
        CHECK_THROWS_WITH(again.read(0, song), Contains("was changed"));
        CHECK_THROWS_WITH(again.read(2, song), Contains("was changed"));
        std::filesystem::remove(path);
    }
}

TEST_CASE("Mapped file: mapped and plain reads give the same bytes, and none beyond the end") {
    const lab::TemporaryFolder folder;
    std::vector<std::byte> bytes(300'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * i >> 3);
    packed_properties::write_bytes(folder / "file", bytes);
    const MappedFile mapped(folder / "file"), plain(folder / "file", FileAccess::plain);
    CHECK(mapped.is_mapped() == (MGAN_HAS_MMAP == 1));
    CHECK_FALSE(plain.is_mapped());
    for (const std::size_t offset : {0u, 1u, 4095u, 70'000u, 299'999u, 300'000u})
        for (const std::size_t size : {0u, 1u, 4096u, 100'000u}) {
            std::vector<std::byte> a(size), b(size);
            if (offset + size > bytes.size()) {
                CHECK_THROWS_AS(mapped.read(offset, a), IoError);
                CHECK_THROWS_AS(plain.read(offset, b), IoError);
                continue;
            }
            mapped.read(offset, a);
            plain.read(offset, b);
            CHECK(a == b);
            CHECK(std::equal(a.begin(), a.end(),
                             bytes.begin() + static_cast<std::ptrdiff_t>(offset)));
        }
    CHECK_THROWS_AS(mapped.read(UINT64_MAX, bytes), IoError);
    CHECK_THROWS_AS(MappedFile("/dev/null"), IoError);
    // Many reads, so that pages are forgotten on the way.
    for (std::size_t i = 0; i < 5000; ++i) {
        std::byte one{};
        mapped.read(i * 59, {&one, 1});
        REQUIRE(one == bytes[i * 59]);
    }
}

TEST_CASE("Packed: crops that are read at their place are those of songs in memory") {
    const lab::TemporaryFolder folder;
    const DataSet data = lab::small_data(6);
    pack_data_set(data, folder / "songs.mgan");
    const Songs file(std::make_shared<const PackedFile>(folder / "songs.mgan"));
    const Songs crowded(std::make_shared<const packed_properties::Crowded>(folder / "songs.mgan"));
    const std::vector<std::size_t> part{0, 2, 3, 5};
    for (const auto kind : {encoding::EncodingKind::tone, encoding::EncodingKind::event}) {
        encoding::EncodingSettings settings;
        settings.kind = kind;
        const encoding::Codec codec = fit_codec(settings, data.songs, part, 1);
        for (const std::int64_t length : {5, 30, 300}) {
            const CropSource<double> a(data.songs, part, codec, length),
                b(file, part, codec, length), c(crowded, part, codec, length);
            CHECK(b.is_encoded());
            REQUIRE_FALSE(c.is_encoded());
            CHECK(a.size() == c.size());
            CHECK(a.looped() == c.looped());
            CHECK(a.styles(codec, 3) == b.styles(codec, 3));
            CHECK(a.styles(codec, 3) == c.styles(codec, 3, 3));
            for (std::size_t song = 0; song < part.size(); ++song) {
                const std::size_t begin = a.crop_begin(song, Random(1, "crop"), song);
                CHECK(c.crop_begin(song, Random(1, "crop"), song) == begin);
                const auto steps = static_cast<std::size_t>(length);
                std::vector<double> x(4 * steps), y(4 * steps), z(4 * steps);
                a.copy_crop(song, begin, steps, x.data());
                b.copy_crop(song, begin, steps, y.data());
                c.copy_crop(song, begin, steps, z.data());
                CHECK(x == y);
                CHECK(x == z);
            }
        }
    }
}

TEST_CASE("Packed: statistics come from the cache, and are those of the songs in memory") {
    const lab::TemporaryFolder folder;
    const DataSet data = lab::small_data(20);
    const auto path = folder / "songs.mgan";
    pack_data_set(data, path);
    const auto cache = folder / "songs.mgan.cache";
    const std::vector<std::size_t> part{1, 2, 3, 4, 7, 11, 19};
    for (const auto kind :
         {encoding::NormalisationKind::cdf, encoding::NormalisationKind::minmax}) {
        encoding::EncodingSettings settings;
        settings.normalisation = kind;
        const encoding::Codec codec = fit_codec(settings, data.songs, part, 1);
        const auto tables = codec.normalisation().tables();
        const CropSource<float> source(data.songs, part, codec, 12);
        const auto styles = source.styles(codec, 5);
        CHECK_FALSE(std::filesystem::exists(cache));
        for (int time = 0; time < 3; ++time) {
            const Songs songs(std::make_shared<const PackedFile>(path));
            CHECK(fit_codec(settings, songs, part, 2).normalisation().tables() == tables);
            CHECK(corpus_styles(source, codec, songs, part, 12, 5, 2) == styles);
            std::size_t files = 0;
            for (const auto& entry : std::filesystem::directory_iterator(cache)) {
                ++files;
                // A damaged one is made again.
                if (time == 1) std::filesystem::resize_file(entry.path(), 16);
            }
            CHECK(files == 2);
        }
        std::filesystem::remove_all(cache);
    }
    // What was kept is what is used: numbers that were changed by hand come back.
    const Songs songs(std::make_shared<const PackedFile>(path));
    encoding::EncodingSettings settings;
    const encoding::Codec codec = fit_codec(settings, songs, part, 1);
    std::vector<double> numbers = corpus_detail::numbers_of(codec);
    numbers[0] -= 1.0;  // the least value of the first feature
    songs.source()->cache().keep("codec", corpus_detail::codec_key(settings, songs, part).value(),
                                 numbers);
    CHECK(fit_codec(settings, songs, part, 1).normalisation().tables()[0].low ==
          codec.normalisation().tables()[0].low - 1.0);
    // Other songs, other settings: other numbers.
    CHECK(fit_codec(settings, songs, {1, 2}, 1).normalisation().tables()[0].low >= 0.0);
    settings.grid_ticks = 96;
    CHECK(fit_codec(settings, songs, part, 1).normalisation().tables()[0].low >= 0.0);
}

TEST_CASE("Packed: a cache that cannot be written is done without") {
    const StatisticsCache cache("/proc/nowhere/cache");
    const std::vector<double> numbers{1.0, 2.0};
    cache.keep("codec", 1, numbers);
    CHECK_FALSE(cache.find("codec", 1).has_value());
    CHECK_FALSE(StatisticsCache().find("codec", 1).has_value());
    const lab::TemporaryFolder folder;
    const StatisticsCache small(folder / "cache");
    for (std::uint64_t key = 0; key < StatisticsCache::kMostFiles + 10; ++key)
        small.keep("codec", key, numbers);
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "cache"))
        if (entry.is_regular_file()) ++files;
    CHECK(files == StatisticsCache::kMostFiles);
    CHECK(small.find("codec", StatisticsCache::kMostFiles + 9) == numbers);
}

TEST_CASE("Packed: of many places a sample is evenly spaced, of few all are taken") {
    CHECK(sample_places(5, 10) == std::vector<std::size_t>{0, 1, 2, 3, 4});
    CHECK(sample_places(10, 5) == std::vector<std::size_t>{0, 2, 4, 6, 8});
    CHECK(sample_places(0, 5).empty());
}

TEST_CASE("Packed: a file that was packed when the format was new is still read") {
    const std::filesystem::path path =
        std::filesystem::path(MGAN_SOURCE_DIR) / "tests/data/packed/format-1.mgan";
    PackedFile(path).check();
    const DataSet data = load_data_set(path), songs = lab::small_data(3);
    REQUIRE(data.songs.size() == 3);
    CHECK(data.names == songs.names);
    for (std::size_t i = 0; i < 3; ++i) CHECK(data.songs[i].notes == songs.songs[i].notes);
    CHECK(data.songs[1].title == "a title");
    CHECK(data.songs[1].tempo == std::vector<midi::TempoChange>{{0, 400'000}, {960, 300'000}});
    REQUIRE(data.skipped.size() == 2);
    CHECK(data.skipped[1].is_folder);
    REQUIRE(data.mended.size() == 1);
    CHECK(data.mended[0].repairs == "long_wait (1)");
    CHECK(fingerprint(open_data_set(path)) == fingerprint(songs));
}
