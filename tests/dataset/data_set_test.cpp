#include <mgan/dataset/crops.hpp>
#include <mgan/dataset/fingerprint.hpp>
#include <mgan/dataset/load_data_set.hpp>
#include <mgan/dataset/split.hpp>

#include <support/catch.hpp>
#include <support/training_lab.hpp>

#include <fstream>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

void write_text(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

std::vector<std::string> distinct_names(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("song " + std::to_string(i));
    return names;
}

}  // namespace

TEST_CASE("Data: a folder gives its songs by sorted path, and lists what it could not use") {
    const lab::TemporaryFolder folder;
    const DataSet songs = lab::small_data(2);
    std::filesystem::create_directories(folder / "b");
    midi::save_song(folder / "b" / "second.mid", songs.songs[1]);
    midi::save_song(folder / "a.MID", songs.songs[0]);
    write_text(folder / "empty.mid", "");
    write_text(folder / "letter.mid", "Dear Wolfgang,\n");
    write_text(folder / "readme.txt", "no music");
    midi::save_song(folder / "silence.mid", midi::Song{});

    const DataSet data = load_data_set(folder.path());
    for (const int threads : {1, 2, 3}) {  // they change the time it takes, nothing else
        const DataSet again = load_data_set(folder.path(), threads);
        CHECK(again.names == data.names);
        CHECK(again.songs == data.songs);
        CHECK(again.skipped.size() == data.skipped.size());
    }
    CHECK(data.files == 5);
    REQUIRE(data.songs.size() == 2);
    CHECK(data.names == std::vector<std::string>{"a.MID", "b/second.mid"});
    CHECK(data.songs[0].notes == songs.songs[0].notes);
    CHECK(data.songs[1].notes == songs.songs[1].notes);
    REQUIRE(data.skipped.size() == 3);
    CHECK(data.skipped[0].file == "empty.mid");
    CHECK(data.skipped[1].file == "letter.mid");
    CHECK(data.skipped[2].file == "silence.mid");
    CHECK(data.skipped[2].reason == "no notes");
    for (const SkippedFile& skipped : data.skipped) {
        CHECK_FALSE(skipped.reason.empty());
        CHECK(skipped.reason.find(skipped.file) == std::string::npos);  // the name stands once
    }
    CHECK(data.folders() == 2);
    CHECK(data.notes() == songs.songs[0].notes.size() + songs.songs[1].notes.size());
}

TEST_CASE("Data: a folder without a usable file is an error that names one and its reason") {
    const lab::TemporaryFolder folder;
    CHECK_THROWS_AS(load_data_set(folder.path()), DataError);
    write_text(folder / "letter.mid", "Dear Wolfgang,\n");
    CHECK_THROWS_AS(load_data_set(folder.path()), DataError);
    CHECK_THROWS_WITH(load_data_set(folder.path()), Contains("letter.mid"));
    CHECK_THROWS_AS(load_data_set(folder / "nowhere"), IoError);
}

TEST_CASE("Data: songs in the directory of a run below the folder are left out") {
    const lab::TemporaryFolder folder;
    const DataSet songs = lab::small_data(2);
    for (const char* place : {"music", "mine/songs", "mine/real"}) {
        std::filesystem::create_directories(folder / place);
        midi::save_song(folder / place / "song.mid", songs.songs[0]);
    }
    CHECK(load_data_set(folder.path()).songs.size() == 3);  // two folders as any other
    write_text(folder / "mine" / "config.json", "{}");
    write_text(folder / "mine" / "split.tsv", "");
    const DataSet data = load_data_set(folder.path());
    CHECK(data.names == std::vector<std::string>{"music/song.mid"});
    CHECK(data.files == 1);
    CHECK(data.of_runs == 2);
    CHECK(load_data_set(folder / "mine" / "songs").songs.size() == 1);  // asked for by name
    CHECK(load_data_set(folder / "mine" / "songs" / "song.mid").songs.size() == 1);
}

TEST_CASE("Data: hours follow the tempo") {
    DataSet data;
    midi::Song song;
    song.notes = {{0, 384, 60, 64, 0}, {3 * 384, 384, 60, 64, 0}};  // four quarters
    data.songs = {song};
    CHECK(data.hours() == Approx(2.0 / 3600.0));  // at 120 a minute
    data.songs[0].tempo = {{0, 1'000'000}, {2 * 384, 250'000}, {100 * 384, 9'000'000}};
    CHECK(data.hours() == Approx((2 * 1.0 + 2 * 0.25) / 3600.0));
}

TEST_CASE("Data: the fingerprint changes with any number of any note, and with the order") {
    const DataSet data = lab::small_data(3);
    const std::uint64_t print = fingerprint(data.songs);
    CHECK(fingerprint(lab::small_data(3).songs) == print);
    const auto changed = [&](auto&& change) {
        DataSet other = data;
        change(other.songs);
        return fingerprint(other.songs) != print;
    };
    CHECK(changed([](auto& songs) { ++songs[1].notes[4].onset; }));
    CHECK(changed([](auto& songs) { ++songs[1].notes[4].length; }));
    CHECK(changed([](auto& songs) { ++songs[1].notes[4].pitch; }));
    CHECK(changed([](auto& songs) { ++songs[1].notes[4].velocity; }));
    CHECK(changed([](auto& songs) { songs[2].notes.pop_back(); }));
    CHECK(changed([](auto& songs) { std::swap(songs[0], songs[1]); }));
}

TEST_CASE("Split: every song is in one part, by shares, and the seed decides which") {
    const std::vector<std::string> names = distinct_names(200);
    const auto parts = split_songs(names, 0.1, 0.2, 7);
    CHECK(parts[1].size() == 20);
    CHECK(parts[2].size() == 40);
    std::vector<int> seen(200, 0);
    for (const auto& part : parts) {
        CHECK(std::is_sorted(part.begin(), part.end()));
        for (const std::size_t index : part) ++seen.at(index);
    }
    CHECK(std::count(seen.begin(), seen.end(), 1) == 200);
    CHECK(split_songs(names, 0.1, 0.2, 7) == parts);
    CHECK(split_songs(names, 0.1, 0.2, 8) != parts);
}

TEST_CASE("Split: songs of one name stay together") {
    std::vector<std::string> names;
    for (int i = 0; i < 60; ++i) names.push_back("piece " + std::to_string(i % 10));
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto parts = split_songs(names, 0.2, 0.2, seed);
        CHECK(parts[1].size() == 12);
        CHECK(parts[2].size() == 12);
        std::map<std::string, std::size_t> part_of;
        for (std::size_t p = 0; p < 3; ++p) {
            for (const std::size_t index : parts[p])
                CHECK(part_of.emplace(names[index], p).first->second == p);
        }
    }
}

TEST_CASE("Split: with a share there is at least one song, and training always keeps one") {
    for (std::size_t count = 3; count < 12; ++count) {
        const auto parts = split_songs(distinct_names(count), 0.01, 0.01, 3);
        CHECK(parts[0].size() == count - 2);
        CHECK(parts[1].size() == 1);
        CHECK(parts[2].size() == 1);
        const auto greedy = split_songs(distinct_names(count), 0.5, 0.4, 3);
        CHECK(greedy[0].size() >= 1);
    }
}

TEST_CASE("Split: one or two songs, or no share, train on all and validate on the same") {
    for (const std::size_t count : {std::size_t{1}, std::size_t{2}}) {
        const auto parts = split_songs(distinct_names(count), 0.1, 0.1, 3);
        CHECK(parts[0].size() == count);
        CHECK(parts[1] == parts[0]);
        CHECK(parts[2].empty());
    }
    const auto parts = split_songs(distinct_names(9), 0.0, 0.0, 3);
    CHECK(parts[0].size() == 9);
    CHECK(parts[1] == parts[0]);
}

namespace {
struct Crops {
    DataSet data = lab::small_data(5);
    encoding::Codec codec = encoding::Codec::fit({}, data.songs);
    CropSource<double> source{data.songs, {0, 2, 3}, codec, 12};
};
}  // namespace

TEST_CASE_METHOD(Crops, "Crops: an order is whole permutations, enough of them") {
    const auto order = source.order(Random(1, "order"), 7);
    REQUIRE(order.size() == 9);
    for (std::size_t begin = 0; begin < 9; begin += 3) {
        std::set<std::size_t> round(order.begin() + static_cast<std::ptrdiff_t>(begin),
                                    order.begin() + static_cast<std::ptrdiff_t>(begin + 3));
        CHECK(round == std::set<std::size_t>{0, 1, 2});
    }
    CHECK(source.order(Random(1, "order"), 1).size() == 3);
    CHECK(source.order(Random(2, "order"), 90) != source.order(Random(1, "order"), 90));
}

TEST_CASE_METHOD(Crops, "Crops: every place of a song can be the beginning, none beyond the last") {
    const std::size_t size = data.songs[0].notes.size();
    std::set<std::size_t> begins;
    for (std::uint64_t place = 0; place < 2000; ++place)
        begins.insert(source.crop_begin(0, Random(1, "crop"), place));
    CHECK(*begins.begin() == 0);
    CHECK(*begins.rbegin() == size - 12);
    CHECK(begins.size() == size - 12 + 1);
}

TEST_CASE_METHOD(Crops, "Crops: a song that is too short is repeated") {
    const std::size_t size = data.songs[2].notes.size();
    const CropSource<double> longer(data.songs, {2}, codec, static_cast<std::int64_t>(size) + 5);
    CHECK(longer.looped() == 1);
    CHECK(source.looped() == 0);
    CHECK(longer.crop_begin(0, Random(1, "crop"), 0) == 0);
    CHECK(longer.event(0, 0, size + 2) == longer.event(0, 0, 2));
}
