#include <mgan/core/error.hpp>
#include <mgan/encoding/recall.hpp>

#include "steps.hpp"

#include <support/catch.hpp>

#include <algorithm>
#include <vector>

using namespace mgan::encoding;

namespace {

/// The definition, in so many words: all earlier places, all lengths.
struct Found {
    std::size_t lag = 0;
    int length = 0, longest = 0;
};
Found brute_force(const std::vector<std::uint16_t>& keys, std::size_t memory) {
    Found found;
    const std::size_t last = keys.size() - 1;
    for (std::size_t place = last < memory ? 0 : last + 1 - memory; place < last; ++place) {
        int length = 0;  // from the earliest place to the latest
        while (static_cast<std::size_t>(length) <= place &&
               keys[place - static_cast<std::size_t>(length)] ==
                   keys[last - static_cast<std::size_t>(length)])
            ++length;
        found.longest = std::max(found.longest, length);
        if (std::min(length, 12) > found.length) {
            found.length = std::min(length, 12);
            found.lag = last - place;
        }
    }
    return found;
}

void check_against_brute_force(const std::vector<std::uint16_t>& keys, std::size_t memory) {
    Recall recall(memory);
    std::vector<std::uint16_t> heard;
    std::size_t wrong = 0;
    for (const std::uint16_t key : keys) {
        recall.hear(key);
        heard.push_back(key);
        const Found expected = brute_force(heard, memory);
        const bool right = recall.lag() == expected.lag && recall.length() == expected.length &&
                           recall.longest() == std::min(expected.longest, kLongestRun);
        wrong += right ? 0u : 1u;
    }
    INFO("memory " << memory);
    CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("Recall: what followed the earliest of the longest matches") {
    Recall recall(16);
    CHECK(recall.lag() == 0);
    const std::vector<std::uint16_t> keys = {1, 2, 3, 1, 2, 4, 1, 2};
    const std::vector<std::size_t> lags = {0, 0, 0, 3, 3, 0, 6, 6};
    const std::vector<int> lengths = {0, 0, 0, 1, 2, 0, 1, 2};
    for (std::size_t i = 0; i < keys.size(); ++i) {
        recall.hear(keys[i]);
        CHECK(recall.lag() == lags[i]);
        CHECK(recall.length() == lengths[i]);
    }
    recall.hear(4);  // 1 2 4 stood there three keys before
    CHECK(recall.lag() == 3);
    CHECK(recall.length() == 3);
    CHECK(recall.run(3) == 3);
    recall.reset();
    recall.hear(4);
    CHECK(recall.lag() == 0);
    CHECK(recall.longest() == 0);
}

TEST_CASE("Recall: agrees with the definition on random keys of every number and memory") {
    for (const std::uint64_t alphabet : {1u, 2u, 3u, 12u, 60u}) {
        const mgan::Random random(alphabet, "recall");
        std::vector<std::uint16_t> keys;
        for (std::uint64_t i = 0; i < 400; ++i)
            keys.push_back(static_cast<std::uint16_t>(random.integer(i, alphabet)));
        for (const std::size_t memory : {16u, 32u, 128u, 512u})
            check_against_brute_force(keys, memory);
    }
}

TEST_CASE("Recall: agrees with the definition on keys that repeat like music") {
    const StepVocabulary words = steps::plain_vocabulary();
    for (const std::size_t phrase : {3u, 7u, 16u, 40u}) {
        std::vector<std::uint16_t> pitches;
        for (const StepEvent& event : steps::tune(words, phrase, 700, phrase))
            pitches.push_back(static_cast<std::uint16_t>(event.value[words.pitch()]));
        for (const std::size_t memory : {64u, 256u}) check_against_brute_force(pitches, memory);
    }
}

TEST_CASE("Recall: one key for ever neither overflows nor is forgotten") {
    Recall recall(64);
    for (int i = 0; i < 100'000; ++i) recall.hear(0xFFFE);
    CHECK(recall.longest() == kLongestRun);
    CHECK(recall.length() == kRecallCap);
    CHECK(recall.lag() == 63);
}

TEST_CASE("Recall: a memory that is no power of two is refused") {
    for (const std::size_t memory : {0u, 1u, 8u, 100u, 4096u})
        CHECK_THROWS_AS(Recall(memory), mgan::ConfigError);
}
