#pragma once
// One call checks an operation of the tape: the gradients that the tape computes for a weighted sum
// of the result against complex step and central differences of the same.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>

#include <array>
#include <utility>

/// f(variables...) recorded on a new tape with the given values; the weighted sum of its entries.
template <typename Function, typename... Matrices>
auto loss_of(const Function& f, const Matrices&... values) {
    using Scalar = std::common_type_t<typename Matrices::Scalar...>;
    mgan::Tape<Scalar> tape;
    const mgan::Variable<Scalar> y = f(tape.variable(values)...);
    return sum(y * tape.constant(mgan::random_matrix(y.rows(), y.cols(), 99))).scalar();
}

/// `f` takes variables and returns one, for Scalar = double and std::complex<double>.
template <mgan::DerivativeMethods kMethods = mgan::DerivativeMethods::kBoth, typename Function,
          typename... Matrices>
mgan::GradientReport check_operation(const Function& f, const Matrices&... values) {
    mgan::Tape<double> tape;
    const std::array<mgan::Variable<double>, sizeof...(Matrices)> x{tape.variable(values)...};
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        const mgan::Variable<double> y = f(x[I]...);
        tape.backward(y, mgan::random_matrix(y.rows(), y.cols(), 99));
        const std::array<mgan::Matrix<double>, sizeof...(Matrices)> dx{
            mgan::Matrix<double>(x[I].gradient())...};
        return mgan::check_gradients<kMethods>(
            [&](const auto&... in) { return loss_of(f, in...); },
            mgan::wrt(std::string(1, static_cast<char>('a' + I)), values, dx[I])...);
    }
    (std::index_sequence_for<Matrices...>());
}
