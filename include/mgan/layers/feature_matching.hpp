#pragma once
/// \file
/// Feature matching: generated songs should look like real ones *inside* the discriminator.
///
/// The idea (Salimans et al. 2016; section 3.2.3 of the paper): instead of only winning the
/// discriminator's vote, the generator brings the features of its songs y near those of real songs
/// x. Which features, and what "near" means, is a choice. With h the outputs of the discriminator's
/// BiLSTM and pooled_b = 1/T sum_t h_tb, the average of song b over time:
///
///     output          1/(B T) sum_tb |x_tb - y_tb|^2: the events themselves, as the paper says
///     discriminator   1/(B T) sum_tb |h_tb(x) - h_tb(y)|^2
///     batch_mean      |mean of h(x) over songs and steps - the same of h(y)|^2
///     energy          2 mean |pooled_b(x) - pooled_c(y)|
///                     - mean |pooled_b(x) - pooled_c(x)| - mean |pooled_b(y) - pooled_c(y)|
///
/// `output` and `discriminator` pair each generated song with an unrelated real one, so their best
/// answer is the mean of all songs; `batch_mean` compares means; `energy`, the energy distance of
/// the pooled features (Szekely and Rizzo 2013), is zero only if the distributions agree.

#include <mgan/core/error.hpp>
#include <mgan/layers/loss_settings.hpp>
#include <mgan/tensor/sequence.hpp>

#include <cmath>
#include <string_view>

namespace mgan::inline MGAN_ABI {

/// Sum over entries of weight (real - generated)^2; 2 weight (generated - real) is *added* to
/// d_generated. All three: [T, B, F].
template <typename Scalar>
[[nodiscard]] Scalar paired_distance(SequenceView<const Scalar> real,
                                     SequenceView<const Scalar> generated, RealOf<Scalar> weight,
                                     SequenceView<Scalar> d_generated) {
    Scalar sum(0);
    for (Index t = 0; t < generated.steps(); ++t) {
        const auto r = real.step(t);
        const auto m = generated.step(t);
        auto d = d_generated.step(t);
        for (Index b = 0; b < generated.batch(); ++b) {
            for (Index f = 0; f < generated.features(); ++f) {
                const Scalar e = m(f, b) - r(f, b);
                sum += e * e;
                d(f, b) += RealOf<Scalar>(2) * weight * e;
            }
        }
    }
    return weight * sum;
}

/// Average of each song over time: h, [T, B, F] to F x B.
template <typename Scalar>
void pool_over_time(SequenceView<const Scalar> h, Matrix<Scalar>& pooled) {
    pooled.setZero(h.features(), h.batch());
    for (Index t = 0; t < h.steps(); ++t) pooled += h.step(t);
    pooled /= Scalar(static_cast<RealOf<Scalar>>(h.steps()));
}

/// Its backward: adds d_pooled / T to every step.
template <typename Scalar>
void pool_over_time_backward(const Matrix<Scalar>& d_pooled, SequenceView<Scalar> d_h) {
    const Scalar share = Scalar(1) / Scalar(static_cast<RealOf<Scalar>>(d_h.steps()));
    for (Index t = 0; t < d_h.steps(); ++t) d_h.step(t) += share * d_pooled;
}

/// weight * |mean of the columns of real - mean of the columns of generated|^2; d_generated (F x B)
/// is written.
template <typename Scalar>
[[nodiscard]] Scalar mean_distance(const Matrix<Scalar>& real, const Matrix<Scalar>& generated,
                                   RealOf<Scalar> weight, Matrix<Scalar>& d_generated) {
    d_generated.resize(generated.rows(), generated.cols());
    Scalar sum(0);
    const auto count_real = static_cast<RealOf<Scalar>>(real.cols());
    const auto count_generated = static_cast<RealOf<Scalar>>(generated.cols());
    for (Index i = 0; i < generated.rows(); ++i) {
        const Scalar e = generated.row(i).sum() / count_generated - real.row(i).sum() / count_real;
        sum += e * e;
        d_generated.row(i).setConstant(RealOf<Scalar>(2) * weight * e / count_generated);
    }
    return weight * sum;
}

namespace feature_matching_detail {

/// |a - b| and its derivative by a: (a - b) / |a - b|, 0 where they are equal. `d` is added to,
/// times `weight`. Written with squares, not absolute values, so that it stays analytic.
template <typename Scalar, typename A, typename B, typename D>
[[nodiscard]] Scalar distance(const A& a, const B& b, RealOf<Scalar> weight, D&& d) {
    using std::sqrt;
    Scalar square(0);
    for (Index i = 0; i < a.rows(); ++i) {
        const Scalar e = a(i) - b(i);
        square += e * e;
    }
    if (real_part(square) <= RealOf<Scalar>(0)) return Scalar(0);
    const Scalar length = sqrt(square);
    for (Index i = 0; i < a.rows(); ++i) d(i) += weight * (a(i) - b(i)) / length;
    return length;
}

}  // namespace feature_matching_detail

/// weight * energy distance between the columns of real (F x R) and of generated (F x M);
/// d_generated is written.
template <typename Scalar>
[[nodiscard]] Scalar energy_distance(const Matrix<Scalar>& real, const Matrix<Scalar>& generated,
                                     RealOf<Scalar> weight, Matrix<Scalar>& d_generated) {
    using feature_matching_detail::distance;
    d_generated.setZero(generated.rows(), generated.cols());
    const auto r = static_cast<RealOf<Scalar>>(real.cols()),
               m = static_cast<RealOf<Scalar>>(generated.cols());
    Vector<Scalar> unused = Vector<Scalar>::Zero(generated.rows());
    Scalar between(0), within_real(0), within_generated(0);
    for (Index c = 0; c < generated.cols(); ++c) {
        for (Index b = 0; b < real.cols(); ++b) {
            between += distance<Scalar>(generated.col(c), real.col(b), 2 * weight / (r * m),
                                        d_generated.col(c));
        }
        for (Index b = 0; b < generated.cols(); ++b) {  // each pair twice: (b, c) and (c, b)
            if (b != c)
                within_generated += distance<Scalar>(generated.col(c), generated.col(b),
                                                     -2 * weight / (m * m), d_generated.col(c));
        }
    }
    for (Index c = 0; c < real.cols(); ++c) {
        for (Index b = 0; b < real.cols(); ++b) {
            within_real += distance<Scalar>(real.col(c), real.col(b), RealOf<Scalar>(0), unused);
        }
    }
    return weight * (RealOf<Scalar>(2) * between / (r * m) - within_real / (r * r) -
                     within_generated / (m * m));
}

}  // namespace mgan::inline MGAN_ABI
