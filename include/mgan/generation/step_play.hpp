#pragma once
/// \file
/// Songs that are being played side by side, event by event: listener, net and noise in one loop.
///
/// Song `number` of a seed is a function of these two alone, whatever is played beside it:
///
///     style, first phase    those of a training crop, drawn by (seed, number)
///     z_tk                  uniform, by (seed, number, t C + k): component k of event t is
///                           F^-1(z_tk)
///
/// Every component has a temperature. Below 1, what is likely becomes likelier: a net that learnt
/// from few songs gives small probabilities to too many values.
///
/// The loop brake. A net that copies can fall into a circle, and the longer it turns the surer it
/// is. So the temperature of the pitch rises once a song has more repetitions (pairs of equal pitch
/// triples, r) than its style asks for (a):
///
///     T_pitch (1 + 1.5 clip(log(1 + r) - log(1 + 1.3 a + 8), 0, 1))
///
/// **Candidates.** With a discriminator at hand, each event is proposed n times. l^i is what the
/// discriminator says of the song with candidate i (step_discriminator.hpp), an estimate of
/// log p_real / p_generated, so that l^i - l is what the candidate gains. One is taken with the
/// weights
///
///     w_i = exp(s gain_i) / sum_j exp(s gain_j)                                          (1)
///
/// At s = 1 and many candidates, the events are drawn from p_generated e^gain, importance sampling
/// of what the discriminator takes for real; s > 1 trusts it more. No event waits for later ones.
/// Candidate 0 is the event of the plain stream, as long as the songs are the same.

#include <mgan/core/random.hpp>
#include <mgan/generation/endless_noise.hpp>
#include <mgan/generation/step_columns.hpp>
#include <mgan/models/step_discriminator.hpp>
#include <mgan/models/step_generator.hpp>
#include <mgan/settings/training_settings.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What a new song may begin from: the style of a training crop, and where in the bar it began.
struct StepStart {
    encoding::StepStyle style{};
    std::int32_t phase = 0;

    friend bool operator==(const StepStart&, const StepStart&) = default;
};

/// How a training song begins: its first events, and the style in which it goes on.
struct StepOpening {
    StepStart start;
    std::vector<encoding::StepEvent> events;

    /// Events of each.
    static constexpr std::size_t kEvents = 8;

    friend bool operator==(const StepOpening&, const StepOpening&) = default;
};

/// Who plays; refers to all that it is given. `discriminator` may be null where nobody guides.
template <typename Scalar>
struct StepBand {
    const StepGenerator<Scalar>* generator = nullptr;
    const StepDiscriminator<Scalar>* discriminator = nullptr;
    const encoding::StepVocabulary* vocabulary = nullptr;
    const encoding::StyleScale* scale = nullptr;
};

/// The temperature of a component for the next event of the song that `listener` hears.
[[nodiscard]] inline double step_temperature(StepKind kind, const PlayingSettings& playing,
                                             const encoding::StepListener& listener) noexcept {
    switch (kind) {
        case StepKind::move:
        case StepKind::gap:
        case StepKind::length:
            return playing.time;
        case StepKind::pitch: {
            constexpr auto kAxis = static_cast<std::size_t>(encoding::StyleAxis::repetitions);
            const double asked = std::expm1(listener.asked()[kAxis]);
            const double over =
                std::log1p(listener.meter().repetitions()) - std::log1p(1.3 * asked + 8.0);
            return playing.pitch * (1.0 + playing.brake * std::clamp(over, 0.0, 1.0));
        }
        case StepKind::velocity:
        case StepKind::label:
            return playing.velocity;
    }
    return 1.0;
}

/// The noise that the noise path of a generator reads for songs first, first + stride, ...:
/// uniform, a function of seed and song.
inline void set_step_noise_numbers(std::uint64_t seed, std::uint64_t first, std::uint64_t stride,
                                   Index songs, NoiseNumbers& numbers) {
    numbers.of_song.clear();
    for (Index b = 0; b < songs; ++b)
        numbers.of_song.emplace_back(seed, "step plane",
                                     first + stride * static_cast<std::uint64_t>(b));
}

/// That noise as a plane. z: [T', B, Z] with T' from `plane_steps`.
template <typename Scalar>
void fill_noise_plane(const StepGenerator<Scalar>& generator, std::uint64_t seed, Index first,
                      Index songs, Index length, Sequence<Scalar>& z) {
    const Index rows = generator.config().noise;
    z.resize(generator.noise_path.plane_steps(length), songs, rows);
    NoiseNumbers numbers;
    set_step_noise_numbers(seed, static_cast<std::uint64_t>(first), 1, songs, numbers);
    draw_noise<Scalar>(numbers, 0, z.view(), [](Index, Index, double u) { return u; });
}

/// The director of songs that nobody directs. A `StepPlay` asks its director before it draws a
/// component. One that directs (player/step_director.hpp) has a function besides,
///
///     open(component, listener, limits, values, bias)
///
/// which may narrow the limits, and adds to the logits by `bias` (zeros: as they are), given what
/// is drawn of the event already: values[0 .. component - 1].
struct Undirected {
    /// Multiplies the temperature of a component.
    [[nodiscard]] double temperature(StepKind) const noexcept { return 1.0; }
    /// The level z to be used for the one that was drawn.
    [[nodiscard]] double level(StepKind, double z) const noexcept { return z; }
    /// Whether there is a function `open`.
    static constexpr bool kDirects = false;
};

/// How candidates are chosen among.
enum class StepChoice {
    by_gain,  ///< equation (1)
    first,    ///< candidate 0: the plain stream; the weights are computed all the same
};

template <typename Scalar>
class StepPlay {
public:
    /// `candidates`: n; 0 or 1: the plain stream, no discriminator is asked. Throws ConfigError if
    /// there is none to ask.
    StepPlay(const StepBand<Scalar>& band, const PlayingSettings& playing, Index candidates,
             StepChoice choice = StepChoice::by_gain)
        : band_(band),
          playing_(playing),
          candidates_(std::max<Index>(1, candidates)),
          tried_candidates_(candidates_),
          choice_(choice) {
        require<ConfigError>(candidates_ == 1 || band.discriminator != nullptr,
                             "guidance needs a discriminator, and this model has none");
    }

    /// Begins a song for each start, with the noise of song first + i stride of `seed`. `longest`:
    /// events that will be played; the plane of a noise path is as long, and beyond it goes on
    /// (endless_noise.hpp); an attention without a window sees so many. Allocates, unless as many
    /// songs of this length were played before.
    void start(std::span<const StepStart> starts, std::uint64_t seed, std::uint64_t first,
               Index longest, std::uint64_t stride = 1) {
        const StepGenerator<Scalar>& generator = *band_.generator;
        const auto songs = static_cast<Index>(starts.size());
        if (listeners_.size() != starts.size())
            listeners_.assign(starts.size(),
                              encoding::StepListener(*band_.vocabulary, *band_.scale));
        noise_.clear();
        for (Index b = 0; b < songs; ++b) {
            const StepStart& start = starts[static_cast<std::size_t>(b)];
            listeners_[static_cast<std::size_t>(b)].reset(start.style, start.phase);
            noise_.emplace_back(seed, "step noise", first + stride * static_cast<std::uint64_t>(b));
        }
        contexts_.resize(starts.size());
        arrivals_.resize(starts.size());
        sets_.resize(starts.size());
        chosen_.assign(starts.size(), {});
        generator.start(stream_, songs, longest);
        in_.resize(generator.shape(), songs);
        if (generator.config().noise > 0) {
            set_step_noise_numbers(seed, first, stride, songs, path_numbers_);
            path_noise_.start(&generator.noise_path, generator.config().noise, longest,
                              path_numbers_);
        }
        sharpness_.resize(static_cast<std::size_t>(songs * candidates_));
        time_ = 0;
        if (candidates_ == 1) return;
        const Index columns = songs * candidates_;
        wide_.resize(generator.shape(), columns);
        h_.resize(generator.config().hidden, columns);
        wide_heads_.resize(generator.heads.size());
        band_.discriminator->start(judged_, songs);
        band_.discriminator->start(tried_, columns);
        logit_.assign(starts.size(), 0.0);
        weights_.resize(static_cast<std::size_t>(columns));
        proposed_.assign(static_cast<std::size_t>(columns), {});
        song_of_column_.resize(static_cast<std::size_t>(columns));
        for (Index i = 0; i < columns; ++i)
            song_of_column_[static_cast<std::size_t>(i)] = i / candidates_;
        column_of_song_.resize(starts.size());
    }

    /// The next event of each song; it is heard already. Allocates nothing from the second event
    /// on.
    std::span<const encoding::StepEvent> next() {
        Undirected nobody;
        return next(nobody);
    }
    /// The same under a director (see `Undirected`).
    template <typename Director>
    std::span<const encoding::StepEvent> next(Director& director) {
        const auto songs = static_cast<Index>(listeners_.size());
        listen();
        if (tried_candidates_ == 1) {
            propose(in_, stream_.h, stream_.heads, director);
            for (Index b = 0; b < songs; ++b)
                chosen_[static_cast<std::size_t>(b)] = event_of(in_, band_.generator->shape(), b);
            if (candidates_ > 1) judge_chosen();
        } else {
            choose_among_candidates(songs, director);
        }
        hear_chosen();
        return chosen_;
    }

    /// Hears events, one a song, that come from elsewhere, in place of drawing them. What is drawn
    /// afterwards is the same as if they had been drawn here. Their gaps and moves must fit: notes
    /// of a chord share their gap.
    void hear(std::span<const encoding::StepEvent> events) {
        listen();
        for (std::size_t b = 0; b < events.size(); ++b) chosen_[b] = events[b];
        if (candidates_ > 1) judge_chosen();
        hear_chosen();
    }

    /// Song `to` becomes as song `from`, but keeps its own noise: from here on they differ.
    void copy_song(Index from, Index to) {
        const auto source = static_cast<std::size_t>(from), target = static_cast<std::size_t>(to);
        listeners_[target] = listeners_[source];
        chosen_[target] = chosen_[source];
        band_.generator->copy_song(stream_, from, to);
        if (band_.generator->config().noise > 0) path_noise_.copy_song(from, to);
        if (candidates_ == 1) return;
        StepDiscriminator<Scalar>::copy_song(judged_, from, to);
        logit_[target] = logit_[source];
    }

    /// From now on each event is chosen among so many candidates, from 0 (the plain stream) to as
    /// many as the constructor was told of. Costs nothing; an event with fewer costs as much as one
    /// with all, the plain stream as much as it always does and one judgement.
    void set_candidates(Index count) noexcept {
        tried_candidates_ = std::clamp<Index>(count, 1, candidates_);
    }

    [[nodiscard]] Index candidates_asked() const noexcept { return tried_candidates_; }

    /// What is known of song b.
    [[nodiscard]] const encoding::StepListener& listener(std::size_t song) const noexcept {
        return listeners_[song];
    }
    /// The style that song b shall have from now on, in raw axes.
    void ask(std::size_t song, const encoding::StepStyle& style) noexcept {
        listeners_[song].ask(style);
    }
    /// Song b's last onset lies so many grid steps behind the last one (`StepListener::end_in`).
    void end_in(std::size_t song, std::int32_t steps) noexcept { listeners_[song].end_in(steps); }
    /// Events of each song so far.
    [[nodiscard]] Index events() const noexcept { return time_; }

    /// Of the last event, candidate i of song b at b n + i: the candidates and their weights (1).
    [[nodiscard]] std::span<const encoding::StepEvent> candidates() const noexcept {
        return proposed_;
    }
    [[nodiscard]] std::span<const double> weights() const noexcept { return weights_; }
    /// What the discriminator says of each song so far; with candidates only.
    [[nodiscard]] std::span<const double> logits() const noexcept { return logit_; }

private:
    /// Reads what was heard, and runs the recurrent net on it.
    void listen() {
        const StepShape& shape = band_.generator->shape();
        for (std::size_t song = 0; song < listeners_.size(); ++song) {
            listeners_[song].context(contexts_[song]);
            put_context(contexts_[song], listeners_[song].silent(), shape, static_cast<Index>(song),
                        in_);
            arrivals_[song] = {listeners_[song].after(0), listeners_[song].after(1)};
        }
        const bool reads_noise = band_.generator->config().noise > 0;
        if (reads_noise) path_noise_.prepare(time_);
        band_.generator->listen(in_, reads_noise ? path_noise_.w() : SequenceView<const Scalar>{},
                                stream_);
    }
    /// Lets the discriminator hear the chosen events.
    void judge_chosen() {
        for (std::size_t b = 0; b < chosen_.size(); ++b) {
            const auto column = static_cast<Index>(b);
            const encoding::StepEvent& event = chosen_[b];
            const auto& arrival = arrivals_[b][event.value[encoding::StepVocabulary::move()] != 0];
            put_arrival(arrival, column, in_);
            put_event(event, band_.generator->shape(), column, in_);
            sets_[b].read(contexts_[b], *band_.vocabulary, listeners_[b].meter().size());
            put_judged(contexts_[b], arrival, sets_[b], event, *band_.vocabulary, column, in_);
        }
        const Matrix<Scalar>& logits = band_.discriminator->step(in_, judged_);
        for (std::size_t b = 0; b < chosen_.size(); ++b)
            logit_[b] = static_cast<double>(logits(0, static_cast<Index>(b)));
    }
    void hear_chosen() {
        for (std::size_t b = 0; b < listeners_.size(); ++b) listeners_[b].hear(chosen_[b]);
        ++time_;
    }

    /// The noise of candidate i begins at i 2^40, that of the choice behind the last one's.
    static constexpr int kCandidateBits = 40;

    /// Draws the components of every column of `in`, one after the other.
    template <typename Director>
    void propose(StepInputs<Scalar>& in, const Matrix<Scalar>& h,
                 typename StepGenerator<Scalar>::HeadCaches& heads, Director& director) {
        const StepShape& shape = band_.generator->shape();
        const Index columns = in.columns(), count = shape.count();
        const auto songs = static_cast<Index>(listeners_.size());
        const Index each = columns / songs;  // columns of a song, side by side
        const auto gap = static_cast<Index>(encoding::StepVocabulary::gap());
        sharpness_.resize(static_cast<std::size_t>(columns));  // its memory is there from `start`
        for (Index k = 0; k < count; ++k) {
            const StepKind kind = shape.components[static_cast<std::size_t>(k)].kind;
            for (Index b = 0; b < songs; ++b)
                std::fill_n(sharpness_.begin() + b * each, each,
                            static_cast<RealOf<Scalar>>(
                                1.0 / (director.temperature(kind) *
                                       step_temperature(kind, playing_,
                                                        listeners_[static_cast<std::size_t>(b)]))));
            std::span<const RealOf<Scalar>> bias;
            if constexpr (Director::kDirects) {
                const Index size = shape.components[static_cast<std::size_t>(k)].size();
                bias_.resize(static_cast<std::size_t>(columns) * encoding::kMaxComponentValues);
                for (Index i = 0; i < columns; ++i)
                    director.open(k, listeners_[static_cast<std::size_t>(i / each)], in.limit(i, k),
                                  &in.value(i, 0),
                                  std::span(bias_).subspan(static_cast<std::size_t>(i * size),
                                                           static_cast<std::size_t>(size)));
                bias = std::span(bias_).first(static_cast<std::size_t>(columns * size));
            }
            band_.generator->draw(
                in, k, h,
                [&](Index i) { return director.level(kind, level(i / each, i % each, k, count)); },
                std::span<const RealOf<Scalar>>(sharpness_), heads[static_cast<std::size_t>(k)],
                bias);
            for (Index i = 0; i < columns; ++i) {
                const auto song = static_cast<std::size_t>(i / each);
                if (k == 0) {
                    if (time_ == 0) in.value(i, 0) = 1;
                    put_arrival(arrivals_[song][in.value(i, 0) != 0 ? 1 : 0], i, in);
                }
                // Notes of a chord share the gap.
                if (k == gap && in.value(i, 0) == 0)
                    in.value(i, k) = chosen_[song].value[encoding::StepVocabulary::gap()];
            }
        }
    }

    /// z of a candidate's component: that of the plain stream for candidate 0.
    [[nodiscard]] double level(Index song, Index candidate, Index k, Index count) const noexcept {
        return noise_[static_cast<std::size_t>(song)].uniform(
            static_cast<std::uint64_t>(time_ * count + k) +
            (static_cast<std::uint64_t>(candidate) << kCandidateBits));
    }

    template <typename Director>
    void choose_among_candidates(Index songs, Director& director) {
        const StepShape& shape = band_.generator->shape();
        const encoding::StepVocabulary& words = *band_.vocabulary;
        for (Index b = 0; b < songs; ++b) {
            for (Index i = b * candidates_; i < (b + 1) * candidates_; ++i) {
                wide_.copy_column(i, in_, b);
                h_.col(i) = stream_.h.col(b);
            }
        }
        propose(wide_, h_, wide_heads_, director);
        for (Index b = 0; b < songs; ++b) {
            const auto song = static_cast<std::size_t>(b);
            sets_[song].read(contexts_[song], words, listeners_[song].meter().size());
            for (Index i = b * candidates_; i < (b + 1) * candidates_; ++i) {
                encoding::StepEvent& event = proposed_[static_cast<std::size_t>(i)];
                event = event_of(wide_, shape, i);
                put_judged(contexts_[song],
                           arrivals_[song][event.value[encoding::StepVocabulary::move()] != 0],
                           sets_[song], event, words, i, wide_);
            }
        }
        StepDiscriminator<Scalar>::copy_songs(judged_, song_of_column_, tried_);
        const Matrix<Scalar>& logits = band_.discriminator->step(wide_, tried_);
        for (Index b = 0; b < songs; ++b) {
            const auto song = static_cast<std::size_t>(b);
            const std::span<double> weights =
                std::span(weights_).subspan(static_cast<std::size_t>(b * candidates_),
                                            static_cast<std::size_t>(tried_candidates_));
            const auto logit = [&](std::size_t i) {
                return static_cast<double>(logits(0, b * candidates_ + static_cast<Index>(i)));
            };
            double most = logit(0), sum = 0.0;
            for (std::size_t i = 1; i < weights.size(); ++i) most = std::max(most, logit(i));
            for (std::size_t i = 0; i < weights.size(); ++i)
                sum += weights[i] = std::exp(playing_.sharpness * (logit(i) - most));
            for (double& weight : weights) weight /= sum;
            std::size_t taken = 0;
            if (choice_ == StepChoice::by_gain) {
                const double level = noise_[song].uniform(
                    static_cast<std::uint64_t>(time_) +
                    (static_cast<std::uint64_t>(tried_candidates_) << kCandidateBits));
                double below = weights[0];
                while (taken + 1 < weights.size() && level >= below) below += weights[++taken];
            }
            logit_[song] = logit(taken);
            column_of_song_[song] = b * candidates_ + static_cast<Index>(taken);
            chosen_[song] = proposed_[static_cast<std::size_t>(column_of_song_[song])];
        }
        StepDiscriminator<Scalar>::copy_songs(tried_, column_of_song_, judged_);
    }

    StepBand<Scalar> band_;
    PlayingSettings playing_;
    Index candidates_ = 1;        // for which there is memory
    Index tried_candidates_ = 1;  // of these
    StepChoice choice_ = StepChoice::by_gain;

    Index time_ = 0;
    std::vector<encoding::StepListener> listeners_;
    std::vector<Random> noise_;
    std::vector<encoding::StepContext> contexts_;
    std::vector<std::array<encoding::StepArrival, 2>> arrivals_;  // without and with a move
    std::vector<encoding::StepEvent> chosen_;
    NoiseNumbers path_numbers_;
    EndlessNoise<Scalar> path_noise_;
    typename StepGenerator<Scalar>::Stream stream_;
    StepInputs<Scalar> in_;
    std::vector<RealOf<Scalar>> sharpness_, bias_;

    // With candidates only.
    std::vector<HeardSets> sets_;
    StepInputs<Scalar> wide_;  // a column for each candidate
    Matrix<Scalar> h_;
    typename StepGenerator<Scalar>::HeadCaches wide_heads_;
    typename StepDiscriminator<Scalar>::Stream judged_, tried_;
    std::vector<encoding::StepEvent> proposed_;
    std::vector<double> weights_, logit_;
    std::vector<Index> song_of_column_, column_of_song_;
};

}  // namespace mgan::inline MGAN_ABI
