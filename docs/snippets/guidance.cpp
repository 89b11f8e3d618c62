// The program of docs/guidance.md: importance sampling and resampling, on songs of one, two and
// many notes.

#include <mgan/core/random.hpp>
#include <mgan/generation/step_particles.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

using Numbers = std::vector<double>;

/// n are drawn from q, and one of them is taken in proportion to its weight: which, how often? Adds
/// up all ways to draw n, one after the other. `drawn` are those of the first outcomes, `left` are
/// to come, `chance` is q^drawn / drawn! so far.
void add_ways(const Numbers& q, const Numbers& w, std::vector<int>& drawn, int left, double chance,
              Numbers& taken) {
    const std::size_t v = drawn.size();
    if (v + 1 < q.size()) {
        for (int count = 0; count <= left; ++count) {
            drawn.push_back(count);
            add_ways(q, w, drawn, left - count,
                     chance * std::pow(q[v], count) / std::tgamma(count + 1.0), taken);
            drawn.pop_back();
        }
        return;
    }
    drawn.push_back(left);
    chance *= std::pow(q[v], left) / std::tgamma(left + 1.0);
    double sum = 0.0;
    for (std::size_t i = 0; i < w.size(); ++i) sum += drawn[i] * w[i];
    for (std::size_t i = 0; i < w.size(); ++i) taken[i] += chance * drawn[i] * w[i] / sum;
    drawn.pop_back();
}

Numbers taken_of(int n, const Numbers& q, const Numbers& w) {
    Numbers taken(q.size(), 0.0);
    std::vector<int> drawn;
    add_ways(q, w, drawn, n, std::tgamma(n + 1.0), taken);
    return taken;
}

/// Songs of two notes, C E, C G, F E, F G, by n candidates for each note. `gain`: of C and F, then
/// of the four second notes, as factors e^gain.
Numbers by_candidates(int n, const Numbers& first, const Numbers& second) {
    const Numbers half = {0.5, 0.5};
    const Numbers a = taken_of(n, half, first);
    Numbers songs;
    for (std::size_t i = 0; i < 2; ++i)
        for (const double b : taken_of(n, half, {second[2 * i], second[2 * i + 1]}))
            songs.push_back(a[i] * b);
    return songs;
}

void print_songs(const char* name, const Numbers& songs) {
    std::printf("%-34s", name);
    for (const double song : songs) std::printf("  %.3f", song);
    std::printf("\n");
}

double effective(const Numbers& w) {
    double sum = 0.0, squares = 0.0;
    for (const double x : w) {
        sum += x;
        squares += x * x;
    }
    return sum * sum / squares;  // 1 / sum W^2 with W = w / sum
}

/// What came of songs that grew side by side.
struct Grown {
    double high = 0.0;       // share of high notes in the song that is left
    double effective = 0.0;  // number of particles at the end
    double ancestors = 0.0;  // first notes that particles at the end still have
};

/// K particles of T notes, high or low; w = 3/2 for a high one, 1/2 for a low one. Means of many
/// songs.
Grown grow(std::size_t particles, int length, bool resample) {
    constexpr int kSongs = 2000;
    Grown mean;
    for (std::uint64_t song = 0; song < kSongs; ++song) {
        const mgan::Random random(1, "toy", song);
        std::uint64_t next = 0;
        Numbers w(particles, 1.0), high(particles, 0.0);
        std::vector<std::size_t> ancestor(particles);
        for (std::size_t k = 0; k < particles; ++k) ancestor[k] = k;
        for (int t = 0; t < length; ++t) {
            for (std::size_t k = 0; k < particles; ++k) {
                const bool up = random.uniform(next++) < 0.5;
                high[k] += up ? 1.0 : 0.0;
                w[k] *= up ? 1.5 : 0.5;  // w_t = w_{t-1} e^gain
            }
            if (!resample || t + 1 == length) continue;
            if (effective(w) >= static_cast<double>(particles) / 2.0) continue;
            const std::vector<std::size_t> copies =
                mgan::systematic_resampling(w, random.uniform(next++));
            Numbers new_high;
            std::vector<std::size_t> new_ancestor;
            for (std::size_t k = 0; k < particles; ++k) {
                new_high.insert(new_high.end(), copies[k], high[k]);
                new_ancestor.insert(new_ancestor.end(), copies[k], ancestor[k]);
            }
            high = new_high;
            ancestor = new_ancestor;
            w.assign(particles, 1.0);
        }
        double sum = 0.0, share = 0.0, ancestors = 1.0;
        for (std::size_t k = 0; k < particles; ++k) {
            sum += w[k];
            share += w[k] * high[k] / length;  // the mean of drawing one by its weight
            if (k > 0 && ancestor[k] != ancestor[k - 1]) ++ancestors;
        }
        mean.high += share / sum / kSongs;
        mean.effective += effective(w) / kSongs;
        mean.ancestors += ancestors / kSongs;
    }
    return mean;
}

}  // namespace

int main() {
    const Numbers q = {0.5, 0.25, 0.25}, w = {0.5, 1.0, 2.0};
    for (const int n : {1, 2, 4, 16, 64}) {
        const Numbers taken = taken_of(n, q, w);
        std::printf("%2d candidates: C %.3f  E %.3f  G %.3f\n", n, taken[0], taken[1], taken[2]);
    }
    std::printf("taken ");  // the numbers of docs/oracles/guidance.py
    for (const double number : taken_of(2, q, w)) std::printf("%11.6f", number);
    std::printf("\nalive %11.6f\n", effective({2.0, 1.0, 0.5, 0.5}));

    const Numbers four = {2.0, 1.0, 0.5, 0.5};
    for (const double level : {0.3, 0.7}) {
        const std::vector<std::size_t> copies = mgan::systematic_resampling(four, level);
        std::printf("level %.1f: %zu %zu %zu %zu copies\n", level, copies[0], copies[1], copies[2],
                    copies[3]);
    }
    Numbers mean(4, 0.0);
    for (int i = 0; i < 1000; ++i) {
        const std::vector<std::size_t> copies =
            mgan::systematic_resampling(four, (i + 0.5) / 1000.0);
        for (std::size_t k = 0; k < 4; ++k) mean[k] += static_cast<double>(copies[k]) / 1000.0;
    }
    std::printf("mean of all levels: %.2f %.2f %.2f %.2f\n", mean[0], mean[1], mean[2], mean[3]);

    std::printf("%-34s   C E    C G    F E    F G\n", "");
    print_songs("real songs", {0.5, 0.25, 0.125, 0.125});
    const Numbers even = {0.25, 0.25, 0.25, 0.25}, total = {2.0, 1.0, 0.5, 0.5};
    print_songs("G alone", even);
    print_songs("a D that speaks early: candidates",
                by_candidates(64, {1.5, 0.5}, {4.0 / 3, 2.0 / 3, 1.0, 1.0}));
    print_songs("a D that speaks late: candidates", by_candidates(64, {1.0, 1.0}, total));
    print_songs("either D: 4 particles", taken_of(4, even, total));
    print_songs("either D: 64 particles", taken_of(64, even, total));

    std::printf("notes   weighed at the end        resampled\n");
    std::printf("          high  count of 16         high  count of 16  first notes left\n");
    for (const int length : {1, 10, 20, 50, 100}) {
        const Grown without = grow(16, length, false), with = grow(16, length, true);
        std::printf("%5d     %.2f  %11.1f         %.2f  %11.1f  %16.1f\n", length, without.high,
                    without.effective, with.high, with.effective, with.ancestors);
    }
}
