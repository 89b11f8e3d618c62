#pragma once
/// \file
/// Untrusted text as a part of a message.

#include <mgan/core/version.hpp>

#include <string>
#include <string_view>

namespace mgan::inline MGAN_ABI {

/// `text` in quotation marks: control characters become '?', and it is cut after 80 bytes, so a
/// hostile name can neither flood nor control a terminal.
[[nodiscard]] inline std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text.substr(0, 80)) {
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    }
    out += text.size() > 80 ? "...'" : "'";
    return out;
}

}  // namespace mgan::inline MGAN_ABI
