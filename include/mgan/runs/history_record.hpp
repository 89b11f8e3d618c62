#pragma once
/// \file
/// The line of history.jsonl that an epoch gives.
///
/// Losses are means over the epoch's minibatches. With `validation_` in front they are those of the
/// nets at its end, on a fixed batch of validation songs. What is undefined is `null`.
///
///     always        epoch
///                   phase                          pretrain or adversarial
///                   length                         events of a song
///                   learning_rate                  of the generator, at the end of the epoch
///                   seconds                        of the process that ended the epoch
///                   loss_pretrain                  and validation_loss_pretrain
///                   gradient_g                     norm before the cut
///
///     adversarial   discriminator_learning_rate
///                   loss_d, loss_g, loss_non_saturating, loss_feature_matching
///                   d_real, d_fake, accuracy       D(real), D(generated), share of right answers
///                   freezes_g, freezes_d           minibatches in which G or D rested
///                   validation_...                 of these losses and decisions, but not of
///                                                  loss_feature_matching
///                   gradient_d
///
///     with a PF     pf_learning_rate
///     classifier F  f_loss                         not times lambda;
///                   f_loss_g                       F's part of G's loss
///                   f_loss_non_saturating, f_loss_feature_matching
///                   f_real, f_fake, f_accuracy
///                   d_accuracy                     = accuracy
///                   freezes_f, gradient_f
///                   validation_...                 of f_loss, f_loss_g, f_real, f_fake, f_accuracy
///
///     songs         notes, scale_consistency, ...  means over generated songs
///                                                  (metrics/song_metrics.hpp)
///                   longest_run
///                   overlap_area_KEY, gap_KEY      against the validation songs
///                   mean_overlap_area, mean_gap
///                   judge_network,                 how often fresh judges are right about its
///                   judge_statistics               songs, where they were asked
///                   judge_auc                      the mean of both, which chooses
///                                                  (training/fresh_judge.hpp)
///                   best                           1: this epoch's generator is the one to keep
///                                                  so far
///                   rollbacks                      since the training began, if there were any
///                                                  (training/rollback.hpp)
///                   kept_phase                     pretraining or adversarial: where the generator
///                                                  to keep comes from, at the end of the epoch

#include <mgan/runs/history.hpp>
#include <mgan/training/epoch.hpp>

#include <limits>
#include <optional>
#include <string>

namespace mgan::inline MGAN_ABI {

namespace history_detail {

/// The losses of the epoch, and then those of validation: of D, or of the PF classifier.
inline void set_losses(HistoryRecord& record, const EpochReport& report, bool of_classifier) {
    const double accuracy = report.mean.losses.accuracy;
    report.mean.losses.visit([&](const LossName& name, const double& loss) {
        if (name.of_classifier != of_classifier) return;
        // The accuracy of D once more, beside that of F.
        if (name.key == "f_accuracy") record.set("d_accuracy", accuracy);
        record.set(name.key, loss);
    });
    if (of_classifier) {
        record.set("freezes_f", report.mean.freezes_f).set("gradient_f", report.mean.gradient_f);
    } else {
        record.set("freezes_g", report.mean.freezes_g).set("freezes_d", report.mean.freezes_d);
    }
    report.validation.visit([&](const LossName& name, const double& loss) {
        if (name.of_classifier == of_classifier && name.has_validation)
            record.set(concat("validation_", name.key), loss);
    });
}

}  // namespace history_detail

[[nodiscard]] inline HistoryRecord history_record(const EpochReport& report, double seconds) {
    HistoryRecord record;
    const auto set = [&](const std::string& key, const std::optional<double>& number) {
        record.set(key, number.value_or(std::numeric_limits<double>::quiet_NaN()));
    };
    record.set("epoch", report.epoch);
    record.set("phase", report.adversarial ? "adversarial" : "pretrain");
    record.set("length", report.length);
    record.set("learning_rate", report.learning_rate);
    if (report.adversarial)
        record.set("discriminator_learning_rate", report.discriminator_learning_rate);
    record.set("seconds", seconds);
    record.set("loss_pretrain", report.mean.losses.loss_pretrain);
    record.set("validation_loss_pretrain", report.validation.loss_pretrain);
    // Setting a key again leaves it in its place: loss_pretrain stays where it stands.
    if (report.adversarial) history_detail::set_losses(record, report, false);
    if (report.adversarial && report.has_pf_classifier) {
        record.set("pf_learning_rate", report.pf_learning_rate);
        history_detail::set_losses(record, report, true);
    }
    record.set("gradient_g", report.mean.gradient_g);
    if (report.adversarial) record.set("gradient_d", report.mean.gradient_d);
    for (const metrics::Metric metric : metrics::kMetrics)
        set(std::string(metrics::key(metric)),
            report.metric_means[static_cast<std::size_t>(metric)]);
    record.set("longest_run", report.longest_run);
    if (report.comparison) {
        for (const metrics::Metric metric : metrics::kMetrics) {
            const metrics::MetricComparison& one = (*report.comparison)[metric];
            record.set(concat("overlap_area_", metrics::key(metric)), one.overlap_area);
            set(concat("gap_", metrics::key(metric)), one.gap);
        }
        record.set("mean_overlap_area", report.comparison->mean_overlap_area);
        set("mean_gap", report.comparison->mean_gap);
    }
    if (report.judged) {
        record.set("judge_network", report.judged->network.accuracy);
        record.set("judge_statistics", report.judged->statistics.accuracy);
        record.set("judge_auc", report.judged->auc());
    }
    record.set("best", report.best ? 1 : 0);
    if (report.rollbacks > 0) record.set("rollbacks", report.rollbacks);
    return record;
}

}  // namespace mgan::inline MGAN_ABI
