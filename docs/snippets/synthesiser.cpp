// The program of docs/synthesiser.md: a note and its gradients by the formulas, compared with
// the library.

#include <mgan/audio/synthesiser.hpp>
#include <mgan/autodiff/gradient_check.hpp>

#include <cmath>
#include <cstdio>
#include <numbers>
#include <string_view>

namespace {

using mgan::Index;
using mgan::Matrix;
using mgan::Vector;

constexpr double kRate = 4000.0;  // samples a second
constexpr double kTwoPi = 2.0 * std::numbers::pi;

/// One note: its samples, and its gradient from that of the samples.
struct Note {
    double onset, length, pitch, velocity;
    double attack = 0.005, release = 0.05, decay = 1.0;  // seconds

    static double ramp(double x) { return x <= 0 ? 0 : x >= 1 ? 1 : x * x * (3 - 2 * x); }
    static double ramp_slope(double x) { return x <= 0 || x >= 1 ? 0 : 6 * x * (1 - x); }
    double omega() const { return kTwoPi * 440.0 * std::exp2((pitch - 69.0) / 12.0); }

    double sample(double time) const {
        const double t = time - onset;
        const double envelope =
            ramp(t / attack) * ramp((length + release - t) / release) * std::exp(-t / decay);
        return velocity / 127.0 * envelope * std::sin(omega() * t);
    }

    Note gradient(const Vector<double>& dx) const {
        Note sum{0, 0, 0, 0};
        for (Index n = 0; n < dx.size(); ++n) {
            const double t = static_cast<double>(n) / kRate - onset;
            const double rise = ramp(t / attack), fall = ramp((length + release - t) / release);
            const double fade = std::exp(-t / decay);
            const double rise_slope = ramp_slope(t / attack) / attack;
            const double fall_slope = -ramp_slope((length + release - t) / release) / release;
            const double envelope = rise * fall * fade;
            const double by_time =
                (rise_slope * fall + rise * fall_slope) * fade - envelope / decay;
            const double by_length = -rise * fall_slope * fade;
            const double sine = std::sin(omega() * t), cosine = std::cos(omega() * t);
            const double loud = velocity / 127.0;
            sum.velocity += dx(n) * envelope * sine / 127.0;
            sum.pitch += dx(n) * loud * envelope * cosine * t * omega() * std::numbers::ln2 / 12.0;
            sum.length += dx(n) * loud * by_length * sine;
            sum.onset -= dx(n) * loud * (by_time * sine + envelope * cosine * omega());
        }
        return sum;
    }
};

/// For docs/pictures/chord.svg: a C major chord of one second, and its spectrum up to 600 Hz.
void print_chord() {
    constexpr Index kSamples = 4000;
    const auto settings = mgan::SynthesiserSettings::at_rate(kRate, kSamples);
    const mgan::Synthesiser<double> synthesiser(settings);
    Matrix<double> tones(4, 3);
    tones << 0.1, 0.15, 0.2,  // onsets: one after the other
        0.5, 0.5, 0.5, 60.0, 64.0, 67.0, 80.0, 80.0, 80.0;
    Vector<double> waveform(kSamples);
    synthesiser.forward(tones, mgan::VectorMap<double>(waveform.data(), kSamples));
    std::printf("kind\tx\ty\n");
    for (Index n = 0; n < kSamples; n += 4)
        std::printf("wave\t%.4f\t%.5f\n", static_cast<double>(n) / kRate, waveform(n));
    for (int hertz = 200; hertz < 470; ++hertz) {  // (F1) and (L1), one bin a hertz
        double re = 0.0, im = 0.0;
        for (Index n = 0; n < kSamples; ++n) {
            const double angle = kTwoPi * hertz * static_cast<double>(n) / kRate;
            re += waveform(n) * std::cos(angle);
            im -= waveform(n) * std::sin(angle);
        }
        std::printf("spectrum\t%d\t%.6f\n", hertz, std::hypot(re, im) / kSamples);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "chord") {
        print_chord();
        return 0;
    }
    const Note note{0.1003, 0.4, 57.3, 90.0};
    const auto settings = mgan::SynthesiserSettings::at_rate(kRate, 4000);
    const mgan::Synthesiser<double> synthesiser(settings);
    Matrix<double> tones(4, 1), d_tones(4, 1);
    tones << note.onset, note.length, note.pitch, note.velocity;

    Vector<double> waveform(4000);
    synthesiser.forward(tones, mgan::VectorMap<double>(waveform.data(), 4000));
    double apart = 0.0;
    for (Index n = 0; n < 4000; ++n)
        apart =
            std::max(apart, std::abs(waveform(n) - note.sample(static_cast<double>(n) / kRate)));
    std::printf("samples: the formula and the oscillators %s\n",
                apart < 1e-12 ? "agree" : "DIFFER");

    const Vector<double> g = mgan::random_matrix(4000, 1, 1);
    synthesiser.backward(tones, mgan::ConstVectorMap<double>(g.data(), 4000), d_tones);
    const Note mine = note.gradient(g);
    const double by_hand[] = {mine.onset, mine.length, mine.pitch, mine.velocity};
    const char* const names[] = {"onset", "length", "pitch", "velocity"};
    bool same = apart < 1e-12;
    for (Index row = 0; row < 4; ++row) {
        const double error = std::abs(d_tones(row) / by_hand[row] - 1.0);
        std::printf("gradient of the %s: %s\n", names[row],
                    error < 1e-9 ? "the same" : "DIFFERENT");
        same = same && error < 1e-9;
    }

    // The numbers of docs/oracles/synthesiser.py: L = sum of x_n^2, dx = 2 x.
    const Note loud = note.gradient(2.0 * waveform);
    const double numbers[] = {loud.onset, loud.length, loud.pitch, loud.velocity};
    for (int row = 0; row < 4; ++row) std::printf("dL/d %-9s %13.6f\n", names[row], numbers[row]);
    return same ? 0 : 1;
}
