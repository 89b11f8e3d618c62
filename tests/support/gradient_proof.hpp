#pragma once
// Proofs of hand-written gradients, written once for every layer.
//
// A *subject* is a layer together with everything that has a gradient, at one choice of sizes:
//
//     template <typename Scalar>
//     struct Subject {
//         std::string name() const;                    its row in docs/gradients.md;
//         template <typename Other>
//         Subject<Other> cast() const;                 the same sizes; values may differ
//         void visit(visitor);                         visitor(name, numbers, Role), for all
//         struct Cache;
//         Vector<Scalar> forward(Cache&) const;        all outputs, flat
//         void backward(const Vector<Scalar>& dy, Cache&, Subject& gradients) const;
//     };
//
// With that, `prove_by_differentiation` (complex step, central differences), `prove_in_float`,
// `prove_accumulation`, `prove_by_oracle` (oracle_file.hpp) and `prove_by_tape` (tape_proof.hpp)
// need nothing else of a layer. The loss is always a *randomly weighted* sum of the outputs.

#include <mgan/autodiff/gradient_check.hpp>
#include <support/catch.hpp>
#include <support/proof_record.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace mgan_test {

using mgan::Block;
using mgan::Index;
using mgan::Matrix;
using mgan::RealOf;
using mgan::Sequence;
using mgan::Vector;

/// Gradients of parameters are added to, those of inputs (and initial states, noise) are written.
enum class Role { kParameter, kInput };

/// Where the gradient is looked at.
enum class Point {
    kRandom,    ///< everything uniform on [-1, 1)
    kNearZero,  ///< everything uniform on [-1e-3, 1e-3)
    kSpecial,   ///< inputs and initial states exactly zero, parameters uniform on [-1.5, 1.5)
};
inline constexpr Point kAllPoints[] = {Point::kRandom, Point::kNearZero, Point::kSpecial};

/// Steps and samples of the proofs of recurrent layers.
struct Extent {
    Index steps;
    Index batch;
};
inline constexpr Extent kExtents[] = {{1, 1}, {2, 1}, {3, 1}, {7, 1},
                                      {1, 3}, {2, 3}, {3, 3}, {7, 3}};

/// The parameters of a layer or model as part of a subject.
template <typename Layer, typename Visitor>
void visit_layer(Layer& layer, Visitor&& visitor) {
    mgan::for_each_parameter(layer, [&](const mgan::ParameterName& name, auto& parameter) {
        visitor(name.text(), parameter, Role::kParameter);
    });
}

/// Fills all numbers of a subject.
template <typename Subject>
void fill(Subject& subject, Point point, std::uint64_t seed) {
    const mgan::Random random(seed, "gradient_proof");
    std::uint64_t index = 0;
    subject.visit([&](std::string_view, auto&& numbers, Role role) {
        const auto block = mgan::as_block(numbers);
        double limit = 1.0;
        if (point == Point::kNearZero) limit = 1e-3;
        if (point == Point::kSpecial) limit = role == Role::kInput ? 0.0 : 1.5;
        for (Index i = 0; i < block.size(); ++i)
            block.data[i] = static_cast<std::remove_reference_t<decltype(*block.data)>>(
                random.uniform(index++, -limit, limit));
    });
}

/// Sets all numbers of a subject to zero.
template <typename Subject>
void clear(Subject& subject) {
    subject.visit([](std::string_view, auto&& numbers, Role) {
        const auto block = mgan::as_block(numbers);
        for (Index i = 0; i < block.size(); ++i) block.data[i] = 0;
    });
}

/// All numbers of a subject, as doubles, block by block.
struct NamedNumbers {
    std::string name;
    Role role;
    Index rows;
    Vector<double> values;
};
template <typename Subject>
[[nodiscard]] std::vector<NamedNumbers> numbers_of(const Subject& subject) {
    std::vector<NamedNumbers> result;
    Subject copy = subject;
    copy.visit([&](std::string_view name, auto&& numbers, Role role) {
        const auto block = mgan::as_block(numbers);
        Vector<double> values(block.size());
        for (Index i = 0; i < block.size(); ++i) values(i) = static_cast<double>(block.data[i]);
        result.push_back({std::string(name), role, block.rows, std::move(values)});
    });
    return result;
}

/// The same subject over another real scalar, values included.
template <typename Other, typename Subject>
[[nodiscard]] auto converted(const Subject& subject) {
    auto other = subject.template cast<Other>();
    const std::vector<NamedNumbers> values = numbers_of(subject);
    std::size_t next = 0;
    other.visit([&](std::string_view, auto&& numbers, Role) {
        const auto block = mgan::as_block(numbers);
        for (Index i = 0; i < block.size(); ++i)
            block.data[i] = static_cast<Other>(values[next].values(i));
        ++next;
    });
    return other;
}

/// Weights of the loss: uniform on [-1, 1), none of them alike.
[[nodiscard]] inline Vector<double> loss_weights(Index size) {
    return mgan::random_matrix(size, 1, 77);
}

/// The gradient of  sum over i of dy_i output_i  by the code under test, from a fresh cache.
template <typename Subject, typename Scalar>
[[nodiscard]] Subject gradient_of(const Subject& subject, const Vector<Scalar>& dy) {
    Subject gradients = subject;
    clear(gradients);
    typename Subject::Cache cache;
    const Vector<Scalar> y = subject.forward(cache);
    REQUIRE(y.size() == dy.size());
    subject.backward(dy, cache, gradients);
    return gradients;
}
template <typename Subject>
[[nodiscard]] Index output_size(const Subject& subject) {
    typename Subject::Cache cache;
    return subject.forward(cache).size();
}

/// The largest error of `numbers` against `reference`, relative with the floor of
/// gradient_report.hpp. The two must list the same names and sizes.
[[nodiscard]] inline double largest_error(const std::vector<NamedNumbers>& numbers,
                                          const std::vector<NamedNumbers>& reference,
                                          std::string& where) {
    REQUIRE(numbers.size() == reference.size());
    double largest = 0.0, worst = 0.0;
    for (const NamedNumbers& block : reference)
        if (block.values.size() > 0)
            largest = std::max(largest, block.values.cwiseAbs().maxCoeff());
    for (std::size_t b = 0; b < numbers.size(); ++b) {
        const Vector<double>&mine = numbers[b].values, &theirs = reference[b].values;
        REQUIRE(numbers[b].name == reference[b].name);
        REQUIRE(mine.size() == theirs.size());
        if (theirs.size() == 0) continue;
        const double floor = std::max(1e-2 * theirs.cwiseAbs().maxCoeff(), 1e-3 * largest);
        for (Index i = 0; i < mine.size(); ++i) {
            const double error =
                mgan::gradient_check_detail::relative_error(mine(i), theirs(i), floor);
            if (error <= worst) continue;
            worst = error;
            where = mgan::concat(numbers[b].name, "[", i, "]: ", mine(i), ", expected ", theirs(i));
        }
    }
    return worst;
}

/// Methods 1 and 3: complex step to 1e-12, central differences to 1e-7. `entries`: how many entries
/// of a block are looked at one by one; a random direction covers the others.
template <mgan::DerivativeMethods kMethods = mgan::DerivativeMethods::both, typename Subject>
void prove_by_differentiation(const Subject& subject, Index entries = 12) {
#ifdef MGAN_QUICK_PROOFS
    // For scripts/mutate_gradients, which compiles a proof for every planted error.
    if constexpr (kMethods == mgan::DerivativeMethods::both) {
        prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, entries);
        return;
    }
#endif
    const Vector<double> weights = loss_weights(output_size(subject));
    const Subject gradients = gradient_of(subject, weights);
    const auto loss = [&](const auto& s) {
        using Other = std::remove_cvref_t<decltype(s)>;
        typename Other::Cache cache;
        return mgan::weighted_sum(s.forward(cache), weights);
    };
    mgan::GradientCheckOptions options;
    options.entries_per_block = entries;
    options.step = 5e-4;  // these losses bend little, so rounding is what limits the differences
    const mgan::GradientReport report = mgan::check_gradients<kMethods>(
        loss, options, mgan::wrt(subject.name(), subject, gradients));
    INFO(report);
    CHECK(report.ok());
    if constexpr (kMethods != mgan::DerivativeMethods::central_difference)
        record_error(subject.name(), "complex step",
                     report.error(mgan::DerivativeMethod::complex_step));
    if constexpr (kMethods != mgan::DerivativeMethods::complex_step)
        record_error(subject.name(), "central difference",
                     report.error(mgan::DerivativeMethod::central_difference));
}

/// Method 5: the gradient in float is that in double, up to the rounding of float.
template <typename Subject>
void prove_in_float([[maybe_unused]] const Subject& subject,
                    [[maybe_unused]] double tolerance = 1e-4) {
#ifndef MGAN_QUICK_PROOFS
    // Through float and back, so that both compute the same function at the same point.
    const auto in_float = converted<float>(subject);
    const Subject in_double = converted<double>(in_float);
    const Vector<float> dy = loss_weights(output_size(subject)).template cast<float>();
    std::string where;
    const double error = largest_error(
        numbers_of(gradient_of(in_float, dy)),
        numbers_of(gradient_of(in_double, Vector<double>(dy.template cast<double>()))), where);
    INFO(where);
    CHECK(error <= tolerance);
    record_error(subject.name(), "float", error);
#endif
}

/// Gradients of parameters are added to what is there, those of inputs replace it; and a cache that
/// has served another run (`before`, of any size) gives the same bits as a new one.
template <typename Subject>
void prove_accumulation(const Subject& subject, const Subject& before) {
    const Vector<double> dy = loss_weights(output_size(subject));
    const std::vector<NamedNumbers> fresh = numbers_of(gradient_of(subject, dy));

    typename Subject::Cache cache;
    Subject ignored = before;
    const Index size = before.forward(cache).size();
    before.backward(loss_weights(size), cache, ignored);
    for (const bool from_zero : {true, false}) {
        Subject gradients = subject;
        clear(gradients);
        if (!from_zero) fill(gradients, Point::kRandom, 99);
        const std::vector<NamedNumbers> start = numbers_of(gradients);
        (void)subject.forward(cache);
        subject.backward(dy, cache, gradients);
        const std::vector<NamedNumbers> now = numbers_of(gradients);
        for (std::size_t b = 0; b < now.size(); ++b) {
            INFO(subject.name() << ": " << now[b].name << ", from zero: " << from_zero);
            if (from_zero || now[b].role == Role::kInput) {
                CHECK(now[b].values == fresh[b].values);
            } else {
                const double scale = 1.0 + fresh[b].values.cwiseAbs().maxCoeff();
                CHECK((now[b].values - start[b].values - fresh[b].values).cwiseAbs().maxCoeff() <=
                      1e-13 * scale);
            }
        }
    }
}

}  // namespace mgan_test
