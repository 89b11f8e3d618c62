// How a generator with step heads learns from candidates, equations (4), (5) and (7) of
// training/step_minibatch.hpp: its gradient against differences of its loss.

#include <mgan/dataset/data_set.hpp>
#include <mgan/training/step_discriminator_pass.hpp>
#include <mgan/training/step_generator_pass.hpp>

#include <support/catch.hpp>
#include <training/arpeggios.hpp>
#include <training/small_step_settings.hpp>

#include <cmath>
#include <numeric>
#include <vector>

using namespace mgan;

namespace {

/// A roll-out of a small generator, in double, with made-up judgements of D and F.
struct RollOut {
    static constexpr Index kSongs = 3;
    const std::vector<std::size_t> moments = {1, 4, 5, 11};

    explicit RollOut(Variant variant, bool hears)
        : settings(make_settings(variant)),
          songs(data_set_of(mgan_test::arpeggios(6))),
          data(settings, songs.view(), {all(), {}, {}}),
          generator_pass(settings, data),
          discriminator_pass(settings, data),
          net(data.shape, settings.step_generator_settings()) {
        initialise_steps(net, Random(1, "weights"));
        if (!net.noise_path.empty() && settings.generator.mapping_layers > 0)
            initialise_mapping(net.noise_path.mapping, Random(1, "mapping"));
        shard.listener.emplace_back(data.vocabulary, data.scale);
        shard.meter.emplace_back(data.vocabulary);
        discriminator =
            StepDiscriminator<double>(data.shape, settings.step_discriminator_settings());
        initialise_steps(discriminator, Random(2, "weights"));
        const StepBand<double> band{&net, &discriminator, &data.vocabulary, &data.scale};
        generator_pass.play(band, Random(3, "roll-out"), {0, kSongs}, kSongs,
                            settings.adversarial.candidates, shard);
        const Random judgements(4, "judgements");
        for (std::size_t i = 0; i < shard.weights.size(); ++i)
            shard.weights[i] = judgements.uniform(i);
        if (hears) shard.sounds_real = {2.0, -0.5, -7.0};
        shard.generator_gradient = net;
        set_zero(shard.generator_gradient);
        shard.discriminator_gradient = discriminator;
    }

    static Settings make_settings(Variant variant) {
        Settings settings = mgan_test::small_step_settings(variant);
        settings.length = 12;
        settings.adversarial.candidates = 3;
        settings.adversarial.lambda = 0.7;
        settings.discriminator.dropout = 0.0;
        settings.generator.input = settings.generator.hidden = settings.generator.head = 6;
        return settings;
    }
    [[nodiscard]] std::vector<std::size_t> all() const {
        std::vector<std::size_t> part(songs.songs.size());
        std::iota(part.begin(), part.end(), std::size_t{0});
        return part;
    }

    double loss() { return generator_pass.improve(net, moments, kSongs, 0.4, sound, shard); }

    /// That of D on these songs and as many real ones.
    double loss_of_discriminator() {
        const std::vector<std::size_t> real = {4, 0, 2};
        discriminator_pass.learn(discriminator, data.train, real, StepDraw{"crops", 1}, {0, kSongs},
                                 kSongs, true, shard);
        return shard.losses.loss_d;
    }

    Settings settings;
    DataSet songs;
    StepData data;
    StepGeneratorPass<double> generator_pass;
    StepDiscriminatorPass<double> discriminator_pass;
    StepGenerator<double> net;
    StepDiscriminator<double> discriminator;
    StepShard<double> shard;
    SoundScale sound{-1.8, 4.0};
};

/// The gradient of `loss()` by the parameters of `net` against differences, one parameter in 29.
template <typename Net, typename Loss>
void check_by_differences(Net& net, const AlignedVector<double>& gradient, Loss&& loss) {
    double largest = 0.0;
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
    CHECK(largest > 1e-4);
    std::size_t place = 0, tried = 0;
    for_each_parameter(net, [&](const ParameterName& name, auto& weights) {
        for (Index i = 0; i < weights.size(); ++i, ++place) {
            if (place % 29 != 0) continue;
            ++tried;
            constexpr double kStep = 1e-5;
            double& weight = weights.data()[i];
            const double was = weight;
            weight = was + kStep;
            const double above = loss();
            weight = was - kStep;
            const double below = loss();
            weight = was;
            INFO(name.text() << "[" << i << "]");
            CHECK(std::abs((above - below) / (2.0 * kStep) - gradient[place]) <=
                  1e-7 * (largest + 1.0));
        }
    });
    CHECK(tried > 30);
}

}  // namespace

TEST_CASE("Step improvement: its gradient is that of its loss, with and without a PF classifier") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        for (const bool hears : {false, true}) {
            RollOut roll_out(variant, hears);
            (void)roll_out.loss();
            check_by_differences(roll_out.net,
                                 flat_parameters<double>(roll_out.shard.generator_gradient),
                                 [&] { return roll_out.loss(); });
        }
    }
}

TEST_CASE("Step discrimination: its gradient is that of its loss, song by song and by pairs") {
    RollOut roll_out(Variant::c_rnn_gan, false);
    for (const auto loss : {DiscriminatorLoss::cross_entropy, DiscriminatorLoss::relativistic}) {
        roll_out.settings.discriminator.loss = loss;
        const double value = roll_out.loss_of_discriminator();
        const Losses& losses = roll_out.shard.losses;
        CHECK(losses.d_real + losses.d_fake > 0.0);
        if (loss == DiscriminatorLoss::relativistic) {
            CHECK(losses.d_real + losses.d_fake == Approx(1.0).epsilon(1e-12));
            // -log of a mean is at most the mean of the -log.
            CHECK(value >= -std::log(losses.d_real));
        }
        check_by_differences(roll_out.discriminator,
                             flat_parameters<double>(roll_out.shard.discriminator_gradient),
                             [&] { return roll_out.loss_of_discriminator(); });
    }
}

TEST_CASE("Step improvement: where all candidates are alike, there is nothing to choose") {
    RollOut roll_out(Variant::carnn_gan, true);
    const auto n = static_cast<std::size_t>(roll_out.settings.adversarial.candidates);
    for (std::size_t i = 0; i < roll_out.shard.proposed.size(); ++i)
        roll_out.shard.proposed[i] = roll_out.shard.proposed[i / n * n];
    CHECK(std::abs(roll_out.loss()) < 1e-12);
    for (const double g : flat_parameters<double>(roll_out.shard.generator_gradient))
        CHECK(std::abs(g) < 1e-12);
}

TEST_CASE("Step improvement: a song that sounds real makes what was played likelier") {
    RollOut roll_out(Variant::c_rnn_gan, true);
    // D has nothing to say.
    for (double& weight : roll_out.shard.weights) weight = 1.0 / 3.0;
    const auto slope = [&](std::vector<double> sounds) {
        set_zero(roll_out.shard.generator_gradient);
        roll_out.shard.sounds_real = std::move(sounds);
        (void)roll_out.loss();
        return flat_parameters<double>(roll_out.shard.generator_gradient);
    };
    // (7) is linear in s, and s in f while it is not cut.
    const double mean = roll_out.sound.mean;
    for (const double g : slope({mean, mean, mean})) CHECK(std::abs(g) < 1e-12);
    const AlignedVector<double> good = slope({mean + 4.0, mean, mean}),
                                better = slope({mean + 8.0, mean, mean}),
                                bad = slope({mean - 4.0, mean, mean});
    double largest = 0.0;
    for (std::size_t i = 0; i < good.size(); ++i) {
        largest = std::max(largest, std::abs(good[i]));
        CHECK(std::abs(better[i] - 2.0 * good[i]) < 1e-12);
        CHECK(std::abs(bad[i] + good[i]) < 1e-12);
    }
    CHECK(largest > 1e-4);
    // A step down the slope: played events of song 0 become likelier, other candidates less.
    (void)slope({mean + 4.0, mean, mean});
    const double before = roll_out.loss();
    std::size_t place = 0;
    for_each_parameter(roll_out.net, [&](const ParameterName&, auto& weights) {
        for (Index i = 0; i < weights.size(); ++i) weights.data()[i] -= 0.05 * good[place++];
    });
    CHECK(roll_out.loss() < before);
}
