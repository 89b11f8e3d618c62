#pragma once
/// \file
/// HTML as text: escaping, and the few elements that a report uses.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mgan::program {

/// Escapes text for elements and for attributes in double quotes, so that a file called
/// `<script>.mid` shows as that. Bytes that are not UTF-8 become '?'.
[[nodiscard]] std::string escaped(std::string_view text);

/// Base64 (RFC 4648) of bytes.
[[nodiscard]] std::string base64(std::string_view bytes);

/// `<img>` with an SVG document inside, so that a page is one file and its pictures do not affect
/// each other. `alt`: the picture in words.
[[nodiscard]] std::string picture(std::string_view svg, std::string_view alt);

/// A `<figure>`: any content, with a caption below. Both are HTML.
[[nodiscard]] std::string figure(std::string_view content, std::string_view caption);

/// A table with a header row. Cells are plain text; the first of each row is its header.
[[nodiscard]] std::string table(const std::vector<std::string>& heads,
                                const std::vector<std::vector<std::string>>& rows);

/// The whole document. `title` is plain text, `body` is HTML.
[[nodiscard]] std::string html_document(std::string_view title, std::string_view body);

}  // namespace mgan::program
