#pragma once
/// \file
/// Every setting of a training, with its default, its range, and one line that says what it does.
///
/// Two presets. `recommended` (the defaults) is what measures best: encoding by the corpus' own
/// distribution, pretraining on random quantiles, then a careful adversarial phase. `paper` is the
/// paper to the letter where it says something, and docs/paper.md's readings where it does not.

#include <mgan/core/setting.hpp>
#include <mgan/encoding/context.hpp>
#include <mgan/layers/feature_matching.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/generator.hpp>
#include <mgan/optimisation/optimiser.hpp>
#include <mgan/optimisation/schedule.hpp>
#include <mgan/settings/pf_settings.hpp>

namespace mgan::inline MGAN_ABI {

/// The models of the paper.
enum class Variant { c_rnn_gan, carnn_gan, carnn_mgan, carnn_pf_mgan };

/// What the generator learns before the adversarial phase.
enum class PretrainLoss {
    mse,      ///< equation (2)
    pinball,  ///< the noise is the quantile level
};

[[nodiscard]] inline Choices<Variant> variant_choices() {
    return {{"c-rnn-gan", Variant::c_rnn_gan},
            {"carnn-gan", Variant::carnn_gan},
            {"carnn-mgan", Variant::carnn_mgan},
            {"carnn-pf-mgan", Variant::carnn_pf_mgan}};
}

/// How songs become numbers, and what the generator hears of them.
struct EncodingSettings {
    encoding::EncodingOptions options{.pitch_contrast = 1.3};
    encoding::ContextOptions context{
        .pitch_class = true, .beat = true, .recent = 0, .recall = true, .style = true};

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        using encoding::EncodingKind;
        using encoding::NormalisationKind;
        visitor("kind", options.kind,
                Choices<EncodingKind>{{"tone", EncodingKind::tone}, {"event", EncodingKind::event}},
                "tone: time since the last onset, length, pitch, velocity; event: the paper's "
                "equation 1");
        visitor("normalisation", options.normalisation,
                Choices<NormalisationKind>{{"none", NormalisationKind::none},
                                           {"minmax", NormalisationKind::minmax},
                                           {"zscore", NormalisationKind::zscore},
                                           {"log", NormalisationKind::log},
                                           {"cdf", NormalisationKind::cdf}},
                "how features are scaled; cdf: by their distribution in the training songs");
        visitor("normalise_key", options.normalise_key,
                "transpose each song so that most notes are white keys");
        visitor("pitch_contrast", options.pitch_contrast, Range{1.0, 4.0},
                "cdf: rare pitches get narrower parts of the scale, so that they are hit on "
                "purpose; 1: as frequent");
        visitor("pitch_in_hz", options.pitch_in_hz,
                "the pitch feature is a frequency, not a MIDI number");
        visitor("grid_ticks", options.grid_ticks, Range{1, 1536},
                "onsets and lengths snap to multiples of it (384 a quarter); 1: no grid");
        visitor("step_ticks", options.step_ticks, Range{1, 1536},
                "kind event: ticks from one event to the next");
        visitor("context_pitch_class", context.pitch_class,
                "the generator hears the pitch class of its last event");
        visitor("context_beat", context.beat, "the generator hears where in the beat it is");
        visitor("context_recent", context.recent, Range{0, 16},
                "the generator hears so many events before its last one");
        visitor("context_recall", context.recall,
                "the generator hears what followed when the last two pitches were heard before");
        visitor("context_style", context.style,
                "the generator is told the character of the song, drawn from the training songs");
    }
};

struct GeneratorSettings {
    std::int64_t hidden = 100;
    std::int64_t layers = 2;
    std::int64_t head = 100;
    bool noise_to_head = true;
    bool recall_gate = true;
    std::int64_t mapping_layers = 0;
    std::int64_t convolution = 0;
    std::int64_t attention_heads = 0;
    std::int64_t attention_window = 0;
    bool attention_residual = false;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("hidden", hidden, Range{1, 4096}, "units of each LSTM layer");
        visitor("layers", layers, Range{1, 8}, "LSTM layers");
        visitor("head", head, Range{1, 4096}, "units of the dense layer with ReLU");
        visitor("noise_to_head", noise_to_head, "the dense layer sees the noise of its step too");
        visitor("recall_gate", recall_gate,
                "the head may take the recalled event instead of its own (needs "
                "encoding.context_recall)");
        visitor("mapping_layers", mapping_layers, Range{0, 64},
                "layers of the mapping network in front (it fixes the length of a song); 0: none");
        visitor("convolution", convolution, Range{0, 31},
                "window of the convolution over the noise plane, odd; 0: none");
        visitor("attention_heads", attention_heads, Range{0, 64},
                "heads of the attention over earlier LSTM outputs; 0: none");
        visitor("attention_window", attention_window, Range{0, 100000},
                "steps that the attention looks back; 0: all");
        visitor("attention_residual", attention_residual,
                "the head sees the LSTM's output beside what the attention found");
    }
};

struct DiscriminatorSettings {
    std::int64_t hidden = 100;
    std::int64_t layers = 2;
    bool minibatch_deviation = true;
    bool pitch_class = true;
    bool quantise = true;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("hidden", hidden, Range{1, 4096}, "units of each direction of each BiLSTM layer");
        visitor("layers", layers, Range{1, 8}, "BiLSTM layers");
        visitor("minibatch_deviation", minibatch_deviation,
                "show the discriminator how much the songs of a batch differ");
        visitor("pitch_class", pitch_class,
                "show the discriminator pitch classes and the circle of fifths");
        visitor("quantise", quantise,
                "show the discriminator the events as they will be played; the gradient goes "
                "straight through");
    }
};

struct PretrainSettings {
    std::int64_t epochs = 40;
    PretrainLoss loss = PretrainLoss::pinball;
    double learning_rate = 3e-3;
    RateSchedule schedule = RateSchedule::cosine;
    std::int64_t curriculum_start = 0;
    double quantile_low = 0.06;
    double quantile_high = 0.94;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("epochs", epochs, Range{0, 1000000}, "epochs of pretraining with teacher forcing");
        visitor(
            "loss", loss,
            Choices<PretrainLoss>{{"mse", PretrainLoss::mse}, {"pinball", PretrainLoss::pinball}},
            "mse: the paper's equation 2; pinball: the noise is the quantile level to hit");
        visitor("learning_rate", learning_rate, above(0.0, 10.0), "step size of pretraining");
        visitor("schedule", schedule, schedule_choices(), "how the step size falls");
        visitor(
            "curriculum_start", curriculum_start, Range{0, 100000},
            "length of the first pretraining epoch, growing to the full length; 0: always full");
        visitor("quantile_low", quantile_low, Range{0.0, 0.5},
                "pinball: the noise is uniform from here");
        visitor("quantile_high", quantile_high, Range{0.5, 1.0},
                "pinball: the noise is uniform up to here");
    }

    [[nodiscard]] static Choices<RateSchedule> schedule_choices() {
        return {{"constant", RateSchedule::constant},
                {"anneal", RateSchedule::anneal},
                {"cosine", RateSchedule::cosine}};
    }
};

struct AdversarialSettings {
    std::int64_t epochs = 8;
    GeneratorLoss loss = GeneratorLoss::non_saturating;
    double loss_weight = 0.3;
    double lambda = 0.3;
    double learning_rate = 1e-3;
    double discriminator_learning_rate = 1e-3;
    RateSchedule schedule = RateSchedule::cosine;
    double label_smoothing = 0.0;
    std::int64_t discriminator_warmup = 30;
    double pretrain_weight = 1.0;
    FeatureMatching feature_matching = FeatureMatching::none;
    double feature_matching_weight = 1.0;
    bool through_feedback = false;
    FreezingRule freezing = FreezingRule::off;
    double freezing_ratio = 0.7;
    double average = 0.995;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("epochs", epochs, Range{0, 1000000}, "epochs of the adversarial phase");
        visitor("loss", loss,
                Choices<GeneratorLoss>{{"saturating", GeneratorLoss::saturating},
                                       {"nonsaturating", GeneratorLoss::non_saturating}},
                "saturating: the paper's equation 3; nonsaturating: -log D(G(z))");
        visitor("loss_weight", loss_weight, Range{0.0, 100.0},
                "weight of that loss (0 where feature matching replaces it)");
        visitor("lambda", lambda, Range{0.0, 100.0},
                "carnn-pf-mgan: weight of the PF classifier (equations 6 and 7); 0: none");
        visitor("learning_rate", learning_rate, above(0.0, 10.0), "step size of the generator");
        visitor("discriminator_learning_rate", discriminator_learning_rate, above(0.0, 10.0),
                "step size of the discriminator");
        visitor("schedule", schedule, PretrainSettings::schedule_choices(),
                "how both step sizes fall");
        visitor("label_smoothing", label_smoothing, Range{0.0, 0.5},
                "real songs have the label 1 minus this");
        visitor("discriminator_warmup", discriminator_warmup, Range{0, 1000000},
                "steps of the discriminator alone before the phase");
        visitor("pretrain_weight", pretrain_weight, Range{0.0, 100.0},
                "weight of the pretraining loss, which goes on");
        visitor("feature_matching", feature_matching,
                Choices<FeatureMatching>{{"none", FeatureMatching::none},
                                         {"output", FeatureMatching::output},
                                         {"discriminator", FeatureMatching::discriminator},
                                         {"batch_mean", FeatureMatching::batch_mean},
                                         {"energy", FeatureMatching::energy}},
                "what is matched between real and generated songs");
        visitor("feature_matching_weight", feature_matching_weight, Range{0.0, 100.0},
                "weight of feature matching");
        visitor("through_feedback", through_feedback, "back-propagate through the output feedback");
        visitor("freezing", freezing,
                Choices<FreezingRule>{{"off", FreezingRule::off},
                                      {"winner", FreezingRule::winner},
                                      {"loser", FreezingRule::loser}},
                "who rests when one side is ahead");
        visitor("freezing_ratio", freezing_ratio, above(0.0, 1.0),
                "ahead: the own loss is below this share of the other's");
        visitor("average", average, Range{0.0, 0.99999},
                "decay of the moving average of the generator that is kept; 0: none");
    }
};

struct OptimiserSettings {
    OptimiserKind kind = OptimiserKind::adam;
    double momentum = 0.0;
    double beta1 = 0.5;
    double beta2 = 0.999;
    double l2 = 0.0;
    double clip = 5.0;
    std::int64_t anneal_start = 25;
    double anneal_gamma = 0.95;
    double cosine_floor = 0.05;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("kind", kind,
                Choices<OptimiserKind>{{"sgd", OptimiserKind::sgd}, {"adam", OptimiserKind::adam}},
                "the optimiser of all nets");
        visitor("momentum", momentum, Range{0.0, 0.9999}, "sgd: momentum");
        visitor("beta1", beta1, Range{0.0, 0.9999}, "adam: decay of the first moment");
        visitor("beta2", beta2, Range{0.0, 0.999999}, "adam: decay of the second moment");
        visitor("l2", l2, Range{0.0, 1.0}, "penalty on weights, not biases");
        visitor("clip", clip, Range{0.0, 1e6}, "greatest norm of a gradient; 0: no limit");
        visitor("anneal_start", anneal_start, Range{0, 1000000},
                "schedule anneal: the step size falls after this epoch");
        visitor("anneal_gamma", anneal_gamma, above(0.0, 1.0), "schedule anneal: factor an epoch");
        visitor("cosine_floor", cosine_floor, Range{0.0, 1.0}, "schedule cosine: the last factor");
    }

    [[nodiscard]] OptimiserConfig config() const {
        return {.kind = kind,
                .momentum = momentum,
                .beta1 = beta1,
                .beta2 = beta2,
                .l2 = l2,
                .clip = clip};
    }
};

struct EvaluationSettings {
    std::int64_t songs = 20;
    std::int64_t selection_songs = 200;
    std::int64_t every = 1;
    bool keep_best = true;
    double validation_share = 0.1;
    double test_share = 0.1;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("songs", songs, Range{1, 10000},
                "songs that are sampled and measured after every epoch");
        visitor("selection_songs", selection_songs, Range{1, 10000},
                "songs by which a checkpoint is compared with the validation songs");
        visitor("every", every, Range{1, 1000000}, "epochs from one such comparison to the next");
        visitor("keep_best", keep_best,
                "the model of the best comparison is kept, not the last one");
        visitor("validation_share", validation_share, Range{0.0, 0.5},
                "share of the songs that choose the checkpoint");
        visitor("test_share", test_share, Range{0.0, 0.4},
                "share of the songs that are never used");
    }
};

/// All of it. The defaults are preset `recommended`.
struct Settings {
    Variant variant = Variant::c_rnn_gan;
    std::string preset = "recommended";
    std::uint64_t seed = 1;
    std::int64_t length = 100;
    std::int64_t batch = 20;
    std::int64_t shard_songs = 10;
    std::int64_t epoch_songs = 400;
    Initialisation initialisation = Initialisation::uniform;
    EncodingSettings encoding;
    GeneratorSettings generator;
    DiscriminatorSettings discriminator;
    PretrainSettings pretrain;
    AdversarialSettings adversarial;
    PfSettings pf;
    OptimiserSettings optimiser;
    EvaluationSettings evaluation;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("variant", variant, variant_choices(), "which model of the paper");
        visitor("preset", preset, Words{"recommended", "paper"}, "where the settings started from");
        visitor("seed", seed, Range<std::uint64_t>{0, ~std::uint64_t{0}},
                "all random numbers follow from it");
        visitor("length", length, Range{1, 100000}, "events of a song in training (T)");
        visitor("batch", batch, Range{1, 100000}, "songs of a minibatch (B)");
        visitor("shard_songs", shard_songs, Range{1, 100000},
                "songs that one thread computes together; part of the numbers, unlike the threads");
        visitor("epoch_songs", epoch_songs, Range{0, 10000000},
                "an epoch has at least so many crops: a small folder gives several of each song");
        visitor("initialisation", initialisation,
                Choices<Initialisation>{{"uniform", Initialisation::uniform},
                                        {"glorot", Initialisation::glorot}},
                "distribution of the first weights");
        visit_part("encoding", encoding, visitor);
        visit_part("generator", generator, visitor);
        visit_part("discriminator", discriminator, visitor);
        visit_part("pretrain", pretrain, visitor);
        visit_part("adversarial", adversarial, visitor);
        visit_part("pf", pf, visitor);
        visit_part("optimiser", optimiser, visitor);
        visit_part("evaluation", evaluation, visitor);
    }

    /// Whether a PF classifier takes part.
    [[nodiscard]] bool has_pf_classifier() const noexcept {
        return variant == Variant::carnn_pf_mgan && adversarial.lambda > 0.0;
    }

    /// The optimiser of the PF classifier.
    [[nodiscard]] OptimiserConfig pf_optimiser_config() const {
        OptimiserConfig config = optimiser.config();
        config.kind = pf.optimiser;
        return config;
    }

    [[nodiscard]] GeneratorConfig generator_config() const {
        GeneratorConfig config;
        config.features = static_cast<Index>(encoding::kFeatures);
        config.noise = static_cast<Index>(encoding::kFeatures);
        config.context = static_cast<Index>(encoding::context_size(encoding.context));
        config.hidden = generator.hidden;
        config.layers = generator.layers;
        config.head = generator.head;
        config.noise_to_head = generator.noise_to_head;
        config.recall_gate = generator.recall_gate;
        config.mapping_layers = generator.mapping_layers;
        config.plane_length = generator.mapping_layers > 0 ? length : 0;
        config.convolution = generator.convolution;
        config.attention_heads = generator.attention_heads;
        config.attention_window = generator.attention_window;
        config.attention_residual = generator.attention_residual;
        return config;
    }

    [[nodiscard]] DiscriminatorConfig discriminator_config() const {
        DiscriminatorConfig config;
        config.features =
            static_cast<Index>(encoding::kFeatures) + (discriminator.pitch_class ? 14 : 0);
        config.hidden = discriminator.hidden;
        config.layers = discriminator.layers;
        config.minibatch_deviation = discriminator.minibatch_deviation;
        return config;
    }
};

/// What makes a variant: the parts that stand between noise and LSTM, and between LSTM and head
/// (section 3.2.1).
inline void use_variant(Settings& settings, Variant variant) {
    settings.variant = variant;
    const bool carnn = variant != Variant::c_rnn_gan;
    settings.generator.convolution = carnn ? 5 : 0;
    settings.generator.attention_heads = carnn ? 1 : 0;
    settings.generator.mapping_layers = carnn && variant != Variant::carnn_gan ? 8 : 0;
}

/// Preset `recommended` for a variant.
[[nodiscard]] inline Settings recommended_settings(Variant variant) {
    Settings settings;
    use_variant(settings, variant);
    settings.generator.attention_residual = variant != Variant::c_rnn_gan;
    return settings;
}

/// Preset `paper` for a variant: sections 3.1.3, 3.2.3 and 3.3.
[[nodiscard]] inline Settings paper_settings(Variant variant) {
    Settings s;
    use_variant(s, variant);
    s.preset = "paper";
    s.encoding.options.normalisation = encoding::NormalisationKind::minmax;
    s.encoding.options.normalise_key = false;
    s.encoding.options.pitch_contrast = 1.0;
    s.encoding.options.grid_ticks = 1;
    s.encoding.context = {};
    s.epoch_songs = 0;
    s.generator.noise_to_head = false;
    s.generator.recall_gate = false;
    s.discriminator.minibatch_deviation = false;
    s.discriminator.pitch_class = false;
    s.discriminator.quantise = false;
    s.pretrain.epochs = 6;
    s.pretrain.loss = PretrainLoss::mse;
    s.pretrain.learning_rate = 0.1;
    s.pretrain.schedule = RateSchedule::constant;
    s.pretrain.curriculum_start = 10;
    s.adversarial.epochs = 50;
    s.adversarial.loss = GeneratorLoss::saturating;
    s.adversarial.loss_weight = 1.0;
    s.adversarial.learning_rate = 0.1;
    s.adversarial.discriminator_learning_rate = 0.1;
    s.adversarial.schedule = RateSchedule::anneal;
    s.adversarial.discriminator_warmup = 0;
    s.adversarial.pretrain_weight = 0.0;
    s.adversarial.feature_matching = FeatureMatching::none;
    s.adversarial.through_feedback = true;
    s.adversarial.freezing = FreezingRule::off;
    s.adversarial.average = 0.0;
    s.pf.converter.band = FrequencyBand::low_pass;
    s.pf.converter.logarithm = false;
    s.pf.classifier.steps = 500;
    s.pf.learning_rate = 0.1;
    s.pf.optimiser = OptimiserKind::sgd;
    s.pf.freezing = FreezingRule::winner;
    s.optimiser.kind = OptimiserKind::sgd;
    s.optimiser.l2 = 1e-4;
    s.evaluation.keep_best = false;
    if (variant != Variant::c_rnn_gan) {  // section 3.2.3
        s.adversarial.feature_matching = FeatureMatching::output;
        s.adversarial.loss_weight = variant == Variant::carnn_pf_mgan ? 1.0 : 0.0;
        s.adversarial.freezing = FreezingRule::winner;
    }
    return s;
}

}  // namespace mgan::inline MGAN_ABI
