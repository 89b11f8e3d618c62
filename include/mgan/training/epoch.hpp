#pragma once
/// \file
/// What a training knows of an epoch: its sums while it runs, its report when it is over, and where
/// the training stands.

#include <mgan/metrics/set_comparison.hpp>
#include <mgan/training/adversarial_step.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace mgan::inline MGAN_ABI {

/// Sums over the steps of an epoch that is under way.
struct EpochSums {
    double steps = 0.0;
    double pretrain = 0.0;
    double loss_d = 0.0, loss_g = 0.0, non_saturating = 0.0, feature_matching = 0.0;
    double d_real = 0.0, d_fake = 0.0, accuracy = 0.0;
    double freezes_g = 0.0, freezes_d = 0.0;
    double gradient_g = 0.0, gradient_d = 0.0;
    // Of the PF classifier (AdversarialLosses).
    double f_loss = 0.0, f_generator = 0.0, f_non_saturating = 0.0, f_matching = 0.0;
    double f_real = 0.0, f_fake = 0.0, f_accuracy = 0.0;
    double freezes_f = 0.0, gradient_f = 0.0;

    /// Adds the losses of a minibatch of the adversarial phase.
    void add(const AdversarialLosses& losses) noexcept {
        pretrain += losses.pretrain;
        loss_d += losses.discriminator;
        loss_g += losses.generator;
        non_saturating += losses.non_saturating;
        feature_matching += losses.feature_matching;
        d_real += losses.d_real;
        d_fake += losses.d_fake;
        accuracy += losses.accuracy;
        f_loss += losses.f_loss;
        f_generator += losses.f_generator;
        f_non_saturating += losses.f_non_saturating;
        f_matching += losses.f_matching;
        f_real += losses.f_real;
        f_fake += losses.f_fake;
        f_accuracy += losses.f_accuracy;
    }

    /// All of it as numbers, in order, for a checkpoint.
    [[nodiscard]] auto members() noexcept {
        return std::array{&steps,          &pretrain,         &loss_d,      &loss_g,
                          &non_saturating, &feature_matching, &d_real,      &d_fake,
                          &accuracy,       &freezes_g,        &freezes_d,   &gradient_g,
                          &gradient_d,     &f_loss,           &f_generator, &f_non_saturating,
                          &f_matching,     &f_real,           &f_fake,      &f_accuracy,
                          &freezes_f,      &gradient_f};
    }
};

/// Where a training is. With the seed it determines all that follows.
struct TrainingState {
    std::int64_t epoch = 1;  ///< that is under way, from 1, through both phases
    std::int64_t step = 0;   ///< minibatches of it that are done
    std::int64_t total_steps = 0;
    std::int64_t warmup_done = 0;
    double last_loss_d = 0.0, last_loss_g = 0.0;  ///< of the last minibatch, for the freezing rule
    double last_loss_f = 0.0, last_loss_g_f = 0.0;  ///< the same between G and the PF classifier
    double best_score = -1e300;
    std::int64_t best_epoch = 0;  ///< 0: none yet
    EpochSums sums;
};

/// What an epoch gave. Losses are means over the minibatches; those of the other phase are absent.
struct EpochReport {
    std::int64_t epoch = 0;
    bool adversarial = false;
    std::int64_t length = 0;
    double learning_rate = 0.0, discriminator_learning_rate = 0.0;
    bool has_pf_classifier =
        false;  ///< a PF classifier takes part, and what is named f_ has a meaning
    double pf_learning_rate = 0.0;
    EpochSums mean;  ///< freezes are counts
    double validation_pretrain = 0.0;
    AdversarialLosses validation;
    std::array<std::optional<double>, metrics::kMetrics.size()>
        metric_means;  ///< of the sampled songs
    double longest_run = 0.0;
    std::optional<metrics::SetComparison> comparison;  ///< with the validation songs
    bool best = false;
};

/// What the caller hears during an epoch.
struct StepReport {
    bool adversarial = false;
    std::int64_t epoch = 0, epochs = 0;  ///< of both phases together
    std::int64_t step = 0, steps = 0;    ///< of this epoch
    double loss_g = 0.0, loss_d = 0.0;   ///< means so far in this epoch (pretraining: loss_g alone)
    std::optional<double> loss_f;        ///< of the PF classifier, where there is one
};

/// Fills in what the songs of an epoch measure: the mean of each metric (absent where no song has
/// it) and the longest run of one pitch, as a mean over the songs.
inline void report_songs(EpochReport& report, std::span<const metrics::SongMetrics> songs) {
    report.longest_run = 0.0;
    for (const metrics::Metric metric : metrics::kMetrics) {
        double sum = 0.0;
        int present = 0;
        for (const metrics::SongMetrics& song : songs) {
            if (const std::optional<double> value = metrics::value(song, metric)) {
                sum += *value;
                ++present;
            }
        }
        if (present > 0) report.metric_means[static_cast<std::size_t>(metric)] = sum / present;
    }
    for (const metrics::SongMetrics& song : songs) {
        report.longest_run +=
            static_cast<double>(song.longest_run) / static_cast<double>(songs.size());
    }
}

}  // namespace mgan::inline MGAN_ABI
