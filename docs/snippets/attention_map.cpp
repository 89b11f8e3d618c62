// Where a trained generator looks while it plays: the weights p_tj of docs/attention.md.
//
//     attention_map MODEL [map]       of a model with attention and numeric heads
//                                     (mgan train --preset numeric --variant carnn-gan)
//
// Without `map`: where the weight goes, over 20 songs. With it: one song, for the heat map of
// docs/pictures/attention-map.svg.

#include <mgan/generation/model_file.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <string_view>

namespace {

using mgan::Index;
constexpr Index kSteps = 64;

/// Plays song `number` of `model`; returns the weights of its first head, p(j, t), T x T.
mgan::Matrix<double> weights(const mgan::Model& model, std::uint64_t number) {
    const mgan::Generator<float>& generator = model.generator;
    const mgan::GeneratorSettings& config = generator.settings();
    const mgan::SongSampler<float> sampler{generator,
                                           model.codec,
                                           model.settings.encoding.context,
                                           model.styles,
                                           mgan::noise_range(model.settings.pretrain),
                                           model.settings.discriminator.quantise};
    const mgan::SongSource source = sampler.source(/*seed=*/1, number, kSteps);

    // The loop of the sampler, with a cache that remembers queries and keys.
    mgan::Matrix<float> first = mgan::Matrix<float>::Zero(config.features + config.context, 1);
    for (Index f = 0; f < config.features; ++f)
        first(f) = static_cast<float>(source.first[static_cast<std::size_t>(f)]);
    mgan::Sequence<float> z(generator.noise_path.plane_steps(kSteps), 1, config.noise);
    for (Index t = 0; t < z.steps(); ++t)
        for (Index f = 0; f < config.noise; ++f)
            z(t, 0, f) = static_cast<float>(
                sampler.noise.low +
                (sampler.noise.high - sampler.noise.low) *
                    source.noise[static_cast<std::size_t>(t * config.noise + f)]);
    mgan::CodecFeedback<float> feedback(model.codec, sampler.context, sampler.quantise);
    feedback.reset(std::span(&source.style, 1));
    feedback.write_first(first);
    mgan::Generator<float>::Cache cache;
    generator.forward(std::as_const(z).view(), first, cache, feedback, kSteps);

    const Index rows = config.hidden / config.attention_heads;  // H_k
    const auto q = cache.attention.queries.step(0).topRows(rows).cast<double>().eval();
    const auto k = cache.attention.keys.step(0).topRows(rows).cast<double>().eval();
    mgan::Matrix<double> p = mgan::Matrix<double>::Zero(kSteps, kSteps);
    for (Index t = 0; t < kSteps; ++t) {
        for (Index j = 0; j <= t; ++j) {
            p(j, t) = std::exp(q.col(t).cwiseProduct(k.col(j)).sum() /
                               std::sqrt(static_cast<double>(rows)));  // (2)
        }
        p.col(t) /= p.col(t).sum();  // (3)
    }
    return p;
}

}  // namespace

int main(int argc, char** argv) try {
    const mgan::Model model = mgan::load_model(argc > 1 ? argv[1] : "run/model.safetensors");
    if (model.generator.settings().attention_heads == 0) {
        std::printf("this model has no attention\n");
        return 0;
    }
    if (argc > 2 && std::string_view(argv[2]) == "map") {
        std::printf("t\tj\tp\n");
        const mgan::Matrix<double> p = weights(model, 0);
        for (Index t = 0; t < kSteps; ++t)
            for (Index j = 0; j <= t; ++j)
                std::printf("%d\t%d\t%.5f\n", static_cast<int>(t), static_cast<int>(j), p(j, t));
        return 0;
    }
    // Of the second half of each song: which share of the weight goes where?
    double itself = 0.0, recent = 0.0, top = 0.0, uniform_recent = 0.0, uniform_top = 0.0;
    constexpr int kSongs = 20;
    int count = 0;
    for (std::uint64_t song = 0; song < kSongs; ++song) {
        const mgan::Matrix<double> p = weights(model, song);
        for (Index t = kSteps / 2; t < kSteps; ++t, ++count) {
            itself += p(t, t);
            recent += p.col(t).segment(t - 7, 8).sum();
            mgan::Vector<double> sorted = p.col(t).head(t + 1);
            std::sort(sorted.data(), sorted.data() + sorted.size(), std::greater<>());
            top += sorted.head(4).sum();
            uniform_recent += 8.0 / static_cast<double>(t + 1);
            uniform_top += 4.0 / static_cast<double>(t + 1);
        }
    }
    std::printf("share of the weight, steps 33 to 64 of %d songs\n", kSongs);
    std::printf("on the last 8 steps      %3.0f %%   (if all weights were equal: %.0f %%)\n",
                100 * recent / count, 100 * uniform_recent / count);
    std::printf("on the 4 largest weights %3.0f %%   (if all weights were equal: %.0f %%)\n",
                100 * top / count, 100 * uniform_top / count);
    std::printf("on the step itself       %3.0f %%\n", 100 * itself / count);
    return 0;
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
