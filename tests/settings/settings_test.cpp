#include <mgan/io/settings_json.hpp>
#include <mgan/settings/presets.hpp>

#include <support/catch.hpp>

#include <set>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {
constexpr Variant kVariants[] = {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan,
                                 Variant::carnn_pf_mgan};
}

TEST_CASE("Settings: every value of every preset is one that its setting allows") {
    for (const Variant variant : kVariants) {
        for (const Settings& preset : {recommended_settings(variant), quick_settings(variant),
                                       paper_settings(variant), numeric_settings(variant)}) {
            const std::string json = settings_to_json(preset);
            Settings read;
            CHECK_NOTHROW(settings_from_json(std::as_bytes(std::span(json)), "preset", read));
            CHECK(settings_to_json(read) == json);
            CHECK(read.variant == variant);
        }
    }
}

TEST_CASE(
    "Settings: the defaults are the numeric heads of the baseline, as files of 0.1.0 mean it") {
    CHECK(settings_to_json(Settings{}) == settings_to_json(numeric_settings(Variant::c_rnn_gan)));
}

TEST_CASE("Settings: presets are found by name, and have step heads but for the paper's") {
    for (const Variant variant : kVariants) {
        for (const char* name : {"recommended", "quick", "paper", "numeric"}) {
            const Settings preset = preset_settings(name, variant);
            CHECK(preset.preset == name);
            CHECK(preset.variant == variant);
            CHECK(preset.has_step_heads() ==
                  (preset.preset != "paper" && preset.preset != "numeric"));
        }
    }
}

TEST_CASE("Settings: a small collection changes what is learnt by heart, and nothing else") {
    for (const Variant variant : kVariants) {
        Settings settings = recommended_settings(variant), before = settings;
        use_small_collection(settings);
        CHECK(settings.adversarial.epochs == 0);
        CHECK(settings.pretrain.epochs == 24);
        CHECK(settings.pretrain.dropout > before.pretrain.dropout);
        CHECK(settings.pretrain.augmentation > before.pretrain.augmentation);
        before.pretrain.epochs = 24;
        before.pretrain.dropout = settings.pretrain.dropout;
        before.pretrain.augmentation = settings.pretrain.augmentation;
        before.adversarial.epochs = 0;
        CHECK(settings_to_json(settings) == settings_to_json(before));
        settings.pretrain.epochs = 3;  // fewer than half were asked for
        use_small_collection(settings);
        CHECK(settings.pretrain.epochs == 3);
    }
}

TEST_CASE("Settings: a PF classifier takes part in its variant, where it has a weight") {
    Settings settings = recommended_settings(Variant::carnn_pf_mgan);
    settings.adversarial.lambda = 0.5;
    CHECK(settings.has_pf_classifier());
    settings.adversarial.lambda = 0.0;
    CHECK_FALSE(settings.has_pf_classifier());
    settings = recommended_settings(Variant::carnn_mgan);
    settings.adversarial.lambda = 0.5;
    CHECK_FALSE(settings.has_pf_classifier());
}

TEST_CASE("Settings: keys are distinct, and each says what it does and what it may be") {
    Settings settings;
    std::set<std::string> keys;
    for (const Setting& setting : list_settings(settings)) {
        INFO(setting.key);
        CHECK(keys.insert(setting.key).second);
        CHECK_FALSE(setting.doc.empty());
        CHECK_FALSE(setting.allowed.empty());
    }
    CHECK(keys.size() > 50);
}

TEST_CASE("Settings: what the paper says stands in the preset `paper`") {
    for (const Variant variant : kVariants) {
        const Settings s = paper_settings(variant);
        CHECK(s.preset == "paper");
        CHECK(s.batch == 20);
        CHECK(s.generator.hidden == 100);
        CHECK(s.generator.layers == 2);
        CHECK(s.discriminator.hidden == 100);
        CHECK(s.discriminator.layers == 2);
        CHECK(s.optimiser.kind == OptimiserKind::sgd);
        CHECK(s.optimiser.l2 > 0.0);
        CHECK(s.pretrain.learning_rate == 0.1);
        CHECK(s.adversarial.learning_rate == 0.1);
        CHECK(s.adversarial.discriminator_learning_rate == 0.1);
        CHECK(s.adversarial.schedule == RateSchedule::anneal);
        CHECK(s.optimiser.schedule.anneal_start == 25);
        CHECK(s.pretrain.epochs == 6);
        CHECK(s.pretrain.loss == PretrainLoss::mse);
        CHECK(s.pretrain.curriculum_start > 0);
        CHECK(s.adversarial.epochs == 50);
        CHECK(s.adversarial.loss == GeneratorLoss::saturating);
        CHECK_FALSE(s.encoding.events.normalise_key);
        CHECK(s.adversarial.freezing ==
              (variant == Variant::c_rnn_gan ? FreezingRule::off : FreezingRule::winner));
        CHECK(s.adversarial.feature_matching ==
              (variant == Variant::c_rnn_gan ? FeatureMatching::none : FeatureMatching::output));
        CHECK(s.adversarial.lambda == 0.3);
        CHECK(s.has_pf_classifier() == (variant == Variant::carnn_pf_mgan));
        CHECK(s.pf.converter.band == FrequencyBand::low_pass);
        CHECK(s.pf.converter.cutoff == 250.0);
        CHECK_FALSE(s.pf.converter.logarithm);
        CHECK(s.pf.classifier.kind == PfKind::bilstm);
        CHECK(s.pf.classifier.hidden_1 == 1000);
        CHECK(s.pf.classifier.hidden_2 == 500);
        CHECK(s.pf.classifier.steps == 500);
        CHECK(s.pf.classifier.hidden == 100);
        CHECK(s.pf.classifier.layers == 2);
        CHECK(s.pf.optimiser == OptimiserKind::sgd);
        CHECK(s.pf.learning_rate == 0.1);
    }
}

TEST_CASE("Settings: a variant is the parts of its generator") {
    const auto config = [](Variant variant) {
        return paper_settings(variant).generator_settings();
    };
    CHECK(config(Variant::c_rnn_gan).convolution == 0);
    CHECK(config(Variant::c_rnn_gan).attention_heads == 0);
    CHECK(config(Variant::carnn_gan).convolution == 5);
    CHECK(config(Variant::carnn_gan).attention_heads == 1);
    CHECK(config(Variant::carnn_gan).mapping_layers == 0);
    for (const Variant variant : {Variant::carnn_mgan, Variant::carnn_pf_mgan}) {
        CHECK(config(variant).convolution == 5);
        CHECK(config(variant).attention_heads == 1);
        CHECK(config(variant).mapping_layers == 8);
        CHECK(config(variant).plane_length == paper_settings(variant).length);
    }
}

TEST_CASE("Settings: an unknown key, a wrong type, a value out of range name key and remedy") {
    Settings settings;
    const std::string before = settings_to_json(settings);
    const auto refused = [&](const std::string& assignment, const std::string& message) {
        CHECK_THROWS_AS(apply_override(settings, assignment), ConfigError);
        CHECK_THROWS_WITH(apply_override(settings, assignment), Contains(message));
        CHECK(settings_to_json(settings) == before);
    };
    refused("generator.hiden=5", "'generator.hidden'");
    refused("generator.hidden=0", "from 1 to 4096");
    refused("generator.hidden=many", "from 1 to 4096");
    refused("generator.hidden=2.5", "from 1 to 4096");
    refused("pretrain.learning_rate=0", "above 0");
    refused("pretrain.learning_rate=nan", "above 0");
    refused("variant=carnn", "carnn-gan");
    refused("seed=-1", "from 0");
    refused("batch", "key=value");
}
