#pragma once
// Gradients through tape code and layers mixed: operation, layer, operation, for a layer or model
// that can be recorded, against complex step and central differences.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>
#include <mgan/core/random.hpp>
#include <mgan/models/tape_adapter.hpp>
#include <support/catch.hpp>

#include <complex>
#include <functional>

namespace mgan_test {

using namespace mgan;

using Complex = std::complex<double>;

/// All that has a gradient: the flat parameters of the layer, then the inputs of the graph.
template <typename Scalar>
struct Numbers {
    std::vector<Matrix<Scalar>> values;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        for (std::size_t k = 0; k < values.size(); ++k)
            visitor(k == 0 ? "parameters" : concat("input ", k - 1), values[k]);
    }
    template <typename Other>
    Numbers<Other> cast() const {
        Numbers<Other> other;
        for (const auto& value : values) other.values.push_back(value.template cast<Other>());
        return other;
    }
};

template <typename Scalar>
using Variables = std::vector<Variable<Scalar>>;
/// Records the layer with its parameters on the tape; several outputs, flat, one below the other.
template <typename Scalar>
using Graph = std::function<Variable<Scalar>(const Variables<Scalar>&)>;

/// tanh before the layer and a product after it, so that gradients must pass from tape to layer to
/// tape; x reaches the loss past the layer too. (A layer that assigned to dx would lose that.)
template <typename Scalar>
Variable<Scalar> loss_on(Tape<Scalar>& tape, const Graph<Scalar>& graph,
                         const Variables<Scalar>& leaves) {
    Variables<Scalar> inputs{leaves[0]};
    for (std::size_t k = 1; k < leaves.size(); ++k) inputs.push_back(tanh(leaves[k]));
    const Variable<Scalar> y = graph(inputs);
    Variable<Scalar> loss =
        sum(y * (Scalar(1) + sin(y)) * tape.constant(random_matrix(y.rows(), y.cols(), 77)));
    for (std::size_t k = 1; k < leaves.size(); ++k) {
        const Variable<Scalar>& x = inputs[k];
        loss = loss + sum(x * tape.constant(random_matrix(x.rows(), x.cols(), 78)));
    }
    return loss;
}

template <typename Scalar>
Variables<Scalar> record_leaves(Tape<Scalar>& tape, const Numbers<Scalar>& numbers) {
    Variables<Scalar> leaves;
    for (const Matrix<Scalar>& value : numbers.values) leaves.push_back(tape.variable(value));
    return leaves;
}

inline void check_graph(const Graph<double>& real, const Graph<Complex>& complex,
                        const Numbers<double>& numbers) {
    Tape<double> tape;
    const Variables<double> leaves = record_leaves(tape, numbers);
    tape.backward(loss_on(tape, real, leaves));
    Numbers<double> gradients;
    for (const Variable<double>& leaf : leaves) gradients.values.emplace_back(leaf.gradient());

    GradientCheckOptions options;
    options.entries_per_block = 12;
    const GradientReport report = check_gradients(
        [&]<typename Scalar>(const Numbers<Scalar>& n) {
            Tape<Scalar> own;
            if constexpr (std::is_same_v<Scalar, double>) {
                return loss_on(own, real, record_leaves(own, n)).scalar();
            } else {
                return loss_on(own, complex, record_leaves(own, n)).scalar();
            }
        },
        options, wrt("", numbers, gradients));
    INFO(report);
    CHECK(report.ok());
}

/// All outputs of a node as one column.
template <typename Scalar>
Variable<Scalar> joined(const Variable<Scalar>& y) {
    return y;
}
template <typename Scalar>
Variable<Scalar> joined(const std::array<Variable<Scalar>, 2>& y) {
    return concat_rows({reshape(y[0], y[0].size(), 1), reshape(y[1], y[1].size(), 1)});
}

/// `make(zero)` builds the layer over the scalar type of `zero`; `settings(zero)` says how it is
/// called; `inputs` are the shapes of its inputs.
template <typename Make, typename MakeSettings>
void check_layer(const Make& make, const MakeSettings& settings,
                 std::initializer_list<MatrixShape> inputs) {
    const auto recorded = [&]<typename Scalar>(const Variables<Scalar>& in) {
        const auto layer = make(Scalar());
        const LayerOnTape node(layer);
        return joined(node.record_with(in[0], std::span(in).subspan(1), settings(Scalar())));
    };
    const auto layer = make(0.0);
    Numbers<double> numbers;
    numbers.values.push_back(random_matrix(parameter_count(layer), 1, 1, -0.9, 0.9));
    for (const MatrixShape& s : inputs)
        numbers.values.push_back(random_matrix(s.rows, s.cols, numbers.values.size() + 1));
    check_graph([&](const Variables<double>& in) { return recorded(in); },
                [&](const Variables<Complex>& in) { return recorded(in); }, numbers);
}

inline constexpr Index kSteps = 3, kBatch = 2, kColumns = kSteps * kBatch;
inline constexpr auto kSequence = [](auto) { return SequenceSize{kSteps, kBatch}; };

}  // namespace mgan_test
