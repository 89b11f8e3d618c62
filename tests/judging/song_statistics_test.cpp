// The statistics of a window: by hand on small songs, and against NumPy on a dozen.

#include <mgan/judging/song_statistics.hpp>
#include <mgan/layers/parameters.hpp>
#include <support/oracle_file.hpp>

#include <set>

using namespace mgan::judging;

namespace {

/// The statistic of this name.
double value(const std::vector<JudgedNote>& notes, std::string_view name) {
    const std::vector<double> values = measure(notes);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (statistics()[i].name == name) return values[i];
    }
    FAIL("no statistic is named " << name);
    return 0.0;
}

/// C major up and down, a note every four steps, each as long as that.
std::vector<JudgedNote> scale() {
    std::vector<JudgedNote> notes;
    for (const int pitch :
         {60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62, 60, 62, 64, 65, 67, 69, 71})
        notes.push_back({4, 4, pitch, 80});
    return notes;
}

/// Twenty notes: ten times the third c - e, two steps long, every eight steps; e is louder.
std::vector<JudgedNote> thirds() {
    std::vector<JudgedNote> notes;
    for (int i = 0; i < 10; ++i) {
        notes.push_back({i == 0 ? 0 : 8, 2, 60, 60});
        notes.push_back({0, 2, 64, 70});
    }
    return notes;
}

}  // namespace

TEST_CASE("song statistics: a scale has the numbers that one counts by hand") {
    const std::vector<JudgedNote> notes = scale();
    CHECK(value(notes, "gap_4") == 1.0);
    CHECK(value(notes, "gap_8") == 0.0);
    CHECK(value(notes, "gap_values") == 2.0);  // 4, and the 0 of the first note
    CHECK(value(notes, "onsets") == 21.0);
    CHECK(value(notes, "duration") == 80.0);
    CHECK(value(notes, "length_4") == 1.0);
    CHECK(value(notes, "length_log_deviation") == Approx(0.0).margin(1e-12));
    CHECK(value(notes, "legato") == 1.0);
    CHECK(value(notes, "ends_at_onsets") == Approx(20.0 / 21.0));
    CHECK(value(notes, "sounding_most") == 1.0);
    CHECK(value(notes, "chords") == 0.0);
    CHECK(value(notes, "chord_equal_lengths") == -1.0);
    CHECK(value(notes, "pitch_span") == 12.0);
    CHECK(value(notes, "pitch_values") == 8.0);
    CHECK(value(notes, "classes_unused") == 5.0);
    CHECK(value(notes, "major") == 1.0);
    CHECK(value(notes, "step_12") == 0.0);
    CHECK(value(notes, "top_step_1") == Approx(5.0 / 20.0));  // e-f, b-c, c-b, f-e, e-f
    CHECK(value(notes, "top_step_2") == Approx(15.0 / 20.0));
    CHECK(value(notes, "turns") == Approx(2.0 / 19.0));
    CHECK(value(notes, "repeated_gaps_2") == Approx(1.0 - 1.0 / 19.0));
    CHECK(value(notes, "repeated_pitches_6") == Approx(2.0 / 16.0));  // c .. a and d .. b come back
    CHECK(value(notes, "longest_run") == 1.0);
    CHECK(value(notes, "equal_pitch_lag_1") == 0.0);
    CHECK(value(notes, "equal_pitch_lag_2") == Approx(2.0 / 19.0));  // around both turns
    CHECK(value(notes, "equal_velocity_lag_16") == 1.0);
    CHECK(value(notes, "phase_most_4") == 1.0);
    CHECK(value(notes, "phase_entropy_4") == 0.0);
    CHECK(value(notes, "phase_most_8") == Approx(11.0 / 21.0));
    CHECK(value(notes, "velocity_span") == 0.0);
    CHECK(value(notes, "velocity_pitch_correlation") == 0.0);
}

TEST_CASE("song statistics: thirds are chords, detached, and full of repeats") {
    const std::vector<JudgedNote> notes = thirds();
    CHECK(value(notes, "chords") == 1.0);
    CHECK(value(notes, "chords_of_2") == 1.0);
    CHECK(value(notes, "largest_chord") == 2.0);
    CHECK(value(notes, "chord_interval_4") == 1.0);
    CHECK(value(notes, "chord_equal_lengths") == 1.0);
    CHECK(value(notes, "chord_equal_velocities") == 0.0);
    CHECK(value(notes, "gap_0") == Approx(10.0 / 19.0));
    CHECK(value(notes, "onsets") == 10.0);
    CHECK(value(notes, "detached") == 1.0);
    CHECK(value(notes, "legato") == 0.0);
    CHECK(value(notes, "sounding_mean") == 2.0);
    CHECK(value(notes, "restruck") == 0.0);
    CHECK(value(notes, "top_step_0") == 1.0);
    CHECK(value(notes, "step_mean") == 4.0);
    CHECK(value(notes, "turns") == 1.0);
    CHECK(value(notes, "repeated_figures_4") == Approx(1.0 - 2.0 / 16.0));
    CHECK(value(notes, "equal_pitch_lag_2") == 1.0);
    CHECK(value(notes, "velocity_change_most") == 10.0);
    CHECK(value(notes, "velocity_pitch_correlation") == Approx(1.0));
    CHECK(value(notes, "phase_most_8") == 1.0);
    CHECK(value(notes, "phase_most_16") == 0.5);
}

TEST_CASE("song statistics: a key that is struck again while it sounds is counted") {
    std::vector<JudgedNote> notes = scale();
    for (JudgedNote& note : notes) note.pitch = 60;
    CHECK(value(notes, "restruck") == 0.0);
    CHECK(value(notes, "longest_run") == 21.0);
    for (JudgedNote& note : notes) note.length = 6;
    CHECK(value(notes, "restruck") == Approx(20.0 / 21.0));
    CHECK(value(notes, "overlapping") == 1.0);
    CHECK(value(notes, "sounding_most") == 2.0);
}

TEST_CASE("song statistics: the gap before a window plays no part") {
    std::vector<JudgedNote> notes = scale();
    const std::vector<double> before = measure(notes);
    notes.front().gap = 1000;
    CHECK(measure(notes) == before);
}

TEST_CASE(
    "song statistics: names are distinct, every group has some, and too few notes are refused") {
    std::set<std::string> names;
    std::set<StatisticGroup> groups;
    for (const Statistic& one : statistics()) {
        CHECK(names.insert(one.name).second);
        groups.insert(one.group);
    }
    CHECK(groups.size() == kStatisticGroups.size());
    CHECK(measure(scale()).size() == names.size());
    const std::vector<JudgedNote> few(kLeastNotes - 1);
    CHECK_THROWS_WITH(measure(few), Catch::Matchers::Contains("17 notes are too few"));
}

TEST_CASE("song statistics: NumPy finds the same numbers in a dozen songs") {
    const mgan_test::OracleFile oracle("song_statistics");
    for (mgan::Index k = 0; k < 12; ++k) {
        const mgan::Matrix<double>& table = oracle["song_" + std::to_string(k)];
        std::vector<JudgedNote> notes;
        for (mgan::Index i = 0; i < table.rows(); ++i) {
            const auto number = [&](mgan::Index j) { return static_cast<int>(table(i, j)); };
            notes.push_back({number(0), number(1), number(2), number(3)});
        }
        const std::vector<double> values = measure(notes);
        REQUIRE(values.size() == statistics().size());
        for (std::size_t s = 0; s < values.size(); ++s) {
            INFO("song " << k << ", " << statistics()[s].name);
            CHECK(values[s] ==
                  Approx(oracle[statistics()[s].name](0, k)).epsilon(1e-9).margin(1e-9));
        }
    }
}
