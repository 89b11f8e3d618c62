#pragma once
/// \file
/// Per-epoch bookkeeping: the sums while an epoch runs, its report when it is over, and the state
/// of the training.

#include <mgan/judging/separation.hpp>
#include <mgan/metrics/set_comparison.hpp>
#include <mgan/training/losses.hpp>
#include <mgan/training/place.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace mgan::inline MGAN_ABI {

/// Sums over the minibatches of an epoch that is under way.
struct EpochSums {
    double steps = 0.0;
    Losses losses;
    double freezes_g = 0.0, freezes_d = 0.0, freezes_f = 0.0;     ///< how often each rested
    double gradient_g = 0.0, gradient_d = 0.0, gradient_f = 0.0;  ///< norms before the cut

    /// Calls visitor(number) for each, in the order of checkpoints.
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        const auto visit_losses = [&](bool of_classifier) {
            losses.visit([&](const LossName& name, double& loss) {
                if (name.of_classifier == of_classifier) visitor(loss);
            });
        };
        visitor(steps);
        visit_losses(false);
        for (double* number : {&freezes_g, &freezes_d, &gradient_g, &gradient_d}) visitor(*number);
        visit_losses(true);
        for (double* number : {&freezes_f, &gradient_f}) visitor(*number);
    }

    /// Losses and gradients as means over the minibatches; steps and freezes stay counts.
    [[nodiscard]] EpochSums mean() const {
        EpochSums mean = *this;
        const double n = std::max(1.0, steps);
        mean.losses.visit([&](const LossName&, double& loss) { loss /= n; });
        for (double* gradient : {&mean.gradient_g, &mean.gradient_d, &mean.gradient_f})
            *gradient /= n;
        return mean;
    }
};

/// Where a training is. With seed and nets it determines all that follows.
struct TrainingState {
    std::int64_t epoch = 1;  ///< that is under way, from 1, through both phases
    std::int64_t step = 0;   ///< minibatches of it that are done
    std::int64_t total_steps = 0;
    std::int64_t warmup_done = 0;
    double last_loss_d = 0.0, last_loss_g = 0.0;  ///< of the last minibatch, for the freezing rule
    double last_loss_f = 0.0, last_loss_g_f = 0.0;  ///< the same between G and the PF classifier
    double d_accuracy = 0.8;  ///< step heads: moving mean of D's accuracy at the end of songs
    double best_score = -1e300;
    std::int64_t best_epoch = 0;  ///< 0: none yet
    std::int64_t rollbacks = 0;   ///< since the training began (rollback.hpp)
    EpochSums sums;

    [[nodiscard]] TrainingPlace place() const noexcept { return {epoch, step}; }
};

/// How well judges that were trained for this alone tell an epoch's songs (fresh_judge.hpp).
struct FreshJudgement {
    judging::Verdict network, statistics;

    /// Mean of the two: a judge sees what the other one is blind to.
    [[nodiscard]] double auc() const noexcept { return (network.auc + statistics.auc) / 2.0; }
};

/// The results of an epoch. Losses are means over the minibatches; those of the other phase are
/// absent.
struct EpochReport {
    std::int64_t epoch = 0;
    bool adversarial = false;
    std::int64_t length = 0;
    double learning_rate = 0.0, discriminator_learning_rate = 0.0;
    bool has_pf_classifier = false;  ///< one takes part, and what is named f_ has a meaning
    double pf_learning_rate = 0.0;
    EpochSums mean;     ///< freezes are counts
    Losses validation;  ///< of the nets at its end, on a fixed batch of validation songs
    /// Of the generated songs.
    std::array<std::optional<double>, metrics::kMetrics.size()> metric_means;
    double longest_run = 0.0;
    std::int64_t rollbacks = 0;                        ///< since the training began
    std::optional<metrics::SetComparison> comparison;  ///< with the validation songs
    std::optional<FreshJudgement> judged;              ///< where fresh judges were asked
    bool best = false;                                 ///< its generator is the one to keep so far
};

/// What the caller learns after each minibatch.
struct StepReport {
    bool adversarial = false;
    std::int64_t epoch = 0, epochs = 0;  ///< of both phases together
    std::int64_t step = 0, steps = 0;    ///< of this epoch
    double loss_g = 0.0, loss_d = 0.0;   ///< means so far in this epoch (pretraining: loss_g alone)
    std::optional<double> loss_f;        ///< of the PF classifier, where there is one
};

/// D learns alone, before the adversarial phase.
struct WarmupReport {
    std::int64_t done = 0, steps = 0;  ///< minibatches
};

/// Fills in the metrics of an epoch's generated songs: the mean of each (absent where no song has
/// it), and the mean of the longest run of one pitch.
inline void report_metrics(EpochReport& report, std::span<const metrics::SongMetrics> songs) {
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
