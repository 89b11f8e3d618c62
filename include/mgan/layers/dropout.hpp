#pragma once
/// \file
/// Dropout and zoneout: noise while a net learns, nothing while it plays.
///
/// **Dropout** (Srivastava et al. 2014) sets each number to zero with probability `rate`. The
/// others grow by 1 / (1 - rate), so that the expectation stays what it was and playing needs no
/// factor ("inverted" dropout):
///
///     m = 0 with probability rate, else 1 / (1 - rate)                          (1)
///     y = m * x,          E y = x                                               (2)
///     dx = m * dy                                                               (3)
///
/// In a recurrent net a new mask at every step washes out what the state carries. The *variational*
/// form (Gal and Ghahramani 2016) draws one mask for a whole sequence: the same units are missing
/// at all of its steps, `DropoutMask::whole_sequence`.
///
/// **Zoneout** (Krueger et al. 2017) is dropout for states: a unit does not fall to zero, it misses
/// a step. With h~_t what the layer computed,
///
///     m = 1 with probability rate, else 0
///     h_t = m * h_{t-1} + (1 - m) * h~_t                                        (4)
///     dh~_t = (1 - m) * dh_t,     dh_{t-1} += m * dh_t                          (5)
///     at play: h_t = rate h_{t-1} + (1 - rate) h~_t, the expectation of (4)     (6)
///
/// A mask is a function, not a stream (core/random.hpp). Its entry depends on the seed, the purpose
/// and the step of the training that `Random` was made of, and on the entry's place in the whole
/// batch:
///
///     index = sample 2^32 + t F + f        sample: counted in the batch, not in the shard
///
/// so a batch has the same masks however it is spread over threads, and a longer song begins with
/// the mask of the shorter one. Masks have no gradient.

#include <mgan/core/error.hpp>
#include <mgan/core/random.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/sequence.hpp>

#include <cstdint>

namespace mgan::inline MGAN_ABI {

/// How often dropout draws a mask.
enum class DropoutMask {
    each_step,       ///< every number of every step by itself
    whole_sequence,  ///< every feature of every sample, once for all steps
};

namespace dropout_detail {

/// Fills mask [T or 1, B, F] with `dropped` (probability `rate`) and `kept`.
template <typename Scalar>
void draw(const Random& random, Index first_sample, double rate, RealOf<Scalar> dropped,
          RealOf<Scalar> kept, Sequence<Scalar>& mask) {
    for (Index t = 0; t < mask.steps(); ++t) {
        for (Index b = 0; b < mask.batch(); ++b) {
            const auto sample = static_cast<std::uint64_t>(first_sample + b);
            for (Index f = 0; f < mask.features(); ++f) {
                const auto entry = static_cast<std::uint64_t>(t * mask.features() + f);
                const bool drop = random.uniform((sample << 32) + entry) < rate;
                mask(t, b, f) = Scalar(drop ? dropped : kept);
            }
        }
    }
}

inline void check_rate(const char* who, double rate) {
    require<ConfigError>(rate >= 0.0 && rate < 1.0, who, ": a rate of ", rate,
                         "; it must be at least 0 and below 1");
}

inline void check_size(const char* where, const char* what, const char* of, Index has,
                       Index expects) {
    require<ShapeError>(has == expects, where, ": ", what, " has ", has, " ", of,
                        ", the mask expects ", expects);
}

}  // namespace dropout_detail

/// Equations (1) to (3). No parameters: one object serves any number of places in a net, with a
/// cache and a purpose of `Random` for each.
template <typename Scalar>
class Dropout {
public:
    using ScalarType = Scalar;

    struct Cache {
        Sequence<Scalar> mask;  ///< [T, B, F], or [1, B, F] for the whole sequence
        Index steps = 0;        ///< T
    };

    Dropout() = default;
    /// Throws ConfigError unless 0 <= rate < 1.
    explicit Dropout(double rate, DropoutMask form = DropoutMask::each_step)
        : rate_(rate), form_(form) {
        dropout_detail::check_rate("Dropout", rate);
    }

    [[nodiscard]] double rate() const noexcept { return rate_; }
    [[nodiscard]] DropoutMask form() const noexcept { return form_; }

    /// Draws the mask (1) for T steps of B samples of F features; sample b of the shard is sample
    /// first_sample + b of the batch. `random`: of this place in the net, at this step of the
    /// training. T F < 2^32.
    void draw(const Random& random, Index first_sample, Index steps, Index batch, Index features,
              Cache& cache) const {
        cache.steps = steps;
        cache.mask.resize(form_ == DropoutMask::each_step ? steps : 1, batch, features);
        dropout_detail::draw<Scalar>(random, first_sample, rate_, 0,
                                     static_cast<RealOf<Scalar>>(1.0 / (1.0 - rate_)), cache.mask);
    }

    /// Equation (2) with a new mask. x, y: [T, B, F]; y may be x. Throws ShapeError.
    void forward(SequenceView<const Scalar> x, SequenceView<Scalar> y, const Random& random,
                 Index first_sample, Cache& cache) const {
        draw(random, first_sample, x.steps(), x.batch(), x.features(), cache);
        check("Dropout::forward", "y", y, cache);
        for (Index t = 0; t < x.steps(); ++t) y.step(t) = x.step(t).cwiseProduct(mask_of(t, cache));
    }

    /// Equation (2) of one step, after `draw`, for nets that advance step by step. values: F x B,
    /// in place.
    void apply(Index t, const Cache& cache, MatrixRef<Scalar> values) const {
        dropout_detail::check_size("Dropout::apply", "a step", "rows", values.rows(),
                                   cache.mask.features());
        dropout_detail::check_size("Dropout::apply", "a step", "samples", values.cols(),
                                   cache.mask.batch());
        values = values.cwiseProduct(mask_of(t, cache));
    }

    /// Equation (3). dy, dx: [T, B, F], dx written or added to; dx may be dy. (Of one step it is
    /// `apply` again.) Throws ShapeError.
    void backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, const Cache& cache,
                  Update update = Update::assign) const {
        check("Dropout::backward", "dy", dy, cache);
        check("Dropout::backward", "dx", dx, cache);
        for (Index t = 0; t < dy.steps(); ++t) {
            if (update == Update::add) {
                dx.step(t) += dy.step(t).cwiseProduct(mask_of(t, cache));
            } else {
                dx.step(t) = dy.step(t).cwiseProduct(mask_of(t, cache));
            }
        }
    }

    /// At play: y = x, to the bit. Where y is x there is nothing to do.
    static void play(const ConstMatrixRef<Scalar>& x, MatrixRef<Scalar> y) { y = x; }

private:
    [[nodiscard]] ConstMatrixMap<Scalar> mask_of(Index t, const Cache& cache) const noexcept {
        return cache.mask.step(form_ == DropoutMask::each_step ? t : 0);
    }

    static void check(const char* where, const char* what, SequenceView<const Scalar> values,
                      const Cache& cache) {
        using dropout_detail::check_size;
        check_size(where, what, "steps", values.steps(), cache.steps);
        check_size(where, what, "samples", values.batch(), cache.mask.batch());
        check_size(where, what, "features", values.features(), cache.mask.features());
    }

    double rate_ = 0.0;
    DropoutMask form_ = DropoutMask::each_step;
};

/// Equations (4) to (6), around one state of a recurrent layer. An LSTM has two, the output and the
/// cell, each with masks and a rate of its own.
template <typename Scalar>
class Zoneout {
public:
    using ScalarType = Scalar;

    struct Cache {
        Sequence<Scalar> mask;  ///< [T, B, H]: 1 where a unit misses the step
    };

    Zoneout() = default;
    /// Throws ConfigError unless 0 <= rate < 1.
    explicit Zoneout(double rate) : rate_(rate) { dropout_detail::check_rate("Zoneout", rate); }

    [[nodiscard]] double rate() const noexcept { return rate_; }

    /// Draws the masks for T steps of B samples of H units; arguments as of `Dropout::draw`.
    void draw(const Random& random, Index first_sample, Index steps, Index batch, Index hidden,
              Cache& cache) const {
        cache.mask.resize(steps, batch, hidden);
        dropout_detail::draw<Scalar>(random, first_sample, rate_, 1, 0, cache.mask);
    }

    /// Equation (4) of step t. before: h_{t-1}; state: h~_t, then h_t; both H x B.
    void forward_step(Index t, const ConstMatrixRef<Scalar>& before, const Cache& cache,
                      MatrixRef<Scalar> state) const {
        check("Zoneout::forward_step", state, cache);
        check("Zoneout::forward_step", before, cache);
        for (Index b = 0; b < state.cols(); ++b)
            for (Index k = 0; k < state.rows(); ++k)
                if (misses(t, b, k, cache)) state(k, b) = before(k, b);
    }

    /// Equation (5) of step t. d_state: dh_t, then dh~_t; d_before: dh_{t-1}, added to. Both H x B.
    void backward_step(Index t, const Cache& cache, MatrixRef<Scalar> d_state,
                       MatrixRef<Scalar> d_before) const {
        check("Zoneout::backward_step", d_state, cache);
        check("Zoneout::backward_step", d_before, cache);
        for (Index b = 0; b < d_state.cols(); ++b) {
            for (Index k = 0; k < d_state.rows(); ++k) {
                if (!misses(t, b, k, cache)) continue;
                d_before(k, b) += d_state(k, b);
                d_state(k, b) = Scalar(0);
            }
        }
    }

    /// Equation (6). before: h_{t-1}; state: h~_t, then h_t.
    void play_step(const ConstMatrixRef<Scalar>& before, MatrixRef<Scalar> state) const {
        const auto stays = static_cast<RealOf<Scalar>>(rate_);
        state = stays * before + (RealOf<Scalar>(1) - stays) * state;
    }

private:
    [[nodiscard]] static bool misses(Index t, Index b, Index k, const Cache& cache) noexcept {
        return real_part(cache.mask(t, b, k)) != RealOf<Scalar>(0);
    }
    static void check(const char* where, const ConstMatrixRef<Scalar>& state, const Cache& cache) {
        dropout_detail::check_size(where, "a state", "units", state.rows(), cache.mask.features());
        dropout_detail::check_size(where, "a state", "samples", state.cols(), cache.mask.batch());
    }

    double rate_ = 0.0;
};

}  // namespace mgan::inline MGAN_ABI
