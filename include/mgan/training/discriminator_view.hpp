#pragma once
/// \file
/// What the discriminator sees of an event.
///
///     rows 0 .. 3     the event as it will be played: decoded and encoded again
///     rows 4 .. 15    its pitch class, one-hot
///     rows 16, 17     cos and sin of 2 pi (7 p mod 12) / 12: its place on the circle of fifths
///
/// Real songs lie on the grid of playable events. Unless generated songs are rounded to it as well,
/// the discriminator wins by telling decimals from whole numbers, and learns nothing about music.
/// The gradient of rows 0 .. 3 goes straight through to the event; pitch classes have none.

#include <mgan/encoding/codec.hpp>
#include <mgan/models/discriminator_settings.hpp>
#include <mgan/tensor/sequence.hpp>

#include <algorithm>

namespace mgan::inline MGAN_ABI {

/// Which of the rows above are shown.
struct DiscriminatorView {
    bool quantise = true;
    bool pitch_class = true;

    /// Number of rows.
    [[nodiscard]] Index features() const noexcept {
        return static_cast<Index>(encoding::kFeatures) + (pitch_class ? kPitchClassRows : 0);
    }

    /// events: [T, B, 4] -> view: [T, B, features()].
    template <typename Scalar>
    void show(SequenceView<const Scalar> events, const encoding::Codec& codec,
              Sequence<Scalar>& view) const {
        constexpr auto kEvent = static_cast<Index>(encoding::kFeatures);
        view.resize(events.steps(), events.batch(), features());
        for (Index t = 0; t < events.steps(); ++t) {
            const auto from = events.step(t);
            auto to = view.step(t);
            for (Index b = 0; b < events.batch(); ++b) {
                Scalar* row = to.col(b).data();
                std::copy_n(from.col(b).data(), kEvent, row);
                if (quantise) codec.quantise(row);
                if (pitch_class) show_pitch(row, codec);
            }
        }
    }

private:
    template <typename Scalar>
    static void show_pitch(Scalar* row, const encoding::Codec& codec) {
        constexpr std::size_t kPitch = 2;
        const encoding::Feature feature = encoding::features(codec.settings())[kPitch];
        double pitch = encoding::nearest_valid(
            feature, codec.settings(),
            codec.normalisation().decode(static_cast<double>(row[kPitch]), kPitch));
        if (feature == encoding::Feature::pitch_hz) pitch = encoding::pitch_of_hz(pitch);
        const int pitch_class = static_cast<int>(pitch + 0.5) % 12;
        Scalar* out = row + encoding::kFeatures;
        std::fill_n(out, kPitchClassRows, Scalar(0));
        out[pitch_class] = Scalar(1);
        constexpr double kTwelfth = 6.283185307179586 / 12.0;
        const double angle = kTwelfth * static_cast<double>((7 * pitch_class) % 12);
        out[12] = static_cast<Scalar>(std::cos(angle));
        out[13] = static_cast<Scalar>(std::sin(angle));
    }
};

}  // namespace mgan::inline MGAN_ABI
