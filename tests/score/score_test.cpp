#include <mgan/score/parser.hpp>
#include <mgan/score/performance.hpp>

#include <support/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

using namespace mgan;
using namespace mgan::midi;
using namespace mgan::score;

namespace {

const std::string kHeader = "T:Test\nC:Nobody (1800-1850)\nL:1/8\nM:4/4\n";

Score in_key(const std::string& key, const std::string& body) {
    return parse_score(kHeader + "K:" + key + "\n" + body, "test.score");
}

Score in_c(const std::string& body) {
    return in_key("C", body);
}

std::vector<int> pitches(const Song& song) {
    std::vector<int> result;
    for (const Note& note : song.notes) result.push_back(note.pitch);
    return result;
}

std::vector<int> pitches(const Score& score) {
    return pitches(perform(score));
}

std::vector<std::int64_t> onsets(const Score& score) {
    std::vector<std::int64_t> result;
    for (const Note& note : perform(score).notes) result.push_back(note.onset);
    return result;
}

using Pitches = std::vector<int>;
using Onsets = std::vector<std::int64_t>;

/// Parses a wrong score: the error must be at this place and contain this text.
void wrong(const std::string& text, int line, int column, const std::string& message) {
    INFO(text);
    try {
        (void)parse_score(text, "wrong.score");
        FAIL("parsed without an error");
    } catch (const ScoreError& error) {
        INFO(error.what());
        CHECK(error.line() == line);
        CHECK(error.column() == column);
        CHECK(std::string(error.what()).find(message) != std::string::npos);
        const std::string place =
            "wrong.score:" + std::to_string(line) + ":" + std::to_string(column) + ": ";
        CHECK(std::string(error.what()).starts_with(place));
        CHECK(error.offset() <= text.size());
    }
}

/// The same for music behind the five lines of a sound header, on line 6.
void wrong_music(const std::string& body, int column, const std::string& message, int line = 6) {
    wrong(kHeader + "K:C\n" + body, line, column, message);
}

}  // namespace

TEST_CASE("score: the header gives title, composer, catalogue, key, remarks and tempo") {
    const Score score = parse_score(
        "X:1\nT:Minuet\nC:A. Nonymous (1700-1750)\nB:op. 1\nN:section: all\nN:arrangement\nM:3/4\n"
        "L:1/4\nQ:1/4=60\nK:G\nGAB |]\n",
        "a");
    CHECK(score.title == "Minuet");
    CHECK(score.composer == "A. Nonymous (1700-1750)");
    CHECK(score.catalogue == "op. 1");
    CHECK(score.key == "G");
    CHECK(score.remarks == std::vector<std::string>{"section: all", "arrangement"});
    CHECK(score.microseconds_per_quarter == 1'000'000);
    const Song song = perform(score);
    CHECK(song.title == "A. Nonymous (1700-1750): Minuet");
    CHECK(song.tempo == std::vector<TempoChange>{{0, 1'000'000}});
}

TEST_CASE("score: a dotted beat sets the tempo of a compound metre") {
    const Score score = parse_score("T:a\nC:b\nL:1/8\nM:6/8\nQ:3/8=60\nK:C\nCDEFGA|\n", "a");
    // 60 dotted quarters are 90 quarters a minute.
    CHECK(score.microseconds_per_quarter == 666'666);
}

TEST_CASE("score: letters, commas and apostrophes give the octave") {
    CHECK(pitches(in_c("C,, C, C c c' c'' B, b|")) == Pitches{36, 48, 60, 72, 84, 96, 59, 83});
    CHECK(pitches(in_c("V:1 octave=-1\nC c C, c' G A B z|")) ==
          Pitches{48, 60, 36, 72, 55, 57, 59});
}

TEST_CASE("score: a key sets its sharps or flats, in every mode") {
    CHECK(pitches(in_key("D", "CDEFGABc|")) == Pitches{61, 62, 64, 66, 67, 69, 71, 73});
    CHECK(pitches(in_key("Eb", "EFGABcde|")) == Pitches{63, 65, 67, 68, 70, 72, 74, 75});
    CHECK(pitches(in_key("F#m", "FGABcdef|")) == Pitches{66, 68, 69, 71, 73, 74, 76, 78});
    CHECK(pitches(in_key("Edor", "EFGABcde|")) == Pitches{64, 66, 67, 69, 71, 73, 74, 76});
    CHECK(pitches(in_key("Gmix", "GABcdefg|")) == Pitches{67, 69, 71, 72, 74, 76, 77, 79});
}

TEST_CASE("score: an accidental holds for its octave until the bar line") {
    CHECK(pitches(in_c("^F F f =F F _B B z | F B2 B4 z|")) ==
          Pitches{66, 66, 77, 65, 65, 70, 70, 65, 71, 71});
    CHECK(pitches(in_c("^^F __B z6|")) == Pitches{67, 69});
    CHECK(pitches(in_key("G", "F =F F ^F z4|")) == Pitches{66, 65, 65, 66});
}

TEST_CASE("score: numbers and slashes give lengths in units") {
    CHECK(onsets(in_c("C2 D/ E/ F// G// A/ B3/2 c3/ z|")) ==
          Onsets{0, 384, 480, 576, 624, 672, 768, 1056});
}

TEST_CASE("score: tuplets squeeze their notes") {
    CHECK(onsets(in_c("(3CDE F6|")) == Onsets{0, 128, 256, 384});
    CHECK(onsets(in_c("(6CDEFGA B6|")) == Onsets{0, 64, 128, 192, 256, 320, 384});
    CHECK(onsets(in_c("(2CD E5|")) == Onsets{0, 288, 576});
    CHECK(onsets(in_c("(4CDEF G5|")) == Onsets{0, 144, 288, 432, 576});
    CHECK(onsets(in_c("(8CDEFGABc D5|")) == Onsets{0, 72, 144, 216, 288, 360, 432, 504, 576});
    CHECK(onsets(in_c("(6:4CDEFGA B4|")) == Onsets{0, 128, 256, 384, 512, 640, 768});
}

TEST_CASE("score: a chord sounds together, a rest is silence") {
    const Song song = perform(in_c("z2 [CEG]2 z4|"));
    REQUIRE(song.notes.size() == 3);
    for (const Note& note : song.notes) CHECK(note.onset == 384);
    CHECK(pitches(song) == Pitches{60, 64, 67});
}

TEST_CASE("score: a tie makes one note of two, also across bars and out of chords") {
    const Song song = perform(in_c("(C4 C4-|C4) z4|"));
    REQUIRE(song.notes.size() == 2);
    CHECK(song.notes[1].onset == 768);
    CHECK(song.notes[1].length == 1536);
    CHECK(pitches(in_c("[CE-G]4 [CEG]4|")) == Pitches{60, 64, 67, 60, 67});
    CHECK(pitches(in_c("[CEG]4- [CEG]4|")) == Pitches{60, 64, 67});
    CHECK(pitches(in_c("^F4-F4-|^F8|")) == Pitches{66});
}

TEST_CASE("score: a tie that leads to another pitch is an error when played") {
    CHECK_THROWS_AS(perform(in_c("C4- D4|")), DataError);
    CHECK_THROWS_AS(perform(in_c("C4 D4-|")), DataError);
    // The accidental does not reach over the bar line.
    CHECK_THROWS_AS(perform(in_c("z4 ^F4-|F8|")), DataError);
}

TEST_CASE("score: repeats are played as written") {
    CHECK(pitches(in_c("|: C8 | D8 :| E8 |]")) == Pitches{60, 62, 60, 62, 64});
    CHECK(pitches(in_c("C8 | D8 :| E8 |]")) == Pitches{60, 62, 60, 62, 64});
    CHECK(pitches(in_c("|: C8 |1 D8 :|2 E8 |]")) == Pitches{60, 62, 60, 64});
    CHECK(pitches(in_c("|: C8 |[1 D8 :|[2 E8 | F8 |]")) == Pitches{60, 62, 60, 64, 65});
    CHECK(pitches(in_c("|: C8 :: D8 :|")) == Pitches{60, 60, 62, 62});
    CHECK(pitches(in_c("|: C8 :|: D8 :|")) == Pitches{60, 60, 62, 62});
    CHECK(pitches(in_c("|: C8 |1 D8 :|2 E8 |: F8 |1 G8 :|2 A8 |]")) ==
          Pitches{60, 62, 60, 64, 65, 67, 65, 69});
    CHECK(pitches(in_c("|: C8 | D8 | :| E8 |]")) == Pitches{60, 62, 60, 62, 64});
}

TEST_CASE("score: parts are played in the order of the header") {
    const Score score = parse_score(
        "T:a\nC:b\nL:1/1\nM:4/4\nP:ABA\nK:C\nP:A\nV:R\nc|\nV:L\nC|\nP:B\nV:R\nd|\nV:L\nD|\n", "a");
    CHECK(pitches(score) == Pitches{60, 72, 62, 74, 60, 72});
    CHECK(onsets(score) == Onsets{0, 0, 1536, 1536, 3072, 3072});
    const Score once = parse_score("T:a\nC:b\nL:1/1\nM:4/4\nK:C\nP:A\nC|\nP:B\nD|\n", "a");
    CHECK(pitches(once) == Pitches{60, 62});
}

TEST_CASE("score: voices run side by side, by line or in brackets") {
    const Pitches both{48, 60, 52, 64};
    CHECK(pitches(in_c("V:R\nC4E4|\nV:L octave=-1\nC4E4|\n")) == both);
    CHECK(pitches(in_c("[V:R] C4E4|\n[V:L octave=-1] C4E4|\n")) == both);
}

TEST_CASE("score: key, metre, unit and tempo may change inside") {
    CHECK(pitches(in_c("F8|[K:G]F8|")) == Pitches{65, 66});
    CHECK(onsets(in_c("C8|[M:3/4]D6|E6|")) == Onsets{0, 1536, 2688});
    CHECK(onsets(in_c("C8|[L:1/4]D2E2|")) == Onsets{0, 1536, 2304});
    const Song song = perform(in_c("C8|[Q:1/4=60]D8|"));
    CHECK(song.tempo == std::vector<TempoChange>{{0, 500'000}, {1536, 1'000'000}});
    CHECK(onsets(in_c("C8|\nM:3/4\nK:D\nD6|")) == Onsets{0, 1536});
}

TEST_CASE("score: C, C| and comments") {
    CHECK(onsets(parse_score("T:a\nC:b\nL:1/4\nM:C|\nK:C % a key\nC2D2| % half notes\r\n", "a")) ==
          Onsets{0, 768});
    CHECK(onsets(parse_score("T:a\nC:b\nL:1/4\nM:C\nK:C\nC2D2|", "a")) == Onsets{0, 768});
}

TEST_CASE("score: an upbeat is weighed as the end of its bar") {
    // The quarter before the bar line is a fourth beat, lighter than the first beat that follows.
    const Song song = perform(in_c("C2|C8|"));
    REQUIRE(song.notes.size() == 2);
    CHECK(song.notes[0].velocity < song.notes[1].velocity);
}

TEST_CASE("score: dynamics, hairpins and accents move the velocity") {
    const auto velocity = [](const std::string& mark) {
        return perform(in_c(mark + "C8|")).notes.at(0).velocity;
    };
    int before = 0;
    for (const char* mark : {"!ppp!", "!pp!", "!p!", "!mp!", "!mf!", "!f!", "!ff!", "!fff!"}) {
        CHECK(velocity(mark) > before);
        before = velocity(mark);
    }
    CHECK(velocity("!p!!accent!") == velocity("!p!") + 12);
    CHECK(velocity("!p!!>!") == velocity("!p!") + 12);
    CHECK(velocity("!p!!sfz!") == velocity("!p!") + 20);

    // Equal places of the metre, so that only the hairpin differs.
    const Song swell = perform(in_c("!p!!<(!C8|C8|C8|C8|!f!!<)!C8|"));
    CHECK(swell.notes[4].velocity - swell.notes[0].velocity == 86 - 50);
    const Song fade = perform(in_c("!f!!>(!C8|z8|z8|z8|!>)!C8|"));
    CHECK(fade.notes[1].velocity - fade.notes[0].velocity == -12);
    const Song half = perform(in_c("!p!!<(!C8|C8|!f!C8|"));
    const Song none = perform(in_c("!p!C8|C8|!f!C8|"));
    CHECK(half.notes[1].velocity - none.notes[1].velocity == (86 - 50) / 2);
}

TEST_CASE("score: marks of the first voice count for all, those of another for itself") {
    const auto second = [](const std::string& first_mark, const std::string& second_mark) {
        return perform(in_c("V:R\n" + first_mark + "c8|\nV:L\n" + second_mark + "C8|\n"))
            .notes.at(0)
            .velocity;
    };
    CHECK(second("!f!", "") - second("!p!", "") == 36);
    CHECK(second("!f!", "!p!") == second("!p!", ""));
    CHECK(perform(in_c("V:R\nc8|\nV:L\n!ff!C8|\n")).notes.at(1).velocity ==
          perform(in_c("V:R\nc8|\nV:L\nC8|\n")).notes.at(1).velocity);
}

TEST_CASE("score: gain balances a voice") {
    const auto second = [](const std::string& gain) {
        return perform(in_c("V:R\nc8|\nV:L" + gain + "\nC8|\n")).notes.at(0).velocity;
    };
    CHECK(second("") == second(" gain=-8"));
    CHECK(second(" gain=+3") - second(" gain=0") == 3);
}

TEST_CASE("score: staccato is short, a slur is whole, plain a little shorter than written") {
    const Song song = perform(in_c(".C2 (D2 E2) F2|"));
    CHECK(song.notes[0].length == 192);
    CHECK(song.notes[1].length == 384);
    CHECK(song.notes[2].length == 384);
    CHECK(song.notes[3].length == 360);
}

TEST_CASE("score: a pitch never overlaps itself") {
    const Song song = perform(in_c("V:R\nC2C2C4|\nV:L\n(C8)|\n"));
    REQUIRE(song.notes.size() == 3);
    CHECK(song.notes[0].length == 384);
    for (std::size_t i = 0; i + 1 < song.notes.size(); ++i) {
        CHECK(song.notes[i].onset + song.notes[i].length <= song.notes[i + 1].onset);
    }
}

TEST_CASE("score: a performance transposes, hurries, and changes loudness") {
    const Score score = in_c("!mf!C2E2G2z2|");
    const Song plain = perform(score);
    const Song other = perform(score, {5, 125, 10, 100});
    CHECK(pitches(other) == Pitches{65, 69, 72});
    CHECK(other.tempo[0].microseconds_per_quarter == 400'000);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(other.notes[i].velocity == plain.notes[i].velocity + 10);
        CHECK(other.notes[i].onset == plain.notes[i].onset);
    }
    const auto span = [](const Song& song) {
        return song.notes[0].velocity - song.notes[1].velocity;
    };
    CHECK(span(perform(score, {0, 100, 0, 200})) > span(plain));
    CHECK(perform(score) == plain);
    CHECK_THROWS_AS(perform(score, {70, 100, 0, 100}), DataError);
    CHECK_THROWS_AS(perform(score, {-61, 100, 0, 100}), DataError);
    CHECK_THROWS_AS(perform(score, {0, 0, 0, 100}), ConfigError);
    CHECK_THROWS_AS(perform(score, {0, 100, 0, -1}), ConfigError);
}

TEST_CASE("score: a score of rests is a song without notes") {
    CHECK(perform(in_c("z8|")).notes.empty());
    CHECK(pitches(in_c("V:R\nC8|\nV:L\nz8|\n")) == Pitches{60});
}

TEST_CASE("score: a hairpin that never closes changes nothing") {
    const Song open = perform(in_c("!p!C8|!<(!C8|C8|"));
    const Song none = perform(in_c("!p!C8|C8|C8|"));
    CHECK(open == none);
}

TEST_CASE("score: a mark counts from where it stands") {
    const Song late = perform(in_c("C8|C8|!f!C8|"));
    const Song none = perform(in_c("C8|C8|C8|"));
    CHECK(late.notes[1] == none.notes[1]);
    CHECK(late.notes[2].velocity - none.notes[2].velocity == 86 - 70);
}

TEST_CASE("score: of two tempos at one moment the later holds, and only the first voice has any") {
    const Song song = perform(in_c("[Q:1/4=60][Q:1/4=90]C8|[Q:1/4=120]C8|\n"));
    REQUIRE(song.tempo.size() == 2);
    CHECK(song.tempo[0] == TempoChange{0, 666'666});
    CHECK(song.tempo[1] == TempoChange{1536, 500'000});
    CHECK(perform(in_c("V:R\nC8|C8|\nV:L\nC8|[Q:1/4=60]C8|\n")).tempo.size() == 1);
}

TEST_CASE("score: in a metre of two or four eighths each eighth is a beat") {
    const auto velocities = [](const std::string& text) {
        std::vector<int> result;
        for (const Note& note : perform(in_c(text)).notes) result.push_back(note.velocity);
        return result;
    };
    // 4/8 has a middle and beats at every eighth; 6/8 has beats of three.
    const std::vector<int> simple = velocities("[M:4/8]CCCC|"),
                           compound = velocities("[M:6/8]CCCCCC|");
    CHECK(simple[2] > simple[1]);
    CHECK(compound[3] > compound[2]);
    CHECK(compound[3] - compound[1] > simple[2] - simple[1]);
}

TEST_CASE("score: spaces, tabs and the line ends of Windows are nothing") {
    CHECK(pitches(parse_score("T:Test \t\r\nC:\tNobody\r\nL:1/8\r\n\n\r\nM:4/4\r\nK: C dor\r\n"
                              " \t\r\n\tC4\tE4 |\r\n  % nothing\r\n",
                              "test.score")) == Pitches{60, 63});
    CHECK(parse_score("T:Test \t\r\nC:Nobody\r\nL:1/8\r\nK:C\r\nC8|\r\n", "t").title == "Test");
    CHECK(pitches(parse_score("T:a\nC:b\nL:1/8\nP:A B A\nK:C\nP:A\nC8|\nP:B\nD8|\n", "t")) ==
          Pitches{60, 62, 60});
}

TEST_CASE("score: a line may begin with a note that looks like a field") {
    // C:| is a note and a repeat sign, once K: is over.
    CHECK(pitches(in_c("L:1/1\nC:|\n")) == Pitches{60, 60});
}

TEST_CASE("score: a field before the first voice counts for all voices") {
    CHECK(perform(in_c("L:1/4\nV:R\nC4|\nV:L\nE4|\n")).notes ==
          perform(in_c("V:R\n[L:1/4]C4|\nV:L\n[L:1/4]E4|\n")).notes);
}

TEST_CASE("score: endings may stand apart from their bar lines") {
    const Onsets bars{0, 1536, 3072, 4608};
    CHECK(onsets(in_c("C8|1 D8:|2 E8|]")) == bars);
    CHECK(onsets(in_c("C8| [1 D8:| [2 E8|]")) == bars);
    CHECK(pitches(in_c("C8| [1 D8:| [2 E8|]")) == Pitches{60, 62, 60, 64});
}

TEST_CASE("score: without its second ending a repeat plays on to the end") {
    // No text says so (it is an error there), but bars that are put together by hand can.
    std::vector<ScoreBar> bars(2);
    bars[1].ending = 1;
    bars[1].repeat_end = true;
    CHECK(playing_order(bars) == std::vector<std::size_t>{0, 1, 0});
}

TEST_CASE("score: a bar that does not fill its metre is an error at that bar") {
    wrong_music("C8|D7|E8|", 4, "bar 2 of voice 1 lasts 7 units of L:, the metre 4/4 asks for 8");
    wrong_music("C8|D9|E8|", 4, "lasts 9 units");
    wrong_music("C8|D7/2E4|E8|", 4, "lasts 7.5 units");
    // Too long is an error even where short is allowed.
    wrong_music("|: C9 :|", 4, "lasts 9 units");
    CHECK_NOTHROW(in_c("C2|D8|E6:|F2|G8|]"));
    CHECK_NOTHROW(in_c("C8|D4||E4|F8|"));
}

TEST_CASE("score: voices that differ are an error at the first bar that differs") {
    wrong_music("V:R\nC2|D8|\nV:L\nC3|D8|\n", 1, "bar 1 of voice L lasts 576 ticks, in voice R 384",
                9);
    wrong_music("V:R\nC8|D8|\nV:L\nC8|\n", 1, "voice L has 1 bars, voice R 2 (part A)", 9);
    wrong_music("V:R\nC8:|D8|\nV:L\nC8|D8|\n", 1, "bar 1 of voice L has other repeat signs", 9);
    wrong_music("V:R\nC8|:D8|\nV:L\nC8||D8|\n", 5, "bar 2 of voice L has other repeat signs", 9);
    wrong_music("V:R\nC8|1D8:|2E8|\nV:L\nC8|D8:|E8|\n", 4,
                "bar 2 of voice L has other repeat signs", 9);
    wrong_music("P:A\nV:R\nC8|\nV:L\nC8|\nP:B\nV:R\nD8|\n", 1,
                "voice L has 0 bars, voice R 1 (part B)", 14);
}

TEST_CASE("score: a header that lacks something says what") {
    wrong("", 1, 1, "K:");
    wrong("T:a\n", 2, 1, "the field K: (the key) ends the header and is missing");
    wrong("C:b\nL:1/8\nK:C\n", 3, 3, "needs a title");
    wrong("T:a\nL:1/8\nK:C\n", 3, 3, "needs a composer");
    wrong("T:a\nC:b\nK:C\n", 3, 3, "needs a unit length");
    wrong("T:a\nCDEF|\n", 2, 1, "expected a header field");
    wrong("T:a\nC:b\nL:1/8\nK:C\n", 5, 1, "no music");
    wrong("T:a\nV:R\n", 2, 3, "voices come after K:");
    wrong("T:a\nS:b\n", 2, 3, "unknown field S:");
}

TEST_CASE("score: a field with a wrong value says what it should be") {
    const std::string start = "T:a\nC:b\nL:1/8\n";
    for (const char* key : {"H", "", "1", "Cx", "G#", "Fbm"})
        wrong(start + "K:" + key + "\n", 4, 3, "is no key");
    for (const char* metre : {"3", "x/4", "-/4", "0/4", "3/7", "1000/4", "/4"}) {
        wrong(start + "M:" + metre + "\n", 4, 3, "is no metre");
    }
    for (const char* unit : {"8", "1/7", "1/0", "1/1000"}) {
        wrong(std::string("T:a\nL:") + unit + "\n", 2, 3, "is no unit length");
    }
    for (const char* tempo : {"120", "1/4", "1/4=0", "4=120", "1/4=12x"}) {
        wrong(start + "Q:" + tempo + "\n", 4, 3, "is no tempo");
    }
}

TEST_CASE("score: parts are checked") {
    wrong_music("P:AB\nC8|\n", 3, "one letter");
    wrong_music("P:A\nC8|\nP:A\nD8|\n", 3, "part A is there already", 8);
    wrong_music("P:A\nP:B\nC8|\n", 3, "part A has no music");
    wrong_music("P:A\nC8|\nP:B\nP:C\nC8|\n", 3, "part B has no music", 8);
    wrong_music("P:A\nC8\nP:B\n:| C8|\n", 1, "a repeat ends where no bar has been", 9);
    wrong("T:a\nC:b\nL:1/8\nP:AB\nK:C\nP:A\nC8|\n", 4, 4, "there is no P:B below");
}

TEST_CASE("score: voices are checked") {
    wrong_music("V:\nC8|\n", 3, "a voice needs a name");
    wrong_music("V:R clef=bass\nC8|\n", 5, "is no property of a voice");
    wrong_music("V:R octave=9\nC8|\n", 5, "is no property of a voice");
    wrong_music("V:R  gain=x\nC8|\n", 6, "is no property of a voice");
    wrong_music("V:R octave\nC8|\n", 5, "is no property of a voice");
    wrong_music("V:R volume=3\nC8|\n", 5, "is no property of a voice");
    wrong_music("P:A\nV:R\nC8|\nP:B\nV:L\nC8|\n", 3, "voice L was not there in the first part", 10);
}

TEST_CASE("score: wrong music says where and what was expected") {
    wrong_music("C2 H2|", 4, "found 'H'");
    wrong_music("C2 ^|", 5, "found '|'");
    wrong_music("C2 ^", 5, "found the end of the line");
    wrong_music("C''''''''", 1, "outside 0 to 127");
    wrong_music("[CEG", 1, "lacks its ]");
    wrong_music("[]2", 1, "a chord without notes");
    wrong_music("[V:R C8|", 1, "lacks its ]");
    wrong_music("[P:A]C8|", 1, "cannot stand inside a line");
    wrong_music("!p C8|", 1, "lacks its second !");
    wrong_music("!loud!C8|", 1, "unknown mark !loud!");
    wrong_music("C/1000 D|", 6, "more than three digits");
    wrong_music("C/5 D|", 1, "no whole number of ticks");
    wrong_music("C0 D|", 1, "no whole number of ticks");
    wrong_music("C/0 D|", 1, "no whole number of ticks");
    wrong_music("C/999/999/999/999/999/999/999/999|", 1, "no whole number of ticks");
    wrong_music("(5CDEFG|", 1, "expected a tuplet");
    wrong_music("(3:CDE|", 3, "a single ':'");
    wrong_music("(3C(3DEF|", 4, "inside another one");
    wrong_music("(3CD|", 5, "the bar ends inside a tuplet, 1 notes are missing");
    wrong_music("C8|(3CD\n", 1, "the bar ends inside a tuplet", 7);
    wrong_music("C2) D2|", 3, "a slur is closed that was not opened");
    wrong_music("(C8|\n", 1, "voice 1 leaves a slur open", 7);
    wrong_music("C8| !p!\n", 1, "ends with a mark that no note follows", 7);
    wrong_music("C8| .\n", 1, "ends with a mark that no note follows", 7);
    wrong_music(": C8|", 1, "a single ':'");
    wrong_music("C8:]", 3, "a single ':'");
    wrong_music(":| C8|", 1, "a repeat ends where no bar has been");
    wrong_music("C8|2 D8|", 6, "a second ending without a first one");
    wrong_music("C8|1 D8:|", 6, "a first ending without a second one");
    wrong_music("C8|1 D8:|: E8|", 12, "a first ending without a second one");
    wrong_music("C8|1 D8:|: E8|F8|", 12, "a first ending without a second one");
}
