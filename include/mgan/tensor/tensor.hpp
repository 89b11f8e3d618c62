#pragma once
/// \file
/// An array of up to four dimensions that owns its values.
///
/// The last index runs fastest, as in C and in PyTorch: a tensor of shape [d0, d1, d2] has entry
/// (i, j, k) at position (i d1 + j) d2 + k. So the last dimension is what lies side by side, and
/// the tensor is, without a copy, a matrix with one column for each of the others:
///
///     [T, B, F]   ->   matrix()   F x (T B)
///
/// A value type: copies are deep. `resize` within what was once allocated allocates nothing.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

namespace mgan::inline MGAN_ABI {

/// The sizes of a tensor, outermost first. Rank 0 is a single number.
class Shape {
public:
    static constexpr std::size_t kMostDimensions = 4;

    Shape() = default;
    /// Throws ShapeError for more than four dimensions or a negative size.
    Shape(std::initializer_list<Index> sizes) {  // NOLINT: {2, 3} is a shape
        require<ShapeError>(sizes.size() <= kMostDimensions, "Shape: ", sizes.size(),
                            " dimensions, at most ", kMostDimensions, " are possible");
        for (const Index size : sizes) {
            if (size < 0) fail<ShapeError>("Shape: negative size ", size);
            sizes_[rank_++] = size;
        }
    }

    [[nodiscard]] std::size_t rank() const noexcept { return rank_; }
    [[nodiscard]] Index operator[](std::size_t dimension) const noexcept {
        return sizes_[dimension];
    }
    /// Number of entries: the product of the sizes.
    [[nodiscard]] Index size() const noexcept {
        Index product = 1;
        for (std::size_t d = 0; d < rank_; ++d) product *= sizes_[d];
        return product;
    }
    /// "[100, 20, 4]", for messages.
    [[nodiscard]] std::string text() const {
        std::string text = "[";
        for (std::size_t d = 0; d < rank_; ++d)
            text += (d > 0 ? ", " : "") + std::to_string(sizes_[d]);
        return text + "]";
    }

    friend bool operator==(const Shape&, const Shape&) = default;

private:
    std::array<Index, kMostDimensions> sizes_{};
    std::size_t rank_ = 0;
};

template <typename Scalar>
class Tensor {
public:
    using ScalarType = Scalar;

    Tensor() = default;
    /// All entries zero.
    explicit Tensor(const Shape& shape) {
        resize(shape);
        set_zero();
    }

    /// Gives a shape; the values are unspecified afterwards.
    void resize(const Shape& shape) {
        const auto count = static_cast<std::size_t>(shape.size());
        if (count > storage_.size()) storage_.resize(count);
        shape_ = shape;
    }

    /// The same values under another shape of the same size. Throws ShapeError.
    void reshape(const Shape& shape) {
        if (shape.size() != size()) {
            fail<ShapeError>("Tensor::reshape: ", shape_.text(), " has ", size(), " entries, ",
                             shape.text(), " has ", shape.size());
        }
        shape_ = shape;
    }

    [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
    [[nodiscard]] Index size() const noexcept { return storage_.empty() ? 0 : shape_.size(); }

    /// The first entry; at a cache line.
    [[nodiscard]] Scalar* data() noexcept { return storage_.data(); }
    [[nodiscard]] const Scalar* data() const noexcept { return storage_.data(); }

    /// Entry (i, j, ...): as many indices as there are dimensions.
    template <typename... Indices>
    [[nodiscard]] Scalar& operator()(Indices... indices) noexcept {
        return storage_[position(indices...)];
    }
    template <typename... Indices>
    [[nodiscard]] const Scalar& operator()(Indices... indices) const noexcept {
        return storage_[position(indices...)];
    }

    /// All entries as a matrix, (last dimension) x (product of the others).
    /// A temporary gives a copy, since a map would outlive it.
    [[nodiscard]] MatrixMap<Scalar> matrix() & noexcept { return {data(), inner(), outer()}; }
    [[nodiscard]] ConstMatrixMap<Scalar> matrix() const& noexcept {
        return {data(), inner(), outer()};
    }
    [[nodiscard]] Matrix<Scalar> matrix() const&& { return matrix(); }

    void set_zero() noexcept { std::fill_n(data(), size(), Scalar(0)); }

private:
    template <typename... Indices>
    [[nodiscard]] std::size_t position(Indices... indices) const noexcept {
        Index place = 0;
        std::size_t dimension = 0;
        ((place = place * shape_[dimension++] + static_cast<Index>(indices)), ...);
        return static_cast<std::size_t>(place);
    }
    [[nodiscard]] Index inner() const noexcept {
        return shape_.rank() == 0 ? size() : shape_[shape_.rank() - 1];
    }
    [[nodiscard]] Index outer() const noexcept { return inner() == 0 ? 0 : size() / inner(); }

    AlignedVector<Scalar> storage_;
    Shape shape_;
};

}  // namespace mgan::inline MGAN_ABI
