#pragma once
/// \file
/// Layer normalisation (Ba, Kiros and Hinton 2016): every column gets mean 0 and variance 1, and a
/// gain and an offset that the net learns.
///
/// Of one column x of F numbers (n: normalised; `*` element by element):
///
///     mean  = 1/F sum_i x_i                                                     (1)
///     var   = 1/F sum_i (x_i - mean)^2                                          (2)
///     sigma = sqrt(var + eps)                                                   (3)
///     n_i   = (x_i - mean) / sigma                                              (4)
///     y     = w * n + b                                                         (5)
///
/// No statistic crosses columns, so samples do not see each other (as they do in batch
/// normalisation), and a step that plays alone gets the bits that it had in its batch.
///
/// Backward, from the end. (5) is a product, summed over columns for the parameters:
///
///     dw += dy * n,    db += dy                                                 (6)
///     dn  = w * dy                                                              (7)
///
/// x_i reaches n by three ways: through its own n_i, through the mean, and through sigma, which
/// every n_j shares. What the first two say: write n_j = c_j / sigma with c_j = x_j - mean. With
/// sigma held still,
///
///     dc_j/dx_i = [i = j] - 1/F        so this part is  (dn_i - mean_j(dn_j)) / sigma
///
/// The third: n_j = c_j / sigma gives dn_j/dsigma = -n_j / sigma. And sigma^2 = 1/F sum c_j^2 +
/// eps, where the mean drops out (the c_j sum to zero), so dsigma/dx_i = c_i / (F sigma) = n_i / F.
/// Together  sum_j dn_j (-n_j / sigma) n_i / F = -n_i mean_j(dn_j n_j) / sigma. The sum of all:
///
///     dx_i = (dn_i - mean_j(dn_j) - n_i mean_j(dn_j n_j)) / sigma               (8)
///
/// In words: of dn only what is orthogonal to the two directions that (4) takes away, "all alike"
/// and n itself, comes through.
///
/// Sums are taken over whole vectors from the head of a column, so its bits do not depend on where
/// it lies in memory. Names and equations are those of `torch.nn.LayerNorm`.

#include <mgan/layers/parameters.hpp>
#include <mgan/layers/shape_check.hpp>
#include <mgan/tensor/kernels/gates.hpp>
#include <mgan/tensor/product.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class LayerNorm {
public:
    using ScalarType = Scalar;

    /// What backward needs of forward, and its scratch.
    struct Cache {
        Matrix<Scalar> normalised;     ///< n, F x N
        Vector<Scalar> inverse_sigma;  ///< 1 / sigma of each column, N
        Vector<Scalar> d_normalised;   ///< dn of one column, F
        Vector<Scalar> d_column;       ///< dx of one column, F
    };

    LayerNorm() = default;

    /// F features; gain 1, offset 0. Throws ConfigError unless eps > 0.
    explicit LayerNorm(Index features, double eps = 1e-5)
        : weight(Vector<Scalar>::Ones(features)), bias(Vector<Scalar>::Zero(features)), eps_(eps) {
        require<ConfigError>(eps > 0.0, "LayerNorm: eps is ", eps,
                             "; without it a column of equal numbers divides by zero");
    }

    [[nodiscard]] Index features() const noexcept { return weight.size(); }
    [[nodiscard]] double eps() const noexcept { return eps_; }

    /// Equations (1) to (5). x, y: F x N, F > 0; y is written and may be x. Throws ShapeError.
    void forward(const ConstMatrixRef<Scalar>& x, MatrixRef<Scalar> y, Cache& cache) const {
        check_shape("LayerNorm::forward", "x", "rows", x.rows(), features());
        check_shape("LayerNorm::forward", "y", "rows", y.rows(), features());
        check_shape("LayerNorm::forward", "y", "columns", y.cols(), x.cols());
        cache.normalised.resize(x.rows(), x.cols());
        cache.inverse_sigma.resize(x.cols());
        for (Index j = 0; j < x.cols(); ++j) {
            cache.inverse_sigma(j) =
                column_forward(x.col(j).data(), cache.normalised.col(j).data(), y.col(j).data());
        }
    }

    /// Equations (6) to (8). dy: F x N; dx: F x N, written or added to, and may be dy; `gradients`
    /// is added to. Throws ShapeError.
    void backward(const ConstMatrixRef<Scalar>& dy, MatrixRef<Scalar> dx, Cache& cache,
                  LayerNorm& gradients, Update update = Update::assign) const {
        check_shape("LayerNorm::backward", "dy", "rows", dy.rows(), features());
        check_shape("LayerNorm::backward", "dy", "columns", dy.cols(), cache.normalised.cols());
        check_shape("LayerNorm::backward", "dx", "rows", dx.rows(), features());
        check_shape("LayerNorm::backward", "dx", "columns", dx.cols(), dy.cols());
        const auto share = RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(features());
        for (Index j = 0; j < dy.cols(); ++j) {
            const ConstVectorMap<Scalar> n(cache.normalised.col(j).data(), features());
            gradients.weight += dy.col(j).cwiseProduct(n);
            gradients.bias += dy.col(j);
            cache.d_normalised = weight.cwiseProduct(dy.col(j));
            cache.d_column = cache.d_normalised.cwiseProduct(n);
            const Scalar mean = share * sum(cache.d_normalised.data());
            const Scalar along = share * sum(cache.d_column.data());
            cache.d_column = cache.inverse_sigma(j) *
                             (cache.d_normalised.array() - mean - n.array() * along).matrix();
            if (update == Update::add) {
                dx.col(j) += cache.d_column;
            } else {
                dx.col(j) = cache.d_column;
            }
        }
    }

    /// Equations (1) to (5) without a cache, in place, for playing. The numbers are those of
    /// `forward`, to the bit. x: F x N. Allocates nothing.
    void step(MatrixRef<Scalar> x) const noexcept {
        assert(x.rows() == features());
        for (Index j = 0; j < x.cols(); ++j) {
            Scalar* const column = x.col(j).data();
            column_forward(column, column, column);
        }
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visitor(prefix / "weight", self.weight);
        visitor(prefix / "bias", self.bias);
    }

    Vector<Scalar> weight;  ///< w, the gain, F
    Vector<Scalar> bias;    ///< b, the offset, F

private:
    static constexpr Index kSize = kernels::kChunk<Scalar>;

    /// function(first, count) for each vector of a column; the last may be short.
    template <typename Function>
    void for_each_part(Function&& function) const {
        for (Index k = 0; k < features(); k += kSize) function(k, std::min(kSize, features() - k));
    }

    /// The lanes of a vector one after the other, once all of the column is in them.
    [[nodiscard]] Scalar sum(const Scalar* column) const {
        using kernels::Chunk, kernels::load_chunk;
        Chunk<Scalar> lanes = load_chunk(column, std::min(kSize, features()));
        for_each_part([&](Index k, Index count) {
            if (k > 0) lanes = lanes + load_chunk(column + k, count);
        });
        Scalar total(0);
        for (Index lane = 0; lane < kSize; ++lane) total += lanes[lane];
        return total;
    }
    [[nodiscard]] Scalar sum_of_squares(const Scalar* column) const {
        using kernels::Chunk, kernels::load_chunk;
        Chunk<Scalar> lanes = load_chunk(column, std::min(kSize, features()));
        lanes = lanes * lanes;
        for_each_part([&](Index k, Index count) {
            if (k == 0) return;
            const Chunk<Scalar> x = load_chunk(column + k, count);
            lanes = kernels::chunk_multiply_add<Scalar>(x, x, lanes);
        });
        Scalar total(0);
        for (Index lane = 0; lane < kSize; ++lane) total += lanes[lane];
        return total;
    }

    /// n and y of one column; all three may be one. Returns 1 / sigma.
    Scalar column_forward(const Scalar* x, Scalar* n, Scalar* y) const {
        using kernels::Chunk, kernels::load_chunk, kernels::store_chunk, std::sqrt;
        const auto share = RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(features());
        const Scalar mean = share * sum(x);
        for_each_part([&](Index k, Index count) {
            const Chunk<Scalar> centred = load_chunk(x + k, count) - mean;
            store_chunk<Scalar>(centred, n + k, count);
        });
        const Scalar variance = share * sum_of_squares(n);
        const Scalar inverse = Scalar(1) / sqrt(variance + static_cast<RealOf<Scalar>>(eps_));
        for_each_part([&](Index k, Index count) {
            const Chunk<Scalar> normalised = load_chunk(n + k, count) * inverse;
            store_chunk<Scalar>(normalised, n + k, count);
            store_chunk<Scalar>(
                kernels::chunk_multiply_add<Scalar>(load_chunk(weight.data() + k, count),
                                                    normalised, load_chunk(bias.data() + k, count)),
                y + k, count);
        });
        return inverse;
    }

    double eps_ = 1e-5;
};

}  // namespace mgan::inline MGAN_ABI
