#pragma once
/// \file
/// Pooling: the largest entry, or the mean, of windows of an image.
///
/// Images lie as in convolution.hpp: one a column, channels slowest, then rows, then columns, so
/// that entry (c, h, w) is row (c H + h) W + w of the matrix. A window of I x J moves by a stride:
///
///     y(c, a, b) = max or mean over i < I, j < J of x(c, s a + i, r b + j)
///
/// A sequence of one channel is an image of width 1. max sends its gradient to the first of the
/// largest entries, the mean an equal share to each.

#include <mgan/autodiff/tape.hpp>

namespace mgan::inline MGAN_ABI {

/// Sizes of an image and of the windows on it. Windows lie wholly inside.
struct Pool2dShape {
    Index height = 1;
    Index width = 1;
    Index channels = 1;
    Index window_height = 1;
    Index window_width = 1;
    Index stride_height = 1;
    Index stride_width = 1;

    [[nodiscard]] Index out_height() const noexcept {
        return (height - window_height) / stride_height + 1;
    }
    [[nodiscard]] Index out_width() const noexcept {
        return (width - window_width) / stride_width + 1;
    }
    [[nodiscard]] Index in_rows() const noexcept { return channels * height * width; }
    [[nodiscard]] Index out_rows() const noexcept { return channels * out_height() * out_width(); }
};

namespace pooling_detail {

template <typename Scalar>
void check(const char* name, const Variable<Scalar>& x, const Pool2dShape& s) {
    require<ShapeError>(s.channels > 0 && s.window_height > 0 && s.window_width > 0 &&
                            s.stride_height > 0 && s.stride_width > 0 &&
                            s.window_height <= s.height && s.window_width <= s.width,
                        name, ": a window of ", s.window_height, " x ", s.window_width,
                        " does not fit an image of ", s.height, " x ", s.width);
    require<ShapeError>(x.rows() == s.in_rows(), name, ": x is ", x.rows(), " x ", x.cols(),
                        ", an image has ", s.channels, " x ", s.height, " x ", s.width, " = ",
                        s.in_rows(), " entries");
}

/// Calls window(place in y, place in x of the window's first entry) for each window of one image.
template <typename Window>
void for_each_window(const Pool2dShape& s, const Window& window) {
    Index y = 0;
    for (Index c = 0; c < s.channels; ++c)
        for (Index a = 0; a < s.out_height(); ++a)
            for (Index b = 0; b < s.out_width(); ++b, ++y)
                window(y, (c * s.height + a * s.stride_height) * s.width + b * s.stride_width);
}

}  // namespace pooling_detail

/// The largest entry of each window, by real part. x: in_rows x N, the result: out_rows x N. Throws
/// ShapeError where these do not fit.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> max_pool2d(const Variable<Scalar>& x, const Pool2dShape& shape) {
    Tape<Scalar>& tape = x.tape("max_pool2d");
    const NodeIndex argument = tape.mine(x, "max_pool2d");
    pooling_detail::check("max_pool2d", x, shape);
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& n) {
        const Index* const from = t.integers(n.first_integer);
        for (Index k = 0; k < n.size(); ++k) t.parent(n, 0).gradient[from[k]] += n.gradient[k];
    };
    const NodeIndex index = tape.add(shape.out_rows(), x.cols(), {argument}, backward);
    Node<Scalar>& n = tape.node(index);
    n.first_integer = tape.add_integers(static_cast<std::size_t>(n.size()));
    Index* const from = tape.integers(n.first_integer);
    const Scalar* const values = tape.node(argument).value;
    for (Index image = 0; image < n.cols; ++image) {
        pooling_detail::for_each_window(shape, [&](Index y, Index first) {
            const Index corner = image * shape.in_rows() + first;
            Index largest = corner;
            for (Index i = 0; i < shape.window_height; ++i) {
                for (Index j = 0; j < shape.window_width; ++j) {
                    const Index at = corner + i * shape.width + j;
                    if (real_part(values[at]) > real_part(values[largest])) largest = at;
                }
            }
            from[image * n.rows + y] = largest;
            n.value[image * n.rows + y] = values[largest];
        });
    }
    return tape.handle(index);
}

/// The mean of each window. x: in_rows x N, the result: out_rows x N. Throws ShapeError where these
/// do not fit.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> mean_pool2d(const Variable<Scalar>& x, const Pool2dShape& shape) {
    Tape<Scalar>& tape = x.tape("mean_pool2d");
    const NodeIndex argument = tape.mine(x, "mean_pool2d");
    pooling_detail::check("mean_pool2d", x, shape);
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& n) {
        const Index* const p = t.integers(n.first_integer);
        const Pool2dShape s{p[0], p[1], p[2], p[3], p[4], p[5], p[6]};
        const auto entries = static_cast<RealOf<Scalar>>(s.window_height * s.window_width);
        for (Index image = 0; image < n.cols; ++image) {
            pooling_detail::for_each_window(s, [&](Index y, Index first) {
                const Scalar share = n.gradient[image * n.rows + y] / entries;
                Scalar* const corner = t.parent(n, 0).gradient + image * s.in_rows() + first;
                for (Index i = 0; i < s.window_height; ++i)
                    for (Index j = 0; j < s.window_width; ++j) corner[i * s.width + j] += share;
            });
        }
    };
    const NodeIndex index = tape.add(shape.out_rows(), x.cols(), {argument}, backward);
    Node<Scalar>& n = tape.node(index);
    n.first_integer = tape.add_integers(7);
    Index* const p = tape.integers(n.first_integer);
    p[0] = shape.height;
    p[1] = shape.width;
    p[2] = shape.channels;
    p[3] = shape.window_height;
    p[4] = shape.window_width;
    p[5] = shape.stride_height;
    p[6] = shape.stride_width;
    const Scalar* const values = tape.node(argument).value;
    const auto entries = static_cast<RealOf<Scalar>>(shape.window_height * shape.window_width);
    for (Index image = 0; image < n.cols; ++image) {
        pooling_detail::for_each_window(shape, [&](Index y, Index first) {
            const Scalar* const corner = values + image * shape.in_rows() + first;
            Scalar sum(0);
            for (Index i = 0; i < shape.window_height; ++i)
                for (Index j = 0; j < shape.window_width; ++j) sum += corner[i * shape.width + j];
            n.value[image * n.rows + y] = sum / entries;
        });
    }
    return tape.handle(index);
}

}  // namespace mgan::inline MGAN_ABI
