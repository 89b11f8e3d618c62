#pragma once
/// \file
/// The dense layer, and with it the pattern of every layer in this library.
///
///     y = W x + b                      W: out x in, b: out, x: in x N, y: out x N             (1)
///
/// A sample is a column; N is the batch, or all steps of a batch of sequences at once, since the
/// layer shares its parameters over time. Backward, given dy:
///
///     dx  = W^T dy                                                                            (2)
///     dW += dy x^T                     a sum over the N columns                               (3)
///     db += dy_1 + ... + dy_N          the columns of dy                                      (4)
///
/// Three things are kept apart. The *layer* holds parameters and is const while it computes. The
/// *cache* holds what backward needs beyond its arguments; the caller owns it, so one layer serves
/// many threads. *Gradients* are an object of the layer's own type, and are added to.

#include <mgan/layers/parameters.hpp>
#include <mgan/layers/shape_check.hpp>
#include <mgan/tensor/half_matrix.hpp>
#include <mgan/tensor/product.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class Dense {
public:
    using ScalarType = Scalar;

    /// What the backward pass keeps: W^T, so that (2) reads its memory in order.
    struct Cache {
        Matrix<Scalar> weight_transposed;
    };

    Dense() = default;

    /// in -> out, all parameters zero (see layers/initialisation.hpp).
    Dense(Index in, Index out)
        : weight(Matrix<Scalar>::Zero(out, in)), bias(Vector<Scalar>::Zero(out)) {}

    [[nodiscard]] Index in() const noexcept { return weight.cols(); }
    [[nodiscard]] Index out() const noexcept { return weight.rows(); }

    /// Equation (1). x: in x N, y: out x N. Throws ShapeError.
    void forward(const ConstMatrixRef<Scalar>& x, MatrixRef<Scalar> y) const {
        check_shape("Dense::forward", "x", "rows", x.rows(), in());
        check_shape("Dense::forward", "y", "rows", y.rows(), out());
        step(x, y);
    }

    /// `forward` for the real-time path: neither allocates nor throws; the sizes must be right
    /// (asserted, not checked).
    void step(const ConstMatrixRef<Scalar>& x, MatrixRef<Scalar> y) const noexcept {
        multiply<Scalar>(weight, half, x, y, Update::assign);
        y.colwise() += bias;
    }

    /// Packs W for a single column, if it is bfloat16 (tensor/half_matrix.hpp): the same bits, read
    /// in half the time. Whoever changes W afterwards calls this again.
    void pack_half() { half = HalfMatrix<Scalar>(weight); }

    /// Call once before a series of `backward`: keeps W^T in the cache.
    void prepare_backward(Cache& cache) const {
        transpose<Scalar>(weight, cache.weight_transposed);
    }

    /// Equation (2): dx (in x N) = or += W^T dy. `prepare_backward` comes first.
    void backward_input(const ConstMatrixRef<Scalar>& dy, const Cache& cache, MatrixRef<Scalar> dx,
                        Update update = Update::assign) const {
        check_shape("Dense::backward_input", "dy", "rows", dy.rows(), out());
        check_shape("Dense::backward_input", "dx", "rows", dx.rows(), in());
        multiply<Scalar>(cache.weight_transposed, dy, dx, update);
    }

    /// Equations (3) and (4), added to `gradients`.
    void backward_parameters(const ConstMatrixRef<Scalar>& x, const ConstMatrixRef<Scalar>& dy,
                             Dense& gradients) const {
        check_shape("Dense::backward_parameters", "x", "rows", x.rows(), in());
        check_shape("Dense::backward_parameters", "dy", "rows", dy.rows(), out());
        add_outer_product<Scalar>(dy, x, gradients.weight);
        add_columns<Scalar>(dy, gradients.bias);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visitor(prefix / "weight", self.weight);
        visitor(prefix / "bias", self.bias);
    }

    Matrix<Scalar> weight;  ///< out x in
    Vector<Scalar> bias;    ///< out

    HalfMatrix<Scalar> half;  ///< made by `pack_half`; no parameter
};

}  // namespace mgan::inline MGAN_ABI
