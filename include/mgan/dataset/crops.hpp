#pragma once
/// \file
/// Songs as encoded events, and the crops of T events that minibatches are made of.

#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/dataset/epoch_order.hpp>
#include <mgan/dataset/songs.hpp>
#include <mgan/encoding/context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The most songs whose styles are measured: of more, evenly spaced ones.
inline constexpr std::size_t kMostStyles = 100'000;

/// The songs of one part as encoded events, and the crops that are taken of them.
///
/// Songs in memory are encoded once; so are those of a packed file that is not too large
/// (`SongStore::most_encoded`). Of a larger one each crop is read at its place and encoded when it
/// is asked for: the same numbers.
template <typename Scalar>
class CropSource {
public:
    CropSource() = default;

    /// Encodes `songs` (those of `part`) for crops of `length` events.
    CropSource(const Songs& songs, const std::vector<std::size_t>& part,
               const encoding::Codec& codec, std::int64_t length)
        : length_(static_cast<std::size_t>(length)) {
        const encoding::EncodingSettings& settings = codec.settings();
        if (songs.source() != nullptr) {
            std::size_t events = 0;
            for (const std::size_t index : part)
                events += encoding::Codec::events_of(settings, songs.sounding(index));
            if (events * sizeof(encoding::Event<Scalar>) > songs.source()->most_encoded()) {
                from_ = songs;
                part_ = part;
                codec_ = codec;
                for (std::size_t song = 0; song < size(); ++song)
                    if (events_of(song) < length_) ++looped_;
                return;
            }
        }
        midi::Song memory;
        for (const std::size_t index : part) {
            songs_.push_back(codec.template encode<Scalar>(songs.get(index, memory)));
            if (songs_.back().size() < length_) ++looped_;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept {
        return codec_ ? part_.size() : songs_.size();
    }

    /// Number of songs shorter than a crop: they repeat from their start until the crop is full.
    [[nodiscard]] std::size_t looped() const noexcept { return looped_; }

    /// Whether all songs are encoded, in memory, so that `event` works.
    [[nodiscard]] bool is_encoded() const noexcept { return !codec_.has_value(); }

    /// The first event of the crop of song `song` that `random` (of the minibatch) chooses for
    /// `place` in the batch.
    [[nodiscard]] std::size_t crop_begin(std::size_t song, const Random& random,
                                         std::size_t place) const {
        const std::size_t size = events_of(song);
        return size <= length_ ? 0 : random.integer(place, size - length_ + 1);
    }

    /// Event t of the crop that begins there, of songs that are encoded.
    [[nodiscard]] const encoding::Event<Scalar>& event(std::size_t song, std::size_t begin,
                                                       std::size_t t) const {
        const encoding::Events<Scalar>& events = songs_[song];
        return events[(begin + t) % events.size()];
    }

    /// The first `steps` events of the crop that begins there. Event t goes to rows + t * stride.
    /// May be called from many threads at once. Throws IoError, FormatError if songs are read from
    /// a file.
    void copy_crop(std::size_t song, std::size_t begin, std::size_t steps, Scalar* rows,
                   std::size_t stride = encoding::kFeatures) const {
        if (codec_) {
            midi::Song memory;
            codec_->encode_crop(from_.get(part_[song], memory), begin, steps, rows, stride);
            return;
        }
        for (std::size_t t = 0; t < steps; ++t)
            std::copy_n(event(song, begin, t).data(), encoding::kFeatures, rows + t * stride);
    }

    /// The style of one crop of each song (of `kMostStyles` songs, if there are more).
    [[nodiscard]] std::vector<encoding::Style> styles(const encoding::Codec& codec,
                                                      std::uint64_t seed, int threads = 1) const {
        const std::vector<std::size_t> places = sample_places(size(), kMostStyles);
        std::vector<encoding::Style> styles(places.size());
        const Random random(seed, "style crop");
        constexpr std::size_t kChunk = 64;
        const auto chunks = static_cast<std::ptrdiff_t>((places.size() + kChunk - 1) / kChunk);
        parallel_for(chunks, threads, [&](std::ptrdiff_t chunk) {
            encoding::Events<Scalar> crop(length_);
            const std::size_t first = static_cast<std::size_t>(chunk) * kChunk;
            for (std::size_t i = first; i < std::min(places.size(), first + kChunk); ++i) {
                const std::size_t song = places[i];
                copy_crop(song, crop_begin(song, random, song), length_, crop.front().data());
                styles[i] =
                    encoding::style_of(crop.front().data(), length_, encoding::kFeatures, codec);
            }
        });
        return styles;
    }

    /// The first songs of an order, at least `least` (epoch_order.hpp).
    [[nodiscard]] std::vector<std::size_t> order(const Random& random, std::size_t least) const {
        return song_order(size(), random, least);
    }

private:
    [[nodiscard]] std::size_t events_of(std::size_t song) const {
        return codec_ ? encoding::Codec::events_of(codec_->settings(), from_.sounding(part_[song]))
                      : songs_[song].size();
    }

    std::vector<encoding::Events<Scalar>> songs_;
    /// Or, of songs that are read when they are asked for:
    Songs from_;
    std::vector<std::size_t> part_;
    std::optional<encoding::Codec> codec_;
    std::size_t length_ = 0;
    std::size_t looped_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
