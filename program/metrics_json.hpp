#pragma once
/// \file
/// Metrics as JSON, by their keys; `null` where a song does not have one.

#include <mgan/metrics/song_metrics.hpp>
#include <mgan/metrics/song_shape.hpp>

#include <nlohmann/json.hpp>

#include <optional>

namespace mgan::program {

using Json = nlohmann::ordered_json;

[[nodiscard]] inline Json json_of(const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
}

/// Digits after the point in tables.
[[nodiscard]] inline int metrics_digits(metrics::Metric metric) {
    return metric == metrics::Metric::scale_consistency || metric == metrics::Metric::polyphony ? 3
                                                                                                : 0;
}

/// Adds the metrics of a song to an object.
inline void add_metrics(Json& object, const metrics::SongMetrics& song) {
    const auto whole = [](const std::optional<double>& value) {
        return value ? Json(static_cast<std::int64_t>(*value)) : Json(nullptr);
    };
    object["notes"] = song.notes;
    object["scale_consistency"] = json_of(song.scale_consistency);
    object["tone_span"] = whole(song.tone_span);
    object["unique_tones"] = song.unique_tones;
    object["intensity_span"] = whole(song.intensity_span);
    object["polyphony"] = json_of(song.polyphony);
    object["repetitions_3"] = song.repetitions_3;
    object["reference"] = {{"scale_consistency", json_of(song.reference.scale_consistency)},
                           {"polyphony", song.reference.polyphony},
                           {"repetitions_3", song.reference.repetitions_3}};
}

/// What only shows over minutes.
[[nodiscard]] inline Json json_of(const metrics::SongShape& shape) {
    const auto stretch = [](const std::optional<metrics::Stretch>& one) {
        return one ? Json{{"density", one->density},
                          {"pitch", one->pitch},
                          {"velocity", one->velocity}}
                   : Json(nullptr);
    };
    Json at = Json::object();
    for (std::size_t i = 0; i < metrics::kReturnDistances.size(); ++i)
        at[std::to_string(metrics::kReturnDistances[i])] = json_of(shape.returning_at[i]);
    return {{"bars", shape.bars},
            {"returning", json_of(shape.returning)},
            {"returning_at", std::move(at)},
            {"first", stretch(shape.first)},
            {"last", stretch(shape.last)},
            {"last_length", json_of(shape.last_length)},
            {"ends_at_home", shape.ends_at_home ? Json(*shape.ends_at_home) : Json(nullptr)}};
}

}  // namespace mgan::program
