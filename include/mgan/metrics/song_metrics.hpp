#pragma once
/// \file
/// A song in a handful of numbers (paper, section 4.2).
///
/// Of a song with n notes (no drums), in order of onset, then pitch, where notes of equal onset
/// form a group (a chord), G groups in all:
///
///     scale_consistency  how well the notes fit one scale:
///                        max over scales of #{notes in the scale} / n
///     tone_span          highest pitch - lowest pitch, semitones
///     unique_tones       number of distinct pitches
///     intensity_span     highest velocity - lowest velocity
///     polyphony          #{groups of two or more} / G
///     repetitions_3      #{(i, j): j >= i + 3, three pitches from i on = three pitches from j on}
///     longest_run        length of the longest run of one pitch (shows a collapsed generator)
///
/// No single number makes good music. Compare sets of songs (set_comparison.hpp), and listen.

#include <mgan/core/version.hpp>
#include <mgan/midi/song.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI::metrics {

/// Three of the metrics as the published code of C-RNN-GAN (Mogren 2016) computes them, to compare
/// figures with the literature. They differ from the definitions above:
struct ReferenceMetrics {
    /// Pitch classes are not taken modulo 12 after the root is subtracted: one that lies below the
    /// root never counts, so D major scores less than C major. Empty for n = 0.
    std::optional<double> scale_consistency;
    /// (n - G + #{groups of two or more, without the last group}) / (n + G - 1); 0 for n = 0.
    double polyphony = 0.0;
    /// The last triple is left out, and songs of fewer than 8 notes give 0.
    std::int64_t repetitions_3 = 0;

    friend bool operator==(const ReferenceMetrics&, const ReferenceMetrics&) = default;
};

/// The metrics of one song; those that a song without notes does not have are empty.
struct SongMetrics {
    std::int64_t notes = 0;                   ///< n
    std::optional<double> scale_consistency;  ///< share, 7/12 .. 1
    std::optional<double> tone_span;          ///< semitones
    std::int64_t unique_tones = 0;
    std::optional<double> intensity_span;  ///< MIDI velocity, 0 .. 126
    std::optional<double> polyphony;       ///< share of the groups, 0 .. 1
    std::int64_t repetitions_3 = 0;
    std::int64_t longest_run = 0;
    ReferenceMetrics reference;

    friend bool operator==(const SongMetrics&, const SongMetrics&) = default;
};

/// The metrics by which sets of songs are compared, in the order of reports.
enum class Metric {
    notes,
    scale_consistency,
    tone_span,
    unique_tones,
    intensity_span,
    polyphony,
    repetitions_3
};

/// Every `Metric`, in order.
inline constexpr std::array<Metric, 7> kMetrics = {
    Metric::notes,          Metric::scale_consistency, Metric::tone_span,    Metric::unique_tones,
    Metric::intensity_span, Metric::polyphony,         Metric::repetitions_3};

/// The name of a metric in JSON, tables and messages.
[[nodiscard]] constexpr std::string_view key(Metric metric) noexcept {
    constexpr std::array<std::string_view, 7> keys = {
        "notes",          "scale_consistency", "tone_span",    "unique_tones",
        "intensity_span", "polyphony",         "repetitions_3"};
    return keys[static_cast<std::size_t>(metric)];
}

/// One metric of a song as a number; empty where the song does not have it.
[[nodiscard]] inline std::optional<double> value(const SongMetrics& song, Metric metric) noexcept {
    switch (metric) {
        case Metric::notes:
            return static_cast<double>(song.notes);
        case Metric::scale_consistency:
            return song.scale_consistency;
        case Metric::tone_span:
            return song.tone_span;
        case Metric::unique_tones:
            return static_cast<double>(song.unique_tones);
        case Metric::intensity_span:
            return song.intensity_span;
        case Metric::polyphony:
            return song.polyphony;
        case Metric::repetitions_3:
            return static_cast<double>(song.repetitions_3);
    }
    return std::nullopt;
}

/// Notes of each pitch class.
using PitchClassCounts = std::array<std::int64_t, 12>;

[[nodiscard]] inline PitchClassCounts count_pitch_classes(
    std::span<const midi::Note> notes) noexcept {
    PitchClassCounts count{};
    for (const midi::Note& note : notes)
        ++count[static_cast<std::size_t>((note.pitch % 12 + 12) % 12)];
    return count;
}

/// Most notes that one scale on `root` (0 is C) holds: max over the major, natural minor and
/// harmonic minor scale of #{pitch: (pitch - root) mod 12 is a step of the scale}. `modulo` = false
/// leaves out the mod 12, as the published code does (`ReferenceMetrics`).
[[nodiscard]] inline std::int64_t most_in_scales_on(std::size_t root, const PitchClassCounts& count,
                                                    bool modulo = true) noexcept {
    // Bit s is set when s semitones above the root belong to the scale.
    //                                               11 10 9 8 7 6 5 4 3 2 1 0
    constexpr std::array<unsigned, 3> scales = {0b1010'1011'0101u,   // major
                                                0b0101'1010'1101u,   // natural minor
                                                0b1001'1010'1101u};  // harmonic minor
    std::int64_t most = 0;
    for (const unsigned scale : scales) {
        std::int64_t inside = 0;
        for (std::size_t pitch_class = modulo ? 0 : root; pitch_class < 12; ++pitch_class)
            if ((scale >> ((pitch_class + 12 - root) % 12)) & 1u) inside += count[pitch_class];
        most = std::max(most, inside);
    }
    return most;
}

/// The same over all 12 roots.
[[nodiscard]] inline std::int64_t most_in_one_scale(const PitchClassCounts& count,
                                                    bool modulo = true) noexcept {
    std::int64_t most = 0;
    for (std::size_t root = 0; root < 12; ++root)
        most = std::max(most, most_in_scales_on(root, count, modulo));
    return most;
}

/// Pairs (i, j), j >= i + 3, of equal pitch triples [i, i+1, i+2] = [j, j+1, j+2] of `notes`.
///
/// The definition is a double loop over i and j. Here j walks once, and a counter for each distinct
/// triple says how often it began at a place i <= j - 3: i enters the counters three steps after
/// it was passed. O(n log n), for the sort that numbers the triples.
[[nodiscard]] inline std::int64_t count_repetitions_3(std::span<const midi::Note> notes) {
    if (notes.size() < 6) return 0;  // the first pair is i = 0, j = 3, with notes 3, 4, 5
    const std::size_t triples = notes.size() - 2;
    std::vector<std::uint64_t> triple(triples);
    const auto pitch = [&](std::size_t i) {
        return static_cast<std::uint64_t>(notes[i].pitch) & 0xFFFF;
    };
    for (std::size_t i = 0; i < triples; ++i)
        triple[i] = pitch(i) << 32 | pitch(i + 1) << 16 | pitch(i + 2);
    std::vector<std::uint64_t> distinct = triple;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (std::uint64_t& t : triple)  // from here on a triple is its place among the distinct ones
        t = static_cast<std::uint64_t>(std::lower_bound(distinct.begin(), distinct.end(), t) -
                                       distinct.begin());

    std::vector<std::int64_t> begun(distinct.size(), 0);
    std::int64_t pairs = 0;
    for (std::size_t j = 3; j < triples; ++j) {
        ++begun[triple[j - 3]];
        pairs += begun[triple[j]];
    }
    return pairs;
}

/// The metrics of a song. Empty songs are no error. O(n log n).
[[nodiscard]] inline SongMetrics compute(const midi::Song& song) {
    const std::vector<midi::Note> notes = midi::sounding_notes(song);
    const std::span<const midi::Note> all(notes);
    SongMetrics result;
    if (notes.empty()) return result;

    std::vector<int> pitches;
    pitches.reserve(notes.size());
    int softest = notes.front().velocity;
    int loudest = softest;
    std::int64_t run = 0;
    for (std::size_t i = 0; i < notes.size(); ++i) {
        pitches.push_back(notes[i].pitch);
        softest = std::min(softest, notes[i].velocity);
        loudest = std::max(loudest, notes[i].velocity);
        run = i > 0 && notes[i].pitch == notes[i - 1].pitch ? run + 1 : 1;
        result.longest_run = std::max(result.longest_run, run);
    }
    std::sort(pitches.begin(), pitches.end());
    const int span = pitches.back() - pitches.front();
    pitches.erase(std::unique(pitches.begin(), pitches.end()), pitches.end());

    std::int64_t groups = 0;
    std::int64_t chords = 0;
    bool last_is_chord = false;
    for (std::size_t begin = 0; begin < notes.size();) {
        std::size_t end = begin + 1;
        while (end < notes.size() && notes[end].onset == notes[begin].onset) ++end;
        last_is_chord = end - begin >= 2;
        ++groups;
        chords += last_is_chord ? 1 : 0;
        begin = end;
    }

    const std::int64_t n = static_cast<std::int64_t>(notes.size());
    const double count = static_cast<double>(n);
    result.notes = n;
    const PitchClassCounts classes = count_pitch_classes(all);
    result.scale_consistency = static_cast<double>(most_in_one_scale(classes)) / count;
    result.tone_span = span;
    result.unique_tones = static_cast<std::int64_t>(pitches.size());
    result.intensity_span = loudest - softest;
    result.polyphony = static_cast<double>(chords) / static_cast<double>(groups);
    result.repetitions_3 = count_repetitions_3(all);

    result.reference.scale_consistency =
        static_cast<double>(most_in_one_scale(classes, false)) / count;
    result.reference.polyphony =
        static_cast<double>(n - groups + chords - (last_is_chord ? 1 : 0)) /
        static_cast<double>(n + groups - 1);
    // j <= n - 4 instead of n - 3: the definition on the song without its last note.
    if (n >= 8) result.reference.repetitions_3 = count_repetitions_3(all.first(all.size() - 1));
    return result;
}

/// The metrics of many songs, in their order.
[[nodiscard]] inline std::vector<SongMetrics> measure(std::span<const midi::Song> songs) {
    std::vector<SongMetrics> measured;
    measured.reserve(songs.size());
    for (const midi::Song& song : songs) measured.push_back(compute(song));
    return measured;
}

}  // namespace mgan::inline MGAN_ABI::metrics
