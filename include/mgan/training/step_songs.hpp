#pragma once
/// \file
/// The songs of a training as step events, and the crops that are taken of them.
///
/// The vocabulary, and what is usual on each axis of style, are read off the training songs. A crop
/// is told the style of its own events, so that later a song can be asked for one. A song that is
/// shorter than a crop begins again, from its first onset on, until the crop is full.

#include <mgan/dataset/crops.hpp>
#include <mgan/encoding/step_events.hpp>
#include <mgan/encoding/style_meter.hpp>
#include <mgan/generation/step_play.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The step events of one part of the songs.
class StepSongs {
public:
    StepSongs() = default;

    /// Songs of fewer than 2 notes are left out.
    StepSongs(const std::vector<midi::Song>& prepared, const encoding::StepVocabulary& vocabulary,
              std::int64_t length)
        : length_(static_cast<std::size_t>(length)) {
        for (const midi::Song& song : prepared) {
            songs_.push_back(encoding::step_events(song, vocabulary));
            if (songs_.back().events.size() < length_) ++looped_;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return songs_.size(); }
    [[nodiscard]] std::size_t looped() const noexcept { return looped_; }
    [[nodiscard]] std::span<const encoding::StepSong> all() const noexcept { return songs_; }

    /// The crop of song `song` that `random` chooses for `place`.
    [[nodiscard]] encoding::StepSong crop(std::size_t song, const Random& random,
                                          std::uint64_t place,
                                          const encoding::StepVocabulary& vocabulary) const {
        const encoding::StepSong& whole = songs_[song];
        const std::size_t size = whole.events.size();
        const std::size_t begin = size > length_ ? random.integer(place, size - length_ + 1) : 0;
        encoding::StepSong crop = encoding::crop_of(whole, begin, length_, vocabulary);
        for (std::size_t i = 0; crop.events.size() < length_; ++i)
            crop.events.push_back(whole.events[i % size]);
        return crop;
    }

    /// The songs of an epoch (dataset/crops.hpp).
    [[nodiscard]] std::vector<std::size_t> order(const Random& random, std::size_t least) const {
        return song_order(size(), random, least);
    }

private:
    std::vector<encoding::StepSong> songs_;
    std::size_t length_ = 0;
    std::size_t looped_ = 0;
};

/// The songs of `part` as the step encoding sees them; those of fewer than 2 notes are left out.
[[nodiscard]] inline std::vector<midi::Song> prepare_songs(const Songs& songs,
                                                           const std::vector<std::size_t>& part,
                                                           std::int64_t grid_ticks,
                                                           bool normalise_key) {
    std::vector<midi::Song> prepared;
    midi::Song memory;
    for (const std::size_t index : part) {
        prepared.push_back(
            encoding::prepare_steps(songs.get(index, memory), grid_ticks, normalise_key));
        if (prepared.back().notes.size() < 2) prepared.pop_back();
    }
    return prepared;
}

/// Style and place in the bar of a crop. `meter` is reset.
[[nodiscard]] inline StepStart start_of(const encoding::StepSong& crop,
                                        encoding::StyleMeter& meter) {
    meter.reset(crop.first_phase);
    for (const encoding::StepEvent& event : crop.events) meter.add(event);
    return {meter.axes(), crop.first_phase};
}

/// Starts of `count` crops of the training songs, from which new songs begin.
[[nodiscard]] inline std::vector<StepStart> draw_starts(const StepSongs& songs,
                                                        const encoding::StepVocabulary& vocabulary,
                                                        std::size_t count, std::uint64_t seed) {
    const Random random(seed, "step start");
    encoding::StyleMeter meter(vocabulary);
    std::vector<StepStart> starts;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t song = random.integer(2 * i, songs.size());
        starts.push_back(start_of(songs.crop(song, random, 2 * i + 1, vocabulary), meter));
    }
    return starts;
}

}  // namespace mgan::inline MGAN_ABI
