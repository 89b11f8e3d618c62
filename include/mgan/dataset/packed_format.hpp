#pragma once
/// \file
/// The bytes of a packed data set: how a song, and what is known of it, is written and read.
/// docs/packed.md has the format byte by byte.
///
/// Music repeats itself: a song of 400 notes has perhaps 10 different time differences, 8 lengths,
/// 40 pitches and 20 velocities. So its notes are written in columns, and a column is a table of
/// the values that occur, and for each note an index into it, of as many bits as needed:
///
///     differences of onsets   0 96 96 0 96 192 ...   table 0, 96, 192    indices 0 1 1 0 1 2 ...
///     2 bits a note in place of 8 bytes
///
/// About 3 bytes a note, where a MIDI file has 7 or 8.

#include <mgan/core/bits.hpp>
#include <mgan/core/byte_cursor.hpp>
#include <mgan/core/checksum.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI::packed {

/// The first and the last 8 bytes of a file. The first line breaks in two ways, so that a copy in
/// text mode is seen at once.
inline constexpr std::string_view kHeadMark("\x89mgan\r\n\x1A", 8);
inline constexpr std::string_view kEndMark("mganend\n", 8);
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kHeadSize = 16;
inline constexpr std::size_t kFooterSize = 64;

/// What a block holds. The numbers are those of the file.
enum class BlockKind : std::uint32_t {
    notes = 1,    ///< songs: title, tempo, notes
    index = 2,    ///< for each song where it is, and facts
    names = 3,    ///< the names of files, each once
    skipped = 4,  ///< files that gave no song, with the reason
    mended = 5,   ///< files with faults that were mended, with what was done
    facts = 6     ///< of the whole
};
inline constexpr std::uint32_t kBlockKinds = 6;

/// The name of a kind of block in messages.
[[nodiscard]] constexpr std::string_view name(BlockKind kind) noexcept {
    constexpr std::array<std::string_view, kBlockKinds> names = {
        "notes", "index", "names", "skipped files", "mended files", "facts"};
    return names[static_cast<std::size_t>(kind) - 1];
}

/// Where a block is, and what its items are (songs, names, files).
struct Block {
    BlockKind kind = BlockKind::notes;
    std::uint32_t items = 0;
    std::uint64_t first = 0;  ///< number of its first item
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t checksum = 0;  ///< CRC-64/XZ of its bytes
};
inline constexpr std::size_t kBlockSize = 40;

/// A block of notes is closed when it has so many bytes: little enough that to check it costs
/// nothing beside a training step.
inline constexpr std::size_t kFullBlock = std::size_t{1} << 18;

/// What the index knows of a song.
struct SongEntry {
    std::uint64_t offset = 0;       ///< of its bytes in the file
    std::uint32_t size = 0;         ///< of its bytes
    std::uint32_t notes = 0;        ///< all of them
    std::uint32_t sounding = 0;     ///< those that are learnt from (midi/sounding_notes.hpp)
    std::uint32_t name = 0;         ///< number of the name of its file
    std::uint64_t piece = 0;        ///< number of the first song of the same piece
    std::uint64_t fingerprint = 0;  ///< of this song alone (fingerprint.hpp)
    std::int64_t span = 0;          ///< ticks to the end of the last note
    double seconds = 0.0;           ///< the same at the song's tempo
};
inline constexpr std::size_t kEntrySize = 56;

/// The greatest tick, and tempo, that a song may have: their sums stay exact in a double.
inline constexpr std::int64_t kMostTicks = std::int64_t{1} << 48;
/// The most notes of one song.
inline constexpr std::uint32_t kMostNotes = std::uint32_t{1} << 26;
/// The most bytes of a name, a title or a reason.
inline constexpr std::uint64_t kMostText = std::uint64_t{1} << 20;

using Bytes = std::vector<std::byte>;

/// Appends a number of 4 or 8 bytes, the lowest first.
inline void put32(Bytes& to, std::uint32_t number) {
    for (int i = 0; i < 4; ++i) to.push_back(static_cast<std::byte>(number >> (8 * i) & 0xFF));
}
inline void put64(Bytes& to, std::uint64_t number) {
    for (int i = 0; i < 8; ++i) to.push_back(static_cast<std::byte>(number >> (8 * i) & 0xFF));
}

/// Appends a number in as many bytes as it needs (LEB128): seven bits a byte, the lowest first;
/// the eighth says that more follow.
inline void put_number(Bytes& to, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) to.push_back(static_cast<std::byte>(number | 0x80));
    to.push_back(static_cast<std::byte>(number));
}
/// The reverse. \throws FormatError
[[nodiscard]] inline std::uint64_t get_number(ByteCursor& from) {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const std::uint64_t byte = from.u8();
        if (shift == 63 && byte > 1) break;
        number |= (byte & 0x7F) << shift;
        if (byte < 0x80) return number;
    }
    throw_or_abort(FormatError("a number of more than 64 bits", from.offset()));
}

inline void put_text(Bytes& to, std::string_view text) {
    put_number(to, text.size());
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    to.insert(to.end(), bytes.begin(), bytes.end());
}
/// \throws FormatError
[[nodiscard]] inline std::string get_text(ByteCursor& from) {
    const std::uint64_t size = get_number(from);
    if (size > kMostText)
        throw_or_abort(FormatError(concat("a text of ", size, " bytes"), from.offset()));
    const std::span<const std::byte> bytes = from.take(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Whole numbers as unsigned ones, small ones first: 0, -1, 1, -2, 2, ... (zigzag).
[[nodiscard]] constexpr std::uint64_t folded(std::int64_t number) noexcept {
    return static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
}
[[nodiscard]] constexpr std::int64_t unfolded(std::uint64_t number) noexcept {
    return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

/// Bits of an index into a table of `values`, at least `least`.
[[nodiscard]] constexpr unsigned index_bits(std::uint64_t values, unsigned least) noexcept {
    return std::max<unsigned>(least, static_cast<unsigned>(mgan::bit_width(values - 1)));
}

/// Appends a column: the number of distinct values, the values ascending (the first as it is, then
/// differences less 1), and the indices, lowest bits first. `values` is not empty.
inline void put_column(Bytes& to, std::span<const std::int64_t> values, unsigned least_bits) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const std::int64_t first = *low;
    // The index of each value; where they lie close together, by a look at a list of all of them.
    constexpr std::int64_t kDense = 4096;
    std::vector<std::int64_t> table;
    std::vector<std::uint32_t> places;
    if (*high - first < kDense) {
        places.assign(static_cast<std::size_t>(*high - first) + 1, 0);
        for (const std::int64_t value : values) places[static_cast<std::size_t>(value - first)] = 1;
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (places[i] == 0) continue;
            places[i] = static_cast<std::uint32_t>(table.size());
            table.push_back(first + static_cast<std::int64_t>(i));
        }
    } else {
        table.assign(values.begin(), values.end());
        std::sort(table.begin(), table.end());
        table.erase(std::unique(table.begin(), table.end()), table.end());
    }
    const auto index_of = [&](std::int64_t value) -> std::uint64_t {
        if (!places.empty()) return places[static_cast<std::size_t>(value - first)];
        return static_cast<std::uint64_t>(std::lower_bound(table.begin(), table.end(), value) -
                                          table.begin());
    };
    put_number(to, table.size());
    put_number(to, folded(table.front()));
    for (std::size_t i = 1; i < table.size(); ++i)
        put_number(to, static_cast<std::uint64_t>(table[i] - table[i - 1]) - 1);
    const unsigned bits = index_bits(table.size(), least_bits);
    std::uint64_t pending = 0;
    unsigned filled = 0;
    for (const std::int64_t value : values) {
        pending |= index_of(value) << filled;
        for (filled += bits; filled >= 8; filled -= 8, pending >>= 8)
            to.push_back(static_cast<std::byte>(pending & 0xFF));
    }
    if (filled > 0) to.push_back(static_cast<std::byte>(pending));
}

/// Reads a column of `count` > 0 values, each within low .. high, and gives them to `use(i, value)`
/// one after the other. `table` is scratch. \throws FormatError
template <typename Use>
void get_column(ByteCursor& from, std::size_t count, unsigned least_bits, std::int64_t low,
                std::int64_t high, std::vector<std::int64_t>& table, Use&& use) {
    const auto refuse = [&](const auto&... parts) {
        throw_or_abort(FormatError(concat(parts...), from.offset()));
    };
    const std::uint64_t size = get_number(from);
    // Each value of the table has a byte at least.
    if (size == 0 || size > count || size > from.remaining())
        refuse("a table of ", size, " values for ", count, " notes");
    table.resize(static_cast<std::size_t>(size));
    std::int64_t value = unfolded(get_number(from));
    if (value < low || value > high) refuse("the value ", value, " of a note");
    table[0] = value;
    for (std::size_t i = 1; i < table.size(); ++i) {
        const std::uint64_t step = get_number(from);
        if (step >= static_cast<std::uint64_t>(high - value))
            refuse("a value of a note beyond ", high);
        value += static_cast<std::int64_t>(step) + 1;
        table[i] = value;
    }
    const unsigned bits = index_bits(size, least_bits);
    std::span<const std::byte> packed =
        from.take((static_cast<std::uint64_t>(count) * bits + 7) / 8);
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    std::uint64_t pending = 0;
    unsigned filled = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < count; ++i) {
        for (; filled < bits; filled += 8)
            pending |= std::to_integer<std::uint64_t>(packed[at++]) << filled;
        const std::uint64_t index = pending & mask;
        if (index >= size) refuse("index ", index, " into a table of ", size, " values");
        use(i, table[static_cast<std::size_t>(index)]);
        pending >>= bits;
        filled -= bits;
    }
    if (pending != 0) refuse("bits behind the last note that are not 0");
}

/// Appends the bytes of a song, whose notes must be in `note_order`. \throws DataError if they are
/// not, or a number is out of its range
inline void put_song(Bytes& to, const midi::Song& song) {
    const auto in = [](std::int64_t x, std::int64_t low, std::int64_t high) {
        return x >= low && x <= high;
    };
    require<DataError>(song.notes.size() <= kMostNotes && song.title.size() <= kMostText,
                       "packed::put_song: a song of ", song.notes.size(), " notes and a title of ",
                       song.title.size(), " bytes, at most ", kMostNotes, " and ", kMostText);
    require<DataError>(std::is_sorted(song.notes.begin(), song.notes.end(), midi::note_order),
                       "packed::put_song: notes that are not in order of onset");
    for (const midi::Note& note : song.notes) {
        if (!in(note.onset, 0, kMostTicks) || !in(note.length, 0, kMostTicks) ||
            !in(note.pitch, 0, 127) || !in(note.velocity, 0, 127) || !in(note.channel, 0, 15))
            fail<DataError>("packed::put_song: a note at tick ", note.onset, " of length ",
                            note.length, ", pitch ", note.pitch, ", velocity ", note.velocity,
                            ", channel ", note.channel, " is out of range");
    }
    put_text(to, song.title);
    put_number(to, song.tempo.size());
    std::int64_t tick = 0;
    for (const midi::TempoChange& change : song.tempo) {
        if (!in(change.tick, tick, kMostTicks) ||
            !in(change.microseconds_per_quarter, 0, kMostTicks))
            fail<DataError>("packed::put_song: a tempo of ", change.microseconds_per_quarter,
                            " microseconds at tick ", change.tick, ", out of order or range");
        put_number(to, static_cast<std::uint64_t>(change.tick - tick));
        put_number(to, static_cast<std::uint64_t>(change.microseconds_per_quarter));
        tick = change.tick;
    }
    if (song.notes.empty()) return;
    std::vector<std::int64_t> column(song.notes.size());
    const auto put = [&](unsigned least_bits, auto&& of) {
        for (std::size_t i = 0; i < column.size(); ++i) column[i] = of(song.notes[i]);
        put_column(to, column, least_bits);
    };
    std::int64_t before = 0;
    put(1, [&](const midi::Note& note) {
        const std::int64_t difference = note.onset - before;
        before = note.onset;
        return difference;
    });
    put(0, [](const midi::Note& note) { return note.length; });
    put(0, [](const midi::Note& note) { return std::int64_t{note.pitch}; });
    put(0, [](const midi::Note& note) { return std::int64_t{note.velocity}; });
    put(0, [](const midi::Note& note) { return std::int64_t{note.channel}; });
}

/// The song of `notes` notes in these bytes, into `song`, whose memory is used again. Memory is at
/// most proportional to the bytes: a note has one bit at least. \throws FormatError
inline void get_song(std::span<const std::byte> bytes, std::uint32_t notes, midi::Song& song) {
    ByteCursor from(bytes, std::string_view("song"));
    const auto refuse = [&](const auto&... parts) {
        throw_or_abort(FormatError(concat(parts...), from.offset()));
    };
    song.title = get_text(from);
    const std::uint64_t changes = get_number(from);
    if (changes > from.remaining() / 2) refuse(changes, " changes of tempo");
    song.tempo.resize(static_cast<std::size_t>(changes));
    std::int64_t tick = 0;
    for (midi::TempoChange& change : song.tempo) {
        const std::uint64_t wait = get_number(from), tempo = get_number(from);
        constexpr auto kMost = static_cast<std::uint64_t>(kMostTicks);
        if (wait > kMost - static_cast<std::uint64_t>(tick) || tempo > kMost)
            refuse("a change of tempo out of range");
        tick += static_cast<std::int64_t>(wait);
        change = {tick, static_cast<std::int64_t>(tempo)};
    }
    if (notes > kMostNotes || notes > from.remaining() * 8)
        refuse(notes, " notes in ", from.remaining(), " bytes");
    song.notes.resize(notes);
    if (notes > 0) {
        std::vector<std::int64_t> table;
        std::int64_t onset = 0;
        get_column(from, notes, 1, 0, kMostTicks, table, [&](std::size_t i, std::int64_t x) {
            if (x > kMostTicks - onset) refuse("an onset beyond ", kMostTicks);
            song.notes[i].onset = onset += x;
        });
        const auto get = [&](std::int64_t high, auto&& use) {
            get_column(from, notes, 0, 0, high, table,
                       [&](std::size_t i, std::int64_t x) { use(song.notes[i], x); });
        };
        get(kMostTicks, [](midi::Note& note, std::int64_t x) { note.length = x; });
        get(127, [](midi::Note& note, std::int64_t x) { note.pitch = static_cast<int>(x); });
        get(127, [](midi::Note& note, std::int64_t x) { note.velocity = static_cast<int>(x); });
        get(15, [](midi::Note& note, std::int64_t x) { note.channel = static_cast<int>(x); });
        if (!std::is_sorted(song.notes.begin(), song.notes.end(), midi::note_order))
            refuse("notes that are not in order");
    }
    if (from.remaining() > 0) refuse(from.remaining(), " bytes behind the last note");
}

/// Appends what the index knows of a song.
inline void put_entry(Bytes& to, const SongEntry& entry) {
    put64(to, entry.offset);
    put32(to, entry.size);
    put32(to, entry.notes);
    put32(to, entry.sounding);
    put32(to, entry.name);
    put64(to, entry.piece);
    put64(to, entry.fingerprint);
    put64(to, static_cast<std::uint64_t>(entry.span));
    put64(to, mgan::bit_cast<std::uint64_t>(entry.seconds));
}
/// \throws FormatError
[[nodiscard]] inline SongEntry get_entry(ByteCursor& from) {
    SongEntry entry;
    entry.offset = from.le64();
    entry.size = from.le32();
    entry.notes = from.le32();
    entry.sounding = from.le32();
    entry.name = from.le32();
    entry.piece = from.le64();
    entry.fingerprint = from.le64();
    entry.span = static_cast<std::int64_t>(from.le64());
    entry.seconds = mgan::bit_cast<double>(from.le64());
    return entry;
}

/// Appends where a block is.
inline void put_block(Bytes& to, const Block& block) {
    put32(to, static_cast<std::uint32_t>(block.kind));
    put32(to, block.items);
    put64(to, block.first);
    put64(to, block.offset);
    put64(to, block.size);
    put64(to, block.checksum);
}
/// \throws FormatError for a kind that there is not
[[nodiscard]] inline Block get_block(ByteCursor& from) {
    const std::uint32_t kind = from.le32();
    if (kind < 1 || kind > kBlockKinds)
        throw_or_abort(FormatError(concat("a block of kind ", kind), from.offset()));
    Block block;
    block.kind = static_cast<BlockKind>(kind);
    block.items = from.le32();
    block.first = from.le64();
    block.offset = from.le64();
    block.size = from.le64();
    block.checksum = from.le64();
    return block;
}

/// What is known of the whole data set.
struct Facts {
    std::uint64_t files = 0, repaired = 0, of_runs = 0, unlisted = 0;  ///< as in `DataSet`
    std::uint64_t notes = 0;
    std::uint64_t fingerprint = 0;  ///< of all songs (fingerprint.hpp)
    double seconds = 0.0;           ///< playing time
    bool keeps_damaged = false;     ///< damaged files are among the songs
    std::string version;            ///< of the mgan that packed it
};

inline void put_facts(Bytes& to, const Facts& facts) {
    for (const std::uint64_t number : {facts.files, facts.repaired, facts.of_runs, facts.unlisted,
                                       facts.notes, facts.fingerprint})
        put64(to, number);
    put64(to, mgan::bit_cast<std::uint64_t>(facts.seconds));
    put64(to, facts.keeps_damaged ? 1 : 0);
    put_text(to, facts.version);
}
/// \throws FormatError
[[nodiscard]] inline Facts get_facts(ByteCursor& from) {
    Facts facts;
    for (std::uint64_t* number : {&facts.files, &facts.repaired, &facts.of_runs, &facts.unlisted,
                                  &facts.notes, &facts.fingerprint})
        *number = from.le64();
    facts.seconds = mgan::bit_cast<double>(from.le64());
    facts.keeps_damaged = from.le64() != 0;
    facts.version = get_text(from);
    return facts;
}

}  // namespace mgan::inline MGAN_ABI::packed
