// `mgan train --variant carnn-pf-mgan`, and what the other commands make of its run.

#include "mgan.hpp"

#include <support/catch.hpp>

using Catch::Matchers::Contains;
using program::kSmall;
using program::Workshop;

namespace {

/// A quarter of the sample rate, and a classifier of a few units.
const std::string kSmallPf =
    kSmall +
    " --variant carnn-pf-mgan --set pf.samples=65536 --set pf.classifier.hidden_1=16"
    " --set pf.classifier.hidden_2=20 --set pf.classifier.hidden=5";
const std::string kFull = " --set pf.highest=500 --set pf.classifier.inputs=60";

/// Whether the program can hear; where not, its error says what to install.
bool can_hear(const process::Result& result) {
    if (result.error.find("libfftw3-dev") == std::string::npos) return true;
    CHECK(result.status == 1);
    return false;
}

}  // namespace

TEST_CASE(
    "mgan train --variant carnn-pf-mgan trains, and generate, info and evaluate take its run") {
    const Workshop shop;
    shop.write_music();
    const process::Result result = shop.mgan("train data --out run" + kSmallPf + kFull);
    if (!can_hear(result)) MGAN_SKIP("mgan was built without FFTW");
    CHECK(result.status == 0);
    CHECK(result.error.empty());
    CHECK_THAT(result.out, Contains("adversarial 2/2 ") && Contains(" F "));
    const std::string history = shop.read("run/history.jsonl");
    for (const char* key : {"\"f_loss\"", "\"f_accuracy\"", "\"d_accuracy\"", "\"freezes_f\"",
                            "\"validation_f_accuracy\""})
        CHECK_THAT(history, Contains(key));
    // What makes songs needs no ear: neither the classifier nor its constants are in the model.
    CHECK_THAT(shop.read("run/checkpoint.safetensors"), Contains("pf_classifier.dense_1.weight"));
    CHECK_THAT(shop.read("run/model.safetensors"), !Contains("pf_classifier.dense_1"));
    CHECK_THAT(shop.mgan("info run").out, Contains("carnn-pf-mgan") && Contains("pf.band"));
    CHECK(shop.mgan("generate run --count 2 --out made").status == 0);
    CHECK(shop.mgan("evaluate made --against data").status == 0);
}

TEST_CASE("mgan train --variant carnn-pf-mgan: both presets and the first try train, and resume") {
    const Workshop shop;
    shop.write_music(4);
    if (!can_hear(shop.mgan("train data --quiet --out whole" + kSmallPf + kFull)))
        MGAN_SKIP("mgan was built without FFTW");
    CHECK(shop.mgan("train data --quiet --out paper --preset paper --set pf.classifier.steps=20" +
                    kSmallPf)
              .status == 0);
    CHECK_THAT(shop.read("paper/config.json"), Contains("low_pass"));
    CHECK(shop.mgan("train data --quiet --out first --lambda 1 --set pf.classifier.network=dense" +
                    kSmallPf + kFull)
              .status == 0);
    CHECK_THAT(shop.read("first/history.jsonl"), Contains("\"f_loss\""));
    const process::Result again = shop.mgan("train --resume --out whole");
    CHECK(again.status == 0);
    CHECK_THAT(again.out, Contains("finished"));
}
