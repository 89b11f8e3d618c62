#pragma once
/// \file
/// A weight matrix whose entries are bfloat16, for the products of a single column.
///
///     y (M)  =  [y or 0]  +  W (M x K) x (K)
///
/// A net that plays reads every weight once an event, and does one multiply-add with it: the time
/// is that of reading. Half the bytes are read in half the time, and are expanded in registers,
/// where a float is the bfloat16 with 16 zero bits below it. Two columns of W share the words of a
/// vector, so that either is one operation away:
///
///     word of row i, columns k and k + 1     [ W_{i,k+1} | W_{i,k} ]
///     W_{i,k}                                the word, shifted up by 16 bits
///     W_{i,k+1}                              the word without its lower half
///
/// Panels of `kPanelVectors` vectors of rows lie one behind the other, each in the order in which
/// it is read, since a cache fetches ahead what follows in memory:
///
///     panel 0: columns 0 1 | 2 3 | ...     panel 1: columns 0 1 | 2 3 | ...
///
/// Every entry of y is one sum in the order k = 0, 1, ..., as in tensor/kernels/gemm.hpp: the bits
/// are those of `multiply` with the same weights as floats. With more columns a weight is used
/// several times once it is read, and that product is the faster one.

#include <mgan/core/half.hpp>
#include <mgan/tensor/kernels/vector.hpp>
#include <mgan/tensor/product.hpp>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

/// Weights packed for `multiply_column`; empty unless they were packed. Of scalars other than
/// float, and where the compiler has no vectors, always empty.
template <typename Scalar>
class HalfMatrix {
public:
    HalfMatrix() = default;

    /// Packs `weight`, if it is worth it: nothing is packed where an entry is no bfloat16, or where
    /// the rows fill no vector.
    explicit HalfMatrix(const Matrix<Scalar>& weight) {
        if constexpr (kPossible) pack(weight);
    }

    [[nodiscard]] bool empty() const noexcept { return words_.empty(); }

    /// y (M) = or += W x; x: K. Neither allocates nor throws. \pre not empty
    void multiply_column(const Scalar* x, Scalar* y, Update update) const noexcept {
        if constexpr (kPossible) run(x, y, update == Update::add);
    }

private:
#if defined(MGAN_COMPILER_VECTORS)
    static constexpr bool kPossible = std::is_same_v<Scalar, float>;
    static constexpr int kWidth = kernels::kVectorBytes / 4;
    /// Sums side by side: two multiply-adds each wait for the one before, and are to find the
    /// others in between.
    static constexpr int kPanelVectors = 7;
    using Vec = typename kernels::VectorOf<float, kWidth>::Type;
    using Words = typename kernels::VectorOf<std::uint32_t, kWidth>::Type;

    /// Calls f(first row, vectors) for every panel; they are of nearly equal height.
    template <typename Visit>
    void for_each_panel(Visit&& f) const {
        Index vectors = (rows_ + kWidth - 1) / kWidth, row = 0;
        for (Index panels = (vectors + kPanelVectors - 1) / kPanelVectors; panels > 0; --panels) {
            const Index height = (vectors + panels - 1) / panels;
            f(row, height);
            row += height * kWidth;
            vectors -= height;
        }
    }

    void pack(const Matrix<float>& weight) {
        if (weight.rows() < kWidth || weight.cols() == 0) return;
        for (Index i = 0; i < weight.size(); ++i)
            if (from_bfloat16(bfloat16_of(weight.data()[i])) != weight.data()[i]) return;
        rows_ = weight.rows();
        depth_ = weight.cols();
        for_each_panel([&](Index first, Index height) {
            for (Index k = 0; k < depth_; k += 2) {
                for (Index i = first; i < first + height * kWidth; ++i) {
                    const auto bits = [&](Index column) -> std::uint32_t {
                        return i < rows_ && column < depth_ ? bfloat16_of(weight(i, column)) : 0u;
                    };
                    words_.push_back(bits(k) | bits(k + 1) << 16);
                }
            }
        });
    }

    void run(const float* x, float* y, bool accumulate) const noexcept {
        const std::uint32_t* words = words_.data();
        for_each_panel([&](Index first, Index height) {
            const Index last = std::min<Index>(kWidth, rows_ - first - (height - 1) * kWidth);
            panel<kPanelVectors>(height, words, x, y + first, last, accumulate);
            words += height * kWidth * ((depth_ + 1) / 2);
        });
    }

    template <int Vectors>
    void panel(Index height, const std::uint32_t* words, const float* x, float* y, Index last,
               bool accumulate) const noexcept {
        if (height == Vectors) {
            tile<Vectors>(words, x, y, last, accumulate);
        } else if constexpr (Vectors > 1) {
            panel<Vectors - 1>(height, words, x, y, last, accumulate);
        }
    }

    /// One panel; its last vector has `last` rows.
    template <int Vectors>
    void tile(const std::uint32_t* words, const float* x, float* y, Index last,
              bool accumulate) const noexcept {
        const auto bytes = [last](int i) {
            return i + 1 < Vectors ? sizeof(Vec) : static_cast<std::size_t>(last) * sizeof(float);
        };
        Vec sum[std::size_t{Vectors}] = {};
        for (int i = 0; accumulate && i < Vectors; ++i)
            std::memcpy(&sum[i], y + i * kWidth, bytes(i));
        Index k = 0;
        for (; k + 1 < depth_; k += 2, words += Vectors * kWidth) {
            const Vec even = x[k] - Vec{}, odd = x[k + 1] - Vec{};
            _Pragma("GCC unroll 8") for (int i = 0; i < Vectors; ++i) {
                Words both;
                std::memcpy(&both, words + i * kWidth, sizeof both);
                sum[i] = kernels::multiply_add<float, kWidth>(Vec(both << 16), even, sum[i]);
                sum[i] = kernels::multiply_add<float, kWidth>(Vec(both & 0xFFFF0000u), odd, sum[i]);
            }
        }
        if (k < depth_) {
            const Vec even = x[k] - Vec{};
            _Pragma("GCC unroll 8") for (int i = 0; i < Vectors; ++i) {
                Words one;
                std::memcpy(&one, words + i * kWidth, sizeof one);
                sum[i] = kernels::multiply_add<float, kWidth>(Vec(one << 16), even, sum[i]);
            }
        }
        for (int i = 0; i < Vectors; ++i) std::memcpy(y + i * kWidth, &sum[i], bytes(i));
    }
#else
    static constexpr bool kPossible = false;
#endif

    Index rows_ = 0, depth_ = 0;
    AlignedVector<std::uint32_t> words_;
};

/// y = or += w x, by the packed weights where there are any and x is one column; the same bits
/// either way.
template <typename Scalar>
void multiply(const Matrix<Scalar>& w, const HalfMatrix<Scalar>& half,
              const ConstMatrixRef<Scalar>& x, MatrixRef<Scalar> y, Update update) noexcept {
    if (half.empty() || x.cols() != 1) {
        multiply<Scalar>(w, x, y, update);
    } else {
        assert(w.cols() == x.rows() && y.rows() == w.rows() && y.cols() == 1);
        half.multiply_column(x.data(), y.data(), update);
    }
}

}  // namespace mgan::inline MGAN_ABI
