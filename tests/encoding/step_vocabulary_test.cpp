#include <mgan/core/error.hpp>
#include <mgan/encoding/step_vocabulary.hpp>

#include "songs.hpp"
#include "steps.hpp"

#include <support/catch.hpp>

#include <algorithm>
#include <vector>

using namespace mgan::encoding;
using mgan::midi::Song;

namespace {

/// Neighbours are one step apart, or a ratio of 5/4 at most.
bool is_dense(const std::vector<std::int32_t>& values) {
    for (std::size_t i = 1; i < values.size(); ++i)
        if (values[i] > values[i - 1] + 1 && 4 * values[i] > 5 * values[i - 1]) return false;
    return true;
}

}  // namespace

TEST_CASE("Step vocabulary: the list of times, by hand") {
    const StepVocabularyOptions options;
    const auto values = [&](std::vector<std::pair<std::size_t, std::int64_t>> counts) {
        std::vector<std::int64_t> count(129);
        for (const auto& [value, often] : counts) count[value] = often;
        return time_values(count, options);
    };
    // 1 and the longest always; between them each the greatest within a step or 5/4.
    CHECK(values({{16, 10}}) == std::vector<std::int32_t>{1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 16});
    CHECK(values({{11, 10}, {16, 10}}) ==
          std::vector<std::int32_t>{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 16});
    // 13 has a share of less than 1/2000, 14 has not.
    CHECK(values({{13, 4}, {14, 5}, {16, 9991}}) ==
          std::vector<std::int32_t>{1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16});
    CHECK(values({}) == std::vector<std::int32_t>{1});
    CHECK(values({{0, 5}}) == std::vector<std::int32_t>{1});
}

TEST_CASE("Step vocabulary: at most so many times for their frequency, the shorter of equals") {
    StepVocabularyOptions options;
    options.most_times = 3;
    options.most_ratio = 4.0;
    std::vector<std::int64_t> count(65);
    for (const std::size_t value : {9u, 21u, 33u, 50u, 64u}) count[value] = 7;
    count[50] = 8;
    // 50 for its frequency, 9 and 21 as the shorter ones, 64 as the longest; 1, 2, 3 and on to 9.
    CHECK(time_values(count, options) == std::vector<std::int32_t>{1, 4, 9, 21, 50, 64});
}

TEST_CASE("Step vocabulary: lists are dense, short and ascend on every grid") {
    for (const std::int64_t grid : {24, 12, 8, 6, 3}) {
        std::vector<Song> songs;
        for (const Song& song : songs::corpus(8)) songs.push_back(prepare_steps(song, grid));
        StepVocabularyOptions options;
        options.grid_ticks = grid;
        const StepVocabulary words = StepVocabulary::fit(songs, options);
        INFO("grid " << grid);
        CHECK(words.quarter_steps() == 384 / grid);
        CHECK(words.phase_steps() == 12 * 384 / grid);
        REQUIRE(words.size() == 5);
        for (const std::size_t component : {StepVocabulary::gap(), words.length()}) {
            const std::vector<std::int32_t>& values = words.components()[component].values;
            CHECK(is_dense(values));
            CHECK(values.front() == 1);
            CHECK(values.back() <= 8 * words.quarter_steps());
            CHECK(values.size() <= 96 + 32);
        }
        CHECK(words.components()[words.pitch()].values.size() == 128);
        // What a model file keeps is enough.
        const auto all = words.components();
        CHECK(StepVocabulary(grid, std::vector<StepComponent>(all.begin(), all.end())) == words);
    }
}

TEST_CASE("Step vocabulary: velocities are those that occur often enough") {
    Song song = songs::melody(std::vector<int>(4001, 60));
    song.notes[0].velocity = 1;                                       // 1 of 4001
    for (std::size_t i = 1; i < 4; ++i) song.notes[i].velocity = 90;  // 3 of 4001
    const StepVocabulary words = StepVocabulary::fit(std::vector<Song>{song});
    CHECK(words.components()[words.velocity()].values == std::vector<std::int32_t>{64, 90});
    CHECK(words.value(words.velocity(), words.nearest(words.velocity(), 1)) == 64);
    CHECK(words.value(words.velocity(), words.nearest(words.velocity(), 77)) == 64);
    CHECK(words.value(words.velocity(), words.nearest(words.velocity(), 78)) == 90);
    CHECK(words.value(words.velocity(), words.nearest(words.velocity(), 1'000'000)) == 90);
}

TEST_CASE("Step vocabulary: the nearest value, the lower of two, for every time") {
    std::vector<std::int64_t> count(129);
    count[128] = 1;
    StepComponent gap = {"gap", ComponentKind::gap, time_values(count, {})};
    const StepVocabulary plain = steps::plain_vocabulary();
    std::vector<StepComponent> components(plain.components().begin(), plain.components().end());
    components[1] = gap;
    const StepVocabulary words(24, components);
    for (std::int64_t time = -5; time < 140; ++time) {
        const auto best = std::min_element(gap.values.begin(), gap.values.end(),
                                           [&](std::int64_t a, std::int64_t b) {
                                               return std::abs(a - time) < std::abs(b - time);
                                           });
        CHECK(words.nearest(1, time) == best - gap.values.begin());
    }
}

TEST_CASE("Step vocabulary: components that make no event are refused") {
    const StepVocabulary plain = steps::plain_vocabulary();
    const std::vector<StepComponent> good(plain.components().begin(), plain.components().end());
    CHECK_NOTHROW(StepVocabulary(24, good));
    const auto refuses = [&](auto&& change) {
        std::vector<StepComponent> components = good;
        change(components);
        CHECK_THROWS_AS(StepVocabulary(24, components), mgan::ConfigError);
    };
    refuses([](auto& c) { c.pop_back(); });
    refuses([](auto& c) { std::swap(c[0], c[1]); });
    refuses([](auto& c) { c[3].kind = ComponentKind::pitch; });
    refuses([](auto& c) { c[1].values.clear(); });
    refuses([](auto& c) { c[1].values = {1, 3, 3}; });
    refuses([](auto& c) { c[1].values.front() = 0; });
    refuses([](auto& c) { c[1].values.back() = 257; });
    refuses([](auto& c) { c[2].values.pop_back(); });
    refuses([](auto& c) { c[4].values.back() = 128; });
    refuses([](auto& c) { c.resize(9); });
    CHECK_THROWS_AS(StepVocabulary(25, good), mgan::ConfigError);
    CHECK_THROWS_AS(StepVocabulary::fit({}), mgan::DataError);
    StepVocabularyOptions options;
    options.most_times = 1000;
    CHECK_THROWS_AS(StepVocabulary::fit(std::vector<Song>{songs::melody({60})}, options),
                    mgan::ConfigError);

    // Other orders behind move and gap, and labels, are fine.
    std::vector<StepComponent> other = good;
    std::swap(other[2], other[4]);
    other.push_back({"channel", ComponentKind::label, {0, 5}});
    const StepVocabulary words(24, other);
    CHECK(words.velocity() == 2);
    CHECK(words.length() == 3);
    CHECK(words.pitch() == 4);
    for (const StepComponent& component : good)
        CHECK(component_kind(name(component.kind)) == component.kind);
    CHECK_THROWS_AS(component_kind("dt"), mgan::ConfigError);
}
