#pragma once
/// \file
/// Initial values of parameters.
///
/// Every number is a function of (seed, position in the model), so a model of a given shape and
/// seed starts from the same bits on every machine.
///
///     uniform    w ~ U(-1/sqrt(n), 1/sqrt(n)), n = hidden units (LSTM) or inputs (dense);
///                biases likewise. PyTorch's default.
///     glorot     w ~ U(-l, l), l = sqrt(6 / (in + out)), biases 0 (Glorot and Bengio 2010).
///                For the four gates of an LSTM in one matrix, out counts one gate.
///
/// Either way, the bias of every forget gate is then set to 1 (Jozefowicz et al. 2015): a cell that
/// starts out remembering lets the gradient reach far back from the very first update on. The same
/// goes for the update gate of a GRU. The gain of a layer normalisation is 1, its offset 0.

#include <mgan/core/random.hpp>
#include <mgan/layers/parameters.hpp>

namespace mgan::inline MGAN_ABI {

enum class Initialisation { uniform, glorot };

/// Fills all parameters of `model`. `random` must be a stream that nothing else draws from.
template <typename Model>
void initialise(Model& model, const Random& random, Initialisation kind = Initialisation::uniform) {
    std::uint64_t index = 0;
    // Of the weight last seen: PyTorch gives a dense bias the bound of its weight.
    double bound = 0.0;
    for_each_parameter(model, [&](const ParameterName& name, auto& parameter) {
        using Parameter = std::remove_cvref_t<decltype(parameter)>;
        using Scalar = typename Parameter::Scalar;
        const std::string text = name.text();
        const bool recurrent =
            text.find("_ih") != std::string::npos || text.find("_hh") != std::string::npos;
        const double hidden =
            static_cast<double>(parameter.rows()) / static_cast<double>(name.gates());
        double limit = bound;
        if constexpr (!kIsBias<Parameter>) {
            // Of a table one column is read at a time.
            const double in = name.is_transposed() ? 1.0 : static_cast<double>(parameter.cols());
            const double out = recurrent ? hidden : static_cast<double>(parameter.rows());
            if (kind == Initialisation::glorot) {
                limit = std::sqrt(6.0 / (in + out));
            } else {
                limit = 1.0 / std::sqrt(recurrent ? hidden : in);
            }
            bound = limit;
        } else if (kind == Initialisation::glorot) {
            limit = 0.0;
        } else if (recurrent) {
            limit = 1.0 / std::sqrt(hidden);
        }
        for (Index i = 0; i < parameter.size(); ++i) {
            parameter.data()[i] =
                Scalar(static_cast<RealOf<Scalar>>(random.uniform(index++, -limit, limit)));
        }
        if constexpr (kIsBias<Parameter>) {
            if (text.ends_with("weight")) {  // the gain of a normalisation; its offset is 0
                parameter.setOnes();
                bound = 0.0;
            }
            if (recurrent) {  // the two biases add up, so only one of them is set to 1
                const Index h = parameter.size() / name.gates();
                const bool carries = text.find("bias_ih") != std::string::npos;
                parameter.segment(h, h).setConstant(
                    Scalar(carries ? RealOf<Scalar>(1) : RealOf<Scalar>(0)));
            }
        }
    });
}

}  // namespace mgan::inline MGAN_ABI
