#pragma once
/// \file
/// The history of a training run: a file with a line per epoch, each a JSON object.
///
/// Lines are only ever appended, and each is on the disk (fsync) before the next epoch begins. A
/// kill in the middle of a write leaves half a line at the end; readers drop it, and a resumed run
/// cuts it off. A number that is not finite is written as `null`, for JSON has no other word, and
/// read back as NaN.

#include <mgan/core/atomic_file.hpp>
#include <mgan/core/error.hpp>
#include <mgan/core/quote.hpp>
#include <mgan/io/flat_json.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// One epoch: numbers and texts by key, in the order in which they were first set.
class HistoryRecord {
public:
    using Value = std::variant<double, std::string>;

    /// Sets a value. A new key goes to the end, a known one keeps its place.
    HistoryRecord& set(std::string_view key, double number) { return put(key, Value(number)); }
    HistoryRecord& set(std::string_view key, std::integral auto number) {
        return set(key, static_cast<double>(number));
    }
    HistoryRecord& set(std::string_view key, std::string_view text) {
        return put(key, Value(std::string(text)));
    }

    [[nodiscard]] const std::vector<std::pair<std::string, Value>>& items() const noexcept {
        return items_;
    }
    [[nodiscard]] bool contains(std::string_view key) const noexcept {
        return find(key) != nullptr;
    }
    /// The number under a key (NaN where the file says null), if there is one.
    [[nodiscard]] std::optional<double> number(std::string_view key) const noexcept {
        const Value* value = find(key);
        if (value == nullptr || !std::holds_alternative<double>(*value)) return std::nullopt;
        return std::get<double>(*value);
    }
    /// The text under a key, if there is one.
    [[nodiscard]] std::optional<std::string> text(std::string_view key) const {
        const Value* value = find(key);
        if (value == nullptr || !std::holds_alternative<std::string>(*value)) return std::nullopt;
        return std::get<std::string>(*value);
    }

    /// As a line of the file, with its line feed. \throws Error where a text cannot be written
    [[nodiscard]] std::string line() const {
        std::string json = "{";
        for (const auto& [key, value] : items_) {
            if (json.size() > 1) json += ',';
            append_json_string(json, key);
            json += ':';
            if (const auto* number = std::get_if<double>(&value)) {
                append_json_number(json, *number);
            } else {
                append_json_string(json, std::get<std::string>(value));
            }
        }
        return json + "}\n";
    }

private:
    const Value* find(std::string_view key) const noexcept {
        const auto at = std::find_if(items_.begin(), items_.end(),
                                     [&](const auto& item) { return item.first == key; });
        return at == items_.end() ? nullptr : &at->second;
    }
    HistoryRecord& put(std::string_view key, Value&& value) {
        const auto at = std::find_if(items_.begin(), items_.end(),
                                     [&](const auto& item) { return item.first == key; });
        if (at == items_.end()) {
            items_.emplace_back(std::string(key), std::move(value));
        } else {
            at->second = std::move(value);
        }
        return *this;
    }

    std::vector<std::pair<std::string, Value>> items_;
};

/// The most values that a line of a history file may hold.
inline constexpr std::size_t kMaxHistoryKeys = 1000;

/// One line of a history file. Truth values become 0 and 1, nested objects dotted keys.
/// \throws FormatError where it is not a JSON object, or holds an array or a key twice
[[nodiscard]] inline HistoryRecord parse_history_line(std::span<const std::byte> line,
                                                      std::string_view source,
                                                      std::uint64_t offset) {
    HistoryRecord record;
    const std::vector<FlatJsonItem> items = read_flat_json(line, source, offset);
    // A record looks its keys up one by one, which is fast for the dozens that there are.
    if (items.size() > kMaxHistoryKeys)
        fail_at(source, offset, "more than ", kMaxHistoryKeys, " values in a line");
    for (const FlatJsonItem& item : items) {
        if (item.kind != FlatJsonItem::Kind::scalar) {
            fail_at(source, offset, in_quotes(item.key), " is neither a number nor a text");
        }
        if (record.contains(item.key))
            fail_at(source, offset, in_quotes(item.key), " occurs twice");
        std::visit(
            [&](const auto& x) {
                if constexpr (std::is_same_v<decltype(x), const std::monostate&>) {
                    record.set(item.key, std::numeric_limits<double>::quiet_NaN());
                } else {
                    record.set(item.key, x);
                }
            },
            item.value);
    }
    return record;
}

/// The records in the bytes of a history file. What follows the last line feed is an unfinished
/// line, and is dropped.
/// \throws FormatError where a finished line is not a record
[[nodiscard]] inline std::vector<HistoryRecord> parse_history(std::span<const std::byte> bytes,
                                                              std::string_view source) {
    std::vector<HistoryRecord> records;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] != std::byte{'\n'}) continue;
        records.push_back(parse_history_line(bytes.subspan(begin, i - begin), source, begin));
        begin = i + 1;
    }
    return records;
}

/// The records of a history file, as `parse_history`. \throws IoError, FormatError
[[nodiscard]] inline std::vector<HistoryRecord> read_history(const std::filesystem::path& path) {
    return parse_history(read_file_bytes(path), path.string());
}

/// Prepares a history file for appending: keeps the lines up to the last with `epoch` <=
/// `last_epoch`, and drops the rest (a run that resumes from its checkpoint of that epoch writes it
/// again). A damaged line, or one without an epoch, ends what is kept. A new run keeps nothing:
/// last_epoch < the first epoch. Epochs grow from line to line, through both phases.
/// \throws IoError
inline void start_history(const std::filesystem::path& path, std::int64_t last_epoch) {
    std::vector<std::byte> bytes;
    // Where it cannot be known whether there is a file, reading it says why.
    std::error_code failure;
    if (std::filesystem::exists(path, failure) || failure) bytes = read_file_bytes(path);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] != std::byte{'\n'}) continue;
        const std::span<const std::byte> line = std::span(bytes).subspan(kept, i - kept);
        try {
            const auto epoch = parse_history_line(line, path.string(), kept).number("epoch");
            if (!epoch || !(*epoch <= static_cast<double>(last_epoch))) break;
        } catch (const FormatError&) {
            break;
        }
        kept = i + 1;
    }
    write_file_atomically(path, std::span(bytes).first(kept));
}

/// Appends one line and flushes it to the disk. If that fails, the file is cut back to the lines
/// that it had, so that the next line does not begin in the middle of this one. \throws IoError
inline void append_history(const std::filesystem::path& path, const HistoryRecord& record) {
    const std::string line = record.line();
#if MGAN_HAS_POSIX_FILES
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!file.is_open()) throw_io_error(path, "open for writing", errno);
    struct stat before {};
    if (::fstat(file.get(), &before) != 0) throw_io_error(path, "write", errno);
    int cause = write_fully(file.get(), std::as_bytes(std::span(line)));
    if (cause == 0) cause = bring_to_disk(file.get());
    if (cause != 0) {
        (void)::ftruncate(file.get(), before.st_size);
        throw_io_error(path, "append a line", cause);
    }
    if (cause = file.close(); cause != 0) throw_io_error(path, "close", cause);
#else
    std::ofstream file(path, std::ios::binary | std::ios::app);
    file << line;
    file.close();
    if (!file) throw_io_error(path, "append a line", EIO);
#endif
}

}  // namespace mgan::inline MGAN_ABI
