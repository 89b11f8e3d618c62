#pragma once
// What must hold of any bytes that are given to the reader of packed data sets: they are refused by
// an mgan::Error, or they give valid songs, which are packed and read as the same again.
#include <mgan/core/checksum.hpp>
#include <mgan/dataset/pack_writer.hpp>
#include <mgan/dataset/packed_file.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace packed_properties {

inline void write_bytes(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

inline std::uint64_t get_number(std::span<const std::byte> bytes, std::size_t at,
                                std::size_t size = 8) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < size; ++i)
        number |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
    return number;
}
inline void set_number(std::span<std::byte> bytes, std::size_t at, std::uint64_t number,
                       std::size_t size = 8) {
    for (std::size_t i = 0; i < size; ++i)
        bytes[at + i] = static_cast<std::byte>(number >> (8 * i));
}
inline std::uint64_t checksum(std::span<const std::byte> bytes) {
    mgan::Checksum sum;
    sum.add(bytes);
    return sum.value();
}

// Makes all checksums fit, as a forger would, so that what they guard is reached.
inline void reseal(std::span<std::byte> bytes) {
    if (bytes.size() < mgan::packed::kHeadSize + mgan::packed::kFooterSize) return;
    const std::size_t footer = bytes.size() - mgan::packed::kFooterSize;
    const std::uint64_t begin = get_number(bytes, footer);
    if (begin <= footer) {
        const auto first = static_cast<std::size_t>(begin);
        for (std::size_t at = first; at + mgan::packed::kBlockSize <= footer;
             at += mgan::packed::kBlockSize) {
            const std::uint64_t offset = get_number(bytes, at + 16),
                                size = get_number(bytes, at + 24);
            if (offset <= first && size <= first - offset)
                set_number(bytes, at + 32,
                           checksum(bytes.subspan(static_cast<std::size_t>(offset),
                                                  static_cast<std::size_t>(size))));
        }
        set_number(bytes, footer + 8, footer - first);
        set_number(bytes, footer + 16, checksum(bytes.subspan(first, footer - first)));
    }
    set_number(bytes, footer + 24, bytes.size());
    set_number(bytes, footer + 48, checksum(bytes.subspan(footer, 48)));
}

inline bool is_valid(const mgan::midi::Song& song) {
    for (const mgan::midi::Note& note : song.notes)
        if (note.onset < 0 || note.length < 0 || note.pitch < 0 || note.pitch > 127 ||
            note.velocity < 0 || note.velocity > 127 || note.channel < 0 || note.channel > 15)
            return false;
    return std::is_sorted(song.notes.begin(), song.notes.end(), mgan::midi::note_order);
}

// What is wrong, or "". `path`: a file that may be overwritten.
inline std::string violation(std::span<const std::byte> bytes, const std::filesystem::path& path) {
    write_bytes(path, bytes);
    std::vector<mgan::midi::Song> songs;
    std::uint64_t notes = 0;
    try {
        const mgan::PackedFile file(path), plain(path, mgan::FileAccess::plain);
        if (plain.size() != file.size()) return "plain reads differ";
        const auto names = file.names();
        const auto pieces = file.pieces();
        (void)file.skipped();
        (void)file.mended();
        if (names.size() != file.size() || pieces.size() != file.size())
            return "as many names and pieces as songs";
        for (std::size_t i = 0; i < file.size(); ++i) {
            mgan::midi::Song song, again;
            file.read(i, song);
            plain.read(i, again);
            if (song != again) return "plain reads give another song";
            if (!is_valid(song)) return "a note out of range or order";
            if (pieces[i] > i) return "a piece that begins later";
            notes += song.notes.size();
            // A constant number of bytes a song; eight notes a byte at most.
            if (notes > 8 * bytes.size()) return "more notes than the bytes can hold";
            songs.push_back(std::move(song));
        }
    } catch (const mgan::Error&) {
        return "";
    }
    for (const mgan::midi::Song& song : songs) {
        const mgan::PackedSong packed = mgan::pack_song(song);
        mgan::midi::Song again;
        mgan::packed::get_song(packed.bytes, packed.entry.notes, again);
        if (again != song) return "a song that is packed and read differs";
    }
    return "";
}

// A packed file of which a training may keep nothing encoded: every crop is read at its place.
class Crowded final : public mgan::SongStore {
public:
    explicit Crowded(const std::filesystem::path& path) : file_(path) {}
    std::size_t size() const noexcept override { return file_.size(); }
    void read(std::size_t song, mgan::midi::Song& into) const override { file_.read(song, into); }
    std::size_t sounding(std::size_t song) const noexcept override { return file_.sounding(song); }
    std::uint64_t fingerprint() const noexcept override { return file_.fingerprint(); }
    const mgan::StatisticsCache& cache() const noexcept override { return file_.cache(); }
    std::size_t most_encoded() const noexcept override { return 0; }

private:
    mgan::PackedFile file_;
};

}  // namespace packed_properties
