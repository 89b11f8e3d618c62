#pragma once
/// \file
/// How the recurrent judge learns: few steps, a rate that rises and falls, much variety.
///
/// Each step draws half of its windows from real and half from generated songs, at random places,
/// and transposes each by -6 to +5 semitones, so that the judge learns no key by heart. AdamW
/// (Loshchilov and Hutter 2019) is Adam with the decay taken apart from the gradient,
///
///     w = w - rate decay w - rate m^ / (sqrt(v^) + 1e-8)              m^, v^: see optimiser.hpp
///
/// and the rate follows one cycle (Smith and Topin 2018): from peak / 25 up to the peak over the
/// first 15 % of the steps, then down to almost nothing, each along half a cosine.

#include <mgan/judging/judge_network.hpp>
#include <mgan/layers/loss.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

struct JudgeTrainingOptions {
    int steps = 400;
    Index batch = 48;           ///< windows of a step, half of each side; even
    double rate = 2e-3;         ///< at the peak
    double decay = 1e-3;        ///< of the weights
    double greatest_norm = 5.;  ///< of the gradient
    JudgeNetworkSizes sizes;
};

/// The rate of step `step` (from 0) of `steps`.
[[nodiscard]] inline double one_cycle_rate(int step, int steps, double peak) noexcept {
    constexpr double kPi = 3.14159265358979323846;
    const auto cosine = [](double from, double to, double share) {
        return to + (from - to) * (1.0 + std::cos(kPi * share)) / 2.0;
    };
    const double top = std::max(1.0, 0.15 * steps - 1.0), last = std::max(top + 1.0, steps - 1.0);
    const double start = peak / 25.0;
    if (step <= top) return cosine(start, peak, step / top);
    return cosine(peak, start / 1e4, (step - top) / (last - top));
}

/// AdamW for one network.
template <typename Scalar>
class AdamW {
public:
    AdamW(double decay, double greatest_norm) : decay_(decay), greatest_norm_(greatest_norm) {}

    /// One step; `gradient` is cut to the greatest norm. Throws NumericalError if it is not finite.
    template <typename Model>
    void step(Model& model, Model& gradient, double rate) {
        const double norm = std::sqrt(squared_norm(gradient));
        require<NumericalError>(std::isfinite(norm), "the judge: a gradient is not finite");
        const auto cut = static_cast<Scalar>(norm > greatest_norm_ ? greatest_norm_ / norm : 1.0);
        const auto size = static_cast<std::size_t>(parameter_count(model));
        first_.resize(size, Scalar(0));
        second_.resize(size, Scalar(0));
        ++steps_;
        const auto b1 = Scalar(0.9), b2 = Scalar(0.999);
        const auto r = static_cast<Scalar>(rate / (1.0 - std::pow(0.9, steps_)));
        const auto v_scale = static_cast<Scalar>(1.0 / (1.0 - std::pow(0.999, steps_)));
        const auto keep = static_cast<Scalar>(1.0 - rate * decay_);
        std::size_t at = 0;
        for_each_pair(model, gradient, [&](const ParameterName&, auto& parameter, auto& g) {
            Scalar* w = parameter.data();
            for (Index i = 0; i < parameter.size(); ++i, ++at) {
                const Scalar d = cut * g(i);
                first_[at] = b1 * first_[at] + (Scalar(1) - b1) * d;
                second_[at] = b2 * second_[at] + (Scalar(1) - b2) * d * d;
                w[i] = keep * w[i] -
                       r * first_[at] / (std::sqrt(second_[at] * v_scale) + Scalar(1e-8));
            }
        });
    }

private:
    double decay_;
    double greatest_norm_;
    int steps_ = 0;
    AlignedVector<Scalar> first_, second_;
};

/// A network that has learned to tell `real` from `generated` songs (each of kWindow notes or
/// more), on one thread. The seed decides everything.
[[nodiscard]] inline JudgeNetwork<float> train_judge(const std::vector<JudgedSong>& real,
                                                     const std::vector<JudgedSong>& generated,
                                                     std::uint64_t seed,
                                                     const JudgeTrainingOptions& options = {}) {
    JudgeNetwork<float> network(options.sizes);
    initialise_judge(network, seed);
    JudgeNetwork<float> gradient(options.sizes);
    JudgeNetwork<float>::Cache cache;
    AdamW<float> optimiser(options.decay, options.greatest_norm);
    NoteFeatures<float> features;
    features.resize(static_cast<Index>(kWindow), options.batch);
    Matrix<float> d_logits(1, options.batch);
    const Random choice(seed, "judge windows"), dropout(seed, "judge dropout");
    for (int step = 0; step < options.steps; ++step) {
        const Random random = choice.at(static_cast<std::uint64_t>(step));
        for (Index b = 0; b < options.batch; ++b) {
            const auto& side = b < options.batch / 2 ? real : generated;
            const auto draw = 3 * static_cast<std::uint64_t>(b);
            const JudgedSong& song = side[random.integer(draw, side.size())];
            const int semitones = static_cast<int>(random.integer(draw + 1, 12)) - 6;
            write_features(random_window(song, random, draw + 2), semitones, b, features);
        }
        const Random mask = dropout.at(static_cast<std::uint64_t>(step));
        const ConstVectorMap<float> logits = network.forward(features, cache, &mask);
        for (Index b = 0; b < options.batch; ++b) {
            const float label = b < options.batch / 2 ? 1.0f : 0.0f;
            d_logits(0, b) = logit_cross_entropy(logits(b), label).derivative /
                             static_cast<float>(options.batch);
        }
        set_zero(gradient);
        network.backward(d_logits, features, cache, gradient, &mask);
        optimiser.step(network, gradient, one_cycle_rate(step, options.steps, options.rate));
    }
    return network;
}

/// The logits of windows of kWindow notes.
[[nodiscard]] inline std::vector<double> judge_windows(const JudgeNetwork<float>& network,
                                                       const std::vector<Window>& windows) {
    constexpr std::size_t kAtOnce = 48;
    JudgeNetwork<float>::Cache cache;
    NoteFeatures<float> features;
    std::vector<double> logits;
    for (std::size_t first = 0; first < windows.size(); first += kAtOnce) {
        const std::size_t count = std::min(kAtOnce, windows.size() - first);
        features.resize(static_cast<Index>(kWindow), static_cast<Index>(count));
        for (std::size_t b = 0; b < count; ++b)
            write_features(windows[first + b], 0, static_cast<Index>(b), features);
        const ConstVectorMap<float> some = network.forward(features, cache);
        for (std::size_t b = 0; b < count; ++b)
            logits.push_back(static_cast<double>(some(static_cast<Index>(b))));
    }
    return logits;
}

}  // namespace mgan::inline MGAN_ABI::judging
