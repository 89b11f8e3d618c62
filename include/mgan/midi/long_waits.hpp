#pragma once
/// \file
/// Waits of hours within a song, and how they are shortened.
///
/// One damaged byte makes a time difference of two days. A net that learns from such a song takes
/// the wait for its longest step, and scales all others by it. So a stretch in which no note begins
/// or ends is cut to `kLongestWait`, whether or not something sounds in it:
///
///     before   |##  ##|.................................................|## |
///     after    |##  ##|...............|## |
///                     |<-- longest -->|

#include <mgan/midi/song.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

/// Sixteen bars of four quarters.
inline constexpr std::int64_t kLongestWait = 64 * kTicksPerQuarter;

/// Shortens every wait beyond `longest` ticks (> 0) to that. Notes keep their order; tempo changes
/// move along. Returns how many waits there were; time O(n log n) where there is one, else O(n).
inline std::size_t shorten_waits(Song& song, std::int64_t longest = kLongestWait) {
    bool may_wait = false;
    std::int64_t before = 0;
    for (const Note& note : song.notes) {
        may_wait = may_wait || note.length > longest || note.onset - before > longest;
        before = note.onset;
    }
    if (!may_wait) return 0;

    std::vector<std::int64_t> moments{0};
    moments.reserve(2 * song.notes.size() + 1);
    for (const Note& note : song.notes) {
        moments.push_back(note.onset);
        moments.push_back(note.onset + note.length);
    }
    std::sort(moments.begin(), moments.end());
    struct Cut {
        std::int64_t from, to;  // what is cut out
        std::int64_t before;    // ticks cut before it
    };
    std::vector<Cut> cuts;
    std::int64_t sum = 0;
    for (std::size_t i = 1; i < moments.size(); ++i) {
        if (moments[i] - moments[i - 1] <= longest) continue;
        cuts.push_back({moments[i - 1] + longest, moments[i], sum});
        sum += cuts.back().to - cuts.back().from;
    }
    const auto moved = [&](std::int64_t tick) {
        const auto next = std::upper_bound(cuts.begin(), cuts.end(), tick,
                                           [](std::int64_t t, const Cut& c) { return t < c.from; });
        if (next == cuts.begin()) return tick;
        const Cut& cut = *(next - 1);
        return tick - (std::min(tick, cut.to) - cut.from) - cut.before;
    };
    for (Note& note : song.notes) {
        const std::int64_t end = moved(note.onset + note.length);
        note.onset = moved(note.onset);
        note.length = end - note.onset;
    }
    std::sort(song.notes.begin(), song.notes.end(), note_order);
    std::size_t kept = 0;
    for (TempoChange change : song.tempo) {
        change.tick = moved(change.tick);
        if (kept > 0 && song.tempo[kept - 1].tick == change.tick) --kept;
        song.tempo[kept++] = change;
    }
    song.tempo.resize(kept);
    return cuts.size();
}

}  // namespace mgan::inline MGAN_ABI::midi
