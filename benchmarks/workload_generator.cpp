// W3 and W5: a training step of a generator against fixed targets; squared error, SGD.

#include "flop.hpp"
#include "workload.hpp"

#include <mgan/layers/loss.hpp>
#include <mgan/models/generator.hpp>
#include <mgan/optimisation/optimiser.hpp>
#include <mgan/training/batch_noise.hpp>

#include <memory>

namespace {

using bench::Index;
using bench::Prepared;
using bench::Shape;
using mgan::Generator;

struct Training {
    struct Work {
        mgan::Sequence<float> noise, w, before, target, d_event;
        mgan::Matrix<float> first;
        Generator<float>::Cache cache;
        Generator<float> gradient;
    };

    Training(const mgan::GeneratorSettings& config, const Shape& shape)
        : generator(config),
          shards(shape.batch, shape.threads),
          share(1.0f / static_cast<float>(shape.steps * shape.batch)) {
        mgan::initialise(generator, mgan::Random(1, "weights"));
        const auto noise = bench::uniform(shape.steps, shape.batch, 4, 2);
        const auto before = bench::uniform(shape.steps, shape.batch, 4, 3);
        const auto target = bench::uniform(shape.steps, shape.batch, 4, 4);
        shards.for_each([&](mgan::Shard shard, Work& work) {
            mgan::copy_samples(noise, shard.begin, shard.end, work.noise);
            mgan::copy_samples(before, shard.begin, shard.end, work.before);
            mgan::copy_samples(target, shard.begin, shard.end, work.target);
            work.first = work.before.step(0);
            work.gradient = generator;
            work.gradient.noise_path = {};
        });
        noise_gradient = generator.noise_path;
        batch_noise.resize(shape.steps, shape.batch, config.noise);
        if (path)
            shards.for_each(
                [&](mgan::Shard shard, Work& work) { batch_noise.put(shard, work.noise); });
    }

    void step(bool feedback) {
        // The noise path is run for the whole batch, as mgan::Trainer does.
        if (path) batch_noise.forward(generator, shards.threads());
        shards.for_each([&](mgan::Shard shard, Work& work) {
            mgan::set_zero(work.gradient);
            mgan::GeneratorNoise<float> noise = std::as_const(work.noise).view();
            if (path) {
                batch_noise.get(shard, work.w);
                noise.w = std::as_const(work.w).view();
            }
            const mgan::Sequence<float>& y =
                feedback ? generator.forward(noise, work.first, work.cache)
                         : generator.forward_teacher_forced(
                               noise, std::as_const(work.before).view(), work.cache);
            work.d_event.resize(y.steps(), y.batch(), y.features());
            (void)mgan::squared_error<float>(y.all(), work.target.all(), share, work.d_event.all());
            generator.backward(std::as_const(work.d_event).view(), work.cache, work.gradient,
                               feedback);
            if (path) batch_noise.collect(shard, work.cache);
        });
        Generator<float>& sum =
            shards.sum([](Work& work) -> Generator<float>& { return work.gradient; });
        if (path) batch_noise.backward(generator, noise_gradient, shards.threads());
        std::swap(sum.noise_path, noise_gradient);
        norm = optimiser.step(generator, sum, 0.1, "benchmark", shards.threads());
        std::swap(sum.noise_path, noise_gradient);
    }

    Generator<float> generator;
    bool path = !generator.noise_path.empty();
    mgan::BatchNoise<float> batch_noise;
    mgan::NoisePath<float> noise_gradient;
    bench::Shards<Work> shards;
    mgan::Optimiser<float> optimiser{
        {.kind = mgan::OptimiserKind::sgd, .momentum = 0.0, .l2 = 0.0, .clip = 0.0}};
    float share;
    double norm = 0.0;
};

Prepared prepare(const mgan::GeneratorSettings& config, const Shape& shape, bool feedback,
                 double flop) {
    const auto work = std::make_shared<Training>(config, shape);
    return {[work, feedback] { work->step(feedback); }, [work] { return work->norm; }, flop, 0,
            0.0};
}

/// LSTM stack and head, with the gradient of the input, in which the feedback is.
double recurrent_flop(const Shape& s) {
    namespace flop = bench::flop;
    const Index columns = s.steps * s.batch;
    return flop::stack_forward(8, s.hidden, columns) +
           flop::stack_backward(8, s.hidden, columns, true) +
           3.0 * flop::head_forward(s.hidden, columns);
}

Prepared w3(const Shape& s, bool feedback) {
    mgan::GeneratorSettings config;
    config.hidden = config.head = s.hidden;
    return prepare(config, s, feedback, recurrent_flop(s));
}

Prepared w5(const Shape& s) {
    namespace flop = bench::flop;
    mgan::GeneratorSettings config = mgan::carnn_settings(s.steps);
    config.hidden = config.head = s.hidden;
    const Index plane = 4 * s.steps;
    // Nobody needs the gradient of the noise itself: the first layer's dx is not counted.
    const double mapping = (3.0 * 8.0 - 1.0) * flop::product(plane, plane, s.batch);
    const double convolution = 3.0 * flop::product(25, plane, s.batch);
    const double attention = 3.0 * flop::attention_forward(s.hidden, s.steps, s.batch);
    Prepared prepared =
        prepare(config, s, true, recurrent_flop(s) + mapping + convolution + attention);
    namespace traffic = bench::traffic;
    const Index shard = std::min(s.batch, bench::shard_songs(bench::kShardSongs));
    prepared.traffic = {
        traffic::weights("weights of the mapping network",
                         8.0 * static_cast<double>(plane) * static_cast<double>(plane), 1),
        traffic::attention_forward(s.hidden, s.steps, s.batch, shard),
        traffic::attention_backward(s.hidden, s.steps, s.batch, shard,
                                    mgan::Attention<float>::kBlockSteps),
        // Two layers of LSTM: four gates, cell, output; attention: query, key, value, output; ReLU.
        traffic::saved(static_cast<double>((2 * 6 + 4 + 1) * s.hidden), s.steps, s.batch, shard)};
    return prepared;
}

}  // namespace

std::vector<bench::Workload> bench::generator_workloads() {
    const Shape shape{100, 20, 100}, longer{250, 20, 100};
    return {{"W3", "step", shape, [](const Shape& s) { return w3(s, true); }},
            {"W3", "step, teacher forcing", shape, [](const Shape& s) { return w3(s, false); }},
            {"W5", "step", shape, w5},
            {"W5", "step", longer, w5}};
}
