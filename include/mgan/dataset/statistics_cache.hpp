#pragma once
/// \file
/// What was computed from all songs once, so that a second start need not do it again.
///
/// The tables of a codec need one pass over all songs: a minute for a million. They depend on
/// songs, settings and split alone. So beside a packed file `songs.mgan` lies a folder
/// `songs.mgan.cache` with a small file for each such result, named by what it is and by a hash of
/// all that it depends on. It may be deleted at any time; a folder that cannot be written is done
/// without.

#include <mgan/core/atomic_file.hpp>
#include <mgan/core/bits.hpp>
#include <mgan/core/byte_cursor.hpp>
#include <mgan/core/checksum.hpp>
#include <mgan/core/hash.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Lists of numbers by name and key, in a folder, or nowhere.
class StatisticsCache {
public:
    /// Keeps nothing.
    StatisticsCache() = default;
    explicit StatisticsCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// What every key begins with: the build, as another one may round otherwise.
    [[nodiscard]] static Fnv1a key() {
        Fnv1a key;
        key.add(std::string_view(kVersion));
        key.add(std::string_view(kSimdName));
#ifdef __VERSION__
        key.add(std::string_view(__VERSION__));
#endif
        return key;
    }

    /// The numbers that were kept; none if there are none, or the file is damaged.
    [[nodiscard]] std::optional<std::vector<double>> find(std::string_view what,
                                                          std::uint64_t key) const {
        std::error_code failure;
        if (folder_.empty() || !std::filesystem::is_regular_file(file(what, key), failure))
            return std::nullopt;
        try {
            const std::vector<std::byte> bytes = read_file_bytes(file(what, key));
            if (bytes.size() < 8 || bytes.size() % 8 != 0) return std::nullopt;
            const std::size_t count = bytes.size() / 8 - 1;
            Checksum sum;
            sum.add(std::span(bytes).first(8 * count));
            ByteCursor cursor(bytes, std::string_view("cache"));
            std::vector<double> numbers(count);
            for (double& number : numbers) number = mgan::bit_cast<double>(cursor.le64());
            if (cursor.le64() != sum.value()) return std::nullopt;
            return numbers;
        } catch (const Error&) {
            return std::nullopt;
        }
    }

    /// Keeps numbers. No more than `kMostFiles` stay: the oldest goes.
    void keep(std::string_view what, std::uint64_t key, std::span<const double> numbers) const {
        if (folder_.empty()) return;
        std::vector<std::byte> bytes;
        bytes.reserve(8 * numbers.size() + 8);
        const auto put = [&](std::uint64_t number) {
            for (int i = 0; i < 8; ++i)
                bytes.push_back(static_cast<std::byte>(number >> (8 * i) & 0xFF));
        };
        for (const double number : numbers) put(mgan::bit_cast<std::uint64_t>(number));
        Checksum sum;
        sum.add(bytes);
        put(sum.value());
        std::error_code failure;
        std::filesystem::create_directory(folder_, failure);
        if (failure) return;
        try {
            make_room();
            write_file_atomically(file(what, key), bytes);
        } catch (const Error&) {  // it will be computed again
        }
    }

    static constexpr std::size_t kMostFiles = 48;

private:
    [[nodiscard]] std::filesystem::path file(std::string_view what, std::uint64_t key) const {
        std::string digits(16, '0');
        for (std::size_t i = 0; i < 16; ++i)
            digits[i] = "0123456789abcdef"[key >> (60 - 4 * i) & 15];
        return folder_ / concat(what, "-", digits);
    }

    void make_room() const {
        namespace fs = std::filesystem;
        std::vector<std::pair<fs::file_time_type, fs::path>> files;
        std::error_code failure;
        for (fs::directory_iterator entry(folder_, failure), end; !failure && entry != end;
             entry.increment(failure)) {
            std::error_code unknown;
            files.emplace_back(fs::last_write_time(entry->path(), unknown), entry->path());
        }
        std::sort(files.begin(), files.end());
        for (std::size_t i = 0; i + kMostFiles <= files.size(); ++i)
            fs::remove(files[i].second, failure);
    }

    std::filesystem::path folder_;
};

}  // namespace mgan::inline MGAN_ABI
