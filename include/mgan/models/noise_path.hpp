#pragma once
/// \file
/// What happens to the noise before a CARNN generator plays from it (section 3.2.1 of the paper).
///
///     z [T, B, Z]  ->  mapping network  ->  convolution  ->  w [T, B, Z]
///
///     z' = Mapping(z)        the whole plane of a song as one vector; or z' = z            (1)
///     w  = Conv(z')          one channel, I x I window, same padding; or w = z'            (2)
///
/// Through (2) the step that is played hears of the noise of the steps to come, through (1) of the
/// whole song. So w is computed for the song before its first event; the loop then reads w_t.
///
/// With a mapping network the plane has the length that the network was built for; a shorter song
/// is the beginning of w.

#include <mgan/layers/conv2d.hpp>
#include <mgan/layers/mapping_network.hpp>

namespace mgan::inline MGAN_ABI {

struct NoisePathConfig {
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
        Sequence<Scalar> mapped;    ///< z', the convolution's input: [T, B, Z]
        Sequence<Scalar> w;         ///< [T, B, Z]
        Sequence<Scalar> d_mapped;  ///< [T, B, Z]
    };

    NoisePath() = default;

    /// All parameters zero (see layers/initialisation.hpp). Throws ConfigError.
    explicit NoisePath(const NoisePathConfig& config) : config_(config) {
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
                Conv2dConfig{config.noise, 1, 1, config.convolution, config.convolution});
    }

    [[nodiscard]] const NoisePathConfig& config() const noexcept { return config_; }
    [[nodiscard]] bool maps() const noexcept { return config_.mapping_layers > 0; }
    [[nodiscard]] bool convolves() const noexcept { return config_.convolution > 0; }
    /// Whether w is z itself.
    [[nodiscard]] bool empty() const noexcept { return !maps() && !convolves(); }

    /// Equations (1) and (2); not for an empty path. z: [T, B, Z]. Returns w, [T, B, Z], which
    /// lives in the cache. Throws ShapeError.
    const Sequence<Scalar>& forward(SequenceView<const Scalar> z, Cache& cache) const {
        cache.w.resize(z.steps(), z.batch(), config_.noise);
        if (!convolves()) {
            mapping.forward(z, cache.w.view(), cache.mapping);
            return cache.w;
        }
        cache.mapped.resize(z.steps(), z.batch(), config_.noise);
        if (maps()) {
            mapping.forward(z, cache.mapped.view(), cache.mapping);
        } else {
            // A copy, so that the caller need not keep z for the backward pass.
            cache.mapped.all() = z.all();
        }
        convolution.forward(std::as_const(cache.mapped).view(), cache.w.view(), cache.convolution);
        return cache.w;
    }

    /// dw: [T, B, Z]; dz: [T, B, Z], written, or an empty view; `gradients` is added to.
    void backward(SequenceView<const Scalar> dw, SequenceView<Scalar> dz, Cache& cache,
                  NoisePath& gradients) const {
        if (!convolves()) {
            mapping.backward(dw, dz, cache.mapping, gradients.mapping);
            return;
        }
        if (!maps()) {
            convolution.backward(dw, dz, cache.convolution, gradients.convolution);
            return;
        }
        cache.d_mapped.resize(dw.steps(), dw.batch(), config_.noise);
        convolution.backward(dw, cache.d_mapped.view(), cache.convolution, gradients.convolution);
        mapping.backward(std::as_const(cache.d_mapped).view(), dz, cache.mapping,
                         gradients.mapping);
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
    NoisePathConfig config_;
};

}  // namespace mgan::inline MGAN_ABI
