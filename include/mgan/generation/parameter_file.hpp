#pragma once
/// \file
/// The parameters of a net as tensors of a file, named and laid out as PyTorch does it.

#include <mgan/core/quote.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/layers/parameters.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The shape of a weight in files.
template <typename Weight>
[[nodiscard]] TensorShape file_shape(const ParameterName& name, const Weight& weight) {
    if (!name.shape().empty()) return {name.shape().begin(), name.shape().end()};
    if (name.is_transposed()) {
        return {static_cast<std::int64_t>(weight.cols()), static_cast<std::int64_t>(weight.rows())};
    }
    return {static_cast<std::int64_t>(weight.rows()), static_cast<std::int64_t>(weight.cols())};
}

/// How a file holds the weights of a net. Biases are F32 (or F64) in either.
enum class WeightFormat {
    full,  ///< as the net has them
    half   ///< rounded to BF16 (core/half.hpp): half the bytes
};

/// Adds all parameters under `prefix` + their names; matrices row by row (PyTorch's order).
template <typename ModelType>
void store_parameters(TensorFile& file, const std::string& prefix, const ModelType& model,
                      WeightFormat format = WeightFormat::full) {
    for_each_parameter(model, [&](const ParameterName& name, const auto& parameter) {
        using Parameter = std::remove_cvref_t<decltype(parameter)>;
        using Scalar = typename Parameter::Scalar;
        const auto add = [&](TensorShape shape, const auto& numbers) {
            const std::span<const Scalar> values(numbers.data(),
                                                 static_cast<std::size_t>(numbers.size()));
            if (kIsBias<Parameter> || format == WeightFormat::full) {
                file.add(prefix + name.text(), std::move(shape), values);
            } else if constexpr (std::is_same_v<Scalar, float>) {
                file.add_half(prefix + name.text(), std::move(shape), values);
            } else {
                const std::vector<float> narrow(values.begin(), values.end());
                file.add_half(prefix + name.text(), std::move(shape), narrow);
            }
        };
        if constexpr (kIsBias<Parameter>) {
            add({static_cast<std::int64_t>(parameter.rows())}, parameter);
        } else if (name.is_transposed()) {  // its columns are the rows of the file
            add(file_shape(name, parameter), parameter);
        } else {
            add(file_shape(name, parameter), Matrix<Scalar>(parameter.transpose()));
        }
    });
}

/// The reverse, as strict as `load_state_dict` of PyTorch. Throws DataError or ShapeError if a
/// parameter is missing, of another shape or of a type that `conversion` does not allow, or if
/// there is a tensor under `prefix` that `model` lacks, and NumericalError if one is not finite;
/// then `model` is unchanged. To play, `Conversion::expanding` takes weights of 16 bits too; to go
/// on training, they are no substitute for those that were rounded.
template <typename ModelType>
void read_parameters(const TensorFile& file, const std::string& prefix, ModelType& model,
                     Conversion conversion = Conversion::lossless) {
    ModelType read = model;
    std::set<std::string, std::less<>> names;
    for_each_parameter(read, [&](const ParameterName& name, auto& parameter) {
        using Parameter = std::remove_cvref_t<decltype(parameter)>;
        using Scalar = typename Parameter::Scalar;
        const std::string text = prefix + name.text();
        names.insert(text);
        if constexpr (kIsBias<Parameter>) {
            file.read(
                text, {static_cast<std::int64_t>(parameter.rows())},
                std::span<Scalar>(parameter.data(), static_cast<std::size_t>(parameter.size())),
                conversion);
        } else if (name.is_transposed()) {
            file.read(
                text, file_shape(name, parameter),
                std::span<Scalar>(parameter.data(), static_cast<std::size_t>(parameter.size())),
                conversion);
        } else {
            Matrix<Scalar> transposed(parameter.cols(), parameter.rows());
            file.read(
                text, file_shape(name, parameter),
                std::span<Scalar>(transposed.data(), static_cast<std::size_t>(transposed.size())),
                conversion);
            parameter = transposed.transpose();
        }
        require<NumericalError>(parameter.allFinite(), file.source(), ": the tensor ", text,
                                " is not finite");
    });
    for (const TensorEntry& entry : file.entries()) {
        if (entry.name.starts_with(prefix) && !names.contains(entry.name))
            fail<DataError>(file.source(), ": the net has no parameter for the tensor ",
                            in_quotes(entry.name));
    }
    model = std::move(read);
}

/// Whether a tensor under `prefix` has numbers of 16 bits.
[[nodiscard]] inline bool has_half_weights(const TensorFile& file, std::string_view prefix) {
    return std::any_of(file.entries().begin(), file.entries().end(), [&](const TensorEntry& entry) {
        return is_half(entry.dtype) && std::string_view(entry.name).starts_with(prefix);
    });
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

}  // namespace mgan::inline MGAN_ABI
