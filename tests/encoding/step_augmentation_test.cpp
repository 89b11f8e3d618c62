// Crops in another octave, in other loudness, in half and double time.

#include <mgan/encoding/step_augmentation.hpp>

#include <support/catch.hpp>

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

using namespace mgan;
using namespace mgan::encoding;

namespace {

/// Times up to a whole note, all velocities from 40 to 100 in steps of 5.
StepVocabulary words() {
    std::vector<std::int32_t> times, velocities, pitches;
    for (std::int32_t t = 1; t <= 64; ++t) times.push_back(t);
    for (std::int32_t v = 40; v <= 100; v += 5) velocities.push_back(v);
    for (std::int32_t p = 0; p < 128; ++p) pitches.push_back(p);
    return {24,
            {{"move", ComponentKind::move, {0, 1}},
             {"gap", ComponentKind::gap, times},
             {"pitch", ComponentKind::pitch, pitches},
             {"length", ComponentKind::length, times},
             {"velocity", ComponentKind::velocity, velocities}}};
}

StepSong tune(const StepVocabulary& vocabulary, std::int32_t unit = 4) {
    midi::Song song;
    for (int i = 0; i < 16; ++i)
        song.notes.push_back({24 * unit * (8 + i), 24 * unit * (1 + i % 3), 60 + i % 7, 60, 0});
    return step_events(song, vocabulary);
}

}  // namespace

TEST_CASE("Augmentation: an octave moves every pitch by twelve, and nothing else") {
    const StepVocabulary vocabulary = words();
    for (const int octaves : {-1, 1}) {
        const StepSong before = tune(vocabulary);
        StepSong after = before;
        augment(after, {.octaves = octaves}, vocabulary);
        for (std::size_t i = 0; i < before.events.size(); ++i) {
            StepEvent expected = before.events[i];
            expected.value[vocabulary.pitch()] =
                static_cast<std::int16_t>(expected.value[vocabulary.pitch()] + 12 * octaves);
            CHECK(after.events[i] == expected);
        }
    }
    // There is no octave below the lowest keys of a piano.
    StepSong low = tune(vocabulary);
    for (StepEvent& event : low.events) event.value[vocabulary.pitch()] = 30;
    const StepSong stays = low;
    augment(low, {.octaves = -1}, vocabulary);
    CHECK(low == stays);
}

TEST_CASE("Augmentation: loudness moves within the list, and keeps its differences") {
    const StepVocabulary vocabulary = words();
    StepSong song = tune(vocabulary);
    for (std::size_t i = 0; i < song.events.size(); ++i)
        song.events[i].value[vocabulary.velocity()] = static_cast<std::int16_t>(2 + i % 4);
    for (const auto& [asked, done] : {std::pair(3, 3), {-6, -2}, {6, 6}, {20, 7}}) {
        StepSong louder = song;
        augment(louder, {.velocities = asked}, vocabulary);
        for (std::size_t i = 0; i < song.events.size(); ++i)
            CHECK(louder.events[i].value[vocabulary.velocity()] ==
                  song.events[i].value[vocabulary.velocity()] + done);
    }
}

TEST_CASE("Augmentation: half and double time change every time, or nothing") {
    const StepVocabulary vocabulary = words();
    const StepSong song = tune(vocabulary);
    StepSong fast = song, slow = song;
    augment(fast, {.halvings = 1}, vocabulary);
    augment(slow, {.halvings = -1}, vocabulary);
    CHECK(fast.first_phase == song.first_phase / 2);
    CHECK(slow.first_phase == song.first_phase * 2 % vocabulary.phase_steps());
    for (std::size_t i = 0; i < song.events.size(); ++i) {
        for (const std::size_t c : {StepVocabulary::gap(), vocabulary.length()}) {
            const std::int32_t time = vocabulary.value(c, song.events[i].value[c]);
            CHECK(2 * vocabulary.value(c, fast.events[i].value[c]) == time);
            CHECK(vocabulary.value(c, slow.events[i].value[c]) == 2 * time);
        }
    }
    // Odd times have no halves, the longest no doubles.
    for (const auto& [unit, halvings] : {std::pair(1, 1), {16, -1}}) {
        StepSong stays = tune(vocabulary, unit);
        const StepSong before = stays;
        augment(stays, {.halvings = halvings}, vocabulary);
        CHECK(stays == before);
    }
}

TEST_CASE("Augmentation: each change comes with its probability, both ways alike") {
    const Random random(7, "augmentation");
    int octaves = 0, times = 0, velocities = 0, up = 0, faster = 0;
    double shift = 0.0;
    constexpr int kDraws = 20000;
    for (std::uint64_t place = 0; place < kDraws; ++place) {
        const StepAugmentation drawn = draw_augmentation(random, place, 0.3);
        octaves += drawn.octaves != 0;
        times += drawn.halvings != 0;
        velocities += drawn.velocities != 0;
        up += drawn.octaves > 0;
        faster += drawn.halvings > 0;
        shift += drawn.velocities;
        CHECK(std::abs(drawn.velocities) <= 6);
    }
    // Within five standard deviations, 0.016 for shares of 20,000.
    CHECK(std::abs(octaves / double{kDraws} - 0.3) < 0.016);
    CHECK(std::abs(times / double{kDraws} - 0.3) < 0.016);
    CHECK(std::abs(velocities / double{kDraws} - 0.3 * 12 / 13) < 0.016);
    CHECK(std::abs(up / double{kDraws} - 0.15) < 0.013);
    CHECK(std::abs(faster / double{kDraws} - 0.15) < 0.013);
    CHECK(std::abs(shift / kDraws) < 0.08);
    for (std::uint64_t place = 0; place < 100; ++place) {
        const StepAugmentation none = draw_augmentation(random, place, 0.0);
        CHECK((none.octaves == 0 && none.halvings == 0 && none.velocities == 0));
    }
}
