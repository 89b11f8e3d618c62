#include "operation_check.hpp"

#include <support/catch.hpp>

#include <cmath>
#include <limits>
#include <memory>
#include <string>

using namespace mgan;

namespace {

/// The message of the exception that `f` throws; empty if it throws none.
template <typename Exception, typename Function>
std::string message_of(const Function& f) {
    try {
        f();
    } catch (const Exception& e) {
        return e.what();
    }
    return {};
}

}  // namespace

TEST_CASE("A node that is used several times receives the sum of all shares") {
    Tape<double> tape;
    const Variable<double> x = tape.variable(3.0);
    const Variable<double> y = x * x;  // y = x^2
    const Variable<double> z = y * y;  // z = x^4
    tape.backward(z * y + y + x);      // x^6 + x^2 + x
    CHECK(x.gradient()(0, 0) == 6 * 243 + 6 + 1);
    CHECK(y.gradient()(0, 0) == 3 * 81 + 1);
}

TEST_CASE("Each node is visited once, however many paths lead to it") {
    // 60 doublings: 2^60 paths from the end to the start.
    Tape<double> tape;
    const Variable<double> x = tape.variable(1.0);
    Variable<double> y = x;
    for (int k = 0; k < 60; ++k) y = y + y;
    tape.backward(y);
    CHECK(x.gradient()(0, 0) == std::ldexp(1.0, 60));
    CHECK(tape.operations() == 60);
}

TEST_CASE("The work of backward grows with the number of nodes, not faster") {
    Tape<double> tape;
    for (const Index count : {1000, 10000, 100000}) {
        tape.clear();
        const Variable<double> x = tape.variable(0.5);
        Variable<double> y = x;
        for (Index k = 0; k < count; ++k) y = sin(y);  // as deep as it is long
        CHECK(tape.size() == count + 1);
        tape.backward(y);
        CHECK(tape.operations() == count);
        CHECK(x.gradient()(0, 0) > 0);
    }
}

TEST_CASE("A million nodes are differentiated exactly") {
    Tape<double> tape;
    const Variable<double> x = tape.variable(2.0);
    Variable<double> total = x;
    for (int k = 0; k < 500000; ++k) total = total + x * x;
    CHECK(tape.size() == 1000001);
    tape.backward(total);
    CHECK(x.gradient()(0, 0) == 500000 * 4.0 + 1);
}

TEST_CASE("Nodes that the loss does not depend on are neither visited nor given a gradient") {
    Tape<double> tape;
    const Variable<double> x = tape.variable(2.0), other = tape.variable(3.0);
    const Variable<double> aside = log(other - other);  // -inf: its derivative is not finite
    const Variable<double> loss = x * x;
    const Variable<double> later = exp(x);
    tape.backward(loss);
    CHECK(tape.operations() == 1);
    CHECK(x.gradient()(0, 0) == 4);
    CHECK(other.gradient()(0, 0) == 0);
    CHECK(aside.gradient()(0, 0) == 0);
    CHECK_THROWS_AS(later.gradient(), Error);
}

TEST_CASE("Backward may be called again, for another loss or another seed") {
    Tape<double> tape;
    const Matrix<double> m = random_matrix(2, 3, 1), seed = random_matrix(2, 3, 2);
    const Variable<double> x = tape.variable(m);
    const Variable<double> y = x * x, loss = sum(y);
    for (int k = 0; k < 2; ++k) {
        tape.backward(loss);
        CHECK(x.gradient() == 2 * m);
        tape.backward(y, seed);
        CHECK(x.gradient() == 2 * m.cwiseProduct(seed));
    }
}

TEST_CASE("A cleared tape starts anew, and refuses what was recorded before") {
    Tape<double> tape;
    Matrix<double> first;
    for (int pass = 0; pass < 3; ++pass) {
        const Variable<double> x = tape.variable(random_matrix(3, 3, 1));
        tape.backward(sum(exp(matmul(x, x))));
        if (pass == 0) first = x.gradient();
        CHECK(x.gradient() == first);
        tape.clear();
        CHECK(tape.size() == 0);
        CHECK_THROWS_AS(x.value(), Error);
        CHECK(message_of<Error>([&] { (void)exp(x); }) ==
              "exp: the variable was recorded before the last clear() of its tape");
    }
}

TEST_CASE("Errors name the operation and both shapes") {
    Tape<double> tape, other;
    const Variable<double> a = tape.variable(random_matrix(3, 4, 1));
    const Variable<double> b = tape.variable(random_matrix(5, 2, 2));
    const std::array<Index, 2> picks{0, 4};
    const auto shape_message = [&](const auto& f) { return message_of<ShapeError>(f); };
    CHECK(shape_message([&] { (void)(a + b); }) ==
          "operator+: a is 3 x 4, b is 5 x 2; sizes must be equal, or 1 to be repeated");
    CHECK(shape_message([&] { (void)matmul(a, b); }) ==
          "matmul: a is 3 x 4, b is 5 x 2; the columns of a must be the rows of b");
    CHECK(shape_message([&] { (void)reshape(a, 5, 2); }) ==
          "reshape: x is 3 x 4, it cannot become 5 x 2");
    CHECK(shape_message([&] { (void)slice_columns(a, 3, 2); }) ==
          "slice_columns: x is 3 x 4, it has no columns 3 to 4");
    CHECK(shape_message([&] { (void)slice_rows(a, -1, 2); }) ==
          "slice_rows: x is 3 x 4, it has no rows -1 to 0");
    CHECK(shape_message([&] {
              (void)concat_rows({a, b});
          }) == "concat_rows: the first part is 3 x 4, part 1 is 5 x 2");
    CHECK(shape_message([&] {
              (void)concat_columns({a, b});
          }) == "concat_columns: the first part is 3 x 4, part 1 is 5 x 2");
    CHECK(shape_message([&] { (void)gather_columns<double>(a, picks); }) ==
          "gather_columns: index 4 is not among the 4 that there are");
    CHECK(shape_message([&] {
              (void)conv2d(a, b, Conv2dShape{2, 2, 1, 1, 2, 2});
          }) == "conv2d: x is 3 x 4, an image has 1 x 2 x 2 = 4 entries");
    CHECK(shape_message([&] { (void)mean(reshape(slice_rows(a, 0, 0), 0, 7)); }) ==
          "mean: x is 0 x 7, it has no entries");
    CHECK(shape_message([&] { (void)a.scalar(); }) ==
          "Variable::scalar: the variable is 3 x 4, not 1 x 1");
    CHECK(shape_message([&] { tape.backward(a); }) ==
          "Tape::backward: the loss is 3 x 4, it must be 1 x 1; reduce it with sum() or mean()");
    CHECK_THROWS_AS(tape.backward(a, random_matrix(4, 3, 1)), ShapeError);

    const Variable<double> foreign = other.variable(random_matrix(3, 4, 1));
    CHECK(message_of<Error>([&] { (void)(a * foreign); }) ==
          "operator*: the variable belongs to another tape");
    CHECK(message_of<Error>([&] { tape.backward(sum(foreign)); }) ==
          "Tape::backward: the variable belongs to another tape");
    CHECK(message_of<Error>([&] { (void)tanh(Variable<double>()); }) ==
          "tanh: the variable was never recorded on a tape");
    CHECK_THROWS_AS(a.gradient(), Error);  // before backward
}

TEST_CASE("An operation of one's own joins the chain, with several inputs and outputs") {
    // (s, d) = (a + b, a b), as a user would write it: the cache is a member.
    struct SumAndProduct {
        Matrix<double> a, b;
        void forward(CustomCall<double>& call) {
            a = call.input(0);
            b = call.input(1);
            call.output(0) = a + b;
            call.output(1) = a.cwiseProduct(b);
        }
        void backward(CustomCall<double>& call) {
            call.input_gradient(0) +=
                call.output_gradient(0) + call.output_gradient(1).cwiseProduct(b);
            call.input_gradient(1) +=
                call.output_gradient(0) + call.output_gradient(1).cwiseProduct(a);
        }
    };
    const Matrix<double> m = random_matrix(2, 3, 1), n = random_matrix(2, 3, 2);
    const auto gradients = [&](const auto& record) {
        Tape<double> tape;
        const Variable<double> a = tape.variable(m), b = tape.variable(n);
        const std::pair<Variable<double>, Variable<double>> y = record(exp(a), sin(b));
        tape.backward(sum(sin(y.first) * y.second + y.first));
        return std::pair(Matrix<double>(a.gradient()), Matrix<double>(b.gradient()));
    };
    const auto own = gradients([](const Variable<double>& a, const Variable<double>& b) {
        const CustomOutputs<double> y = custom({a, b}, {{2, 3}, {2, 3}}, SumAndProduct{});
        CHECK(y.size() == 2);
        return std::pair(y[0], y[1]);
    });
    const auto expected = gradients([](const Variable<double>& a, const Variable<double>& b) {
        return std::pair(a + b, a * b);
    });
    CHECK(own.first.isApprox(expected.first, 1e-14));
    CHECK(own.second.isApprox(expected.second, 1e-14));
}

TEST_CASE("An operation of one's own is two functions, checked like any other") {
    const auto cube = [](const auto& x) {
        return custom(
            {x}, {x.rows(), x.cols()},
            [](auto& call) { call.output() = call.input().array().cube().matrix(); },
            [](auto& call) {
                call.input_gradient().array() +=
                    3.0 * call.input().array().square() * call.output_gradient().array();
            });
    };
    const GradientReport report = check_operation(
        [&](const auto& x) { return cube(sin(x)) * cube(x); }, random_matrix(3, 2, 1));
    INFO(report);
    CHECK(report.ok());
}

TEST_CASE("An operation of one's own is asked only for gradients that somebody wants") {
    Tape<double> tape;
    const Variable<double> x = tape.variable(2.0), k = tape.constant(5.0);
    int backward_calls = 0;
    const auto forward = [](auto& call) { call.output() = call.input(0) * call.input(1)(0, 0); };
    const auto backward = [&](auto& call) {
        ++backward_calls;
        CHECK(call.inputs() == 2);
        CHECK(call.outputs() == 1);
        CHECK(call.wants_gradient(0));
        CHECK_FALSE(call.wants_gradient(1));
        call.input_gradient(0) += call.output_gradient() * call.input(1)(0, 0);
        call.input_gradient(1) += call.output_gradient();  // dropped, and harmless
    };
    const Variable<double> y = custom({x, k}, {1, 1}, forward, backward);
    tape.backward(y * y);
    CHECK(x.gradient()(0, 0) == 100);
    CHECK(backward_calls == 1);
    tape.backward(x * x);  // not behind the loss: not called
    CHECK(backward_calls == 1);
}

TEST_CASE("What an operation keeps is destroyed when the tape is cleared, or ends") {
    const auto witness = std::make_shared<int>(0);
    const auto record = [&](Tape<double>& tape) {
        const Variable<double> x = tape.variable(1.0);
        (void)custom(
            {x}, {1, 1}, [witness](auto& call) { call.output() = call.input(); }, [](auto&) {});
    };
    {
        Tape<double> tape;
        for (int k = 0; k < 3; ++k) record(tape);
        CHECK(witness.use_count() == 4);
        tape.clear();
        CHECK(witness.use_count() == 1);
        record(tape);
    }
    CHECK(witness.use_count() == 1);
}

TEST_CASE("The example of the chapter on automatic differentiation descends") {
    Matrix<double> weight = random_matrix(3, 4, 1);
    const Matrix<double> input = random_matrix(4, 5, 2);
    Tape<double> tape;
    double last = std::numeric_limits<double>::infinity();
    for (int step = 0; step < 20; ++step) {
        const Variable<double> w = tape.variable(weight);
        const Variable<double> x = tape.constant(input);
        const Variable<double> loss = sum(tanh(matmul(w, x)));
        CHECK(loss.scalar() < last);
        last = loss.scalar();
        tape.backward(loss);
        weight -= 0.1 * w.gradient();
        tape.clear();
    }
    const auto f = [](auto x) { return exp(x) * sin(x); };
    CHECK(complex_step_derivative(f, 0.5) ==
          Approx(std::exp(0.5) * (std::sin(0.5) + std::cos(0.5))).epsilon(1e-15));
    CHECK(sizeof(Node<double>) == 64);
}
