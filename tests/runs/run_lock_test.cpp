// One process at a time works on a run; old splits are honoured.
#include <mgan/dataset/load_data_set.hpp>
#include <mgan/runs/run_directory.hpp>

#include <support/catch.hpp>
#include <support/folder.hpp>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

DataSet six_songs() {
    std::vector<midi::Song> songs(6);
    for (std::size_t i = 0; i < songs.size(); ++i)
        for (int n = 0; n < 20; ++n)
            songs[i].notes.push_back({96 * n, 96, 60 + (n * static_cast<int>(i + 1)) % 12, 64, 0});
    DataSet data = data_set_of(std::move(songs));
    data.skipped = {{"bad\tname.mid", "no notes"}};
    data.mended = {{"song 3", "velocity_over_127 (12), long_wait (1)"}};
    return data;
}

}  // namespace

TEST_CASE("Runs: a folder that another object works on is refused, and free afterwards") {
    const mgan_test::Folder folder;
    const DataSet data = six_songs();
    {
        RunDirectory run(folder / "run");
        CHECK_FALSE(run.is_locked());
        run.start({}, data, "songs");
        CHECK(run.is_locked());
        RunDirectory other(folder / "run");
        CHECK_THROWS_AS(other.lock(), IoError);
        CHECK_THROWS_WITH(other.lock(), Contains("works on it"));
        CHECK_THROWS_AS(other.start({}, data, "songs"), DataError);  // it holds a run already
    }
    RunDirectory again(folder / "run");
    CHECK_NOTHROW(again.lock());
    CHECK_NOTHROW(again.lock());
    RunDirectory moved(std::move(again));
    CHECK(moved.is_locked());
    // A lock left behind is no run.
    RunDirectory early(folder / "early");
    early.lock();
    CHECK_FALSE(early.holds_run());
}

TEST_CASE("Runs: mended.tsv lists what was mended, and config.json takes further notes") {
    const mgan_test::Folder folder;
    RunDirectory run(folder / "run");
    run.start({}, six_songs(), "songs", {{"data_bytes", "83"}, {"keep_damaged", "yes"}});
    CHECK(mgan_test::text_of(run.mended()) == "song 3\tvelocity_over_127 (12), long_wait (1)\n");
    CHECK(mgan_test::text_of(run.skipped()) == "bad\\tname.mid\tno notes\n");
    const SettingNotes notes = run.read_config().second;
    CHECK(std::count(notes.begin(), notes.end(),
                     std::pair<std::string, std::string>("keep_damaged", "yes")) == 1);
}

TEST_CASE("Runs: the parts of a run are those of its split.tsv, whatever rule made it") {
    const mgan_test::Folder folder;
    const RunFiles run(folder / "run");
    CHECK(run.parts_of({"a"})[0].empty());
    mgan_test::put(run.split(), "a\ttrain\nb\\tc\tvalidation\nd\ttest\n");
    const auto parts = run.parts_of({"d", "a", "b\tc", "a", "unknown"});
    CHECK(parts[0] == std::vector<std::size_t>{1, 3});
    CHECK(parts[1] == std::vector<std::size_t>{2});
    CHECK(parts[2] == std::vector<std::size_t>{0});
}

TEST_CASE("Runs: the songs of a part are found whether or not they stand in its order") {
    const mgan_test::Folder folder;
    const RunFiles run(folder / "run");
    mgan_test::put(run.split(), "a\ttrain\nb\ttrain\nd\ttrain\nc\tvalidation\n");
    using Places = std::vector<std::size_t>;
    for (const auto& [names, train] : std::vector<std::pair<std::vector<std::string>, Places>>{
             {{"a", "b", "c", "d"}, {0, 1, 3}},
             {{"a", "a", "b", "c", "c", "d", "d"}, {0, 1, 2, 5, 6}},
             {{"d", "c", "b", "a"}, {0, 2, 3}},
             {{"b", "a", "c", "b"}, {0, 1, 3}},
             {{"a", "c", "d"}, {0, 2}},
             {{"e"}, {}},
         })
        CHECK(run.parts_of(names)[0] == train);
    CHECK(run.parts_of({"c", "a", "c"})[1] == Places{0, 2});
}

TEST_CASE("Runs: a split.tsv with the line ends of Windows is read") {
    const mgan_test::Folder folder;
    const RunFiles run(folder / "run");
    mgan_test::put(run.split(), "a\ttrain\r\nb\\r\tvalidation\r\nc\ttest\r\n");
    const std::vector<std::string> names = {"a", "b\r", "c"};
    const auto parts = run.parts_of_all(names);
    for (std::size_t part = 0; part < 3; ++part)
        CHECK(parts[part] == std::vector<std::size_t>{part});
    CHECK(run.files_of(Part::test) == std::vector<std::string>{"c"});
}

TEST_CASE("Runs: settings of a newer mgan are refused with what to do") {
    const mgan_test::Folder folder;
    const RunFiles run(folder / "run");
    CHECK(run.report() == run.path() / "report.html");
    mgan_test::put(run.config(), "{\"generator.wings\": 2}\n");
    CHECK_THROWS_AS(run.read_config(), ConfigError);
    CHECK_THROWS_WITH(run.read_config(),
                      Contains("generator.wings") && Contains("if a newer mgan wrote this run"));
}

TEST_CASE("Runs: a damaged split.tsv is an error with its line, and what to do") {
    const mgan_test::Folder folder;
    const RunFiles run(folder / "run");
    const std::vector<std::string> names = {"a", "b", "c", "d"};
    for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
             {"a\ttrain\nb\ttra", "line 2: expected a file, a tab"},
             {"a\ttrain\nb validation\n", "line 2: expected a file, a tab"},
             {"a\ttrain\n\nb\tvalidation\n", "line 2: expected a file, a tab"},
             {"a\ttrain\n\ttest\n", "line 2: expected a file, a tab"},
             {std::string(40, '\0'), "line 1: expected a file, a tab"},
             {"", "no line has the part train"},
             {"a\tvalidation\nb\ttest\n", "no line has the part train"},
             {"a\ttrain\nb\ttrain\nc\ttrain\nd\ttest\n", "no line has the part validation"},
             {"a\ttrain\nb\ttrain\nc\tvalidation\n", "no line names the song 'd'"},
             {"a\ttrain\nB\ttrain\nc\tvalidation\nd\ttest\n",
              "line 2 names 'B', which is no song of this run, and no line names the song 'b'"},
             {"a\ttrain\nb\ttrain\nc\tvalidation\nd\ttest\na\ttest\n",
              "line 5: 'a' is in the part train already"},
             {"a\ttrain\nb\ttrain\nc\tvalidation\nd\ttest\na\ttrain\na\ttest\na\ttest\n",
              "line 6: 'a' is in the part train already"},
         }) {
        mgan_test::put(run.split(), text);
        CHECK_THROWS_AS(run.parts_of_all(names), DataError);
        CHECK_THROWS_WITH(run.parts_of_all(names), Contains("split.tsv: " + message) &&
                                                       Contains("put the file back as it was"));
    }
    // A few songs are for training and validation both.
    mgan_test::put(run.split(), "a\ttrain\nb\ttrain\na\tvalidation\nb\tvalidation");
    CHECK(run.parts_of_all({"a", "b"})[1] == std::vector<std::size_t>{0, 1});
}

TEST_CASE("Errors: whatever the path, what is thrown is an mgan::Error") {
    const mgan_test::Folder folder;
    namespace fs = std::filesystem;
    mgan_test::put(folder / "text", "Dear Wolfgang,\n");
    mgan_test::put(folder / "empty.mid", "");
    fs::create_symlink("loop", folder / "loop");
    fs::create_symlink("nowhere", folder / "dangling");
    fs::create_directories(folder / "closed" / "inside");
    fs::permissions(folder / "closed", fs::perms::none);
    const std::string here = folder.path().string() + "/";
    std::vector<std::string> paths = {"",           ".",          "/",
                                      "/dev/null",  "/dev/zero",  "\x83s\x83\x41",
                                      "line\nfeed", "/proc/self", "/proc/self/mem",
                                      "/dev/full"};
    for (const char* name : {"text", "empty.mid", "loop", "loop/x", "dangling", "text/inside",
                             "closed", "closed/inside", "closed/inside/x", "none"})
        paths.push_back(here + name);
    paths.push_back(here + std::string(300, 'x'));
    paths.push_back(here + std::string(5000, 'x'));
    std::string deep = here;
    for (int i = 0; i < 3000; ++i) deep += "a/";
    paths.push_back(deep);

    const auto attempt = [](const std::string& what, const auto& action) {
        INFO(what);
        try {
            action();
            SUCCEED();
        } catch (const Error& error) {
            CHECK(std::string(error.what()).size() > 10);
        } catch (const std::exception& error) {
            FAIL_CHECK("not ours: " << error.what());
        }
    };
    for (const std::string& path : paths) {
        attempt("load_model " + path.substr(0, 80), [&] { (void)load_model(path); });
        attempt("load_song " + path.substr(0, 80), [&] { (void)midi::load_song(path); });
        attempt("read_config " + path.substr(0, 80), [&] { (void)RunFiles(path).read_config(); });
        attempt("holds_run " + path.substr(0, 80), [&] { (void)RunFiles(path).holds_run(); });
        attempt("files_of " + path.substr(0, 80),
                [&] { (void)RunFiles(path).files_of(Part::test); });
        attempt("lock " + path.substr(0, 80), [&] {
            if (path.size() > 20) RunDirectory(fs::path(path) / "run").lock();
        });
        attempt("save_song " + path.substr(0, 80), [&] {
            if (path.size() > 20) midi::save_song(fs::path(path) / "x.mid", {});
        });
        if (path == "." || path == "/" || path == "/proc/self") continue;  // long walks
        attempt("load_data_set " + path.substr(0, 80), [&] { (void)load_data_set(path, 1); });
    }
    for (const int threads : {-2'000'000'000, -1, 0, 2'000'000'000})
        attempt("threads", [&] { (void)load_data_set(folder / "text", threads); });
    fs::permissions(folder / "closed", fs::perms::owner_all);
}

TEST_CASE("Errors: shares and numbers of any size split songs, or are refused") {
    const std::vector<std::string> names = {"a", "b", "c", "d", "e"};
    for (const double share : {-1e300, -1.0, 0.0, 0.5, 1.0, 1e300}) {
        for (const double other : {-1.0, 0.0, 0.5, 1.0, 1e300}) {
            const auto parts = split_songs(names, share, other, 1);
            CHECK_FALSE(parts[0].empty());
        }
    }
}
