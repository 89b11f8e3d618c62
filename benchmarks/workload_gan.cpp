// W4: one step of C-RNN-GAN, with the functions that the trainer calls: G makes a batch, D learns
// from real and generated songs, then G learns through the D of this step. D sees the events
// unchanged (four features); no feature matching, no penalty.
//
// The learning rates are small, so that neither net wins during the measurement: a saturated D has
// gradients near zero, and such numbers change the time.

#include "flop.hpp"
#include "workload.hpp"

#include <mgan/optimisation/optimiser.hpp>
#include <mgan/training/adversarial_step.hpp>

#include <memory>

namespace {

using bench::Index;
using bench::Prepared;
using bench::Shape;
using mgan::Discriminator;
using mgan::Generator;

mgan::AdversarialSettings settings() {
    mgan::AdversarialSettings chosen;
    chosen.loss = mgan::GeneratorLoss::saturating;
    chosen.loss_weight = 1.0;
    chosen.pretrain_weight = 0.0;
    chosen.feature_matching = mgan::FeatureMatching::none;
    chosen.through_feedback = true;
    return chosen;
}

mgan::GeneratorSettings generator_settings(Index hidden) {
    mgan::GeneratorSettings config;
    config.hidden = config.head = hidden;
    return config;
}

mgan::DiscriminatorSettings discriminator_settings(Index hidden) {
    mgan::DiscriminatorSettings config;
    config.hidden = hidden;
    return config;
}

/// Events as they are, whatever they mean.
mgan::encoding::Codec plain_codec() {
    mgan::encoding::EncodingSettings options;
    options.normalisation = mgan::encoding::NormalisationKind::none;
    mgan::midi::Song song;
    song.notes = {{.onset = 0, .length = 96, .pitch = 60, .velocity = 80}};
    return mgan::encoding::Codec::fit(options, {&song, 1});
}

struct Game {
    using Work = mgan::AdversarialShard<float>;

    explicit Game(const Shape& shape)
        : generator(generator_settings(shape.hidden)),
          discriminator(discriminator_settings(shape.hidden)),
          shards(shape.batch, shape.threads),
          step_{chosen, mgan::PretrainLoss::mse, {false, false}, codec, shape.batch, penalties,
                mix} {
        mgan::initialise(generator, mgan::Random(1, "weights of G"));
        mgan::initialise(discriminator, mgan::Random(1, "weights of D"));
        const auto noise = bench::uniform(shape.steps, shape.batch, 4, 2);
        const auto target = bench::uniform(shape.steps, shape.batch, 4, 3);
        shards.for_each([&](mgan::Shard shard, Work& work) {
            mgan::copy_samples(noise, shard.begin, shard.end, work.inputs.noise);
            mgan::copy_samples(target, shard.begin, shard.end, work.inputs.target);
            work.inputs.first = work.inputs.target.step(0);
            work.inputs.styles.resize(static_cast<std::size_t>(shard.size()));
            work.feedback = mgan::CodecFeedback<float>(codec, {}, false);
            work.generator_gradient = generator;
            work.discriminator_gradient = discriminator;
        });
    }

    void step() {
        shards.for_each([&](mgan::Shard, Work& work) {
            work.losses = {};
            mgan::set_zero(work.discriminator_gradient);
            mgan::generate_songs(generator, step_, work);
            mgan::discriminator_pass(discriminator, step_, work, true);
        });
        norm_d = optimiser_d.step(discriminator, shards.sum([](Work & work) -> auto& {
            return work.discriminator_gradient;
        }),
                                  1e-3, "D", shards.threads());
        shards.for_each([&](mgan::Shard, Work& work) {
            mgan::set_zero(work.generator_gradient);
            mgan::generator_pass(generator, discriminator, step_, work, true);
        });
        norm_g = optimiser_g.step(
            generator, shards.sum([](Work & work) -> auto& { return work.generator_gradient; }),
            1e-3, "G", shards.threads());
    }

    static mgan::OptimiserSettings sgd() {
        return {.kind = mgan::OptimiserKind::sgd, .momentum = 0.0, .l2 = 1e-4, .clip = 0.0};
    }

    mgan::AdversarialSettings chosen = settings();
    mgan::encoding::Codec codec = plain_codec();
    Generator<float> generator;
    Discriminator<float> discriminator;
    bench::Shards<Work> shards;
    mgan::DiscriminatorSettings penalties;  // none
    mgan::Random mix{1, "mix"};
    mgan::AdversarialStep<float> step_;
    mgan::Optimiser<float> optimiser_g{sgd()}, optimiser_d{sgd()};
    double norm_g = 0.0, norm_d = 0.0;
};

Prepared w4(const Shape& s) {
    namespace flop = bench::flop;
    const Index columns = s.steps * s.batch;
    const double g = 3.0 * flop::head_forward(s.hidden, columns) +
                     flop::stack_forward(8, s.hidden, columns) +
                     flop::stack_backward(8, s.hidden, columns, true);
    // D on 2 B songs with its own gradient, then forward and dx, but no dW, on B songs.
    const double dense = flop::product(1, 2 * s.hidden, columns);
    const double d = flop::bilstm_forward(4, s.hidden, 3 * columns) +
                     flop::bilstm_backward(4, s.hidden, 2 * columns, false) +
                     flop::bilstm_backward_input(4, s.hidden, columns, true) + 8.0 * dense;
    const auto game = std::make_shared<Game>(s);
    return {[game] { game->step(); }, [game] { return std::min(game->norm_g, game->norm_d); },
            g + d, 0, 0.0};
}

}  // namespace

std::vector<bench::Workload> bench::gan_workloads() {
    return {{"W4", "step", {100, 20, 100}, w4}};
}
