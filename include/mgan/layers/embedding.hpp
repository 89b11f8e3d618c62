#pragma once
/// \file
/// The embedding: a vector for each value of a category.
///
/// A pitch, a key, a style: numbers without an order that a net could use. Each value gets a vector
/// of its own, and the net learns the vectors. On paper that is a dense layer without a bias that
/// reads a one-hot column,
///
///     y = W onehot(v)                                                          (1)
///
///     W (width x values)      values = 5, v = 3:
///     +---+---+---+---+---+
///     |   |   |   | y |   |      the product picks column v of W
///     +---+---+---+---+---+
///       0   1   2   3   4
///
/// and nobody multiplies by zeros: forward copies a column. The gradient is the dense layer's,
/// dW += dy onehot(v)^T, and again all but one column of it is zero:
///
///     dW(., v) += dy          for each column of the batch that holds v         (2)
///
/// Columns are added in the order of the batch, one after the other, so the bits do not depend on
/// threads. Values have no gradient. The value `kNone` stands for "none": it gives zeros, and
/// learns nothing.
///
/// In memory column v of the weight is the vector of v, since a sample is a column everywhere in
/// this library. Files hold the transpose, row v, as `torch.nn.Embedding` does: [values, width].

#include <mgan/layers/parameters.hpp>
#include <mgan/tensor/product.hpp>

#include <cassert>
#include <span>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class Embedding {
public:
    using ScalarType = Scalar;

    /// The value of a category that is absent: before the first event, or a style that nobody
    /// named.
    static constexpr Index kNone = -1;

    Embedding() = default;

    /// `values` values, a vector of `width` numbers each, all zero (see layers/initialisation.hpp).
    Embedding(Index values, Index width) : weight(Matrix<Scalar>::Zero(width, values)) {}

    /// How many values there are: 0 .. values() - 1.
    [[nodiscard]] Index values() const noexcept { return weight.cols(); }
    /// Numbers of each vector.
    [[nodiscard]] Index width() const noexcept { return weight.rows(); }

    /// Equation (1), for a batch. values: N of them; y: width x N, written or added to. Throws
    /// ShapeError if a size does not fit or a value is not in the table.
    void forward(std::span<const Index> values, MatrixRef<Scalar> y,
                 Update update = Update::assign) const {
        check("forward", "y", values, y.rows(), y.cols());
        for (Index j = 0; j < y.cols(); ++j) {
            if (update == Update::assign) y.col(j).setZero();
            add(values[static_cast<std::size_t>(j)], y.col(j));
        }
    }

    /// One value, for heads that sum several embeddings: column (width numbers) += the vector of
    /// `value`. The value is kNone or in the table. Allocates nothing.
    template <typename Column>
    void add(Index value, Column&& column) const noexcept {
        assert(value >= kNone && value < values() && column.size() == width());
        if (value != kNone) column += weight.col(value);
    }

    /// Equation (2), added to `gradients`. values, dy: of the forward pass, width x N. Throws
    /// ShapeError.
    void backward(std::span<const Index> values, const ConstMatrixRef<Scalar>& dy,
                  Embedding& gradients) const {
        check("backward", "dy", values, dy.rows(), dy.cols());
        for (Index j = 0; j < dy.cols(); ++j) {
            const Index value = values[static_cast<std::size_t>(j)];
            if (value != kNone) gradients.weight.col(value) += dy.col(j);
        }
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visitor((prefix / "weight").transposed(), self.weight);
    }

    Matrix<Scalar> weight;  ///< width x values

private:
    void check(const char* where, const char* what, std::span<const Index> of, Index rows,
               Index columns) const {
        require<ShapeError>(rows == width(), "Embedding::", where, ": ", what, " has ", rows,
                            " rows, the vectors have ", width(), " numbers");
        require<ShapeError>(columns == static_cast<Index>(of.size()), "Embedding::", where, ": ",
                            what, " has ", columns, " columns for ", of.size(), " values");
        for (const Index value : of) {
            require<ShapeError>(value >= kNone && value < values(), "Embedding::", where,
                                ": value ", value, ", the table has ", values(),
                                " (or -1 for none)");
        }
    }
};

}  // namespace mgan::inline MGAN_ABI
