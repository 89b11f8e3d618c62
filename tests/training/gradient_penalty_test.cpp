// Trainings in which the discriminator pays for its slope: discriminator.r1 and
// discriminator.gradient_penalty, with numeric and with step heads. (Their gradients are proved in
// proofs/gradient_penalty_test.cpp.)

#include <mgan/settings/presets.hpp>
#include <mgan/training/step_trainer.hpp>
#include <support/catch.hpp>
#include <support/training_lab.hpp>
#include <training/arpeggios.hpp>
#include <training/small_step_settings.hpp>

#include <cmath>

using namespace mgan;

namespace {

/// Neither penalty, R1, that of WGAN-GP, both.
std::vector<Settings> four_ways(Settings settings) {
    std::vector<Settings> all;
    for (const double r1 : {0.0, 20.0}) {
        for (const double gradient_penalty : {0.0, 5.0}) {
            settings.discriminator.r1 = r1;
            settings.discriminator.gradient_penalty = gradient_penalty;
            all.push_back(settings);
        }
    }
    return all;
}

template <typename Weights>
void require_different_and_finite(const std::vector<Weights>& weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
        for (const float w : weights[i]) REQUIRE(std::isfinite(w));
        for (std::size_t j = 0; j < i; ++j) CHECK(weights[i] != weights[j]);
    }
}

}  // namespace

TEST_CASE(
    "Gradient penalty: with numeric heads D learns otherwise, with the same bits for threads") {
    const DataSet data = lab::small_data();
    for (const bool pitch_class : {false, true}) {
        Settings settings = lab::small_settings();
        settings.discriminator.pitch_class = pitch_class;
        settings.discriminator.minibatch_deviation = pitch_class;
        std::vector<std::vector<float>> weights;
        for (const Settings& way : four_ways(settings)) {
            lab::Training one(way, data, 1), three(way, data, 3);
            one.run();
            three.run();
            CHECK(one.discriminator() == three.discriminator());
            CHECK(one.model_bytes() == three.model_bytes());
            weights.push_back(one.discriminator());
        }
        require_different_and_finite(weights);
    }
}

TEST_CASE("Gradient penalty: with step heads D learns otherwise, with the same bits for threads") {
    std::vector<AlignedVector<float>> weights;
    for (const Settings& way : four_ways(mgan_test::small_step_settings(Variant::c_rnn_gan))) {
        const auto trained = [&](int threads) {
            StepTrainer<float> trainer(way, mgan_test::arpeggios(12), threads);
            while (!trainer.finished()) (void)trainer.run_epoch({});
            return flat_parameters<float>(trainer.nets().discriminator.net);
        };
        weights.push_back(trained(1));
        CHECK(trained(2) == weights.back());
    }
    require_different_and_finite(weights);
}
