#pragma once
/// \file
/// From songs to what a network sees, and back: encoding and normalisation in one object.
///
///     song --prepare--> notes in key, on the grid --> raw events --normalise--> x, [T, F]
///     song <----------- valid notes <---------------- raw events <--decode----- x, any values
///
/// `quantise` is the way down and up again for one event: x -> the x of the valid event that it
/// decodes to. A network that is fed its own output, or a discriminator that compares it with real
/// music, should see what will be played. Its gradient is taken to be the identity
/// ("straight through": Bengio, Leonard, Courville 2013, arXiv:1308.3432).

#include <mgan/core/error.hpp>
#include <mgan/core/parallel.hpp>
#include <mgan/core/version.hpp>
#include <mgan/encoding/event_encoding.hpp>
#include <mgan/encoding/features.hpp>
#include <mgan/encoding/grid.hpp>
#include <mgan/encoding/key.hpp>
#include <mgan/encoding/normalisation.hpp>
#include <mgan/encoding/tone_encoding.hpp>
#include <mgan/midi/song.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// The song as the encodings see it: its notes (no drums), transposed if `normalise_key`, on the
/// grid, the first at tick 0; with `tone` all on channel 0, since that encoding does not write down
/// channels. Title and tempo map are kept; tempo changes in the silence before the first note move
/// to tick 0.
[[nodiscard]] inline midi::Song prepare(const midi::Song& song, const EncodingSettings& options) {
    midi::Song prepared;
    prepared.title = song.title;
    prepared.tempo = song.tempo;
    prepared.notes = midi::sounding_notes(song);
    if (options.normalise_key) transpose(prepared.notes, key_shift(prepared.notes));
    if (options.kind == EncodingKind::tone)
        for (midi::Note& note : prepared.notes) note.channel = 0;
    snap(prepared.notes, options.grid_ticks);  // sorts, too
    // Silence before the first note is not music, and some files have an hour of it: one such file
    // would set the scale of all onset differences. Cut after snapping, so that the beat stays.
    if (prepared.notes.empty()) return prepared;
    const std::int64_t silence = prepared.notes.front().onset;
    for (midi::Note& note : prepared.notes) note.onset -= silence;
    for (midi::TempoChange& change : prepared.tempo)
        change.tick = std::max<std::int64_t>(0, change.tick - silence);
    return prepared;
}

/// The raw events of a song, [T, F]: T = n notes for `tone`, 2n for `event`.
[[nodiscard]] inline Events<double> raw_events(const midi::Song& song,
                                               const EncodingSettings& options) {
    const std::vector<midi::Note> notes = prepare(song, options).notes;
    Events<double> events =
        options.kind == EncodingKind::tone ? encode_tones(notes, options) : encode_events(notes);
    // A rest of an hour becomes the longest one that can be decoded.
    const auto meaning = features(options);
    for (Event<double>& event : events)
        for (std::size_t f = 0; f < kFeatures; ++f)
            event[f] = nearest_valid(meaning[f], options, event[f]);
    return events;
}

/// A song from raw events of any values.
[[nodiscard]] inline midi::Song song_of(std::span<const Event<double>> events,
                                        const EncodingSettings& options) {
    midi::Song song;
    song.notes = options.kind == EncodingKind::tone ? decode_tones(events, options)
                                                    : decode_events(events, options);
    return song;
}

/// Options and the normalisation that was fitted under them. Immutable; a value type; all of it may
/// be used from many threads.
///
/// What comes back: for `tone`, decode(encode(song)) has exactly the notes of prepare(song), if
/// they lie in the range of the corpus (kind `cdf`: if their values occur in it). Rows of float are
/// exact too, but for `log` without a grid and times beyond 2^18 ticks, where a float's last place
/// is half a tick. For `event` see event_encoding.hpp.
class Codec {
public:
    /// No scaling: features stand as they are.
    Codec()
        : Codec(EncodingSettings{.normalisation = NormalisationKind::none},
                std::array<FeatureTable, kFeatures>{}) {}

    /// From the parts of a model file. Throws ConfigError if they do not fit together.
    Codec(const EncodingSettings& options, Normalisation normalisation)
        : options_(options),
          features_(features(options)),
          normalisation_(std::move(normalisation)) {
        validate(options);
        require<ConfigError>(options.normalisation == normalisation_.kind(),
                             "Codec: the options say normalisation ", name(options.normalisation),
                             ", the tables are of kind ", name(normalisation_.kind()));
    }

    /// From the constants of a model file (`normalisation().tables()`). Throws ConfigError.
    Codec(const EncodingSettings& options, std::array<FeatureTable, kFeatures> tables)
        : Codec(options, Normalisation(options.normalisation, times(options), std::move(tables))) {}

    /// Fits the normalisation to a corpus. Throws DataError if no song has a note, ConfigError for
    /// bad options.
    [[nodiscard]] static Codec fit(const EncodingSettings& options,
                                   std::span<const midi::Song> songs) {
        return fit(options, songs.size(),
                   [&](std::size_t i) { return raw_events(songs[i], options); });
    }

    /// The same for songs that need not be in memory together: `events(i)` gives the raw events of
    /// number i of `count`, to up to `threads` threads at once. They change the time it takes,
    /// nothing else.
    template <std::invocable<std::size_t> EventsAt>
    [[nodiscard]] static Codec fit(const EncodingSettings& options, std::size_t count,
                                   EventsAt&& events, int threads = 1) {
        validate(options);
        constexpr std::size_t kChunk = 256;
        FeatureDistributions distributions;
        std::vector<FeatureDistributions::OfSong> shares(std::min(count, kChunk));
        for (std::size_t begin = 0; begin < count; begin += kChunk) {
            const std::size_t size = std::min(kChunk, count - begin);
            parallel_for(static_cast<std::ptrdiff_t>(size), threads, [&](std::ptrdiff_t index) {
                const auto i = static_cast<std::size_t>(index);
                shares[i] = FeatureDistributions::of_song(events(begin + i));
            });
            for (std::size_t i = 0; i < size; ++i) distributions.add(shares[i]);
        }
        return Codec(options, Normalisation::fit(options.normalisation, times(options),
                                                 distributions, options.pitch_contrast));
    }

    /// Number of events of a song with so many sounding notes.
    [[nodiscard]] static std::size_t events_of(const EncodingSettings& options,
                                               std::size_t notes) noexcept {
        return options.kind == EncodingKind::tone ? notes : 2 * notes;
    }

    [[nodiscard]] const EncodingSettings& settings() const noexcept { return options_; }
    [[nodiscard]] const Normalisation& normalisation() const noexcept { return normalisation_; }

    /// A song -> rows of x, [T, F].
    template <typename Scalar>
    [[nodiscard]] Events<Scalar> encode(const midi::Song& song) const {
        const Events<double> raw = raw_events(song, options_);
        Events<Scalar> rows(raw.size());
        for (std::size_t t = 0; t < raw.size(); ++t)
            for (std::size_t f = 0; f < kFeatures; ++f)
                rows[t][f] = static_cast<Scalar>(normalisation_.encode(raw[t][f], f));
        return rows;
    }

    /// `count` events of a song from event `begin` on (from its start again where it ends), as rows
    /// of x. Row t starts at rows + t * stride. The song must have an event.
    template <typename Scalar>
    void encode_crop(const midi::Song& song, std::size_t begin, std::size_t count, Scalar* rows,
                     std::size_t stride = kFeatures) const {
        const Events<double> raw = raw_events(song, options_);
        for (std::size_t t = 0; t < count; ++t)
            for (std::size_t f = 0; f < kFeatures; ++f)
                rows[t * stride + f] =
                    static_cast<Scalar>(normalisation_.encode(raw[(begin + t) % raw.size()][f], f));
    }

    /// `steps` rows of x -> a song. Row t starts at rows + t * stride: for sample b of a batch
    /// [T, B, F], rows = data + b * F and stride = B * F. Any values, NaN and infinities included,
    /// give valid notes within the range of the corpus.
    template <typename Scalar>
    [[nodiscard]] midi::Song decode(const Scalar* rows, std::size_t steps,
                                    std::size_t stride = kFeatures) const {
        Events<double> raw(steps);
        for (std::size_t t = 0; t < steps; ++t)
            for (std::size_t f = 0; f < kFeatures; ++f)
                raw[t][f] = normalisation_.decode(static_cast<double>(rows[t * stride + f]), f);
        return song_of(raw, options_);
    }

    /// Rows of x -> a song.
    template <typename Scalar>
    [[nodiscard]] midi::Song decode(const Events<Scalar>& rows) const {
        return decode(rows.empty() ? nullptr : rows.front().data(), rows.size());
    }

    /// Replaces the x of one event, F values, by those of the valid event that it decodes to.
    /// Idempotent. Allocates nothing; for the real-time path.
    template <typename Scalar>
    void quantise(Scalar* x) const noexcept {
        for (std::size_t f = 0; f < kFeatures; ++f) {
            const double raw = normalisation_.decode(static_cast<double>(x[f]), f);
            const double valid = nearest_valid(features_[f], options_, raw);
            x[f] = static_cast<Scalar>(normalisation_.encode(valid, f));
        }
    }

private:
    [[nodiscard]] static std::array<bool, kFeatures> times(
        const EncodingSettings& options) noexcept {
        std::array<bool, kFeatures> time{};
        const auto meaning = features(options);
        for (std::size_t f = 0; f < kFeatures; ++f) time[f] = is_time(meaning[f]);
        return time;
    }

    EncodingSettings options_;
    std::array<Feature, kFeatures> features_;
    Normalisation normalisation_;
};

}  // namespace mgan::inline MGAN_ABI::encoding
