#pragma once
/// \file
/// From the events of a network to notes in seconds.
///
/// An event says how many ticks after the one before it begins; a synthesiser wants to know when.
/// With d_i the difference of onsets of event i, and the lengths m_i, in ticks,
///
///     o_i = (d_0 + d_1 + .. + d_i) / r,      l_i = m_i / r,      r = 768 ticks a second   (1)
///
/// (384 ticks a quarter, 120 quarters a minute). Pitch and velocity stay as they are. A difference
/// moves its own note and all that follow, so its gradient is a sum from the end:
///
///     dL/dd_i = (dL/do_i + dL/do_{i+1} + .. + dL/do_{n-1}) / r                            (2)
///
/// Sums run in double: hundreds of events in float would drift apart from the beat.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>
#include <mgan/tensor/sequence.hpp>

#include <complex>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

/// 384 ticks a quarter at 120 quarters a minute.
inline constexpr double kTicksPerSecond = 768.0;

namespace tones_detail {
template <typename Scalar>
using Wide = std::conditional_t<Eigen::NumTraits<Scalar>::IsComplex, std::complex<double>, double>;

inline void check(const char* where, Index rows, Index cols, Index other_rows, Index other_cols) {
    if (rows != 4 || other_rows != 4 || cols != other_cols)
        fail<ShapeError>(where, ": ", rows, " x ", cols, " and ", other_rows, " x ", other_cols,
                         "; both must be 4 x T (time, length, pitch, velocity)");
}
}  // namespace tones_detail

/// Song b of a batch, [T, B, F], as an F x T matrix over the same memory: a column an event. Fits
/// the arguments below, for reading, or for writing where `Scalar` is not const.
template <typename Scalar>
[[nodiscard]] typename SequenceView<Scalar>::Map song_of(const SequenceView<Scalar>& songs,
                                                         Index b) noexcept {
    const Index stride = songs.column_stride();
    return {songs.data() + b * stride, songs.features(), songs.steps(),
            Eigen::OuterStride<>(songs.batch() * stride)};
}

/// Equation (1). events: 4 x T, a column an event (ticks since the previous onset, length in ticks,
/// pitch, velocity), un-normalised; tones: 4 x T (ToneRow of synthesiser.hpp), written; may be
/// `events`. A song of a Sequence is such a matrix: see `song_of`. Throws ShapeError.
template <typename Scalar>
void tones_from_events(const std::type_identity_t<ConstMatrixRef<Scalar>>& events,
                       std::type_identity_t<MatrixRef<Scalar>> tones,
                       double ticks_per_second = kTicksPerSecond) {
    using Wide = tones_detail::Wide<Scalar>;
    tones_detail::check("tones_from_events", events.rows(), events.cols(), tones.rows(),
                        tones.cols());
    const double seconds = 1.0 / ticks_per_second;
    Wide ticks(0);
    for (Index i = 0; i < events.cols(); ++i) {
        ticks += static_cast<Wide>(events(0, i));
        tones(0, i) = static_cast<Scalar>(ticks * seconds);
        tones(1, i) = static_cast<Scalar>(static_cast<Wide>(events(1, i)) * seconds);
        tones(2, i) = events(2, i);
        tones(3, i) = events(3, i);
    }
}

/// Equation (2) and its like. d_tones: 4 x T; d_events: 4 x T, written; may be `d_tones`. Throws
/// ShapeError.
template <typename Scalar>
void tones_from_events_backward(const std::type_identity_t<ConstMatrixRef<Scalar>>& d_tones,
                                std::type_identity_t<MatrixRef<Scalar>> d_events,
                                double ticks_per_second = kTicksPerSecond) {
    using Wide = tones_detail::Wide<Scalar>;
    tones_detail::check("tones_from_events_backward", d_tones.rows(), d_tones.cols(),
                        d_events.rows(), d_events.cols());
    const double seconds = 1.0 / ticks_per_second;
    Wide sum(0);
    for (Index i = d_tones.cols(); i-- > 0;) {
        sum += static_cast<Wide>(d_tones(0, i));
        d_events(0, i) = static_cast<Scalar>(sum * seconds);
        d_events(1, i) = static_cast<Scalar>(static_cast<Wide>(d_tones(1, i)) * seconds);
        d_events(2, i) = d_tones(2, i);
        d_events(3, i) = d_tones(3, i);
    }
}

}  // namespace mgan::inline MGAN_ABI
