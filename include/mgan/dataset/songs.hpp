#pragma once
/// \file
/// Songs by number, wherever they are: in memory, or in a packed file that is read at its place.
///
///     midi::Song memory;
///     for (std::size_t i = 0; i < songs.size(); ++i) {
///         const midi::Song& song = songs.get(i, memory);
///
/// What trains reads songs through this view, as notes; it does not ask where they lie. A corpus of
/// a million songs then takes the memory of those that are being looked at.

#include <mgan/dataset/statistics_cache.hpp>
#include <mgan/midi/song.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Number of sounding notes (midi/sounding_notes.hpp).
[[nodiscard]] inline std::size_t count_sounding(const std::vector<midi::Note>& notes) noexcept {
    return static_cast<std::size_t>(
        std::count_if(notes.begin(), notes.end(), [](const midi::Note& note) {
            return note.velocity > 0 && note.channel != midi::kDrumChannel;
        }));
}

/// Songs that are not in memory. All functions may be called from many threads at once.
class SongStore {
public:
    virtual ~SongStore() = default;

    [[nodiscard]] virtual std::size_t size() const noexcept = 0;

    /// Reads song `song` < size() into `into`, whose memory is used again. Throws IoError,
    /// FormatError.
    virtual void read(std::size_t song, midi::Song& into) const = 0;

    /// Number of its sounding notes (midi/sounding_notes.hpp), without reading it.
    [[nodiscard]] virtual std::size_t sounding(std::size_t song) const noexcept = 0;

    /// The fingerprint of all songs (fingerprint.hpp), without reading them.
    [[nodiscard]] virtual std::uint64_t fingerprint() const noexcept = 0;

    /// Where what was computed from all songs may be kept.
    [[nodiscard]] virtual const StatisticsCache& cache() const noexcept = 0;

    /// Bytes of encoded events that a training may hold of each part; of more, crops are read at
    /// their place (crops.hpp).
    [[nodiscard]] virtual std::size_t most_encoded() const noexcept { return std::size_t{1} << 27; }
};

/// A view of songs. Those in memory must outlive it; a source lives as long as its views.
class Songs {
public:
    Songs() = default;
    Songs(const std::vector<midi::Song>& songs) noexcept : memory_(songs) {}
    Songs(std::span<const midi::Song> songs) noexcept : memory_(songs) {}
    Songs(std::shared_ptr<const SongStore> source) noexcept : source_(std::move(source)) {}

    [[nodiscard]] std::size_t size() const noexcept {
        return source_ ? source_->size() : memory_.size();
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    /// Song `song` < size(): in memory, or read into `memory`. Throws IoError, FormatError.
    [[nodiscard]] const midi::Song& get(std::size_t song, midi::Song& memory) const {
        if (!source_) return memory_[song];
        source_->read(song, memory);
        return memory;
    }

    /// Number of its sounding notes.
    [[nodiscard]] std::size_t sounding(std::size_t song) const {
        return source_ ? source_->sounding(song) : count_sounding(memory_[song].notes);
    }

    /// The file that songs are read from, or null: they are in memory.
    [[nodiscard]] const SongStore* source() const noexcept { return source_.get(); }

private:
    std::span<const midi::Song> memory_;
    std::shared_ptr<const SongStore> source_;
};

/// `most` places of a list of `size`, evenly spaced from the first on; all of them if there are no
/// more. By them statistics of large data sets are taken.
[[nodiscard]] inline std::vector<std::size_t> sample_places(std::size_t size, std::size_t most) {
    std::vector<std::size_t> places(std::min(size, most));
    for (std::size_t i = 0; i < places.size(); ++i)
        places[i] = size <= most ? i
                                 : static_cast<std::size_t>(static_cast<double>(i) *
                                                            static_cast<double>(size) /
                                                            static_cast<double>(most));
    return places;
}

}  // namespace mgan::inline MGAN_ABI
