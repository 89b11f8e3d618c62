#pragma once
/// \file
/// Spectral normalisation (Miyato et al. 2018): a weight divided by its largest singular value.
///
/// A layer y = W x stretches no vector by more than sigma(W), the largest singular value of W. A
/// discriminator whose weights are all divided by theirs cannot be steeper than its activations,
/// and its gradients cannot explode at the generator.
///
///     N = W / sigma,     sigma = u^T W v                                        (1)
///
/// with u and v the singular vectors that belong to sigma. One round of power iteration a training
/// step keeps them up to date, since W changes little from one step to the next:
///
///     u <- W v / |W v|,    v <- W^T u / |W^T u|                                 (2)
///
/// Backward. u and v are constants: they stand where u^T W v is largest, so to first order a change
/// of them does not change sigma. What is left of (1) is a quotient, with dsigma/dW = u v^T:
///
///     dW += (dN - sum(dN * N) u v^T) / sigma                                    (3)
///
/// The second term takes out what would only scale W, which N cannot see.
///
/// The layer keeps W as it is; N goes into the layer that computes. u and v are state, not
/// parameters: no optimiser sees them, `visit_state` names them for checkpoints, as PyTorch's
/// `parametrizations.spectral_norm` does.

#include <mgan/core/random.hpp>
#include <mgan/layers/parameters.hpp>

#include <cmath>
#include <cstdint>

namespace mgan::inline MGAN_ABI {

/// The spectral norm of one weight, W: out x in.
template <typename Scalar>
class SpectralNorm {
public:
    using ScalarType = Scalar;

    /// Norms below this count as this, as in PyTorch.
    static constexpr double kSmallestNorm = 1e-12;

    SpectralNorm() = default;

    /// Random directions u and v; `random` must be meant for this alone. Follow with a few rounds
    /// of `iterate` (PyTorch: 15).
    SpectralNorm(Index out, Index in, const Random& random) : u(out), v(in) {
        std::uint64_t index = 0;
        for (Vector<Scalar>* direction : {&u, &v}) {
            for (Index i = 0; i < direction->size(); ++i)
                (*direction)(i) = Scalar(static_cast<RealOf<Scalar>>(random.normal(index++)));
            normalise(*direction);
        }
    }

    /// Equation (2), `rounds` times. Once before each step of a training; never while playing.
    void iterate(const Matrix<Scalar>& weight, int rounds = 1) {
        check("iterate", weight);
        for (int round = 0; round < rounds; ++round) {
            u.noalias() = weight * v;
            normalise(u);
            v.noalias() = weight.transpose() * u;
            normalise(v);
        }
    }

    /// sigma of (1). Throws ShapeError.
    [[nodiscard]] Scalar sigma(const Matrix<Scalar>& weight) const {
        check("sigma", weight);
        Scalar sum(0);
        for (Index j = 0; j < weight.cols(); ++j) {
            Scalar of_column(0);
            for (Index i = 0; i < weight.rows(); ++i) of_column += u(i) * weight(i, j);
            sum += of_column * v(j);
        }
        return sum;
    }

    /// Equation (1): normalised (out x in) = weight / sigma. Returns sigma. Throws ShapeError.
    Scalar forward(const Matrix<Scalar>& weight, Matrix<Scalar>& normalised) const {
        const Scalar s = sigma(weight);
        normalised = weight / s;
        return s;
    }

    /// Equation (3). normalised, s: of `forward`; d_normalised: dN; d_weight: dW, added to. All
    /// matrices out x in. Throws ShapeError.
    void backward(const Matrix<Scalar>& d_normalised, const Matrix<Scalar>& normalised,
                  const Scalar& s, Matrix<Scalar>& d_weight) const {
        check("backward", d_normalised);
        check("backward", normalised);
        check("backward", d_weight);
        const Scalar along = d_normalised.cwiseProduct(normalised).sum();
        for (Index j = 0; j < d_weight.cols(); ++j) {
            const Scalar share = along * v(j);
            for (Index i = 0; i < d_weight.rows(); ++i)
                d_weight(i, j) += (d_normalised(i, j) - share * u(i)) / s;
        }
    }

    /// u and v under PyTorch's names.
    template <typename Self, typename Visitor>
    static void visit_state(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visitor(prefix / "_u", self.u);
        visitor(prefix / "_v", self.v);
    }

    Vector<Scalar> u;  ///< out
    Vector<Scalar> v;  ///< in

private:
    static void normalise(Vector<Scalar>& direction) {
        using std::sqrt;
        const Scalar length = sqrt(direction.cwiseProduct(direction).sum());
        const auto smallest = static_cast<RealOf<Scalar>>(kSmallestNorm);
        direction /= real_part(length) > smallest ? length : Scalar(smallest);
    }

    void check(const char* where, const Matrix<Scalar>& weight) const {
        require<ShapeError>(weight.rows() == u.size() && weight.cols() == v.size(),
                            "SpectralNorm::", where, ": a matrix of ", weight.rows(), " x ",
                            weight.cols(), ", the norm is of one of ", u.size(), " x ", v.size());
    }
};

}  // namespace mgan::inline MGAN_ABI
