#pragma once
/// \file
/// From a net's events to notes in seconds without rounding, and the gradient back.
///
///     x (normalised) --decode--> ticks, MIDI numbers --add up--> notes, 4 x n (note_matrix.hpp)
///
/// A codec rounds: to whole ticks, to keys of the piano, to the values of the corpus. Rounding has
/// no gradient, so `decode_smooth` takes its place; with the table of `cdf` that is the line
/// through the middles of its parts. A real song's events lie on those middles, and decode
/// identically either way.
///
/// With `quantise` the values are those that will be played, and only the slopes are those of the
/// smooth decoding (straight-through, as in codec.hpp). Real songs lie on a grid: were generated
/// ones heard off it, a listener could separate the two by off-grid values alone.
///
/// The encoding `event` has no times. Its events are read as the codec reads them: which note-off
/// ends which note-on, and so onset and length, follow from the rounded events and have no
/// gradient. A note's pitch and velocity are those of its note-on, smooth, and have one.

#include <mgan/audio/note_matrix.hpp>
#include <mgan/encoding/codec.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The notes of a song that is played at 120 quarters a minute, 4 x n (NoteRow), written.
template <typename Scalar>
void notes_of(const midi::Song& song, Matrix<Scalar>& notes) {
    notes.resize(kNoteRows, static_cast<Index>(song.notes.size()));
    for (Index i = 0; i < notes.cols(); ++i) {
        const midi::Note& note = song.notes[static_cast<std::size_t>(i)];
        const auto put = [&](NoteRow row, double value) {
            notes(row, i) = Scalar(static_cast<RealOf<Scalar>>(value));
        };
        put(kNoteOnset, static_cast<double>(note.onset) / kTicksPerSecond);
        put(kNoteLength, static_cast<double>(note.length) / kTicksPerSecond);
        put(kNotePitch, static_cast<double>(note.pitch));
        put(kNoteVelocity, static_cast<double>(note.velocity));
    }
}

/// The notes of one song at a time, and what `backward` needs of it. Allocates nothing for songs no
/// longer than before.
template <typename Scalar>
class SongNotes {
public:
    SongNotes() = default;
    /// `codec` must outlive the object.
    SongNotes(const encoding::Codec& codec, bool quantise) noexcept
        : codec_(&codec), quantise_(quantise), features_(encoding::features(codec.settings())) {}
    SongNotes(encoding::Codec&&, bool) = delete;

    /// events: 4 x T, a column an event, normalised. Returns the notes, 4 x n, n <= T (rows as in
    /// NoteRow of audio/synthesiser.hpp), which live in the object until the next call.
    ConstMatrixMap<Scalar> forward(const ConstMatrixRef<Scalar>& events) {
        if (events.rows() != static_cast<Index>(encoding::kFeatures))
            fail<ShapeError>("SongNotes::forward: the events have ", events.rows(),
                             " features, expected ", encoding::kFeatures);
        steps_ = count_ = events.cols();
        if (values_.cols() < steps_) {
            for (Matrix<Scalar>* matrix : {&values_, &slopes_, &notes_})
                matrix->resize(events.rows(), steps_);
        }
        for (Index t = 0; t < events.cols(); ++t) {
            for (Index f = 0; f < events.rows(); ++f)
                decode(events(f, t), f, values_(f, t), slopes_(f, t));
        }
        if (is_tone()) {
            notes_from_events<Scalar>(values_.leftCols(steps_), notes_.leftCols(steps_));
        } else {
            read_events(events);
        }
        return notes();
    }

    /// The notes of the last song, 4 x n.
    [[nodiscard]] ConstMatrixMap<Scalar> notes() const {
        return {notes_.data(), notes_.rows(), count_};
    }

    /// The gradient of the last song by its events. d_notes: 4 x n; d_events: 4 x T, written.
    void backward(const ConstMatrixRef<Scalar>& d_notes, MatrixRef<Scalar> d_events) const {
        if (d_notes.rows() != notes_.rows() || d_notes.cols() != count_ ||
            d_events.rows() != values_.rows() || d_events.cols() != steps_)
            fail<ShapeError>("SongNotes::backward: ", d_notes.rows(), " x ", d_notes.cols(),
                             " and ", d_events.rows(), " x ", d_events.cols(), ", the song has ",
                             count_, " notes of ", steps_, " events");
        if (is_tone()) {
            notes_from_events_backward<Scalar>(d_notes, d_events);
        } else {
            d_events.setZero();
            for (Index i = 0; i < d_notes.cols(); ++i)
                d_events.col(pairs_[static_cast<std::size_t>(i)].on).tail(2) =
                    d_notes.col(i).tail(2);
        }
        d_events.array() *= slopes_.leftCols(steps_).array();
    }

private:
    /// A note of the encoding `event`.
    struct Pair {
        Index on;    ///< number of its note-on
        Index off;   ///< number of the event that ends it
        Index next;  ///< the next note of its channel and pitch that sounds, or -1
    };

    [[nodiscard]] bool is_tone() const noexcept {
        return codec_->settings().kind == encoding::EncodingKind::tone;
    }

    /// One feature: its value for the synthesiser, and the derivative of that.
    void decode(const Scalar& x, Index feature, Scalar& value, Scalar& slope) const {
        using Real = RealOf<Scalar>;
        const auto f = static_cast<std::size_t>(feature);
        const encoding::Normalisation& normalisation = codec_->normalisation();
        const auto at = static_cast<double>(real_part(x));
        encoding::Normalisation::Smooth smooth = normalisation.decode_smooth(at, f);
        if (quantise_) {
            smooth.value = encoding::nearest_valid(features_[f], codec_->settings(),
                                                   normalisation.decode(at, f));
        }
        if (features_[f] == encoding::Feature::pitch_hz) {
            constexpr double kSemitones = 12.0 / 0.69314718055994530942;  // d pitch = k d hz / hz
            const double hz = std::max(smooth.value, 1.0);
            smooth = {encoding::pitch_of_hz(hz), smooth.slope * kSemitones / hz};
        }
        slope = Scalar(static_cast<Real>(smooth.slope));
        value = Scalar(static_cast<Real>(smooth.value));
        // The complex step rides on the derivative: h is so small that all else is 0.
        if constexpr (Eigen::NumTraits<Scalar>::IsComplex)
            value += Scalar(0, smooth.slope * x.imag());
    }

    /// Encoding `event`: notes as `encoding::decode_events` finds them, in the order of their
    /// onsets.
    void read_events(const ConstMatrixRef<Scalar>& events) {
        constexpr std::size_t kKeys = 16 * 128;
        first_.assign(kKeys, Index{-1});
        last_.assign(kKeys, Index{-1});
        pairs_.clear();
        pairs_.reserve(static_cast<std::size_t>(events.cols()));
        for (Index t = 0; t < events.cols(); ++t) {
            std::array<int, encoding::kFeatures> valid{};
            for (std::size_t f = 0; f < encoding::kFeatures; ++f) {
                const auto x = static_cast<double>(real_part(events(static_cast<Index>(f), t)));
                valid[f] = static_cast<int>(encoding::nearest_valid(
                    features_[f], codec_->settings(), codec_->normalisation().decode(x, f)));
            }
            const auto [on, channel, pitch, velocity] = valid;
            const auto key = static_cast<std::size_t>(channel * 128 + pitch);
            if (on == 1 && velocity > 0) {
                const auto number = static_cast<Index>(pairs_.size());
                (first_[key] < 0 ? first_[key] : pair(last_[key]).next) = number;
                last_[key] = number;
                pairs_.push_back({t, events.cols(), -1});
            } else if (first_[key] >= 0) {
                pair(first_[key]).off = t;
                first_[key] = pair(first_[key]).next;
            }
        }
        const double step = static_cast<double>(codec_->settings().step_ticks) / kTicksPerSecond;
        count_ = static_cast<Index>(pairs_.size());
        for (Index i = 0; i < count_; ++i) {
            using Real = RealOf<Scalar>;
            const Pair& it = pair(i);
            notes_(0, i) = Scalar(static_cast<Real>(step * static_cast<double>(it.on)));
            notes_(1, i) = Scalar(static_cast<Real>(step * static_cast<double>(it.off - it.on)));
            notes_.col(i).tail(2) = values_.col(it.on).tail(2);
        }
    }
    [[nodiscard]] Pair& pair(Index i) noexcept { return pairs_[static_cast<std::size_t>(i)]; }

    const encoding::Codec* codec_ = nullptr;
    bool quantise_ = false;
    std::array<encoding::Feature, encoding::kFeatures> features_{};
    // With room for the longest song so far: the first T or n columns are those of the last one.
    Matrix<Scalar> values_ = Matrix<Scalar>(kNoteRows, 0), slopes_ = values_, notes_ = values_;
    Index steps_ = 0, count_ = 0;  ///< T and n of the last song
    std::vector<Pair> pairs_;
    std::vector<Index> first_, last_;  ///< of the notes that sound, by channel and pitch
};

}  // namespace mgan::inline MGAN_ABI
