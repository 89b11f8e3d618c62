#pragma once
/// \file
/// A note as one vector: the sum of the vectors of its codes, and a linear map of its numbers.
///
///     y = sum over k of E(:, code_k) + W numbers + b                       (1)
///
/// It is a dense layer on eight one-hot vectors that does not multiply by zeros. Backward adds dy
/// to the column of each code:
///
///     dE(:, code_k) += dy,   dW += dy numbers^T,   db += dy                (2)
///
/// Codes and numbers are data and want no gradient.

#include <mgan/judging/note_features.hpp>
#include <mgan/layers/dense.hpp>

namespace mgan::inline MGAN_ABI::judging {

template <typename Scalar>
class EventEmbedding {
public:
    using ScalarType = Scalar;

    EventEmbedding() = default;
    /// Notes -> vectors of `size` numbers, all parameters zero.
    explicit EventEmbedding(Index size)
        : table(Matrix<Scalar>::Zero(size, kCodeValues)), numbers(kNumbers, size) {}

    [[nodiscard]] Index size() const noexcept { return table.rows(); }

    /// Equation (1). y: size x (T B), written.
    void forward(const NoteFeatures<Scalar>& x, MatrixRef<Scalar> y) const {
        numbers.forward(x.numbers, y);
        for (Index j = 0; j < y.cols(); ++j) {
            for (const int code : x.codes[static_cast<std::size_t>(j)]) y.col(j) += table.col(code);
        }
    }

    /// Equations (2), added to `gradients`. dy: size x (T B).
    void backward(const NoteFeatures<Scalar>& x, const ConstMatrixRef<Scalar>& dy,
                  EventEmbedding& gradients) const {
        numbers.backward_parameters(x.numbers, dy, gradients.numbers);
        for (Index j = 0; j < dy.cols(); ++j) {
            for (const int code : x.codes[static_cast<std::size_t>(j)])
                gradients.table.col(code) += dy.col(j);
        }
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visitor(prefix / "table", self.table);
        const ParameterName inner = prefix / "numbers.";
        Dense<Scalar>::visit(self.numbers, visitor, inner);
    }

    Matrix<Scalar> table;  ///< size x kCodeValues: a column a value of a code
    Dense<Scalar> numbers;
};

}  // namespace mgan::inline MGAN_ABI::judging
