#pragma once
/// \file
/// One minibatch, shard by shard: which songs, which crops, which noise.
///
/// Every number is addressed by its place in the whole batch, never by its place in a shard, so
/// that cutting a batch differently changes no input of the nets.

#include <mgan/core/random.hpp>
#include <mgan/dataset/crops.hpp>
#include <mgan/generation/feedback.hpp>
#include <mgan/models/generator.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The purposes for which a minibatch draws random numbers.
struct DrawNames {
    std::string_view noise, first, crop, mix;
};
inline constexpr DrawNames kTrainingDraws{"noise", "first", "crop", "penalty"};
inline constexpr DrawNames kWarmupDraws{"warm-up noise", "warm-up first", "warm-up crop",
                                        "warm-up penalty"};
inline constexpr DrawNames kValidationDraws{"validation noise", "validation first",
                                            "validation crop", "validation penalty"};

/// The random numbers of a minibatch: z, what stands before the first event, the crops, and where
/// between real and generated songs a gradient penalty looks.
struct Draws {
    Random noise, first, crop, mix;

    Draws(std::uint64_t seed, const DrawNames& names, std::uint64_t number = 0)
        : noise(seed, names.noise, number),
          first(seed, names.first, number),
          crop(seed, names.crop, number),
          mix(seed, names.mix, number) {}
};

/// The songs of a minibatch, and how much of each.
template <typename Scalar>
struct Batch {
    const CropSource<Scalar>& source;
    std::span<const std::size_t> songs;  ///< indices into `source`
    Index steps;                         ///< events of each crop (T)
    Draws draws;

    [[nodiscard]] Index size() const noexcept { return static_cast<Index>(songs.size()); }
};

/// The inputs of one shard. Memory is reused from step to step.
template <typename Scalar>
struct ShardInputs {
    Sequence<Scalar> target;  ///< x_t, real events, [T, B, F]
    Sequence<Scalar> before;  ///< [y_{t-1} ; k_{t-1}] of the real songs, [T, B, F + K]
    Sequence<Scalar> noise;   ///< z_t, [T, B, Z]
    Sequence<Scalar> w;       ///< of a noise path that is run for the whole batch, or empty
    Matrix<Scalar> first;     ///< what stands before the first event, (F + K) x B
    std::vector<encoding::Listener> listeners;
    std::vector<encoding::Style> styles;  ///< of the real songs

    /// What the generator reads.
    [[nodiscard]] GeneratorNoise<Scalar> generator_noise() const {
        if (w.empty()) return noise.view();
        return {noise.view(), w.view()};
    }
};

/// Fills noise ([T, B, Z]) for samples shard.begin .. of a batch of `batch`.
template <typename Scalar>
void fill_noise(Sequence<Scalar>& noise, Index steps, Index features, Shard shard, Index batch,
                const Random& random, NoiseRange range) {
    noise.resize(steps, shard.size(), features);
    for (Index t = 0; t < steps; ++t) {
        for (Index b = 0; b < shard.size(); ++b) {
            const auto place = static_cast<std::uint64_t>((t * batch + shard.begin + b) * features);
            for (Index f = 0; f < features; ++f) {
                noise(t, b, f) = static_cast<Scalar>(
                    random.uniform(place + static_cast<std::uint64_t>(f), range.low, range.high));
            }
        }
    }
}

/// What stands for the event before the first one: uniform in [0, 1)^F (section 3.1.1), context
/// zero.
template <typename Scalar>
void fill_first(Matrix<Scalar>& first, Index features, Index context, Shard shard,
                const Random& random) {
    first.setZero(features + context, shard.size());
    for (Index b = 0; b < shard.size(); ++b) {
        for (Index f = 0; f < features; ++f) {
            first(f, b) = static_cast<Scalar>(
                random.uniform(static_cast<std::uint64_t>((shard.begin + b) * features + f)));
        }
    }
}

/// Fills `target` with crops of the songs order[shard.begin] .. (`order`: the songs of the whole
/// batch), cut to `steps` events; and, from it, `before` with what the generator would have read.
template <typename Scalar>
void fill_crops(ShardInputs<Scalar>& inputs, const CropSource<Scalar>& source,
                std::span<const std::size_t> order, const Random& crop, Shard shard, Index steps,
                const encoding::Codec& codec, const encoding::ContextSettings& context) {
    constexpr auto kEvent = static_cast<Index>(encoding::kFeatures);
    inputs.target.resize(steps, shard.size(), kEvent);
    for (Index b = 0; b < shard.size(); ++b) {
        const std::size_t song = order[static_cast<std::size_t>(shard.begin + b)];
        const std::size_t begin =
            source.crop_begin(song, crop, static_cast<std::size_t>(shard.begin + b));
        source.copy_crop(song, begin, static_cast<std::size_t>(steps),
                         inputs.target.data() + b * kEvent,
                         static_cast<std::size_t>(shard.size() * kEvent));
    }
    const auto extra = static_cast<Index>(encoding::context_size(context));
    inputs.before.resize(steps, shard.size(), kEvent + extra);
    inputs.listeners.resize(static_cast<std::size_t>(shard.size()));
    inputs.styles.resize(static_cast<std::size_t>(shard.size()));
    for (Index b = 0; b < shard.size(); ++b) {
        encoding::Style& style = inputs.styles[static_cast<std::size_t>(b)];
        if (context.style) {
            style = encoding::style_of(inputs.target.data() + b * kEvent,
                                       static_cast<std::size_t>(steps),
                                       static_cast<std::size_t>(shard.size() * kEvent), codec);
        }
        encoding::Listener& listener = inputs.listeners[static_cast<std::size_t>(b)];
        listener = encoding::Listener(codec, context);
        listener.reset(style);
        if (extra > 0) listener.write(inputs.first.col(b).data() + kEvent);
        inputs.before.step(0).col(b) = inputs.first.col(b);
        for (Index t = 1; t < steps; ++t) {
            auto column = inputs.before.step(t).col(b);
            column.head(kEvent) = inputs.target.step(t - 1).col(b);
            if (extra == 0) continue;
            listener.hear(column.data());
            listener.write(column.data() + kEvent);
        }
    }
}

}  // namespace mgan::inline MGAN_ABI
