#include "bytes.hpp"

#include <mgan/io/settings_json.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

using mgan::ConfigError;
using mgan::FormatError;
using mgan_test::message_of;
using mgan_test::TemporaryFolder;
using mgan_test::to_bytes;

namespace {

enum class Loss { saturating, nonsaturating };

struct NetSettings {
    std::int64_t hidden = 100;
    int offset = 0;
    double dropout = 0.0;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        using mgan::Range;
        visitor("hidden", hidden, Range{1, 4096}, "units of each LSTM layer");
        visitor("offset", offset, Range{-3, 3}, "a number that may be negative");
        visitor("dropout", dropout, Range{0, 1}, "a share");
    }
    bool operator==(const NetSettings&) const = default;
};

struct RunSettings {
    NetSettings generator;
    double learning_rate = 0.1;
    std::uint64_t seed = 1;
    bool freeze = true;
    Loss loss = Loss::saturating;
    std::string preset = "paper";
    std::string title = "a \"run\"";

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        mgan::visit_part("generator", generator, visitor);
        visitor("learning_rate", learning_rate, mgan::above(0.0, 10.0), "step size of SGD");
        visitor("seed", seed, mgan::Range<std::uint64_t>{0, ~std::uint64_t{0}}, "seed of the run");
        visitor("freeze", freeze, "whether the stronger net rests");
        visitor("loss", loss,
                mgan::Choices<Loss>{{"saturating", Loss::saturating},
                                    {"nonsaturating", Loss::nonsaturating}},
                "loss of the generator");
        visitor("preset", preset, mgan::Words{"paper", "recommended"}, "where defaults come from");
        visitor("title", title, "free text");
    }
    bool operator==(const RunSettings&) const = default;
};

RunSettings parsed(std::string_view json) {
    RunSettings settings;
    (void)mgan::settings_from_json(to_bytes(json), "c.json", settings);
    return settings;
}

std::string config_error(std::string_view json) {
    RunSettings settings;
    const std::string message = message_of<ConfigError>(
        [&] { (void)mgan::settings_from_json(to_bytes(json), "c.json", settings); });
    CHECK(settings == RunSettings());  // all or nothing
    return message;
}

}  // namespace

TEST_CASE("Settings: flat and nested JSON are the same, and what is not mentioned stays") {
    const RunSettings flat = parsed(R"({"generator.hidden": 50, "generator.dropout": 0.5})");
    CHECK(flat.generator.hidden == 50);
    CHECK(flat.generator.dropout == 0.5);
    CHECK(flat.seed == 1);
    CHECK(parsed(R"({"generator": {"hidden": 50, "dropout": 0.5}})") == flat);
    CHECK(parsed("{}") == RunSettings());
    CHECK(parsed(R"({"generator": {}})") == RunSettings());
}

TEST_CASE("Settings: keys may come in any order") {
    // In the order of the struct, backwards, and with gaps, after which each is looked for anew.
    const RunSettings forwards =
        parsed(R"({"generator.hidden": 7, "generator.offset": -1, "seed": 3, "title": "t"})");
    CHECK(parsed(R"({"title": "t", "seed": 3, "generator.offset": -1, "generator.hidden": 7})") ==
          forwards);
    CHECK(parsed(R"({"seed": 3, "generator.hidden": 7, "title": "t", "generator.offset": -1})") ==
          forwards);
    CHECK(forwards.generator.hidden == 7);
    CHECK(forwards.generator.offset == -1);
    CHECK(forwards.seed == 3);
    CHECK(forwards.title == "t");
}

TEST_CASE("Settings: every type is read") {
    const RunSettings s = parsed(R"({"generator.offset": -3, "learning_rate": 1, "freeze": false,
        "seed": 18446744073709551615, "loss": "nonsaturating", "preset": "recommended",
        "title": "\u00e9"})");
    CHECK(s.generator.offset == -3);
    CHECK(s.learning_rate == 1.0);
    CHECK(s.seed == ~std::uint64_t{0});
    CHECK_FALSE(s.freeze);
    CHECK(s.loss == Loss::nonsaturating);
    CHECK(s.preset == "recommended");
    CHECK(s.title == "\xc3\xa9");
    CHECK(parsed(R"({"generator.dropout": 1e-3})").generator.dropout == 0.001);
    CHECK(parsed(R"({"generator.offset": -0})").generator.offset == 0);
}

TEST_CASE("Settings: an unknown key is an error that names the nearest one") {
    CHECK(config_error(R"({"generator.hiden": 1})") ==
          "c.json: unknown setting 'generator.hiden'; did you mean 'generator.hidden'?");
    CHECK(config_error(R"({"hidden": 1})") ==
          "c.json: unknown setting 'hidden'; did you mean 'generator.hidden'?");
    CHECK(config_error(R"({"xyzzy": 1})") == "c.json: unknown setting 'xyzzy'");
    CHECK(config_error(R"({"generator": 1})").starts_with("c.json: unknown setting 'generator'"));
    CHECK(config_error(R"({"generators": {}})").starts_with("c.json: unknown setting"));
    CHECK(config_error("{\"" + std::string(500, 'k') + "\": 1}").size() < 150);
    CHECK(config_error(R"({"\u001b": 1})") == "c.json: unknown setting '?'");
}

TEST_CASE("Settings: a key that occurs twice is an error, whichever way it is written") {
    CHECK(config_error(R"({"seed": 1, "seed": 1})") == "c.json: the setting 'seed' occurs twice");
    CHECK(config_error(R"({"generator.hidden": 1, "generator": {"hidden": 1}})") ==
          "c.json: the setting 'generator.hidden' occurs twice");
}

TEST_CASE("Settings: a value of the wrong type is an error that says what is allowed") {
    const char* whole = "is not allowed: expected a whole number from 1 to 4096";
    for (const char* bad :
         {"1.0", "1.5", "1e2", "true", "null", "\"100\"", "[]", "[100]", "{}", "-1", "0", "4097",
          "18446744073709551615", "1e30", "-9223372036854775808", "99999999999999999999"}) {
        INFO(bad);
        const std::string message = config_error(mgan::concat("{\"generator.hidden\": ", bad, "}"));
        CHECK(message.starts_with("c.json: generator.hidden = "));
        CHECK(message.ends_with(whole));
    }
    for (const char* bad : {"4", "-4", "0.0", "2147483648", "-2147483649", "4294967297"}) {
        CHECK(config_error(mgan::concat("{\"generator.offset\": ", bad, "}"))
                  .ends_with("expected a whole number from -3 to 3"));
    }
    for (const char* bad :
         {"0", "0.0", "-0.0", "-1", "10.1", "11", "\"1\"", "true", "null", "[1]"}) {
        CHECK(config_error(mgan::concat("{\"learning_rate\": ", bad, "}"))
                  .ends_with("expected a number above 0, up to 10"));
    }
    for (const char* bad : {"-1", "1.5", "18446744073709551616", "false"}) {
        CHECK(config_error(mgan::concat("{\"seed\": ", bad, "}"))
                  .ends_with("expected a whole number from 0 to 18446744073709551615"));
    }
    for (const char* bad : {"0", "1", "\"true\"", "null"}) {
        CHECK(config_error(mgan::concat("{\"freeze\": ", bad, "}"))
                  .ends_with("expected true or false"));
    }
    CHECK(config_error(R"({"title": 5})") == "c.json: title = 5 is not allowed: expected a text");
    CHECK(config_error(R"({"title": {}})") ==
          "c.json: title = an object is not allowed: expected a text");
}

TEST_CASE("Settings: a word that is none of the choices is an error that names the nearest") {
    CHECK(config_error(R"({"loss": "non-saturating"})") ==
          "c.json: loss = 'non-saturating' is not allowed: expected one of saturating, "
          "nonsaturating; did you mean 'nonsaturating'?");
    CHECK(config_error(R"({"preset": "papr"})").ends_with("did you mean 'paper'?"));
    CHECK(config_error(R"({"preset": "x\u001b"})") ==
          "c.json: preset = 'x?' is not allowed: expected one of paper, recommended");
    CHECK(config_error(R"({"loss": 1})").ends_with("expected one of saturating, nonsaturating"));
}

TEST_CASE(
    "Settings: a file that is no JSON is an error with its place, NaN and infinity included") {
    for (const char* bad : {"", "{", "[1]", "{\"learning_rate\": NaN}", "{\"learning_rate\": nan}",
                            "{\"learning_rate\": 1e999}", "{\"learning_rate\": -Infinity}"}) {
        RunSettings settings;
        CHECK_THROWS_AS(mgan::settings_from_json(to_bytes(bad), "c.json", settings), FormatError);
    }
}

TEST_CASE("Settings: what is written reads back as the same bits, notes beside it") {
    RunSettings settings;
    settings.generator = {7, -2, 1.0 / 3};
    settings.learning_rate = 5.0;
    settings.seed = ~std::uint64_t{0} - 1;
    settings.freeze = false;
    settings.loss = Loss::nonsaturating;
    settings.title = "caf\xc3\xa9 \"1\"\n";
    const TemporaryFolder folder("settings");
    const mgan::SettingNotes notes = {{"version", "0.1.0"}, {"data_fingerprint", "abc"}};
    mgan::write_settings(folder / "config.json", settings, notes);
    RunSettings back;
    CHECK(mgan::read_settings(folder / "config.json", back, {"version", "data_fingerprint"}) ==
          notes);
    CHECK(back == settings);
    CHECK(mgan::settings_to_json(back, notes) == mgan::settings_to_json(settings, notes));
    // A caller that does not expect the notes refuses them.
    CHECK_THROWS_AS(mgan::read_settings(folder / "config.json", back), ConfigError);
    CHECK_THROWS_AS(mgan::read_settings(folder / "absent.json", back), mgan::IoError);
    CHECK_THROWS_AS(
        mgan::settings_from_json(to_bytes("{\"version\": 1}"), "c.json", back, {"version"}),
        ConfigError);
}

TEST_CASE("Settings: the file has every setting on a line, in the order of the struct") {
    CHECK(
        mgan::settings_to_json(NetSettings(), {{"version", "1"}}) ==
        "{\n  \"version\": \"1\",\n  \"hidden\": 100,\n  \"offset\": 0,\n  \"dropout\": 0.0\n}\n");
}

TEST_CASE("Settings: --set changes one setting, or nothing") {
    RunSettings settings;
    const auto set = [&](std::string_view assignment) {
        return message_of<ConfigError>([&] { mgan::apply_override(settings, assignment); });
    };
    CHECK(set("generator.hidden=50").empty());
    CHECK(settings.generator.hidden == 50);
    CHECK(set("generator.offset=-1").empty());
    CHECK(settings.generator.offset == -1);
    CHECK(set("learning_rate=1e-3").empty());
    CHECK(settings.learning_rate == 0.001);
    CHECK(set("freeze=false").empty());
    CHECK_FALSE(settings.freeze);
    CHECK(set("loss=nonsaturating").empty());
    CHECK(settings.loss == Loss::nonsaturating);
    CHECK(set("title=a=b c").empty());
    CHECK(settings.title == "a=b c");
    CHECK(set("title=").empty());
    CHECK(settings.title.empty());
    CHECK(set("title=\"q\\u00e9\"").empty());
    CHECK(settings.title == "q\xc3\xa9");
    CHECK(set("title=123").empty());
    CHECK(settings.title == "123");

    const RunSettings before = settings;
    CHECK(set("hiden=1") == "--set: unknown setting 'hiden'; did you mean 'generator.hidden'?");
    CHECK(set("generator.hidden=0").ends_with("expected a whole number from 1 to 4096"));
    CHECK(set("generator.hidden") == "--set: 'generator.hidden' is not of the form key=value");
    CHECK(set("title") == "--set: 'title' is not of the form key=value");
    CHECK(set("=1") == "--set: '=1' is not of the form key=value");
    for (const char* bad :
         {"generator.hidden", "=1", "", "generator.hidden=", "generator.hidden=x",
          "generator.hidden=1,\"y\":2", "generator.hidden=1}", "generator.hidden={}",
          "generator.hidden=[1]", "generator.hidden={\"y\":1}", "learning_rate=nan",
          "learning_rate=inf", "learning_rate=1e999", "learning_rate=null", "learning_rate=0",
          "freeze=yes", "freeze=1", "loss=x", "seed=-1"}) {
        INFO(bad);
        CHECK_FALSE(set(bad).empty());
    }
    CHECK(settings == before);
}

TEST_CASE("edit_distance counts letters to insert, remove or replace") {
    CHECK(mgan::edit_distance("", "") == 0);
    CHECK(mgan::edit_distance("", "abc") == 3);
    CHECK(mgan::edit_distance("abc", "") == 3);
    CHECK(mgan::edit_distance("kitten", "sitting") == 3);
    CHECK(mgan::edit_distance("hidden", "hiden") == 1);
    CHECK(mgan::nearest_word("a", {"b", "c"}).empty());
    CHECK(mgan::nearest_word(std::string(101, 'a'), {std::string(101, 'a') + "b"}).empty());
}

TEST_CASE("nearest_word finds what a comparison with every word finds") {
    const mgan::Words words = {
        "generator.hidden",          "generator.head", "discriminator.hidden", "seed", "length",
        "adversarial.learning_rate", "playing.time"};
    const auto nearest = [&](const std::string& word) {
        std::string found;
        std::size_t best = std::max<std::size_t>(2, word.size() / 3) + 1;
        for (const std::string& candidate : words) {
            const std::size_t distance =
                std::min(mgan::edit_distance(word, candidate),
                         mgan::edit_distance(word, candidate.substr(candidate.rfind('.') + 1)));
            if (distance >= best || distance >= word.size()) continue;
            best = distance;
            found = candidate;
        }
        return found;
    };
    std::size_t found = 0;
    for (const std::string& word : words) {
        for (std::size_t begin = 0; begin < word.size(); ++begin) {
            for (std::size_t length = 1; length <= word.size() - begin; ++length) {
                const std::string part = word.substr(begin, length);
                INFO(part);
                CHECK(mgan::nearest_word(part, words) == nearest(part));
                if (!nearest(part).empty()) ++found;
            }
        }
    }
    CHECK(found > 100);
}
