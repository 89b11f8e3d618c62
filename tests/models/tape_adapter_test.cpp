// Layers as nodes of a tape: where gradients of parameters go, several uses and several tapes,
// clearing and recording again, errors. (The gradients themselves: tape_*_gradient_test.cpp.)

#include "tape_adapter_support.hpp"

#include <memory>

using namespace mgan_test;

TEST_CASE("A layer on a tape has the values of the layer") {
    const StackedLstm<double> lstm = started(StackedLstm<double>(3, 4, 2));
    Sequence<double> x(3, 2, 3);
    x.all() = kX;
    StackedLstm<double>::Cache cache;
    const Matrix<double> y = lstm.forward(x.view(), cache).all();
    Tape<double> tape;
    const LayerOnTape node(lstm);
    CHECK(node.record(tape.constant(kX), {.steps = 3, .batch = 2}).value() == y);
    const auto parameters = record_parameters(tape, lstm);
    CHECK(node.record_with(parameters, tape.constant(kX), {.steps = 3, .batch = 2}).value() == y);
}

TEST_CASE("Gradients of parameters are the same in a layer and as a variable of the tape") {
    const Lstm<double> lstm = started(Lstm<double>(3, 4));
    Lstm<double> gradients = zeros_like(lstm);
    Tape<double> tape;
    const SequenceSize size{.steps = 3, .batch = 2};
    const LayerOnTape node(lstm, gradients);
    tape.backward(sum(sin(node.record(tape.constant(kX), size))));
    const auto parameters = record_parameters(tape, lstm);
    tape.backward(sum(sin(node.record_with(parameters, tape.constant(kX), size))));
    CHECK(flat(gradients).norm() > 0.1);
    CHECK(Matrix<double>(parameters.gradient()) == flat(gradients));
}

TEST_CASE("Each Tape::backward adds to the gradients of the layer") {
    const Dense<double> dense = started(Dense<double>(3, 4));
    Dense<double> gradients = zeros_like(dense);
    Tape<double> tape;
    const LayerOnTape node(dense, gradients);
    const auto loss = sum(tanh(node.record(tape.constant(kX))));
    tape.backward(loss);
    const Vector<double> once = flat(gradients);
    tape.backward(loss);
    CHECK(flat(gradients).isApprox(2 * once, 1e-14));
}

TEST_CASE("A layer without gradients is constant, and its input has a gradient all the same") {
    const Dense<double> dense = started(Dense<double>(3, 4));
    Tape<double> tape;
    const LayerOnTape node(dense);
    const auto x = tape.variable(kX);
    tape.backward(sum(node.record(x)));
    CHECK(Matrix<double>(x.gradient())
              .isApprox(dense.weight.transpose() * Matrix<double>::Ones(4, 6), 1e-14));
    // Of constants alone nothing is differentiated.
    tape.clear();
    tape.backward(sum(node.record(tape.constant(kX))));
    CHECK(tape.operations() == 0);
}

TEST_CASE("A layer used twice on one tape adds up the gradients of both uses") {
    const Lstm<double> lstm = started(Lstm<double>(3, 3));
    const SequenceSize size{.steps = 3, .batch = 2};
    // L(p) = sum of weights * lstm(lstm(x)), against the complex step in p.
    const Matrix<double> weights = random_matrix(3, 6, 9);
    Tape<double> tape;
    Lstm<double> gradients = zeros_like(lstm);
    const LayerOnTape node(lstm, gradients);
    const auto x = tape.variable(kX);
    const auto y = node.record(node.record(x, size) * 2.0, size);
    tape.backward(y, weights);
    const Matrix<double> dx = x.gradient();
    const auto loss = [&]<typename Scalar>(const Lstm<Scalar>& l, const Matrix<Scalar>& in) {
        Tape<Scalar> own;
        const LayerOnTape again(l);
        const auto out = again.record(again.record(own.constant(in), size) * Scalar(2), size);
        return weighted_sum(out.value(), weights);
    };
    const GradientReport report =
        check_gradients(loss, wrt("lstm", lstm, gradients), wrt("x", kX, dx));
    INFO(report);
    CHECK(report.ok());
}

TEST_CASE("Parameters on the tape can be shared and penalised by name") {
    const Dense<double> dense = started(Dense<double>(3, 3));
    Tape<double> tape;
    const LayerOnTape node(dense);
    const auto p = record_parameters(tape, dense);
    const auto weight = parameter_of(p, dense, "weight"), bias = parameter_of(p, dense, "bias");
    CHECK(weight.value() == dense.weight);
    CHECK(bias.value() == dense.bias);
    const auto y = node.record_with(p, node.record_with(p, tape.constant(kX)));
    tape.backward(sum(y) + 0.5 * sum(weight * weight));
    // The same with operations of the tape alone.
    Tape<double> other;
    const auto w = other.variable(dense.weight), b = other.variable(dense.bias);
    const auto z = matmul(w, matmul(w, other.constant(kX)) + b) + b;
    other.backward(sum(z) + 0.5 * sum(w * w));
    CHECK(Matrix<double>(weight.gradient()).isApprox(w.gradient(), 1e-13));
    CHECK(Matrix<double>(bias.gradient()).isApprox(b.gradient(), 1e-13));
    CHECK_THROWS_AS(parameter_of(p, dense, "no such"), Error);
}

TEST_CASE("One layer serves several tapes at once") {
    const Lstm<double> lstm = started(Lstm<double>(3, 4));
    const LayerOnTape node(lstm);
    const SequenceSize size{.steps = 3, .batch = 2};
    Tape<double> first, second, alone;
    const auto x1 = first.variable(kX), x2 = second.variable(-kX), x3 = alone.variable(kX);
    const auto y1 = node.record(x1, size), y2 = node.record(x2, size);
    second.backward(sum(y2));
    second.clear();
    first.backward(sum(y1));
    const LayerOnTape fresh(lstm);
    alone.backward(sum(fresh.record(x3, size)));
    CHECK(x1.gradient() == x3.gradient());
    // Variables of two tapes do not mix.
    const auto parameters = record_parameters(second, lstm);
    CHECK_THROWS_AS(node.record_with(parameters, x1, size), Error);
}

TEST_CASE("After clear the same gradients come out, at other sizes too, in caches used before") {
    const BiLstm<double> bilstm = started(BiLstm<double>(3, 4, 2));
    BiLstm<double> gradients = zeros_like(bilstm);
    Tape<double> tape;
    const LayerOnTape node(bilstm, gradients);
    const auto pass = [&](const SequenceSize& size) {
        tape.clear();
        set_zero(gradients);
        const auto x = tape.constant(kX.leftCols(size.steps * size.batch));
        tape.backward(sum(sin(node.record(x, size))));
        return flat(gradients);
    };
    const Vector<double> first = pass({.steps = 3, .batch = 2});
    CHECK(pass({.steps = 1, .batch = 1}) != first);
    CHECK(pass({.steps = 2, .batch = 3}) != first);
    CHECK(pass({.steps = 3, .batch = 2}) == first);
}

TEST_CASE("A tape may outlive the node that recorded on it") {
    const Dense<double> dense = started(Dense<double>(3, 4));
    Dense<double> gradients = zeros_like(dense);
    Tape<double> tape;
    auto node = std::make_unique<LayerOnTape<Dense<double>>>(dense, gradients);
    const auto loss = sum(node->record(tape.constant(kX)));
    node.reset();
    tape.backward(loss);
    CHECK(gradients.bias == Vector<double>::Constant(4, 6));
    tape.clear();
}

TEST_CASE("Inputs that do not fit are refused by name and size, and the tape stays usable") {
    const Dense<double> dense(4, 2);
    const Lstm<double> lstm(3, 4);
    Tape<double> tape;
    const auto x = tape.variable(kX);
    const LayerOnTape on_dense(dense);
    const LayerOnTape on_lstm(lstm);
    CHECK(message_of([&] { return on_dense.record(x); }) ==
          "Dense on a tape: x is 3 x 6, expected 4 x 6");
    CHECK(message_of([&] {
              return on_dense.record({x, x});
          }) == "Dense on a tape: 2 inputs, expected 1");
    CHECK(message_of([&] { return on_lstm.record(x, {.steps = 4, .batch = 2}); }) ==
          "Lstm on a tape: x is 3 x 6, expected 3 x 8 (F x T B with T = 4, B = 2)");
    CHECK(message_of([&] { return on_lstm.record(x, {.steps = 0, .batch = 2}); }) ==
          "Lstm on a tape: 0 steps of 2 samples; both must be at least 1");
    CHECK(message_of([&] {
              return on_lstm.record({x, x}, {.steps = 3, .batch = 2});
          }) == "Lstm on a tape: 2 inputs, expected x alone, or with h_0 and c_0 of each layer 3");
    CHECK(message_of([&] {
              return on_lstm.record({x, x, x}, {.steps = 3, .batch = 2});
          }) == "Lstm on a tape: an initial state is 3 x 6, expected 4 x 2");
    CHECK(message_of([&] { return on_dense.record_with(x, x); }) ==
          "Dense on a tape: the vector of its parameters is 3 x 6, expected 10 x 1");
    CHECK_THROWS_AS(on_dense.record(std::span<const Variable<double>>()), ShapeError);
    tape.backward(sum(x));
    CHECK(x.gradient() == Matrix<double>::Ones(3, 6));
}
