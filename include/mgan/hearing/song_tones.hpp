#pragma once
/// \file
/// From a net's events to notes in seconds without rounding, and the gradient back.
///
///     x (normalised)  --decode-->  ticks, MIDI numbers  --sums-->  4 x n tones (audio/tones.hpp)
///
/// A codec rounds: to whole ticks, to keys of the piano, to the values of the corpus. What is to
/// be differentiated must not, so `decode_smooth` takes its place, which for the table of `cdf` is
/// the line through the middles of its parts. A real song's events lie on those middles, and are
/// what they are under either.
///
/// With `quantise` the notes are those that will be played, and only the slopes are those of the
/// smooth way (straight-through, as codec.hpp's): real songs lie on a grid, and a listener who
/// hears generated ones off it needs no ear for music to tell them apart.
///
/// Encoding `event` has no times. Its events are read as the codec reads them: which note-on a
/// note-off ends, and so onset and length, follow from the rounded events and have no gradient. A
/// note's pitch and velocity are those of its note-on, smooth, and have one.

#include <mgan/audio/tones.hpp>
#include <mgan/encoding/codec.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The notes of one song at a time, and what the way back needs of it. Reuses its memory.
template <typename Scalar>
class SongTones {
public:
    SongTones() = default;
    /// `codec` must outlive the object.
    SongTones(const encoding::Codec& codec, bool quantise) noexcept
        : codec_(&codec), quantise_(quantise), features_(encoding::features(codec.settings())) {}

    /// events: 4 x T, a column an event, normalised. Returns the tones, 4 x n, n <= T (ToneRow of
    /// audio/synthesiser.hpp), which live in the object until the next call.
    ConstMatrixMap<Scalar> forward(const ConstMatrixRef<Scalar>& events) {
        if (events.rows() != static_cast<Index>(encoding::kFeatures))
            fail<ShapeError>("SongTones::forward: the events have ", events.rows(),
                             " features, expected ", encoding::kFeatures);
        values_.resize(events.rows(), events.cols());
        slopes_.resize(events.rows(), events.cols());
        for (Index t = 0; t < events.cols(); ++t) {
            for (Index f = 0; f < events.rows(); ++f)
                decode(events(f, t), f, values_(f, t), slopes_(f, t));
        }
        tones_.resize(events.rows(), events.cols());
        count_ = events.cols();
        if (is_tone()) {
            tones_from_events<Scalar>(values_, tones_);
        } else {
            read_events(events);
        }
        return tones();
    }

    /// The tones of the last song, 4 x n.
    [[nodiscard]] ConstMatrixMap<Scalar> tones() const {
        return {tones_.data(), tones_.rows(), count_};
    }

    /// The gradient of the last song. d_tones: 4 x n; d_events: 4 x T, written.
    void backward(const ConstMatrixRef<Scalar>& d_tones, MatrixRef<Scalar> d_events) const {
        if (d_tones.rows() != tones_.rows() || d_tones.cols() != count_ ||
            d_events.rows() != values_.rows() || d_events.cols() != values_.cols())
            fail<ShapeError>("SongTones::backward: ", d_tones.rows(), " x ", d_tones.cols(),
                             " and ", d_events.rows(), " x ", d_events.cols(), ", the song has ",
                             count_, " tones of ", values_.cols(), " events");
        if (is_tone()) {
            tones_from_events_backward<Scalar>(d_tones, d_events);
        } else {
            d_events.setZero();
            for (Index i = 0; i < d_tones.cols(); ++i)
                d_events.col(notes_[static_cast<std::size_t>(i)].on).tail(2) =
                    d_tones.col(i).tail(2);
        }
        d_events.array() *= slopes_.array();
    }

private:
    struct Note {
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
        notes_.clear();
        notes_.reserve(static_cast<std::size_t>(events.cols()));
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
                const auto number = static_cast<Index>(notes_.size());
                (first_[key] < 0 ? first_[key] : note(last_[key]).next) = number;
                last_[key] = number;
                notes_.push_back({t, events.cols(), -1});
            } else if (first_[key] >= 0) {
                note(first_[key]).off = t;
                first_[key] = note(first_[key]).next;
            }
        }
        const double step = static_cast<double>(codec_->settings().step_ticks) / kTicksPerSecond;
        count_ = static_cast<Index>(notes_.size());
        for (Index i = 0; i < count_; ++i) {
            using Real = RealOf<Scalar>;
            const Note& it = note(i);
            tones_(0, i) = Scalar(static_cast<Real>(step * static_cast<double>(it.on)));
            tones_(1, i) = Scalar(static_cast<Real>(step * static_cast<double>(it.off - it.on)));
            tones_.col(i).tail(2) = values_.col(it.on).tail(2);
        }
    }
    [[nodiscard]] Note& note(Index i) noexcept { return notes_[static_cast<std::size_t>(i)]; }

    const encoding::Codec* codec_ = nullptr;
    bool quantise_ = false;
    std::array<encoding::Feature, encoding::kFeatures> features_{};
    Matrix<Scalar> values_, slopes_;
    Matrix<Scalar> tones_;  ///< the first `count_` columns; room for a note of every event
    Index count_ = 0;
    std::vector<Note> notes_;
    std::vector<Index> first_, last_;  ///< the notes that sound, oldest first, by channel and pitch
};

}  // namespace mgan::inline MGAN_ABI
