#pragma once
/// \file
/// The songs of a training as step events, and the crops that are taken of them.
///
/// The vocabulary, and what is usual on each axis of style, are read off the training songs. A crop
/// is told the style of its own events, so that later a song can be asked for one. A song that is
/// shorter than a crop begins again, from its first onset on, until the crop is full.

#include <mgan/dataset/epoch_order.hpp>
#include <mgan/dataset/songs.hpp>
#include <mgan/encoding/step_events.hpp>
#include <mgan/encoding/style_meter.hpp>
#include <mgan/generation/step_play.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// How songs become step events.
struct StepPreparation {
    std::int64_t grid_ticks = 24;
    bool normalise_key = true;

    /// Song `song` as the step encoding sees it (encoding/step_events.hpp).
    [[nodiscard]] midi::Song operator()(const Songs& songs, std::size_t song) const {
        midi::Song memory;
        return encoding::prepare_steps(songs.get(song, memory), grid_ticks, normalise_key);
    }
};

/// The songs of `part` that have notes enough to learn from: 2.
[[nodiscard]] inline std::vector<std::size_t> usable_songs(const Songs& songs,
                                                           const std::vector<std::size_t>& part) {
    std::vector<std::size_t> usable;
    for (const std::size_t song : part)
        if (songs.sounding(song) >= 2) usable.push_back(song);
    return usable;
}

/// The step events of one part of the songs. Songs in memory are encoded once; so are those of a
/// packed file that is not too large (`SongStore::most_encoded`). Of a larger one each song is read
/// at its place and encoded when a crop of it is asked for: the same events.
class StepSongs {
public:
    StepSongs() = default;

    /// `part`: of `usable_songs`.
    StepSongs(const Songs& songs, std::vector<std::size_t> part, const StepPreparation& prepare,
              const encoding::StepVocabulary& vocabulary, std::int64_t length)
        : length_(static_cast<std::size_t>(length)), prepare_(prepare) {
        std::size_t events = 0;
        for (const std::size_t song : part) {
            events += songs.sounding(song);
            if (songs.sounding(song) < length_) ++looped_;
        }
        if (songs.source() != nullptr &&
            events * sizeof(encoding::StepEvent) > songs.source()->most_encoded()) {
            from_ = songs;
            part_ = std::move(part);
            return;
        }
        for (const std::size_t song : part)
            songs_.push_back(encoding::step_events(prepare(songs, song), vocabulary));
    }

    [[nodiscard]] std::size_t size() const noexcept { return songs_.size() + part_.size(); }
    /// Songs shorter than a crop.
    [[nodiscard]] std::size_t looped() const noexcept { return looped_; }

    /// The crop of song `song` that `random` chooses for `place`. May be called from many threads
    /// at once. Throws IoError, FormatError if songs are read from a file.
    [[nodiscard]] encoding::StepSong crop(std::size_t song, const Random& random,
                                          std::uint64_t place,
                                          const encoding::StepVocabulary& vocabulary) const {
        if (part_.empty()) return crop_of_song(songs_[song], random, place, vocabulary);
        return crop_of_song(this->song(song, vocabulary), random, place, vocabulary);
    }

    /// The same, but a share of the crops is the end of a song that has as many events
    /// (`StepSong::ends`).
    [[nodiscard]] encoding::StepSong lesson(std::size_t song, const Random& random,
                                            std::uint64_t place, double endings,
                                            const encoding::StepVocabulary& vocabulary) const {
        constexpr std::uint64_t kOfEndings = std::uint64_t{1} << 40;  // other numbers than crops'
        if (endings <= 0.0 || random.uniform(kOfEndings + place) >= endings)
            return crop(song, random, place, vocabulary);
        const encoding::StepSong whole = this->song(song, vocabulary);
        if (whole.events.size() < length_ || length_ < 2)
            return crop_of_song(whole, random, place, vocabulary);
        return encoding::ending_of(whole, length_, vocabulary);
    }

    /// The whole of song `song`.
    [[nodiscard]] encoding::StepSong song(std::size_t song,
                                          const encoding::StepVocabulary& vocabulary) const {
        if (part_.empty()) return songs_[song];
        return encoding::step_events(prepare_(from_, part_[song]), vocabulary);
    }

    /// The first songs of an order, at least `least` (dataset/epoch_order.hpp).
    [[nodiscard]] std::vector<std::size_t> order(const Random& random, std::size_t least) const {
        return song_order(size(), random, least);
    }

private:
    [[nodiscard]] encoding::StepSong crop_of_song(
        const encoding::StepSong& whole, const Random& random, std::uint64_t place,
        const encoding::StepVocabulary& vocabulary) const {
        const std::size_t size = whole.events.size();
        const std::size_t begin = size > length_ ? random.integer(place, size - length_ + 1) : 0;
        encoding::StepSong crop = encoding::crop_of(whole, begin, length_, vocabulary);
        for (std::size_t i = 0; crop.events.size() < length_; ++i)
            crop.events.push_back(whole.events[i % size]);
        return crop;
    }

    std::vector<encoding::StepSong> songs_;
    /// Or, of songs that are read when they are asked for:
    Songs from_;
    std::vector<std::size_t> part_;
    std::size_t length_ = 0;
    std::size_t looped_ = 0;
    StepPreparation prepare_;
};

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

/// How at most `count` training songs begin, evenly spaced ones of those that are long enough.
[[nodiscard]] inline std::vector<StepOpening> openings_of(
    const StepSongs& songs, const encoding::StepVocabulary& vocabulary, std::size_t count) {
    encoding::StyleMeter meter(vocabulary);
    std::vector<StepOpening> openings;
    for (const std::size_t place : sample_places(songs.size(), count)) {
        const encoding::StepSong song = songs.song(place, vocabulary);
        if (song.events.size() < 2 * StepOpening::kEvents) continue;
        const encoding::StepSong first =
            encoding::crop_of(song, 0, encoding::kStyleWindow, vocabulary);
        const auto end = first.events.begin() + static_cast<std::ptrdiff_t>(StepOpening::kEvents);
        openings.push_back({start_of(first, meter), {first.events.begin(), end}});
    }
    return openings;
}

}  // namespace mgan::inline MGAN_ABI
