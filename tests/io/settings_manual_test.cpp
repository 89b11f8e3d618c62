#include "bytes.hpp"

#include <mgan/io/settings_manual.hpp>
#include <support/catch.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

using Catch::Matchers::Contains;

namespace {

enum class Loss { saturating, nonsaturating };

struct HeadSettings {
    bool wide = false;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("wide", wide, "two layers instead of one");
    }
};

struct NetSettings {
    std::int64_t hidden = 100;
    HeadSettings head;
    double dropout = 0.0;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("hidden", hidden, mgan::Range{1, 4096}, "units of each LSTM layer");
        mgan::visit_part("head", head, visitor);
        visitor("dropout", dropout, mgan::Range{0, 1}, "a share");
    }
};

struct RunSettings {
    std::uint64_t seed = 1;
    double learning_rate = 0.1;
    bool freeze = true;
    Loss loss = Loss::saturating;
    NetSettings generator;
    std::string title = "a \"run\"";

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("seed", seed, mgan::Range<std::uint64_t>{0, ~std::uint64_t{0}}, "of the run");
        visitor("learning_rate", learning_rate, mgan::above(0.0, 10.0), "step size of SGD");
        visitor("freeze", freeze, "whether the stronger net rests");
        visitor("loss", loss,
                mgan::Choices<Loss>{{"saturating", Loss::saturating},
                                    {"nonsaturating", Loss::nonsaturating}},
                "loss of the generator");
        mgan::visit_part("generator", generator, visitor);
        visitor("title", title, "free text");
    }
};

RunSettings other() {
    RunSettings settings;
    settings.loss = Loss::nonsaturating;
    settings.generator.hidden = 50;
    return settings;
}

}  // namespace

TEST_CASE("The manual has a row for each setting, a column for each preset, a table for a group") {
    const std::string text = mgan::describe_settings<RunSettings>({{"a", {}}, {"b", other()}});
    CHECK_THAT(text, Contains("### The run\n\n| setting | a | b | allowed | what it does |\n"
                              "|---|---|---|---|---|\n| `seed` | `1` | `1` | "));
    CHECK_THAT(text,
               Contains("\n\n### `generator`\n\n| setting | a | b | allowed | what it does |\n"
                        "|---|---|---|---|---|\n"
                        "| `generator.hidden` | `100` | `50` | a whole number from 1 to 4096 "
                        "| units of each LSTM layer |\n"));
    CHECK_THAT(text, Contains("| `loss` | `\"saturating\"` | `\"nonsaturating\"` | one of "
                              "saturating, nonsaturating | loss of the generator |\n"));
    CHECK_THAT(text,
               Contains("| `generator.dropout` | `0.0` | `0.0` | a number from 0 to 1 | a share "
                        "|\n\n### `generator.head`\n"));  // a group is one table
    CHECK(std::count(text.begin(), text.end(), '`') == 2 * (8 * 3 + 2));
}

TEST_CASE("The table of differences leaves out what is the same in all columns") {
    CHECK(mgan::describe_differences<RunSettings>({{"a", {}}, {"b", other()}}) ==
          "| setting | a | b |\n|---|---|---|\n"
          "| `loss` | `\"saturating\"` | `\"nonsaturating\"` |\n"
          "| `generator.hidden` | `100` | `50` |\n");
    CHECK(mgan::describe_differences<RunSettings>({{"a", {}}, {"b", other()}, {"c", {}}}) ==
          "| setting | a | b | c |\n|---|---|---|---|\n"
          "| `loss` | `\"saturating\"` | `\"nonsaturating\"` | `\"saturating\"` |\n"
          "| `generator.hidden` | `100` | `50` | `100` |\n");
}

TEST_CASE(
    "The schema says type, bounds, words and default of each setting, flat and in its group") {
    const std::string text =
        mgan::settings_schema(RunSettings{}, "settings of a test", {"version"});
    const nlohmann::json schema = nlohmann::json::parse(text);
    CHECK(schema["title"] == "settings of a test");
    CHECK(schema["additionalProperties"] == false);
    const nlohmann::json& all = schema["properties"];
    CHECK(all.size() == 1 + 8 + 1);  // a note, the settings, a group
    CHECK(all["version"]["type"] == "string");
    CHECK(all["seed"]["maximum"] == ~std::uint64_t{0});
    CHECK(all["seed"]["minimum"] == 0);
    CHECK(all["learning_rate"]["exclusiveMinimum"] == 0.0);
    CHECK_FALSE(all["learning_rate"].contains("minimum"));
    CHECK(all["learning_rate"]["type"] == "number");
    CHECK(all["freeze"]["type"] == "boolean");
    CHECK(all["freeze"]["default"] == true);
    CHECK(all["loss"]["enum"] == nlohmann::json{"saturating", "nonsaturating"});
    CHECK(all["title"]["default"] == "a \"run\"");
    CHECK_FALSE(all["title"].contains("enum"));
    CHECK(all["generator.hidden"]["type"] == "integer");
    CHECK(all["generator"]["properties"]["hidden"] == all["generator.hidden"]);
    const nlohmann::json& group = all["generator"]["properties"];
    CHECK(group.size() == 3 + 1);
    CHECK(group["head.wide"] == all["generator.head.wide"]);
    CHECK(group["head"]["properties"]["wide"] == all["generator.head.wide"]);
    CHECK(all["generator"]["additionalProperties"] == false);
}
