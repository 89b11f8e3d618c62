#pragma once
// One call checks an operation of the tape: the gradients that the tape computes for a weighted sum
// of the result against complex step and central differences of the same.
//
// The operation is put into a std::function first, so that all of the checking is compiled once and
// not once for each operation.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>

#include <array>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Arguments of functions of one number: random, near zero, and where exponentials overflow.
inline const std::array<mgan::Matrix<double>, 3> kPoints{mgan::random_matrix(3, 5, 1, -2, 2),
                                                         mgan::random_matrix(3, 5, 2, -1e-3, 1e-3),
                                                         mgan::random_matrix(3, 5, 3, -40, 40)};

/// An operation with its arguments in a list.
template <typename Scalar>
using Operation = std::function<mgan::Variable<Scalar>(std::span<const mgan::Variable<Scalar>>)>;

/// The values of the arguments, called a, b, c and so on.
template <typename Scalar>
struct Operands {
    std::vector<mgan::Matrix<Scalar>> values;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        for (std::size_t k = 0; k < values.size(); ++k)
            visitor(std::string(1, static_cast<char>('a' + k)), values[k]);
    }
    template <typename Other>
    Operands<Other> cast() const {
        Operands<Other> other;
        for (const auto& value : values) other.values.push_back(value.template cast<Other>());
        return other;
    }
    std::vector<mgan::Variable<Scalar>> record(mgan::Tape<Scalar>& tape) const {
        std::vector<mgan::Variable<Scalar>> variables;
        for (const auto& value : values) variables.push_back(tape.variable(value));
        return variables;
    }
};

/// The weighted sum of the entries of the operation's result, recorded on a new tape.
template <typename Scalar>
Scalar loss_of(const Operation<Scalar>& operation, const Operands<Scalar>& operands) {
    mgan::Tape<Scalar> tape;
    const mgan::Variable<Scalar> y = operation(operands.record(tape));
    return sum(y * tape.constant(mgan::random_matrix(y.rows(), y.cols(), 99))).scalar();
}

template <mgan::DerivativeMethods kMethods>
mgan::GradientReport check_recorded(const Operation<double>& real,
                                    const Operation<std::complex<double>>& complex,
                                    const Operands<double>& operands) {
    mgan::Tape<double> tape;
    const std::vector<mgan::Variable<double>> x = operands.record(tape);
    const mgan::Variable<double> y = real(x);
    tape.backward(y, mgan::random_matrix(y.rows(), y.cols(), 99));
    Operands<double> gradients;
    for (const mgan::Variable<double>& v : x) gradients.values.emplace_back(v.gradient());
    const auto loss = [&]<typename Scalar>(const Operands<Scalar>& in) {
        if constexpr (std::is_same_v<Scalar, double>) {
            return loss_of(real, in);
        } else {
            return loss_of(complex, in);
        }
    };
    return mgan::check_gradients<kMethods>(loss, mgan::wrt("", operands, gradients));
}

/// `f` takes variables and returns one, for Scalar = double and std::complex<double>.
template <mgan::DerivativeMethods kMethods = mgan::DerivativeMethods::both, typename Function,
          typename... Matrices>
mgan::GradientReport check_operation(const Function& f, const Matrices&... values) {
    const auto listed = [&](const auto& x) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return f(x[I]...);
        }
        (std::index_sequence_for<Matrices...>());
    };
    return check_recorded<kMethods>(listed, listed, Operands<double>{{values...}});
}

#define MGAN_CHECK_OPERATION(...)                                         \
    do {                                                                  \
        const mgan::GradientReport report = check_operation(__VA_ARGS__); \
        INFO(report);                                                     \
        CHECK(report.ok());                                               \
    } while (false)
