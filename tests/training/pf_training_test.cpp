// Variant carnn-pf-mgan: it trains, with the guarantees of the other variants.

#include <mgan/hearing/make_ear.hpp>
#include <mgan/settings/presets.hpp>
#include <support/catch.hpp>
#include <support/training_lab.hpp>

#include <cmath>
#include <limits>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

/// A small training of the variant: a waveform of a quarter of the usual rate, 60 values a song.
Settings pf_settings() {
    Settings settings = lab::small_settings();
    use_variant(settings, Variant::carnn_pf_mgan);
    settings.pf.synthesiser.samples = 1 << 16;
    settings.pf.converter.highest = 500.0;
    settings.pf.classifier = {
        .inputs = 60, .hidden_1 = 16, .hidden_2 = 12, .steps = 4, .hidden = 5};
    return settings;
}

#define NEEDS_EAR() \
    if (!kHasEar) MGAN_SKIP("built without FFTW")

}  // namespace

TEST_CASE("PF training: without FFTW the variant says what is missing and what to install") {
    if (kHasEar) {
        CHECK_NOTHROW(require_ear());
        CHECK_NOTHROW(lab::Training(pf_settings(), lab::small_data()));
    } else {
        CHECK_THROWS_WITH(lab::Training(pf_settings(), lab::small_data()),
                          Contains("libfftw3-dev"));
    }
}

TEST_CASE("PF training: the classifier learns, and its figures are reported") {
    NEEDS_EAR();
    Settings settings = pf_settings();
    settings.adversarial.epochs = 6;
    lab::Training training(settings, lab::small_data());
    const std::vector<float> before = training.pf_classifier();
    const std::vector<lab::Epoch> epochs = training.run();
    REQUIRE(epochs.size() == 8);
    for (const lab::Epoch& epoch : epochs) {
        CHECK(epoch.has_pf_classifier == epoch.adversarial);
        if (!epoch.has_pf_classifier) continue;
        CHECK(std::isfinite(epoch.f_loss));
        CHECK(epoch.f_accuracy > 0.0);
        CHECK(epoch.f_accuracy <= 1.0);
        CHECK(epoch.freezes_f == 0.0);
    }
    CHECK(epochs.back().f_loss < 2.0 * std::log(2.0));  // what a coin would lose
    CHECK(training.pf_classifier() != before);
}

TEST_CASE("PF training: the model has the same bytes for one, two and three threads") {
    NEEDS_EAR();
    for (const bool paper : {false, true}) {
        Settings settings = pf_settings();
        if (paper) {
            settings.pf.converter.band = FrequencyBand::low_pass;
            settings.pf.converter.cutoff = 3.0;
            settings.pf.converter.logarithm = false;
            settings.pf.optimiser = OptimiserKind::sgd;
            settings.pf.freezing = FreezingRule::winner;
            settings.pf.feature_matching = true;
            settings.adversarial.through_feedback = true;
        }
        std::vector<std::string> checkpoints;
        for (const int threads : {1, 2, 3}) {
            lab::Training training(settings, lab::small_data(), threads);
            training.run();
            checkpoints.push_back(training.checkpoint_bytes());
        }
        CHECK(checkpoints[0] == checkpoints[1]);
        CHECK(checkpoints[0] == checkpoints[2]);
    }
}

TEST_CASE("PF training: stopped and resumed with other threads, the bytes are those of one go") {
    NEEDS_EAR();
    const DataSet data = lab::small_data();
    const Settings settings = pf_settings();
    lab::Training whole(settings, data);
    whole.run();
    const lab::TemporaryFolder folder;
    for (const std::int64_t stop : {2, 6, 7, 8, 11}) {  // the phase begins after 6
        lab::Training before(settings, data, 2);
        before.run(stop);
        before.save_checkpoint(folder / "checkpoint");
        lab::Training after(settings, data, 3);
        after.restore_checkpoint(folder / "checkpoint");
        after.run();
        CHECK(after.checkpoint_bytes() == whole.checkpoint_bytes());
        CHECK(after.model_bytes() == whole.model_bytes());
    }
}

TEST_CASE("PF training: a checkpoint of other spectra is refused, and nothing changes") {
    NEEDS_EAR();
    Settings settings = pf_settings();
    lab::Training before(settings, lab::small_data());
    before.run(7);
    const lab::TemporaryFolder folder;
    before.save_checkpoint(folder / "checkpoint");
    CHECK_NOTHROW(require_fitting_checkpoint(folder / "checkpoint", settings));
    settings.pf.classifier.hidden_1 = 1000;
    CHECK_THROWS_AS(require_fitting_checkpoint(folder / "checkpoint", settings), ShapeError);
    settings.pf.classifier.hidden_1 = 17;
    lab::Training other(settings, lab::small_data());
    const std::string was = other.checkpoint_bytes();
    CHECK_THROWS_WITH(other.restore_checkpoint(folder / "checkpoint"),
                      Contains("pf.classifier.hidden_1 = 16"));
    CHECK(other.checkpoint_bytes() == was);
}

TEST_CASE("PF training: with lambda 0 the bytes are those of the variant without classifier") {
    const DataSet data = lab::small_data();
    Settings settings = pf_settings();
    settings.adversarial.lambda = 0.0;
    lab::Training without_lambda(settings, data);
    without_lambda.run();
    CHECK(without_lambda.pf_classifier().empty());
    settings.variant = Variant::carnn_mgan;
    lab::Training without_classifier(settings, data);
    without_classifier.run();
    CHECK(without_lambda.generator() == without_classifier.generator());
    if (!kHasEar) return;
    settings = pf_settings();
    lab::Training with_lambda(settings, data);
    with_lambda.run();
    CHECK(with_lambda.generator() != without_classifier.generator());
    settings.adversarial.lambda = 1.0;
    lab::Training larger(settings, data);
    larger.run();
    CHECK(larger.generator() != with_lambda.generator());
}

TEST_CASE("PF training: the first try, short windows, feature matching, and eq. 1 train, too") {
    NEEDS_EAR();
    const auto trains = [](const Settings& settings) {
        lab::Training training(settings, lab::small_data());
        const std::vector<lab::Epoch> epochs = training.run();
        CHECK(training.finished());
        CHECK(std::isfinite(epochs.back().f_loss));
    };
    Settings first_try = pf_settings();
    first_try.pf.classifier.kind = PfKind::dense;
    first_try.adversarial.lambda = 1.0;
    trains(first_try);
    Settings windows = pf_settings();
    windows.pf.converter.band = FrequencyBand::windows;
    windows.pf.classifier.inputs = 0;
    trains(windows);
    Settings matching = pf_settings();
    matching.pf.feature_matching = true;
    trains(matching);
    Settings quantised = pf_settings();
    quantised.pf.quantise = true;
    trains(quantised);
    Settings events = pf_settings();
    events.encoding.events.kind = encoding::EncodingKind::event;
    events.encoding.context = {};
    events.generator.recall_gate = false;
    events.discriminator.pitch_class = false;
    trains(events);
}

TEST_CASE("PF training: F rests while it is ahead") {
    NEEDS_EAR();
    Settings settings = pf_settings();
    settings.pf.freezing = FreezingRule::winner;
    settings.pf.learning_rate = 0.02;
    settings.adversarial.epochs = 10;
    lab::Training training(settings, lab::small_data());
    double rests = 0.0, steps = 0.0;
    for (const lab::Epoch& epoch : training.run()) {
        rests += epoch.freezes_f;
        steps += epoch.has_pf_classifier ? static_cast<double>(training.steps_per_epoch()) : 0.0;
    }
    CHECK(rests > 0.0);
    CHECK(rests < steps);
}

TEST_CASE("PF training: a weight of the classifier that is no number stops it, and is named") {
    NEEDS_EAR();
    lab::Training training(pf_settings(), lab::small_data());
    training.run(8);
    const std::vector<float> generator = training.generator();
    training.poke_pf_classifier("dense_2.weight", 3, std::numeric_limits<float>::quiet_NaN());
    CHECK_THROWS_WITH(training.run(),
                      Contains("PF classifier") && Contains("pf_classifier.dense_2.weight"));
    CHECK(training.generator() == generator);
}

TEST_CASE("PF training: the values that the classifier reads must be those of the band") {
    NEEDS_EAR();
    Settings settings = pf_settings();
    settings.pf.converter.band = FrequencyBand::windows;
    CHECK_THROWS_WITH(lab::Training(settings, lab::small_data()),
                      Contains("pf.classifier.inputs is 60"));
}
