#pragma once
/// \file
/// Everything that has a gradient, seen as named blocks of numbers.
///
/// A gradient check does not care whether it looks at a matrix, a sequence, a layer or a whole
/// model. It wants to walk over numbers, change one of them, and say its name when something is
/// wrong. So all of these are reduced to one view,
///
///     for_each_block(object, f)      calls  f(name, block)  for each block of numbers
///
/// where an object is
///   - a number, an Eigen matrix or vector, a std::vector, a `Sequence`: one block without a name;
///   - anything with `visit(visitor)` that calls `visitor(name, numbers)` for each of its
///     parameters, where `numbers` is one of the above. Layers and models of this library are
///     such objects, and a layer of your own becomes one with a single line:
///
///         template <typename Visitor>
///         void visit(Visitor&& visitor) { visitor("weight", weight); visitor("bias", bias); }

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>
#include <mgan/tensor/sequence.hpp>

#include <complex>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// A matrix of numbers in one piece of memory that somebody else owns.
template <typename Scalar>
struct Block {
    Scalar* data = nullptr;
    Index rows = 0;
    Index cols = 0;
    bool row_major = false;

    [[nodiscard]] Index size() const noexcept { return rows * cols; }
    /// Row and column of the entry data[i].
    [[nodiscard]] Index row(Index i) const noexcept { return row_major ? i / cols : i % rows; }
    [[nodiscard]] Index col(Index i) const noexcept { return row_major ? i % cols : i / rows; }
};

/// A visitor that does nothing: what an object must be able to serve to be visitable.
struct AnyVisitor {
    template <typename... Arguments>
    void operator()(std::string_view, Arguments&&...) const noexcept {}
};

/// An object that enumerates its parameters: `object.visit(visitor)`.
template <typename Object>
concept Visitable = requires(Object& object) {
    object.visit(AnyVisitor{});
};

template <typename Object>
inline constexpr bool kIsNumber = std::is_arithmetic_v<Object>;
template <typename Real>
inline constexpr bool kIsNumber<std::complex<Real>> = true;

/// One number, a dense Eigen object, a Sequence, or a contiguous container as a Block. The entries
/// must lie side by side: a block of rows of a matrix does not qualify (ShapeError).
template <typename Numbers>
[[nodiscard]] auto as_block(Numbers&& numbers) {
    using Type = std::remove_cvref_t<Numbers>;
    if constexpr (kIsNumber<Type>) {
        return Block<std::remove_reference_t<Numbers>>{&numbers, 1, 1};
    } else {
        using Scalar = std::remove_pointer_t<decltype(numbers.data())>;
        if constexpr (requires { numbers.outerStride(); }) {
            const Index inner = Type::IsRowMajor ? numbers.cols() : numbers.rows();
            require<ShapeError>(numbers.size() <= 1 ||
                                    ((numbers.innerStride() == 1 || inner == 1) &&
                                     (numbers.outerStride() == inner || numbers.size() == inner)),
                                "as_block: the entries of a ", numbers.rows(), " x ",
                                numbers.cols(),
                                " view have gaps between them; visit the whole matrix");
            return Block<Scalar>{numbers.data(), numbers.rows(), numbers.cols(),
                                 bool(Type::IsRowMajor)};
        } else if constexpr (requires { numbers.features(); }) {
            return Block<Scalar>{numbers.data(), numbers.features(),
                                 numbers.steps() * numbers.batch()};
        } else {
            return Block<Scalar>{numbers.data(), static_cast<Index>(numbers.size()), 1};
        }
    }
}

/// Calls `function(std::string_view name, Block<Scalar>)` for each block of `object`, in the
/// object's order. What else a visitor is told after the numbers is ignored here.
template <typename Object, typename Function>
void for_each_block(Object& object, Function&& function) {
    if constexpr (Visitable<Object>) {
        object.visit([&](std::string_view name, auto&& numbers, auto&&...) {
            function(name, as_block(numbers));
        });
    } else {
        function(std::string_view(), as_block(object));
    }
}

/// The same object over std::complex<double>, for the complex step. An object of your own offers it
/// as a member `template <typename Other> auto cast() const` (as Eigen's matrices do); only the
/// sizes have to be right, since the checker copies the values block by block.
template <typename Object>
[[nodiscard]] auto complex_twin(const Object& object) {
    using Complex = std::complex<double>;
    if constexpr (kIsNumber<Object>) {
        return Complex(object);
    } else if constexpr (requires { typename Object::PlainObject; }) {
        return std::remove_cvref_t<decltype(object.template cast<Complex>().eval())>(
            object.template cast<Complex>());
    } else if constexpr (requires { object.template cast<Complex>(); }) {
        return object.template cast<Complex>();
    } else if constexpr (requires {
                             object.features();
                             object.steps();
                             object.batch();
                         }) {
        return Sequence<Complex>(object.steps(), object.batch(), object.features());
    } else {
        static_assert(
            requires { object.begin(); } && !Visitable<const Object>,
            "give the type a member `template <typename Other> auto cast() const`, or "
            "pass its complex twin as the last argument of wrt()");
        return std::vector<Complex>(object.begin(), object.end());
    }
}

}  // namespace mgan::inline MGAN_ABI
