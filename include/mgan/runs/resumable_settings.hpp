#pragma once
/// \file
/// What may change when a stopped training is resumed: almost nothing.
///
/// A resumed training promises the bits of one that never stopped. With another batch size or
/// learning rate there is no such training, so the settings are compared and differences named.

#include <mgan/io/settings_json.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/training/phases.hpp>
#include <mgan/training/place.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// One setting that differs between two lists of settings, with both values as JSON.
struct SettingDifference {
    std::string key;
    std::string before;
    std::string after;
};

/// The settings that differ, in order.
[[nodiscard]] inline std::vector<SettingDifference> differences(const Settings& before,
                                                                const Settings& after) {
    Settings a = before, b = after;
    const std::vector<Setting> list_a = list_settings(a), list_b = list_settings(b);
    const auto text = [](const Setting& setting) {
        std::string json;
        append_json_scalar(json, std::visit([](auto&& x) { return JsonScalar(x); }, setting.get()));
        return json;
    };
    std::vector<SettingDifference> found;
    for (std::size_t i = 0; i < list_a.size(); ++i) {
        const std::string x = text(list_a[i]), y = text(list_b[i]);
        if (x != y) found.push_back({list_a[i].key, x, y});
    }
    return found;
}

/// Whether a training under `before`, now at `place`, may go on under `after` and still end in the
/// bits of one that had `after` from the start: "" if so, else the reason against it.
///
/// Only the number of adversarial epochs may change, and not always: under a cosine schedule every
/// step depends on the end, and an epoch may have been compared only because it was the last (or
/// not compared because it was not).
[[nodiscard]] inline std::string reason_against(const Settings& before, const Settings& after,
                                                const TrainingPlace& place) {
    for (const SettingDifference& difference : differences(before, after)) {
        if (difference.key != "adversarial.epochs") {
            return concat("it was started with ", difference.key, " = ", difference.before,
                          ", not ", difference.after);
        }
        const std::string change = concat("adversarial.epochs cannot change from ",
                                          difference.before, " to ", difference.after, ": ");
        const std::int64_t done = place.epoch - 1 - before.pretrain.epochs;
        if (after.adversarial.epochs < done || (after.adversarial.epochs == done && place.step > 0))
            return concat(change, place.step > 0 ? done + 1 : done,
                          " of them are done or under way");
        if (before.adversarial.schedule == RateSchedule::cosine)
            return change + "the schedule cosine depends on their number";
        // Step heads: the end of pretraining is judged where the other phase follows
        // (training/fresh_judge.hpp).
        if (done >= 0 && has_judges(before) != has_judges(after))
            return concat(change, "the end of pretraining was ",
                          has_judges(before) ? "judged" : "not judged");
        const bool was_last = done > 0 && done == before.adversarial.epochs;
        const bool is_last = done > 0 && done == after.adversarial.epochs;
        if (was_last != is_last && before.evaluation.keep_best &&
            (place.epoch - 1) % before.evaluation.every != 0)
            return concat(change, "epoch ", place.epoch - 1, was_last ? " was" : " was not",
                          " compared as the last one (evaluation.every = ", before.evaluation.every,
                          ")");
    }
    return "";
}

}  // namespace mgan::inline MGAN_ABI
