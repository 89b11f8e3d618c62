// What the synthesiser promises besides its gradients.

#include <mgan/audio/note_matrix.hpp>
#include <mgan/audio/synthesiser.hpp>
#include <mgan/core/random.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <limits>
#include <numbers>

using mgan::Index;
using mgan::Matrix;
using mgan::Synthesiser;
using mgan::SynthesiserSettings;
using mgan::Vector;

namespace {

template <typename Scalar>
Vector<Scalar> render(const SynthesiserSettings& settings, const Matrix<Scalar>& notes) {
    const Synthesiser<Scalar> synthesiser(settings);
    Vector<Scalar> waveform =
        Vector<Scalar>::Constant(synthesiser.samples(), std::numeric_limits<Scalar>::quiet_NaN());
    synthesiser.forward(notes, mgan::VectorMap<Scalar>(waveform.data(), waveform.size()));
    return waveform;
}

template <typename Scalar>
Matrix<Scalar> gradient(const SynthesiserSettings& settings, const Matrix<Scalar>& notes) {
    const Synthesiser<Scalar> synthesiser(settings);
    const Vector<Scalar> g = Vector<Scalar>::Ones(synthesiser.samples());
    Matrix<Scalar> d_notes(4, notes.cols());
    synthesiser.backward(notes, mgan::ConstVectorMap<Scalar>(g.data(), g.size()), d_notes);
    return d_notes;
}

template <typename Scalar = double>
Matrix<Scalar> note(double onset, double length, double pitch, double velocity) {
    Matrix<Scalar> notes(4, 1);
    notes << static_cast<Scalar>(onset), static_cast<Scalar>(length), static_cast<Scalar>(pitch),
        static_cast<Scalar>(velocity);
    return notes;
}

const SynthesiserSettings kOneSecond = SynthesiserSettings::at_rate(8000.0, 8000);

/// Equation (1), one note at one time, with the sine of the library.
double formula(const SynthesiserSettings& settings, const Matrix<double>& notes, double time) {
    const double t = time - notes(0), pitch = notes(2);
    const double omega = 2.0 * std::numbers::pi * 440.0 * std::exp2((pitch - 69.0) / 12.0);
    double sum = 0.0;
    for (std::int64_t k = 1; k <= settings.partials; ++k) {
        const double partial = static_cast<double>(k);
        if (partial * omega < std::numbers::pi * settings.sample_rate())
            sum += std::pow(partial, -settings.rolloff) * std::sin(partial * omega * t);
    }
    return notes(3) / 127.0 * mgan::envelope_at(settings.envelope, t, notes(1)) * sum;
}

Matrix<double> random_song(Index notes) {
    const mgan::Random random(3, "synthesiser_test");
    Matrix<double> song(4, notes);
    std::uint64_t n = 0;
    for (Index i = 0; i < notes; ++i) {
        song(0, i) = random.uniform(n++, -0.5, 60.0);
        song(1, i) = random.uniform(n++, 0.0, 6.0);
        song(2, i) = random.uniform(n++, 21.0, 94.0);
        song(3, i) = random.uniform(n++, 1.0, 127.0);
    }
    return song;
}

}  // namespace

TEST_CASE("Synthesiser: recurrence oscillators stay with the sine, in double and in float") {
    // Each note alone, so that the bound is one of a single oscillator: 4e-6 of its amplitude.
    const SynthesiserSettings settings;
    const Matrix<double> song = random_song(12).cast<float>().cast<double>();
    for (Index i = 0; i < song.cols(); ++i) {
        const Matrix<double> notes = song.col(i);
        const Vector<double> in_double = render<double>(settings, notes);
        const Vector<float> in_float = render<float>(settings, notes.cast<float>());
        const double amplitude = notes(3) / 127.0;
        double error = 0.0, error_float = 0.0;
        for (Index n = 0; n < in_double.size(); ++n) {
            const double expected =
                formula(settings, notes, static_cast<double>(n) / settings.sample_rate());
            error = std::max(error, std::abs(in_double(n) - expected));
            error_float =
                std::max(error_float, std::abs(static_cast<double>(in_float(n)) - expected));
        }
        INFO("note " << notes.transpose());
        CHECK(error <= 2e-11 * amplitude);  // the phase itself: 8e4 rad, to 16 digits
        CHECK(error_float <= 4e-6 * amplitude);
    }
}

TEST_CASE("Synthesiser: partials above half the sample rate are silent, and so is their gradient") {
    SynthesiserSettings settings = kOneSecond;
    // MIDI 107 is 3951 Hz, 108 is 4186.
    CHECK_FALSE(render<double>(settings, note(0.1, 0.5, 107.0, 100.0)).isZero(0.0));
    CHECK(render<double>(settings, note(0.1, 0.5, 108.0, 100.0)).isZero(0.0));
    CHECK(gradient<double>(settings, note(0.1, 0.5, 108.0, 100.0)).isZero(0.0));
    // Exactly half of it: 440 Hz at 880.
    CHECK(render<double>(SynthesiserSettings::at_rate(880.0, 880), note(0.1, 0.5, 69.0, 100.0))
              .isZero(0.0));
    // The third partial of 69 + 24 (1760 Hz) would be at 5280 Hz.
    settings.partials = 3;
    SynthesiserSettings two = settings;
    two.partials = 2;
    CHECK(render<double>(settings, note(0.1, 0.5, 93.0, 100.0)) ==
          render<double>(two, note(0.1, 0.5, 93.0, 100.0)));
}

TEST_CASE("Synthesiser: the same notes give the same bits, and a song is the sum of its notes") {
    const SynthesiserSettings settings = SynthesiserSettings::at_rate(1000.0, 20000);
    const Matrix<float> song = random_song(9).cast<float>();
    const Vector<float> together = render<float>(settings, song);
    CHECK(together == render<float>(settings, song));
    Vector<float> sum = Vector<float>::Zero(together.size());
    for (Index i = 0; i < song.cols(); ++i) sum += render<float>(settings, song.col(i));
    CHECK(together == sum);
    CHECK(render<float>(settings, Matrix<float>(4, 0)).isZero(0.0F));
}

TEST_CASE("Synthesiser: a note is silent before its onset and after its release") {
    const Vector<double> x = render<double>(kOneSecond, note(0.25, 0.5, 69.0, 127.0));
    CHECK(x.head(2000).isZero(0.0));
    CHECK(std::abs(x(2000)) < 1e-20);  // at the onset: 0 but for the rounding of its time
    CHECK(x.tail(8000 - 6400).isZero(0.0));
    CHECK(x.segment(2001, 4390).cwiseAbs().maxCoeff() > 0.9);
}

TEST_CASE("Synthesiser: what is no note is cut, clamped or refused, and nothing is undefined") {
    const double inf = std::numeric_limits<double>::infinity(), huge = 1e300;
    const auto is_silent = [](const Matrix<double>& notes) {
        return render<double>(kOneSecond, notes).isZero(0.0) &&
               gradient<double>(kOneSecond, notes).isZero(0.0);
    };
    for (const double never : {inf, huge, 2.0, -2.0, -huge, -inf})
        CHECK(is_silent(note(never, 0.5, 60.0, 100.0)));
    CHECK(is_silent(note(0.1, 0.5, inf, 100.0)));
    CHECK(is_silent(note(0.1, 0.5, huge, 100.0)));
    CHECK(is_silent(note(0.1, 0.5, -inf, 100.0)));  // 0 Hz
    // Endless is until the end; a negative length is none, with no gradient.
    CHECK(render<double>(kOneSecond, note(0.1, inf, 60.0, 100.0)) ==
          render<double>(kOneSecond, note(0.1, 50.0, 60.0, 100.0)));
    CHECK(render<double>(kOneSecond, note(0.1, -huge, 60.0, 100.0)) ==
          render<double>(kOneSecond, note(0.1, 0.0, 60.0, 100.0)));
    CHECK(gradient<double>(kOneSecond, note(0.1, -0.1, 60.0, 100.0))(1) == 0.0);
    CHECK(gradient<double>(kOneSecond, note(0.1, 0.01, 60.0, 100.0))(1) != 0.0);
    CHECK(render<double>(kOneSecond, note(0.1, 0.5, 60.0, -64.0)) ==
          -render<double>(kOneSecond, note(0.1, 0.5, 60.0, 64.0)));

    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (Index row = 0; row < 4; ++row) {
        Matrix<double> notes = note(0.1, 0.5, 60.0, 100.0);
        notes(row) = nan;
        CHECK_THROWS_AS(render<double>(kOneSecond, notes), mgan::NumericalError);
        CHECK_THROWS_AS(gradient<double>(kOneSecond, notes), mgan::NumericalError);
    }
    CHECK_THROWS_WITH(render<double>(kOneSecond, note(0.1, 0.5, 60.0, inf)),
                      "Synthesiser::forward: the velocity of note 0 is inf");
}

TEST_CASE("Synthesiser: wrong shapes and settings are refused by name") {
    CHECK_THROWS_WITH(render<double>(kOneSecond, Matrix<double>::Zero(3, 2)),
                      "Synthesiser::forward: notes has 3 rows, expected 4 (onset, length, pitch, "
                      "velocity)");
    const Synthesiser<float> synthesiser(kOneSecond);
    Vector<float> x(7);
    CHECK_THROWS_AS(synthesiser.forward(Matrix<float>(4, 1).setZero(),
                                        mgan::VectorMap<float>(x.data(), x.size())),
                    mgan::ShapeError);
    const auto refuses = [](auto change) {
        SynthesiserSettings settings;
        change(settings);
        CHECK_THROWS_AS(Synthesiser<float>(settings), mgan::ConfigError);
    };
    refuses([](auto& s) { s.samples = 0; });
    refuses([](auto& s) { s.duration = 0.0; });
    refuses([](auto& s) { s.duration = std::numeric_limits<double>::quiet_NaN(); });
    refuses([](auto& s) { s.partials = 0; });
    refuses([](auto& s) { s.rolloff = -1.0; });
    refuses([](auto& s) { s.envelope.attack = 0.0; });
    refuses([](auto& s) { s.envelope.release = -1.0; });
    refuses([](auto& s) { s.envelope.decay = 0.0; });
}

TEST_CASE("Synthesiser: its settings describe themselves, part by part") {
    SynthesiserSettings settings;
    std::string keys;
    for (const mgan::Setting& setting : mgan::list_settings(settings)) keys += setting.key + " ";
    CHECK(keys ==
          "samples duration partials rolloff envelope.attack envelope.release envelope.decay ");
    CHECK(std::abs(settings.sample_rate() - 4172.15) < 0.01);
}

TEST_CASE("Notes: differences of onsets add up, 768 ticks a second") {
    Matrix<float> events(4, 3), notes(4, 3), d_events(4, 3);
    events << 0, 384, 768, 192, 96, 48, 60, 64, 67, 90, 80, 70;
    mgan::notes_from_events<float>(events, notes);
    Matrix<float> expected(4, 3);
    expected << 0.0F, 0.5F, 1.5F, 0.25F, 0.125F, 0.0625F, 60, 64, 67, 90, 80, 70;
    CHECK(notes == expected);
    // A difference moves its own note and all that follow.
    Matrix<float> d_notes(4, 3);
    d_notes << 768, 1536, 3072, 768, 0, 768, 1, 2, 3, 4, 5, 6;
    mgan::notes_from_events_backward<float>(d_notes, d_events);
    expected << 7, 6, 4, 1, 0, 1, 1, 2, 3, 4, 5, 6;
    CHECK(d_events == expected);
    CHECK_THROWS_AS(mgan::notes_from_events<float>(events, notes.leftCols(2)), mgan::ShapeError);
}
