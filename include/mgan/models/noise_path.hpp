#pragma once
/// \file
/// What happens to the noise before a CARNN generator plays from it (section 3.2.1 of the paper).
///
///     z [T, B, Z]  ->  mapping network  ->  convolution  ->  w [T, B, Z]
///
///     mapped = Mapping(z)     the whole plane of a song as one vector; or mapped = z          (1)
///     w      = Conv(mapped)   one channel, I x I window, same padding; or w = mapped          (2)
///
/// Through (2) the step that is played hears the noise of the next steps, through (1) that of the
/// whole song. So w is computed for the song before its first event; the loop then reads w_t.
///
/// With a mapping network the plane has the length T that the network was built for; a shorter song
/// is the beginning of w. A longer one is played from windows of T steps that overlap by T / 4.
/// Each is mapped by itself; where two overlap, the mapped noise fades from one to the other:
///
///     window 1   |<------ T ------>|
///     window 2                |<------ T ------>|
///                             |T/4 |
///
///     fade_i    =  i / (T/4 + 1)      the share of window 2 at its step i <= T/4              (3)
///     mapped_t  =  (1 - fade_i) mapped_t of window 1  +  fade_i mapped_t of window 2
///
/// Both windows read the same noise where they overlap, and the convolution runs over the joined
/// plane: w has no seam.

#include <mgan/layers/conv2d.hpp>
#include <mgan/layers/mapping_network.hpp>

#include <utility>

namespace mgan::inline MGAN_ABI {

struct NoisePathSettings {
    Index noise = 4;           ///< Z
    Index mapping_layers = 0;  ///< 0: no mapping network; the paper's has 8
    Index plane_length = 0;    ///< T of the mapping network: the length of the songs
    Index convolution = 0;     ///< I, odd; 0: no convolution; the paper's is 5
};

template <typename Scalar>
class NoisePath {
public:
    using ScalarType = Scalar;

    struct Cache {
        typename MappingNetwork<Scalar>::Cache mapping;
        typename Conv2d<Scalar>::Cache convolution;
        Sequence<Scalar> mapped;    ///< the convolution's input, [T, B, Z]
        Sequence<Scalar> w;         ///< [T, B, Z]
        Sequence<Scalar> window;    ///< of a long song: the mapped noise of one window
        Sequence<Scalar> d_mapped;  ///< [T, B, Z]
    };

    NoisePath() = default;

    /// All parameters zero (see layers/initialisation.hpp). Throws ConfigError.
    explicit NoisePath(const NoisePathSettings& config) : config_(config) {
        require<ConfigError>(config.mapping_layers >= 0 && config.convolution >= 0,
                             "NoisePath: ", config.mapping_layers, " mapping layers, window ",
                             config.convolution, "; neither can be negative");
        require<ConfigError>(config.mapping_layers == 0 || config.plane_length > 0,
                             "NoisePath: a mapping network needs the length of the songs; set "
                             "plane_length (T)");
        if (config.mapping_layers > 0)
            mapping =
                MappingNetwork<Scalar>(config.plane_length, config.noise, config.mapping_layers);
        if (config.convolution > 0)
            convolution = Conv2d<Scalar>(
                Conv2dSettings{config.noise, 1, 1, config.convolution, config.convolution});
    }

    [[nodiscard]] const NoisePathSettings& settings() const noexcept { return config_; }
    [[nodiscard]] bool maps() const noexcept { return config_.mapping_layers > 0; }
    [[nodiscard]] bool convolves() const noexcept { return config_.convolution > 0; }
    /// Whether w is z itself.
    [[nodiscard]] bool empty() const noexcept { return !maps() && !convolves(); }

    /// Equations (1) and (2); not for an empty path. z: [T, B, Z]. Returns w, [T, B, Z], which
    /// lives in the cache. Throws ShapeError.
    const Sequence<Scalar>& forward(SequenceView<const Scalar> z, Cache& cache,
                                    int threads = 1) const {
        cache.w.resize(z.steps(), z.batch(), config_.noise);
        if (!convolves()) {
            mapping.forward(z, cache.w.view(), cache.mapping, threads);
            return cache.w;
        }
        cache.mapped.resize(z.steps(), z.batch(), config_.noise);
        if (maps()) {
            mapping.forward(z, cache.mapped.view(), cache.mapping, threads);
        } else {
            // A copy, so that the caller need not keep z for the backward pass.
            cache.mapped.all() = z.all();
        }
        convolution.forward(std::as_const(cache.mapped).view(), cache.w.view(), cache.convolution);
        return cache.w;
    }

    /// Steps that two windows of a long song share: T / 4 of equation (3).
    [[nodiscard]] Index overlap() const noexcept { return config_.plane_length / 4; }

    /// Equation (3): the `count` steps of `mapped` from `first` on fade into the first ones of
    /// `window`.
    static void fade_into(Sequence<Scalar>& mapped, Index first, const Sequence<Scalar>& window,
                          Index count) {
        for (Index i = 0; i < count; ++i) {
            const Scalar share = Scalar(static_cast<RealOf<Scalar>>(i + 1)) /
                                 Scalar(static_cast<RealOf<Scalar>>(count + 1));
            mapped.step(first + i) =
                (Scalar(1) - share) * mapped.step(first + i) + share * window.step(i);
        }
    }

    /// Steps of noise that a song of `length` steps needs.
    [[nodiscard]] Index plane_steps(Index length) const noexcept {
        const Index plane = config_.plane_length;
        if (!maps()) return length;
        if (length <= plane) return plane;
        const Index hop = plane - overlap();
        return plane + (length - plane + hop - 1) / hop * hop;
    }

    /// Equations (1) to (3) for playing a song of any length; there is no backward. z: [N, B, Z]
    /// with N from `plane_steps`. Returns w, [N, B, Z], which lives in the cache. Throws
    /// ShapeError.
    const Sequence<Scalar>& forward_long(SequenceView<const Scalar> z, Cache& cache) const {
        require<ShapeError>(
            plane_steps(z.steps()) == z.steps(), "NoisePath::forward_long: a plane of ", z.steps(),
            " steps; windows of ", config_.plane_length, " steps, each but the first ",
            config_.plane_length - overlap(), " further, need ", plane_steps(z.steps()));
        if (!maps() || z.steps() == config_.plane_length) return forward(z, cache);
        const Index plane = config_.plane_length, fade = overlap();
        Sequence<Scalar>& joined = convolves() ? cache.mapped : cache.w;
        Sequence<Scalar>& window = cache.window;
        joined.resize(z.steps(), z.batch(), config_.noise);
        window.resize(plane, z.batch(), config_.noise);
        for (Index first = 0; first + plane <= z.steps(); first += plane - fade) {
            mapping.forward(z.steps(first, plane), window.view(), cache.mapping);
            const Index shared = first == 0 ? 0 : fade;
            fade_into(joined, first, window, shared);
            joined.range(first + shared, plane - shared) = window.range(shared, plane - shared);
        }
        if (!convolves()) return cache.w;
        cache.w.resize(z.steps(), z.batch(), config_.noise);
        convolution.forward(std::as_const(cache.mapped).view(), cache.w.view(), cache.convolution);
        return cache.w;
    }

    /// dw: [T, B, Z]; dz: [T, B, Z], written, or an empty view; `gradients` is added to, or
    /// written.
    void backward(SequenceView<const Scalar> dw, SequenceView<Scalar> dz, Cache& cache,
                  NoisePath& gradients, Update update = Update::add, int threads = 1) const {
        if (!convolves()) {
            mapping.backward(dw, dz, cache.mapping, gradients.mapping, update, threads);
            return;
        }
        if (update == Update::assign) set_zero(gradients.convolution);
        if (!maps()) {
            convolution.backward(dw, dz, cache.convolution, gradients.convolution);
            return;
        }
        cache.d_mapped.resize(dw.steps(), dw.batch(), config_.noise);
        convolution.backward(dw, cache.d_mapped.view(), cache.convolution, gradients.convolution);
        mapping.backward(std::as_const(cache.d_mapped).view(), dz, cache.mapping, gradients.mapping,
                         update, threads);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        if (self.maps()) MappingNetwork<Scalar>::visit(self.mapping, visitor, prefix / "mapping.");
        if (self.convolves())
            Conv2d<Scalar>::visit(self.convolution, visitor, prefix / "convolution.");
    }

    MappingNetwork<Scalar> mapping;
    Conv2d<Scalar> convolution;

private:
    NoisePathSettings config_;
};

}  // namespace mgan::inline MGAN_ABI
