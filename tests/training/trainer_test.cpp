#include <mgan/core/error.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/settings/presets.hpp>

#include <support/catch.hpp>
#include <support/training_lab.hpp>

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

/// One tune of a few pitches, many times: something that can be learnt.
DataSet one_tune() {
    DataSet data = lab::small_data(6);
    for (std::size_t i = 0; i < data.songs.size(); ++i) {
        data.songs[i].notes.clear();
        for (std::int64_t n = 0; n < 40; ++n) {
            constexpr int kTune[] = {60, 64, 67, 72};
            data.songs[i].notes.push_back({192 * n, 192, kTune[n % 4], n % 4 == 0 ? 90 : 60, 0});
        }
    }
    return data;
}

/// Weights of both nets that are no numbers.
int count_not_finite(const lab::Training& training) {
    int count = 0;
    for (const float w : training.generator()) count += std::isfinite(w) ? 0 : 1;
    for (const float w : training.discriminator()) count += std::isfinite(w) ? 0 : 1;
    return count;
}

TensorFile parse(const std::string& bytes) {
    const auto span = std::as_bytes(std::span(bytes));
    return safetensors::parse({span.begin(), span.end()}, "a checkpoint");
}

}  // namespace

TEST_CASE("Pretraining learns: the loss on songs that it has not seen falls") {
    Settings settings = lab::small_settings();
    settings.generator.hidden = settings.generator.head = 16;
    settings.pretrain.epochs = 40;
    settings.adversarial.epochs = 0;
    settings.evaluation.every = 100;
    lab::Training training(settings, one_tune());
    const std::vector<lab::Epoch> epochs = training.run();
    REQUIRE(epochs.size() == 40);
    CHECK(epochs.back().validation_pretrain < 0.5 * epochs.front().validation_pretrain);
    CHECK(epochs.back().pretrain < 0.5 * epochs.front().pretrain);
}

TEST_CASE("The discriminator learns to tell real songs from those of an untrained generator") {
    Settings settings = lab::small_settings();
    settings.pretrain.epochs = 0;
    settings.adversarial.epochs = 8;
    settings.adversarial.discriminator_learning_rate = 1e-2;
    settings.adversarial.learning_rate = 1e-9;
    lab::Training training(settings, one_tune());
    const std::vector<lab::Epoch> epochs = training.run();
    CHECK(epochs.back().loss_d < 0.7 * epochs.front().loss_d);
}

TEST_CASE("Without adversarial epochs the model is what pretraining made") {
    Settings settings = lab::small_settings();
    settings.adversarial.epochs = 0;
    settings.evaluation.keep_best = false;
    lab::Training training(settings, lab::small_data());
    training.run();
    CHECK(training.finished());
    CHECK(training.kept() == training.generator());
    CHECK(training.current_generator() == training.generator());
}

TEST_CASE("Between the phases the pretrained generator plays, then its moving average") {
    Settings settings = lab::small_settings();
    settings.evaluation.keep_best = false;
    lab::Training training(settings, lab::small_data());
    training.run(6);
    REQUIRE(training.epoch() == 3);
    CHECK(training.current_generator() == training.generator());
    training.run(7);
    CHECK(training.current_generator() != training.generator());
    CHECK(training.kept() == training.current_generator());
}

TEST_CASE("The model that is kept is that of the best comparison") {
    Settings settings = lab::small_settings();
    settings.adversarial.epochs = 5;
    lab::Training training(settings, lab::small_data());
    std::vector<float> best;
    for (std::int64_t step = 3; step <= 21; step += 3) {
        const std::vector<lab::Epoch> epochs = training.run(step);
        REQUIRE(epochs.size() == 1);
        // Between the phases `playing` is asked for right after the epoch, as the trainer did.
        if (epochs[0].best) {
            CHECK(training.best_epoch() == epochs[0].epoch);
            best = training.kept();
        }
        CHECK(training.kept() == best);
    }
}

TEST_CASE("The paper's learning rate and the freezing rule are those of the schedule") {
    Settings settings = lab::small_settings();
    settings.adversarial.epochs = 4;
    settings.adversarial.schedule = RateSchedule::anneal;
    settings.optimiser.schedule.anneal_start = 2;
    settings.optimiser.schedule.anneal_gamma = 0.5;
    settings.adversarial.freezing = FreezingRule::winner;
    settings.adversarial.freezing_ratio = 1.0;  // one of them is always ahead
    lab::Training training(settings, lab::small_data());
    const std::vector<lab::Epoch> epochs = training.run();
    REQUIRE(epochs.size() == 6);
    const double rate = settings.adversarial.learning_rate;
    CHECK(epochs[2].learning_rate == Approx(rate));
    CHECK(epochs[3].learning_rate == Approx(rate));
    CHECK(epochs[4].learning_rate == Approx(0.5 * rate));
    CHECK(epochs[5].learning_rate == Approx(0.25 * rate));
    CHECK(epochs[2].freezes_g + epochs[2].freezes_d == 2);  // not before the first minibatch
    CHECK(epochs[3].freezes_g + epochs[3].freezes_d == 3);
}

TEST_CASE("The paper's preset trains every variant that there is, with curriculum and feedback") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        Settings settings = paper_settings(variant);
        const Settings small = lab::small_settings();
        settings.length = small.length;
        settings.batch = small.batch;
        settings.shard_songs = small.shard_songs;
        settings.generator.hidden = settings.generator.head = settings.discriminator.hidden = 8;
        settings.pretrain.epochs = 2;
        settings.pretrain.curriculum_start = 4;
        settings.adversarial.epochs = 2;
        settings.evaluation.songs = 2;
        lab::Training training(settings, lab::small_data());
        CHECK(training.run().size() == 4);
        CHECK(training.finished());
    }
}

TEST_CASE("A loss that is not finite: back to the beginning of the epoch, at half the rates") {
    const auto run_to = [](lab::Training& training, std::int64_t steps) {
        training.run(steps);
        CHECK(training.total_steps() == steps);
    };
    // Three minibatches an epoch, two epochs of each phase.
    for (const bool discriminator : {false, true}) {
        INFO((discriminator ? "D" : "G"));
        const std::int64_t epoch = discriminator ? 6 : 3;  // minibatches before it
        lab::Training sound(lab::small_settings(), lab::small_data());
        run_to(sound, epoch);
        const std::vector<lab::Epoch> as_planned = sound.run();

        lab::Training once(lab::small_settings(), lab::small_data());
        run_to(once, epoch + 2);
        once.harm(discriminator);
        const std::vector<lab::Epoch> slower = once.run();
        CHECK(once.finished());
        CHECK(once.rollbacks() == 1);
        CHECK(count_not_finite(once) == 0);
        REQUIRE(slower.size() == as_planned.size());
        for (std::size_t i = 0; i < slower.size(); ++i) {
            CHECK(slower[i].rollbacks == 1);
            CHECK(slower[i].learning_rate == 0.5 * as_planned[i].learning_rate);
        }
        CHECK((once.checkpoint_bytes() != sound.checkpoint_bytes()));

        // Wherever it happens in the epoch; and if the training stops and goes on elsewhere, before
        // it happens or after.
        lab::Training earlier(lab::small_settings(), lab::small_data());
        run_to(earlier, epoch + 1);
        lab::Training resumed(lab::small_settings(), lab::small_data());
        resumed.restore_checkpoint(parse(earlier.checkpoint_bytes()));
        resumed.harm(discriminator);
        run_to(resumed, epoch + 2);
        CHECK(resumed.rollbacks() == 1);
        lab::Training again(lab::small_settings(), lab::small_data());
        again.restore_checkpoint(parse(resumed.checkpoint_bytes()));
        again.run();
        CHECK(again.rollbacks() == 1);
        CHECK((again.checkpoint_bytes() == once.checkpoint_bytes()));
    }
}

TEST_CASE("A loss that is not finite after three roll-backs ends the training") {
    lab::Training training(lab::small_settings(), lab::small_data());
    for (std::int64_t epoch = 1; epoch <= 3; ++epoch) {
        training.run(3 * epoch - 2);
        training.harm(false);
        training.run(3 * epoch - 1);
        CHECK(training.rollbacks() == epoch);
    }
    training.run(10);
    CHECK(training.total_steps() == 10);
    training.harm(false);
    CHECK_THROWS_AS(training.run(), DivergenceError);
    CHECK_THROWS_WITH(training.run(), Contains("epoch 4, step 2") &&
                                          Contains("the weight generator.") &&
                                          Contains("gone back 3 times"));
}

TEST_CASE("A stop while the discriminator learns alone costs what it had learnt, and no bit") {
    Settings settings = lab::small_settings();
    settings.pretrain.epochs = 1;
    settings.adversarial.epochs = 1;
    settings.adversarial.discriminator_warmup = 5;
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_pf_mgan}) {
        settings.variant = variant;
        if (settings.has_pf_classifier() && !kHasEar) continue;
        const DataSet data = lab::small_data(8);
        lab::Training whole(settings, data);
        whole.run();
        for (const std::int64_t stop : {0, 3}) {
            INFO("stopped after " << stop << " minibatches of it");
            lab::Training first(settings, data);
            REQUIRE(first.stop_in_warmup(stop));
            CHECK(first.total_steps() == first.steps_per_epoch());
            CHECK(first.epoch() == 2);
            lab::Training second(settings, data, 3);
            second.restore_checkpoint(parse(first.checkpoint_bytes()));
            second.run();
            CHECK(second.model_bytes() == whole.model_bytes());
            first.run();
            CHECK(first.checkpoint_bytes() == whole.checkpoint_bytes());
        }
        lab::Training to_end(settings, data);
        CHECK_FALSE(to_end.stop_in_warmup(5));
    }
}

TEST_CASE("A checkpoint of 0.1.0 within an epoch goes on, and cannot go back") {
    lab::Training training(lab::small_settings(), lab::small_data());
    training.run(4);
    const TensorFile file = parse(training.checkpoint_bytes());
    TensorFile old("old");
    for (const auto& [key, value] : file.metadata()) old.set_metadata(key, value);
    int left_out = 0;
    for (const TensorEntry& tensor : file.entries()) {
        const auto copy = [&]<typename T>(T) {
            const std::vector<T> values = file.get<T>(tensor.name, tensor.shape);
            old.add(tensor.name, tensor.shape, std::span<const T>(values));
        };
        if (tensor.name.starts_with("epoch_start."))
            ++left_out;
        else if (tensor.dtype == DType::f32)
            copy(float());
        else if (tensor.dtype == DType::f64)
            copy(double());
        else
            copy(std::int64_t());
    }
    CHECK(left_out > 10);
    lab::Training resumed(lab::small_settings(), lab::small_data());
    resumed.restore_checkpoint(old);
    resumed.harm(false);
    CHECK_THROWS_AS(resumed.run(), DivergenceError);
    resumed.restore_checkpoint(old);
    resumed.run();
    training.run();
    CHECK((resumed.checkpoint_bytes() == training.checkpoint_bytes()));
}

TEST_CASE(
    "A weight that is no number stops the training by its name, at the latest when it is saved") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    const lab::TemporaryFolder folder;
    lab::Training probe(lab::small_settings(), lab::small_data());
    int at_once = 0, tried = 0;
    // In pretraining D is not there yet.
    const auto check = [&](std::int64_t steps, bool of_discriminator, const std::string& name,
                           float value) {
        INFO("after " << steps << " steps, " << name << " = " << value);
        lab::Training training(lab::small_settings(), lab::small_data());
        training.run(steps);
        const std::vector<float> generator = training.generator();
        if (of_discriminator) {
            training.poke_discriminator(name, 0, value);
        } else {
            training.poke_generator(name, 0, value);
        }
        ++tried;
        const std::string full = (of_discriminator ? "discriminator." : "generator.") + name;
        try {
            // A rectifier may hide it, a gate may saturate: then the step is sound.
            training.run(steps + 1);
        } catch (const NumericalError& error) {
            ++at_once;
            CHECK(training.total_steps() == steps);
            CHECK_THAT(error.what(), Contains(steps < 6 ? "epoch 1, step 3" : "epoch 3, step 3") &&
                                         Contains("the weight " + full));
            if (of_discriminator) CHECK(training.generator() == generator);
        }
        CHECK(count_not_finite(training) == 1);
        CHECK_THROWS_AS(training.save_checkpoint(folder / "checkpoint"), NumericalError);
        CHECK_THROWS_WITH(training.save_checkpoint(folder / "checkpoint"), Contains(full));
        CHECK_FALSE(std::filesystem::exists(folder / "checkpoint"));
    };
    for (const float value : {nan, infinity}) {
        for (const std::string& name : probe.generator_names()) {
            check(2, false, name, value);
            check(8, false, name, value);
        }
        for (const std::string& name : probe.discriminator_names()) check(8, true, name, value);
    }
    CHECK(at_once > tried / 2);
}

TEST_CASE("Settings that contradict each other, and no songs, are errors before any work") {
    Settings settings = lab::small_settings();
    settings.pretrain.quantile_low = settings.pretrain.quantile_high = 0.5;
    CHECK_THROWS_AS(lab::Training(settings, lab::small_data()), ConfigError);
    CHECK_THROWS_AS(lab::Training(lab::small_settings(), DataSet{}), DataError);
}
