#pragma once
/// \file
/// Probabilities as logarithms: logsumexp, log_softmax, cross entropies.
///
/// A classifier's last layer gives a score a_ij for each class i of each sample j. Probabilities
/// are p = softmax(a), and the loss is -log p of the right class. Computed in two steps that fails:
/// softmax rounds to 0 where a score is 100 below the largest, and log 0 is infinite. In one step
/// nothing is lost:
///
///     s_j = logsumexp(a)_j = m_j + log sum_i e^(a_ij - m_j)        m_j: the largest a_ij
///     log p_ij = a_ij - s_j
///
/// and the derivatives are simple, because ds_j/da_ij = p_ij:
///
///     y = log p:            da_ij += dy_ij - p_ij sum_k dy_kj
///     L = -log p_(label):   da_ij += (p_ij - [i = label_j]) dL
///
/// Classes are rows, samples columns, as everywhere.

#include <mgan/autodiff/arithmetic.hpp>
#include <mgan/autodiff/nonlinear.hpp>
#include <mgan/autodiff/reductions.hpp>
#include <mgan/autodiff/selection.hpp>

#include <cmath>
#include <complex>
#include <span>

namespace mgan::inline MGAN_ABI {

namespace classification_detail {

/// log sum_i e^x_i, without overflow.
template <typename Scalar>
[[nodiscard]] Scalar log_sum_exp_of(const Scalar* x, Index rows) {
    // A real peak: as a constant it has no share in the derivative.
    const RealOf<Scalar> peak = real_part(x[selection_detail::largest_of(x, rows)]);
    if (!std::isfinite(peak)) return Scalar(peak);
    using std::exp;
    using std::log;
    Scalar sum(0);
    for (Index i = 0; i < rows; ++i) sum += exp(x[i] - peak);
    return peak + log(sum);
}

template <typename Scalar>
void require_classes(const char* name, const Variable<Scalar>& x) {
    require<ShapeError>(x.rows() > 0, name, ": x is 0 x ", x.cols(), ", there are no classes");
}

}  // namespace classification_detail

/// log sum_i exp(x_ij) of each column: x is R x C, the result 1 x C.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> log_sum_exp(const Variable<Scalar>& x) {
    Tape<Scalar>& tape = x.tape("log_sum_exp");
    const NodeIndex argument = tape.mine(x, "log_sum_exp");
    classification_detail::require_classes("log_sum_exp", x);
    const NodeIndex index =
        tape.add(1, x.cols(), {argument}, [](Tape<Scalar>& t, const Node<Scalar>& n) {
            using std::exp;
            const Node<Scalar>& p = t.parent(n, 0);
            for (Index j = 0; j < p.cols; ++j) {
                for (Index i = j * p.rows; i < (j + 1) * p.rows; ++i)
                    p.gradient[i] += n.gradient[j] * exp(p.value[i] - n.value[j]);
            }
        });
    const Node<Scalar>& p = tape.node(argument);
    for (Index j = 0; j < p.cols; ++j) {
        tape.node(index).value[j] =
            classification_detail::log_sum_exp_of(p.value + j * p.rows, p.rows);
    }
    return tape.handle(index);
}

/// The logarithm of softmax of each column; x: R x C, the result the same.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> log_softmax(const Variable<Scalar>& x) {
    Tape<Scalar>& tape = x.tape("log_softmax");
    const NodeIndex argument = tape.mine(x, "log_softmax");
    classification_detail::require_classes("log_softmax", x);
    const NodeIndex index =
        tape.add(x.rows(), x.cols(), {argument}, [](Tape<Scalar>& t, const Node<Scalar>& n) {
            const Node<Scalar>& p = t.parent(n, 0);
            for (Index j = 0; j < n.cols; ++j) {
                const Index first = j * n.rows, end = first + n.rows;
                using std::exp;
                Scalar total(0);
                for (Index i = first; i < end; ++i) total += n.gradient[i];
                for (Index i = first; i < end; ++i)
                    p.gradient[i] += n.gradient[i] - exp(n.value[i]) * total;
            }
        });
    const Node<Scalar>& p = tape.node(argument);
    const Node<Scalar>& y = tape.node(index);
    for (Index j = 0; j < p.cols; ++j) {
        const Index first = j * p.rows;
        const Scalar s = classification_detail::log_sum_exp_of(p.value + first, p.rows);
        for (Index i = first; i < first + p.rows; ++i) y.value[i] = p.value[i] - s;
    }
    return tape.handle(index);
}

/// The mean over the columns of -log softmax(logits) at the row `labels[j]`; logits: R x C, one
/// label for each column, 0 <= label < R (ShapeError otherwise). 1 x 1.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> cross_entropy(const Variable<Scalar>& logits,
                                             std::span<const Index> labels) {
    Tape<Scalar>& tape = logits.tape("cross_entropy");
    const NodeIndex argument = tape.mine(logits, "cross_entropy");
    const Index rows = logits.rows(), cols = logits.cols();
    require<ShapeError>(cols > 0 && static_cast<Index>(labels.size()) == cols,
                        "cross_entropy: logits are ", rows, " x ", cols, ", there are ",
                        labels.size(), " labels; one for each column is needed");
    for (const Index label : labels) {
        require<ShapeError>(label >= 0 && label < rows, "cross_entropy: label ", label,
                            " is not among the ", rows, " classes");
    }
    const NodeIndex index = tape.add(1, 1, {argument}, [](Tape<Scalar>& t, const Node<Scalar>& n) {
        const Node<Scalar>& p = t.parent(n, 0);
        const Index* const wanted = t.integers(n.first_integer);
        using std::exp;
        const Scalar each = *n.gradient / static_cast<RealOf<Scalar>>(p.cols);
        for (Index j = 0; j < p.cols; ++j) {
            const Index first = j * p.rows;
            const Scalar s = classification_detail::log_sum_exp_of(p.value + first, Index{p.rows});
            for (Index i = first; i < first + p.rows; ++i)
                p.gradient[i] += each * exp(p.value[i] - s);
            p.gradient[first + wanted[j]] -= each;
        }
    });
    Node<Scalar>& y = tape.node(index);
    y.first_integer = tape.add_integers(labels.size());
    std::copy(labels.begin(), labels.end(), tape.integers(y.first_integer));
    const Scalar* const values = tape.node(argument).value;
    Scalar total(0);
    for (Index j = 0; j < cols; ++j) {
        const Scalar* const column = values + j * rows;
        total += classification_detail::log_sum_exp_of(column, rows) -
                 column[labels[static_cast<std::size_t>(j)]];
    }
    *y.value = total / static_cast<RealOf<Scalar>>(cols);
    return tape.handle(index);
}

/// The same with the probability of every class instead of one label: the mean over the columns of
/// -sum_i target_ij log softmax(logits)_ij. Both R x C.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> cross_entropy(const Variable<Scalar>& logits,
                                             const Variable<Scalar>& target) {
    require<ShapeError>(
        logits.rows() == target.rows() && logits.cols() == target.cols() && logits.size() > 0,
        "cross_entropy: logits are ", logits.rows(), " x ", logits.cols(), ", targets ",
        target.rows(), " x ", target.cols());
    const auto count = static_cast<RealOf<Scalar>>(logits.cols());
    return sum(log_softmax(logits) * target) * Scalar(RealOf<Scalar>(-1) / count);
}

/// The mean over all entries of -t log sigmoid(a) - (1 - t) log(1 - sigmoid(a)), for logits a and
/// targets t in [0, 1] of one shape: softplus(a) - a t, which nothing can overflow.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> binary_cross_entropy_with_logits(const Variable<Scalar>& logits,
                                                                const Variable<Scalar>& target) {
    require<ShapeError>(logits.rows() == target.rows() && logits.cols() == target.cols(),
                        "binary_cross_entropy_with_logits: logits are ", logits.rows(), " x ",
                        logits.cols(), ", targets ", target.rows(), " x ", target.cols());
    return mean(softplus(logits) - logits * target);
}

}  // namespace mgan::inline MGAN_ABI
