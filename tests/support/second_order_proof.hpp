#pragma once
// Proofs of second derivatives, for the subjects of gradient_proof.hpp. With g the gradient of the
// loss  sum of w_i output_i  by all numbers of a subject (parameters, inputs, states), and H = dg,
//
//     H v    is compared with    Im g(x + i h v) / h         complex step over the gradient
//                                (g(x + h v) - g(x - h v)) / 2h, two steps combined
//     u H v  with                v H u                       a Hessian is symmetric
//     g      of the dual run with that of the plain run
//
// where H v is the derivative part of the gradient that is computed with dual numbers.

#include <mgan/tensor/dual.hpp>
#include <support/gradient_proof.hpp>

#include <complex>

namespace mgan_test {

using mgan::Dual;

/// All numbers of a subject, one block after the other.
template <typename Subject>
[[nodiscard]] Index number_count(Subject subject) {
    Index count = 0;
    subject.visit(
        [&](std::string_view, auto&& numbers, Role) { count += mgan::as_block(numbers).size(); });
    return count;
}
/// Calls f(i, number) for each.
template <typename Subject, typename Function>
void for_each_number(Subject& subject, const Function& f) {
    Index i = 0;
    subject.visit([&](std::string_view, auto&& numbers, Role) {
        const auto block = mgan::as_block(numbers);
        for (Index k = 0; k < block.size(); ++k) f(i++, block.data[k]);
    });
}

/// The same subject over another scalar, with number_i = make(value_i, i).
template <typename Other, typename Subject, typename Make>
[[nodiscard]] auto moved(const Subject& subject, const Make& make) {
    Vector<double> values(number_count(subject));
    Subject copy = subject;
    for_each_number(copy, [&](Index i, const double& x) { values(i) = x; });
    auto other = subject.template cast<Other>();
    for_each_number(other, [&](Index i, auto& x) { x = make(values(i), i); });
    return other;
}

/// The gradient of  sum of weights_i output_i, flat.
template <typename Scalar, typename Subject>
[[nodiscard]] Vector<Scalar> flat_gradient(const Subject& subject, const Vector<double>& weights) {
    Subject gradients = subject;
    for_each_number(gradients, [](Index, auto& x) { x = Scalar(0); });
    typename Subject::Cache cache;
    const Vector<Scalar> y = subject.forward(cache);
    REQUIRE(y.size() == weights.size());
    Vector<Scalar> dy(weights.size());
    for (Index i = 0; i < dy.size(); ++i) dy(i) = Scalar(weights(i));
    subject.backward(dy, cache, gradients);
    Vector<Scalar> flat(number_count(gradients));
    for_each_number(gradients, [&](Index i, const auto& x) { flat(i) = x; });
    return flat;
}

/// g and H v by dual numbers.
struct GradientAndProduct {
    Vector<double> gradient, product;
};
template <typename Subject>
[[nodiscard]] GradientAndProduct dual_gradient(const Subject& subject, const Vector<double>& v,
                                               const Vector<double>& weights) {
    const auto dual =
        moved<Dual<double>>(subject, [&](double x, Index i) { return Dual<double>(x, v(i)); });
    const Vector<Dual<double>> both = flat_gradient<Dual<double>>(dual, weights);
    GradientAndProduct result{Vector<double>(both.size()), Vector<double>(both.size())};
    for (Index i = 0; i < both.size(); ++i) {
        result.gradient(i) = both(i).value;
        result.product(i) = both(i).derivative;
    }
    return result;
}

/// The largest difference, relative to the largest entry.
[[nodiscard]] inline double distance_of(const Vector<double>& a, const Vector<double>& b) {
    REQUIRE(a.size() == b.size());
    const double scale = b.cwiseAbs().maxCoeff();
    const double difference = (a - b).cwiseAbs().maxCoeff();
    return scale > 0 ? difference / scale : difference;
}

/// All of it. `central` may be false at kinks; `complex` where something has no complex version.
template <bool kComplex = true, typename Subject>
void prove_second_order(const Subject& subject, bool central = true) {
    INFO(subject.name());
    const Vector<double> weights = loss_weights(output_size(subject));
    const Index size = number_count(subject);
    const Vector<double> v = mgan::random_matrix(size, 1, 101);
    const Vector<double> u = mgan::random_matrix(size, 1, 102);
    const GradientAndProduct along_v = dual_gradient(subject, v, weights);
    const GradientAndProduct along_u = dual_gradient(subject, u, weights);
    const Vector<double> plain = flat_gradient<double>(subject, weights);
    CHECK(distance_of(along_v.gradient, plain) <= 1e-13);
    CHECK(along_u.gradient == along_v.gradient);

    const double uv = u.dot(along_v.product), vu = v.dot(along_u.product);
    const double scale = std::max(u.norm() * along_v.product.norm(), 1e-300);
    CHECK(std::abs(uv - vu) <= 1e-13 * scale);
    record_error(subject.name(), "symmetry of the Hessian", std::abs(uv - vu) / scale);

    if constexpr (kComplex) {
        using Complex = std::complex<double>;
        const double h = mgan::kComplexStepLength;
        const auto complex =
            moved<Complex>(subject, [&](double x, Index i) { return Complex(x, h * v(i)); });
        const Vector<double> reference = flat_gradient<Complex>(complex, weights).imag() / h;
        const double error = distance_of(along_v.product, reference);
        CHECK(error <= 1e-12);
        record_error(subject.name(), "complex step over the gradient", error);
    }
    if (!central) return;
    const auto quotient = [&](double h) {
        const auto at = [&](double step) {
            return flat_gradient<double>(
                moved<double>(subject, [&](double x, Index i) { return x + step * v(i); }),
                weights);
        };
        return Vector<double>((at(h) - at(-h)) / (2 * h));
    };
    // Two steps, of which h^2 cancels.
    const double h = 2e-4;
    const Vector<double> reference = (4.0 * quotient(h) - quotient(2 * h)) / 3.0;
    const double error = distance_of(along_v.product, reference);
    CHECK(error <= 1e-8);
    record_error(subject.name(), "central difference of the gradient", error);
}

}  // namespace mgan_test
