#pragma once
/// \file
/// What a training needs to know of all its songs: the codec's tables and the songs' styles, in one
/// pass, and from the cache of a packed file when that pass was done before.
///
///     first start    every song is read and encoded; the tables go to the cache
///     second start   the tables come from the cache, in milliseconds; no song is read
///
/// The tables are exact for any number of songs. Styles are those of `kMostStyles` songs at most.

#include <mgan/core/bits.hpp>
#include <mgan/core/hash.hpp>
#include <mgan/dataset/crops.hpp>
#include <mgan/dataset/songs.hpp>
#include <mgan/encoding/codec.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

namespace corpus_detail {

/// A number for everything that a codec depends on.
[[nodiscard]] inline Fnv1a codec_key(const encoding::EncodingSettings& settings, const Songs& songs,
                                     const std::vector<std::size_t>& part) {
    Fnv1a key = StatisticsCache::key();
    key.add(static_cast<std::int64_t>(songs.source()->fingerprint()));
    key.add(static_cast<std::int64_t>(settings.kind));
    key.add(static_cast<std::int64_t>(settings.normalisation));
    key.add(std::int64_t{settings.normalise_key});
    key.add(mgan::bit_cast<std::int64_t>(settings.pitch_contrast));
    key.add(std::int64_t{settings.pitch_in_hz});
    key.add(settings.grid_ticks);
    key.add(settings.step_ticks);
    for (const std::size_t song : part) key.add(static_cast<std::int64_t>(song));
    return key;
}

/// The tables of a codec as one list of numbers.
[[nodiscard]] inline std::vector<double> numbers_of(const encoding::Codec& codec) {
    std::vector<double> numbers;
    for (const encoding::FeatureTable& table : codec.normalisation().tables()) {
        numbers.insert(numbers.end(), {table.low, table.high, table.offset, table.scale,
                                       static_cast<double>(table.values.size())});
        numbers.insert(numbers.end(), table.values.begin(), table.values.end());
        numbers.insert(numbers.end(), table.upper.begin(), table.upper.end());
    }
    return numbers;
}
/// The reverse; nothing if they are not the numbers of a codec.
[[nodiscard]] inline std::optional<encoding::Codec> codec_of(
    const encoding::EncodingSettings& settings, const std::vector<double>& numbers) {
    std::array<encoding::FeatureTable, encoding::kFeatures> tables;
    std::size_t at = 0;
    for (encoding::FeatureTable& table : tables) {
        if (numbers.size() - at < 5) return std::nullopt;
        table.low = numbers[at];
        table.high = numbers[at + 1];
        table.offset = numbers[at + 2];
        table.scale = numbers[at + 3];
        const double size = numbers[at + 4];
        at += 5;
        if (!(size >= 0.0) || size > static_cast<double>((numbers.size() - at) / 2))
            return std::nullopt;
        const auto count = static_cast<std::ptrdiff_t>(size);
        const auto values = numbers.begin() + static_cast<std::ptrdiff_t>(at);
        table.values.assign(values, values + count);
        table.upper.assign(values + count, values + 2 * count);
        at += 2 * static_cast<std::size_t>(count);
    }
    if (at != numbers.size()) return std::nullopt;
    try {
        return encoding::Codec(settings, std::move(tables));
    } catch (const ConfigError&) {
        return std::nullopt;
    }
}

}  // namespace corpus_detail

/// The codec that is fitted to the songs of a part (`encoding::Codec::fit`). `threads` changes the
/// time it takes, nothing else. Throws DataError if there is no song, or none with a note; and what
/// reading songs throws.
[[nodiscard]] inline encoding::Codec fit_codec(const encoding::EncodingSettings& settings,
                                               const Songs& songs,
                                               const std::vector<std::size_t>& part, int threads) {
    require<DataError>(!songs.empty(), "there is no song to train on");
    const auto fit = [&] {
        return encoding::Codec::fit(
            settings, part.size(),
            [&](std::size_t i) {
                midi::Song memory;
                return encoding::raw_events(songs.get(part[i], memory), settings);
            },
            threads);
    };
    if (songs.source() == nullptr) return fit();
    const StatisticsCache& cache = songs.source()->cache();
    const std::uint64_t key = corpus_detail::codec_key(settings, songs, part).value();
    if (const auto numbers = cache.find("codec", key))
        if (auto codec = corpus_detail::codec_of(settings, *numbers)) return *std::move(codec);
    encoding::Codec codec = fit();
    cache.keep("codec", key, corpus_detail::numbers_of(codec));
    return codec;
}

/// The styles of crops of the songs of a part (`CropSource::styles`).
template <typename Scalar>
[[nodiscard]] std::vector<encoding::Style> corpus_styles(
    const CropSource<Scalar>& source, const encoding::Codec& codec, const Songs& songs,
    const std::vector<std::size_t>& part, std::int64_t length, std::uint64_t seed, int threads) {
    if (songs.source() == nullptr) return source.styles(codec, seed, threads);
    const StatisticsCache& cache = songs.source()->cache();
    Fnv1a key = corpus_detail::codec_key(codec.settings(), songs, part);
    key.add(length);
    key.add(static_cast<std::int64_t>(seed));
    key.add(static_cast<std::int64_t>(sizeof(Scalar)));
    const std::size_t count = std::min(part.size(), kMostStyles);
    if (const auto numbers = cache.find("styles", key.value());
        numbers && numbers->size() == count * encoding::kStyle &&
        std::all_of(numbers->begin(), numbers->end(), [](double x) { return std::isfinite(x); })) {
        std::vector<encoding::Style> styles(count);
        for (std::size_t i = 0; i < count; ++i)
            std::copy_n(numbers->begin() + static_cast<std::ptrdiff_t>(i * encoding::kStyle),
                        encoding::kStyle, styles[i].begin());
        return styles;
    }
    std::vector<encoding::Style> styles = source.styles(codec, seed, threads);
    std::vector<double> numbers;
    for (const encoding::Style& style : styles)
        numbers.insert(numbers.end(), style.begin(), style.end());
    cache.keep("styles", key.value(), numbers);
    return styles;
}

}  // namespace mgan::inline MGAN_ABI
