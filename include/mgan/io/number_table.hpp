#pragma once
/// \file
/// Series of numbers as text: CSV, one line a step, one column a channel.
///
///     # two buoys, every hour                    a comment
///     wave,wind                                  names, if the first line is not numbers
///     1.25,7
///     1.5,6.5
///                                                an empty line: another recording begins
///     0.25,-1e-3
///
/// Nothing is guessed. A line with another number of columns, and a field that is no finite number
/// (empty fields, too), is refused with its line and its column: what to put in a gap is for
/// whoever knows the series to say.

#include <mgan/core/error.hpp>
#include <mgan/core/file.hpp>
#include <mgan/core/quote.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Recordings of some channels, one after the other.
struct NumberTable {
    std::vector<std::string> names;  ///< of the channels; "1", "2", ... where the file has none
    std::vector<double> values;      ///< row after row
    std::vector<std::size_t> recordings;  ///< the first row of each, from 0

    [[nodiscard]] std::size_t columns() const noexcept { return names.size(); }
    [[nodiscard]] std::size_t rows() const noexcept {
        return names.empty() ? 0 : values.size() / names.size();
    }
    [[nodiscard]] double at(std::size_t row, std::size_t column) const noexcept {
        return values[row * names.size() + column];
    }
};

namespace number_table_detail {

template <typename Number>
concept HasFromChars = requires(const char* at, Number& value) {
    std::from_chars(at, at, value).ptr;
};

/// Whether `text` is a finite number, and which. A template, so that a library without `from_chars`
/// for this type makes the concept false.
template <typename Number>
[[nodiscard]] bool read_number(std::string_view text, Number& value) {
    if (text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || text.front() == '+') return false;
    if constexpr (HasFromChars<Number>) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
    } else {
        // Streams of libc++ read 0x10, too.
        if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
        std::istringstream in{std::string(text)};
        in.imbue(std::locale::classic());
        return in >> std::noskipws >> value && in.peek() == EOF && std::isfinite(value);
    }
}

[[nodiscard]] inline std::string_view trimmed(std::string_view text) noexcept {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

/// What stands before the next `separator`, which is taken off `text` with it.
[[nodiscard]] inline std::string_view next_part(std::string_view& text, char separator) noexcept {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

[[nodiscard]] inline std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    for (bool more = true; more;) {
        more = line.find(',') != std::string_view::npos;
        fields.push_back(trimmed(next_part(line, ',')));
    }
    return fields;
}

/// A name without its quotation marks.
[[nodiscard]] inline std::string name_of(std::string_view field) {
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"')
        field = field.substr(1, field.size() - 2);
    return std::string(field);
}

}  // namespace number_table_detail

/// Reads a table; `source` is what messages call it. Throws DataError.
[[nodiscard]] inline NumberTable parse_number_table(std::string_view text,
                                                    std::string_view source) {
    namespace detail = number_table_detail;
    NumberTable table;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // some programs mark UTF-8
    bool begins = true;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = detail::trimmed(detail::next_part(text, '\n'));
        if (line.starts_with('#')) continue;
        if (line.empty()) {
            begins = true;
            continue;
        }
        const std::vector<std::string_view> fields = detail::fields_of(line);
        double value = 0.0;
        if (table.names.empty()) {
            bool numbers = true;
            for (const std::string_view field : fields)
                numbers = numbers && detail::read_number(field, value);
            for (std::size_t k = 0; k < fields.size(); ++k)
                table.names.push_back(numbers ? std::to_string(k + 1) : detail::name_of(fields[k]));
            if (!numbers) continue;
        }
        if (fields.size() != table.columns()) {
            fail<DataError>(source, ": line ", number, " has ", fields.size(),
                            " columns, the lines before it have ", table.columns());
        }
        if (begins) table.recordings.push_back(table.rows());
        begins = false;
        for (std::size_t k = 0; k < fields.size(); ++k) {
            if (!detail::read_number(fields[k], value)) {
                fail<DataError>(source, ": line ", number, ", column ", k + 1, " (",
                                in_quotes(table.names[k]), "): ", in_quotes(fields[k]),
                                " is not a finite number; fill the gap, or leave the line out");
            }
            table.values.push_back(value);
        }
    }
    if (table.values.empty()) fail<DataError>(source, ": no line of numbers");
    return table;
}

/// Reads a file. Throws IoError, DataError.
[[nodiscard]] inline NumberTable read_number_table(const std::filesystem::path& path) {
    const std::vector<std::byte> bytes = read_file_bytes(path);
    return parse_number_table(
        std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), path.string());
}

}  // namespace mgan::inline MGAN_ABI
