#pragma once
/// \file
/// Evaluation: how close generated songs come to real ones, by numbers.

#include <mgan/core/hash.hpp>
#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/dataset/songs.hpp>
#include <mgan/distributed/dealing.hpp>
#include <mgan/metrics/crop.hpp>
#include <mgan/metrics/set_comparison.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The most songs that are measured to compare generated ones with: of more, evenly spaced ones.
inline constexpr std::size_t kMostMeasured = 10'000;

namespace evaluation_detail {

/// The measures of a song as a list of numbers; NaN stands for one that it does not have.
inline constexpr std::size_t kNumbers = 11;
inline void put_numbers(const metrics::SongMetrics& song, std::vector<double>& to) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    for (const double number :
         {static_cast<double>(song.notes), song.scale_consistency.value_or(kNone),
          song.tone_span.value_or(kNone), static_cast<double>(song.unique_tones),
          song.intensity_span.value_or(kNone), song.polyphony.value_or(kNone),
          static_cast<double>(song.repetitions_3), static_cast<double>(song.longest_run),
          song.reference.scale_consistency.value_or(kNone), song.reference.polyphony,
          static_cast<double>(song.reference.repetitions_3)})
        to.push_back(number);
}
[[nodiscard]] inline metrics::SongMetrics get_numbers(const double* from) {
    const auto whole = [](double x) { return static_cast<std::int64_t>(x); };
    const auto perhaps = [](double x) {
        return std::isnan(x) ? std::optional<double>() : std::optional<double>(x);
    };
    metrics::SongMetrics song;
    song.notes = whole(from[0]);
    song.scale_consistency = perhaps(from[1]);
    song.tone_span = perhaps(from[2]);
    song.unique_tones = whole(from[3]);
    song.intensity_span = perhaps(from[4]);
    song.polyphony = perhaps(from[5]);
    song.repetitions_3 = whole(from[6]);
    song.longest_run = whole(from[7]);
    song.reference.scale_consistency = perhaps(from[8]);
    song.reference.polyphony = from[9];
    song.reference.repetitions_3 = whole(from[10]);
    return song;
}

/// Whether the numbers are those of `count` songs: the counts are whole.
[[nodiscard]] inline bool are_numbers(const std::vector<double>& numbers, std::size_t count) {
    if (numbers.size() != count * kNumbers) return false;
    for (std::size_t i = 0; i < numbers.size(); ++i)
        for (const std::size_t whole : {0u, 3u, 6u, 7u, 10u})
            if (i % kNumbers == whole && !(numbers[i] >= 0.0 && numbers[i] < 0x1.0p53))
                return false;
    return true;
}

}  // namespace evaluation_detail

/// Real songs to compare generated ones with: `copies` random crops of `length` notes of each song
/// of a part (of `kMostMeasured` songs, if there are more). `threads` changes the time it takes,
/// nothing else. Throws what reading songs throws.
[[nodiscard]] inline std::vector<metrics::SongMetrics> measure_real(
    const Songs& songs, const std::vector<std::size_t>& part, std::size_t length,
    std::size_t copies, std::uint64_t seed, int threads = 1) {
    using namespace evaluation_detail;
    const std::vector<std::size_t> places = sample_places(part.size(), kMostMeasured);
    std::vector<metrics::SongMetrics> measured(copies * places.size());
    Fnv1a key = StatisticsCache::key();
    if (const SongStore* const source = songs.source()) {
        key.add(static_cast<std::int64_t>(source->fingerprint()));
        for (const std::size_t number : {length, copies, static_cast<std::size_t>(seed)})
            key.add(static_cast<std::int64_t>(number));
        for (const std::size_t song : part) key.add(static_cast<std::int64_t>(song));
        if (const auto numbers = source->cache().find("measures", key.value());
            numbers && are_numbers(*numbers, measured.size())) {
            for (std::size_t i = 0; i < measured.size(); ++i)
                measured[i] = get_numbers(numbers->data() + i * kNumbers);
            return measured;
        }
    }
    parallel_for(static_cast<std::ptrdiff_t>(places.size()), threads, [&](std::ptrdiff_t index) {
        const auto i = static_cast<std::size_t>(index);
        const std::size_t number = part[places[i]];
        midi::Song memory;
        const midi::Song& song = songs.get(number, memory);
        const std::size_t size = midi::sounding_notes(song).size();
        for (std::size_t copy = 0; copy < copies; ++copy) {
            const Random random(seed, "reference crop", copy);
            const std::size_t begin = size > length ? random.integer(number, size - length + 1) : 0;
            measured[copy * places.size() + i] =
                metrics::compute(metrics::crop(song, begin, length));
        }
    });
    if (songs.source() != nullptr) {
        std::vector<double> numbers;
        for (const metrics::SongMetrics& song : measured) put_numbers(song, numbers);
        songs.source()->cache().keep("measures", key.value(), numbers);
    }
    return measured;
}

/// Collective: the measures of `count` generated songs. sample(first, count) generates some of
/// them; each rank generates and measures its share.
template <typename Sample>
[[nodiscard]] std::vector<metrics::SongMetrics> measure_generated(Communicator& ranks,
                                                                  std::ptrdiff_t count,
                                                                  Sample&& sample) {
    using namespace evaluation_detail;
    const Shard mine = own_share(count, ranks);
    std::vector<metrics::SongMetrics> measured;
    if (mine.size() > 0) measured = metrics::measure(sample(mine.begin, mine.size()));
    if (ranks.size() == 1) return measured;
    std::vector<double> numbers(static_cast<std::size_t>(mine.begin) * kNumbers);
    for (const metrics::SongMetrics& song : measured) put_numbers(song, numbers);
    numbers.resize(static_cast<std::size_t>(count) * kNumbers);
    gather_shares(ranks, count, kNumbers, std::span(numbers));
    measured.clear();
    for (std::size_t i = 0; i < numbers.size(); i += kNumbers)
        measured.push_back(get_numbers(numbers.data() + i));
    return measured;
}

/// The score by which the generator to keep is chosen; higher is better. Overlap areas alone are
/// lenient (independent draws from the marginal distributions score 0.82), so the gaps between the
/// means count too.
[[nodiscard]] inline double selection_score(const metrics::SetComparison& comparison) noexcept {
    constexpr double kGapWeight = 0.25;
    return comparison.mean_overlap_area - kGapWeight * comparison.mean_gap.value_or(10.0);
}

}  // namespace mgan::inline MGAN_ABI
