#pragma once
/// \file
/// A step-quantile generator with all that it needs to play, in memory and on disk.
///
///     vocabulary.grid, vocabulary.kinds       ticks of a step; the kind of each component
///     vocabulary.0.values, ...                the values of component 0, and so on
///     scale.mean, scale.deviation             of the style axes, over the training songs
///     starts.styles, starts.phases            [n, 36] and [n]: what a new song may begin from
///     sizes                                   of the net (StepGeneratorSettings)
///     generator. ...                          the parameters, named as PyTorch names them
///
///     __metadata__: mgan.kind = step-model

#include <mgan/generation/model_file.hpp>
#include <mgan/generation/step_sampler.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
struct BasicStepModel {
    encoding::StepVocabulary vocabulary;
    encoding::StyleScale scale;
    std::vector<StepStart> starts;  ///< of training crops
    StepGenerator<Scalar> generator;
    StepTemperatures temperatures;

    /// `count` songs of `length` notes, as a function of the seed (step_sampler.hpp).
    [[nodiscard]] std::vector<midi::Song> songs(Index count, Index length, std::uint64_t seed,
                                                int threads) const {
        return StepSampler<Scalar>{generator, vocabulary, scale, starts, temperatures}.songs(
            count, length, seed, threads);
    }
};
using StepModel = BasicStepModel<float>;

namespace step_model_detail {

inline constexpr const char* kKind = "step-model";

/// The members of the sizes as numbers, in the order of the file.
[[nodiscard]] inline std::array<Index*, 10> members(StepGeneratorSettings& sizes) {
    return {&sizes.embedding,       &sizes.input,       &sizes.hidden,
            &sizes.layers,          &sizes.head,        &sizes.noise,
            &sizes.mapping_layers,  &sizes.convolution, &sizes.attention_heads,
            &sizes.attention_window};
}

/// Checks sizes that a file names, before anything of that size is allocated: the LSTM, the input
/// layer and the heads alone may not have more parameters than the file has bytes for.
inline void check_sizes(const TensorFile& file, const StepShape& shape,
                        StepGeneratorSettings& sizes) {
    for (const Index* size : members(sizes))
        require<DataError>(*size >= 0 && *size <= 100'000, file.source(), ": a size of the net is ",
                           *size, "; it must be within 0 and 100000");
    require<DataError>(sizes.layers >= 1 && sizes.layers <= 64 && sizes.hidden >= 1 &&
                           sizes.input >= 1 && sizes.head >= 1 && sizes.embedding >= 1,
                       file.source(), ": the net has a layer without units");
    require<DataError>(sizes.noise == 0 && sizes.mapping_layers == 0 && sizes.convolution == 0,
                       file.source(), ": a step model with a noise path; this version has none");
    double least = 0.0;
    const auto real = [](Index size) { return static_cast<double>(size); };
    least += real(sizes.input) * real(sizes.embedding) * real(shape.count() * shape.input_sources);
    least +=
        4.0 * real(sizes.hidden) * (real(sizes.input) + real(sizes.hidden) * real(sizes.layers));
    least += real(sizes.head) * real(sizes.hidden) * real(shape.count());
    double held = 0.0;
    for (const TensorEntry& entry : file.entries()) {
        double size = 1.0;
        for (const std::int64_t extent : entry.shape) size *= static_cast<double>(extent);
        held += size;
    }
    require<DataError>(least <= held, file.source(), ": its sizes ask for at least ", least,
                       " parameters, the file holds ", held, " numbers in all");
}

}  // namespace step_model_detail

/// The tensors of a model.
template <typename Scalar>
[[nodiscard]] TensorFile step_model_tensors(const BasicStepModel<Scalar>& model) {
    using namespace step_model_detail;
    TensorFile file("step model");
    file.set_metadata(kKindKey, kKind);
    const auto add = [&](const std::string& name, const auto& values, TensorShape shape = {}) {
        using Value = typename std::remove_cvref_t<decltype(values)>::value_type;
        if (shape.empty()) shape = {static_cast<std::int64_t>(values.size())};
        file.add(name, shape, std::span<const Value>(values.data(), values.size()));
    };
    add("vocabulary.grid", std::vector<std::int64_t>{model.vocabulary.grid_ticks()});
    std::vector<std::int64_t> kinds;
    for (std::size_t c = 0; c < model.vocabulary.size(); ++c) {
        const encoding::StepComponent& component = model.vocabulary.components()[c];
        kinds.push_back(static_cast<std::int64_t>(component.kind));
        add(concat("vocabulary.", c, ".values"),
            std::vector<std::int64_t>(component.values.begin(), component.values.end()));
    }
    add("vocabulary.kinds", kinds);
    add("scale.mean", model.scale.mean);
    add("scale.deviation", model.scale.sd);
    std::vector<double> styles;
    std::vector<std::int64_t> phases;
    for (const StepStart& start : model.starts) {
        styles.insert(styles.end(), start.style.begin(), start.style.end());
        phases.push_back(start.phase);
    }
    add("starts.styles", styles,
        {static_cast<std::int64_t>(model.starts.size()),
         static_cast<std::int64_t>(encoding::kStyleAxes)});
    add("starts.phases", phases);
    StepGeneratorSettings sizes = model.generator.config();
    std::vector<std::int64_t> numbers;
    for (const Index* size : members(sizes)) numbers.push_back(*size);
    numbers.push_back(sizes.attention_residual ? 1 : 0);
    add("sizes", numbers);
    add("temperatures", std::vector<double>{model.temperatures.time, model.temperatures.pitch,
                                            model.temperatures.velocity, model.temperatures.brake});
    store_parameters(file, "generator.", model.generator);
    return file;
}

/// The reverse. Throws DataError, ShapeError, ConfigError or NumericalError that names what does
/// not fit; a file's numbers are compared with its size before anything is allocated.
template <typename Scalar = float>
[[nodiscard]] BasicStepModel<Scalar> step_model_from(const TensorFile& file) {
    using namespace step_model_detail;
    const auto kind = file.metadata().find(kKindKey);
    require<DataError>(kind != file.metadata().end() && kind->second == kKind, file.source(),
                       ": this is not an mgan ", kKind);
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
        for (const std::int64_t value :
             integers(concat("vocabulary.", components.size(), ".values"))) {
            require<DataError>(value >= 0 && value <= 100'000, file.source(), ": the value ", value,
                               " of ", component.name, " is damaged");
            component.values.push_back(static_cast<std::int32_t>(value));
        }
        components.push_back(std::move(component));
    }
    encoding::StepVocabulary vocabulary(file.get<std::int64_t>("vocabulary.grid", {1}).front(),
                                        std::move(components));
    encoding::StyleScale scale;
    const auto axes = static_cast<std::int64_t>(encoding::kStyleAxes);
    const std::vector<double> mean = file.get<double>("scale.mean", {axes}),
                              deviation = file.get<double>("scale.deviation", {axes});
    std::copy(mean.begin(), mean.end(), scale.mean.begin());
    std::copy(deviation.begin(), deviation.end(), scale.sd.begin());
    const std::vector<std::int64_t> phases = integers("starts.phases");
    const std::vector<double> styles =
        file.get<double>("starts.styles", {static_cast<std::int64_t>(phases.size()), axes});
    std::vector<StepStart> starts(phases.size());
    for (std::size_t i = 0; i < starts.size(); ++i) {
        std::copy_n(styles.begin() + static_cast<std::ptrdiff_t>(i * encoding::kStyleAxes),
                    encoding::kStyleAxes, starts[i].style.begin());
        require<DataError>(phases[i] >= 0 && phases[i] < vocabulary.phase_steps(), file.source(),
                           ": starts.phases is damaged");
        starts[i].phase = static_cast<std::int32_t>(phases[i]);
    }
    file.require_finite();
    for (const double value : deviation)
        require<DataError>(value > 0.0, file.source(), ": scale.deviation is not positive");

    StepGeneratorSettings sizes;
    const auto places = members(sizes);
    const std::vector<std::int64_t> numbers =
        file.get<std::int64_t>("sizes", {static_cast<std::int64_t>(places.size()) + 1});
    for (std::size_t i = 0; i < places.size(); ++i) *places[i] = numbers[i];
    sizes.attention_residual = numbers.back() != 0;
    const StepShape shape = step_shape(vocabulary);
    check_sizes(file, shape, sizes);
    StepGenerator<Scalar> generator(shape, sizes);
    read_parameters(file, "generator.", generator);
    const std::vector<double> t = file.get<double>("temperatures", {4});
    for (const double value : t)
        require<DataError>(value >= 0.0 && value <= 100.0, file.source(),
                           ": temperatures is damaged");
    return {std::move(vocabulary),
            scale,
            std::move(starts),
            std::move(generator),
            {.time = t[0], .pitch = t[1], .velocity = t[2], .brake = t[3]}};
}

/// Writes a model, all or nothing. Throws IoError.
template <typename Scalar>
void save_step_model(const std::filesystem::path& path, const BasicStepModel<Scalar>& model) {
    write_safetensors(path, step_model_tensors(model));
}

/// Reads a model. Throws IoError, FormatError, and what `step_model_from` throws.
template <typename Scalar = float>
[[nodiscard]] BasicStepModel<Scalar> load_step_model(const std::filesystem::path& path) {
    return step_model_from<Scalar>(read_safetensors(path));
}

}  // namespace mgan::inline MGAN_ABI
