#include "mgan.hpp"

#include <support/catch.hpp>

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using program::Workshop;

namespace {

/// The program says what is wrong in one line, and with this exit status.
void check_error(const Workshop& shop, const std::string& line, int status,
                 const std::string& message) {
    INFO("mgan " << line);
    const process::Result result = shop.mgan(line);
    CHECK(result.status == status);
    CHECK(program::lines(result.error) == 1);
    CHECK_THAT(result.error, StartsWith("mgan: ") && Contains(message));
    CHECK(result.out.empty());
}

}  // namespace

TEST_CASE("mgan --help, and that of each command, teach and end with 0") {
    const Workshop shop;
    for (const std::string line : {"--help", ""}) {
        const process::Result result = shop.mgan(line);
        CHECK(result.status == 0);
        CHECK(result.error.empty());
        for (const char* command : {"train", "generate", "evaluate", "stats", "info"})
            CHECK_THAT(result.out, Contains(command));
    }
    for (const std::string command : {"train", "generate", "evaluate", "stats", "info"}) {
        const process::Result result = shop.mgan(command + " --help");
        CHECK(result.status == 0);
        CHECK(result.error.empty());
        CHECK_THAT(result.out, Contains("Examples:\n  mgan " + command));
    }
    const process::Result help = shop.mgan("train --help");
    for (const char* option :
         {"--out", "--variant", "--preset", "--config", "--set", "--epochs", "--pretrain-epochs",
          "--batch", "--length", "--lr", "--lambda", "--seed", "--threads", "--resume", "--quiet"})
        CHECK_THAT(help.out, Contains(option));
}

TEST_CASE("mgan --version says version and instruction set") {
    const process::Result result = Workshop().mgan("--version");
    CHECK(result.status == 0);
    CHECK_THAT(result.out, StartsWith("mgan 0.") && Contains("("));
}

TEST_CASE("A wrong command line is one line on standard error, and exit status 2") {
    const Workshop shop;
    check_error(shop, "--bogus", 2, "unknown option '--bogus'");
    check_error(shop, "trian", 2, "did you mean train?");
    check_error(shop, "train --epoch 3", 2, "did you mean --epochs?");
    check_error(shop, "train a b", 2, "'b'");
    check_error(shop, "train --epochs", 2, "--epochs");
    check_error(shop, "train --epochs -1", 2, "from 0 to");
    check_error(shop, "train --epochs many", 2, "'many'");
    check_error(shop, "train --lr 0", 2, "above 0");
    check_error(shop, "train --variant rnn", 2, "carnn-mgan");
    check_error(shop, "train --preset papers", 2, "did you mean 'paper'?");
    check_error(shop, "train --set generator.hiden=3", 2, "did you mean 'generator.hidden'?");
    check_error(shop, "train --set generator.hidden", 2, "key=value");
    check_error(shop, "train --lambda 0.5", 2, "carnn-pf-mgan");
    check_error(shop, "train --threads 0", 2, "--threads");
    check_error(shop, "generate", 2, "MODEL");
    check_error(shop, "generate run --count 0", 2, "--count");
    for (const char* seed : {"x", "-1", "1.5", "18446744073709551616"})
        check_error(shop, std::string("generate run --seed ") + seed, 2, "--seed");
    check_error(shop, "evaluate songs --run run --seed -1", 2, "whole number from 0");
    check_error(shop, "train --seed -1", 2, "whole number from 0");
    check_error(shop, "help", 2, "did you mean --help?");
    check_error(shop, "train --set volume=11", 2, "--print-config lists them");
    check_error(shop, "evaluate songs", 2, "--against");
    check_error(shop, "evaluate songs --run run --part rest", 2, "--part");
    check_error(shop, "stats", 2, "PATH");
    check_error(shop, "info --json", 2, "MODEL");
}

TEST_CASE("What is not there, or not what it should be, is one line and exit status 1") {
    const Workshop shop;
    shop.write_text("letter.mid", "Dear Wolfgang,\n");
    shop.write_text("bad.json", "{\"generator\": {\"hidden\": 0}}");
    shop.write_text("model.safetensors", "no tensors");
    std::filesystem::create_directories(shop / "empty");
    check_error(shop, "train nowhere", 1, "nowhere: no such file or folder");
    check_error(shop, "train empty", 1, "empty: no usable MIDI file");
    check_error(shop, "train --config nowhere.json", 1, "nowhere.json");
    check_error(shop, "train --config bad.json", 1, "generator.hidden = 0");
    for (const std::string preset : {"recommended", "numeric"})
        check_error(shop,
                    "train --preset " + preset +
                        " --set generator.attention_heads=3 --set generator.hidden=8",
                    1,
                    "generator.attention_heads = 3 does not divide the width of the attention, "
                    "generator.hidden = 8");
    check_error(shop, "train --resume --out nowhere", 1, "nowhere: holds no run to go on with");
    check_error(shop, "train --resume", 1, "run: holds no run to go on with");
    check_error(shop, "generate nowhere", 1, "nowhere: no such file or folder; give the folder");
    check_error(shop, "generate empty", 1, "empty: holds no model (no model.safetensors); give");
    check_error(shop, "generate model.safetensors", 1, "model.safetensors");
    check_error(shop, "report empty", 1, "holds no run");
    check_error(shop, "report absent", 1, "no such folder");
    check_error(shop, "render", 2, "FILE");
    check_error(shop, "render empty -o song.wav", 1, "empty: is a folder");
    check_error(shop, "evaluate empty --run empty", 1, "empty: no usable MIDI file");
    check_error(shop, "evaluate nowhere --against empty", 1, "nowhere");
    check_error(shop, "stats nowhere", 1, "nowhere");
    check_error(shop, "stats empty", 1, "empty");
    check_error(shop, "stats letter.mid", 1, "letter.mid");
    check_error(shop, "info nowhere", 1, "nowhere: no such file or folder");
}

TEST_CASE("train --print-config prints settings that --config reads, and trains nothing") {
    const Workshop shop;
    const process::Result paper =
        shop.mgan("train --print-config --preset paper --variant carnn-mgan --seed 5");
    CHECK(paper.status == 0);
    CHECK_THAT(paper.out,
               Contains("\"preset\": \"paper\"") && Contains("\"variant\": \"carnn-mgan\"") &&
                   Contains("\"generator.mapping_layers\": 8") && Contains("\"seed\": 5"));
    shop.write_text("paper.json", paper.out);
    CHECK(shop.mgan("train --print-config --config paper.json").out == paper.out);
    CHECK_FALSE(shop.has("run"));
}

TEST_CASE("A --config file with settings of one variant or preset refuses the name of another") {
    const Workshop shop;
    shop.write_text("paper.json", shop.mgan("train --print-config --preset paper").out);
    check_error(shop, "train --print-config --config paper.json --variant carnn-gan", 2,
                "not of \"carnn-gan\"; leave out --config, or --variant");
    check_error(shop, "train --print-config --config paper.json --preset recommended", 2,
                "leave out --config, or --preset");
    check_error(shop, "train --print-config --config paper.json --set variant=carnn-gan", 2,
                "settings of variant \"c-rnn-gan\"");
    shop.write_text("small.json", R"({"$schema": "config.schema.json", "generator.hidden": 7})");
    const process::Result small =
        shop.mgan("train --print-config --config small.json --variant carnn-gan");
    CHECK_THAT(small.out,
               Contains("\"generator.hidden\": 7") && Contains("\"generator.convolution\": 5"));
}

TEST_CASE("train --print-config prints the manual and a schema, too") {
    const Workshop shop;
    const process::Result manual = shop.mgan("train --print-config=markdown");
    CHECK(manual.status == 0);
    CHECK_THAT(manual.out,
               Contains("| setting | recommended | quick | paper | numeric | allowed |") &&
                   Contains("| `generator.hidden` | `128` | `100` | `100` | `100` |") &&
                   Contains("### The variants in preset `paper`"));
    const process::Result schema = shop.mgan("train --print-config=schema");
    CHECK(schema.status == 0);
    CHECK_THAT(schema.out, StartsWith("{\n") && Contains("\"generator.hidden\": {\"type\""));
    CHECK(shop.mgan("train --print-config=json").out == shop.mgan("train --print-config").out);
    check_error(shop, "train --print-config=xml", 2, "none of json, markdown, schema");
}

TEST_CASE("Settings: preset, then --config, then --set, then named options, the later one wins") {
    const Workshop shop;
    shop.write_text("config.json", R"({"batch": 7, "length": 70, "seed": 700})");
    const process::Result result = shop.mgan(
        "train --print-config --preset paper --config config.json --set length=80 --set seed=800 "
        "--seed 900 --lr 0.25");
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("\"batch\": 7,") && Contains("\"length\": 80,") &&
                               Contains("\"seed\": 900,") && Contains("\"preset\": \"paper\""));
    for (const char* key : {"pretrain", "adversarial"})
        CHECK_THAT(result.out, Contains(std::string("\"") + key + ".learning_rate\": 0.25"));
    CHECK_THAT(result.out, Contains("\"adversarial.discriminator_learning_rate\": 0.25"));
}
