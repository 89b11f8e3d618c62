#pragma once
/// \file
/// How loud a note is while it sounds: it fades in, decays, and fades out.
///
/// With t the seconds since the onset and l the length of the note in seconds,
///
///     E(t; l) = A(t) R(t; l) e^(-t / decay)                                               (1)
///     A(t)    = ramp(t / attack)
///     R(t; l) = ramp((l + release - t) / release)
///     ramp(x) = 0 for x <= 0,   3 x^2 - 2 x^3,   1 for x >= 1
///
///          A      decay          R
///          _ _
///         /    - - . . _ _ _
///        /                   \             a note shorter than its attack is released
///     __/                     \___         before it is at its full height
///       0 attack             l  l + release
///
/// Why not straight ramps? A straight ramp has a corner at either end, and a corner is a click:
/// energy at all frequencies, which in the band below 40 Hz drowns the notes. Its slope jumps
/// there, and with it the gradient of the onset. This ramp has a continuous derivative,
///
///     ramp'(x) = 6 x (1 - x)   inside,   0 outside                                        (2)
///
/// and with A' and R' the derivatives by t (that of R by l is -R'), the derivatives of (1) are
///
///     dE/dt = (A' R + A R') e^(-t / decay) - E / decay,     dE/dl = -A R' e^(-t / decay)  (3)

#include <mgan/audio/synthesiser_settings.hpp>
#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cmath>

namespace mgan::inline MGAN_ABI {

/// Throws ConfigError if a time is not a positive number.
inline void validate(const EnvelopeSettings& envelope) {
    require<ConfigError>(envelope.attack > 0.0 && envelope.attack <= 10.0, "envelope: attack is ",
                         envelope.attack, " s, it must be above 0, up to 10");
    require<ConfigError>(envelope.release > 0.0 && envelope.release <= 10.0,
                         "envelope: release is ", envelope.release,
                         " s, it must be above 0, up to 10");
    require<ConfigError>(envelope.decay > 0.0 && envelope.decay <= 1000.0, "envelope: decay is ",
                         envelope.decay, " s, it must be above 0, up to 1000");
}

/// The ramp of equation (1). Branches on the real part alone.
template <typename Scalar>
[[nodiscard]] Scalar ramp(const Scalar& x) {
    const RealOf<Scalar> at = real_part(x);
    if (at <= 0) return Scalar(0);
    if (at >= 1) return Scalar(1);
    return x * x * (Scalar(3) - Scalar(2) * x);
}

/// E(t; l) of equation (1), term by term; 0 before the onset.
template <typename Scalar>
[[nodiscard]] Scalar envelope_at(const EnvelopeSettings& envelope, const Scalar& t,
                                 const Scalar& length) {
    using std::exp;
    using Real = RealOf<Scalar>;
    if (!(real_part(t) > 0)) return Scalar(0);
    const Scalar attack = ramp<Scalar>(t / static_cast<Real>(envelope.attack));
    // Not 1 - ramp((t - l) / release), which is the same: near the end only rounding would be left.
    const Real seconds = static_cast<Real>(envelope.release);
    const Scalar release = ramp<Scalar>((length - t + seconds) / seconds);
    return attack * release * exp(-t / static_cast<Real>(envelope.decay));
}

/// Seconds after which a note is over, whatever its length: e^-40 of it is less than the rounding
/// of a double at its beginning.
[[nodiscard]] inline double longest_sound(const EnvelopeSettings& envelope) noexcept {
    return 40.0 * envelope.decay;
}

}  // namespace mgan::inline MGAN_ABI
