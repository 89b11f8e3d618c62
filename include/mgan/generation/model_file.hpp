#pragma once
/// \file
/// Models on disk: parameters and normalisation as safetensors, settings as JSON in its metadata.
///
///     generator.lstm.weight_ih_l0   [4H, Z + F + K]   as PyTorch would store it, row by row
///     generator. ...
///     codec.2.values, codec.2.upper, codec.2.constants          of feature 2, and so on
///     with step heads: what step_model.hpp lists in place of codec and styles
///     __metadata__: mgan.settings = config.json as text
///                   mgan.kept_phase = pretraining | adversarial
///
/// `load_model` needs nothing but this one file. Weights are F32, or, in half the space, BF16 (what
/// `WeightFormat::half` writes) or F16; both are expanded, exactly. Biases and tables stay as they
/// are.

#include <mgan/generation/noise_range.hpp>
#include <mgan/generation/parameter_file.hpp>
#include <mgan/generation/sampler.hpp>
#include <mgan/generation/step_model.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/io/settings_json.hpp>
#include <mgan/models/parameter_count.hpp>
#include <mgan/settings/settings.hpp>

namespace mgan::inline MGAN_ABI {

/// A generator with what it needs to generate songs. Use `Model`; it is a template so that only
/// code that generates songs pays for compiling it.
template <typename Scalar>
struct BasicModel {
    Settings settings;
    Generator<Scalar> generator;  ///< with numeric heads
    encoding::Codec codec;
    std::vector<encoding::Style> styles;  ///< of the training songs, if the settings ask for styles
    std::optional<BasicStepModel<Scalar>> steps{};  ///< with step heads: all that plays
    std::string kept_phase{};  ///< which phase the generator comes from; empty: not known
    bool half_weights{};       ///< its file held weights of 16 bits, and they are expanded here

    /// Songs first .. first + count - 1 of a seed, as `sample_songs` generates them under these
    /// settings. `length`: events of each, any number. In a song longer than those of the training,
    /// attention looks no further back than it could there, and a mapping network processes the
    /// noise in overlapping windows (`NoisePath::forward_long`).
    [[nodiscard]] std::vector<midi::Song> songs(Index count, Index length, std::uint64_t seed,
                                                int threads, Index first = 0) const {
        if (steps) return steps->songs(playing(), count, length, seed, threads, first);
        return with_sampler(length, [&](const SongSampler<Scalar>& sampler) {
            return sampler.songs(count, length, seed, threads, first);
        });
    }

    /// `count` songs on the way from song 1 of `seed` to song 2, including both (sampler.hpp).
    /// Throws ConfigError if count is below 2, and with step heads, where what lies between two
    /// events is no event.
    [[nodiscard]] std::vector<midi::Song> interpolate(Index count, Index length, std::uint64_t seed,
                                                      int threads) const {
        require<ConfigError>(!steps,
                             "interpolation: a model with step heads draws its events from lists "
                             "of values, and nothing lies between two of them; train with "
                             "generator.heads=numeric for songs on the way from one to another");
        return with_sampler(length, [&](const SongSampler<Scalar>& sampler) {
            return sampler.interpolate(count, length, seed, threads);
        });
    }

    /// How songs are played: as the settings say, but without a discriminator nobody guides.
    [[nodiscard]] PlayingSettings playing() const {
        PlayingSettings how = settings.playing;
        if (!steps || !steps->discriminator) how.guide = how.particles = 0;
        return how;
    }

private:
    template <typename Use>
    [[nodiscard]] std::vector<midi::Song> with_sampler(Index length, Use&& use) const {
        const auto sampler = [&](const Generator<Scalar>& player) {
            return SongSampler<Scalar>{player,
                                       codec,
                                       settings.encoding.context,
                                       styles,
                                       noise_range(settings.pretrain),
                                       settings.discriminator.quantise};
        };
        // A window beyond the end of the song would only take memory.
        const Index window = generator.settings().attention_window;
        const Index limit = window > 0 ? length : settings.length;
        if (!generator.attends() || (window > 0 ? window <= limit : length <= limit))
            return use(sampler(generator));
        Generator<Scalar> windowed = generator;
        windowed.limit_attention(limit);
        return use(sampler(windowed));
    }
};
using Model = BasicModel<float>;

/// Adds the tables of a codec under "codec.".
inline void store_codec(TensorFile& file, const encoding::Codec& codec) {
    const auto& tables = codec.normalisation().tables();
    for (std::size_t f = 0; f < tables.size(); ++f) {
        const std::string prefix = concat("codec.", f, ".");
        const encoding::FeatureTable& table = tables[f];
        const std::array<double, 4> constants = {table.low, table.high, table.offset, table.scale};
        file.add(prefix + "constants", {4}, std::span<const double>(constants));
        file.add(prefix + "values", {static_cast<std::int64_t>(table.values.size())},
                 std::span<const double>(table.values));
        file.add(prefix + "upper", {static_cast<std::int64_t>(table.upper.size())},
                 std::span<const double>(table.upper));
    }
}

/// The codec of a file. Throws DataError or ConfigError if its tables do not fit `options`.
[[nodiscard]] inline encoding::Codec read_codec(const TensorFile& file,
                                                const encoding::EncodingSettings& options) {
    std::array<encoding::FeatureTable, encoding::kFeatures> tables;
    for (std::size_t f = 0; f < tables.size(); ++f) {
        const std::string prefix = concat("codec.", f, ".");
        const std::vector<double> constants = file.get<double>(prefix + "constants", {4});
        tables[f].low = constants[0];
        tables[f].high = constants[1];
        tables[f].offset = constants[2];
        tables[f].scale = constants[3];
        tables[f].values = file.get<double>(prefix + "values", file.entry(prefix + "values").shape);
        tables[f].upper = file.get<double>(prefix + "upper", file.entry(prefix + "upper").shape);
    }
    return encoding::Codec(options, std::move(tables));
}

/// Adds styles as one tensor, [songs, 11].
inline void store_styles(TensorFile& file, const std::vector<encoding::Style>& styles) {
    std::vector<double> flat;
    for (const encoding::Style& style : styles) flat.insert(flat.end(), style.begin(), style.end());
    file.add(
        "styles",
        {static_cast<std::int64_t>(styles.size()), static_cast<std::int64_t>(encoding::kStyle)},
        std::span<const double>(flat));
}

/// The reverse. Throws DataError, ShapeError, or NumericalError for numbers that are not finite.
[[nodiscard]] inline std::vector<encoding::Style> read_styles(const TensorFile& file) {
    const TensorShape& shape = file.entry("styles").shape;
    require<ShapeError>(
        shape.size() == 2 && shape[1] == static_cast<std::int64_t>(encoding::kStyle), file.source(),
        ": the tensor styles must have ", encoding::kStyle, " columns");
    const std::vector<double> flat = file.get<double>("styles", shape);
    std::vector<encoding::Style> styles(static_cast<std::size_t>(shape[0]));
    for (std::size_t i = 0; i < flat.size(); ++i) {
        require<NumericalError>(std::isfinite(flat[i]), file.source(),
                                ": the tensor styles is not finite");
        styles[i / encoding::kStyle][i % encoding::kStyle] = flat[i];
    }
    return styles;
}

/// Settings as they stand in a file's metadata.
inline constexpr const char* kSettingsKey = "mgan.settings";
inline constexpr const char* kKindKey = "mgan.kind";
inline constexpr const char* kPhaseKey = "mgan.kept_phase";

/// The settings of a model or checkpoint file. Throws DataError if it is none of mgan's.
[[nodiscard]] inline Settings read_settings(const TensorFile& file, std::string_view kind) {
    const auto found = file.metadata().find(kKindKey);
    require<DataError>(found != file.metadata().end() && found->second == kind, file.source(),
                       ": this is not an mgan ", kind, " (its metadata lack ", kKindKey, " = ",
                       kind, "); the one of a run is ", kind, ".safetensors in its folder");
    Settings settings;
    const std::string& text = file.metadata_at(kSettingsKey);
#ifdef __cpp_exceptions  // where there are none, a message without the advice ends the program
    try {
        settings_from_json(std::as_bytes(std::span(text)), file.source(), settings);
    } catch (const ConfigError& error) {
        fail<ConfigError>(error.what(), "; if a newer mgan wrote this file, use that one (this is ",
                          kVersion, ")");
    }
#else
    settings_from_json(std::as_bytes(std::span(text)), file.source(), settings);
#endif
    return settings;
}

/// A model as tensors with names, called `name` in messages.
template <typename Scalar>
[[nodiscard]] TensorFile tensors_of(const BasicModel<Scalar>& model, const std::string& name,
                                    WeightFormat format = WeightFormat::full) {
    TensorFile file(name);
    file.set_metadata(kKindKey, "model");
    file.set_metadata(kSettingsKey, settings_to_json(model.settings));
    if (!model.kept_phase.empty()) file.set_metadata(kPhaseKey, model.kept_phase);
    if (model.steps) {
        store_step_model(file, *model.steps, format);
    } else {
        store_parameters(file, "generator.", model.generator, format);
        store_codec(file, model.codec);
        store_styles(file, model.styles);
    }
    return file;
}

/// Writes a model, all or nothing. Throws IoError, and NumericalError that names the weight if one
/// is beyond the range of BF16.
template <typename Scalar>
void save_model(const std::filesystem::path& path, const BasicModel<Scalar>& model,
                WeightFormat format = WeightFormat::full) {
    write_safetensors(path, tensors_of(model, path.string(), format));
}
/// The bytes of that file.
template <typename Scalar>
[[nodiscard]] std::vector<std::byte> save_model(const BasicModel<Scalar>& model,
                                                WeightFormat format = WeightFormat::full) {
    return safetensors::serialize(tensors_of(model, "model", format));
}

/// The model of a file in memory. Throws FormatError, DataError, ShapeError; nothing of a damaged
/// file is used, and no settings make it take more memory than twice the file asks for.
template <typename Scalar = float>
[[nodiscard]] BasicModel<Scalar> read_model(const TensorFile& file) {
    BasicModel<Scalar> model;
    model.settings = read_settings(file, "model");
    if (const auto phase = file.metadata().find(kPhaseKey); phase != file.metadata().end())
        model.kept_phase = phase->second;
    model.half_weights = has_half_weights(file, "generator.");
    if (model.settings.has_step_heads()) {
        model.steps = read_step_model<Scalar>(file, model.settings);
        return model;
    }
    const GeneratorSettings sizes = model.settings.generator_settings();
    require_parameters(file, "generator.", parameter_count(sizes));
    model.generator = Generator<Scalar>(sizes);
    read_parameters(file, "generator.", model.generator, Conversion::expanding);
    if (model.half_weights) model.generator.pack_half();
    model.codec = read_codec(file, model.settings.encoding.events);
    model.styles = read_styles(file);
    return model;
}

/// Reads a model: a .safetensors file, or a run directory that holds model.safetensors. Throws
/// IoError, FormatError, and what `read_model` throws; nothing of a damaged file is used.
template <typename Scalar = float>
[[nodiscard]] BasicModel<Scalar> load_model(const std::filesystem::path& path) {
    std::error_code failure;
    const bool is_folder = std::filesystem::is_directory(path, failure);
    const std::filesystem::path file_path = is_folder ? path / "model.safetensors" : path;
    require<IoError>(
        std::filesystem::exists(file_path, failure) || failure, path,
        is_folder ? ": holds no model (no model.safetensors)" : ": no such file or folder",
        "; give the folder that mgan train made, or a model.safetensors");
    return read_model<Scalar>(read_safetensors(file_path));
}

/// The same from the bytes of a file, which need not stay; `name` is for messages.
template <typename Scalar = float>
[[nodiscard]] BasicModel<Scalar> load_model(std::span<const std::byte> bytes,
                                            std::string_view name = "model") {
    return read_model<Scalar>(safetensors::parse({bytes.begin(), bytes.end()}, std::string(name)));
}

}  // namespace mgan::inline MGAN_ABI
