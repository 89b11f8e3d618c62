#pragma once
/// \file
/// Convolution of images, in a form plain enough to check by eye.
///
/// A sample is a column; an image of C channels, each H x W, is flattened into it with the width
/// running fastest, then the height, then the channel (the order of PyTorch):
///
///     x[c, h, w]  is row  (c H + h) W + w
///
/// The kernel of out channel o is row o of the weights, flattened alike: k[o, c, i, j] is column
/// (c KH + i) KW + j. With p, q zeros around the image,
///
///     y[o, h, w] = sum over c, i, j of  k[o, c, i, j] x[c, h + i - p, w + j - q]
///
/// (a cross-correlation, as in every deep-learning library). Every term is a product of two
/// numbers, so each of its factors has the other as derivative:
///
///     dk[o, c, i, j]              +=  x[c, h + i - p, w + j - q]  dy[o, h, w]
///     dx[c, h + i - p, w + j - q] +=  k[o, c, i, j]               dy[o, h, w]
///
/// The three share one loop. This is the reference; for speed there is layers/conv2d.hpp.

#include <mgan/autodiff/arithmetic.hpp>
#include <mgan/autodiff/shaping.hpp>
#include <mgan/autodiff/tape.hpp>

#include <algorithm>
#include <array>

namespace mgan::inline MGAN_ABI {

/// Sizes of a two-dimensional convolution with step 1. All counts are positive, the pads not
/// negative.
struct Conv2dShape {
    Index height = 1;
    Index width = 1;
    Index in_channels = 1;
    Index out_channels = 1;
    Index kernel_height = 1;
    Index kernel_width = 1;
    Index pad_height = 0;  ///< zeros above, and as many below
    Index pad_width = 0;   ///< zeros on the left, and as many on the right

    /// Pads so that the result has the size of the image; the kernel has odd sizes.
    [[nodiscard]] static Conv2dShape same(Index height, Index width, Index in_channels,
                                          Index out_channels, Index kernel_height,
                                          Index kernel_width) {
        return {height,
                width,
                in_channels,
                out_channels,
                kernel_height,
                kernel_width,
                (kernel_height - 1) / 2,
                (kernel_width - 1) / 2};
    }
    [[nodiscard]] Index out_height() const noexcept {
        return height + 2 * pad_height - kernel_height + 1;
    }
    [[nodiscard]] Index out_width() const noexcept {
        return width + 2 * pad_width - kernel_width + 1;
    }
    [[nodiscard]] Index in_rows() const noexcept { return in_channels * height * width; }
    [[nodiscard]] Index out_rows() const noexcept {
        return out_channels * out_height() * out_width();
    }
    [[nodiscard]] Index kernel_cols() const noexcept {
        return in_channels * kernel_height * kernel_width;
    }
};

namespace convolution_detail {

/// Calls term(place in k, place in x, place in y) for each term of the sum for one image. `k` is
/// out_channels x kernel_cols, column-major.
template <typename Term>
void for_each_term(const Conv2dShape& s, const Term& term) {
    for (Index o = 0; o < s.out_channels; ++o) {
        for (Index c = 0; c < s.in_channels; ++c) {
            for (Index i = 0; i < s.kernel_height; ++i) {
                for (Index j = 0; j < s.kernel_width; ++j) {
                    const Index k =
                        o + ((c * s.kernel_height + i) * s.kernel_width + j) * s.out_channels;
                    // The part of the result whose x lies inside the image.
                    const Index h0 = std::max<Index>(0, s.pad_height - i);
                    const Index h1 = std::min(s.out_height(), s.height + s.pad_height - i);
                    const Index w0 = std::max<Index>(0, s.pad_width - j);
                    const Index w1 = std::min(s.out_width(), s.width + s.pad_width - j);
                    for (Index h = h0; h < h1; ++h) {
                        for (Index w = w0; w < w1; ++w) {
                            term(k,
                                 (c * s.height + h + i - s.pad_height) * s.width + w + j -
                                     s.pad_width,
                                 (o * s.out_height() + h) * s.out_width() + w);
                        }
                    }
                }
            }
        }
    }
}

inline constexpr std::size_t kSizes = 8;

[[nodiscard]] inline std::array<Index, kSizes> pack(const Conv2dShape& s) {
    return {s.height,        s.width,        s.in_channels, s.out_channels,
            s.kernel_height, s.kernel_width, s.pad_height,  s.pad_width};
}
[[nodiscard]] inline Conv2dShape unpack(const Index* p) {
    return {p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]};
}

}  // namespace convolution_detail

/// x: in_rows x N (N images), kernel: out_channels x kernel_cols, result: out_rows x N. Throws
/// ShapeError where these do not fit `shape`, or `shape` itself makes no sense.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> conv2d(const Variable<Scalar>& x, const Variable<Scalar>& kernel,
                                      const Conv2dShape& shape) {
    namespace detail = convolution_detail;
    Tape<Scalar>& tape = x.tape("conv2d");
    const NodeIndex image = tape.mine(x, "conv2d"), weights = tape.mine(kernel, "conv2d");
    require<ShapeError>(shape.in_channels > 0 && shape.out_channels > 0 && shape.height > 0 &&
                            shape.width > 0 && shape.kernel_height > 0 && shape.kernel_width > 0 &&
                            shape.pad_height >= 0 && shape.pad_width >= 0 &&
                            shape.out_height() > 0 && shape.out_width() > 0,
                        "conv2d: a kernel of ", shape.kernel_height, " x ", shape.kernel_width,
                        " does not fit an image of ", shape.height, " x ", shape.width,
                        " with pads of ", shape.pad_height, " and ", shape.pad_width);
    require<ShapeError>(x.rows() == shape.in_rows(), "conv2d: x is ", x.rows(), " x ", x.cols(),
                        ", an image has ", shape.in_channels, " x ", shape.height, " x ",
                        shape.width, " = ", shape.in_rows(), " entries");
    require<ShapeError>(kernel.rows() == shape.out_channels && kernel.cols() == shape.kernel_cols(),
                        "conv2d: the kernel is ", kernel.rows(), " x ", kernel.cols(),
                        ", expected ", shape.out_channels, " x ", shape.kernel_cols());
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& y) {
        const Conv2dShape s = detail::unpack(t.integers(y.first_integer));
        const Node<Scalar>& in = t.parent(y, 0);
        const Node<Scalar>& k = t.parent(y, 1);
        for (Index n = 0; n < y.cols; ++n) {
            const Scalar* const dy = y.gradient + n * y.rows;
            const Index at = n * in.rows;
            if (k.needs_gradient) {
                detail::for_each_term(s, [&](Index ik, Index ix, Index iy) {
                    k.gradient[ik] += in.value[at + ix] * dy[iy];
                });
            }
            if (in.needs_gradient) {
                detail::for_each_term(s, [&](Index ik, Index ix, Index iy) {
                    in.gradient[at + ix] += k.value[ik] * dy[iy];
                });
            }
        }
    };
    const NodeIndex index = tape.add(shape.out_rows(), x.cols(), {image, weights}, backward);
    Node<Scalar>& y = tape.node(index);
    y.first_integer = tape.add_integers(detail::kSizes);
    const std::array<Index, detail::kSizes> sizes = detail::pack(shape);
    std::copy(sizes.begin(), sizes.end(), tape.integers(y.first_integer));
    std::fill_n(y.value, y.size(), Scalar(0));
    const Node<Scalar>& in = tape.node(image);
    const Node<Scalar>& k = tape.node(weights);
    for (Index n = 0; n < y.cols; ++n) {
        const Scalar* const from = in.value + n * in.rows;
        Scalar* const to = y.value + n * y.rows;
        detail::for_each_term(
            shape, [&](Index ik, Index ix, Index iy) { to[iy] += k.value[ik] * from[ix]; });
    }
    return tape.handle(index);
}

/// The same plus a number for each out channel; bias: out_channels x 1.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> conv2d(const Variable<Scalar>& x, const Variable<Scalar>& kernel,
                                      const Variable<Scalar>& bias, const Conv2dShape& shape) {
    require<ShapeError>(bias.rows() == shape.out_channels && bias.cols() == 1,
                        "conv2d: the bias is ", bias.rows(), " x ", bias.cols(), ", expected ",
                        shape.out_channels, " x 1");
    return conv2d(x, kernel, shape) + repeat_rows(bias, shape.out_height() * shape.out_width());
}

}  // namespace mgan::inline MGAN_ABI
