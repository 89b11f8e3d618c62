#pragma once
/// \file
/// One call proves a gradient: of a function, of a layer, of a whole model.
///
/// A hand-written backward pass is easy to get almost right. The check asks the forward pass
/// itself, number by number, how the loss L changes, in two independent ways:
///
///     complex step          Im L(x + i h) / h                               about 15 digits
///     central difference    (L(x + h) - L(x - h)) / 2h, two steps combined  about  9 digits
///
/// The first is as precise as the gradient itself, but needs the code to run with complex numbers
/// and to be analytic there; the second needs nothing but the function. They fail in different
/// ways, so both are used.
///
/// A layer of your own, with parameters enumerated by `visit` and a member `cast<Other>()`:
///
///     const Matrix<double> weights = random_matrix(3, 5, 1);        // L = sum of weights * y
///     Swish<double> gradients = Swish<double>::zeros_like(layer);
///     const Matrix<double> dx = layer.backward(x, weights, gradients);
///     const GradientReport report = check_gradients(
///         [&](const auto& l, const auto& in) { return weighted_sum(l.forward(in), weights); },
///         wrt("layer", layer, gradients), wrt("x", x, dx));
///     INFO(report);                      // names the worst entry, for example layer.beta(2, 0)
///     CHECK(report.ok());
///
/// L weighs the outputs with random numbers on purpose. A plain sum hides errors: the entries of a
/// softmax sum to one, so its derivative vanishes whatever `backward` does.

#include <mgan/autodiff/blocks.hpp>
#include <mgan/autodiff/central_difference.hpp>
#include <mgan/autodiff/complex_step.hpp>
#include <mgan/autodiff/gradient_report.hpp>
#include <mgan/core/error.hpp>
#include <mgan/core/random.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What `check_gradients` does.
struct GradientCheckOptions {
    /// Entries of a block that are checked one by one. Of a larger block, this many are chosen at
    /// random, and one random direction through the whole block catches a wrong entry elsewhere.
    Index entries_per_block = std::numeric_limits<Index>::max();
    /// Seed of that choice.
    std::uint64_t seed = 1;
    /// First step of the central differences, times max(1, |x|).
    double step = 1e-4;
};

/// Which references to compute: `central_difference` alone is for code that has no complex version,
/// `complex_step` alone for points where the function has a kink (ReLU at 0), at which a difference
/// quotient means nothing.
enum class DerivativeMethods { both, complex_step, central_difference };

/// rows x cols uniform numbers on [low, high), the same for the same seed: weights and inputs of
/// checks.
template <typename Scalar = double>
[[nodiscard]] Matrix<Scalar> random_matrix(Index rows, Index cols, std::uint64_t seed,
                                           double low = -1, double high = 1) {
    const Random random(seed, "random_matrix");
    Matrix<Scalar> result(rows, cols);
    for (Index i = 0; i < result.size(); ++i)
        result.data()[i] =
            static_cast<RealOf<Scalar>>(random.uniform(static_cast<std::uint64_t>(i), low, high));
    return result;
}

/// sum over all entries of weights * y, in the scalar type of `y`; both of one shape (ShapeError).
template <typename Derived>
[[nodiscard]] typename Derived::Scalar weighted_sum(const Eigen::DenseBase<Derived>& y,
                                                    const Matrix<double>& weights) {
    using Scalar = typename Derived::Scalar;
    require<ShapeError>(y.rows() == weights.rows() && y.cols() == weights.cols(),
                        "weighted_sum: y is ", y.rows(), " x ", y.cols(), ", the weights are ",
                        weights.rows(), " x ", weights.cols());
    return y.derived().cwiseProduct(weights.template cast<Scalar>()).sum();
}

/// The same for a sequence: `weights` is F x (T B), as `y.all()`.
template <typename Scalar>
[[nodiscard]] Scalar weighted_sum(const Sequence<Scalar>& y, const Matrix<double>& weights) {
    return weighted_sum(y.all(), weights);
}

/// One argument of the loss with the gradient to be checked; made by `wrt`.
template <typename Object, typename Gradient, typename Twin>
struct GradientArgument {
    std::string name;
    const Object& object;
    const Gradient& gradient;
    Twin twin;  ///< the object over std::complex<double>, or a placeholder that makes one
};

/// Stands for "make the complex twin from the object".
struct AutomaticTwin {};

/// "With respect to": the argument `object` of the loss, and dL/d(object) as computed by the code
/// under test. `object` and `gradient` are visitable or plain numbers (blocks.hpp) and enumerate
/// the same names and shapes; both must outlive the check.
template <typename Object, typename Gradient>
[[nodiscard]] GradientArgument<Object, Gradient, AutomaticTwin> wrt(std::string name,
                                                                    const Object& object,
                                                                    const Gradient& gradient) {
    return {std::move(name), object, gradient, {}};
}

/// The same for an object that cannot be `cast`: `complex_twin` is such an object over
/// std::complex<double>, of the same sizes; its values do not matter.
template <typename Object, typename Gradient, typename Twin>
[[nodiscard]] GradientArgument<Object, Gradient, Twin> wrt(std::string name, const Object& object,
                                                           const Gradient& gradient,
                                                           Twin complex_twin) {
    return {std::move(name), object, gradient, std::move(complex_twin)};
}

namespace gradient_check_detail {

/// A block under check: where to perturb it, and the gradient to compare with.
struct CheckedBlock {
    std::string name;
    Block<double> values;
    Block<std::complex<double>> twin;
    Vector<double> gradient;
};

/// "layer" and "weight" give "layer.weight"; an empty part leaves no dot.
inline std::string join_names(const std::string& name, std::string_view block) {
    std::string full = name;
    if (!name.empty() && !block.empty()) full += '.';
    return full.append(block);
}

/// A copy that owns its numbers: for a view of a matrix, the matrix.
template <typename Object>
struct OwnedCopy {
    using Type = Object;
};
template <typename Object>
requires requires {
    typename Object::PlainObject;
}
struct OwnedCopy<Object> {
    using Type = typename Object::PlainObject;
};
template <typename Object>
using Owned = typename OwnedCopy<Object>::Type;

/// Collects the blocks of one argument. `object`, `twin` are the copies that will be perturbed.
template <typename Object, typename Gradient, typename Twin>
void collect(const std::string& name, Object& object, Gradient gradient, Twin* twin,
             std::vector<CheckedBlock>& blocks) {
    const std::size_t first = blocks.size();
    for_each_block(object, [&](std::string_view block, Block<double> values) {
        blocks.push_back({join_names(name, block), values, {}, {}});
    });
    std::size_t next = first;
    const auto match = [&](const char* what, std::string_view block, Index rows, Index cols) {
        const bool exists = next < blocks.size();
        const std::string expected = exists
                                         ? concat(blocks[next].name, " [", blocks[next].values.rows,
                                                  " x ", blocks[next].values.cols, "]")
                                         : std::string("nothing more");
        const bool name_fits = exists && blocks[next].name == join_names(name, block);
        require<ShapeError>(
            name_fits && blocks[next].values.rows == rows && blocks[next].values.cols == cols,
            "check_gradients: the ", what, " of '", name, "' has ", block, " [", rows, " x ", cols,
            "] where the object has ", expected);
        return next++;
    };
    for_each_block(gradient, [&](std::string_view block, Block<double> values) {
        CheckedBlock& mine = blocks[match("gradient", block, values.rows, values.cols)];
        // Into the order in which the entries of the object lie in memory.
        mine.gradient.resize(values.size());
        for (Index i = 0; i < values.size(); ++i) {
            const Index row = mine.values.row(i);
            const Index col = mine.values.col(i);
            mine.gradient(i) =
                values.data[values.row_major ? row * values.cols + col : col * values.rows + row];
        }
    });
    if (next != blocks.size())
        fail<ShapeError>("check_gradients: the gradient of '", name, "' ends before ",
                         blocks[next].name);
    if constexpr (!std::is_same_v<Twin, AutomaticTwin>) {
        next = first;
        for_each_block(*twin, [&](std::string_view block, Block<std::complex<double>> values) {
            CheckedBlock& mine = blocks[match("complex twin", block, values.rows, values.cols)];
            mine.twin = values;
            require<ShapeError>(values.row_major == mine.values.row_major,
                                "check_gradients: ", mine.name, " and its complex twin are stored ",
                                "in different orders");
            for (Index i = 0; i < values.size(); ++i) values.data[i] = mine.values.data[i];
        });
        if (next != blocks.size())
            fail<ShapeError>("check_gradients: the complex twin of '", name, "' ends before ",
                             blocks[next].name);
    }
}

/// Relative error with a floor; infinite where anything is not finite.
inline double relative_error(double gradient, double reference, double floor) {
    if (!std::isfinite(gradient) || !std::isfinite(reference))
        return std::numeric_limits<double>::infinity();
    const double scale = std::max({std::abs(gradient), std::abs(reference), floor});
    return scale > 0 ? std::abs(gradient - reference) / scale : 0;
}

/// The check itself, free of the types of the arguments. An empty loss leaves its method out.
inline GradientReport run(const std::vector<CheckedBlock>& blocks,
                          const std::function<double()>& real_loss,
                          const std::function<std::complex<double>()>& complex_loss,
                          const GradientCheckOptions& options) {
    // What is compared: entries, and directions through blocks too large for all their entries.
    struct Comparison {
        Index entry;  // -1: the direction
        double gradient;
        double complex_step;
        double central;
    };
    std::vector<std::vector<Comparison>> comparisons(blocks.size());
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        const CheckedBlock& block = blocks[b];
        const Random random(options.seed + b, "check_gradients");
        const Index size = block.values.size();
        const Index count = std::min(size, std::max<Index>(options.entries_per_block, 0));
        const auto compare = [&](Index entry, const Vector<double>& direction, double scale) {
            // The block moves along `direction` (of entry alone, if that is not -1).
            Comparison result{entry, 0, 0, 0};
            const Index begin = entry < 0 ? 0 : entry;
            const Index end = entry < 0 ? size : entry + 1;
            const auto along = [&](Index i) { return entry < 0 ? direction(i) : 1.0; };
            for (Index i = begin; i < end; ++i) result.gradient += along(i) * block.gradient(i);
            if (complex_loss) {
                for (Index i = begin; i < end; ++i)
                    block.twin.data[i] = {block.values.data[i], kComplexStepLength * along(i)};
                result.complex_step = complex_loss().imag() / kComplexStepLength;
                for (Index i = begin; i < end; ++i) block.twin.data[i] = block.values.data[i];
            }
            if (real_loss) {
                const Vector<double> here =
                    ConstVectorMap<double>(block.values.data + begin, end - begin);
                result.central = central_difference(
                    [&](double offset) {
                        for (Index i = begin; i < end; ++i)
                            block.values.data[i] = here(i - begin) + offset * along(i);
                        const double value = real_loss();
                        for (Index i = begin; i < end; ++i) block.values.data[i] = here(i - begin);
                        return value;
                    },
                    options.step * scale);
            }
            comparisons[b].push_back(result);
        };
        for (Index k = 0; k < count; ++k) {
            // One entry from each of `count` parts of equal length: all of them, or a sample
            // without repetitions.
            const Index begin = k * size / count;
            const auto length = static_cast<std::uint64_t>((k + 1) * size / count - begin);
            const Index entry =
                begin + static_cast<Index>(random.integer(static_cast<std::uint64_t>(k), length));
            compare(entry, {}, std::max(1.0, std::abs(block.values.data[entry])));
        }
        if (count < size) {
            // Divided by sqrt(size), so that the derivative is of the size of a typical entry.
            Vector<double> direction(size);
            for (Index i = 0; i < size; ++i)
                direction(i) = random.at(1).normal(static_cast<std::uint64_t>(i)) /
                               std::sqrt(static_cast<double>(size));
            compare(-1, direction, 1.0);
        }
    }

    GradientReport report;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        const Index checked = static_cast<Index>(std::count_if(
            comparisons[b].begin(), comparisons[b].end(), [](auto& c) { return c.entry >= 0; }));
        report.blocks.push_back(
            {blocks[b].name, blocks[b].values.rows, blocks[b].values.cols, checked, {}});
    }
    const auto judge = [&](DerivativeMethod method, double Comparison::*reference) {
        double largest = 0;
        std::vector<double> largest_of_block(blocks.size(), 0);
        for (std::size_t b = 0; b < blocks.size(); ++b) {
            for (const Comparison& c : comparisons[b])
                if (std::isfinite(c.*reference))
                    largest_of_block[b] = std::max(largest_of_block[b], std::abs(c.*reference));
            largest = std::max(largest, largest_of_block[b]);
        }
        for (std::size_t b = 0; b < blocks.size(); ++b) {
            if (comparisons[b].empty()) continue;
            const double floor = std::max(1e-2 * largest_of_block[b], 1e-3 * largest);
            GradientError worst;
            worst.error = -1;
            for (const Comparison& c : comparisons[b]) {
                const double error = relative_error(c.gradient, c.*reference, floor);
                if (error <= worst.error) continue;
                const Index row = c.entry < 0 ? -1 : blocks[b].values.row(c.entry);
                const Index col = c.entry < 0 ? -1 : blocks[b].values.col(c.entry);
                worst = {method, error, row, col, c.gradient, c.*reference};
            }
            report.blocks[b].errors.push_back(worst);
        }
    };
    if (complex_loss) judge(DerivativeMethod::complex_step, &Comparison::complex_step);
    if (real_loss) judge(DerivativeMethod::central_difference, &Comparison::central);
    return report;
}

/// The complex twin of an argument: the given one, or one made from the object.
template <typename Object, typename Gradient, typename Twin>
auto make_twin(const GradientArgument<Object, Gradient, Twin>& argument) {
    if constexpr (std::is_same_v<Twin, AutomaticTwin>) {
        return complex_twin(argument.object);
    } else {
        return argument.twin;
    }
}

}  // namespace gradient_check_detail

/// Compares the gradients in `arguments` (made by `wrt`) with derivatives of
/// `loss(objects...)`. `loss` is a generic callable: it is given the objects over double and
/// returns a double, and their twins over std::complex<double> and returns a complex number. The
/// objects themselves are copied, never changed.
///
/// Costs one complex and 4 to 16 real evaluations of the loss per entry. Throws ShapeError if an
/// object, its gradient and its twin do not enumerate the same names and shapes.
template <DerivativeMethods kMethods = DerivativeMethods::both, typename Loss, typename... Object,
          typename... Gradient, typename... Twin>
[[nodiscard]] GradientReport check_gradients(
    const Loss& loss, const GradientCheckOptions& options,
    const GradientArgument<Object, Gradient, Twin>&... arguments) {
    namespace detail = gradient_check_detail;
    constexpr auto kSequence = std::index_sequence_for<Object...>();
    std::vector<detail::CheckedBlock> blocks;
    std::tuple<detail::Owned<Object>...> objects(arguments.object...);
    std::function<double()> real_loss;
    std::function<std::complex<double>()> complex_loss;
    if constexpr (kMethods != DerivativeMethods::complex_step) {
        real_loss = [&] {
            return std::apply([&](auto&... object) { return double(loss(object...)); }, objects);
        };
    }
    if constexpr (kMethods != DerivativeMethods::central_difference) {
        auto twins = std::tuple(detail::make_twin(arguments)...);
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (detail::collect<detail::Owned<Object>, detail::Owned<Gradient>>(
                 arguments.name, std::get<I>(objects), arguments.gradient, &std::get<I>(twins),
                 blocks),
             ...);
        }
        (kSequence);
        complex_loss = [&] {
            return std::apply([&](auto&... twin) { return std::complex<double>(loss(twin...)); },
                              twins);
        };
        return detail::run(blocks, real_loss, complex_loss, options);
    } else {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (detail::collect<detail::Owned<Object>, detail::Owned<Gradient>, AutomaticTwin>(
                 arguments.name, std::get<I>(objects), arguments.gradient, nullptr, blocks),
             ...);
        }
        (kSequence);
        return detail::run(blocks, real_loss, complex_loss, options);
    }
}

/// The same with the default options.
template <DerivativeMethods kMethods = DerivativeMethods::both, typename Loss, typename... Object,
          typename... Gradient, typename... Twin>
[[nodiscard]] GradientReport check_gradients(
    const Loss& loss, const GradientArgument<Object, Gradient, Twin>&... arguments) {
    return check_gradients<kMethods>(loss, GradientCheckOptions{}, arguments...);
}

}  // namespace mgan::inline MGAN_ABI
