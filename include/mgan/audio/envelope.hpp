#pragma once
/// \file
/// How loud a note is while it sounds: it fades in, decays, and fades out.
///
/// With t the seconds since the onset and L the length of the note in seconds,
///
///     E(t; L) = A(t) R(t; L) e^(-t/d)                                                     (1)
///     A(t)    = s(t / a)                      attack of a seconds
///     R(t; L) = s((L + r - t) / r)            release of r seconds, after the length
///     s(x)    = 0 for x <= 0,   3 x^2 - 2 x^3,   1 for x >= 1       "smoothstep"
///
///          A      e^-t/d          R
///          _ _
///         /    - - . . _ _ _
///        /                   \             a note shorter than the attack is released
///     __/                     \___         before it was ever full: the product sees to that
///       0 a                  L L+r
///
/// Why not straight ramps? A ramp has a corner at either end, and a corner is a click: energy at
/// all frequencies, which in the band below 40 Hz drowns the notes. The gradient of a corner with
/// respect to time jumps, and so do gradients of the onset. s has a continuous derivative,
///
///     s'(x) = 6 x (1 - x)   inside,   0 outside                                           (2)
///
/// and with A' = s'(t/a)/a, R' = -s'((L + r - t)/r)/r the derivatives of (1) are
///
///     dE/dt = (A' R + A R') e^-t/d - E/d,        dE/dL = -A R' e^-t/d                     (3)

#include <mgan/core/error.hpp>
#include <mgan/core/setting.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cmath>

namespace mgan::inline MGAN_ABI {

/// The three times of the envelope, in seconds.
struct EnvelopeSettings {
    double attack = 0.005;   ///< a
    double release = 0.050;  ///< r
    double decay = 1.0;      ///< d

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("attack", attack, above(0.0, 10.0), "seconds in which a note fades in");
        visitor("release", release, above(0.0, 10.0), "seconds in which a note fades out");
        visitor("decay", decay, above(0.0, 1000.0), "seconds in which a note decays to 1/e");
    }
    friend bool operator==(const EnvelopeSettings&, const EnvelopeSettings&) = default;
};

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

/// s(x). Branches on the real part alone.
template <typename Scalar>
[[nodiscard]] Scalar smoothstep(const Scalar& x) {
    const RealOf<Scalar> at = real_part(x);
    if (at <= 0) return Scalar(0);
    if (at >= 1) return Scalar(1);
    return x * x * (Scalar(3) - Scalar(2) * x);
}

/// E(t; L) of equation (1) as it stands; 0 before the onset.
template <typename Scalar>
[[nodiscard]] Scalar envelope_at(const EnvelopeSettings& envelope, const Scalar& t,
                                 const Scalar& length) {
    using std::exp;
    using Real = RealOf<Scalar>;
    if (!(real_part(t) > 0)) return Scalar(0);
    const Scalar attack = smoothstep<Scalar>(t / static_cast<Real>(envelope.attack));
    // Not 1 - s((t - L)/r), which is the same: near the end that would leave only rounding.
    const Real ramp = static_cast<Real>(envelope.release);
    const Scalar release = smoothstep<Scalar>((length - t + ramp) / ramp);
    return attack * release * exp(-t / static_cast<Real>(envelope.decay));
}

/// Seconds after which a note counts as over, whatever its length: e^-40 of a note is less than
/// what a double can add to its beginning.
[[nodiscard]] inline double longest_sound(const EnvelopeSettings& envelope) noexcept {
    return 40.0 * envelope.decay;
}

}  // namespace mgan::inline MGAN_ABI
