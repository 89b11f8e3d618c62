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

    /// `parts`: indices into `songs`. Throws DataError if no training song has two notes.
    StepData(const Settings& settings, const Songs& songs,
             const std::array<std::vector<std::size_t>, 3>& parts)
        : StepData(settings, prepared(settings, songs, parts[0]),
                   prepared(settings, songs, parts[1])) {}

    StepData(const StepData&) = delete;
    StepData& operator=(const StepData&) = delete;

private:
    StepData(const Settings& settings, const std::vector<midi::Song>& learnt,
             const std::vector<midi::Song>& others)
        : vocabulary(encoding::StepVocabulary::fit(
              learnt, {.grid_ticks = settings.encoding.events.grid_ticks})),
          train(learnt, vocabulary, settings.length),
          validation(others.empty() ? learnt : others, vocabulary, settings.length),
          scale(encoding::StyleScale::fit(train.all(), vocabulary)),
          shape(step_shape(vocabulary)),
          starts(draw_starts(train, vocabulary, kStarts, settings.seed)) {}

    [[nodiscard]] static std::vector<midi::Song> prepared(const Settings& settings,
                                                          const Songs& songs,
                                                          const std::vector<std::size_t>& part) {
        require<DataError>(!songs.empty(), "there is no song to train on");
        std::vector<midi::Song> result =
            prepare_songs(songs, part, settings.encoding.events.grid_ticks,
                          settings.encoding.events.normalise_key);
        require<DataError>(!result.empty() || part.empty(), "no song has two notes");
        return result;
    }
};

}  // namespace mgan::inline MGAN_ABI
