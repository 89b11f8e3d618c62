#pragma once
/// \file
/// The ear of the PF classifier, calibrated on training songs.

#include <mgan/core/random.hpp>
#include <mgan/dataset/crops.hpp>
#include <mgan/hearing/make_ear.hpp>
#include <mgan/hearing/song_notes.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/training/step_data.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The ear of `settings`, its scale calibrated on one crop from each of `pf.scale_songs` songs.
/// Throws what `make_ear` throws.
template <typename Scalar>
[[nodiscard]] std::unique_ptr<Ear<Scalar>> calibrate_ear(const Settings& settings,
                                                         const encoding::Codec& codec,
                                                         const CropSource<Scalar>& source) {
    const auto count = static_cast<Index>(
        std::min<std::size_t>(source.size(), static_cast<std::size_t>(settings.pf.scale_songs)));
    constexpr auto kEvent = static_cast<Index>(encoding::kFeatures);
    Sequence<Scalar> songs(settings.length, count, kEvent);
    const Random crop(settings.seed, "ear crop");
    for (Index b = 0; b < count; ++b) {
        const auto song = static_cast<std::size_t>(b);
        const std::size_t begin = source.crop_begin(song, crop, song);
        source.copy_crop(song, begin, static_cast<std::size_t>(settings.length),
                         songs.data() + b * kEvent, static_cast<std::size_t>(count * kEvent));
    }
    return make_ear<Scalar>(settings.pf, codec, std::as_const(songs).view());
}

/// The same for songs with step heads.
template <typename Scalar>
[[nodiscard]] std::unique_ptr<NoteEar<Scalar>> calibrate_ear(const Settings& settings,
                                                             const StepData& data) {
    std::vector<Matrix<Scalar>> songs(std::min<std::size_t>(
        data.train.size(), static_cast<std::size_t>(settings.pf.scale_songs)));
    const Random crop(settings.seed, "ear crop");
    for (std::size_t i = 0; i < songs.size(); ++i)
        notes_of(
            encoding::song_of(data.train.crop(i, crop, i, data.vocabulary).events, data.vocabulary),
            songs[i]);
    return make_note_ear<Scalar>(settings.pf, std::span<const Matrix<Scalar>>(songs));
}

}  // namespace mgan::inline MGAN_ABI
