// The words for controls, and the hand-over of controls between threads.

#include <mgan/player/controls.hpp>
#include <mgan/player/handover.hpp>

#include <support/catch.hpp>

#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

using namespace mgan;

TEST_CASE("Controls: scales by name") {
    const auto classes = [](const char* text) {
        std::vector<int> all;
        const auto scale = scale_of(text);
        REQUIRE(scale.has_value());
        for (int c = 0; c < 12; ++c)
            if ((*scale >> c & 1u) != 0) all.push_back(c);
        return all;
    };
    CHECK(classes("C major") == std::vector{0, 2, 4, 5, 7, 9, 11});
    CHECK(classes("A minor") == std::vector{0, 2, 4, 5, 7, 9, 11});
    CHECK(classes("D dorian") == std::vector{0, 2, 4, 5, 7, 9, 11});
    CHECK(classes("E phrygian") == std::vector{0, 2, 4, 5, 7, 9, 11});
    CHECK(classes("F lydian") == std::vector{0, 2, 4, 5, 7, 9, 11});
    CHECK(classes("G mixolydian") == std::vector{0, 2, 4, 5, 7, 9, 11});
    CHECK(classes("B locrian") == std::vector{0, 2, 4, 5, 7, 9, 11});
    CHECK(classes("A harmonic") == std::vector{0, 2, 4, 5, 8, 9, 11});
    CHECK(classes("Bb major") == std::vector{0, 2, 3, 5, 7, 9, 10});
    CHECK(classes("A# MAJOR") == classes("Bb major"));
    CHECK(classes("cb whole") == std::vector{1, 3, 5, 7, 9, 11});
    CHECK(classes("C pentatonic") == std::vector{0, 2, 4, 7, 9});
    CHECK(classes("C blues") == std::vector{0, 3, 5, 6, 7, 10});
    CHECK(classes("G chromatic").size() == 12);
    for (const char* wrong :
         {"", "C", "H major", "C majors", "Cmajor", "C  ", "major", "C# ## major"})
        CHECK_FALSE(scale_of(wrong).has_value());
}

TEST_CASE("Controls: notes and ranges by name") {
    CHECK(note_number("C4") == 60);
    CHECK(note_number("60") == 60);
    CHECK(note_number("A0") == 21);
    CHECK(note_number("C-1") == 0);
    CHECK(note_number("G9") == 127);
    CHECK(note_number("Bb3") == 58);
    CHECK(note_number("f#2") == 42);
    CHECK(note_number("Cb4") == 59);
    CHECK(note_number("B#3") == 60);
    for (const char* wrong : {"", "C", "G#9", "128", "-1", "C4 ", "x", "4C", "C10", "B#9", "Cb-1"})
        CHECK_FALSE(note_number(wrong).has_value());
    CHECK(note_range("C3-C6") == std::pair(48, 84));
    CHECK(note_range("48-84") == std::pair(48, 84));
    CHECK(note_range("C-1-G9") == std::pair(0, 127));
    CHECK(note_range("C4-C4") == std::pair(60, 60));
    for (const char* wrong : {"", "C3", "C6-C3", "C3-", "-C3", "C3--C6", "C3-C6-"})
        CHECK_FALSE(note_range(wrong).has_value());
}

TEST_CASE("Controls: numbers by name") {
    PlayerControls controls;
    CHECK(set_control(controls, "temperature", 0.8));
    CHECK(set_control(controls, "scale", 0b101010110101));
    CHECK(set_control(controls, "low", 36));
    CHECK(set_control(controls, "high", 84));
    CHECK(set_control(controls, "level.pitch.low", 0.5));
    CHECK(set_control(controls, "level.velocity.high", 0.75));
    CHECK(set_control(controls, "style.pitch_mean", 1.0));
    CHECK(set_control(controls, "style.density", 2.0));
    CHECK(controls.temperature == 0.8);
    CHECK(controls.scale == *scale_of("C major"));
    CHECK(controls.levels[1].low == 0.5);
    CHECK(controls.levels[3].high == 0.75);
    CHECK(controls.style[static_cast<std::size_t>(encoding::StyleAxis::time_mean)] == -2.0);
    const PlayerControls before = controls;
    CHECK_FALSE(set_control(controls, "tempo", 100));
    CHECK_FALSE(set_control(controls, "scale", 0));
    CHECK_FALSE(set_control(controls, "scale", -1));
    CHECK_FALSE(set_control(controls, "scale", 4096));
    CHECK_FALSE(set_control(controls, "transpose", 0.5));
    CHECK_FALSE(set_control(controls, "transpose", 49));
    CHECK_FALSE(set_control(controls, "low", 85));
    CHECK_FALSE(set_control(controls, "density", 0));
    CHECK_FALSE(set_control(controls, "density", std::numeric_limits<double>::quiet_NaN()));
    CHECK_FALSE(set_control(controls, "voices", 1e300));
    CHECK_FALSE(set_control(controls, "style.funk", 1));
    CHECK_FALSE(set_control(controls, "style.density", 11));
    CHECK_FALSE(set_control(controls, "level.pitch.mid", 0.5));
    CHECK_FALSE(set_control(controls, "level.pitch.low", 1.5));
    CHECK_FALSE(set_control(controls, "level.", 0.5));
    CHECK_FALSE(set_control(controls, "", 1));
    CHECK(controls == before);
    CHECK(set_control(controls, "style.density", std::numeric_limits<double>::quiet_NaN()));
    CHECK_FALSE(controls == before);
}

TEST_CASE("Handover: the reader gets whole values, the last one in the end") {
    struct Pair {
        std::uint64_t a = 0, b = 0;
        std::array<std::uint64_t, 30> rest{};
    };
    Handover<Pair> handover;
    Pair read;
    CHECK_FALSE(handover.take(read));
    constexpr std::uint64_t kCount = 200'000;
    std::thread writer([&] {
        for (std::uint64_t i = 1; i <= kCount; ++i) {
            Pair value{i, 2 * i, {}};
            value.rest.fill(i);
            handover.put(value);
        }
    });
    bool whole = true;
    std::uint64_t last = 0;
    while (last < kCount) {
        if (!handover.take(read)) continue;
        whole = whole && read.b == 2 * read.a && read.a > last;
        for (const std::uint64_t one : read.rest) whole = whole && one == read.a;
        last = read.a;
    }
    writer.join();
    CHECK(whole);
    CHECK_FALSE(handover.take(read));
}
