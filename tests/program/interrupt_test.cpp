#include "mgan.hpp"

#include <support/catch.hpp>

#include <chrono>
#include <thread>

using Catch::Matchers::Contains;
using program::kSmall;
using program::Workshop;
using std::chrono::milliseconds;

namespace {

/// A training long enough to be interrupted: about two seconds.
const std::string kLonger = [] {
    std::string options = kSmall;
    options.replace(options.find("--epochs 2 "), 11, "--epochs 12 ");
    options.replace(options.find("--pretrain-epochs 2 "), 20, "--pretrain-epochs 12 ");
    return options + " --set evaluation.every=4";
}();

/// Waits until the history has a line (or the program has ended).
void wait_for_first_epoch(const Workshop& shop, process::Child& child) {
    for (int i = 0; i < 60'000 && !child.ended(); ++i) {
        if (program::lines(shop.read("run/history.jsonl")) > 0) return;
        std::this_thread::sleep_for(milliseconds(1));
    }
}

std::string whole_model(const Workshop& shop) {
    REQUIRE(shop.mgan("train data --quiet --out whole --threads 1" + kLonger).status == 0);
    return shop.read("whole/model.safetensors");
}

}  // namespace

TEST_CASE("Ctrl-C saves, exits with 130, and --resume ends in the bytes of a run without it") {
    const Workshop shop;
    shop.write_music();
    const std::string whole = whole_model(shop);
    for (const int signal : {SIGINT, SIGTERM}) {
        std::filesystem::remove_all(shop / "run");
        process::Child child(shop.words("train data --out run --threads 2" + kLonger), shop.path());
        wait_for_first_epoch(shop, child);
        child.send(signal);
        const process::Result result = child.wait();
        REQUIRE(result.status == 130);
        CHECK(result.error.empty());
        CHECK_THAT(result.out, Contains("mgan train --resume --out run"));
        CHECK(shop.has("run/checkpoint.safetensors"));
        CHECK(shop.mgan("generate run --count 2 --out songs").status == 0);
        CHECK(program::lines(shop.read("run/history.jsonl")) < 24);
        const process::Result resumed = shop.mgan("train --resume --out run --threads 3");
        CHECK(resumed.status == 0);
        CHECK(shop.read("run/model.safetensors") == whole);
        CHECK(program::lines(shop.read("run/history.jsonl")) == 24);
    }
}

TEST_CASE("kill -9 at any moment, as often as one likes, and --resume ends in the same bytes") {
    const Workshop shop;
    shop.write_music();
    const std::string whole = whole_model(shop);
    const mgan::Random random(1, "kill");
    int killed = 0;
    for (std::uint64_t attempt = 0; attempt < 8; ++attempt) {
        process::Child child(shop.words("train data --resume --quiet --out run --threads " +
                                        std::to_string(1 + attempt % 3) + kLonger),
                             shop.path());
        // From the first milliseconds (no settings written yet) to far into the training.
        const auto limit = static_cast<std::uint64_t>(10) << attempt;
        const auto delay =
            static_cast<int>(random.integer(attempt, std::min<std::uint64_t>(400, limit)));
        for (int i = 0; i < delay && !child.ended(); ++i)
            std::this_thread::sleep_for(milliseconds(1));
        child.send(SIGKILL);
        const process::Result result = child.wait();
        CHECK(result.error.empty());
        killed += result.signal == SIGKILL ? 1 : 0;
    }
    CHECK(killed > 0);
    const process::Result result = shop.mgan("train data --resume --quiet --out run" + kLonger);
    CHECK(result.status == 0);
    CHECK(result.error.empty());
    CHECK(shop.read("run/model.safetensors") == whole);
    CHECK(program::lines(shop.read("run/history.jsonl")) == 24);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(shop / "run"))
        CHECK(entry.path().string().find(".tmp-") == std::string::npos);
}

TEST_CASE(
    "Ctrl-C while the discriminator learns alone stops, and --resume ends in the same bytes") {
    const Workshop shop;
    shop.write_music();
    std::string options = kSmall;
    options.replace(options.find("--epochs 2 "), 11, "--epochs 1 ");
    options.replace(options.find("--pretrain-epochs 2 "), 20, "--pretrain-epochs 1 ");
    options.replace(options.find("warmup=2"), 8, "warmup=400");
    REQUIRE(shop.mgan("train data --quiet --out whole" + options).status == 0);
    process::Child child(shop.words("train data --out run" + options), shop.path());
    wait_for_first_epoch(shop, child);
    std::this_thread::sleep_for(milliseconds(100));
    child.send(SIGINT);
    const process::Result result = child.wait();
    CHECK(result.status == 130);
    CHECK_THAT(result.out, Contains("learns alone first, 400 minibatches") &&
                               Contains("mgan train --resume --out run"));
    CHECK(program::lines(shop.read("run/history.jsonl")) == 1);
    REQUIRE(shop.mgan("train --resume --out run").status == 0);
    CHECK(shop.read("run/model.safetensors") == shop.read("whole/model.safetensors"));
}
