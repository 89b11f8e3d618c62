#include "mgan.hpp"

#include <support/catch.hpp>

#include <cmath>

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using program::kSmall;
using program::Workshop;

namespace {

/// A workshop with a run.
struct Reported : Workshop {
    Reported() {
        write_music();
        REQUIRE(mgan("train data --quiet --out run" + kSmall).status == 0);
    }
    [[nodiscard]] std::string report(const std::string& line = "report run") const {
        const process::Result result = mgan(line);
        INFO(result.error);
        CHECK(result.status == 0);
        CHECK(result.error.empty());
        return read("run/report.html");
    }
};

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t number = 0;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++number;
    return number;
}

/// Whether every element that is opened is closed, in order: what a strict reader asks for.
void check_nesting(const std::string& page) {
    const std::vector<std::string> no_end = {"!DOCTYPE", "meta", "link", "img"};
    std::vector<std::string> open;
    for (std::size_t at = page.find('<'); at != page.npos; at = page.find('<', at + 1)) {
        const bool closes = page[at + 1] == '/';
        const std::size_t begin = at + (closes ? 2 : 1);
        const std::string name = page.substr(begin, page.find_first_of(" >", begin) - begin);
        if (std::find(no_end.begin(), no_end.end(), name) != no_end.end()) continue;
        if (!closes) {
            open.push_back(name);
            continue;
        }
        INFO("at byte " << at);
        REQUIRE_FALSE(open.empty());
        REQUIRE(open.back() == name);
        open.pop_back();
    }
    CHECK(open.empty());
}

bool has_gnuplot() {
    return std::filesystem::exists("/usr/bin/gnuplot");
}

}  // namespace

TEST_CASE_METHOD(Reported, "mgan train ends with a report that shows what there is") {
    const std::string page = read("run/report.html");
    CHECK_THAT(page, StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
    for (const char* text :
         {"<title>mgan: run</title>", "<h2>Songs</h2>", "<h2>Losses</h2>", "<h2>Discriminator</h2>",
          "<h2>Metrics by epoch</h2>", "Scale consistency", "Tone span", "Unique tones",
          "Number of units", "Polyphony", "3-tone repetitions", "<h2>Likeness to real songs</h2>",
          "<h2>Data</h2>", "<h2>Settings</h2>", "generator.hidden", "4 of 4", "time used",
          "passages of 7 notes that stand in a training song", "longest copied passage"})
        CHECK_THAT(page, Contains(text));
    CHECK_THAT(page, !Contains("Not complete"));
    check_nesting(page);
    CHECK(page.size() < 15'000'000);
    // Three generated songs, and real ones beside them.
    CHECK(count(page, "Piano roll of generated, song-0") == 3);
    CHECK(count(page, "Piano roll of real, ") >= 1);
    // Every picture has words for those who do not see it.
    CHECK(count(page, "<img ") == count(page, "<img alt=\""));
    CHECK(count(page, "alt=\"\"") == 0);
    if (has_gnuplot()) CHECK(count(page, "<img alt=\"Curves of ") >= 9);
}

TEST_CASE_METHOD(Reported, "A report asks for nothing from elsewhere, and holds no script") {
    const std::string page = read("run/report.html");
    for (const char* text : {"http:", "https:", "src=\"/", "url(", "@import", "<script", "<iframe"})
        CHECK_THAT(page, !Contains(text));
    CHECK(count(page, "src=\"") == count(page, "src=\"data:"));
}

TEST_CASE_METHOD(Reported, "A report without gnuplot says so and gives the curves as tables") {
    const process::Result result =
        process::run({"/usr/bin/env", "PATH=/nowhere", MGAN_PROGRAM, "report", "run"}, path());
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("gnuplot is not installed"));
    const std::string page = read("run/report.html");
    CHECK_THAT(page, Contains("gnuplot-nox") && Contains("<th scope=\"col\">epoch</th>") &&
                         Contains("Pretraining loss") && !Contains("Curves of "));
    check_nesting(page);
}

TEST_CASE_METHOD(Reported, "A report of a run that is not complete says what is missing") {
    std::filesystem::remove_all(*this / "run/songs");
    std::filesystem::remove_all(*this / "run/real");
    std::filesystem::remove(*this / "run/real.json");
    const std::string history = read("run/history.jsonl");
    const std::string first = history.substr(0, history.find('\n') + 1);
    // A line from long ago, a line that is none, and half a line.
    write_text("run/history.jsonl",
               first + "{\"epoch\":2,\"phase\":\"pretrain\"}\nnonsense\n{\"epo");
    const std::string page = report();
    CHECK_THAT(page, Contains("Not complete") && Contains("no songs yet") &&
                         Contains("no real.json") &&
                         Contains("1 line of history.jsonl cannot be read") &&
                         Contains("the training has not ended: 2 of 4 epochs"));
    check_nesting(page);
    std::filesystem::remove(*this / "run/history.jsonl");
    CHECK_THAT(report(), Contains("no epoch has ended yet"));
}

TEST_CASE_METHOD(Reported, "mgan train --resume writes the real songs that an older run lacks") {
    std::filesystem::remove_all(*this / "run/real");
    const std::string facts = read("run/real.json");
    std::filesystem::remove(*this / "run/real.json");
    CHECK(mgan("train --resume --quiet --out run").status == 0);
    CHECK(read("run/real.json") == facts);
    CHECK(has("run/real/song-01.mid"));
}

TEST_CASE_METHOD(Reported, "Names with markup in them are shown as they are, not obeyed") {
    const std::string name = "<script>alert(1)<!-- \"&'.mid";
    std::filesystem::rename(*this / "run/songs/song-01.mid", *this / ("run/songs/" + name));
    write_text("run/skipped.tsv", "<b>&amp;\t</table><img src=x onerror=y>\n");
    const std::string page = report();
    CHECK_THAT(page, Contains("&lt;script&gt;alert(1)&lt;!-- &quot;&amp;&#39;.mid") &&
                         Contains("&lt;b&gt;&amp;amp;") && Contains("&lt;/table&gt;&lt;img"));
    CHECK_THAT(page, !Contains("<script") && !Contains("<img src=x"));
    check_nesting(page);
}

TEST_CASE_METHOD(Reported, "Several runs on one page are compared") {
    REQUIRE(mgan("train data --quiet --out other --seed 2" + kSmall).status == 0);
    const process::Result result = mgan("report run other -o both.html");
    CHECK(result.status == 0);
    CHECK_THAT(result.out, StartsWith("both.html: "));
    const std::string page = read("both.html");
    CHECK_THAT(page, Contains("2 runs compared") && Contains("A: run") && Contains("B: other") &&
                         Contains("Where the runs differ") &&
                         Contains("<th scope=\"row\">seed</th>"));
    check_nesting(page);
}

TEST_CASE_METHOD(Reported, "A report that cannot be written leaves the old one, and a failure") {
    write_text("old.html", "old");
    const process::Result result = mgan("report run -o nowhere/report.html");
    CHECK(result.status == 1);
    CHECK(program::lines(result.error) == 1);
    CHECK_THAT(result.error, Contains("nowhere/report.html"));
    const process::Result none = mgan("report data -o old.html");
    CHECK(none.status == 1);
    CHECK(read("old.html") == "old");
}
