#pragma once
/// \file
/// The music that a command reads: a folder, a file, or the bundled corpus.

#include <mgan/dataset/data_set.hpp>

#include <filesystem>
#include <string>

namespace mgan::program {

/// The word for the bundled corpus, in options and in config.json.
inline constexpr const char* kBundled = "bundled";

/// The songs of a folder or a file; of the bundled corpus if `where` is empty, or "bundled" and no
/// such file is there. Throws what `load_data_set` throws.
[[nodiscard]] DataSet load_data(const std::string& where);

/// What config.json says of `where`, so that it is found again from any folder.
[[nodiscard]] std::string data_name(const std::string& where);

/// One line: songs, folders, notes, hours, and files that were skipped or mended.
[[nodiscard]] std::string describe(const DataSet& data);

/// Text that is safe to print and to write as JSON: UTF-8 as it is, other bytes and control
/// characters as '?'.
[[nodiscard]] std::string printable(std::string_view text);

/// A word for pasting into a shell: as it is, or in single quotes if it has a space or another
/// character with a meaning there.
[[nodiscard]] std::string shell_word(std::string_view text);

/// "1 234 567".
[[nodiscard]] std::string grouped(std::size_t number);

/// "2:05" (minutes and seconds), "1:02:05" with hours.
[[nodiscard]] std::string clock_text(double seconds);

/// A number with this many digits after the point.
[[nodiscard]] std::string fixed(double number, int digits);

}  // namespace mgan::program
