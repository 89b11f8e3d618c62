// A training with step heads: it learns from songs, plays what it learnt, learns from its
// discriminator, stops and goes on, and is stored.

#include <mgan/runs/checkpoint.hpp>
#include <mgan/runs/run_directory.hpp>
#include <mgan/settings/presets.hpp>

#include <support/catch.hpp>
#include <training/arpeggios.hpp>
#include <training/small_step_settings.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace mgan;
using mgan_test::arpeggios;
using mgan_test::learning_step_settings;

namespace {

/// Two minibatches an epoch.
Settings tiny_settings(Variant variant = Variant::c_rnn_gan) {
    Settings s = learning_step_settings(variant);
    s.length = 16;
    s.epoch_songs = 24;
    s.pretrain.epochs = 1;
    s.adversarial.epochs = 2;
    return s;
}

template <typename Train>
void run_to_end(Train& trainer) {
    while (!trainer.finished()) (void)trainer.run_epoch({});
}

/// Without FFTW there is no PF classifier.
std::vector<Variant> variants() {
    std::vector<Variant> all = {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan};
    if (kHasEar) all.push_back(Variant::carnn_pf_mgan);
    return all;
}

}  // namespace

TEST_CASE("Step training: a generator learns the figure, and plays on its beats in its keys") {
    Settings settings = learning_step_settings();
    settings.adversarial.epochs = 0;
    StepTrainer<float> trainer(settings, arpeggios(12), 2);
    std::vector<EpochReport> reports;
    while (!trainer.finished()) reports.push_back(*trainer.run_epoch({}));
    CHECK(reports.back().mean.losses.loss_pretrain <
          0.3 * reports.front().mean.losses.loss_pretrain);
    CHECK(reports.back().validation.loss_pretrain < reports.front().validation.loss_pretrain);

    int notes = 0, on_eighths = 0;
    for (const midi::Song& song : trainer.sample(trainer.kept(), 8, 3)) {
        CHECK(song.notes.size() <= 40);
        const std::int64_t begin = song.notes.front().onset;
        for (const midi::Note& note : song.notes) {
            ++notes;
            on_eighths += (note.onset - begin) % 192 == 0 ? 1 : 0;
        }
    }
    CHECK(notes > 250);
    CHECK(on_eighths > 9 * notes / 10);
}

TEST_CASE("Step training: a generator learns how songs end, and ends so when it is told to") {
    Settings settings = learning_step_settings();
    settings.adversarial.epochs = 0;
    settings.pretrain.epochs = 20;
    settings.pretrain.augmentation = 0.0;
    settings.pretrain.endings = 0.5;
    // Each song ends with two notes as long as the bass notes, and higher.
    std::vector<midi::Song> songs = arpeggios(12);
    for (midi::Song& song : songs) {
        const std::int64_t end = 16 * 1536;
        song.notes.push_back({end, 1536, 55, 80, 0});
        song.notes.push_back({end, 1536, 60, 80, 0});
    }
    StepTrainer<float> trainer(settings, songs, 2);
    run_to_end(trainer);
    const StepBand<float> band{&trainer.kept(), nullptr, &trainer.data().vocabulary,
                               &trainer.data().scale};
    const auto value = [&](const encoding::StepEvent& event, std::size_t component) {
        return trainer.data().vocabulary.value(component, event.value[component]);
    };
    const std::size_t pitch = trainer.data().vocabulary.pitch();
    const std::size_t length = trainer.data().vocabulary.length();
    int told = 0, untold = 0;
    std::uint64_t number = 0;
    for (const StepStart& start : trainer.data().starts) {
        if (start.phase % 64 != 0 || number == 60) continue;  // that begin with a bar
        ++number;
        for (const bool tells : {true, false}) {
            StepPlay<float> play(band, trainer.settings().playing, 0);
            play.start(std::span(&start, 1), 4, number, 200);
            // As far into a phrase of three bars as the songs' ends are.
            const std::int32_t end = 192 + (64 - start.phase + 192) % 192;
            if (tells) play.end_in(0, end);
            std::int32_t onset = 0;
            int long_ones = 0;
            for (int i = 0; i < 200 && onset <= end; ++i) {
                const std::int32_t gap = play.listener(0).gap();
                const encoding::StepEvent event = play.next()[0];
                if (i > 0 && value(event, 0) != 0) onset += gap;
                const bool is_long = value(event, length) == 64 && value(event, pitch) > 45;
                long_ones += onset == end && is_long ? 1 : 0;
            }
            (tells ? told : untold) += long_ones > 0 ? 1 : 0;
        }
    }
    REQUIRE(number == 60);
    CHECK(told >= 9);
    CHECK(untold <= 2);
}

TEST_CASE("Step training: the bits do not depend on the number of threads") {
    const std::vector<midi::Song> songs = arpeggios(7);
    for (const Variant variant : variants()) {
        std::vector<AlignedVector<float>> generators, discriminators, classifiers;
        for (const int threads : {1, 2, 3}) {
            StepTrainer<float> trainer(tiny_settings(variant), songs, threads);
            run_to_end(trainer);
            generators.push_back(flat_parameters<float>(trainer.nets().average));
            discriminators.push_back(flat_parameters<float>(trainer.nets().discriminator.net));
            classifiers.push_back(flat_parameters<float>(trainer.nets().pf_classifier.net));
        }
        CHECK(generators[1] == generators[0]);
        CHECK(generators[2] == generators[0]);
        CHECK(discriminators[1] == discriminators[0]);
        CHECK(discriminators[2] == discriminators[0]);
        CHECK(classifiers[1] == classifiers[0]);
        CHECK(classifiers[2] == classifiers[0]);
    }
}

TEST_CASE("Step training: without a size of their own, roll-outs have shards as minibatches have") {
    // As in runs from before there was one.
    const std::vector<midi::Song> songs = arpeggios(7);
    const auto end = [&](std::int64_t shard_songs) {
        Settings settings = tiny_settings(Variant::c_rnn_gan);
        settings.shard_songs = 8;
        settings.adversarial.songs = 10;
        settings.adversarial.shard_songs = shard_songs;
        StepTrainer<float> trainer(settings, songs, 1);
        run_to_end(trainer);
        return flat_parameters<float>(trainer.nets().discriminator.net);
    };
    const AlignedVector<float> without = end(0);
    CHECK(end(8) == without);
    CHECK(end(3) != without);
}

TEST_CASE("Step training: it goes on from a checkpoint, bit for bit, wherever it was stopped") {
    const std::vector<midi::Song> songs = arpeggios(7);
    const Settings settings = tiny_settings(variants().back());
    StepTrainer<float> whole(settings, songs, 2);
    run_to_end(whole);
    const TensorFile end = make_checkpoint(whole, 5);
    for (const int stop : {1, 2, 3, 4, 5}) {
        StepTrainer<float> first(settings, songs, 1);
        int done = 0;
        while (done < stop) (void)first.run_epoch([&](const StepReport&) { return ++done < stop; });
        const auto bytes = safetensors::serialize(make_checkpoint(first, 5));
        StepTrainer<float> second(settings, songs, 3);
        restore_checkpoint(safetensors::parse(bytes, "memory"), second, 5);
        run_to_end(second);
        CHECK(safetensors::serialize(make_checkpoint(second, 5)) == safetensors::serialize(end));
    }
    StepTrainer<float> others(settings, arpeggios(9), 1);
    CHECK_THROWS_AS(restore_checkpoint(end, others, 5), DataError);
}

TEST_CASE("Step training: a checkpoint of other spectra is refused") {
    if (!kHasEar) MGAN_SKIP("built without FFTW");
    const StepTrainer<float> trainer(tiny_settings(Variant::carnn_pf_mgan), arpeggios(7), 1);
    const std::vector<double> constants = trainer.ear_constants();
    REQUIRE(constants.size() == 3);
    const TensorFile file = make_checkpoint(trainer, 5);
    CHECK(file.get<double>("ear.constants", {3}) == constants);
    for (std::size_t i = 0; i < constants.size(); ++i) {
        std::vector<double> others = constants;
        others[i] *= 1.01;
        CHECK_THROWS_WITH(checkpoint_detail::compare_ears(file, others),
                          Catch::Matchers::Contains("the scale of its spectra"));
    }
    CHECK_NOTHROW(checkpoint_detail::compare_ears(file, constants));
}

TEST_CASE("Step training: a checkpoint of other styles or beginnings is refused") {
    const StepTrainer<float> trainer(tiny_settings(Variant::c_rnn_gan), arpeggios(7), 1);
    const TensorFile file = make_checkpoint(trainer, 5);
    const auto compare = [&](const std::string& name, auto&& change) {
        TensorFile other("other");
        for (const auto& [key, text] : file.metadata()) other.set_metadata(key, text);
        for (const TensorEntry& entry : file.entries()) {
            if (entry.dtype == DType::i64) {
                auto values = file.get<std::int64_t>(entry.name, entry.shape);
                TensorShape shape = entry.shape;
                if (entry.name == name) change(values, shape);
                other.add(entry.name, shape, std::span<const std::int64_t>(values));
            } else if (entry.dtype == DType::f64) {
                auto values = file.get<double>(entry.name, entry.shape);
                TensorShape shape = entry.shape;
                if (entry.name == name) change(values, shape);
                other.add(entry.name, shape, std::span<const double>(values));
            }
        }
        checkpoint_detail::compare_step_data(other, trainer.data());
    };
    const auto other_number = [](auto& values, TensorShape&) { values.front() += 1; };
    CHECK_NOTHROW(compare("", other_number));
    for (const char* name : {"scale.mean", "scale.deviation", "starts.styles", "starts.phases"}) {
        INFO(name);
        CHECK_THROWS_WITH(compare(name, other_number),
                          Catch::Matchers::Contains("are not those of these songs"));
    }
    // A beginning fewer, in phases and styles alike.
    StepTrainer<float> another(tiny_settings(Variant::c_rnn_gan), arpeggios(6), 1);
    CHECK_THROWS_AS(restore_checkpoint(file, another, 5), DataError);
}

TEST_CASE("Step training: a checkpoint of other songs is refused by their fingerprint") {
    StepTrainer<float> trainer(tiny_settings(Variant::c_rnn_gan), arpeggios(7), 1);
    const TensorFile file = make_checkpoint(trainer, 5);
    CHECK_THROWS_WITH(restore_checkpoint(file, trainer, 6),
                      Catch::Matchers::Contains("was started with other songs"));
}

TEST_CASE("Step training: a checkpoint is not resumed from weights of half the bytes") {
    Settings s = mgan_test::small_step_settings(Variant::c_rnn_gan);
    StepTrainer<float> trainer(s, arpeggios(6), 2);
    const TensorFile whole = make_checkpoint(trainer, 5);
    TensorFile half("half.safetensors");
    for (const auto& [key, text] : whole.metadata()) half.set_metadata(key, text);
    for (const TensorEntry& entry : whole.entries()) {
        const std::string& name = entry.name;
        if (entry.dtype == DType::f32 && name.starts_with("generator.") && entry.shape.size() == 2)
            half.add_half(name, entry.shape, whole.get<float>(name, entry.shape));
        else if (entry.dtype == DType::f32)
            half.add(name, entry.shape, whole.get<float>(name, entry.shape));
        else if (entry.dtype == DType::f64)
            half.add(name, entry.shape, whole.get<double>(name, entry.shape));
        else if (entry.dtype == DType::i64)
            half.add(name, entry.shape, whole.get<std::int64_t>(name, entry.shape));
        else
            half.add(name, entry.shape, whole.get<std::uint64_t>(name, entry.shape));
    }
    CHECK_NOTHROW(restore_checkpoint(whole, trainer, 5));
    CHECK_THROWS_WITH(restore_checkpoint(half, trainer, 5),
                      Catch::Matchers::Contains("holds BF16, expected F32"));
}

TEST_CASE("Step training: where a loss is not finite, it goes back to the epoch's beginning") {
    const std::vector<midi::Song> songs = arpeggios(7);
    const Settings settings = tiny_settings();
    // Two minibatches an epoch: a weight is harmed within epoch 1 or 2.
    for (const bool of_discriminator : {false, true}) {
        const auto harmed = [&](bool stops) {
            StepTrainer<float> trainer(settings, songs, 1);
            int left = of_discriminator ? 3 : 1;
            while (left > 0) (void)trainer.run_epoch([&](const StepReport&) { return --left > 0; });
            StepNets<float> nets = trainer.nets();
            const float nan = std::numeric_limits<float>::quiet_NaN();
            const auto harm = [&](auto& net) {
                for_each_parameter(
                    net, [&](const ParameterName&, auto& weights) { weights.setConstant(nan); });
            };
            const EpochStart<StepNets<float>> start = *trainer.epoch_start();
            if (of_discriminator)
                harm(nets.discriminator.net);
            else
                harm(nets.generator.net);
            trainer.restore(trainer.state(), std::move(nets), start);
            std::vector<RollbackReport> reports;
            const auto keep = [&](const RollbackReport& report) { reports.push_back(report); };
            if (stops)
                (void)trainer.run_epoch([](const StepReport&) { return false; }, keep);
            else
                (void)trainer.run_epoch({}, keep);
            REQUIRE(reports.size() == 1);
            CHECK(reports[0].epoch == (of_discriminator ? 2 : 1));
            CHECK(reports[0].rollbacks == 1);
            CHECK(reports[0].cause.find("not finite") != std::string::npos);
            StepTrainer<float> second(settings, songs, 2);
            restore_checkpoint(make_checkpoint(trainer, 5), second, 5);
            run_to_end(second);
            CHECK(second.state().rollbacks == 1);
            return safetensors::serialize(make_checkpoint(second, 5));
        };
        CHECK(harmed(false) == harmed(true));
    }
}

TEST_CASE("Step training: a discriminator learns to tell songs, and the generator learns from it") {
    Settings settings = learning_step_settings();
    settings.discriminator.loss =
        GENERATE(DiscriminatorLoss::cross_entropy, DiscriminatorLoss::relativistic);
    settings.pretrain.epochs = 0;
    settings.adversarial.songs = 16;
    settings.adversarial.candidates = 8;
    settings.adversarial.moments = 15;
    settings.adversarial.learning_rate = 1e-2;
    settings.adversarial.discriminator_learning_rate = 5e-3;
    settings.adversarial.discriminator_warmup = 40;
    settings.adversarial.pretrain_weight = 0.0;  // whatever it learns, it learns from D
    settings.adversarial.average = 0.0;
    StepTrainer<float> trainer(settings, arpeggios(12), 2);
    const StepGenerator<float> before = trainer.nets().generator.net;
    const EpochReport report = *trainer.run_epoch({});
    CHECK(report.mean.losses.accuracy > 0.75);

    // The share of notes on the beats of the figure: what D sees first.
    const auto on_eighths = [&](const StepGenerator<float>& generator) {
        double on = 0.0, all = 0.0;
        for (const midi::Song& song : trainer.sample(generator, 40, 3)) {
            for (const midi::Note& note : song.notes) {
                all += 1.0;
                on += (note.onset - song.notes.front().onset) % 192 == 0 ? 1.0 : 0.0;
            }
        }
        return on / all;
    };
    CHECK(on_eighths(trainer.nets().generator.net) > on_eighths(before) + 0.1);
}

TEST_CASE("Step training: the generator rests while the discriminator does not lead") {
    Settings settings = tiny_settings();
    settings.adversarial.lead = 1.0;  // never
    StepTrainer<float> trainer(settings, arpeggios(5), 1);
    (void)trainer.run_epoch({});
    const AlignedVector<float> before = flat_parameters<float>(trainer.nets().generator.net);
    const EpochReport report = *trainer.run_epoch({});
    CHECK(report.mean.freezes_g == static_cast<double>(trainer.steps_per_epoch()));
    CHECK(flat_parameters<float>(trainer.nets().generator.net) == before);
}

TEST_CASE("Step training: what songs are too short for is neither done nor reported") {
    // 15 moments are one piece: there is none for a second step.
    std::vector<EpochReport> reports;
    for (const std::int64_t steps : {1, 2}) {
        Settings settings = tiny_settings();
        settings.adversarial.moments = 15;
        settings.adversarial.generator_steps = steps;
        StepTrainer<float> trainer(settings, arpeggios(12), 1);
        while (!trainer.finished()) reports.push_back(*trainer.run_epoch({}));
    }
    REQUIRE(reports.size() == 6);
    CHECK(reports[2].mean.losses.loss_pretrain > 0.0);
    CHECK(reports[2].mean.losses.loss_pretrain == reports[5].mean.losses.loss_pretrain);
    CHECK(reports[2].mean.losses.loss_g == reports[5].mean.losses.loss_g);
}

TEST_CASE("Step training: a PF classifier learns to tell songs by their sound, and is reported") {
    if (!kHasEar) MGAN_SKIP("built without FFTW");
    Settings settings = learning_step_settings(Variant::carnn_pf_mgan);
    settings.pretrain.epochs = 0;  // songs like nothing
    settings.epoch_songs = 120;
    settings.adversarial.epochs = 3;
    settings.pf.learning_rate = 1e-2;
    StepTrainer<float> trainer(settings, arpeggios(12), 2);
    const AlignedVector<float> before = flat_parameters<float>(trainer.nets().pf_classifier.net);
    std::optional<double> loss_of_step;
    EpochReport report;
    while (!trainer.finished())
        report = *trainer.run_epoch([&](const StepReport& step) {
            loss_of_step = step.loss_f;
            return true;
        });
    CHECK(report.has_pf_classifier);
    CHECK(report.pf_learning_rate == 1e-2);
    CHECK(report.mean.losses.f_accuracy > 0.9);
    CHECK(report.mean.losses.f_real > report.mean.losses.f_fake + 0.3);
    CHECK(report.validation.f_loss < 2.0 * std::log(2.0));  // what a coin would lose
    CHECK(report.mean.gradient_f > 0.0);
    CHECK(loss_of_step.has_value());
    CHECK(flat_parameters<float>(trainer.nets().pf_classifier.net) != before);
}

TEST_CASE("Step training: what the PF classifier says of songs reaches the generator") {
    if (!kHasEar) MGAN_SKIP("built without FFTW");
    const std::vector<midi::Song> songs = arpeggios(12);
    const auto trained = [&](double lambda) {
        Settings settings = tiny_settings(Variant::carnn_pf_mgan);
        settings.adversarial.lambda = lambda;
        StepTrainer<float> trainer(settings, songs, 2);
        run_to_end(trainer);
        return std::pair(flat_parameters<float>(trainer.nets().generator.net),
                         flat_parameters<float>(trainer.nets().discriminator.net));
    };
    const auto [none, none_d] = trained(0.0);
    Settings without = tiny_settings(Variant::carnn_pf_mgan);
    without.variant = Variant::carnn_mgan;
    StepTrainer<float> plain(without, songs, 2);
    run_to_end(plain);
    CHECK(flat_parameters<float>(plain.nets().generator.net) == none);
    CHECK(flat_parameters<float>(plain.nets().discriminator.net) == none_d);
    CHECK(trained(0.3).first != none);
    CHECK(trained(1.0).first != trained(0.3).first);
}

TEST_CASE("Step training: a mapping network learns a hundredth as fast, and does not run away") {
    Settings settings = learning_step_settings(Variant::carnn_mgan);
    settings.adversarial.epochs = 0;
    StepTrainer<float> trainer(settings, arpeggios(12), 2);
    const StepGenerator<float> before = trainer.nets().generator.net;
    while (!trainer.finished()) (void)trainer.run_epoch({});
    const auto moved = [](const auto& a, const auto& b) {
        const auto x = flat_parameters<float>(a), y = flat_parameters<float>(b);
        double most = 0.0;
        for (std::size_t i = 0; i < x.size(); ++i)
            most = std::max(most, static_cast<double>(std::abs(x[i] - y[i])));
        return most;
    };
    const StepGenerator<float>& after = trainer.nets().generator.net;
    // Adam moves a weight by at most (1 - beta_1) / sqrt(1 - beta_2) times the rate in a step.
    const OptimiserSettings& adam = settings.optimiser;
    const double step =
        settings.pretrain.learning_rate * (1.0 - adam.beta1) / std::sqrt(1.0 - adam.beta2);
    const auto steps = static_cast<double>(trainer.state().total_steps);
    const double most = moved(after.noise_path.mapping, before.noise_path.mapping);
    CHECK(most > 0.0);
    CHECK(most <= 0.0101 * step * steps);
    CHECK(moved(after.input_layer, before.input_layer) > 0.0101 * step * steps);
    CHECK(moved(after.noise_path.convolution, before.noise_path.convolution) > 5.0 * most);
}

TEST_CASE("Step training: how songs are to be played later is nothing to its own samples") {
    Settings settings = tiny_settings();
    StepTrainer<float> plain(settings, arpeggios(7), 1);
    settings.playing.particles = 4;  // which needs a discriminator that has learnt
    StepTrainer<float> trainer(settings, arpeggios(7), 1);
    CHECK(trainer.sample(trainer.kept(), 2, 3) == plain.sample(plain.kept(), 2, 3));
    (void)trainer.run_epoch({});  // pretraining, at whose end songs are compared
    CHECK(trainer.state().epoch == 2);
}

TEST_CASE("Step training: without a song there is nothing to learn, and that is said") {
    CHECK_THROWS_AS(StepTrainer<float>(learning_step_settings(), std::vector<midi::Song>{}, 1),
                    DataError);
    std::vector<midi::Song> single(3);
    for (midi::Song& song : single) song.notes.push_back({0, 384, 60, 80, 0});
    CHECK_THROWS_AS(StepTrainer<float>(learning_step_settings(), single, 1), DataError);
}
