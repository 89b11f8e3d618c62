#pragma once
/// \file
/// The Eigen types that mgan uses, under short names, and the memory they live in.
///
/// A matrix is column-major and *a sample is a column*: a batch of B vectors of F features is an
/// F x B matrix, so that the features of one sample lie side by side in memory and a layer is one
/// product W x from the left.

#include <mgan/core/error.hpp>

#include <Eigen/Core>

#include <cstddef>
#include <limits>
#include <new>
#include <type_traits>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Signed sizes and indices, as in Eigen.
using Index = Eigen::Index;

template <typename Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
template <typename Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

/// Views of memory that somebody else owns; columns follow each other without a gap.
template <typename Scalar>
using MatrixMap = Eigen::Map<Matrix<Scalar>>;
template <typename Scalar>
using ConstMatrixMap = Eigen::Map<const Matrix<Scalar>>;
template <typename Scalar>
using VectorMap = Eigen::Map<Vector<Scalar>>;
template <typename Scalar>
using ConstVectorMap = Eigen::Map<const Vector<Scalar>>;

/// A matrix that a function writes to: any matrix, map or block of rows and columns. The columns
/// may lie apart (`outerStride()`), the entries of a column may not.
template <typename Scalar>
using MatrixRef = Eigen::Ref<Matrix<Scalar>, 0, Eigen::OuterStride<>>;

/// What `ConstMatrixRef` can point to: numbers that are in memory already, the entries of a column
/// side by side. (The columns of a single row have one entry each.)
template <typename Expression, typename Scalar>
concept ColumnsInMemory = std::is_same_v<typename Expression::Scalar, Scalar> &&
                              (static_cast<unsigned>(Expression::Flags) & Eigen::DirectAccessBit) !=
                              0 &&
                          (int{Expression::RowsAtCompileTime} == 1 ||
                           (int{Expression::IsRowMajor} == 0 &&
                            int{Expression::InnerStrideAtCompileTime} == 1));

/// A matrix that a function reads, with the same freedom. Never a copy: `Eigen::Ref<const ...>`
/// would make one of a sum or of a transposed matrix, on the heap and without a word; here such an
/// argument does not compile. Where a copy is meant, make it: `f(Matrix<Scalar>(w.transpose()))`.
template <typename Scalar>
class ConstMatrixRef : public Eigen::Map<const Matrix<Scalar>, 0, Eigen::OuterStride<>> {
    using Base = Eigen::Map<const Matrix<Scalar>, 0, Eigen::OuterStride<>>;

public:
    template <ColumnsInMemory<Scalar> Derived>
    ConstMatrixRef(const Eigen::MatrixBase<Derived>& matrix) noexcept  // NOLINT: an argument
        : Base(matrix.derived().data(), matrix.rows(), matrix.cols(),
               Eigen::OuterStride<>(column_stride(matrix.derived()))) {}

    /// Would have to copy.
    template <typename Derived>
    ConstMatrixRef(const Eigen::MatrixBase<Derived>& needs_a_copy) = delete;

private:
    template <typename Derived>
    [[nodiscard]] static Index column_stride(const Derived& matrix) noexcept {
        return Derived::IsRowMajor ? matrix.innerStride() : matrix.outerStride();
    }
};

/// Bytes: a cache line, and the widest vector register.
inline constexpr std::size_t kAlignment = 64;

/// Standard allocator whose memory starts at a cache line.
template <typename Type>
struct AlignedAllocator {
    using value_type = Type;

    AlignedAllocator() noexcept = default;
    template <typename Other>
    AlignedAllocator(const AlignedAllocator<Other>&) noexcept {}  // NOLINT: conversion by design

    [[nodiscard]] Type* allocate(std::size_t count) {
        if (count > std::numeric_limits<std::size_t>::max() / sizeof(Type))
            throw_or_abort(std::bad_array_new_length());
        return static_cast<Type*>(
            ::operator new (count * sizeof(Type), std::align_val_t{kAlignment}));
    }
    void deallocate(Type* pointer, std::size_t) noexcept {
        ::operator delete (pointer, std::align_val_t{kAlignment});
    }
    friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) noexcept {
        return true;
    }
};

template <typename Type>
using AlignedVector = std::vector<Type, AlignedAllocator<Type>>;

/// Names the real type under a scalar; specialised for dual numbers (tensor/dual.hpp).
template <typename Scalar>
struct RealPartOf {
    using Type = typename Eigen::NumTraits<Scalar>::Real;
};
/// The real type under a scalar: `double` for `std::complex<double>` and `Dual<double>`, the type
/// itself otherwise.
template <typename Scalar>
using RealOf = typename RealPartOf<Scalar>::Type;

/// The real part; the value itself where there is no imaginary one. Branches look at this alone, so
/// that the complex step takes the branch of the real computation.
template <typename Scalar>
[[nodiscard]] constexpr RealOf<Scalar> real_part(const Scalar& x) noexcept {
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
        return x.real();
    } else {
        return x;
    }
}

}  // namespace mgan::inline MGAN_ABI
