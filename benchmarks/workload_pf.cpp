// W6: a training step of the PF classifier on waveforms, with the gradient down to the waveform:
// 2^17 samples a song -> FFT -> 5000 bins -> 1000 -> 500 -> 2 BiLSTM layers over T = 500 steps of
// one value -> sigmoid; -log F(x), SGD. The wide layer's gradient is formed once for all shards, in
// blocks of rows, as mgan::wide_gradients does in a training.

#include "flop.hpp"
#include "workload.hpp"

#ifdef MGAN_HAS_FFTW

#include <mgan/audio/frequency_converter.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/models/pf_classifier.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <memory>

namespace {

using bench::Index;
using bench::Prepared;
using bench::Shape;
using mgan::PfClassifier;

constexpr Index kSamples = Index{1} << 17;
constexpr double kSeconds = 62.83185307179586;  // bins of 0.1 rad/s: 5000 within +-250 rad/s

mgan::PfClassifierSettings configuration(const Shape& shape) {
    mgan::PfClassifierSettings config;
    config.steps = shape.steps;
    config.hidden = shape.hidden;
    return config;
}

struct Listening {
    struct Work {
        mgan::Matrix<float> waveforms, d_waveforms, spectra, d_spectra, d_logit;
        mgan::FrequencyConverter<float>::Cache ear;
        PfClassifier<float>::Cache cache;
        mgan::PfHead<float> gradient;
    };

    explicit Listening(const Shape& shape)
        : converter({}, kSamples, static_cast<double>(kSamples) / kSeconds),
          classifier(configuration(shape)),
          shards(shape.batch, shape.threads),
          share(1.0f / static_cast<float>(shape.batch)),
          threads(shape.threads) {
        mgan::initialise(classifier, mgan::Random(1, "weights"));
        gradient = classifier;
        shards.for_each([&](mgan::Shard shard, Work& work) {
            const auto noise = bench::uniform(1, shard.size(), kSamples,
                                              static_cast<std::uint64_t>(2 + shard.begin), -1, 1);
            work.waveforms = noise.step(0);
            work.d_waveforms.resize(kSamples, shard.size());
            work.spectra.resize(converter.values(), shard.size());
            work.d_spectra.resize(converter.values(), shard.size());
            work.d_logit.resize(1, shard.size());
            work.gradient = classifier.head;
        });
        converter.set_scale(converter.fit(shards.work[0].waveforms));
    }

    void step() {
        shards.for_each([&](mgan::Shard, Work& work) {
            mgan::set_zero(work.gradient);
            converter.forward(work.waveforms, work.spectra, work.ear);
            const mgan::Matrix<float>& logit = classifier.forward(work.spectra, work.cache);
            for (Index b = 0; b < logit.cols(); ++b) {
                work.d_logit(0, b) =
                    share * mgan::logit_cross_entropy(logit(0, b), 1.0f).derivative;
            }
            classifier.backward_head(work.d_logit, work.cache, work.gradient);
            classifier.backward_input(work.cache, work.d_spectra);
            converter.backward(work.d_spectra, work.d_waveforms, work.ear);
        });
        wide_gradient();
        gradient.head =
            shards.sum([](Work& work) -> mgan::PfHead<float>& { return work.gradient; });
        norm = optimiser.step(classifier, gradient, 1e-3, "benchmark", threads);
    }

    void wide_gradient() {
        constexpr Index kRows = 64;
        const Index rows = gradient.wide.out();
        mgan::parallel_for(mgan::shard_count(rows, kRows), threads, [&](std::ptrdiff_t block) {
            const Index begin = block * kRows, count = std::min(kRows, rows - begin);
            gradient.wide.weight.middleRows(begin, count).setZero();
            gradient.wide.bias.segment(begin, count).setZero();
            for (const Work& work : shards.work) {
                PfClassifier<float>::wide_gradient(work.spectra, work.cache, begin, count,
                                                   gradient.wide);
            }
        });
    }

    mgan::FrequencyConverter<float> converter;
    PfClassifier<float> classifier, gradient;
    bench::Shards<Work> shards;
    mgan::Optimiser<float> optimiser{
        {.kind = mgan::OptimiserKind::sgd, .momentum = 0.0, .l2 = 0.0, .clip = 0.0}};
    float share;
    int threads;
    double norm = 0.0;
};

std::vector<bench::Traffic> traffic_of(const Shape& s) {
    namespace traffic = bench::traffic;
    const Index shard = std::min(s.batch, bench::shard_songs(bench::kShardSongs));
    const auto sound = static_cast<double>(kSamples * shard) * traffic::kFloat;
    return {traffic::weights("weights of the wide layer", 5000.0 * 1000.0,
                             mgan::shard_count(s.batch, shard)),
            // Waveform and spectrum, each written, read and written: there and back.
            {"waveforms", 2.0 * 8.0 * sound * static_cast<double>(s.batch / shard), 2.0 * sound},
            // Two layers of two directions: four gates, cell, output.
            traffic::saved(static_cast<double>(2 * 2 * 6 * s.hidden), s.steps, s.batch, shard)};
}

Prepared w6(const Shape& s) {
    namespace flop = bench::flop;
    const mgan::PfClassifierSettings config = configuration(s);
    const Index columns = s.steps * s.batch, width = 500 / s.steps;
    const double dense = flop::product(5000, 1000, s.batch) + flop::product(1000, 500, s.batch);
    const double work = 3.0 * dense + flop::bilstm_forward(width, config.hidden, columns) +
                        flop::bilstm_backward(width, config.hidden, columns, true);
    const auto listening = std::make_shared<Listening>(s);
    return {[listening] { listening->step(); },
            [listening] {
                const double down = static_cast<double>(
                    listening->shards.work[0].d_waveforms.cwiseAbs().maxCoeff());
                return down > 0.0 ? listening->norm : 0.0;
            },
            work,
            0,
            0.0,
            traffic_of(s)};
}

}  // namespace

std::vector<bench::Workload> bench::pf_workloads() {
    return {{"W6", "step", {500, 20, 100}, w6}};
}

#else

std::vector<bench::Workload> bench::pf_workloads() {
    return {};
}

#endif
