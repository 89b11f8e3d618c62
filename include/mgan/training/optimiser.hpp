#pragma once
/// \file
/// What turns gradients into steps.
///
///     SGD        v = momentum v + g             w = w - rate v (1) Adam       m = b1 m + (1 - b1)
///     g          v = b2 v + (1 - b2) g^2                         (2)
///                w = w - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + 1e-8)
///
/// (Adam: Kingma and Ba 2015. t counts *steps of the optimiser*, once for all parameters.) Before
/// either, the gradient of the penalty l2/2 |w|^2 on weights, not biases, is added, and the whole
/// is cut to a norm of at most `clip`:
///
///     g = g + l2 w,      g = g min(1, clip / |g|) (3)
///
/// The state is flat, in the order of the parameters, so that a checkpoint stores it as one tensor.

#include <mgan/layers/parameters.hpp>

#include <cstdint>

namespace mgan::inline MGAN_ABI {

enum class OptimiserKind { sgd, adam };

struct OptimiserConfig {
    OptimiserKind kind = OptimiserKind::adam;
    double momentum = 0.0;  ///< SGD
    double beta1 = 0.5;     ///< Adam
    double beta2 = 0.999;   ///< Adam
    double l2 = 0.0;
    double clip = 5.0;  ///< greatest norm of the gradient; 0 for no limit
};

/// The greatest absolute entry that is not finite is no number to compare: names the first
/// parameter of `gradient` with an entry that is NaN or infinite, or gives "".
template <typename Model>
[[nodiscard]] std::string first_non_finite(const Model& gradient) {
    std::string found;
    for_each_parameter(gradient, [&](const ParameterName& name, const auto& parameter) {
        if (found.empty() && !parameter.allFinite()) found = name.text();
    });
    return found;
}

template <typename Scalar>
class Optimiser {
public:
    Optimiser() = default;
    explicit Optimiser(const OptimiserConfig& config) : config_(config) {}

    /// Equations (1) to (3) at learning rate `rate`. `gradient` is changed by (3). Returns its norm
    /// before the cut. Throws NumericalError, before any weight changes, if an entry is not finite;
    /// the message names the parameter, and `where` says in which part of the training.
    template <typename Model>
    double step(Model& model, Model& gradient, double rate, const std::string& where) {
        const auto size = static_cast<std::size_t>(parameter_count(model));
        if (first_.size() != size) {
            first_.assign(size, Scalar(0));
            second_.assign(config_.kind == OptimiserKind::adam ? size : 0, Scalar(0));
        }
        if (config_.l2 != 0.0) {
            for_each_pair(gradient, std::as_const(model),
                          [&](const ParameterName&, auto& g, const auto& w) {
                              if constexpr (!kIsBias<decltype(g)>)
                                  g.reshaped() += Scalar(config_.l2) * w;
                          });
        }
        const double norm = std::sqrt(squared_norm(gradient));
        if (!std::isfinite(norm)) {
            const std::string name = first_non_finite(gradient);
            throw NumericalError(concat(where, ": the gradient of ",
                                        name.empty() ? "the model" : name,
                                        name.empty() ? " overflows" : " is not finite",
                                        "; the weights are unchanged. Try a lower learning rate."));
        }
        if (config_.clip > 0.0 && norm > config_.clip)
            scale_parameters(gradient, Scalar(config_.clip / norm));

        ++steps_;
        std::size_t offset = 0;
        for_each_pair(
            model, std::as_const(gradient), [&](const ParameterName&, auto& w, const auto& g) {
                update(w.data(), g.data(), static_cast<std::size_t>(w.size()), offset, rate);
                offset += static_cast<std::size_t>(w.size());
            });
        return norm;
    }

    [[nodiscard]] const OptimiserConfig& config() const noexcept { return config_; }
    [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }

    /// The state, for checkpoints: the first moments (or velocities) and the second ones, flat.
    [[nodiscard]] const AlignedVector<Scalar>& first() const noexcept { return first_; }
    [[nodiscard]] const AlignedVector<Scalar>& second() const noexcept { return second_; }
    void restore(std::int64_t steps, AlignedVector<Scalar> first, AlignedVector<Scalar> second) {
        steps_ = steps;
        first_ = std::move(first);
        second_ = std::move(second);
    }

private:
    void update(Scalar* w, const Scalar* g, std::size_t count, std::size_t offset, double rate) {
        Scalar* m = first_.data() + offset;
        if (config_.kind == OptimiserKind::sgd) {
            const auto momentum = static_cast<Scalar>(config_.momentum);
            const auto r = static_cast<Scalar>(rate);
            for (std::size_t i = 0; i < count; ++i) {
                m[i] = momentum * m[i] + g[i];
                w[i] -= r * m[i];
            }
            return;
        }
        Scalar* v = second_.data() + offset;
        const double t = static_cast<double>(steps_);
        const auto b1 = static_cast<Scalar>(config_.beta1), b2 = static_cast<Scalar>(config_.beta2);
        const auto r = static_cast<Scalar>(rate / (1.0 - std::pow(config_.beta1, t)));
        const auto v_scale = static_cast<Scalar>(1.0 / (1.0 - std::pow(config_.beta2, t)));
        for (std::size_t i = 0; i < count; ++i) {
            m[i] = b1 * m[i] + (Scalar(1) - b1) * g[i];
            v[i] = b2 * v[i] + (Scalar(1) - b2) * g[i] * g[i];
            w[i] -= r * m[i] / (std::sqrt(v[i] * v_scale) + Scalar(1e-8));
        }
    }

    OptimiserConfig config_;
    std::int64_t steps_ = 0;
    AlignedVector<Scalar> first_;
    AlignedVector<Scalar> second_;
};

/// Exponential moving average: average = decay * average + (1 - decay) * model.
template <typename Model>
void update_average(Model& average, const Model& model, double decay) {
    for_each_pair(average, model, [&](const ParameterName&, auto& a, const auto& w) {
        using Scalar = typename std::remove_cvref_t<decltype(a)>::Scalar;
        a.reshaped() += static_cast<Scalar>(1.0 - decay) * (w - a.reshaped());
    });
}

}  // namespace mgan::inline MGAN_ABI
