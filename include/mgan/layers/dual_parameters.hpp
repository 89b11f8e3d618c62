#pragma once
/// \file
/// Layers and models over dual numbers: H v of a net with a backward pass written by hand.
///
///     Lstm<Dual<float>> dual(features, hidden);          the same sizes
///     set_dual(dual, lstm);                              its parameters W; set_dual(dual, lstm, v)
///                                                        for W + v e
///     dual.forward(...); dual.backward(..., gradients);  gradients = g + H v e
///     add_derivatives(gradients, 1.0f, products);        products += H v
///
/// The direction may move the parameters, the inputs, or both: give dual numbers to whatever moves.
/// See tensor/dual.hpp for the idea.

#include <mgan/layers/parameters.hpp>
#include <mgan/tensor/dual.hpp>

namespace mgan::inline MGAN_ABI {

/// dual := model; no parameter moves. Both are of one kind and size (ShapeError otherwise).
template <typename DualModel, typename Model>
void set_dual(DualModel& dual, const Model& model) {
    for_each_pair(dual, model, [](const ParameterName&, auto& to, const auto& from) {
        using Scalar = typename std::remove_cvref_t<decltype(to)>::Scalar;
        to.reshaped() = from.template cast<Scalar>();
    });
}
/// dual := model + direction e.
template <typename DualModel, typename Model>
void set_dual(DualModel& dual, const Model& model, const Model& direction) {
    set_dual(dual, model);
    for_each_pair(dual, direction, [](const ParameterName&, auto& to, const auto& from) {
        for (Index i = 0; i < from.size(); ++i) to.data()[i].derivative = from(i);
    });
}
/// to += factor * the derivatives in `dual`.
template <typename DualModel, typename Model>
void add_derivatives(const DualModel& dual, typename Model::ScalarType factor, Model& to) {
    for_each_pair(to, dual, [factor](const ParameterName&, auto& sum, const auto& from) {
        for (Index i = 0; i < from.size(); ++i) sum.data()[i] += factor * from(i).derivative;
    });
}

}  // namespace mgan::inline MGAN_ABI
