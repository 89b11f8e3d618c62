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
///
///     The static form `visit(self, visitor, prefix)` of layers/parameters.hpp, where a name is an
///     object with a `text()`, is understood as well.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>
#include <mgan/tensor/sequence.hpp>

#include <complex>
#include <string>
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
    void operator()(Arguments&&...) const noexcept {}
};

/// An object with a member function `visit(visitor)`.
template <typename Object>
concept VisitableByMember = requires(Object& object, const AnyVisitor& visitor) {
    object.visit(visitor);
};

/// An object whose type has a static `visit(self, visitor, prefix)`; `{}` is the empty prefix.
template <typename Object>
concept VisitableByType = requires(Object& object, const AnyVisitor& visitor) {
    std::remove_const_t<Object>::visit(object, visitor, {});
};

/// An object that enumerates its parameters. (Eigen's matrices have a `visit` of another kind.)
template <typename Object>
concept Visitable = !requires {
    typename Object::PlainObject;
}
&&(VisitableByMember<Object> || VisitableByType<Object>);

/// Calls `visitor(name, numbers, ...)` for each parameter of a visitable object.
template <Visitable Object, typename Visitor>
void visit_parameters(Object& object, Visitor&& visitor) {
    if constexpr (VisitableByMember<Object>) {
        object.visit(visitor);
    } else {
        std::remove_const_t<Object>::visit(object, visitor, {});
    }
}

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
/// object's order. Further arguments of the visitor, after the numbers, are ignored here.
template <typename Object, typename Function>
void for_each_block(Object& object, Function&& function) {
    if constexpr (Visitable<Object>) {
        visit_parameters(object, [&](const auto& name, auto&& numbers, auto&&...) {
            if constexpr (requires { name.text(); }) {
                const std::string text = name.text();
                function(std::string_view(text), as_block(numbers));
            } else {
                function(std::string_view(name), as_block(numbers));
            }
        });
    } else {
        function(std::string_view(), as_block(object));
    }
}

/// `Layer<std::complex<double>>` for a `Layer<double>`; void where the type is no such template.
template <typename Object>
struct ComplexTemplate {
    using Type = void;
};
template <template <typename...> class Template, typename... Rest>
struct ComplexTemplate<Template<double, Rest...>> {
    using Type = Template<std::complex<double>, Rest...>;
};

/// The same object over std::complex<double>, for the complex step. Only its sizes have to be
/// right: the checker copies the values block by block. It is made by
///   - a member `template <typename Other> auto cast() const`, as Eigen's matrices have it; or else
///   - for a visitable `Layer<double>`, by default construction of `Layer<std::complex<double>>`
///     and `resize` of its parameters. A layer with anything else to set up (a list of inner
///     layers, a number of heads) needs a `cast`, or its twin as last argument of `wrt`.
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
    } else if constexpr (requires { object.begin(); }) {
        return std::vector<Complex>(object.begin(), object.end());
    } else {
        using Twin = typename ComplexTemplate<Object>::Type;
        static_assert(Visitable<Object> && std::is_default_constructible_v<Twin>,
                      "give the type a member `template <typename Other> auto cast() const`, or "
                      "pass its complex twin as the last argument of wrt()");
        std::vector<Block<double>> sizes;
        Object copy = object;  // `visit` may be a member that is not const
        for_each_block(copy, [&](std::string_view, Block<double> b) { sizes.push_back(b); });
        Twin twin;
        std::size_t next = 0;
        visit_parameters(twin, [&](const auto&, auto& numbers, auto&&...) {
            if (next == sizes.size()) return;
            if constexpr (requires { numbers.resize(Index(), Index()); }) {
                numbers.resize(sizes[next].rows, sizes[next].cols);
            } else if constexpr (requires { numbers.resize(next); }) {
                numbers.resize(static_cast<std::size_t>(sizes[next].size()));
            }
            ++next;
        });
        return twin;
    }
}

}  // namespace mgan::inline MGAN_ABI
