#pragma once
/// \file
/// Models on disk: parameters and normalisation as safetensors, settings as JSON in its metadata.
///
///     generator.lstm.weight_ih_l0   [4H, Z + F + K]   as PyTorch would store it, row by row
///     generator. ...
///     codec.2.values, codec.2.upper, codec.2.constants          of feature 2, and so on
///     __metadata__: mgan.settings = config.json as text
///
/// `load_model` needs nothing but this one file.

#include <mgan/generation/noise_range.hpp>
#include <mgan/generation/sampler.hpp>
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
    Generator<Scalar> generator;
    encoding::Codec codec;
    std::vector<encoding::Style> styles;  ///< of the training songs, if the settings ask for styles

    /// Songs as `sample_songs` generates them under these settings. `length`: events of each, any
    /// number. In a song longer than those of the training, attention looks no further back than
    /// it could there, and a mapping network processes the noise in overlapping windows
    /// (`NoisePath::forward_long`).
    [[nodiscard]] std::vector<midi::Song> songs(Index count, Index length, std::uint64_t seed,
                                                int threads) const {
        return with_sampler(length, [&](const SongSampler<Scalar>& sampler) {
            return sampler.songs(count, length, seed, threads);
        });
    }

    /// `count` songs on the way from song 1 of `seed` to song 2, including both (sampler.hpp).
    /// Throws ConfigError if count is below 2.
    [[nodiscard]] std::vector<midi::Song> interpolate(Index count, Index length, std::uint64_t seed,
                                                      int threads) const {
        return with_sampler(length, [&](const SongSampler<Scalar>& sampler) {
            return sampler.interpolate(count, length, seed, threads);
        });
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

/// The shape of a weight in files.
template <typename Weight>
[[nodiscard]] TensorShape file_shape(const ParameterName& name, const Weight& weight) {
    if (!name.shape().empty()) return {name.shape().begin(), name.shape().end()};
    if (name.is_transposed()) {
        return {static_cast<std::int64_t>(weight.cols()), static_cast<std::int64_t>(weight.rows())};
    }
    return {static_cast<std::int64_t>(weight.rows()), static_cast<std::int64_t>(weight.cols())};
}

/// Adds all parameters under `prefix` + their names; matrices row by row (PyTorch's order).
template <typename ModelType>
void store_parameters(TensorFile& file, const std::string& prefix, const ModelType& model) {
    for_each_parameter(model, [&](const ParameterName& name, const auto& parameter) {
        using Parameter = std::remove_cvref_t<decltype(parameter)>;
        using Scalar = typename Parameter::Scalar;
        if constexpr (kIsBias<Parameter>) {
            file.add(prefix + name.text(), {static_cast<std::int64_t>(parameter.rows())},
                     std::span<const Scalar>(parameter.data(),
                                             static_cast<std::size_t>(parameter.size())));
        } else if (name.is_transposed()) {  // its columns are the rows of the file
            file.add(prefix + name.text(), file_shape(name, parameter),
                     std::span<const Scalar>(parameter.data(),
                                             static_cast<std::size_t>(parameter.size())));
        } else {
            const Matrix<Scalar> transposed = parameter.transpose();
            file.add(prefix + name.text(), file_shape(name, parameter),
                     std::span<const Scalar>(transposed.data(),
                                             static_cast<std::size_t>(transposed.size())));
        }
    });
}

/// The reverse. Throws DataError or ShapeError if a parameter is missing or of another shape, and
/// NumericalError if one is not finite; then `model` is unchanged.
template <typename ModelType>
void read_parameters(const TensorFile& file, const std::string& prefix, ModelType& model) {
    ModelType read = model;
    for_each_parameter(read, [&](const ParameterName& name, auto& parameter) {
        using Parameter = std::remove_cvref_t<decltype(parameter)>;
        using Scalar = typename Parameter::Scalar;
        const std::string text = prefix + name.text();
        if constexpr (kIsBias<Parameter>) {
            file.read(
                text, {static_cast<std::int64_t>(parameter.rows())},
                std::span<Scalar>(parameter.data(), static_cast<std::size_t>(parameter.size())));
        } else if (name.is_transposed()) {
            file.read(
                text, file_shape(name, parameter),
                std::span<Scalar>(parameter.data(), static_cast<std::size_t>(parameter.size())));
        } else {
            Matrix<Scalar> transposed(parameter.cols(), parameter.rows());
            file.read(
                text, file_shape(name, parameter),
                std::span<Scalar>(transposed.data(), static_cast<std::size_t>(transposed.size())));
            parameter = transposed.transpose();
        }
        require<NumericalError>(parameter.allFinite(), file.source(), ": the tensor ", text,
                                " is not finite");
    });
    model = std::move(read);
}

/// Compares what the settings ask for with what the file holds, before anything is allocated for a
/// net. `expected`: its parameters (models/parameter_count.hpp). Throws ShapeError if they are more
/// than twice those under `prefix`; whatever differs by less, `read_parameters` names.
inline void require_parameters(const TensorFile& file, std::string_view prefix,
                               std::uint64_t expected) {
    std::uint64_t held = 0;
    for (const TensorEntry& entry : file.entries()) {
        if (entry.name.starts_with(prefix))
            held += (entry.end - entry.begin) / item_size(entry.dtype);
    }
    require<ShapeError>(expected / 2 <= held, file.source(), ": its settings describe a net of ",
                        expected, " parameters, its tensors ", prefix, "* hold ", held,
                        "; one of them has been changed");
}

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

/// The settings of a model or checkpoint file. Throws DataError if it is none of mgan's.
[[nodiscard]] inline Settings read_settings(const TensorFile& file, std::string_view kind) {
    const auto found = file.metadata().find(kKindKey);
    require<DataError>(found != file.metadata().end() && found->second == kind, file.source(),
                       ": this is not an mgan ", kind, " (its metadata lack ", kKindKey, " = ",
                       kind, "); the one of a run is ", kind, ".safetensors in its folder");
    Settings settings;
    const std::string& text = file.metadata_at(kSettingsKey);
    try {
        settings_from_json(std::as_bytes(std::span(text)), file.source(), settings);
    } catch (const ConfigError& error) {
        fail<ConfigError>(error.what(), "; if a newer mgan wrote this file, use that one (this is ",
                          kVersion, ")");
    }
    return settings;
}

/// Writes a model, all or nothing. Throws IoError.
template <typename Scalar>
void save_model(const std::filesystem::path& path, const BasicModel<Scalar>& model) {
    TensorFile file(path.string());
    file.set_metadata(kKindKey, "model");
    file.set_metadata(kSettingsKey, settings_to_json(model.settings));
    store_parameters(file, "generator.", model.generator);
    store_codec(file, model.codec);
    store_styles(file, model.styles);
    write_safetensors(path, file);
}

/// The model in the tensors of a file. Throws DataError, ConfigError, ShapeError, NumericalError;
/// no settings make it take more memory than twice the file asks for.
template <typename Scalar = float>
[[nodiscard]] BasicModel<Scalar> read_model(const TensorFile& file) {
    Settings settings = read_settings(file, "model");
    require_parameters(file, "generator.", parameter_count(settings.generator_settings()));
    Generator<Scalar> generator(settings.generator_settings());
    read_parameters(file, "generator.", generator);
    encoding::Codec codec = read_codec(file, settings.encoding.events);
    return {std::move(settings), std::move(generator), std::move(codec), read_styles(file)};
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

}  // namespace mgan::inline MGAN_ABI
