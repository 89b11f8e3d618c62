#pragma once
/// \file
/// The settings of the two phases, and of the evaluation after each epoch.

#include <mgan/core/setting.hpp>
#include <mgan/layers/loss_settings.hpp>
#include <mgan/optimisation/schedule_settings.hpp>
#include <mgan/tensor/matrix.hpp>

namespace mgan::inline MGAN_ABI {

/// What the generator learns before the adversarial phase.
enum class PretrainLoss {
    mse,      ///< equation (2)
    pinball,  ///< the noise is the quantile level
};

struct PretrainSettings {
    std::int64_t epochs = 40;
    PretrainLoss loss = PretrainLoss::pinball;
    double learning_rate = 3e-3;
    RateSchedule schedule = RateSchedule::cosine;
    std::int64_t curriculum_start = 0;
    double quantile_low = 0.06;
    double quantile_high = 0.94;
    std::int64_t warmup = 0;
    double dropout = 0.1;
    double augmentation = 0.0;
    double endings = 0.0;

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
        visitor("warmup", warmup, Range{0, 1000000},
                "minibatches in which the step size rises to its value");
        visitor("dropout", dropout, Range{0.0, 0.95},
                "steps: share of the LSTM's output that is left out while it learns");
        visitor("augmentation", augmentation, Range{0.0, 1.0},
                "steps: probability that a crop is learnt in another octave, in other loudness, in "
                "half or double time");
        visitor("endings", endings, Range{0.0, 1.0},
                "steps: share of crops that are the end of their song, and are told how far it is");
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
    std::int64_t songs = 48;
    std::int64_t shard_songs = 0;
    Index candidates = 8;
    double sharpness = 2.0;
    std::int64_t moments = 30;
    std::int64_t generator_steps = 2;
    std::int64_t discriminator_steps = 2;
    double lead = 0.65;

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
        visitor("schedule", schedule, schedule_choices(), "how both step sizes fall");
        visitor("label_smoothing", label_smoothing, Range{0.0, 0.5},
                "real songs get label 1 - value");
        visitor("discriminator_warmup", discriminator_warmup, Range{0, 1000000},
                "steps of the discriminator alone, before the phase");
        visitor("pretrain_weight", pretrain_weight, Range{0.0, 100.0},
                "weight of the pretraining loss in this phase");
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
        visitor("freezing", freezing, freezing_choices(), "who rests when one side is ahead");
        visitor("freezing_ratio", freezing_ratio, above(0.0, 1.0),
                "a net is ahead when its loss < ratio x the other's");
        visitor("average", average, Range{0.0, 0.99999},
                "decay of the moving average of the generator, which generates the songs; 0: none");
        visitor("songs", songs, Range{1, 100000},
                "steps: songs that are generated and judged before anyone learns from them");
        visitor("shard_songs", shard_songs, Range{0, 100000},
                "steps: of these, songs that one thread computes together; affects the result, "
                "unlike the threads; 0: as shard_songs");
        visitor("candidates", candidates, Range{2, 256},
                "steps: events that the generator proposes where one is needed; it learns to "
                "propose more of those by which the discriminator is convinced");
        visitor("sharpness", sharpness, Range{0.0, 20.0},
                "steps: how much more a candidate by which the discriminator gains counts");
        visitor("moments", moments, Range{1, 100000},
                "steps: events of each song from whose candidates the generator learns at a time");
        visitor("generator_steps", generator_steps, Range{0, 64},
                "steps: steps of the generator for such songs");
        visitor("discriminator_steps", discriminator_steps, Range{0, 64},
                "steps: steps of the discriminator for such songs");
        visitor("lead", lead, Range{0.0, 1.0},
                "steps: the generator rests while the discriminator tells fewer songs than this");
    }
};

/// How a generator with step heads plays. Temperatures below 1 make the likely likelier.
struct PlayingSettings {
    double time = 0.85;
    double pitch = 0.8;
    double velocity = 0.9;
    double brake = 1.5;
    Index guide = 0;
    double sharpness = 2.0;
    Index particles = 0;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("time", time, above(0.0, 10.0),
                "steps: temperature of onsets and lengths; below 1 the likely becomes likelier");
        visitor("pitch", pitch, above(0.0, 10.0), "steps: temperature of pitches");
        visitor("velocity", velocity, above(0.0, 10.0), "steps: temperature of velocities");
        visitor("brake", brake, Range{0.0, 20.0},
                "steps: how much the temperature of pitches rises where a song repeats itself "
                "more than its style asks for; 0: not at all");
        visitor("guide", guide, Range{0, 256},
                "steps: candidates for each event, of which the discriminator's gain chooses "
                "one; 0: the plain stream");
        visitor("sharpness", sharpness, Range{0.0, 20.0}, "steps: how much that gain counts");
        visitor(
            "particles", particles, Range{0, 256},
            "steps: songs that grow side by side, weighed by the discriminator, of which one is "
            "left; 0: the song alone; not with `guide`");
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
                "songs that are generated and measured after every epoch");
        visitor("selection_songs", selection_songs, Range{1, 10000},
                "songs that are generated for the comparison with the validation songs");
        visitor("every", every, Range{1, 1000000}, "epochs from one such comparison to the next");
        visitor(
            "keep_best", keep_best,
            "keep the model of the best comparison, not the last one; steps: that of the "
            "adversarial phase, unless fresh judges tell its songs better than those before it");
        visitor("validation_share", validation_share, Range{0.0, 0.5},
                "share of the songs by which the model to keep is chosen");
        visitor("test_share", test_share, Range{0.0, 0.4},
                "share of the songs that no training sees; evaluate and judge compare with them");
    }
};

}  // namespace mgan::inline MGAN_ABI
