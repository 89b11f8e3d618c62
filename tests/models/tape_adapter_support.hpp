#pragma once
// What the tests of layers on a tape share.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/tape_adapter.hpp>
#include <support/catch.hpp>

#include <functional>

namespace mgan_test {

using namespace mgan;

template <typename Layer>
[[nodiscard]] Layer started(Layer layer, std::uint64_t seed = 1) {
    initialise(layer, Random(seed, "tape_adapter_test"));
    return layer;
}

template <typename Layer>
[[nodiscard]] Layer zeros_like(Layer layer) {
    set_zero(layer);
    return layer;
}

template <typename Layer>
[[nodiscard]] Vector<double> flat(const Layer& layer) {
    const AlignedVector<double> numbers = flat_parameters<double>(layer);
    return ConstVectorMap<double>(numbers.data(), static_cast<Index>(numbers.size()));
}

[[nodiscard]] inline std::string message_of(const std::function<void()>& function) {
    try {
        function();
    } catch (const ShapeError& error) {
        return error.what();
    }
    return "no ShapeError";
}

inline const Matrix<double> kX = random_matrix(3, 6, 5);

}  // namespace mgan_test
