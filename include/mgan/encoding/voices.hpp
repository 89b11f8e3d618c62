#pragma once
/// \file
/// Which voice strikes a key that sounds already.
///
/// In real scores two hands, or two voices of one hand, often meet on a key: about 2 % of the notes
/// of 500 MIDI files are struck while their key still sounds, or twice at one onset. A keyboard
/// could play only one of them. A file holds both, each in a channel of its own, and so does a song
/// that a model writes: each note goes to the first channel in which its key is free.
///
///     onset  length  key       channel
///         0      16   60             0
///         8       4   60             1     the key sounds in channel 0 until 16
///        12       4   60             1     free again
///
/// Whoever has one keyboard joins the voices himself (player/block_player.hpp does).

#include <mgan/core/version.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace mgan::inline MGAN_ABI::encoding {

/// Until when each key sounds in each channel but that of the drums.
class Voices {
public:
    Voices() { reset(); }

    void reset() noexcept {
        for (auto& ends : end_) ends.fill(std::numeric_limits<std::int64_t>::min());
    }

    /// The channel for a note: the first in which its key is free at its onset, or else that in
    /// which it is free soonest.
    [[nodiscard]] int channel_of(const midi::Note& note) const noexcept {
        const auto& ends = end_[static_cast<std::size_t>(note.pitch)];
        auto voice = std::find_if(ends.begin(), ends.end(),
                                  [&](std::int64_t end) { return end <= note.onset; });
        if (voice == ends.end()) voice = std::min_element(ends.begin(), ends.end());
        const auto place = static_cast<int>(voice - ends.begin());
        return place < midi::kDrumChannel ? place : place + 1;
    }

    /// A note sounds in its channel.
    void strike(const midi::Note& note) noexcept {
        if (note.channel == midi::kDrumChannel) return;
        const bool behind = note.channel > midi::kDrumChannel;
        const auto voice = static_cast<std::size_t>(note.channel - (behind ? 1 : 0));
        std::int64_t& end = end_[static_cast<std::size_t>(note.pitch)][voice];
        end = std::max(end, note.onset + note.length);
    }

private:
    static constexpr std::size_t kVoices = 15;

    std::array<std::array<std::int64_t, kVoices>, 128> end_;  // ticks
};

}  // namespace mgan::inline MGAN_ABI::encoding
