// The programs of docs/autodiff.md.

#include "print.hpp"

#include <mgan/autodiff/complex_step.hpp>
#include <mgan/autodiff/custom.hpp>
#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/tape_adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdio>
#include <iostream>
#include <string_view>
#include <vector>

// ---- three ways to a derivative, and their errors

namespace errors {

template <typename Number>
Number f(Number x) {
    return exp(x) * sin(x);
}

struct Errors {
    double one_sided, central, complex_step;
};

/// The largest relative errors of f'(x) with step h, over 50 points x.
Errors errors(double h) {
    Errors worst{};
    for (int k = 0; k < 50; ++k) {
        const double x = 0.5 + 0.01 * k;
        const double exact = std::exp(x) * (std::sin(x) + std::cos(x));
        const auto grow = [&](double& error, double slope) {
            error = std::max(error, std::abs(slope - exact) / exact);
        };
        grow(worst.one_sided, (f(x + h) - f(x)) / h);                        // (1)
        grow(worst.central, (f(x + h) - f(x - h)) / (2 * h));                // (2)
        grow(worst.complex_step, f(std::complex<double>(x, h)).imag() / h);  // (3)
    }
    return worst;
}

void print_table() {
    std::printf("h       correct digits: one-sided   central   complex step\n");
    for (const double h : {1e-1, 1e-2, 1e-4, 1e-5, 1e-8, 1e-11, 1e-100}) {
        const Errors e = errors(h);
        const auto digits = [](double error) {
            return static_cast<int>(std::max(0.0, -std::log10(std::max(error, 1.1e-16))));
        };
        std::printf("%-8.0e %23d %9d %14d\n", h, digits(e.one_sided), digits(e.central),
                    digits(e.complex_step));
    }
}

/// For docs/pictures/errors.svg.
void print_curves() {
    std::printf("h\tone-sided\tcentral\tcomplex step\n");
    for (int k = 0; k <= 150; ++k) {
        const double h = std::pow(10.0, -0.1 * k);
        const Errors e = errors(h);
        std::printf("%.4g\t%.4g\t%.4g\t%.4g\n", h, e.one_sided, e.central, e.complex_step);
    }
}

}  // namespace errors

// ---- a tape of numbers, whole

namespace numbers {

/// One step of a computation: which steps it used, and its derivative by each of them.
struct Node {
    std::size_t parents[2];
    double slopes[2];
};

class Tape;

/// A number that knows its place in the list.
struct Var {
    Tape* tape;
    std::size_t index;
    double value;
};

class Tape {
public:
    Var variable(double value) { return add(value, 0, 0.0, 0, 0.0); }

    Var add(double value, std::size_t a, double slope_a, std::size_t b, double slope_b) {
        nodes_.push_back({{a, b}, {slope_a, slope_b}});
        return {this, nodes_.size() - 1, value};
    }

    /// dL/d(every node), by its index: one walk from the end of the list to its beginning.
    std::vector<double> gradients(const Var& loss) const {
        std::vector<double> gradient(nodes_.size(), 0.0);
        gradient[loss.index] = 1.0;
        for (std::size_t i = loss.index + 1; i-- > 0;) {
            for (int side = 0; side < 2; ++side)
                gradient[nodes_[i].parents[side]] += nodes_[i].slopes[side] * gradient[i];
        }
        return gradient;
    }

private:
    std::vector<Node> nodes_;
};

Var operator+(Var a, Var b) {
    return a.tape->add(a.value + b.value, a.index, 1, b.index, 1);
}
Var operator*(Var a, Var b) {
    return a.tape->add(a.value * b.value, a.index, b.value, b.index, a.value);
}
Var tanh(Var a) {
    const double b = std::tanh(a.value);
    return a.tape->add(b, a.index, 1 - b * b, a.index, 0);
}

/// L = tanh(w x) w, by the tape and by the complex step.
bool agree() {
    Tape tape;
    const Var w = tape.variable(0.7), x = tape.variable(-1.2);
    const Var loss = tanh(w * x) * w;
    const std::vector<double> gradient = tape.gradients(loss);
    const double by_w = mgan::complex_step_derivative(
        [](auto number) { return std::tanh(number * -1.2) * number; }, 0.7);
    std::printf("dL/dw = %.12f, by the complex step %.12f\n", gradient[w.index], by_w);
    return std::abs(gradient[w.index] - by_w) < 1e-14;
}

}  // namespace numbers

// ---- a layer as it is checked in the chapter

template <typename Scalar>
struct Swish {
    using ScalarType = Scalar;
    mgan::Vector<Scalar> beta;

    mgan::Matrix<Scalar> gate(const mgan::Matrix<Scalar>& x) const {
        return (beta.asDiagonal() * x).unaryExpr([](Scalar a) { return mgan::sigmoid(a); });
    }
    mgan::Matrix<Scalar> forward(const mgan::Matrix<Scalar>& x) const {
        return x.cwiseProduct(gate(x));
    }
    mgan::Matrix<Scalar> backward(const mgan::Matrix<Scalar>& x, const mgan::Matrix<Scalar>& dy,
                                  Swish& gradients) const {
        const mgan::Matrix<Scalar> g = gate(x), slope = g.cwiseProduct((1.0 - g.array()).matrix());
        const mgan::Matrix<Scalar> dy_slope = dy.cwiseProduct(slope);
        gradients.beta += dy_slope.cwiseProduct(x).cwiseProduct(x).rowwise().sum();
        return dy.cwiseProduct(g) + beta.asDiagonal() * dy_slope.cwiseProduct(x);
    }
    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        visitor(prefix / "beta", self.beta);
    }
};

bool check_swish() {
    const Swish<double> layer{mgan::random_matrix(3, 1, 2)};
    const mgan::Matrix<double> x = mgan::random_matrix(3, 5, 3);
    const mgan::Matrix<double> weights = mgan::random_matrix(3, 5, 1);
    Swish<double> gradients{mgan::Vector<double>::Zero(3)};
    const mgan::Matrix<double> dx = layer.backward(x, weights, gradients);
    const mgan::GradientReport report = mgan::check_gradients(
        [&](const auto& l, const auto& in) { return mgan::weighted_sum(l.forward(in), weights); },
        mgan::wrt("swish", layer, gradients), mgan::wrt("x", x, dx));
    if (!report.ok()) std::cout << report;  // names the worst entry: swish.beta(2, 0)
    return report.ok();
}

// ---- the tape of the library

bool use_tape() {
    const double exact = std::exp(0.5) * (std::sin(0.5) + std::cos(0.5));
    const double slope = mgan::complex_step_derivative([](auto x) { return exp(x) * sin(x); }, 0.5);
    mgan::Matrix<double> weight = mgan::random_matrix(3, 4, 1);
    const mgan::Matrix<double> input = mgan::random_matrix(4, 2, 2);
    mgan::Tape<double> tape;
    const mgan::Variable<double> w = tape.variable(weight);  // any Eigen matrix
    const mgan::Variable<double> x = tape.constant(input);   // no gradient wanted
    const mgan::Variable<double> loss = sum(tanh(matmul(w, x)));
    tape.backward(loss);
    weight -= 0.1 * w.gradient();
    tape.clear();  // and the next step
    const double after = (weight * input).array().tanh().sum();
    const double before = (mgan::random_matrix(3, 4, 1) * input).array().tanh().sum();
    return std::abs(slope - exact) < 1e-15 && after < before;
}

/// The numbers of docs/oracles/autodiff.py.
void print_numbers() {
    mgan::Matrix<double> weight(2, 2), input(2, 1);
    weight << 0.5, -1.0, 0.25, 2.0;
    input << 1.0, -0.5;
    mgan::Tape<double> tape;
    const mgan::Variable<double> w = tape.variable(weight), x = tape.variable(input);
    const mgan::Variable<double> loss = sum(tanh(matmul(w, x)));
    tape.backward(loss);
    print_row("L", loss.value());
    print_row("dW", w.gradient());
    print_row("dx", x.gradient());
}

bool use_custom() {
    mgan::Tape<double> tape;
    const mgan::Variable<double> x = tape.variable(mgan::random_matrix(2, 3, 1));
    const auto y = mgan::custom(
        {x}, {x.rows(), x.cols()},
        [](auto& call) { call.output() = call.input().array().cube().matrix(); },
        [](auto& call) {
            call.input_gradient().array() +=
                3.0 * call.input().array().square() * call.output_gradient().array();
        });
    tape.backward(sum(y));
    return (x.gradient().array() - 3.0 * x.value().array().square()).abs().maxCoeff() < 1e-15;
}

bool use_parameters() {
    mgan::Dense<double> dense(4, 3);
    mgan::initialise(dense, mgan::Random(1, "dense"));
    mgan::Tape<double> tape;
    const mgan::Variable<double> x = tape.constant(mgan::random_matrix(4, 5, 1));
    const auto p = mgan::record_parameters(tape, dense);  // P x 1
    const auto y = mgan::LayerOnTape(dense).record_with(p, x);
    const auto w = mgan::parameter_of(p, dense, "weight");  // a view of p
    tape.backward(sum(y) + 0.5 * sum(w * w));
    return p.gradient().size() == 15;
}

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "errors") {
        errors::print_curves();
        return 0;
    }
    errors::print_table();
    print_numbers();
    const bool ok =
        numbers::agree() && check_swish() && use_tape() && use_custom() && use_parameters();
    std::cout << (ok ? "all gradients are right\n" : "a gradient is WRONG\n");
    return ok ? 0 : 1;
}
