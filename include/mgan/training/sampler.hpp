#pragma once
/// \file
/// From noise to songs: a generator, its codec, and the loop between them.
///
/// After each event the loop hears what would be played (`quantise`), tells the listener, and feeds
/// both back. The noise of song i is a function of (seed, i) alone, so song 7 is the same whether
/// it is made alone or among a thousand.

#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/encoding/context.hpp>
#include <mgan/models/generator.hpp>

namespace mgan::inline MGAN_ABI {

/// The distribution of the noise: uniform on [low, high) in every feature.
struct NoiseRange {
    double low = 0.0;
    double high = 1.0;
};

/// What is fed back after each event: the event as it is played, and what the listeners make of it.
/// One listener a song of the batch.
template <typename Scalar>
class CodecFeedback {
public:
    CodecFeedback() = default;
    CodecFeedback(const encoding::Codec& codec, const encoding::ContextOptions& context,
                  bool quantise) noexcept
        : codec_(&codec), context_(context), quantise_(quantise) {}

    /// Forgets all songs; as many begin as there are styles.
    void reset(std::span<const encoding::Style> styles) {
        listeners_.resize(styles.size());
        for (std::size_t b = 0; b < styles.size(); ++b) {
            listeners_[b] = encoding::Listener(*codec_, context_);
            listeners_[b].reset(styles[b]);
        }
    }

    /// Writes the context before the first event ((F + K) x B, rows F ..).
    void write_first(Matrix<Scalar>& first) const {
        if (encoding::context_size(context_) == 0) return;
        for (std::size_t b = 0; b < listeners_.size(); ++b) {
            listeners_[b].write(first.col(static_cast<Index>(b)).data() + encoding::kFeatures);
        }
    }

    /// The call that `Generator::forward` makes. y: F x B, fed_back: F x B, context: K x B.
    template <typename In, typename Out, typename Context>
    void operator()(Index, const In& y, Out&& fed_back, Context&& context) {
        const bool listens = encoding::context_size(context_) > 0;
        for (Index b = 0; b < y.cols(); ++b) {
            Scalar event[encoding::kFeatures];
            for (std::size_t f = 0; f < encoding::kFeatures; ++f)
                event[f] = y(static_cast<Index>(f), b);
            if (quantise_) codec_->quantise(event);
            for (std::size_t f = 0; f < encoding::kFeatures; ++f)
                fed_back(static_cast<Index>(f), b) = event[f];
            if (!listens) continue;
            encoding::Listener& listener = listeners_[static_cast<std::size_t>(b)];
            listener.hear(event);
            listener.write(&context(0, b));
        }
    }

private:
    const encoding::Codec* codec_ = nullptr;
    encoding::ContextOptions context_;
    bool quantise_ = true;
    std::vector<encoding::Listener> listeners_;
};

/// Samples `count` songs of `length` events. Song i takes its noise from `Random(seed, "song", i)`.
/// `styles`: those of the training songs; each song draws one (none: all zero). `quantise`: events
/// are fed back as they are played. Songs are computed in groups, `threads` at a time; neither
/// changes their notes.
template <typename Scalar>
[[nodiscard]] std::vector<midi::Song> sample_songs(const Generator<Scalar>& generator,
                                                   const encoding::Codec& codec,
                                                   const encoding::ContextOptions& context,
                                                   std::span<const encoding::Style> styles,
                                                   NoiseRange noise, bool quantise, Index count,
                                                   Index length, std::uint64_t seed, int threads) {
    constexpr Index kGroup = 10;
    std::vector<midi::Song> songs(static_cast<std::size_t>(count));
    const GeneratorConfig& config = generator.config();
    parallel_for(shard_count(count, kGroup), threads, [&](std::ptrdiff_t group) {
        const Index begin = group * kGroup, end = std::min(count, begin + kGroup),
                    batch = end - begin;
        Matrix<Scalar> first = Matrix<Scalar>::Zero(config.features + config.context, batch);
        Sequence<Scalar> noise_plane(length, batch, config.noise);
        std::vector<encoding::Style> chosen(static_cast<std::size_t>(batch));
        for (Index b = 0; b < batch; ++b) {
            const auto number = static_cast<std::uint64_t>(begin + b);
            const Random random(seed, "song", number);
            std::uint64_t drawn = 0;
            for (Index f = 0; f < config.features; ++f)
                first(f, b) = static_cast<Scalar>(random.uniform(drawn++));
            for (Index t = 0; t < length; ++t) {
                for (Index f = 0; f < config.noise; ++f)
                    noise_plane(t, b, f) =
                        static_cast<Scalar>(random.uniform(drawn++, noise.low, noise.high));
            }
            if (!styles.empty()) {
                chosen[static_cast<std::size_t>(b)] =
                    styles[Random(seed, "style", number).integer(0, styles.size())];
            }
        }
        CodecFeedback<Scalar> feedback(codec, context, quantise);
        feedback.reset(chosen);
        feedback.write_first(first);
        typename NoisePath<Scalar>::Cache path;
        const SequenceView<const Scalar> w =
            generator.prepare_noise(std::as_const(noise_plane).view(), path);
        typename Generator<Scalar>::Stream stream;
        generator.start(stream, first, length);
        std::vector<encoding::Events<Scalar>> events(static_cast<std::size_t>(batch));
        for (Index t = 0; t < length; ++t) {
            const Matrix<Scalar>& y = generator.step(w.step(t), noise_plane.step(t), stream);
            for (Index b = 0; b < batch; ++b) {
                encoding::Event<Scalar> event;
                for (std::size_t f = 0; f < encoding::kFeatures; ++f)
                    event[f] = y(static_cast<Index>(f), b);
                events[static_cast<std::size_t>(b)].push_back(event);
            }
            feedback(t, y, generator.fed_back(stream), generator.context(stream));
        }
        for (Index b = 0; b < batch; ++b) {
            songs[static_cast<std::size_t>(begin + b)] =
                codec.decode(events[static_cast<std::size_t>(b)]);
        }
    });
    return songs;
}

}  // namespace mgan::inline MGAN_ABI
