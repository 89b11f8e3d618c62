#pragma once
/// \file
/// Less memory for more time: keep what goes into a part of a computation and what comes out of it,
/// forget what lies between, and compute that again on the way back.
///
///     h = recompute([&](auto v) { return many_steps(v[0], v[1], v[2]); }, {weight, h, x});
///
/// A tape keeps every value until `clear`: T steps of a recurrent net, T times the values of a
/// step. Cut the sequence into parts of sqrt(T) steps, and record each through `recompute`. Then
/// the tape keeps the state at the end of each part, sqrt(T) of them, and at any moment the inside
/// of one part, sqrt(T) steps:
///
///     memory   O(T)  ->  O(sqrt T)             time   every part is computed twice: about 4/3
///
///     tape     h_0 ------> h_1 ------> h_2 ------> h_3 ---> L        parts, as single nodes
///                                   <---[............]               the inside of the last one,
///                       <---[............]                           then of the one before, ...
///
/// f is given variables of another tape (one within the tape, whose memory all parts share), one
/// for each input, and returns one; so whatever it needs a gradient for must be among its inputs.
/// It must compute the same both times: random numbers are to be functions of a seed
/// (core/random.hpp). Values are those of f itself, to the bit; gradients differ where an input is
/// used several times, by the order in which its shares are added. Parts may contain parts.
///
/// Source: T. Chen et al., "Training deep nets with sublinear memory cost" (2016).

#include <mgan/autodiff/custom.hpp>
#include <mgan/autodiff/tape.hpp>

#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

namespace recompute_detail {

/// One part. `inner`: the tape on which it is recorded for a moment.
template <typename Scalar, typename Function>
struct Part {
    Function function;
    Tape<Scalar>* inner;

    /// Records f of the inputs; those that need no gradient are not copied.
    Variable<Scalar> record(const CustomCall<Scalar>& call,
                            std::vector<Variable<Scalar>>& inputs) const {
        inner->clear();
        for (Index k = 0; k < call.inputs(); ++k) {
            inputs.push_back(call.wants_gradient(k) ? inner->variable(call.input(k))
                                                    : inner->constant_view(call.input(k)));
        }
        return function(std::span<const Variable<Scalar>>(inputs));
    }
    void forward(const CustomCall<Scalar>&) const noexcept {}  // known already
    void backward(const CustomCall<Scalar>& call) const {
        std::vector<Variable<Scalar>> inputs;
        const Variable<Scalar> y = record(call, inputs);
        inner->backward(y, call.output_gradient());
        for (Index k = 0; k < call.inputs(); ++k) {
            if (call.wants_gradient(k))
                call.input_gradient(k) += inputs[static_cast<std::size_t>(k)].gradient();
        }
        inner->clear();
    }
};

}  // namespace recompute_detail

/// y = f(inputs), of which only inputs and result are kept. `f` takes a
/// std::span<const Variable<Scalar>> and returns a Variable<Scalar>; a copy of it is kept until the
/// tape is cleared. inputs: at least one, all of one tape (Error otherwise).
template <typename Scalar, typename Function>
[[nodiscard]] Variable<Scalar> recompute(Function f, std::span<const Variable<Scalar>> inputs) {
    require<Error>(!inputs.empty(), "recompute: a part needs an input");
    Tape<Scalar>& tape = inputs[0].tape("recompute");
    Tape<Scalar>& inner = tape.inner();
    inner.clear();
    std::vector<Variable<Scalar>> own;
    for (const Variable<Scalar>& input : inputs) {
        const NodeIndex index = tape.mine(input, "recompute");
        tape.compute(index);
        own.push_back(inner.constant_view(tape.handle(index).value()));
    }
    const Variable<Scalar> inside = f(std::span<const Variable<Scalar>>(own));
    require<Error>(&inside.tape("recompute") == &inner,
                   "recompute: the function returns a variable that is none of its own; whatever "
                   "it reads must be among its inputs");
    const MatrixShape shape{inside.rows(), inside.cols()};
    using Part = recompute_detail::Part<Scalar, Function>;
    const Variable<Scalar> y =
        custom<Scalar, Part>(inputs, std::span(&shape, 1), Part{std::move(f), &inner})[0];
    MatrixMap<Scalar>(tape.node(y.index()).value, shape.rows, shape.cols) = inside.value();
    inner.clear();
    return y;
}
template <typename Scalar, typename Function>
[[nodiscard]] Variable<Scalar> recompute(Function f,
                                         std::initializer_list<Variable<Scalar>> inputs) {
    return recompute<Scalar, Function>(
        std::move(f), std::span<const Variable<Scalar>>(inputs.begin(), inputs.size()));
}

}  // namespace mgan::inline MGAN_ABI
