#pragma once
/// \file
/// All that a training with step heads knows of its songs.

#include <mgan/core/hash.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/dataset/statistics_cache.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/training/step_songs.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What is computed from all training songs.
struct StepStatistics {
    encoding::StepVocabulary vocabulary;
    encoding::StyleScale scale;
    std::vector<StepStart> starts;  ///< what new songs may begin from
};

namespace step_data_detail {

/// A number for everything that the statistics depend on.
[[nodiscard]] inline std::uint64_t key_of(const Settings& settings, const Songs& songs,
                                          const std::vector<std::size_t>& learnt) {
    Fnv1a key = StatisticsCache::key();
    key.add(static_cast<std::int64_t>(songs.source()->fingerprint()));
    key.add(settings.encoding.events.grid_ticks);
    key.add(std::int64_t{settings.encoding.events.normalise_key});
    key.add(settings.length);
    key.add(static_cast<std::int64_t>(settings.seed));
    for (const std::size_t song : learnt) key.add(static_cast<std::int64_t>(song));
    return key.value();
}

/// The statistics as one list of numbers.
[[nodiscard]] inline std::vector<double> numbers_of(const encoding::StepVocabulary& vocabulary,
                                                    const encoding::StyleScale& scale,
                                                    const std::vector<StepStart>& starts) {
    std::vector<double> numbers = {static_cast<double>(vocabulary.grid_ticks()),
                                   static_cast<double>(vocabulary.size())};
    for (const encoding::StepComponent& component : vocabulary.components()) {
        numbers.push_back(static_cast<double>(component.kind));
        numbers.push_back(static_cast<double>(component.values.size()));
        numbers.insert(numbers.end(), component.values.begin(), component.values.end());
    }
    numbers.insert(numbers.end(), scale.mean.begin(), scale.mean.end());
    numbers.insert(numbers.end(), scale.sd.begin(), scale.sd.end());
    for (const StepStart& start : starts) {
        numbers.push_back(static_cast<double>(start.phase));
        numbers.insert(numbers.end(), start.style.begin(), start.style.end());
    }
    return numbers;
}

/// The reverse; nothing if they are not the numbers of statistics with `starts` starts.
[[nodiscard]] inline std::optional<StepStatistics> statistics_of(const std::vector<double>& numbers,
                                                                 std::size_t starts) {
    std::size_t at = 0;
    // A whole number of 0 .. most, or -1.
    const auto whole = [&](std::int64_t most) {
        if (at == numbers.size()) return std::int64_t{-1};
        const double number = numbers[at++];
        const bool good =
            number >= 0.0 && number <= static_cast<double>(most) && number == std::floor(number);
        return good ? static_cast<std::int64_t>(number) : std::int64_t{-1};
    };
    const std::int64_t grid = whole(96), count = whole(8);
    std::vector<encoding::StepComponent> components;
    for (std::int64_t c = 0; c < count; ++c) {
        const std::int64_t kind = whole(5), size = whole(255);
        if (kind < 0) return std::nullopt;
        encoding::StepComponent component;
        component.kind = static_cast<encoding::ComponentKind>(kind);
        component.name = encoding::name(component.kind);
        for (std::int64_t i = 0; i < size; ++i)
            component.values.push_back(static_cast<std::int32_t>(whole(1 << 30)));
        components.push_back(std::move(component));
    }
    if (numbers.size() - at != 2 * encoding::kStyleAxes + starts * (1 + encoding::kStyleAxes))
        return std::nullopt;
    const auto finite = [](double number) { return std::isfinite(number); };
    if (!std::all_of(numbers.begin(), numbers.end(), finite)) return std::nullopt;
    const auto style = [&] {
        encoding::StepStyle axes{};
        for (double& axis : axes) axis = numbers[at++];
        return axes;
    };
    try {
        StepStatistics found{
            encoding::StepVocabulary(grid, std::move(components)), {style(), style()}, {}};
        for (const double sd : found.scale.sd)
            if (!(sd > 0.0)) return std::nullopt;
        for (std::size_t i = 0; i < starts; ++i) {
            const std::int64_t phase = whole(1 << 20);
            if (phase < 0) return std::nullopt;
            found.starts.push_back({style(), static_cast<std::int32_t>(phase)});
        }
        return found;
    } catch (const ConfigError&) {
        return std::nullopt;
    }
}

}  // namespace step_data_detail

/// Vocabulary, scale of styles, and the songs as events. Moves would break references: it stays
/// where it is.
///
/// The statistics come from the cache of a packed file, if they are there. Else they are computed,
/// from one song after the other, and kept.
struct StepData {
    encoding::StepVocabulary vocabulary;
    StepSongs train, validation;
    encoding::StyleScale scale;
    StepShape shape;
    std::vector<StepStart> starts;      ///< what new songs may begin from
    std::vector<StepOpening> openings;  ///< how some training songs begin

    /// Songs whose beginnings go into a model.
    static constexpr std::size_t kOpenings = 100;

    /// Starts that are drawn from the training songs.
    static constexpr std::size_t kStarts = 1500;

    /// Songs by which vocabulary and scale are fitted: of more, evenly spaced ones.
    static constexpr std::size_t kMostFitted = 20'000;

    /// `parts`: indices into `songs`. Throws DataError if no training song has two notes.
    StepData(const Settings& settings, const Songs& songs,
             const std::array<std::vector<std::size_t>, 3>& parts)
        : StepData(settings, songs, usable_songs(songs, parts[0]), usable_songs(songs, parts[1])) {}

    StepData(const StepData&) = delete;
    StepData& operator=(const StepData&) = delete;

private:
    StepData(const Settings& settings, const Songs& songs, const std::vector<std::size_t>& learnt,
             const std::vector<std::size_t>& others)
        : StepData(settings, songs, learnt, others.empty() ? learnt : others,
                   {settings.encoding.events.grid_ticks, settings.encoding.events.normalise_key},
                   find_kept(settings, songs, learnt)) {}

    StepData(const Settings& settings, const Songs& songs, const std::vector<std::size_t>& learnt,
             const std::vector<std::size_t>& others, const StepPreparation& prepare,
             std::optional<StepStatistics> kept)
        : vocabulary(kept ? std::move(kept->vocabulary) : fit_vocabulary(songs, learnt, prepare)),
          train(songs, learnt, prepare, vocabulary, settings.length),
          validation(songs, others, prepare, vocabulary, settings.length),
          scale(kept ? kept->scale : fit_scale(train, vocabulary)),
          shape(step_shape(vocabulary)),
          starts(kept ? std::move(kept->starts)
                      : draw_starts(train, vocabulary, kStarts, settings.seed)),
          openings(openings_of(train, vocabulary, kOpenings)) {
        if (!kept && songs.source() != nullptr)
            songs.source()->cache().keep(kName, step_data_detail::key_of(settings, songs, learnt),
                                         step_data_detail::numbers_of(vocabulary, scale, starts));
    }

    /// Of the files in the cache.
    static constexpr std::string_view kName = "steps";

    [[nodiscard]] static std::optional<StepStatistics> find_kept(
        const Settings& settings, const Songs& songs, const std::vector<std::size_t>& learnt) {
        if (songs.source() == nullptr) return std::nullopt;
        const auto numbers =
            songs.source()->cache().find(kName, step_data_detail::key_of(settings, songs, learnt));
        if (!numbers) return std::nullopt;
        return step_data_detail::statistics_of(*numbers, kStarts);
    }

    /// Of the training songs; of at most `kMostFitted`.
    [[nodiscard]] static encoding::StepVocabulary fit_vocabulary(
        const Songs& songs, const std::vector<std::size_t>& learnt,
        const StepPreparation& prepare) {
        require<DataError>(!songs.empty(), "there is no song to train on");
        require<DataError>(!learnt.empty(), "no training song has two notes");
        const std::vector<std::size_t> places = sample_places(learnt.size(), kMostFitted);
        return encoding::StepVocabulary::fit(
            places.size(), [&](std::size_t i) { return prepare(songs, learnt[places[i]]); },
            {.grid_ticks = prepare.grid_ticks});
    }
    [[nodiscard]] static encoding::StyleScale fit_scale(
        const StepSongs& songs, const encoding::StepVocabulary& vocabulary) {
        const std::vector<std::size_t> places = sample_places(songs.size(), kMostFitted);
        return encoding::StyleScale::fit(
            places.size(), [&](std::size_t i) { return songs.song(places[i], vocabulary); },
            vocabulary);
    }
};

}  // namespace mgan::inline MGAN_ABI
