#pragma once
/// \file
/// All that a training with step heads knows of its songs.

#include <mgan/dataset/split.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/training/step_songs.hpp>

#include <array>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Vocabulary, scale of styles, and the songs as events. Moves would break references: it stays
/// where it is.
struct StepData {
    encoding::StepVocabulary vocabulary;
    StepSongs train, validation;
    encoding::StyleScale scale;
    StepShape shape;
    std::vector<StepStart> starts;  ///< what new songs may begin from

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
                   {settings.encoding.events.grid_ticks, settings.encoding.events.normalise_key}) {}

    StepData(const Settings& settings, const Songs& songs, const std::vector<std::size_t>& learnt,
             const std::vector<std::size_t>& others, const StepPreparation& prepare)
        : vocabulary(encoding::StepVocabulary::fit(sample(songs, learnt, prepare),
                                                   {.grid_ticks = prepare.grid_ticks})),
          train(songs, learnt, prepare, vocabulary, settings.length),
          validation(songs, others, prepare, vocabulary, settings.length),
          scale(fit_scale(train, vocabulary)),
          shape(step_shape(vocabulary)),
          starts(draw_starts(train, vocabulary, kStarts, settings.seed)) {}

    /// Training songs, prepared; at most `kMostFitted`.
    [[nodiscard]] static std::vector<midi::Song> sample(const Songs& songs,
                                                        const std::vector<std::size_t>& learnt,
                                                        const StepPreparation& prepare) {
        require<DataError>(!songs.empty(), "there is no song to train on");
        require<DataError>(!learnt.empty(), "no training song has two notes");
        std::vector<midi::Song> prepared;
        for (const std::size_t place : sample_places(learnt.size(), kMostFitted))
            prepared.push_back(prepare(songs, learnt[place]));
        return prepared;
    }
    [[nodiscard]] static encoding::StyleScale fit_scale(
        const StepSongs& songs, const encoding::StepVocabulary& vocabulary) {
        std::vector<encoding::StepSong> events;
        for (const std::size_t place : sample_places(songs.size(), kMostFitted))
            events.push_back(songs.song(place, vocabulary));
        return encoding::StyleScale::fit(events, vocabulary);
    }
};

}  // namespace mgan::inline MGAN_ABI
