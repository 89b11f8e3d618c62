#pragma once
// The optimiser of tests in which a layer learns; optimisation/ has tests of its own.

#include <mgan/layers/parameters.hpp>

#include <cmath>
#include <span>

namespace mgan_test {

/// Adam (Kingma and Ba 2015) over the flat vector of parameters.
struct Adam {
    mgan::Vector<double> mean, square;
    double rate = 0.01;
    int steps = 0;

    template <typename Model>
    void step(Model& model, const Model& gradients) {
        mgan::AlignedVector<double> w = mgan::flat_parameters<double>(model);
        const mgan::AlignedVector<double> g = mgan::flat_parameters<double>(gradients);
        const auto size = static_cast<mgan::Index>(w.size());
        mgan::VectorMap<double> weights(w.data(), size);
        const mgan::ConstVectorMap<double> gradient(g.data(), size);
        if (steps++ == 0) mean = square = mgan::Vector<double>::Zero(size);
        mean = 0.9 * mean + 0.1 * gradient;
        square = 0.99 * square + 0.01 * gradient.cwiseAbs2();
        const double correction =
            std::sqrt(1.0 - std::pow(0.99, steps)) / (1.0 - std::pow(0.9, steps));
        weights.array() -= rate * correction * mean.array() / (square.array().sqrt() + 1e-8);
        mgan::assign_parameters(model, std::span<const double>(w));
    }
};

}  // namespace mgan_test
