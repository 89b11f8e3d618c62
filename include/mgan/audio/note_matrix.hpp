#pragma once
/// \file
/// From the events of a network to notes in seconds.
///
/// An event says how many ticks after the one before it begins; a synthesiser wants to know when.
/// With gap_i the ticks since the previous onset and length_i the ticks of event i, the onset and
/// the length of note i in seconds are
///
///     o_i = (gap_1 + .. + gap_i) / 768,      l_i = length_i / 768                         (1)
///
/// at 384 ticks a quarter and 120 quarters a minute. Pitch and velocity do not change. A longer gap
/// moves its own note and all that follow, so its gradient is a sum from the end:
///
///     dgap_i = (do_i + do_{i+1} + .. + do_n) / 768,      dlength_i = dl_i / 768           (2)
///
/// The sums run in double: in float hundreds of events would drift off the beat.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>
#include <mgan/tensor/sequence.hpp>

#include <complex>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

/// The rows of a matrix of notes, 4 x n: onset and length in seconds, MIDI number, 0 .. 127.
enum NoteRow : Index { kNoteOnset, kNoteLength, kNotePitch, kNoteVelocity, kNoteRows };

/// 384 ticks a quarter at 120 quarters a minute.
inline constexpr double kTicksPerSecond = 768.0;

namespace note_matrix_detail {
template <typename Scalar>
using Wide = std::conditional_t<Eigen::NumTraits<Scalar>::IsComplex, std::complex<double>, double>;

inline void check(const char* where, Index rows, Index cols, Index other_rows, Index other_cols) {
    if (rows != 4 || other_rows != 4 || cols != other_cols)
        fail<ShapeError>(where, ": ", rows, " x ", cols, " and ", other_rows, " x ", other_cols,
                         "; both must be 4 x T (time, length, pitch, velocity)");
}
}  // namespace note_matrix_detail

/// Song b of a batch, [T, B, F], as an F x T matrix over the same memory: a column an event. Fits
/// the arguments below, for reading, or for writing where `Scalar` is not const.
template <typename Scalar>
[[nodiscard]] typename SequenceView<Scalar>::Map song_of(const SequenceView<Scalar>& songs,
                                                         Index b) noexcept {
    const Index stride = songs.column_stride();
    const Index offset = songs.steps() > 0 ? b * stride : 0;  // without steps there is no memory
    return {songs.data() + offset, songs.features(), songs.steps(),
            Eigen::OuterStride<>(songs.batch() * stride)};
}

/// Equation (1). events: 4 x T, a column an event (ticks since the previous onset, length in ticks,
/// pitch, velocity), un-normalised; notes: 4 x T (NoteRow), written; may be
/// `events`. A song of a Sequence is such a matrix: see `song_of`. Throws ShapeError.
template <typename Scalar>
void notes_from_events(const std::type_identity_t<ConstMatrixRef<Scalar>>& events,
                       std::type_identity_t<MatrixRef<Scalar>> notes,
                       double ticks_per_second = kTicksPerSecond) {
    using Wide = note_matrix_detail::Wide<Scalar>;
    note_matrix_detail::check("notes_from_events", events.rows(), events.cols(), notes.rows(),
                              notes.cols());
    const double seconds = 1.0 / ticks_per_second;
    Wide ticks(0);
    for (Index i = 0; i < events.cols(); ++i) {
        ticks += static_cast<Wide>(events(0, i));
        notes(0, i) = static_cast<Scalar>(ticks * seconds);
        notes(1, i) = static_cast<Scalar>(static_cast<Wide>(events(1, i)) * seconds);
        notes(2, i) = events(2, i);
        notes(3, i) = events(3, i);
    }
}

/// Equation (2). d_notes: 4 x T; d_events: 4 x T, written; may be `d_notes`. Throws
/// ShapeError.
template <typename Scalar>
void notes_from_events_backward(const std::type_identity_t<ConstMatrixRef<Scalar>>& d_notes,
                                std::type_identity_t<MatrixRef<Scalar>> d_events,
                                double ticks_per_second = kTicksPerSecond) {
    using Wide = note_matrix_detail::Wide<Scalar>;
    note_matrix_detail::check("notes_from_events_backward", d_notes.rows(), d_notes.cols(),
                              d_events.rows(), d_events.cols());
    const double seconds = 1.0 / ticks_per_second;
    Wide sum(0);
    for (Index i = d_notes.cols(); i-- > 0;) {
        sum += static_cast<Wide>(d_notes(0, i));
        d_events(0, i) = static_cast<Scalar>(sum * seconds);
        d_events(1, i) = static_cast<Scalar>(static_cast<Wide>(d_notes(1, i)) * seconds);
        d_events(2, i) = d_notes(2, i);
        d_events(3, i) = d_notes(3, i);
    }
}

}  // namespace mgan::inline MGAN_ABI
