#pragma once
/// \file
/// Two-dimensional convolution over the plane of time and features, same padding.
///
/// A song is a plane of T rows (time) and W columns (features), C channels of it. Each output looks
/// at a window of I x J inputs around its place (I, J odd); outside the plane the input is zero, so
/// that the output has the input's size. As in every neural network library the kernel is not
/// flipped (it is a correlation). With I = 2 p + 1, J = 2 q + 1:
///
///     y(t, o, w) = b_o + sum over c, i, j of  k(o, c, i, j) x(t + i - p, c, w + j - q)        (1)
///
/// Written out, this is a loop of seven levels. But a row of a song is short (4 features),
/// and one row of the kernel acts on one row of the plane as a banded matrix,
///
///                        w = 0    k2 k3 k4  .              J = 5, W = 4, one channel:
///     M_i (C_out W x     w = 1    k1 k2 k3 k4              row w holds k(v - w + q) in column v
///          C_in W)       w = 2    k0 k1 k2 k3
///                        w = 3     . k0 k1 k2
///
///     y_t = b + sum over i of M_i x_{t+i-p}                                                   (2)
///
/// and that for all steps and songs at once: I matrix products (docs/convolution.md). Backward:
///
///     dx_t  = sum over i of M_i^T dy_{t-i+p}              the kernel flipped                  (3)
///     dM_i  = sum over t of dy_t x_{t+i-p}^T                                                  (4)
///     dk(o, c, i, j) += sum over w of dM_i(o W + w, c W + w + j - q)      along the band      (5)
///     db_o  += sum over t, w of dy(t, o, w)                                                   (6)
///
/// The price is C_in C_out W^2 I products a step instead of C_in C_out W J I: about the same for
/// rows as short as ours, too much for pictures.
///
/// Values lie in a sequence of C W features: feature c W + w is channel c, column w. One channel is
/// the plane itself. In memory k is a matrix, C_out x (C_in I J); in files it has the shape of
/// `torch.nn.Conv2d`, [C_out, C_in, I, J].

#include <mgan/layers/parameters.hpp>
#include <mgan/layers/shape_check.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/sequence.hpp>

#include <vector>

namespace mgan::inline MGAN_ABI {

struct Conv2dSettings {
    Index width = 4;         ///< W, columns of the plane
    Index in_channels = 1;   ///< C_in
    Index out_channels = 1;  ///< C_out
    Index window_time = 5;   ///< I, odd
    Index window_width = 5;  ///< J, odd
};

template <typename Scalar>
class Conv2d {
public:
    using ScalarType = Scalar;

    struct Cache {
        SequenceView<const Scalar> x;       ///< [T, B, C_in W]; must outlive the cache, unchanged
        std::vector<Matrix<Scalar>> bands;  ///< M_i, C_out W x C_in W
        Matrix<Scalar> bands_transposed;    ///< M_i^T of the i at work
        Matrix<Scalar> d_band;              ///< dM_i
    };

    Conv2d() = default;

    /// All parameters zero (see layers/initialisation.hpp). Throws ConfigError.
    explicit Conv2d(const Conv2dSettings& config)
        : weight(Matrix<Scalar>::Zero(
              config.out_channels, config.in_channels * config.window_time * config.window_width)),
          bias(Vector<Scalar>::Zero(config.out_channels)),
          config_(config) {
        require<ConfigError>(config.window_time % 2 == 1 && config.window_width % 2 == 1 &&
                                 config.window_time > 0 && config.window_width > 0,
                             "Conv2d: a window of ", config.window_time, " x ", config.window_width,
                             "; both sizes must be odd, so that the output has the input's size");
        require<ConfigError>(config.width > 0 && config.in_channels > 0 && config.out_channels > 0,
                             "Conv2d: width ", config.width, ", ", config.in_channels,
                             " channels in, ", config.out_channels, " out; all must be at least 1");
    }

    [[nodiscard]] const Conv2dSettings& settings() const noexcept { return config_; }
    [[nodiscard]] Index in() const noexcept { return config_.in_channels * config_.width; }
    [[nodiscard]] Index out() const noexcept { return config_.out_channels * config_.width; }

    /// Equation (2). x: [T, B, C_in W], y: [T, B, C_out W], written; any T, also shorter than the
    /// window. Throws ShapeError.
    void forward(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache) const {
        check_shape("Conv2d::forward", "x", "features", x.features(), in());
        check_shape("Conv2d::forward", "y", "features", y.features(), out());
        check_shape("Conv2d::forward", "y", "steps", y.steps(), x.steps());
        check_shape("Conv2d::forward", "y", "samples", y.batch(), x.batch());
        cache.x = x;
        cache.bands.resize(static_cast<std::size_t>(config_.window_time));
        for (Index o = 0; o < config_.out_channels; ++o)
            y.features(o * config_.width, config_.width).all().setConstant(bias(o));
        for (Index i = 0; i < config_.window_time; ++i) {
            Matrix<Scalar>& band = cache.bands[static_cast<std::size_t>(i)];
            make_band(i, band);
            const Overlap rows = overlap(i, x.steps());
            if (rows.count > 0) {
                multiply<Scalar>(band, x.range(rows.input, rows.count),
                                 y.range(rows.output, rows.count), Update::add);
            }
        }
    }

    /// Equations (3) to (6). dy: [T, B, C_out W]; dx: [T, B, C_in W], written, or an empty view.
    /// `gradients` is added to.
    void backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                  Conv2d& gradients) const {
        check_shape("Conv2d::backward", "dy", "features", dy.features(), out());
        check_shape("Conv2d::backward", "dy", "steps", dy.steps(), cache.x.steps());
        check_shape("Conv2d::backward", "dy", "samples", dy.batch(), cache.x.batch());
        if (!dx.empty()) dx.all().setZero();
        cache.d_band.resize(out(), in());
        for (Index i = 0; i < config_.window_time; ++i) {
            const Overlap rows = overlap(i, dy.steps());
            if (rows.count <= 0) continue;
            if (!dx.empty()) {
                transpose<Scalar>(cache.bands[static_cast<std::size_t>(i)], cache.bands_transposed);
                multiply<Scalar>(cache.bands_transposed, dy.range(rows.output, rows.count),
                                 dx.range(rows.input, rows.count), Update::add);
            }
            cache.d_band.setZero();
            add_outer_product<Scalar>(dy.range(rows.output, rows.count),
                                      cache.x.range(rows.input, rows.count), cache.d_band);
            for_each_tap(i, [&](Index o, Index tap, Index row, Index column) {
                gradients.weight(o, tap) += cache.d_band(row, column);
            });
        }
        for (Index o = 0; o < config_.out_channels; ++o) {
            gradients.bias(o) += dy.features(o * config_.width, config_.width).all().sum();
        }
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        const Conv2dSettings& config = self.config_;
        const Index shape[] = {config.out_channels, config.in_channels, config.window_time,
                               config.window_width};
        visitor((prefix / "weight").shaped(shape), self.weight);
        visitor(prefix / "bias", self.bias);
    }

    Matrix<Scalar> weight;  ///< k, C_out x (C_in I J): column (c I + i) J + j
    Vector<Scalar> bias;    ///< b, C_out

private:
    /// The steps in which kernel row i meets both planes: output t and input t + i - p.
    struct Overlap {
        Index output, input, count;
    };
    [[nodiscard]] Overlap overlap(Index i, Index steps) const noexcept {
        const Index shift = i - config_.window_time / 2;
        return {std::max<Index>(0, -shift), std::max<Index>(0, shift), steps - std::abs(shift)};
    }

    /// Calls function(o, tap, row, column) for each entry (row, column) of M_i on the band, with
    /// the column of the kernel that stands there.
    template <typename Function>
    void for_each_tap(Index i, Function&& function) const {
        const Index width = config_.width, window = config_.window_width, q = window / 2;
        for (Index o = 0; o < config_.out_channels; ++o) {
            for (Index c = 0; c < config_.in_channels; ++c) {
                for (Index j = 0; j < window; ++j) {
                    const Index tap = (c * config_.window_time + i) * window + j;
                    const Index first = std::max<Index>(0, q - j);
                    const Index last = std::min(width, width + q - j);
                    for (Index w = first; w < last; ++w)
                        function(o, tap, o * width + w, c * width + w + j - q);
                }
            }
        }
    }

    void make_band(Index i, Matrix<Scalar>& band) const {
        band.setZero(out(), in());
        for_each_tap(i, [&](Index o, Index tap, Index row, Index column) {
            band(row, column) = weight(o, tap);
        });
    }

    Conv2dSettings config_;
};

}  // namespace mgan::inline MGAN_ABI
