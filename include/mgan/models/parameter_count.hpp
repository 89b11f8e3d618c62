#pragma once
/// \file
/// How many parameters a net would have, from its settings alone.
///
/// The settings of a model file are somebody else's words: `hidden 4096` in a file of 18 KB would
/// have us allocate gigabytes before we find out that the file does not hold them. So whoever reads
/// a file compares these numbers with it first. They are those of `parameter_count(net)`; a test
/// compares them for random settings.

#include <mgan/core/error.hpp>
#include <mgan/models/discriminator_settings.hpp>
#include <mgan/models/generator_settings.hpp>
#include <mgan/models/pf_classifier_settings.hpp>
#include <mgan/models/step_rows.hpp>
#include <mgan/models/step_settings.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace mgan::inline MGAN_ABI {

namespace parameter_count_detail {

/// A number that stays at the largest one instead of wrapping. Negative sizes count as 0: the
/// constructors refuse them.
class Count {
public:
    Count(Index number)  // NOLINT: conversion by design
        : value_(number > 0 ? static_cast<std::uint64_t>(number) : 0) {}

    [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

    friend Count operator+(Count a, Count b) noexcept {
        a.value_ = a.value_ > kMost - b.value_ ? kMost : a.value_ + b.value_;
        return a;
    }
    friend Count operator*(Count a, Count b) noexcept {
        const bool wraps = b.value_ > 0 && a.value_ > kMost / b.value_;
        a.value_ = wraps ? kMost : a.value_ * b.value_;
        return a;
    }

private:
    static constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t value_;
};

inline Count dense(Count in, Count out) noexcept {
    return out * (in + 1);
}

/// One direction of one LSTM layer; PyTorch keeps two biases.
inline Count lstm(Count in, Count hidden) noexcept {
    return Count(4) * hidden * (in + hidden + 2);
}

/// `layers` layers, one on the other.
inline Count lstms(Count in, Count hidden, Index layers) noexcept {
    return layers > 0 ? lstm(in, hidden) + Count(layers - 1) * lstm(hidden, hidden) : Count(0);
}

/// `layers` layers of two directions, each reading both of the one below.
inline Count bilstms(Count in, Count hidden, Index layers) noexcept {
    return layers > 0 ? Count(2) * lstm(in, hidden) +
                            Count(layers - 1) * Count(2) * lstm(Count(2) * hidden, hidden)
                      : Count(0);
}

/// Of either generator: what stands in front of the LSTM, and what looks back at it.
template <typename GeneratorSizes>
Count noise_path_and_attention(const GeneratorSizes& sizes) noexcept {
    Count count = 0;
    if (sizes.mapping_layers > 0) {
        const Count plane = Count(sizes.plane_length) * sizes.noise;
        count = count + Count(sizes.mapping_layers) * dense(plane, plane);
    }
    if (sizes.convolution > 0) count = count + Count(sizes.convolution) * sizes.convolution + 1;
    if (sizes.attention_heads > 0)
        count = count + Count(sizes.attention_heads > 1 ? 4 : 3) * sizes.hidden * sizes.hidden;
    return count;
}

}  // namespace parameter_count_detail

/// Scalars of all parameters of a generator; the largest number if there are more than that.
[[nodiscard]] inline std::uint64_t parameter_count(const GeneratorSettings& settings) noexcept {
    using namespace parameter_count_detail;
    const Count z = settings.noise, f = settings.features, h = settings.hidden;
    Count count = noise_path_and_attention(settings);
    count = count + lstms(z + f + settings.context, h, settings.layers);
    count = count + dense(h, settings.head) + dense(settings.head, f);
    if (settings.noise_to_head) count = count + Count(settings.head) * z;
    if (settings.recall_gate) count = count + dense(settings.head, f);
    return count.value();
}

/// The same of a discriminator.
[[nodiscard]] inline std::uint64_t parameter_count(const DiscriminatorSettings& settings) noexcept {
    using namespace parameter_count_detail;
    const Count h = settings.hidden;
    return (dense(Count(2) * h + (settings.minibatch_deviation ? 1 : 0), 1) +
            bilstms(settings.features, h, settings.layers))
        .value();
}

/// The same of a PF classifier.
[[nodiscard]] inline std::uint64_t parameter_count(const PfClassifierSettings& settings) noexcept {
    using namespace parameter_count_detail;
    const Count wide = settings.hidden_1, pieces = settings.hidden_2, h = settings.hidden;
    const Count count = dense(settings.inputs, wide) + dense(wide, pieces);
    if (settings.kind == PfKind::dense)
        return (count + dense(pieces, h) + Count(2) * dense(h, h) + dense(h, 1)).value();
    const Index width = settings.hidden_2 / std::max<Index>(1, settings.steps);
    return (count + bilstms(width, h, settings.layers) + dense(Count(2) * h, 1)).value();
}

/// The same of a generator with step heads.
[[nodiscard]] inline std::uint64_t parameter_count(const StepShape& shape,
                                                   const StepGeneratorSettings& sizes) noexcept {
    using namespace parameter_count_detail;
    const Count h = sizes.hidden, width = sizes.head, embedding = sizes.embedding;
    Count count = noise_path_and_attention(sizes);
    for (const StepComponentShape& component : shape.components)
        count = count + embedding * (component.size() + 1);
    count = count + embedding * shape.quarter * 2;
    count = count + dense(embedding * (shape.input_sources * shape.count() + 2) + shape.numbers +
                              sizes.noise,
                          sizes.input);
    count = count + lstms(sizes.input, h, sizes.layers);
    for (Index k = 0; k < shape.count(); ++k) {
        count = count + dense(h + shape.style, width) + dense(width, StepRows(shape, k).end);
        for (Index j = 0; j < k; ++j)
            count = count + width * shape.components[static_cast<std::size_t>(j)].size();
        if (k > 0) count = count + width * shape.quarter + width * (k * shape.sources);
        if (shape.components[static_cast<std::size_t>(k)].kind == StepKind::pitch)
            count = count + width * 128;
    }
    return count.value();
}

/// The same of its discriminator.
[[nodiscard]] inline std::uint64_t parameter_count(
    const StepShape& shape, const StepDiscriminatorSettings& sizes) noexcept {
    using namespace parameter_count_detail;
    const Count h = sizes.hidden, embedding = sizes.embedding;
    Count count = embedding * shape.quarter;
    for (const StepComponentShape& component : shape.components)
        count = count + embedding * component.size();
    count = count + dense(embedding * (shape.count() + 1) + shape.sources * shape.count() +
                              (shape.numbers - shape.style) + shape.facts,
                          sizes.input);
    count = count + lstms(sizes.input, h, sizes.layers);
    count = count + dense(Count(2) * (h + sizes.input) + shape.sets, sizes.answer) +
            dense(sizes.answer, 1);
    return count.value();
}

/// The settings themselves, if a net of them can exist: throws ConfigError for sizes below 1
/// (context: below 0), and for more parameters than any machine holds.
template <typename NetSettings>
[[nodiscard]] const NetSettings& possible(const NetSettings& settings) {
    Index context = 0;
    if constexpr (requires { settings.context; }) context = settings.context;
    require<ConfigError>(
        settings.features >= 1 && settings.hidden >= 1 && settings.layers >= 1 && context >= 0,
        "a net of ", settings.layers, " layers of ", settings.hidden, " units for ",
        settings.features, " features (context ", context,
        ") cannot be; all must be at least 1, the context at least 0");
    constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
    const std::uint64_t count = parameter_count(settings);
    require<ConfigError>(count <= kMost, "a net of ", count, " parameters cannot be: at most 2^40");
    return settings;
}

}  // namespace mgan::inline MGAN_ABI
