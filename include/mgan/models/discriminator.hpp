#pragma once
/// \file
/// The discriminator (section 3.1.2 of the paper): is this song real?
///
///     h = BiLSTM(x)                          [T, B, 2H], two stacked layers
///     a_t = W [h_t ; spread] + b             one number a step, the same W for every step     (1)
///     p_t = sigmoid(a_t)                     the probability that x is real, seen from step t (2)
///     D(x) = 1/T sum_t p_t                   the average over the song                        (3)
///
/// `spread` is the minibatch standard deviation (Karras et al. 2018), off by default: how much the
/// songs of the batch differ, so that a generator whose songs are all alike gives itself away. With
/// the averages over time pooled_b = 1/T sum_t h_tb and their mean over the batch,
///
///     sigma_i^2 = 1/B sum_b (pooled_ib - mean_i)^2 + 1e-8,    spread = 1/(2H) sum_i sigma_i   (4)
///
/// Backward, given dD for each song: da_t = dD p_t (1 - p_t) / T, then (1) backward, then the
/// BiLSTM. The features h (for feature matching) can receive a gradient of their own.

#include <mgan/layers/activation.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/models/discriminator_settings.hpp>
#include <mgan/models/parameter_count.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class Discriminator {
public:
    using ScalarType = Scalar;

    struct Cache {
        typename BiLstm<Scalar>::Cache bilstm;
        typename Dense<Scalar>::Cache output;
        SequenceView<const Scalar> features;  ///< h, [T, B, 2H]
        Sequence<Scalar> dense_input;         ///< [h_t ; spread], only with minibatch deviation
        Sequence<Scalar> probability;         ///< p_t, [T, B, 1]
        Vector<Scalar> decision;              ///< D(x), B
        Matrix<Scalar> pooled;                ///< averages over time, 2H x B
        Vector<Scalar> mean, deviation;       ///< of the pooled features over the batch, 2H

        Sequence<Scalar> d_logit;        ///< da_t, [T, B, 1]
        Sequence<Scalar> d_dense_input;  ///< only with minibatch deviation
        Sequence<Scalar> d_features;     ///< dh, [T, B, 2H]
    };

    Discriminator() = default;
    explicit Discriminator(const DiscriminatorSettings& config)
        : bilstm(possible(config).features, config.hidden, config.layers),
          output(2 * config.hidden + (config.minibatch_deviation ? 1 : 0), 1),
          config_(config) {}

    [[nodiscard]] const DiscriminatorSettings& settings() const noexcept { return config_; }

    /// x: [T, B, F], kept until backward is done. Returns D(x), one number a song, which lives in
    /// the cache. Throws ShapeError.
    const Vector<Scalar>& forward(SequenceView<const Scalar> x, Cache& cache) const {
        // Not `require`: its arguments, texts on the heap, would be made in every step.
        if (x.steps() <= 0 || x.batch() <= 0)
            fail<ShapeError>("Discriminator::forward: x is empty, ", x.shape());
        cache.features = bilstm.forward(x, cache.bilstm).view();
        SequenceView<const Scalar> input = cache.features;
        if (config_.minibatch_deviation) {
            append_deviation(cache);
            input = std::as_const(cache.dense_input).view();
        }
        cache.probability.resize(x.steps(), x.batch(), 1);
        output.forward(input.all(), cache.probability.all());
        activate<Scalar>(Activation::sigmoid, cache.probability.all());
        cache.decision.setZero(x.batch());
        for (Index t = 0; t < x.steps(); ++t)
            cache.decision += cache.probability.step(t).row(0).transpose();
        cache.decision /= Scalar(static_cast<RealOf<Scalar>>(x.steps()));
        return cache.decision;
    }

    /// d_decision: dD, one number a song. dx: [T, B, F], written, or empty. `gradients` is added
    /// to. `d_features`, [T, B, 2H], may be empty: a further gradient of the features h.
    void backward(const Vector<Scalar>& d_decision, SequenceView<Scalar> dx, Cache& cache,
                  Discriminator& gradients, SequenceView<const Scalar> d_features = {}) const {
        run_backward(d_decision, dx, cache, &gradients, d_features);
    }

    /// The gradient of the input alone: what the generator learns from.
    void backward_through(const Vector<Scalar>& d_decision, SequenceView<Scalar> dx, Cache& cache,
                          SequenceView<const Scalar> d_features = {}) const {
        run_backward(d_decision, dx, cache, nullptr, d_features);
    }

    /// The same from da_t ([T, B, 1]), the gradient of the logits (1), instead of dD. `gradients`
    /// may be null.
    void backward_logits(SequenceView<const Scalar> d_logit, SequenceView<Scalar> dx, Cache& cache,
                         Discriminator* gradients) const {
        check_shape("Discriminator::backward_logits", "d_logit", "steps", d_logit.steps(),
                    cache.probability.steps(), "T");
        check_shape("Discriminator::backward_logits", "d_logit", "songs", d_logit.batch(),
                    cache.probability.batch(), "B");
        cache.d_logit.resize(d_logit.steps(), d_logit.batch(), 1);
        cache.d_logit.all() = d_logit.all();
        run_backward(dx, cache, gradients, {});
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        BiLstm<Scalar>::visit(self.bilstm, visitor, prefix / "bilstm.");
        Dense<Scalar>::visit(self.output, visitor, prefix / "output.");
    }

    BiLstm<Scalar> bilstm;
    Dense<Scalar> output;

private:
    void run_backward(const Vector<Scalar>& d_decision, SequenceView<Scalar> dx, Cache& cache,
                      Discriminator* gradients, SequenceView<const Scalar> d_features) const {
        const Index steps = cache.probability.steps(), batch = cache.probability.batch();
        require<ShapeError>(d_decision.size() == batch, "Discriminator::backward: d_decision has ",
                            d_decision.size(), " entries for ", batch, " songs");
        if (!d_features.empty() && (d_features.steps() != steps || d_features.batch() != batch ||
                                    d_features.features() != cache.features.features())) {
            fail<ShapeError>("Discriminator::backward: d_features is ", d_features.shape(),
                             ", expected ", cache.features.shape());
        }
        cache.d_logit.resize(steps, batch, 1);
        const Scalar share = Scalar(1) / Scalar(static_cast<RealOf<Scalar>>(steps));
        for (Index t = 0; t < steps; ++t)
            cache.d_logit.step(t).row(0) = share * d_decision.transpose();
        activate_backward<Scalar>(Activation::sigmoid, cache.probability.all(),
                                  cache.d_logit.all());
        run_backward(dx, cache, gradients, d_features);
    }

    /// From da_t in the cache down to the input.
    void run_backward(SequenceView<Scalar> dx, Cache& cache, Discriminator* gradients,
                      SequenceView<const Scalar> d_features) const {
        const Index steps = cache.probability.steps(), batch = cache.probability.batch();
        output.prepare_backward(cache.output);
        cache.d_features.resize(steps, batch, cache.features.features());
        if (config_.minibatch_deviation) {
            if (gradients != nullptr)
                output.backward_parameters(cache.dense_input.all(), cache.d_logit.all(),
                                           gradients->output);
            cache.d_dense_input.resize(steps, batch, cache.dense_input.features());
            output.backward_input(cache.d_logit.all(), cache.output, cache.d_dense_input.all());
            deviation_backward(cache);
        } else {
            if (gradients != nullptr)
                output.backward_parameters(cache.features.all(), cache.d_logit.all(),
                                           gradients->output);
            output.backward_input(cache.d_logit.all(), cache.output, cache.d_features.all());
        }
        if (!d_features.empty()) cache.d_features.all() += d_features.all();
        const SequenceView<const Scalar> d_bilstm = std::as_const(cache.d_features).view();
        if (gradients != nullptr) {
            bilstm.backward(d_bilstm, dx, cache.bilstm, gradients->bilstm);
        } else {
            bilstm.backward_through(d_bilstm, dx, cache.bilstm);
        }
    }

    static constexpr double kVarianceFloor = 1e-8;

    /// Equation (4), and [h_t ; spread].
    void append_deviation(Cache& cache) const {
        using std::sqrt;
        const Index steps = cache.features.steps(), batch = cache.features.batch(),
                    width = cache.features.features();
        cache.pooled.setZero(width, batch);
        for (Index t = 0; t < steps; ++t) cache.pooled += cache.features.step(t);
        cache.pooled /= Scalar(static_cast<RealOf<Scalar>>(steps));
        cache.mean.resize(width);
        cache.deviation.resize(width);
        Scalar spread(0);
        for (Index i = 0; i < width; ++i) {
            cache.mean(i) = cache.pooled.row(i).sum() / Scalar(static_cast<RealOf<Scalar>>(batch));
            Scalar variance(0);
            for (Index b = 0; b < batch; ++b) {
                const Scalar e = cache.pooled(i, b) - cache.mean(i);
                variance += e * e;
            }
            variance /= Scalar(static_cast<RealOf<Scalar>>(batch));
            cache.deviation(i) =
                sqrt(variance + Scalar(static_cast<RealOf<Scalar>>(kVarianceFloor)));
            spread += cache.deviation(i);
        }
        spread /= Scalar(static_cast<RealOf<Scalar>>(width));
        cache.dense_input.resize(steps, batch, width + 1);
        cache.dense_input.all().topRows(width) = cache.features.all();
        cache.dense_input.all().row(width).setConstant(spread);
    }

    /// (4) backward, where the derivative of the mean sums to zero:
    ///
    ///     dspread    = sum of the last row of d[h_t ; spread]
    ///     dpooled_ib = dspread / (2H) (pooled_ib - mean_i) / (B sigma_i)
    ///     dh_tb     += dpooled_b / T
    void deviation_backward(Cache& cache) const {
        const Index steps = cache.features.steps(), batch = cache.features.batch(),
                    width = cache.features.features();
        cache.d_features.all() = cache.d_dense_input.all().topRows(width);
        const Scalar d_spread = cache.d_dense_input.all().row(width).sum();
        const Scalar scale = d_spread / Scalar(static_cast<RealOf<Scalar>>(width * batch * steps));
        for (Index t = 0; t < steps; ++t) {
            for (Index b = 0; b < batch; ++b) {
                for (Index i = 0; i < width; ++i) {
                    cache.d_features(t, b, i) +=
                        scale * (cache.pooled(i, b) - cache.mean(i)) / cache.deviation(i);
                }
            }
        }
    }

    DiscriminatorSettings config_;
};

}  // namespace mgan::inline MGAN_ABI
