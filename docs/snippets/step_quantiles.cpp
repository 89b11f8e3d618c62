// The program of docs/step-quantiles.md: pitches from levels, and levels from pitches.

#include "print.hpp"

#include <mgan/core/random.hpp>
#include <mgan/layers/categorical.hpp>

#include <array>
#include <cstdio>

namespace {

using mgan::Index;

constexpr const char* kNames[] = {"C", "D", "E", "F", "G", "A", "B"};

/// A net in miniature: from each of seven pitches, logits for the next. Steps are likelier than
/// leaps, and B must not follow F.
mgan::Vector<float> logits_after(Index pitch) {
    mgan::Vector<float> logits(7);
    for (Index next = 0; next < 7; ++next)
        logits(next) = next == pitch ? -1.5f : -0.8f * static_cast<float>(std::abs(next - pitch));
    if (pitch == 3) logits(6) = mgan::kMasked<float>;
    return logits;
}

/// The numbers of docs/oracles/step-quantiles.py.
void print_numbers() {
    mgan::Matrix<double> a(4, 1), p(4, 1), da(4, 1);
    a << 1.0, -0.5, 2.0, 0.25;
    constexpr double kTau = 0.8;
    mgan::softmax<double>(a, p, kTau);
    mgan::Vector<double> staircase(4);
    for (Index v = 0; v < 4; ++v) staircase(v) = mgan::interval(a.col(0), v, kTau).end;
    print_row("p", p);
    print_row("F", staircase);
    std::printf("v     ");
    for (const double z : {0.0, 0.2, 0.5, 0.99})
        std::printf("%11d", static_cast<int>(mgan::quantile(a.col(0), z, kTau)));
    const std::array<Index, 1> target = {3};
    (void)mgan::softmax_cross_entropy<double>(a, target, 1.0, da, kTau);
    std::printf("\n");
    print_row("da", da);
}

}  // namespace

int main() {
    print_numbers();
    const mgan::Vector<float> logits = logits_after(3);
    for (Index v = 0; v < 7; ++v) {
        const mgan::LevelInterval part = mgan::interval(logits, v);
        if (part.empty()) {
            std::printf("%s  never\n", kNames[v]);
        } else {
            std::printf("%s  [%.3f, %.3f)\n", kNames[v], part.begin, part.end);
        }
    }
    std::printf("z = 0.5 after F: %s\n", kNames[mgan::quantile(logits, 0.5)]);

    // A melody from uniform levels ...
    const mgan::Random random(1, "melody");
    std::array<Index, 16> melody{};
    Index pitch = 0;
    for (std::size_t t = 0; t < melody.size(); ++t) {
        pitch = mgan::quantile(logits_after(pitch), random.uniform(t));
        melody[t] = pitch;
    }
    std::printf("melody:");
    for (const Index p : melody) std::printf(" %s", kNames[p]);

    // ... and from the melody, levels that give it again.
    std::array<double, 16> levels{};
    pitch = 0;
    for (std::size_t t = 0; t < melody.size(); ++t) {
        levels[t] = mgan::interval(logits_after(pitch), melody[t]).at(random.at(1).uniform(t));
        pitch = melody[t];
    }
    bool same = true;
    pitch = 0;
    for (std::size_t t = 0; t < melody.size(); ++t) {
        pitch = mgan::quantile(logits_after(pitch), levels[t]);
        same = same && pitch == melody[t];
    }
    std::printf("\nfrom its own levels: %s\n", same ? "the same melody" : "ANOTHER MELODY");
    return same ? 0 : 1;
}
