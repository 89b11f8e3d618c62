#pragma once
/// \file
/// A step-quantile generator with all that it needs to play, and its part of a model's file.
///
///     vocabulary.grid, vocabulary.kinds       ticks of a step; the kind of each component
///     vocabulary.0.values, ...                the values of component 0, and so on
///     scale.mean, scale.deviation             of the style axes, over the training songs
///     starts.styles, starts.phases            [n, 37] and [n]: what a new song may begin from
///     openings.styles, openings.phases        the same of training songs from their beginning,
///     openings.events                         and their first events: [n, 8, components]; may be
///                                             left out
///     generator. ...                          the parameters, named as PyTorch names them
///     discriminator. ...                      if it can guide; may be left out
///
/// The sizes of the nets follow from the settings, which stand in the file's metadata
/// (model_file.hpp).

#include <mgan/generation/parameter_file.hpp>
#include <mgan/generation/step_sampler.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/models/parameter_count.hpp>
#include <mgan/settings/settings.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
struct BasicStepModel {
    encoding::StepVocabulary vocabulary;
    encoding::StyleScale scale;
    std::vector<StepStart> starts;  ///< of training crops
    StepGenerator<Scalar> generator;
    std::optional<StepDiscriminator<Scalar>> discriminator;
    std::vector<StepOpening> openings{};  ///< of training songs

    [[nodiscard]] StepBand<Scalar> band() const noexcept {
        return {&generator, discriminator ? &*discriminator : nullptr, &vocabulary, &scale};
    }

    /// `count` songs of `length` notes, from number `first` of the seed on (step_sampler.hpp).
    /// Throws ConfigError if `playing` asks for guidance and there is no discriminator.
    [[nodiscard]] std::vector<midi::Song> songs(const PlayingSettings& playing, Index count,
                                                Index length, std::uint64_t seed, int threads,
                                                Index first = 0) const {
        return StepSampler<Scalar>{band(), starts, playing}.songs(count, length, seed, threads,
                                                                  first);
    }
};
using StepModel = BasicStepModel<float>;

/// Adds the vocabulary under "vocabulary.".
inline void store_vocabulary(TensorFile& file, const encoding::StepVocabulary& vocabulary) {
    const auto add = [&](const std::string& name, const std::vector<std::int64_t>& values) {
        file.add(name, {static_cast<std::int64_t>(values.size())},
                 std::span<const std::int64_t>(values));
    };
    add("vocabulary.grid", {vocabulary.grid_ticks()});
    std::vector<std::int64_t> kinds;
    for (std::size_t c = 0; c < vocabulary.size(); ++c) {
        const encoding::StepComponent& component = vocabulary.components()[c];
        kinds.push_back(static_cast<std::int64_t>(component.kind));
        add(concat("vocabulary.", c, ".values"),
            std::vector<std::int64_t>(component.values.begin(), component.values.end()));
    }
    add("vocabulary.kinds", kinds);
}

/// The reverse. Throws DataError or ConfigError.
[[nodiscard]] inline encoding::StepVocabulary read_vocabulary(const TensorFile& file) {
    const auto integers = [&](const std::string& name) {
        return file.get<std::int64_t>(name, file.entry(name).shape);
    };
    std::vector<encoding::StepComponent> components;
    for (const std::int64_t number : integers("vocabulary.kinds")) {
        require<DataError>(
            number >= 0 && number <= 5 && components.size() < encoding::kMaxComponents,
            file.source(), ": vocabulary.kinds is damaged");
        encoding::StepComponent component;
        component.kind = static_cast<encoding::ComponentKind>(number);
        component.name = std::string(encoding::name(component.kind));
        const std::vector<std::int64_t> values =
            integers(concat("vocabulary.", components.size(), ".values"));
        for (const std::int64_t value : values) {
            require<DataError>(value >= 0 && value <= 100'000, file.source(), ": the value ", value,
                               " of ", component.name, " is damaged");
            component.values.push_back(static_cast<std::int32_t>(value));
        }
        components.push_back(std::move(component));
    }
    return {file.get<std::int64_t>("vocabulary.grid", {1}).front(), std::move(components)};
}

/// Adds the starts as `name`.styles and `name`.phases.
inline void store_starts(TensorFile& file, const std::string& name,
                         const std::vector<StepStart>& starts) {
    std::vector<double> styles;
    std::vector<std::int64_t> phases;
    for (const StepStart& start : starts) {
        styles.insert(styles.end(), start.style.begin(), start.style.end());
        phases.push_back(start.phase);
    }
    const auto count = static_cast<std::int64_t>(starts.size());
    file.add(name + ".styles", {count, static_cast<std::int64_t>(encoding::kStyleAxes)},
             std::span<const double>(styles));
    file.add(name + ".phases", {count}, std::span<const std::int64_t>(phases));
}

/// Adds scale and starts.
inline void store_starts(TensorFile& file, const encoding::StyleScale& scale,
                         const std::vector<StepStart>& starts) {
    const auto axes = static_cast<std::int64_t>(encoding::kStyleAxes);
    file.add("scale.mean", {axes}, std::span<const double>(scale.mean));
    file.add("scale.deviation", {axes}, std::span<const double>(scale.sd));
    store_starts(file, "starts", starts);
}

/// A tensor of numbers that must be finite. Throws DataError, NumericalError.
[[nodiscard]] inline std::vector<double> read_finite(const TensorFile& file,
                                                     const std::string& name,
                                                     const TensorShape& shape) {
    std::vector<double> values = file.get<double>(name, shape);
    for (const double value : values)
        require<NumericalError>(std::isfinite(value), file.source(), ": the tensor ", name,
                                " is not finite");
    return values;
}

/// The starts of `name`.styles and `name`.phases. Throws DataError, NumericalError.
[[nodiscard]] inline std::vector<StepStart> read_starts(
    const TensorFile& file, const std::string& name, const encoding::StepVocabulary& vocabulary) {
    const auto axes = static_cast<std::int64_t>(encoding::kStyleAxes);
    const std::vector<std::int64_t> phases =
        file.get<std::int64_t>(name + ".phases", file.entry(name + ".phases").shape);
    const std::vector<double> styles =
        read_finite(file, name + ".styles", {static_cast<std::int64_t>(phases.size()), axes});
    std::vector<StepStart> starts(phases.size());
    for (std::size_t i = 0; i < starts.size(); ++i) {
        std::copy_n(styles.begin() + static_cast<std::ptrdiff_t>(i * encoding::kStyleAxes),
                    encoding::kStyleAxes, starts[i].style.begin());
        require<DataError>(phases[i] >= 0 && phases[i] < vocabulary.phase_steps(), file.source(),
                           ": ", name, ".phases is damaged");
        starts[i].phase = static_cast<std::int32_t>(phases[i]);
    }
    return starts;
}

/// The reverse of `store_starts`. Throws DataError, or NumericalError for numbers that are not
/// finite.
[[nodiscard]] inline std::pair<encoding::StyleScale, std::vector<StepStart>> read_starts(
    const TensorFile& file, const encoding::StepVocabulary& vocabulary) {
    const auto axes = static_cast<std::int64_t>(encoding::kStyleAxes);
    encoding::StyleScale scale;
    const std::vector<double> mean = read_finite(file, "scale.mean", {axes}),
                              deviation = read_finite(file, "scale.deviation", {axes});
    std::copy(mean.begin(), mean.end(), scale.mean.begin());
    std::copy(deviation.begin(), deviation.end(), scale.sd.begin());
    for (const double value : deviation)
        require<DataError>(value > 0.0, file.source(), ": scale.deviation is not positive");
    return {scale, read_starts(file, "starts", vocabulary)};
}

/// Adds the openings, if there are any.
inline void store_openings(TensorFile& file, const encoding::StepVocabulary& vocabulary,
                           const std::vector<StepOpening>& openings) {
    if (openings.empty()) return;
    std::vector<StepStart> starts;
    std::vector<std::int64_t> values;
    for (const StepOpening& opening : openings) {
        starts.push_back(opening.start);
        for (const encoding::StepEvent& event : opening.events)
            values.insert(values.end(), event.value.begin(),
                          event.value.begin() + static_cast<std::ptrdiff_t>(vocabulary.size()));
    }
    store_starts(file, "openings", starts);
    file.add("openings.events",
             {static_cast<std::int64_t>(openings.size()),
              static_cast<std::int64_t>(StepOpening::kEvents),
              static_cast<std::int64_t>(vocabulary.size())},
             std::span<const std::int64_t>(values));
}

/// The reverse; none if the file has none. Throws DataError, NumericalError.
[[nodiscard]] inline std::vector<StepOpening> read_openings(
    const TensorFile& file, const encoding::StepVocabulary& vocabulary) {
    if (!file.contains("openings.events")) return {};
    const std::vector<StepStart> starts = read_starts(file, "openings", vocabulary);
    const std::vector<std::int64_t> values =
        file.get<std::int64_t>("openings.events", {static_cast<std::int64_t>(starts.size()),
                                                   static_cast<std::int64_t>(StepOpening::kEvents),
                                                   static_cast<std::int64_t>(vocabulary.size())});
    std::vector<StepOpening> openings(starts.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < openings.size(); ++i) {
        openings[i].start = starts[i];
        openings[i].events.resize(StepOpening::kEvents);
        for (encoding::StepEvent& event : openings[i].events) {
            for (std::size_t c = 0; c < vocabulary.size(); ++c, ++at) {
                const auto count =
                    static_cast<std::int64_t>(vocabulary.components()[c].values.size());
                require<DataError>(values[at] >= 0 && values[at] < count, file.source(),
                                   ": openings.events is damaged: ", values[at], " is no value of ",
                                   vocabulary.components()[c].name);
                event.value[c] = static_cast<std::int16_t>(values[at]);
            }
        }
    }
    return openings;
}

/// Adds all of a model.
template <typename Scalar>
void store_step_model(TensorFile& file, const BasicStepModel<Scalar>& model,
                      WeightFormat format = WeightFormat::full) {
    store_vocabulary(file, model.vocabulary);
    store_starts(file, model.scale, model.starts);
    store_openings(file, model.vocabulary, model.openings);
    store_parameters(file, "generator.", model.generator, format);
    if (model.discriminator) store_parameters(file, "discriminator.", *model.discriminator, format);
}

/// The reverse. Throws DataError, ShapeError, ConfigError or NumericalError that names what does
/// not fit; what the settings ask for is compared with the file before nets are allocated.
template <typename Scalar = float>
[[nodiscard]] BasicStepModel<Scalar> read_step_model(const TensorFile& file,
                                                     const Settings& settings) {
    encoding::StepVocabulary vocabulary = read_vocabulary(file);
    auto [scale, starts] = read_starts(file, vocabulary);
    const StepShape shape = step_shape(vocabulary);
    const StepGeneratorSettings sizes = settings.step_generator_settings();
    require_parameters(file, "generator.", parameter_count(shape, sizes));
    StepGenerator<Scalar> generator(shape, sizes);
    read_parameters(file, "generator.", generator, Conversion::expanding);
    if (has_half_weights(file, "generator.")) generator.pack_half();
    std::optional<StepDiscriminator<Scalar>> discriminator;
    const auto is_of_discriminator = [](const TensorEntry& entry) {
        return std::string_view(entry.name).starts_with("discriminator.");
    };
    if (std::any_of(file.entries().begin(), file.entries().end(), is_of_discriminator)) {
        const StepDiscriminatorSettings judge = settings.step_discriminator_settings();
        require_parameters(file, "discriminator.", parameter_count(shape, judge));
        discriminator.emplace(shape, judge);
        read_parameters(file, "discriminator.", *discriminator, Conversion::expanding);
    }
    std::vector<StepOpening> openings = read_openings(file, vocabulary);
    return {std::move(vocabulary),    scale,
            std::move(starts),        std::move(generator),
            std::move(discriminator), std::move(openings)};
}

}  // namespace mgan::inline MGAN_ABI
