// How the particles of a song grow, are copied and end: docs/guidance.md.
//
//     particles MODEL [SONG]    of a model with step heads and a discriminator (mgan train)
//
// Without a song's number: means over 20 songs. With it: that song, for
// docs/pictures/particles.svg.

#include <mgan/generation/model_file.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace {

using mgan::Index;
constexpr std::size_t kParticles = 16;
constexpr Index kEvents = 100;

/// What one particle was at one event.
struct Moment {
    std::size_t parent;  // the particle whose song it went on with
    double weight;       // W
    int pitch;
};

struct Song {
    std::vector<std::vector<Moment>> moments;  // [event][particle]
    std::vector<std::size_t> first;            // which first note each particle has at the end
    double plain = 0.0, weighed = 0.0;         // l_T of the plain stream, mean of l_T by W
    int resamplings = 0;
    std::size_t chosen = 0;
    bool as_in_library = false;
};

/// The loop of `play_particles` (generation/step_particles.hpp), with a memory.
Song grow(const mgan::StepModel& model, const mgan::PlayingSettings& playing, Index number) {
    const mgan::StepBand<float> band = model.band();
    const mgan::StepStart start =
        mgan::StepSampler<float>{band, model.starts, playing}.start_of(1, number);
    const mgan::Random random(1, "step particles", static_cast<std::uint64_t>(number));
    mgan::StepPlay<float> play(band, playing, 2), plain(band, playing, 2);
    play.set_candidates(1);
    plain.set_candidates(1);
    const auto noise = static_cast<std::uint64_t>(number);
    play.start(std::vector<mgan::StepStart>(kParticles, start), 1, noise, kEvents,
               std::uint64_t{1} << 40);
    plain.start(std::span(&start, 1), 1, noise, kEvents);
    Song song;
    song.first.resize(kParticles);
    std::iota(song.first.begin(), song.first.end(), std::size_t{0});
    std::vector<std::vector<mgan::encoding::StepEvent>> events(kParticles);
    std::vector<std::size_t> parent = song.first;
    std::vector<double> logit(kParticles, 0.0), log_w(kParticles, 0.0), w(kParticles, 1.0);
    for (Index t = 0; t < kEvents; ++t) {
        (void)plain.next();
        const std::span<const mgan::encoding::StepEvent> next = play.next();
        for (std::size_t k = 0; k < kParticles; ++k) {
            events[k].push_back(next[k]);
            log_w[k] += play.logits()[k] - logit[k];
            logit[k] = play.logits()[k];
        }
        const double most = *std::max_element(log_w.begin(), log_w.end());
        double sum = 0.0, squares = 0.0;
        for (std::size_t k = 0; k < kParticles; ++k) {
            w[k] = std::exp(log_w[k] - most);
            sum += w[k];
            squares += w[k] * w[k];
        }
        std::vector<Moment>& now = song.moments.emplace_back();
        for (std::size_t k = 0; k < kParticles; ++k) {
            const std::size_t pitch = model.vocabulary.pitch();
            now.push_back({parent[k], w[k] / sum,
                           model.vocabulary.value(pitch, events[k].back().value[pitch])});
        }
        std::iota(parent.begin(), parent.end(), std::size_t{0});
        if (t + 1 == kEvents || (t + 1) % 2 != 0 || sum * sum / squares >= kParticles / 2.0)
            continue;
        ++song.resamplings;
        std::vector<std::size_t> copies =
            mgan::systematic_resampling(w, random.uniform(static_cast<std::uint64_t>(t)));
        std::size_t place = 0;
        for (std::size_t from = 0; from < kParticles; ++from) {
            for (; copies[from] > 1; --copies[from]) {
                while (copies[place] != 0) ++place;
                play.copy_song(static_cast<Index>(from), static_cast<Index>(place));
                events[place] = events[from];
                logit[place] = logit[from];
                parent[place] = from;
                song.first[place] = song.first[from];
                copies[place] = 1;
            }
        }
        std::fill(log_w.begin(), log_w.end(), 0.0);
    }
    const double sum = std::accumulate(w.begin(), w.end(), 0.0);
    const double level = random.uniform(static_cast<std::uint64_t>(kEvents)) * sum;
    for (double below = w[0]; song.chosen + 1 < kParticles && level >= below;)
        below += w[++song.chosen];
    for (std::size_t k = 0; k < kParticles; ++k) song.weighed += w[k] / sum * logit[k];
    song.plain = plain.logits().front();
    song.as_in_library =
        events[song.chosen] ==
        mgan::play_particles(band, playing, start, 1, number, kEvents, Index{kParticles});
    return song;
}

void print_map(const Song& song) {
    std::printf("t\tparticle\tparent\tweight\tpitch\tchosen\n");
    for (std::size_t t = 0; t < song.moments.size(); ++t)
        for (std::size_t k = 0; k < kParticles; ++k)
            std::printf("%zu\t%zu\t%zu\t%.5f\t%d\t%d\n", t + 1, k, song.moments[t][k].parent,
                        song.moments[t][k].weight, song.moments[t][k].pitch, k == song.chosen);
}

}  // namespace

int main(int argc, char** argv) try {
    const mgan::Model model = mgan::load_model(argc > 1 ? argv[1] : "run/model.safetensors");
    if (!model.steps || !model.steps->discriminator) {
        std::printf("this model has no discriminator to weigh songs\n");
        return 0;
    }
    if (argc > 2) {
        print_map(grow(*model.steps, model.playing(), std::stoi(argv[2]) - 1));
        return 0;
    }
    constexpr Index kSongs = 20;
    double resamplings = 0.0, firsts = 0.0, plain = 0.0, weighed = 0.0;
    bool same = true;
    for (Index number = 0; number < kSongs; ++number) {
        const Song song = grow(*model.steps, model.playing(), number);
        resamplings += song.resamplings / static_cast<double>(kSongs);
        firsts += static_cast<double>(std::set(song.first.begin(), song.first.end()).size()) /
                  static_cast<double>(kSongs);
        plain += song.plain / static_cast<double>(kSongs);
        weighed += song.weighed / static_cast<double>(kSongs);
        same = same && song.as_in_library;
    }
    std::printf("20 songs of 100 events, 16 particles\n");
    std::printf("resampled          %5.1f times a song\n", resamplings);
    std::printf("first notes left   %5.1f of 16\n", firsts);
    std::printf("D's logit at the end: plain stream %.2f, particles %.2f\n", plain, weighed);
    if (!same) std::printf("NOT THE SONGS OF THE LIBRARY\n");
    return same ? 0 : 1;
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
