#pragma once
/// \file
/// An optimiser turns gradients into steps.
///
///     SGD    v = momentum v + g                                                            (1)
///            w = w - rate v
///
///     Adam   m = b1 m + (1 - b1) g                                                         (2)
///            v = b2 v + (1 - b2) g^2
///            w = w - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + 1e-8)
///
///     AdamW  w = w - rate decay w,  and then as Adam                                       (5)
///     RMSprop  v = b2 v + (1 - b2) g^2,   m = momentum m + g / (sqrt(v) + 1e-8)            (6)
///            w = w - rate m
///     Lion   w = w - rate (sign(b1 m + (1 - b1) g) + decay w)                              (7)
///            m = b2 m + (1 - b2) g
///
/// (Adam: Kingma and Ba 2015. AdamW: Loshchilov and Hutter 2019. RMSprop: Hinton 2012. Lion: Chen
/// et al. 2023. t counts *steps of the optimiser*, once for all parameters. All are PyTorch's of
/// these names, where it has them, with eps = 1e-8.) Before any, the gradient of the penalty
/// l2/2 |w|^2 on weights, not biases, is added, and the sum is scaled to a norm of at most `clip`:
///
///     g = g + l2 w                                                                         (3)
///     g = g min(1, clip / |g|)                                                             (4)
///
/// Memory bandwidth is the limit: a step reads the gradient twice (for its norm, then to use it)
/// and everything else once. Threads share the pieces of `ParameterPieces`. The squares of a piece
/// are added in a fixed order, and so are the pieces, so the number of threads changes no bit.
///
/// The state is flat, in the order of the parameters, so that a checkpoint stores it as one tensor.

#include <mgan/core/parallel.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/optimisation/optimiser_settings.hpp>

#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Returns the name of the first parameter of `gradient` with a NaN or an infinity, or "".
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
    explicit Optimiser(const OptimiserSettings& settings) : settings_(settings) {}

    /// Equations (1) to (4) at learning rate `rate`. `gradient` is changed by (3) and (4). Returns
    /// its norm before the cut. Throws NumericalError, before any weight changes, if an entry is
    /// not finite; the message names the parameter, and `where` says in which part of the training.
    template <typename Model>
    double step(Model& model, Model& gradient, double rate, const std::string& where,
                int threads = 1) {
        const auto size = static_cast<std::size_t>(parameter_count(model));
        if (first_.size() != size) {
            first_.assign(size, Scalar(0));
            second_.assign(has_second_moment(settings_.kind) ? size : 0, Scalar(0));
        }
        const ParameterPieces pieces(model, gradient);
        squares_.resize(static_cast<std::size_t>(pieces.size()));
        parallel_for(pieces.size(), threads, [&](std::ptrdiff_t index) {
            const auto piece = pieces[index];
            VectorMap<Scalar> g(piece.b, piece.size);
            if (settings_.l2 != 0.0 && !piece.bias)
                g += Scalar(settings_.l2) * ConstVectorMap<Scalar>(piece.a, piece.size);
            squares_[static_cast<std::size_t>(index)] = g.template cast<double>().cwiseAbs2().sum();
        });
        double norm = 0.0;
        for (const double square : squares_) norm += square;
        norm = std::sqrt(norm);
        if (!std::isfinite(norm)) {
            const std::string name = first_non_finite(gradient);
            fail<NumericalError>(where, ": the gradient of ", name.empty() ? "the model" : name,
                                 name.empty() ? " overflows" : " is not finite",
                                 "; the weights are unchanged. Try a lower learning rate.");
        }

        ++steps_;
        const bool cut = settings_.clip > 0.0 && norm > settings_.clip;
        const auto factor = Scalar(cut ? settings_.clip / norm : 1.0);
        parallel_for(pieces.size(), threads, [&](std::ptrdiff_t index) {
            const auto piece = pieces[index];
            if (cut) VectorMap<Scalar>(piece.b, piece.size) *= factor;
            update(piece.a, piece.b, static_cast<std::size_t>(piece.size),
                   static_cast<std::size_t>(piece.offset), rate);
        });
        return norm;
    }

    [[nodiscard]] const OptimiserSettings& settings() const noexcept { return settings_; }
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
        if (settings_.kind == OptimiserKind::sgd) {
            const auto momentum = static_cast<Scalar>(settings_.momentum);
            const auto r = static_cast<Scalar>(rate);
            if (settings_.momentum == 0.0) {  // m would be g itself
                for (std::size_t i = 0; i < count; ++i) w[i] -= r * g[i];
                return;
            }
            for (std::size_t i = 0; i < count; ++i) {
                m[i] = momentum * m[i] + g[i];
                w[i] -= r * m[i];
            }
            return;
        }
        const auto decay = static_cast<Scalar>(rate * settings_.weight_decay);
        if (settings_.kind == OptimiserKind::lion) {
            update_lion(w, g, m, count, rate, decay);
            return;
        }
        Scalar* v = second_.data() + offset;
        if (settings_.kind == OptimiserKind::rmsprop) {
            update_rmsprop(w, g, m, v, count, rate);
            return;
        }
        if (settings_.kind == OptimiserKind::adamw)
            for (std::size_t i = 0; i < count; ++i) w[i] -= decay * w[i];
        const double t = static_cast<double>(steps_);
        const auto b1 = static_cast<Scalar>(settings_.beta1),
                   b2 = static_cast<Scalar>(settings_.beta2);
        const auto r = static_cast<Scalar>(rate / (1.0 - std::pow(settings_.beta1, t)));
        const auto v_scale = static_cast<Scalar>(1.0 / (1.0 - std::pow(settings_.beta2, t)));
        for (std::size_t i = 0; i < count; ++i) {
            m[i] = b1 * m[i] + (Scalar(1) - b1) * g[i];
            v[i] = b2 * v[i] + (Scalar(1) - b2) * g[i] * g[i];
            w[i] -= r * m[i] / (std::sqrt(v[i] * v_scale) + Scalar(1e-8));
        }
    }

    void update_lion(Scalar* w, const Scalar* g, Scalar* m, std::size_t count, double rate,
                     Scalar decay) const {
        const auto b1 = static_cast<Scalar>(settings_.beta1),
                   b2 = static_cast<Scalar>(settings_.beta2), r = static_cast<Scalar>(rate);
        for (std::size_t i = 0; i < count; ++i) {
            const Scalar direction = b1 * m[i] + (Scalar(1) - b1) * g[i];
            const auto sign = static_cast<Scalar>((direction > 0) - (direction < 0));
            w[i] -= r * sign + decay * w[i];
            m[i] = b2 * m[i] + (Scalar(1) - b2) * g[i];
        }
    }
    void update_rmsprop(Scalar* w, const Scalar* g, Scalar* m, Scalar* v, std::size_t count,
                        double rate) const {
        const auto momentum = static_cast<Scalar>(settings_.momentum),
                   b2 = static_cast<Scalar>(settings_.beta2), r = static_cast<Scalar>(rate);
        for (std::size_t i = 0; i < count; ++i) {
            v[i] = b2 * v[i] + (Scalar(1) - b2) * g[i] * g[i];
            m[i] = momentum * m[i] + g[i] / (std::sqrt(v[i]) + Scalar(1e-8));
            w[i] -= r * m[i];
        }
    }

    OptimiserSettings settings_;
    std::int64_t steps_ = 0;
    std::vector<double> squares_;  ///< of each piece of the gradient
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
