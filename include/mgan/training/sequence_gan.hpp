#pragma once
/// \file
/// The GANs of the paper on sequences that are not music: sensors, prices, waves.
///
/// What is musical about the three is at their edges (what an event is, how a song sounds). Between
/// them stand nets that read and write [T, B, C], so here C channels of a recording take the place
/// of the features of a note:
///
///     G   generator.hpp: output feedback; with or without mapping network, convolution, attention
///     D   discriminator.hpp, on the channels; R1 keeps its slope small (gradient_penalty.hpp)
///     PF  pf_classifier.hpp, if wanted. Music's hears the sound of a song, that is, its spectrum.
///         Here it sees the spectrum of each channel, and nothing else:
///
///     a_k = sum_t x_t cos(2 pi k t / T),   b_k = sum_t x_t sin(2 pi k t / T)                  (1)
///     s_k = log(a_k^2 + b_k^2 + 1/100),    k = 0 .. T/2                                       (2)
///
/// First, if wanted, G is told each real event and learns the next one (the paper's pretraining):
///
///     L_G  = mean (y_t - r_t)^2,  told r_1 .. r_{t-1}                                         (3)
///
/// Then a step of the game, y being the sequences that G makes of noise and r real ones:
///
///     L_D  = mean -log D(r) - log(1 - D(y)),  plus R1                                         (4)
///     L_PF = mean -log PF(s(r)) - log(1 - PF(s(y)))                                           (5)
///     L_G  = mean -log D(y) - log PF(s(y)),  through the D and PF that have learned          (6)
///
/// Losses are written on a tape, on which each net is one node with its hand-written backward pass.
/// The first event that G is told is 1/2, the middle of a scaled channel.

#include <mgan/autodiff/operations.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/gradient_penalty.hpp>
#include <mgan/models/tape_adapter.hpp>
#include <mgan/optimisation/optimiser.hpp>
#include <mgan/training/sequence_tasks.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What is trained, and how. Sizes that follow from the data (features, plane_length, inputs) are
/// set by `SequenceGan`.
struct SequenceGanSettings {
    GeneratorSettings generator{.noise = 4, .hidden = 32, .head = 32};
    DiscriminatorSettings discriminator{
        .hidden = 24, .layers = 1, .minibatch_deviation = true, .r1 = 1.0};
    std::optional<PfClassifierSettings> classifier;  ///< PF; its `inputs` follow from the data
    Index batch = 64;
    double pretraining_rate = 3e-3, generator_rate = 1e-3, discriminator_rate = 1e-3;
    std::uint64_t seed = 1;
};

/// Losses (4) to (6) of a step, R1 left out.
struct SequenceGanLosses {
    double discriminator = 0.0, classifier = 0.0, generator = 0.0;
};

/// The cosines and then the sines of (1), a column for each k: T x 2 (T/2 + 1).
template <typename Scalar>
[[nodiscard]] Matrix<Scalar> spectrum_waves(Index steps) {
    const Index powers = steps / 2 + 1;
    Matrix<Scalar> waves(steps, 2 * powers);
    for (Index t = 0; t < steps; ++t) {
        for (Index k = 0; k < powers; ++k) {
            const double angle = 2.0 * 3.14159265358979323846 * static_cast<double>(t * k) /
                                 static_cast<double>(steps);
            waves(t, k) = Scalar(static_cast<RealOf<Scalar>>(std::cos(angle)));
            waves(t, powers + k) = Scalar(static_cast<RealOf<Scalar>>(std::sin(angle)));
        }
    }
    return waves;
}

/// Equations (1) and (2) with `spectrum_waves(T)`. x: C x (T B); returns C (T/2 + 1) x B.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> log_spectrum(const Variable<Scalar>& x,
                                            const Matrix<Scalar>& waves) {
    const Index steps = waves.rows(), powers = waves.cols() / 2;
    const Variable<Scalar> basis = x.tape("log_spectrum").constant(waves);
    std::vector<Variable<Scalar>> channels;
    for (Index c = 0; c < x.rows(); ++c) {
        const Variable<Scalar> channel = reshape(slice_rows(x, c, 1), x.cols() / steps, steps);
        const Variable<Scalar> square = pow(matmul(channel, basis), 2.0);
        channels.push_back(
            transpose(log(slice_columns(square, 0, powers) + slice_columns(square, powers, powers) +
                          Scalar(RealOf<Scalar>(0.01)))));
    }
    return concat_rows(std::span<const Variable<Scalar>>(channels));
}

/// A GAN on sequences. One thread.
class SequenceGan {
public:
    /// data: real sequences, [T, N, C], channels about 0 .. 1. Throws ConfigError, ShapeError.
    SequenceGan(Sequence<float> data, SequenceGanSettings settings)
        : data_(std::move(data)), settings_(completed(std::move(settings), data_)) {
        d_generator_ = generator_ = Generator<float>(settings_.generator);
        d_discriminator_ = discriminator_ = Discriminator<float>(settings_.discriminator);
        initialise(generator_, Random(settings_.seed, "sequence generator"));
        initialise(discriminator_, Random(settings_.seed, "sequence discriminator"));
        if (settings_.classifier) {
            d_classifier_ = classifier_ = PfClassifier<float>(*settings_.classifier);
            initialise(classifier_, Random(settings_.seed, "sequence classifier"));
            waves_ = spectrum_waves<float>(data_.steps());
        }
        first_ = Matrix<float>::Constant(data_.features(), settings_.batch, 0.5f);
        noise_.resize(data_.steps(), settings_.batch, settings_.generator.noise);
        samples_.resize(static_cast<std::size_t>(settings_.batch));
    }
    SequenceGan(const SequenceGan&) = delete;  // the nodes refer to the nets
    SequenceGan& operator=(const SequenceGan&) = delete;

    [[nodiscard]] const Generator<float>& generator() const noexcept { return generator_; }
    [[nodiscard]] const SequenceGanSettings& settings() const noexcept { return settings_; }

    /// One step of G alone, under teacher forcing, (3): returns the loss. Throws NumericalError.
    double pretrain() {
        take_real();
        set_zero(d_generator_);
        before_.resize(data_.features(), real_.steps() * settings_.batch);
        before_.leftCols(settings_.batch) = first_;
        const Index rest = before_.cols() - settings_.batch;
        before_.rightCols(rest) = real_.all().leftCols(rest);
        draw_noise(Random(settings_.seed, "sequence noise", steps_++));
        playing_.clear();
        const Var y = player_.record(
            {playing_.constant(noise_.all()), playing_.constant(before_)},
            {.steps = data_.steps(), .batch = settings_.batch, .teacher_forced = true});
        const Var loss = mean(pow(y - playing_.constant(real_.all()), 2.0));
        playing_.backward(loss);
        of_pretraining_.step(generator_, d_generator_, settings_.pretraining_rate,
                             "SequenceGan: pretraining");
        return static_cast<double>(loss.scalar());
    }

    /// One step of D (and PF), then of G, (4) to (6). Throws NumericalError.
    SequenceGanLosses step() {
        take_real();
        set_zero(d_generator_);
        set_zero(d_discriminator_);
        set_zero(d_classifier_);
        const Variable<float> y = play(Random(settings_.seed, "sequence noise", steps_++));
        SequenceGanLosses losses = learn_to_tell(y.value());
        losses.generator = learn_to_play(y);
        return losses;
    }

    /// As many sequences as wanted, [T, count, C]: a function of the nets and of `seed`.
    [[nodiscard]] Sequence<float> generate(Index count, std::uint64_t seed) {
        Sequence<float> played(data_.steps(), count, data_.features());
        for (Index n = 0; n < count; n += settings_.batch) {
            const Variable<float> y =
                play(Random(seed, "played sequences", static_cast<std::uint64_t>(n)));
            const Index wanted = std::min(settings_.batch, count - n);
            for (Index t = 0; t < played.steps(); ++t)
                played.step(t).middleCols(n, wanted) =
                    y.value().middleCols(t * settings_.batch, wanted);
        }
        return played;
    }

private:
    using Var = Variable<float>;

    static SequenceGanSettings completed(SequenceGanSettings settings,
                                         const Sequence<float>& data) {
        require<ConfigError>(settings.batch > 0, "SequenceGan: a batch of ", settings.batch);
        require<DataError>(!data.empty(), "SequenceGan: no sequences");
        settings.generator.features = settings.discriminator.features = data.features();
        if (settings.generator.mapping_layers > 0) settings.generator.plane_length = data.steps();
        if (settings.classifier)
            settings.classifier->inputs = data.features() * (data.steps() / 2 + 1);
        return settings;
    }

    [[nodiscard]] SequenceSize size() const noexcept { return {data_.steps(), settings_.batch}; }

    /// A batch of real sequences.
    void take_real() {
        const Random order(settings_.seed, "sequence samples", steps_);
        for (std::size_t b = 0; b < samples_.size(); ++b)
            samples_[b] = order.integer(b, static_cast<std::uint64_t>(data_.batch()));
        take_samples(data_, samples_, real_);
    }
    void draw_noise(const Random& random) {
        for (Index i = 0; i < noise_.size(); ++i)
            noise_.data()[i] =
                static_cast<float>(random.uniform(static_cast<std::uint64_t>(i), -1.0, 1.0));
    }

    /// Records G's sequences on a tape that is cleared first.
    Var play(const Random& random) {
        draw_noise(random);
        playing_.clear();
        return player_.record({playing_.constant(noise_.all()), playing_.constant(first_)},
                              {.steps = data_.steps(), .batch = settings_.batch});
    }

    /// (4), (5): D and PF learn.
    SequenceGanLosses learn_to_tell(const ConstMatrixRef<float>& generated) {
        judging_.clear();
        const Var r = judging_.constant(real_.all()), y = judging_.constant(generated);
        const Var told = mean(log(critic_.record(r, size())[0] + kFloor)) +
                         mean(log(1.0f + kFloor - critic_.record(y, size())[0]));
        Var loss = -told;
        SequenceGanLosses losses{.discriminator = static_cast<double>(loss.scalar())};
        if (settings_.classifier) {
            const Var heard = mean(softplus(-listener_.record(log_spectrum(r, waves_)))) +
                              mean(softplus(listener_.record(log_spectrum(y, waves_))));
            losses.classifier = static_cast<double>(heard.scalar());
            loss = loss + heard;
        }
        judging_.backward(loss);
        if (settings_.discriminator.r1 > 0.0) {
            penalty_.add(GradientPenalty::r1,
                         settings_.discriminator.r1 / (2.0 * static_cast<double>(settings_.batch)),
                         discriminator_, real_.view(), d_discriminator_);
        }
        of_discriminator_.step(discriminator_, d_discriminator_, settings_.discriminator_rate,
                               "SequenceGan: D");
        if (settings_.classifier)
            of_classifier_.step(classifier_, d_classifier_, settings_.discriminator_rate,
                                "SequenceGan: PF");
        return losses;
    }

    /// (6): G learns.
    double learn_to_play(const Var& y) {
        Var loss = -mean(log(fixed_critic_.record(y, size())[0] + kFloor));
        if (settings_.classifier)
            loss = loss + mean(softplus(-fixed_listener_.record(log_spectrum(y, waves_))));
        playing_.backward(loss);
        of_generator_.step(generator_, d_generator_, settings_.generator_rate, "SequenceGan: G");
        return static_cast<double>(loss.scalar());
    }

    static constexpr float kFloor = 1e-6f;  ///< logarithms of nothing less

    Sequence<float> data_;
    SequenceGanSettings settings_;
    Generator<float> generator_, d_generator_;
    Discriminator<float> discriminator_, d_discriminator_;
    PfClassifier<float> classifier_, d_classifier_;
    Optimiser<float> of_pretraining_, of_generator_, of_discriminator_, of_classifier_;
    DiscriminatorPenalty<float> penalty_;
    LayerOnTape<Generator<float>> player_{generator_, d_generator_};
    LayerOnTape<Discriminator<float>> critic_{discriminator_, d_discriminator_};
    LayerOnTape<Discriminator<float>> fixed_critic_{discriminator_};
    LayerOnTape<PfClassifier<float>> listener_{classifier_, d_classifier_};
    LayerOnTape<PfClassifier<float>> fixed_listener_{classifier_};
    Sequence<float> real_, noise_;
    Matrix<float> first_, before_, waves_;
    std::vector<std::size_t> samples_;
    std::uint64_t steps_ = 0;
    Tape<float> playing_, judging_;  // last: their nodes refer to all of the above
};

}  // namespace mgan::inline MGAN_ABI
