#pragma once
/// \file
/// Songs as encoded events, and the crops of T events that minibatches are made of.

#include <mgan/core/random.hpp>
#include <mgan/encoding/context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The songs of an epoch: permutations of 0 .. size - 1, one after the other, at least `least`
/// songs.
[[nodiscard]] inline std::vector<std::size_t> song_order(std::size_t size, const Random& random,
                                                         std::size_t least) {
    std::vector<std::size_t> songs;
    do {
        const std::size_t begin = songs.size();
        songs.resize(begin + size);
        std::iota(songs.begin() + static_cast<std::ptrdiff_t>(begin), songs.end(), std::size_t{0});
        shuffle(std::span(songs).subspan(begin), random, begin);
    } while (songs.size() < least);
    return songs;
}

/// The songs of one part as encoded events, and the crops that are taken of them.
template <typename Scalar>
class CropSource {
public:
    CropSource() = default;

    /// Encodes `songs` (those of `part`) for crops of `length` events.
    CropSource(const std::vector<midi::Song>& songs, const std::vector<std::size_t>& part,
               const encoding::Codec& codec, std::int64_t length)
        : length_(static_cast<std::size_t>(length)) {
        for (const std::size_t index : part) {
            songs_.push_back(codec.template encode<Scalar>(songs[index]));
            if (songs_.back().size() < length_) ++looped_;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return songs_.size(); }

    /// Number of songs shorter than a crop: they repeat from their start until the crop is full.
    [[nodiscard]] std::size_t looped() const noexcept { return looped_; }

    /// The first event of the crop of song `song` that `random` (of the minibatch) chooses for
    /// `place` in the batch.
    [[nodiscard]] std::size_t crop_begin(std::size_t song, const Random& random,
                                         std::size_t place) const {
        const std::size_t size = songs_[song].size();
        return size <= length_ ? 0 : random.integer(place, size - length_ + 1);
    }

    /// Event t of the crop that begins there.
    [[nodiscard]] const encoding::Event<Scalar>& event(std::size_t song, std::size_t begin,
                                                       std::size_t t) const {
        const encoding::Events<Scalar>& events = songs_[song];
        return events[(begin + t) % events.size()];
    }

    /// The style of one crop of each song.
    [[nodiscard]] std::vector<encoding::Style> styles(const encoding::Codec& codec,
                                                      std::uint64_t seed) const {
        std::vector<encoding::Style> styles;
        const Random random(seed, "style crop");
        encoding::Events<Scalar> crop(length_);
        for (std::size_t song = 0; song < size(); ++song) {
            const std::size_t begin = crop_begin(song, random, song);
            for (std::size_t t = 0; t < length_; ++t) crop[t] = event(song, begin, t);
            styles.push_back(
                encoding::style_of(crop.front().data(), length_, encoding::kFeatures, codec));
        }
        return styles;
    }

    /// The songs of an epoch.
    [[nodiscard]] std::vector<std::size_t> order(const Random& random, std::size_t least) const {
        return song_order(size(), random, least);
    }

private:
    std::vector<encoding::Events<Scalar>> songs_;
    std::size_t length_ = 0;
    std::size_t looped_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
