#pragma once
/// \file
/// What the recurrent judge reads of a note: eight codes and four numbers.
///
///     code            values   of
///     -------------   ------   --------------------------------------------------------
///     gap                 32   steps since the onset before, in bins that widen
///     length              32   likewise
///     pitch class         12
///     octave              11
///     interval            52   to the note before, cut at +-25; 0: there is none
///     interval over 1     52   to the note before that one
///     velocity            33   in fours
///     its change          34   from the note before, cut at +-16; 0: there is none
///
///     numbers: log(1 + gap) / 2, log(1 + length) / 2, (pitch - 60) / 24, velocity / 32 - 2
///
/// A judge that saw nothing but numbers would be slow to learn what one semitone or one step means;
/// codes have a vector for each value (event_embedding.hpp).

#include <mgan/judging/judged_song.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

/// Sizes of the codes, and where the vectors of each begin in the table of all.
inline constexpr std::array<int, 8> kCodeSizes = {32, 32, 12, 11, 52, 52, 33, 34};
inline constexpr int kCodes = static_cast<int>(kCodeSizes.size());
inline constexpr int kNumbers = 4;
inline constexpr int kCodeValues = [] {
    int sum = 0;
    for (const int size : kCodeSizes) sum += size;
    return sum;
}();

/// The codes of a note, as rows of the table of all values.
using Codes = std::array<std::int16_t, kCodes>;

/// B windows of T notes. Column t B + b: note t of window b.
template <typename Scalar>
struct NoteFeatures {
    Index steps = 0;
    Index batch = 0;
    std::vector<Codes> codes;  ///< T B
    Matrix<Scalar> numbers;    ///< 4 x (T B)

    void resize(Index t, Index b) {
        steps = t;
        batch = b;
        codes.resize(static_cast<std::size_t>(t * b));
        numbers.resize(kNumbers, t * b);
    }
};

/// The bin of a time of `steps` >= 0: 1 to 31.
[[nodiscard]] inline int time_bin(int steps) noexcept {
    constexpr std::array kEdges = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                   16, 17, 18, 20, 22, 24, 26, 28, 32, 36, 40, 48, 64, 80, 96};
    return static_cast<int>(std::upper_bound(kEdges.begin(), kEdges.end(), steps) - kEdges.begin());
}

/// Writes `window` (T notes), transposed by `semitones`, as window b of `features`. A pitch that
/// leaves 0 .. 127 goes to the same pitch class an octave further in.
template <typename Scalar>
void write_features(Window window, int semitones, Index b, NoteFeatures<Scalar>& features) {
    const auto pitch_of = [&](std::size_t t) {
        const int pitch = window[t].pitch + semitones;
        return pitch < 0 ? pitch + 12 : pitch > 127 ? pitch - 12 : pitch;
    };
    const auto difference = [](int now, int before, int limit) {
        return std::clamp(now - before, -limit, limit) + limit + 1;
    };
    const auto half_log = [](int steps) {
        return static_cast<RealOf<Scalar>>(std::log1p(static_cast<double>(steps)) / 2.0);
    };
    for (std::size_t t = 0; t < window.size(); ++t) {
        const JudgedNote& note = window[t];
        const int pitch = pitch_of(t), gap = t == 0 ? 0 : note.gap;
        const std::array<int, kCodes> values = {
            time_bin(gap),
            time_bin(note.length),
            pitch % 12,
            pitch / 12,
            t < 1 ? 0 : difference(pitch, pitch_of(t - 1), 25),
            t < 2 ? 0 : difference(pitch, pitch_of(t - 2), 25),
            note.velocity / 4,
            t < 1 ? 0 : difference(note.velocity, window[t - 1].velocity, 16)};
        const Index column = static_cast<Index>(t) * features.batch + b;
        Codes& codes = features.codes[static_cast<std::size_t>(column)];
        int first = 0;
        for (std::size_t k = 0; k < values.size(); ++k) {
            codes[k] = static_cast<std::int16_t>(first + values[k]);
            first += kCodeSizes[k];
        }
        features.numbers(0, column) = half_log(gap);
        features.numbers(1, column) = half_log(note.length);
        features.numbers(2, column) = static_cast<RealOf<Scalar>>((pitch - 60) / 24.0);
        features.numbers(3, column) = static_cast<RealOf<Scalar>>(note.velocity / 32.0 - 2.0);
    }
}

}  // namespace mgan::inline MGAN_ABI::judging
