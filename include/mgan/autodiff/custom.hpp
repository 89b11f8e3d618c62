#pragma once
/// \file
/// Operations of your own: a value and its gradient.
///
/// An operation of the tape is a pair of functions. `forward` computes outputs from inputs;
/// `backward` is given dL/d(output) and adds to dL/d(input). Anything that knows these two can be
/// one node of the list: a function that the tape lacks, a whole layer with its hand-written
/// backward pass, a call to another library.
///
///     // y = x^3 with the derivative 3 x^2
///     const Variable<double> y = custom(
///         {x}, {x.rows(), x.cols()},
///         [](auto& call) { call.output() = call.input().array().cube(); },
///         [](auto& call) {
///             call.input_gradient().array() +=
///                 3 * call.input().array().square() * call.output_gradient().array();
///         });
///
/// An operation keeps what forward computes and backward needs (a cache) in itself: give an object
/// with member functions `forward(call)` and `backward(call)`. It lives in the tape's memory until
/// `clear`. To allocate nothing, let it hold a pointer to a cache of the caller.
///
/// `gradient_check.hpp` checks such an operation like any other function.

#include <mgan/autodiff/tape.hpp>

#include <algorithm>
#include <initializer_list>
#include <span>
#include <utility>

namespace mgan::inline MGAN_ABI {

/// The size of a matrix.
struct MatrixShape {
    Index rows = 0;
    Index cols = 0;
};

/// What an operation sees of the tape during `forward` and `backward`. All views are of the tape's
/// memory; do not record anything on the tape meanwhile.
template <typename Scalar>
class CustomCall {
public:
    CustomCall(Tape<Scalar>& tape, const Node<Scalar>& node) noexcept : tape_(tape), node_(node) {}

    /// Number of inputs and outputs.
    [[nodiscard]] Index inputs() const noexcept { return Index{node_.parent_count}; }
    [[nodiscard]] Index outputs() const noexcept { return *tape_.integers(node_.first_integer); }

    /// Value of input k.
    [[nodiscard]] ConstMatrixMap<Scalar> input(Index k = 0) const noexcept {
        const Node<Scalar>& p = parent(k);
        return {p.value, p.rows, p.cols};
    }
    /// Value of output k: to be written by `forward`, there to be read by `backward`.
    [[nodiscard]] MatrixMap<Scalar> output(Index k = 0) const noexcept {
        return part(node_.value, k);
    }
    /// dL/d(output k), in `backward`. Zero for an output that L does not depend on.
    [[nodiscard]] ConstMatrixMap<Scalar> output_gradient(Index k = 0) const noexcept {
        const MatrixMap<Scalar> view = part(node_.gradient, k);
        return {view.data(), view.rows(), view.cols()};
    }
    /// Whether anything needs dL/d(input k); if not, its computation may be left out.
    [[nodiscard]] bool wants_gradient(Index k = 0) const noexcept {
        return parent(k).needs_gradient;
    }
    /// dL/d(input k), in `backward`: add to it, never assign, since the input may have other users.
    /// (If nothing needs it, this is scratch.)
    [[nodiscard]] MatrixMap<Scalar> input_gradient(Index k = 0) const {
        const Node<Scalar>& p = parent(k);
        if (p.gradient != nullptr) return {p.gradient, p.rows, p.cols};
        Scalar* const nowhere = tape_.scratch(p.size());
        std::fill_n(nowhere, p.size(), Scalar(0));
        return {nowhere, p.rows, p.cols};
    }

private:
    [[nodiscard]] const Node<Scalar>& parent(Index k) const noexcept {
        return tape_.parent(node_, static_cast<std::uint32_t>(k));
    }
    /// Output k within the values or the gradients of all outputs.
    [[nodiscard]] MatrixMap<Scalar> part(Scalar* all, Index k) const noexcept {
        const Index* const shapes = tape_.integers(node_.first_integer) + 1;
        Index offset = 0;
        for (Index i = 0; i < k; ++i) offset += shapes[2 * i] * shapes[2 * i + 1];
        return {all + offset, shapes[2 * k], shapes[2 * k + 1]};
    }

    Tape<Scalar>& tape_;
    const Node<Scalar>& node_;
};

/// The outputs of an operation with several of them.
template <typename Scalar>
class CustomOutputs {
public:
    CustomOutputs(Tape<Scalar>& tape, NodeIndex node, Index count) noexcept
        : tape_(tape), node_(node), count_(count) {}
    [[nodiscard]] Index size() const noexcept { return count_; }
    /// Output k, 0 <= k < size().
    [[nodiscard]] Variable<Scalar> operator[](Index k) const noexcept {
        // Several outputs are aliases of one node, recorded right after it.
        return tape_.handle(count_ == 1 ? node_ : static_cast<NodeIndex>(node_ + 1 + k));
    }

private:
    Tape<Scalar>& tape_;
    NodeIndex node_;
    Index count_;
};

namespace custom_detail {

template <typename Forward, typename Backward>
struct Pair {
    Forward forward;
    Backward backward;
};

}  // namespace custom_detail

/// Records an operation with any number of outputs. `inputs`: at least one variable, all of one
/// tape; `shapes`: of the outputs, at least one. `operation` has `forward(call)`, which is called
/// now, and `backward(call)`, called at most once in each `Tape::backward`, when all outputs'
/// gradients are complete. Throws Error and ShapeError, and what `operation` throws.
template <typename Scalar, typename Operation>
[[nodiscard]] CustomOutputs<Scalar> custom(std::span<const Variable<Scalar>> inputs,
                                           std::span<const MatrixShape> shapes,
                                           Operation operation) {
    require<Error>(!inputs.empty() && !shapes.empty(),
                   "custom: an operation needs an input and an output");
    Tape<Scalar>& tape = inputs[0].tape("custom");
    std::vector<NodeIndex>& parents = tape.parent_list();
    for (const Variable<Scalar>& input : inputs) parents.push_back(tape.mine(input, "custom"));
    Index total = 0;
    for (const MatrixShape& s : shapes) {
        require<ShapeError>(s.rows >= 0 && s.cols >= 0, "custom: an output of ", s.rows, " x ",
                            s.cols);
        total += s.rows * s.cols;
    }
    const bool single = shapes.size() == 1;
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& n) {
        CustomCall<Scalar> call(t, n);
        static_cast<Operation*>(n.object)->backward(call);
    };
    Operation* const kept = tape.keep(std::move(operation));
    const NodeIndex index =
        tape.add(single ? shapes[0].rows : total, single ? shapes[0].cols : 1, parents, backward);
    const std::uint32_t first = tape.add_integers(1 + 2 * shapes.size());
    Index* numbers = tape.integers(first);
    *numbers++ = static_cast<Index>(shapes.size());
    for (const MatrixShape& s : shapes) {
        *numbers++ = s.rows;
        *numbers++ = s.cols;
    }
    tape.node(index).object = kept;
    tape.node(index).first_integer = first;
    Index offset = 0;
    for (std::size_t k = 0; k < shapes.size() && !single; ++k) {
        (void)tape.add_alias(index, offset, shapes[k].rows, shapes[k].cols);
        offset += shapes[k].rows * shapes[k].cols;
    }
    CustomCall<Scalar> call(tape, tape.node(index));
    kept->forward(call);
    return {tape, index, static_cast<Index>(shapes.size())};
}
template <typename Scalar, typename Operation>
[[nodiscard]] CustomOutputs<Scalar> custom(std::initializer_list<Variable<Scalar>> inputs,
                                           std::initializer_list<MatrixShape> shapes,
                                           Operation operation) {
    return custom<Scalar, Operation>(std::span(inputs.begin(), inputs.size()),
                                     std::span(shapes.begin(), shapes.size()),
                                     std::move(operation));
}

/// The same for one output of `shape`.
template <typename Scalar, typename Operation>
[[nodiscard]] Variable<Scalar> custom(std::initializer_list<Variable<Scalar>> inputs,
                                      const MatrixShape& shape, Operation operation) {
    return custom<Scalar, Operation>(std::span(inputs.begin(), inputs.size()), std::span(&shape, 1),
                                     std::move(operation))[0];
}

/// The same from two functions.
template <typename Scalar, typename Forward, typename Backward>
[[nodiscard]] Variable<Scalar> custom(std::initializer_list<Variable<Scalar>> inputs,
                                      const MatrixShape& shape, Forward forward,
                                      Backward backward) {
    return custom(inputs, shape,
                  custom_detail::Pair<Forward, Backward>{std::move(forward), std::move(backward)});
}

}  // namespace mgan::inline MGAN_ABI
