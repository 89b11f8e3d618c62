#pragma once
/// \file
/// A packed data set for reading: songs by number, from a file that need not fit in memory.
///
///     const auto file = std::make_shared<const PackedFile>("songs.mgan");
///     midi::Song song;
///     file->read(17, song);
///
/// When it is opened, everything but the notes is read and checked: every block is where it should
/// be, the index fits the blocks, the checksums fit. A block of notes is checked when a song of it
/// is read for the first time; `check` looks at all of them. Whatever the bytes are, they give
/// valid songs, or an error that names the block. docs/packed.md has the format.

#include <mgan/core/file.hpp>
#include <mgan/core/mapped_file.hpp>
#include <mgan/dataset/data_set.hpp>
#include <mgan/dataset/packed_format.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

class PackedFile final : public SongStore {
public:
    /// \throws IoError; FormatError with path, block and byte if the file is damaged
    explicit PackedFile(const std::filesystem::path& path, FileAccess access = FileAccess::mapped)
        : file_(path, access), cache_(cache_folder(path)) {
        read_head();
        read_directory(read_footer());
        checked_ = std::vector<std::atomic<bool>>(blocks_.size());
        read_facts();
        read_index();
    }

    /// Whether `path` is a file that begins as packed data sets do. False too if nothing is there.
    /// \throws IoError if it cannot be read
    [[nodiscard]] static bool is_packed(const std::filesystem::path& path) {
        std::error_code failure;
        if (!std::filesystem::is_regular_file(path, failure)) return false;
        constexpr std::string_view mark = packed::kHeadMark.substr(0, 4);
        const std::vector<std::byte> head = read_file_head(path, mark.size());
        return std::equal(head.begin(), head.end(), mark.begin(), mark.end(),
                          [](std::byte byte, char c) { return byte == static_cast<std::byte>(c); });
    }

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return file_.path(); }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return file_.size(); }
    [[nodiscard]] const std::vector<packed::Block>& blocks() const noexcept { return blocks_; }
    [[nodiscard]] const packed::Facts& facts() const noexcept { return facts_; }

    [[nodiscard]] std::size_t size() const noexcept override { return places_.size(); }
    [[nodiscard]] std::size_t sounding(std::size_t song) const noexcept override {
        return places_[song].sounding;
    }
    [[nodiscard]] std::uint64_t fingerprint() const noexcept override { return facts_.fingerprint; }
    [[nodiscard]] const StatisticsCache& cache() const noexcept override { return cache_; }

    void read(std::size_t song, midi::Song& into) const override {
        std::vector<std::byte> bytes;
        read(song, into, bytes);
    }

    /// The same; `bytes` gets those of the song in the file (packed::put_song).
    void read(std::size_t song, midi::Song& into, std::vector<std::byte>& bytes) const {
        require<DataError>(song < size(), path(), ": has ", size(), " songs, and number ", song,
                           " is wanted");
        const Place& place = places_[song];
        check_block(place.block);
        bytes.resize(place.size);
        file_.read(place.offset, bytes);
        within(place.block, place.offset, [&] {
            packed::get_song(bytes, place.notes, into);
            if (count_sounding(into.notes) != place.sounding)
                throw_or_abort(FormatError("not as many notes to learn from as the index says", 0));
        });
    }

    /// The name of each song: the path of its file within the folder.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> files;
        // A name may repeat the one before at no cost. But it has a song, and that has 70 bytes.
        std::uint64_t room = 64 * file_.size();
        for_each_item(packed::BlockKind::names, [&](ByteCursor& from) {
            // Names ascend, so much of each is in the one before.
            const std::uint64_t same = packed::get_number(from);
            const std::string_view before =
                files.empty() ? std::string_view() : std::string_view(files.back());
            if (same > before.size())
                throw_or_abort(FormatError("a name that repeats more than there is", 0));
            std::string name(before.substr(0, static_cast<std::size_t>(same)));
            name += packed::get_text(from);
            if (name.size() > room) throw_or_abort(FormatError("names that are too long", 0));
            room -= name.size();
            files.push_back(std::move(name));
        });
        room = 64 * file_.size();
        std::vector<std::string> names;
        names.reserve(size());
        for_each_entry([&](const packed::SongEntry& entry, std::size_t block) {
            if (entry.name >= files.size()) refuse(block, "a song of file ", entry.name);
            if (files[entry.name].size() > room) refuse(block, "names that are too long");
            room -= files[entry.name].size();
            names.push_back(files[entry.name]);
        });
        return names;
    }

    /// The piece of each song, as `DataSet::pieces`.
    [[nodiscard]] std::vector<std::size_t> pieces() const {
        std::vector<std::size_t> pieces;
        pieces.reserve(size());
        for_each_entry([&](const packed::SongEntry& entry, std::size_t block) {
            // The first song of a piece is its own first.
            if (entry.piece > pieces.size() ||
                (entry.piece < pieces.size() && pieces[entry.piece] != entry.piece))
                refuse(block, "song ", pieces.size(), " of piece ", entry.piece);
            pieces.push_back(static_cast<std::size_t>(entry.piece));
        });
        return pieces;
    }

    /// What the index knows of each song, in order.
    [[nodiscard]] std::vector<packed::SongEntry> entries() const {
        std::vector<packed::SongEntry> all;
        all.reserve(size());
        for_each_entry([&](const packed::SongEntry& entry, std::size_t) { all.push_back(entry); });
        return all;
    }

    [[nodiscard]] std::vector<SkippedFile> skipped() const {
        std::vector<SkippedFile> files;
        for_each_item(packed::BlockKind::skipped, [&](ByteCursor& from) {
            SkippedFile& file = files.emplace_back();
            file.is_folder = from.u8() != 0;
            file.file = packed::get_text(from);
            file.reason = packed::get_text(from);
        });
        return files;
    }
    [[nodiscard]] std::vector<MendedFile> mended() const {
        std::vector<MendedFile> files;
        for_each_item(packed::BlockKind::mended, [&](ByteCursor& from) {
            MendedFile& file = files.emplace_back();
            file.file = packed::get_text(from);
            file.repairs = packed::get_text(from);
        });
        return files;
    }

    /// Looks at every block and every song. \throws FormatError for the first that is damaged
    void check() const {
        for (std::size_t block = 0; block < blocks_.size(); ++block) check_block(block);
        (void)names();
        (void)pieces();
        (void)skipped();
        (void)mended();
        midi::Song song;
        std::vector<std::byte> bytes;
        for (std::size_t i = 0; i < size(); ++i) read(i, song, bytes);
    }

private:
    /// Where a song is: what is needed to read it.
    struct Place {
        std::uint64_t offset = 0;
        std::uint32_t size = 0, notes = 0, sounding = 0, block = 0;
    };
    /// Where the directory is.
    struct Footer {
        std::uint64_t offset = 0, size = 0, checksum = 0, songs = 0;
    };

    [[nodiscard]] static std::filesystem::path cache_folder(std::filesystem::path path) {
        path += ".cache";
        return path;
    }

    /// "block 3 (notes of 512 songs from number 1024 on, bytes 65536 to 131072)"
    [[nodiscard]] std::string text_of(std::size_t number) const {
        const packed::Block& block = blocks_[number];
        std::string items = concat(packed::name(block.kind));
        if (block.kind == packed::BlockKind::notes || block.kind == packed::BlockKind::index)
            items = concat(items, " of ", block.items, block.items == 1 ? " song" : " songs",
                           " from number ", block.first, " on");
        return concat("block ", number, " (", items, ", bytes ", block.offset, " to ",
                      block.offset + block.size, ")");
    }
    template <typename... Parts>
    [[noreturn]] void refuse(std::size_t block, const Parts&... parts) const {
        throw_or_abort(FormatError(concat(path(), ": ", text_of(block), " is damaged: ", parts...,
                                          "; pack the data again"),
                                   blocks_[block].offset));
    }
    template <typename... Parts>
    [[noreturn]] void refuse_at(std::uint64_t offset, const Parts&... parts) const {
        throw_or_abort(FormatError(concat(path(), ": byte ", offset, ": ", parts...), offset));
    }
    /// Calls `work`, and gives what it throws of bytes from `offset` on the name of their block.
    template <typename Work>
    void within(std::size_t block, std::uint64_t offset, Work&& work) const {
        try {
            work();
        } catch (const FormatError& error) {
            refuse(block, error.what(), " (in what begins at byte ", offset, ")");
        }
    }

    [[nodiscard]] std::vector<std::byte> bytes_at(std::uint64_t offset, std::uint64_t size) const {
        std::vector<std::byte> bytes(static_cast<std::size_t>(size));
        file_.read(offset, bytes);
        return bytes;
    }

    void read_head() const {
        constexpr std::uint64_t kLeast = packed::kHeadSize + packed::kFooterSize;
        const std::vector<std::byte> head =
            bytes_at(0, std::min<std::uint64_t>(file_.size(), packed::kHeadSize));
        const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
        if (!text.starts_with(packed::kHeadMark)) {
            if (text.starts_with(packed::kHeadMark.substr(0, 5)))
                refuse_at(0,
                          "was copied as text, which has changed its bytes; copy it again, in "
                          "binary mode");
            refuse_at(0, "is no packed data set of mgan; mgan pack makes one");
        }
        if (file_.size() < kLeast)
            refuse_at(file_.size(), "the file ends here: it is cut off, or still being written");
        ByteCursor from(head, std::string_view("head"));
        from.skip(packed::kHeadMark.size());
        const std::uint32_t version = from.le32(), zero = from.le32();
        if (version != packed::kVersion)
            refuse_at(8, "is of format ", version, ", and this mgan reads ", packed::kVersion,
                      "; a newer one may read it");
        if (zero != 0) refuse_at(12, "the head is damaged");
    }

    [[nodiscard]] Footer read_footer() const {
        const std::uint64_t begin = file_.size() - packed::kFooterSize;
        const std::vector<std::byte> bytes = bytes_at(begin, packed::kFooterSize);
        ByteCursor from(bytes, std::string_view("footer"));
        Footer footer;
        footer.offset = from.le64();
        footer.size = from.le64();
        footer.checksum = from.le64();
        const std::uint64_t size = from.le64();
        footer.songs = from.le64();
        const std::uint32_t version = from.le32(), zero = from.le32();
        Checksum sum;
        sum.add(std::span(bytes).first(48));
        if (from.le64() != sum.value() || !from.next_is(packed::kEndMark))
            refuse_at(begin,
                      "the end of the file is not that of a packed data set: it is cut off, "
                      "still being written, or has grown; pack the data again");
        if (size != file_.size())
            refuse_at(begin, "the file has ", file_.size(), " bytes, and should have ", size,
                      "; pack the data again");
        if (version != packed::kVersion || zero != 0 || footer.offset < packed::kHeadSize ||
            footer.offset > begin || footer.size != begin - footer.offset ||
            footer.size % packed::kBlockSize != 0)
            refuse_at(begin, "the footer is damaged; pack the data again");
        return footer;
    }

    /// The blocks, which fill the file from head to directory, and whose items are counted without
    /// a gap.
    void read_directory(const Footer& footer) {
        const std::vector<std::byte> bytes = bytes_at(footer.offset, footer.size);
        Checksum sum;
        sum.add(bytes);
        if (sum.value() != footer.checksum)
            refuse_at(footer.offset, "the directory is damaged: its checksum is ", sum.text(),
                      "; pack the data again");
        ByteCursor from(bytes, std::string_view("directory"));
        std::array<std::uint64_t, packed::kBlockKinds + 1> items{};
        std::uint64_t offset = packed::kHeadSize, facts = 0;
        while (from.remaining() > 0) {
            const std::uint64_t at = footer.offset + from.offset();
            packed::Block block;
            try {
                block = packed::get_block(from);
            } catch (const FormatError& error) {
                refuse_at(at, "the directory: ", error.what());
            }
            std::uint64_t& first = items[static_cast<std::size_t>(block.kind)];
            // An item has a byte at least.
            if (block.offset != offset || block.size > footer.offset - offset ||
                block.first != first || block.items == 0 || block.items > block.size)
                refuse_at(at, "block ", blocks_.size(), " (", packed::name(block.kind),
                          ") is not where it should be; pack the data again");
            offset += block.size;
            first += block.items;
            facts += block.kind == packed::BlockKind::facts ? 1 : 0;
            blocks_.push_back(block);
        }
        const auto songs_in = [&](packed::BlockKind kind) {
            return items[static_cast<std::size_t>(kind)];
        };
        if (offset != footer.offset || facts != 1 ||
            songs_in(packed::BlockKind::notes) != footer.songs ||
            songs_in(packed::BlockKind::index) != footer.songs || footer.songs == 0 ||
            footer.songs > UINT32_MAX)
            refuse_at(footer.offset, "the directory does not fit the file; pack the data again");
    }

    /// Compares the checksum of a block, once.
    void check_block(std::size_t number) const {
        if (checked_[number].load(std::memory_order_relaxed)) return;
        const packed::Block& block = blocks_[number];
        std::vector<std::byte> bytes(
            static_cast<std::size_t>(std::min<std::uint64_t>(block.size, std::uint64_t{1} << 16)));
        Checksum sum;
        for (std::uint64_t done = 0; done < block.size; done += bytes.size()) {
            bytes.resize(
                static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), block.size - done)));
            file_.read(block.offset + done, bytes);
            sum.add(bytes);
        }
        if (sum.value() != block.checksum) refuse(number, "its checksum is ", sum.text());
        checked_[number].store(true, std::memory_order_relaxed);
    }

    /// Calls use(cursor) for each item of the blocks of a kind.
    template <typename Use>
    void for_each_item(packed::BlockKind kind, Use&& use) const {
        for (std::size_t number = 0; number < blocks_.size(); ++number) {
            const packed::Block& block = blocks_[number];
            if (block.kind != kind) continue;
            check_block(number);
            const std::vector<std::byte> bytes = bytes_at(block.offset, block.size);
            within(number, block.offset, [&] {
                ByteCursor from(bytes, packed::name(kind));
                for (std::uint32_t item = 0; item < block.items; ++item) use(from);
                if (from.remaining() > 0)
                    throw_or_abort(FormatError("bytes behind the last item", from.offset()));
            });
        }
    }
    /// Calls use(entry, number of the block) for each song of the index.
    template <typename Use>
    void for_each_entry(Use&& use) const {
        for (std::size_t number = 0; number < blocks_.size(); ++number) {
            const packed::Block& block = blocks_[number];
            if (block.kind != packed::BlockKind::index) continue;
            check_block(number);
            if (block.size != std::uint64_t{block.items} * packed::kEntrySize)
                refuse(number, block.items, " songs in ", block.size, " bytes");
            const std::vector<std::byte> bytes = bytes_at(block.offset, block.size);
            ByteCursor from(bytes, packed::name(block.kind));
            for (std::uint32_t item = 0; item < block.items; ++item)
                use(packed::get_entry(from), number);
        }
    }

    void read_facts() {
        for_each_item(packed::BlockKind::facts,
                      [&](ByteCursor& from) { facts_ = packed::get_facts(from); });
        if (!(std::isfinite(facts_.seconds) && facts_.seconds >= 0.0))
            refuse(blocks_.size() - 1, "the facts are damaged");
    }

    /// The places of all songs: side by side, each within its block.
    void read_index() {
        std::size_t block = 0;       // of notes
        std::uint64_t in_block = 0;  // songs of it so far
        std::uint64_t offset = 0;    // where the next song begins
        std::uint64_t count = 0;     // notes so far
        const auto next_block = [&] {
            while (blocks_[block].kind != packed::BlockKind::notes) ++block;
            offset = blocks_[block].offset;
        };
        next_block();
        for_each_entry([&](const packed::SongEntry& entry, std::size_t number) {
            while (in_block == blocks_[block].items) {
                if (offset != blocks_[block].offset + blocks_[block].size)
                    refuse(number, "the songs of block ", block, " do not fill it");
                ++block;  // there is another one: the songs of both kinds of blocks are as many
                in_block = 0;
                next_block();
            }
            const packed::Block& notes = blocks_[block];
            if (entry.offset != offset || entry.sounding == 0 ||
                entry.size > notes.offset + notes.size - offset ||
                entry.notes > packed::kMostNotes || entry.sounding > entry.notes ||
                entry.notes > std::uint64_t{entry.size} * 8 || entry.span < 0 ||
                !(std::isfinite(entry.seconds) && entry.seconds >= 0.0))
                refuse(number, "song ", places_.size(), " is not where it should be");
            places_.push_back({entry.offset, entry.size, entry.notes, entry.sounding,
                               static_cast<std::uint32_t>(block)});
            offset += entry.size;
            count += entry.notes;
            ++in_block;
        });
        if (offset != blocks_[block].offset + blocks_[block].size)
            refuse(block, "its songs do not fill it");
        if (count != facts_.notes)
            refuse_at(packed::kHeadSize, "holds ", count, " notes, and should hold ", facts_.notes,
                      "; pack the data again");
    }

    MappedFile file_;
    StatisticsCache cache_;
    std::vector<packed::Block> blocks_;
    mutable std::vector<std::atomic<bool>> checked_;
    packed::Facts facts_;
    std::vector<Place> places_;
};

/// The data set of a packed file. With `in_memory` all songs are read, and `source` is empty.
/// Throws IoError, FormatError.
[[nodiscard]] inline DataSet packed_data_set(std::shared_ptr<const PackedFile> file,
                                             bool in_memory = false) {
    DataSet data;
    data.names = file->names();
    data.pieces = file->pieces();
    data.skipped = file->skipped();
    data.mended = file->mended();
    const packed::Facts& facts = file->facts();
    data.files = static_cast<std::size_t>(facts.files);
    data.repaired = static_cast<std::size_t>(facts.repaired);
    data.of_runs = static_cast<std::size_t>(facts.of_runs);
    data.unlisted = static_cast<std::size_t>(facts.unlisted);
    if (in_memory) {
        data.songs.resize(file->size());
        for (std::size_t i = 0; i < file->size(); ++i) file->read(i, data.songs[i]);
    } else {
        data.source_notes = static_cast<std::size_t>(facts.notes);
        data.source_seconds = facts.seconds;
        data.source = std::move(file);
    }
    return data;
}

}  // namespace mgan::inline MGAN_ABI
