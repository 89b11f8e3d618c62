#pragma once
/// \file
/// The ear of a training, if this build has one.
///
/// Compiled with FFTW (CMake target mgan::audio, which defines MGAN_HAS_FFTW=1) this is the ear of
/// frequency_ear.hpp; without, an error that says so. All translation units of a program must
/// agree.

#include <mgan/encoding/codec.hpp>
#include <mgan/hearing/ear.hpp>
#include <mgan/settings/pf_settings.hpp>

#include <memory>
#include <span>

#if MGAN_HAS_FFTW
#include <mgan/hearing/frequency_ear.hpp>
#endif

namespace mgan::inline MGAN_ABI {

/// Whether this build has an ear.
#if MGAN_HAS_FFTW
inline constexpr bool kHasEar = true;
#else
inline constexpr bool kHasEar = false;
#endif

/// Throws ConfigError that says what is missing if this build has no ear.
inline void require_ear() {
    require<ConfigError>(kHasEar,
                         "variant carnn-pf-mgan: this mgan was built without FFTW, which its PF "
                         "classifier needs; install it (Debian: apt install libfftw3-dev) and "
                         "build again, or take carnn-mgan, which is the same without the "
                         "classifier");
}

/// An ear calibrated on real songs: events, [T, B, F], normalised by `codec`, which
/// must outlive it. Throws ConfigError.
template <typename Scalar>
[[nodiscard]] std::unique_ptr<Ear<Scalar>> make_ear(
    [[maybe_unused]] const PfSettings& settings, [[maybe_unused]] const encoding::Codec& codec,
    [[maybe_unused]] SequenceView<const Scalar> songs) {
    require_ear();
#if MGAN_HAS_FFTW
    auto ear = std::make_unique<FrequencyEar<Scalar>>(settings, codec);
    ear->fit(songs);
    return ear;
#else
    return nullptr;
#endif
}
template <typename Scalar>
std::unique_ptr<Ear<Scalar>> make_ear(const PfSettings&, encoding::Codec&&,
                                      SequenceView<const Scalar>) = delete;

/// An ear for lists of notes, calibrated on real songs, each 4 x n. Throws ConfigError, DataError.
template <typename Scalar>
[[nodiscard]] std::unique_ptr<NoteEar<Scalar>> make_note_ear(
    [[maybe_unused]] const PfSettings& settings,
    [[maybe_unused]] std::span<const Matrix<Scalar>> songs) {
    require_ear();
#if MGAN_HAS_FFTW
    auto ear = std::make_unique<FrequencyNoteEar<Scalar>>(settings);
    ear->fit(songs);
    return ear;
#else
    return nullptr;
#endif
}

}  // namespace mgan::inline MGAN_ABI
