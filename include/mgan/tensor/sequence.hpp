#pragma once
/// \file
/// A batch of sequences in one piece of memory.
///
/// Shape [T, B, F], time slowest: the F features of a sample lie side by side, then the next of the
/// B samples, then the next of the T steps.
///
///     memory:   | step 0: sample 0 (F) | sample 1 (F) | ... | step 1: sample 0 (F) | ...
///     step(t)   F x B       one Eigen map, a sample a column
///     all()     F x (T B)   all steps as one matrix: one product serves the whole sequence
///
/// That is why recurrent layers of this library multiply all steps at once wherever the recurrence
/// allows it.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>
#include <mgan/tensor/tensor.hpp>

#include <algorithm>

namespace mgan::inline MGAN_ABI {

/// A view of a batch of sequences, or of some of its features: entry (t, b, f) is
/// data[(t B + b) column_stride + f], with column_stride >= F. The two directions of a BiLSTM write
/// into one sequence of 2 H features through two such views. `Scalar` may be const.
template <typename Scalar>
class SequenceView {
public:
    using Value = std::remove_const_t<Scalar>;
    using Map =
        Eigen::Map<std::conditional_t<std::is_const_v<Scalar>, const Matrix<Value>, Matrix<Value>>,
                   0, Eigen::OuterStride<>>;

    SequenceView() = default;
    SequenceView(Scalar* data, Index steps, Index batch, Index features,
                 Index column_stride) noexcept
        : data_(data),
          steps_(steps),
          batch_(batch),
          features_(features),
          column_stride_(column_stride) {}

    /// A view that may write is also one that may read.
    template <typename Other>
    requires(std::is_const_v<Scalar>&& std::is_same_v<Other, Value>)
        SequenceView(const SequenceView<Other>& other)  // NOLINT: conversion by design
    noexcept
        : SequenceView(other.data(), other.steps(), other.batch(), other.features(),
                       other.column_stride()) {}

    [[nodiscard]] Scalar* data() const noexcept { return data_; }
    [[nodiscard]] Index steps() const noexcept { return steps_; }
    [[nodiscard]] Index batch() const noexcept { return batch_; }
    [[nodiscard]] Index features() const noexcept { return features_; }
    [[nodiscard]] Index column_stride() const noexcept { return column_stride_; }
    [[nodiscard]] bool empty() const noexcept { return data_ == nullptr; }

    /// Step t as an F x B matrix.
    [[nodiscard]] Map step(Index t) const noexcept { return range(t, 1); }

    /// Steps first .. first + count - 1 side by side, F x (count B).
    [[nodiscard]] Map range(Index first, Index count) const noexcept {
        return {data_ + first * batch_ * column_stride_, features_, count * batch_,
                Eigen::OuterStride<>(column_stride_)};
    }
    [[nodiscard]] Map all() const noexcept { return range(0, steps_); }

    /// Steps first .. first + count - 1 as sequences of their own.
    [[nodiscard]] SequenceView steps(Index first, Index count) const noexcept {
        return {data_ + first * batch_ * column_stride_, count, batch_, features_, column_stride_};
    }

    /// Features first .. first + count - 1 of the same sequences.
    [[nodiscard]] SequenceView features(Index first, Index count) const noexcept {
        return {data_ + first, steps_, batch_, count, column_stride_};
    }

    [[nodiscard]] std::string shape() const {
        return concat("[T=", steps_, ", B=", batch_, ", F=", features_, "]");
    }

private:
    Scalar* data_ = nullptr;
    Index steps_ = 0;
    Index batch_ = 0;
    Index features_ = 0;
    Index column_stride_ = 0;
};

/// Owns the values of a batch of sequences. A value type: copies are deep. `resize` within what was
/// once allocated allocates nothing, so one workspace serves all steps of a training.
template <typename Scalar>
class Sequence {
public:
    Sequence() = default;

    /// [steps, batch, features], all zero.
    Sequence(Index steps, Index batch, Index features) {
        resize(steps, batch, features);
        set_zero();
    }

    /// Gives the shape [steps, batch, features]; the values are unspecified afterwards. Throws
    /// ShapeError if a size is negative.
    void resize(Index steps, Index batch, Index features) {
        require<ShapeError>(steps >= 0 && batch >= 0 && features >= 0,
                            "Sequence::resize: negative size [T=", steps, ", B=", batch,
                            ", F=", features, "]");
        values_.resize({steps, batch, features});
    }

    [[nodiscard]] Index steps() const noexcept { return values_.shape()[0]; }
    [[nodiscard]] Index batch() const noexcept { return values_.shape()[1]; }
    [[nodiscard]] Index features() const noexcept { return values_.shape()[2]; }
    [[nodiscard]] Index size() const noexcept { return values_.size(); }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    [[nodiscard]] Scalar* data() noexcept { return values_.data(); }
    [[nodiscard]] const Scalar* data() const noexcept { return values_.data(); }

    /// The same values as a tensor of shape [T, B, F].
    [[nodiscard]] const Tensor<Scalar>& tensor() const& noexcept { return values_; }
    void tensor() const&& = delete;

    // Maps and views point into this object, so a temporary must not give any: they would outlive
    // it. Its steps are copies, and it has no view.

    /// Step t as an F x B matrix, 0 <= t < T.
    [[nodiscard]] MatrixMap<Scalar> step(Index t) & noexcept { return range(t, 1); }
    [[nodiscard]] ConstMatrixMap<Scalar> step(Index t) const& noexcept { return range(t, 1); }
    [[nodiscard]] Matrix<Scalar> step(Index t) const&& { return step(t); }

    /// Steps first .. first + count - 1 side by side, F x (count B).
    [[nodiscard]] MatrixMap<Scalar> range(Index first, Index count) & noexcept {
        return {data() + first * stride(), features(), count * batch()};
    }
    [[nodiscard]] ConstMatrixMap<Scalar> range(Index first, Index count) const& noexcept {
        return {data() + first * stride(), features(), count * batch()};
    }
    [[nodiscard]] Matrix<Scalar> range(Index first, Index count) const&& {
        return range(first, count);
    }

    /// All steps side by side, F x (T B).
    [[nodiscard]] MatrixMap<Scalar> all() & noexcept { return range(0, steps()); }
    [[nodiscard]] ConstMatrixMap<Scalar> all() const& noexcept { return range(0, steps()); }
    [[nodiscard]] Matrix<Scalar> all() const&& { return all(); }

    /// Feature f of sample b at step t.
    [[nodiscard]] Scalar& operator()(Index t, Index b, Index f) noexcept {
        return values_(t, b, f);
    }
    [[nodiscard]] const Scalar& operator()(Index t, Index b, Index f) const noexcept {
        return values_(t, b, f);
    }

    /// All of it as a view; `lstm.forward(make().view(), ...)` does not compile.
    [[nodiscard]] SequenceView<Scalar> view() & noexcept {
        return {data(), steps(), batch(), features(), features()};
    }
    [[nodiscard]] SequenceView<const Scalar> view() const& noexcept {
        return {data(), steps(), batch(), features(), features()};
    }
    void view() const&& = delete;

    void set_zero() noexcept { values_.set_zero(); }

    /// "[T=100, B=20, F=4]", for messages.
    [[nodiscard]] std::string shape() const {
        return concat("[T=", steps(), ", B=", batch(), ", F=", features(), "]");
    }

private:
    [[nodiscard]] Index stride() const noexcept { return batch() * features(); }

    Tensor<Scalar> values_;
};

/// Samples [shard.begin, shard.end) of every step of `from`: [T, shard size, F].
template <typename Scalar>
void copy_samples(const Sequence<Scalar>& from, Index begin, Index end, Sequence<Scalar>& to) {
    to.resize(from.steps(), end - begin, from.features());
    for (Index t = 0; t < from.steps(); ++t)
        to.step(t) = from.step(t).middleCols(begin, end - begin);
}

/// The reverse of `copy_samples`: writes `from` into the samples that start at `begin`.
template <typename Scalar>
void place_samples(const Sequence<Scalar>& from, Index begin, Sequence<Scalar>& to) {
    for (Index t = 0; t < from.steps(); ++t)
        to.step(t).middleCols(begin, from.batch()) = from.step(t);
}

}  // namespace mgan::inline MGAN_ABI
