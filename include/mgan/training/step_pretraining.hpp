#pragma once
/// \file
/// Pretraining of a step-quantile generator: on real songs, event by event, by cross-entropy.
///
///     L = mean over events of  sum over components k drawn of  -log q_k(v_k | all before)
///
/// A minibatch is `batch` crops of `length` events at random places of random songs. A song is told
/// the style of its own crop (encoding/style_meter.hpp), so that later it can be asked for one. The
/// learning rate rises over the first `warmup` minibatches and then falls along half a cosine:
///
///     rate_i = rate min(1, i / warmup) (floor + (1 - floor) (1 + cos(pi i / steps)) / 2)
///
/// Random numbers are functions of (seed, purpose, minibatch, place), a minibatch is cut into
/// shards of `kShardSongs` songs whatever the number of threads, and gradients are added in the
/// order of the shards: the bits depend on seed and data alone.

#include <mgan/core/parallel.hpp>
#include <mgan/generation/step_model.hpp>
#include <mgan/layers/dropout.hpp>
#include <mgan/models/step_initialisation.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What a pretraining is told.
struct StepPretrainingOptions {
    std::int64_t grid_ticks = 24;  ///< ticks of a step; a divisor of 96
    Index length = 100;            ///< events of a crop
    Index batch = 32;              ///< crops of a minibatch
    std::int64_t steps = 800;      ///< minibatches
    std::int64_t warmup = 50;
    double learning_rate = 3e-3;
    double floor = 0.03;   ///< the last factor of the learning rate
    double dropout = 0.1;  ///< of what the heads read
    Index starts = 1500;   ///< styles of training crops that new songs may begin from
    StepGeneratorSettings generator;
    OptimiserSettings optimiser{.beta1 = 0.8, .beta2 = 0.99, .clip = 1.0};
};

template <typename Scalar = float>
class StepPretraining {
public:
    /// Songs of a shard.
    static constexpr Index kShardSongs = 8;

    /// Prepares vocabulary, style scale and net for `songs` (as read from files; those with fewer
    /// than 2 notes are left out). Throws DataError if no song is left, ConfigError.
    StepPretraining(std::span<const midi::Song> songs, const StepPretrainingOptions& options,
                    std::uint64_t seed, int threads)
        : options_(options),
          seed_(seed),
          threads_(std::max(1, threads)),
          songs_(prepared(songs, options)),
          vocabulary_(encoding::StepVocabulary::fit(songs_, {.grid_ticks = options.grid_ticks})),
          events_(events_of(songs_)),
          scale_(encoding::StyleScale::fit(events_, vocabulary_)),
          shape_(step_shape(vocabulary_)),
          generator_(shape_, options.generator),
          gradient_(generator_),
          dropout_(options.dropout),
          optimiser_(options.optimiser) {
        require<ConfigError>(options.length >= 2 && options.batch >= 1 && options.steps >= 1 &&
                                 options.dropout >= 0.0 && options.dropout < 1.0,
                             "StepPretraining: length ", options.length, ", batch ", options.batch,
                             ", steps ", options.steps, ", dropout ", options.dropout,
                             "; length is at least 2, batch and steps 1, dropout below 1");
        songs_.clear();
        initialise_steps(generator_, Random(seed, "step generator weights"));
        shards_.resize(static_cast<std::size_t>(shard_count(options.batch, kShardSongs)));
        for (Memory& shard : shards_) {
            shard.gradient = generator_;
            shard.listener.emplace_back(vocabulary_, scale_);
            shard.meter.emplace_back(vocabulary_);
        }
    }

    StepPretraining(const StepPretraining&) = delete;  // listeners refer to vocabulary and scale
    StepPretraining& operator=(const StepPretraining&) = delete;

    [[nodiscard]] std::int64_t done() const noexcept { return done_; }
    [[nodiscard]] bool finished() const noexcept { return done_ >= options_.steps; }
    [[nodiscard]] const StepGenerator<Scalar>& generator() const noexcept { return generator_; }
    [[nodiscard]] const encoding::StepVocabulary& vocabulary() const noexcept {
        return vocabulary_;
    }

    /// One minibatch. Returns its loss, nats an event. Throws NumericalError that names the
    /// parameter if a gradient is not finite; then nothing has changed.
    double step() {
        const Random crops(seed_, "step crop", static_cast<std::uint64_t>(done_));
        const Random masks(seed_, "step dropout", static_cast<std::uint64_t>(done_));
        const Index batch = options_.batch, count = static_cast<Index>(shards_.size());
        const Scalar share =
            Scalar(RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(options_.length * batch));
        parallel_for(count, threads_, [&](std::ptrdiff_t index) {
            Memory& shard = shards_[static_cast<std::size_t>(index)];
            const Shard part = shard_of(batch, count, index);
            const Index songs = part.size();
            shard.inputs.resize(shape_, options_.length * songs);
            for (Index b = 0; b < songs; ++b)
                fill(shard, events_, crops, static_cast<std::uint64_t>(part.begin + b), b, songs);
            dropout_.draw(masks, part.begin, options_.length, songs, generator_.config().hidden,
                          shard.mask);
            set_zero(shard.gradient);
            const SequenceView<const Scalar> mask = std::as_const(shard.mask.mask).view();
            generator_.forward(shard.inputs, options_.length, songs, {}, mask, shard.cache);
            generator_.drawn_weights(shard.inputs, share, shard.weights);
            shard.loss = static_cast<double>(
                generator_.learn_heads(shard.inputs, shard.weights, shard.cache, &shard.gradient));
            generator_.backward(shard.inputs, {}, mask, shard.cache, shard.gradient);
        });
        double loss = 0.0;
        set_zero(gradient_);
        for (const Memory& shard : shards_) {
            loss += shard.loss;
            add_parameters(gradient_, shard.gradient, Scalar(1));
        }
        optimiser_.step(generator_, gradient_, rate(),
                        concat("step pretraining, minibatch ", done_ + 1), threads_);
        ++done_;
        return loss;
    }

    /// The loss on `count` crops of other songs, without dropout, nats an event: one number for
    /// each component, of which the loss is the sum.
    [[nodiscard]] std::vector<double> validate(std::span<const midi::Song> songs, Index count) {
        const std::vector<midi::Song> others = prepared(songs, options_);
        const std::vector<encoding::StepSong> events = events_of(others);
        const Random crops(seed_, "step validation crop");
        std::vector<double> loss(static_cast<std::size_t>(shape_.count()), 0.0);
        Memory& shard = shards_.front();
        const Scalar share =
            Scalar(RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(options_.length * count));
        for (Index song = 0; song < count; ++song) {
            shard.inputs.resize(shape_, options_.length);
            fill(shard, events, crops, static_cast<std::uint64_t>(song), 0, 1);
            generator_.forward(shard.inputs, options_.length, 1, {}, {}, shard.cache);
            generator_.drawn_weights(shard.inputs, share, shard.weights);
            generator_.learn_heads(shard.inputs, shard.weights, shard.cache, nullptr);
            for (Index k = 0; k < shape_.count(); ++k)
                loss[static_cast<std::size_t>(k)] += static_cast<double>(
                    shard.weights.row(k).cwiseProduct(shard.cache.negative_log.row(k)).sum());
        }
        return loss;
    }

    /// The generator as it is now, with all that it needs to play.
    [[nodiscard]] BasicStepModel<Scalar> model() const {
        BasicStepModel<Scalar> model{vocabulary_, scale_, {}, generator_, {}};
        const Random crops(seed_, "step start");
        encoding::StyleMeter meter(vocabulary_);
        for (Index i = 0; i < options_.starts; ++i) {
            const encoding::StepSong crop = crop_at(events_, crops, static_cast<std::uint64_t>(i));
            model.starts.push_back({style_of(crop, meter), crop.first_phase});
        }
        return model;
    }

private:
    /// The memory of a shard.
    struct Memory {
        StepInputs<Scalar> inputs;
        typename StepGenerator<Scalar>::Cache cache;
        StepGenerator<Scalar> gradient;
        Matrix<Scalar> weights;
        typename Dropout<Scalar>::Cache mask;
        std::vector<encoding::StepListener> listener;  // one
        std::vector<encoding::StyleMeter> meter;       // one
        double loss = 0.0;
    };

    [[nodiscard]] static std::vector<midi::Song> prepared(std::span<const midi::Song> songs,
                                                          const StepPretrainingOptions& options) {
        std::vector<midi::Song> ready;
        for (const midi::Song& song : songs) {
            ready.push_back(encoding::prepare_steps(song, options.grid_ticks));
            if (ready.back().notes.size() < 2) ready.pop_back();
        }
        require<DataError>(!ready.empty(), "StepPretraining: there is no song with two notes");
        return ready;
    }
    [[nodiscard]] std::vector<encoding::StepSong> events_of(
        const std::vector<midi::Song>& songs) const {
        std::vector<encoding::StepSong> events;
        for (const midi::Song& song : songs)
            events.push_back(encoding::step_events(song, vocabulary_));
        return events;
    }

    /// A random crop; a song that is shorter is taken whole.
    [[nodiscard]] encoding::StepSong crop_at(const std::vector<encoding::StepSong>& songs,
                                             const Random& random, std::uint64_t place) const {
        const encoding::StepSong& song = songs[random.integer(2 * place, songs.size())];
        const auto length = static_cast<std::size_t>(options_.length);
        const std::size_t size = song.events.size();
        const std::size_t begin =
            size > length ? random.integer(2 * place + 1, size - length + 1) : 0;
        encoding::StepSong crop = encoding::crop_of(song, begin, length, vocabulary_);
        // A shorter song begins again, from its first onset on, until the crop is full.
        for (std::size_t i = 0; crop.events.size() < length; ++i)
            crop.events.push_back(song.events[i % size]);
        return crop;
    }
    [[nodiscard]] static encoding::StepStyle style_of(const encoding::StepSong& crop,
                                                      encoding::StyleMeter& meter) {
        meter.reset(crop.first_phase);
        for (const encoding::StepEvent& event : crop.events) meter.add(event);
        return meter.axes();
    }

    /// A crop into the columns b, b + songs, ... of a shard.
    void fill(Memory& shard, const std::vector<encoding::StepSong>& songs, const Random& random,
              std::uint64_t place, Index b, Index count) const {
        const encoding::StepSong crop = crop_at(songs, random, place);
        encoding::StepListener& listener = shard.listener.front();
        listener.reset(style_of(crop, shard.meter.front()), crop.first_phase);
        listen_to<Scalar>(crop.events, shape_, listener, b, count, shard.inputs);
    }

    [[nodiscard]] double rate() const {
        constexpr double kPi = 3.14159265358979323846;
        const auto number = static_cast<double>(done_);
        const double rise = std::min(
            1.0, (number + 1.0) / static_cast<double>(std::max<std::int64_t>(1, options_.warmup)));
        const double fall =
            0.5 * (1.0 + std::cos(kPi * number / static_cast<double>(options_.steps)));
        return options_.learning_rate * rise * (options_.floor + (1.0 - options_.floor) * fall);
    }

    StepPretrainingOptions options_;
    std::uint64_t seed_;
    int threads_;
    std::vector<midi::Song> songs_;  // only while preparing
    encoding::StepVocabulary vocabulary_;
    std::vector<encoding::StepSong> events_;
    encoding::StyleScale scale_;
    StepShape shape_;
    StepGenerator<Scalar> generator_, gradient_;
    Dropout<Scalar> dropout_;
    Optimiser<Scalar> optimiser_;
    std::vector<Memory> shards_;
    std::int64_t done_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
