#pragma once
/// \file
/// From notes to sound, and from the gradient of the sound back to the notes.
///
/// Additive synthesis: every note is a sine under an envelope (envelope.hpp), a song is their sum.
/// Note i begins at o_i (seconds), lasts l_i (seconds), has pitch p_i (a MIDI number, but any real
/// one) and velocity v_i. At the time t = n / rate of sample n,
///
///     x(t)    = sum over i, k of  v_i/127 k^-rolloff E(t - o_i; l_i) sin(k omega_i (t - o_i))  (1)
///     omega_i = 2 pi 440 * 2^((p_i - 69) / 12)                                                 (2)
///
/// where k = 1, 2, .. numbers the partials; by default there is one, a plain sine. Nothing is
/// rounded, neither to ticks nor to semitones: (1) is differentiable in all four numbers of a note,
/// which is its purpose. With S and C the sine and the cosine in (1), and u = t - o, the gradients
/// of a note are sums over its samples and, with size = k^-rolloff, over its partials:
///
///     dv =  1/127 sum size dx E S                                                              (3)
///     dp =  v/127 sum size dx E C u  *  k omega ln(2)/12                                       (4)
///     dl =  v/127 sum size dx dE/dl S                                                          (5)
///     do = -v/127 sum size dx (dE/dt S + E k omega C)            t - o falls as o grows        (6)
///
/// So backward correlates dx with the note's own oscillation: the same oscillators run again, and
/// nothing of the forward pass is kept. Derivations in docs/synthesiser.md.
///
/// Edge cases:
/// - a partial at or above half the sample rate is silent, and its gradient is 0 (it would be heard
///   as another pitch: aliasing);
/// - a negative length is 0, and its gradient is 0; velocity is taken as it is, also beyond 0..127;
/// - a note longer than 40 decay times ends there (e^-40);
/// - what lies before sample 0 or after the last one is cut, so infinite times and pitches are
///   allowed; NaN, or an infinite velocity, is a NumericalError.

#include <mgan/audio/envelope.hpp>
#include <mgan/audio/note_matrix.hpp>
#include <mgan/audio/oscillator.hpp>
#include <mgan/audio/synthesiser_settings.hpp>
#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace mgan::inline MGAN_ABI {

/// Equation (1) and its gradients. Const while it computes; keeps nothing between calls and
/// allocates nothing. `Scalar`: float to run, double to check; std::complex<double> (forward alone)
/// for the complex step.
template <typename Scalar>
class Synthesiser {
public:
    using ScalarType = Scalar;
    using Real = RealOf<Scalar>;

    Synthesiser() : Synthesiser(SynthesiserSettings{}) {}

    /// Throws ConfigError.
    explicit Synthesiser(const SynthesiserSettings& settings) : settings_(settings) {
        require<ConfigError>(settings.samples >= 1 && settings.samples <= std::int64_t{1} << 32,
                             "Synthesiser: samples is ", settings.samples,
                             ", it must be from 1 to 2^32");
        require<ConfigError>(settings.duration > 0.0 && settings.duration <= 1e6,
                             "Synthesiser: duration is ", settings.duration,
                             " s, it must be above 0, up to 1000000");
        require<ConfigError>(settings.partials >= 1 && settings.partials <= 64,
                             "Synthesiser: partials is ", settings.partials,
                             ", it must be from 1 to 64");
        require<ConfigError>(settings.rolloff >= 0.0 && settings.rolloff <= 10.0,
                             "Synthesiser: rolloff is ", settings.rolloff,
                             ", it must be from 0 to 10");
        validate(settings.envelope);
        rate_ = settings.sample_rate();
    }

    [[nodiscard]] const SynthesiserSettings& settings() const noexcept { return settings_; }
    /// N.
    [[nodiscard]] Index samples() const noexcept { return static_cast<Index>(settings_.samples); }
    /// Hz.
    [[nodiscard]] double sample_rate() const noexcept { return rate_; }

    /// Equation (1). notes: 4 x n (NoteRow), any order; waveform: N, written. Throws ShapeError,
    /// NumericalError.
    void forward(const ConstMatrixRef<Scalar>& notes, VectorMap<Scalar> waveform) const {
        check("forward", notes, waveform.size());
        waveform.setZero();
        for (Index i = 0; i < notes.cols(); ++i) {
            if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
                add_note_plainly(notes, i, waveform);
            } else {
                const Note note(*this, notes, i);
                for (std::int64_t k = 1; k <= note.partials; ++k) add_partial(note, k, waveform);
            }
        }
    }

    /// Equations (3) to (6). notes: 4 x n, as in `forward`; d_waveform: N; d_notes: 4 x n,
    /// written. Throws ShapeError, NumericalError.
    void backward(const ConstMatrixRef<Scalar>& notes, const ConstVectorMap<Scalar>& d_waveform,
                  MatrixRef<Scalar> d_notes) const {
        static_assert(!Eigen::NumTraits<Scalar>::IsComplex,
                      "the complex step differentiates forward; there is no complex backward");
        check("backward", notes, d_waveform.size());
        require<ShapeError>(d_notes.rows() == kNoteRows && d_notes.cols() == notes.cols(),
                            "Synthesiser::backward: d_notes is ", d_notes.rows(), " x ",
                            d_notes.cols(), ", notes is 4 x ", notes.cols());
        for (Index i = 0; i < notes.cols(); ++i) {
            const Note note(*this, notes, i);
            NoteGradient gradient{};
            for (std::int64_t k = 1; k <= note.partials; ++k)
                add_gradient(note, k, d_waveform, gradient);
            if (note.length_clamped) gradient[kNoteLength] = 0.0;
            for (Index row = 0; row < kNoteRows; ++row)
                d_notes(row, i) = static_cast<Scalar>(gradient[static_cast<std::size_t>(row)]);
        }
    }

private:
    using Lanes = kernels::Lanes<Scalar>;
    using NoteGradient = std::array<double, kNoteRows>;

    /// One column of `notes`, in double, and the samples in which it sounds.
    struct Note {
        Note(const Synthesiser& synthesiser, const ConstMatrixRef<Scalar>& notes, Index i)
            : onset(static_cast<double>(real_part(notes(kNoteOnset, i)))),
              length(static_cast<double>(real_part(notes(kNoteLength, i)))),
              amplitude(static_cast<double>(real_part(notes(kNoteVelocity, i))) / 127.0) {
            const SynthesiserSettings& settings = synthesiser.settings_;
            const EnvelopeSettings& envelope = settings.envelope;
            const double rate = synthesiser.rate_;
            length_clamped = length < 0.0;
            if (length_clamped) length = 0.0;
            omega = angular_frequency(static_cast<double>(real_part(notes(kNotePitch, i))));
            // Below half the sample rate: k omega < pi rate.
            const double audible = std::numbers::pi * rate / omega;
            partials = audible > static_cast<double>(settings.partials)
                           ? settings.partials
                           : static_cast<std::int64_t>(std::ceil(audible)) - 1;
            const double end = onset + std::min(length + envelope.release, longest_sound(envelope));
            begin_sample = synthesiser.sample_at(onset);
            end_sample = synthesiser.sample_at(end);
            // Between the two A = R = 1, and the note is a damped oscillation, nothing else.
            attack_end = synthesiser.sample_at(onset + envelope.attack);
            release_begin = synthesiser.sample_at(onset + length);
            if (!(onset < 1e300) || begin_sample >= end_sample) partials = 0;
        }

        double onset, length, amplitude, omega;
        std::int64_t partials;
        bool length_clamped;
        Index begin_sample, end_sample, attack_end, release_begin;
    };

    /// Lanes of the envelope without its decay, and its derivatives ((3) of envelope.hpp).
    struct Shape {
        Lanes value;      ///< A R
        Lanes by_time;    ///< A' R + A R'
        Lanes by_length;  ///< -A R'
    };

    [[nodiscard]] static double angular_frequency(double pitch) {
        return 2.0 * std::numbers::pi * 440.0 * std::exp2((pitch - 69.0) / 12.0);
    }
    [[nodiscard]] double partial_amplitude(std::int64_t k) const {
        return k == 1 ? 1.0 : std::pow(static_cast<double>(k), -settings_.rolloff);
    }
    /// The first sample at or after `seconds`, within 0 .. N. No conversion overflows.
    [[nodiscard]] Index sample_at(double seconds) const noexcept {
        const double position = std::ceil(seconds * rate_);
        if (!(position > 0.0)) return 0;
        return position < static_cast<double>(samples()) ? static_cast<Index>(position) : samples();
    }

    /// `t`: seconds since the onset in lane 0. Positions within the ramps are found in double: a
    /// float has few digits left after some seconds.
    template <bool kDerivatives>
    void shape_at(const Note& note, double t, Shape& shape) const {
        const EnvelopeSettings& envelope = settings_.envelope;
        const auto ramp = [&](double seconds, double length, double direction) -> Lanes {
            const double start = std::clamp(seconds / length, -1e6, 1e6);
            const Lanes x = kernels::lane_numbers<Scalar>() *
                                static_cast<Scalar>(direction / (rate_ * length)) +
                            static_cast<Scalar>(start);
            return x.max(Scalar(0)).min(Scalar(1));
        };
        const Lanes x = ramp(t, envelope.attack, 1.0);
        const Lanes y = ramp(note.length + envelope.release - t, envelope.release, -1.0);
        const Lanes attack = x * x * (Scalar(3) - Scalar(2) * x);
        const Lanes release = y * y * (Scalar(3) - Scalar(2) * y);
        shape.value = attack * release;
        if constexpr (kDerivatives) {
            const Scalar six_a = static_cast<Scalar>(6.0 / envelope.attack);
            const Scalar six_r = static_cast<Scalar>(6.0 / envelope.release);
            shape.by_length = attack * (six_r * y * (Scalar(1) - y));
            shape.by_time = release * (six_a * x * (Scalar(1) - x)) - shape.by_length;
        }
    }

    /// Calls visit(first sample, count, oscillator, t, plain) for each group of up to kLanes
    /// samples of a partial, and block(t) whenever the oscillator started anew at time t since the
    /// onset.
    template <typename Block, typename Visit>
    void for_each_group(const Note& note, std::int64_t k, Block&& block, Visit&& visit) const {
        using kernels::kLanes;
        const double step = 1.0 / rate_;
        kernels::DampedOscillator<Scalar> oscillator(static_cast<double>(k) * note.omega,
                                                     1.0 / settings_.envelope.decay, step);
        Index until_start = 0;
        for (Index n = note.begin_sample; n < note.end_sample; n += kLanes) {
            const double t = static_cast<double>(n) * step - note.onset;
            if (until_start == 0) {
                oscillator.start(t);
                block(t);
                until_start = kernels::kStepsBetweenStarts;
            } else {
                oscillator.advance();
            }
            --until_start;
            const bool plain = n >= note.attack_end && n + kLanes <= note.release_begin;
            visit(n, std::min(kLanes, note.end_sample - n), oscillator, t, plain);
        }
    }

    void add_partial(const Note& note, std::int64_t k, VectorMap<Scalar> waveform) const {
        const Scalar amplitude = static_cast<Scalar>(note.amplitude * partial_amplitude(k));
        Shape shape;
        for_each_group(
            note, k, [](double) {},
            [&](Index n, Index count, const auto& oscillator, double t, bool plain) {
                Lanes values = amplitude * oscillator.sine();
                if (!plain) {
                    shape_at<false>(note, t, shape);
                    values *= shape.value;
                }
                if (count == kernels::kLanes) {
                    Eigen::Map<Lanes>(waveform.data() + n) += values;
                } else {
                    waveform.segment(n, count) += values.head(count).matrix();
                }
            });
    }

    /// The sums of (3) to (6) in lanes, over the samples between two starts of the oscillator.
    struct Sums {
        Lanes sine = Lanes::Zero();         ///< dx E S
        Lanes cosine = Lanes::Zero();       ///< dx E C
        Lanes cosine_late = Lanes::Zero();  ///< dx E C (samples since the start)
        Lanes by_time = Lanes::Zero();      ///< dx (A' R + A R') e^(-t / decay) S
        Lanes by_length = Lanes::Zero();    ///< dx dE/dl S
    };

    void add_gradient(const Note& note, std::int64_t k, const ConstVectorMap<Scalar>& g,
                      NoteGradient& gradient) const {
        const double omega = static_cast<double>(k) * note.omega;
        double sine = 0, cosine = 0, cosine_t = 0, by_time = 0, by_length = 0, t_start = 0;
        Sums sums;
        Scalar late = 0;  // samples since the start
        Shape shape;
        const auto flush = [&] {
            const double block_cosine = static_cast<double>(sums.cosine.sum());
            sine += static_cast<double>(sums.sine.sum());
            cosine += block_cosine;
            cosine_t +=
                t_start * block_cosine + static_cast<double>(sums.cosine_late.sum()) / rate_;
            by_time += static_cast<double>(sums.by_time.sum());
            by_length += static_cast<double>(sums.by_length.sum());
            sums = Sums{};
        };
        for_each_group(
            note, k,
            [&](double t) {
                flush();
                t_start = t;
                late = 0;
            },
            [&](Index n, Index count, const auto& oscillator, double t, bool plain) {
                Lanes weights;
                if (count == kernels::kLanes) {
                    weights = Eigen::Map<const Lanes>(g.data() + n);
                } else {
                    weights.setZero();
                    weights.head(count) = g.segment(n, count).array();
                }
                Lanes sine_g = weights * oscillator.sine();
                Lanes cosine_g = weights * oscillator.cosine();
                if (!plain) {
                    shape_at<true>(note, t, shape);
                    sums.by_time += sine_g * shape.by_time;
                    sums.by_length += sine_g * shape.by_length;
                    sine_g *= shape.value;
                    cosine_g *= shape.value;
                }
                sums.sine += sine_g;
                sums.cosine += cosine_g;
                sums.cosine_late += cosine_g * (kernels::lane_numbers<Scalar>() + late);
                late += static_cast<Scalar>(kernels::kLanes);
            });
        flush();
        const double h = partial_amplitude(k), scale = h * note.amplitude;
        gradient[kNoteVelocity] += h / 127.0 * sine;
        gradient[kNotePitch] += scale * omega * (std::numbers::ln2 / 12.0) * cosine_t;
        gradient[kNoteLength] += scale * by_length;
        gradient[kNoteOnset] -=
            scale * (by_time - sine / settings_.envelope.decay + omega * cosine);
    }

    /// Equation (1) sample by sample, for scalars without lanes.
    void add_note_plainly(const ConstMatrixRef<Scalar>& notes, Index i,
                          VectorMap<Scalar> waveform) const {
        using std::exp;
        using std::sin;
        const Note note(*this, notes, i);
        const Scalar omega =
            Scalar(2.0 * std::numbers::pi * 440.0) *
            exp((notes(kNotePitch, i) - Scalar(69)) * Scalar(std::numbers::ln2 / 12.0));
        const Scalar length = note.length_clamped ? Scalar(0) : notes(kNoteLength, i);
        for (Index n = note.begin_sample; n < note.end_sample; ++n) {
            const Scalar t =
                Scalar(static_cast<Real>(static_cast<double>(n) / rate_)) - notes(kNoteOnset, i);
            const Scalar loud = notes(kNoteVelocity, i) / Scalar(127) *
                                envelope_at<Scalar>(settings_.envelope, t, length);
            for (std::int64_t k = 1; k <= note.partials; ++k)
                waveform(n) += loud * Scalar(static_cast<Real>(partial_amplitude(k))) *
                               sin(Scalar(static_cast<Real>(k)) * omega * t);
        }
    }

    void check(const char* where, const ConstMatrixRef<Scalar>& notes, Index length) const {
        require<ShapeError>(notes.rows() == kNoteRows, "Synthesiser::", where, ": notes has ",
                            notes.rows(), " rows, expected 4 (onset, length, pitch, velocity)");
        require<ShapeError>(length == samples(), "Synthesiser::", where, ": the waveform has ",
                            length, " samples, the settings say ", samples());
        static constexpr const char* kNames[] = {"onset", "length", "pitch", "velocity"};
        for (Index i = 0; i < notes.cols(); ++i) {
            for (Index row = 0; row < kNoteRows; ++row) {
                const Real x = real_part(notes(row, i));
                if (std::isnan(x) || (row == kNoteVelocity && std::isinf(x)))
                    fail<NumericalError>("Synthesiser::", where, ": the ", kNames[row], " of note ",
                                         i, " is ", x);
            }
        }
    }

    SynthesiserSettings settings_;
    double rate_ = 0.0;
};

}  // namespace mgan::inline MGAN_ABI
