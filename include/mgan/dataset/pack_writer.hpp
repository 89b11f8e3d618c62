#pragma once
/// \file
/// Writes a packed data set, song by song: all or nothing, in little memory.
///
///     PackWriter writer("songs.mgan");
///     writer.add(pack_song(song), song, "bach/minuet.mid");
///     writer.finish(facts, skipped, mended, threads);
///
/// Notes go to the disk as they come; the index is kept until the end (about 150 bytes a song).
/// Nobody sees the file before it is whole (core/atomic_file.hpp).

#include <mgan/core/atomic_file.hpp>
#include <mgan/core/mapped_file.hpp>
#include <mgan/dataset/fingerprint.hpp>
#include <mgan/dataset/packed_format.hpp>
#include <mgan/dataset/piece_groups.hpp>
#include <mgan/midi/tempo.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// A song as it stands in a file, and what the index will know of it but place, name and piece.
struct PackedSong {
    packed::Bytes bytes;
    packed::SongEntry entry;
};

/// Packs one song. Throws DataError if its notes are out of order or range.
[[nodiscard]] inline PackedSong pack_song(const midi::Song& song) {
    PackedSong packed;
    packed::put_song(packed.bytes, song);
    Fingerprint print;
    print.add(song);
    packed.entry.fingerprint = print.value();
    packed.entry.size = static_cast<std::uint32_t>(packed.bytes.size());
    packed.entry.notes = static_cast<std::uint32_t>(song.notes.size());
    packed.entry.sounding = static_cast<std::uint32_t>(count_sounding(song.notes));
    for (const midi::Note& note : song.notes)
        packed.entry.span = std::max(packed.entry.span, note.onset + note.length);
    packed.entry.seconds = midi::duration(song);
    return packed;
}

class PackWriter {
public:
    /// \throws IoError
    explicit PackWriter(const std::filesystem::path& path) : path_(path), file_(path) {
        packed::Bytes head;
        put_mark(head, packed::kHeadMark);
        packed::put32(head, packed::kVersion);
        packed::put32(head, 0);
        write(head);
    }

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return offset_; }
    /// Where the bytes are until `finish`.
    [[nodiscard]] const std::filesystem::path& temporary() const noexcept {
        return file_.temporary();
    }

    /// Adds a song, packed by `pack_song`. Songs of one name must follow each other.
    /// \throws IoError; DataError for a song without notes to learn from
    void add(PackedSong packed, const midi::Song& song, const std::string& name) {
        require<DataError>(packed.entry.sounding > 0, path_, ": song ", entries_.size(),
                           " has no notes to learn from");
        if (names_.empty() || names_.back() != name) names_.push_back(name);
        packed.entry.name = static_cast<std::uint32_t>(names_.size() - 1);
        packed.entry.offset = offset_ + block_.size();
        fingerprint_.add(song);
        facts_.notes += packed.entry.notes;
        facts_.seconds += packed.entry.seconds;
        block_.insert(block_.end(), packed.bytes.begin(), packed.bytes.end());
        entries_.push_back(packed.entry);
        if (block_.size() >= packed::kFullBlock) end_block(packed::BlockKind::notes);
    }

    /// Writes what is left, and gives the file its name. `facts`: the counts of files, and what the
    /// program says of itself. `pieces`: the first song of each song's piece; without it, copies of
    /// a piece are looked for (piece_groups.hpp). \throws IoError; DataError if there is no song
    void finish(const packed::Facts& facts, const std::vector<SkippedFile>& skipped,
                const std::vector<MendedFile>& mended, int threads,
                const std::vector<std::size_t>& pieces = {}) {
        require<DataError>(!entries_.empty(), path_, ": there is no song to pack");
        if (!block_.empty()) end_block(packed::BlockKind::notes);
        set_pieces(pieces.empty() ? find_pieces(threads) : pieces);
        write_index();
        write_names();
        write_list(packed::BlockKind::skipped, skipped, [&](const SkippedFile& file) {
            block_.push_back(static_cast<std::byte>(file.is_folder ? 1 : 0));
            packed::put_text(block_, cut(file.file));
            packed::put_text(block_, cut(file.reason));
        });
        write_list(packed::BlockKind::mended, mended, [&](const MendedFile& file) {
            packed::put_text(block_, cut(file.file));
            packed::put_text(block_, cut(file.repairs));
        });
        packed::Facts all = facts;
        all.notes = facts_.notes;
        all.seconds = facts_.seconds;
        all.fingerprint = fingerprint_.value();
        packed::put_facts(block_, all);
        items_ = 1;
        end_block(packed::BlockKind::facts);
        write_end();
        file_.commit();
    }

private:
    /// The songs that are written so far.
    class Written final : public SongStore {
    public:
        Written(const std::filesystem::path& path, const std::vector<packed::SongEntry>& entries)
            : file_(path), entries_(entries) {}
        [[nodiscard]] std::size_t size() const noexcept override { return entries_.size(); }
        void read(std::size_t song, midi::Song& into) const override {
            packed::Bytes bytes(entries_[song].size);
            file_.read(entries_[song].offset, bytes);
            packed::get_song(bytes, entries_[song].notes, into);
        }
        [[nodiscard]] std::size_t sounding(std::size_t song) const noexcept override {
            return entries_[song].sounding;
        }
        [[nodiscard]] std::uint64_t fingerprint() const noexcept override { return 0; }
        [[nodiscard]] const StatisticsCache& cache() const noexcept override { return cache_; }

    private:
        MappedFile file_;
        const std::vector<packed::SongEntry>& entries_;
        StatisticsCache cache_;
    };

    static void put_mark(packed::Bytes& to, std::string_view mark) {
        const auto bytes = std::as_bytes(std::span(mark.data(), mark.size()));
        to.insert(to.end(), bytes.begin(), bytes.end());
    }
    /// A text that is not longer than a reader takes.
    [[nodiscard]] static std::string_view cut(std::string_view text) {
        return text.substr(0, packed::kMostText);
    }

    void write(const packed::Bytes& bytes) {
        file_.append(bytes);
        offset_ += bytes.size();
    }

    /// Writes `block_` as the next block; its items are those since the last one of this kind.
    void end_block(packed::BlockKind kind) {
        const auto count = kind == packed::BlockKind::notes
                               ? static_cast<std::uint32_t>(entries_.size() - packed_)
                               : items_;
        std::uint64_t& first = first_[static_cast<std::size_t>(kind)];
        packed::Block block{.kind = kind,
                            .items = count,
                            .first = first,
                            .offset = offset_,
                            .size = block_.size(),
                            .checksum = 0};
        Checksum sum;
        sum.add(block_);
        block.checksum = sum.value();
        first += count;
        if (kind == packed::BlockKind::notes) packed_ = entries_.size();
        blocks_.push_back(block);
        write(block_);
        block_.clear();
        items_ = 0;
    }

    void set_pieces(const std::vector<std::size_t>& pieces) {
        require<DataError>(pieces.size() == entries_.size(), path_, ": ", entries_.size(),
                           " songs of ", pieces.size(), " pieces");
        for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].piece = pieces[i];
    }

    [[nodiscard]] std::vector<std::size_t> find_pieces(int threads) {
        file_.flush();
        const std::shared_ptr<const SongStore> written =
            std::make_shared<const Written>(file_.temporary(), entries_);
        std::vector<std::size_t> group(entries_.size());
        bool ascend = std::is_sorted(names_.begin(), names_.end());
        if (ascend) {
            for (std::size_t i = 0; i < group.size(); ++i) group[i] = entries_[i].name;
        } else {
            std::vector<std::string> names;
            names.reserve(entries_.size());
            for (const packed::SongEntry& entry : entries_) names.push_back(names_[entry.name]);
            group = name_groups(names);
        }
        return piece_groups(Songs(written), group, threads);
    }

    void write_index() {
        constexpr std::size_t kSongs = packed::kFullBlock / packed::kEntrySize;
        for (const packed::SongEntry& entry : entries_) {
            packed::put_entry(block_, entry);
            if (++items_ == kSongs) end_block(packed::BlockKind::index);
        }
        if (items_ > 0) end_block(packed::BlockKind::index);
    }

    void write_names() {
        std::string_view before;
        for (const std::string& whole : names_) {
            const std::string_view name = cut(whole);
            if (items_ == 0) before = {};  // each block can be read alone
            const auto same = static_cast<std::size_t>(
                std::mismatch(name.begin(), name.end(), before.begin(), before.end()).first -
                name.begin());
            packed::put_number(block_, same);
            packed::put_text(block_, name.substr(same));
            before = name;
            ++items_;
            if (block_.size() >= packed::kFullBlock) end_block(packed::BlockKind::names);
        }
        if (items_ > 0) end_block(packed::BlockKind::names);
    }

    template <typename Item, typename Put>
    void write_list(packed::BlockKind kind, const std::vector<Item>& list, Put&& put) {
        for (const Item& item : list) {
            put(item);
            ++items_;
            if (block_.size() >= packed::kFullBlock) end_block(kind);
        }
        if (items_ > 0) end_block(kind);
    }

    void write_end() {
        packed::Bytes directory;
        for (const packed::Block& block : blocks_) packed::put_block(directory, block);
        Checksum sum;
        sum.add(directory);
        const std::uint64_t begin = offset_;
        write(directory);
        packed::Bytes footer;
        packed::put64(footer, begin);
        packed::put64(footer, directory.size());
        packed::put64(footer, sum.value());
        packed::put64(footer, offset_ + packed::kFooterSize);
        packed::put64(footer, entries_.size());
        packed::put32(footer, packed::kVersion);
        packed::put32(footer, 0);
        Checksum of_footer;
        of_footer.add(footer);
        packed::put64(footer, of_footer.value());
        put_mark(footer, packed::kEndMark);
        write(footer);
    }

    std::filesystem::path path_;
    AtomicWriter file_;
    std::uint64_t offset_ = 0;
    packed::Bytes block_;      ///< under way
    std::uint32_t items_ = 0;  ///< of it, unless it holds notes
    std::size_t packed_ = 0;   ///< songs in finished blocks
    std::vector<packed::Block> blocks_;
    std::array<std::uint64_t, packed::kBlockKinds + 1> first_{};
    std::vector<packed::SongEntry> entries_;
    std::vector<std::string> names_;
    Fingerprint fingerprint_;
    packed::Facts facts_;
};

}  // namespace mgan::inline MGAN_ABI
