// What the frequency converter promises besides its gradients.

#include <mgan/audio/frequency_converter.hpp>
#include <mgan/audio/synthesiser.hpp>
#include <mgan/autodiff/gradient_check.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <numbers>
#include <thread>
#include <vector>

using mgan::FrequencyBand;
using mgan::FrequencyConverter;
using mgan::FrequencyConverterSettings;
using mgan::Index;
using mgan::Matrix;
using mgan::Vector;

namespace {

/// A sine of amplitude 1 over N samples at `hertz`.
Vector<double> sine(Index samples, double rate, double hertz) {
    Vector<double> x(samples);
    for (Index n = 0; n < samples; ++n)
        x(n) = std::sin(2.0 * std::numbers::pi * hertz * static_cast<double>(n) / rate);
    return x;
}

template <typename Scalar>
Matrix<Scalar> convert(const FrequencyConverter<Scalar>& converter, const Matrix<Scalar>& x) {
    Matrix<Scalar> values(converter.values(), x.cols());
    typename FrequencyConverter<Scalar>::Cache cache;
    converter.forward(x, values, cache);
    return values;
}

constexpr FrequencyBand kBands[] = {FrequencyBand::low_pass, FrequencyBand::full,
                                    FrequencyBand::windows};

FrequencyConverterSettings small(FrequencyBand band) {
    FrequencyConverterSettings settings;
    settings.band = band;
    settings.highest = 900.0;
    settings.values = band == FrequencyBand::full ? 100 : 0;
    return settings;
}

}  // namespace

TEST_CASE("Frequency converter: the paper's band is 5000 values, 0.1 rad/s apart") {
    const mgan::SynthesiserSettings sound;
    const FrequencyConverter<float> converter({}, sound.samples, sound.sample_rate());
    CHECK(converter.values() == 5000);
    const auto ranges = mgan::low_pass_ranges(250.0, 0, sound.samples, sound.duration);
    CHECK(ranges.front().first == -2500);
    CHECK(ranges[2500].first == 0);
    CHECK(ranges.back().last == 2500);
    const double spacing = 2.0 * std::numbers::pi / sound.duration;
    CHECK(std::abs(spacing - 0.1) < 1e-15);
}

TEST_CASE("Low pass: a planted sine is in its bin and the mirror's, with half its amplitude") {
    const Index samples = 1 << 12;
    const double rate = 1024.0;  // 4 s, bins of 1/4 Hz
    FrequencyConverterSettings settings;
    settings.cutoff = 2.0 * std::numbers::pi * 100.0;
    const FrequencyConverter<double> converter(settings, samples, rate);
    REQUIRE(converter.values() == 800);
    const Matrix<double> values = convert<double>(
        converter, 0.6 * sine(samples, rate, 33.25) + Vector<double>::Constant(samples, 0.2) +
                       sine(samples, rate, 150.0));
    Vector<double> expected = Vector<double>::Zero(800);
    expected(400) = 0.2;                              // zero frequency, in the middle
    expected(400 + 133) = expected(400 - 133) = 0.3;  // 33.25 Hz; that of 150 Hz is cut off
    CHECK((values - expected).cwiseAbs().maxCoeff() <= 1e-13);
}

TEST_CASE("Low pass: fewer values are means of neighbouring bins") {
    const Matrix<double> x = mgan::random_matrix(256, 1, 1);
    FrequencyConverterSettings settings;
    settings.cutoff = 40.0 * std::numbers::pi;
    const Matrix<double> all = convert<double>(FrequencyConverter<double>(settings, 256, 256.0), x);
    REQUIRE(all.rows() == 40);
    settings.values = 10;
    const Matrix<double> tens =
        convert<double>(FrequencyConverter<double>(settings, 256, 256.0), x);
    for (Index j = 0; j < 10; ++j)
        CHECK(std::abs(tens(j) - all.block(4 * j, 0, 4, 1).mean()) <= 1e-15);
}

TEST_CASE("Full band: a semitone is as wide at the bottom as at the top") {
    const auto ranges =
        mgan::logarithmic_ranges(20.0, 2000.0, 2500, 1 << 18, 20.0 * std::numbers::pi);
    REQUIRE(ranges.size() == 2500);
    CHECK(ranges.front().first == 1257);  // 20 Hz x 62.83 s
    CHECK(ranges.back().last == 125664);  // 2000 Hz
    const auto value_at = [&](double hertz) {
        const double bin = hertz * 20.0 * std::numbers::pi;
        Index j = 0;
        while (static_cast<double>(ranges[static_cast<std::size_t>(j)].last) <= bin) ++j;
        return j;
    };
    const Index low = value_at(110.0) - value_at(55.0), high = value_at(1760.0) - value_at(880.0);
    CHECK(std::abs(static_cast<double>(low - high)) <= 3.0);
    for (std::size_t j = 0; j + 1 < ranges.size(); ++j)
        CHECK(ranges[j].last == ranges[j + 1].first);
}

TEST_CASE("Windows: a note is a hill over its pitch while it sounds, equally high everywhere") {
    const Index samples = 1 << 14;
    const double rate = 8192.0;
    const FrequencyConverter<double> converter({.band = FrequencyBand::windows}, samples, rate);
    const Index pitches = converter.values_per_window();
    REQUIRE(pitches == 80);
    double lowest_hill = 1e9, highest_hill = 0.0;
    for (const Index semitone : {30, 45, 60, 70}) {
        const double span = 12.0 * std::log2(100.0) / 79.0 * static_cast<double>(semitone);
        Vector<double> x = sine(samples, rate, 20.0 * std::exp2(span / 12.0));
        x.tail(samples / 2).setZero();
        const Matrix<double> values =
            convert<double>(converter, x).reshaped(pitches, converter.values() / pitches);
        Index where = 0;
        const double top = values.col(1).maxCoeff(&where);
        CHECK(where == semitone);
        lowest_hill = std::min(lowest_hill, top);
        highest_hill = std::max(highest_hill, top);
        CHECK(values.rightCols(2).isZero(0.0));
    }
    CHECK(highest_hill < 1.25 * lowest_hill);
}

TEST_CASE("Frequency converter: a song's values do not depend on its batch or its thread") {
    const Matrix<float> x = mgan::random_matrix<float>(2048, 3, 2);
    for (const FrequencyBand band : kBands) {
        const FrequencyConverter<float> converter(small(band), 2048, 2048.0);
        const Matrix<float> together = convert(converter, x);
        std::vector<Matrix<float>> alone(3);
        std::vector<std::thread> threads;
        for (std::size_t b = 0; b < 3; ++b)
            threads.emplace_back(
                [&, b] { alone[b] = convert<float>(converter, x.col(static_cast<Index>(b))); });
        for (std::thread& thread : threads) thread.join();
        for (std::size_t b = 0; b < 3; ++b) CHECK(alone[b] == together.col(static_cast<Index>(b)));
    }
}

TEST_CASE("Frequency converter: with the constants of fit, training songs have the promised size") {
    const Matrix<double> songs = mgan::random_matrix(2048, 5, 3);
    for (const FrequencyBand band : kBands) {
        FrequencyConverterSettings settings = small(band);
        FrequencyConverter<double> plain(settings, 2048, 2048.0);
        plain.set_scale(plain.fit(songs));
        CHECK(plain.scale().mean == 0.0);
        CHECK(plain.scale().deviation == 1.0);
        CHECK(std::abs(convert(plain, songs).array().square().mean() - 1.0) <= 1e-12);
        settings.logarithm = true;
        FrequencyConverter<double> log(settings, 2048, 2048.0);
        log.set_scale(log.fit(songs));
        CHECK(log.scale().rms == plain.scale().rms);
        const Matrix<double> values = convert(log, songs);
        CHECK(std::abs(values.mean()) <= 1e-10);
        CHECK(std::abs(values.array().square().mean() - 1.0) <= 1e-10);
    }
}

TEST_CASE("Frequency converter: silence cannot be fitted, nor can nothing") {
    const FrequencyConverter<float> converter(small(FrequencyBand::full), 2048, 2048.0);
    CHECK_THROWS_AS(converter.fit(Matrix<float>::Zero(2048, 2).eval()), mgan::DataError);
    CHECK_THROWS_AS(converter.fit(Matrix<float>(2048, 0)), mgan::DataError);
    CHECK_THROWS_AS(converter.fit(Matrix<float>::Constant(2048, 1, std::nanf("")).eval()),
                    mgan::DataError);
}

TEST_CASE("Frequency converter: wrong shapes and settings are refused by name") {
    const FrequencyConverter<float> converter(small(FrequencyBand::full), 2048, 2048.0);
    FrequencyConverter<float>::Cache cache;
    Matrix<float> values(100, 2);
    CHECK_THROWS_WITH(converter.forward(Matrix<float>::Zero(2000, 2).eval(), values, cache),
                      "FrequencyConverter::forward: waveforms has 2000 samples, expected 2048");
    CHECK_THROWS_WITH(converter.forward(Matrix<float>::Zero(2048, 3).eval(), values, cache),
                      "FrequencyConverter::forward: values has 2 songs, expected 3");
    const auto refuses = [](auto change) {
        FrequencyConverterSettings settings;
        change(settings);
        CHECK_THROWS_AS(FrequencyConverter<float>(settings, 2048, 2048.0), mgan::ConfigError);
    };
    refuses([](auto& s) { s.cutoff = 0.1; });                // no bin at all
    refuses([](auto& s) { s.cutoff = 10000.0; });            // beyond half the sample rate
    refuses([](auto& s) { s.values = 1000; });               // more than there are bins
    refuses([](auto& s) { s.band = FrequencyBand::full; });  // 2000 Hz of 1024
    refuses([](auto& s) { s.band = FrequencyBand::windows; });
    refuses([](auto& s) { s = small(FrequencyBand::windows), s.window = 2.0; });
    FrequencyConverter<float> other = converter;
    CHECK_THROWS_AS(other.set_scale({.rms = 0.0}), mgan::ConfigError);
    CHECK_THROWS_AS(other.set_scale({.rms = 1.0, .mean = 0.0, .deviation = std::nan("")}),
                    mgan::ConfigError);
}
