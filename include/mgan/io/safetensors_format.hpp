#pragma once
/// \file
/// The safetensors format, and what mgan adds to it.
///
///     8 bytes     n, the length of the header (lowest byte first)
///     n bytes     the header: JSON that begins with '{', padded with spaces at the end
///                   { "__metadata__": { KEY: TEXT, ... },
///                     NAME: { "dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END] },
///                     ... }
///     the rest    the tensors, one after the other with no holes; offsets count from here
///
/// A file of mgan is a safetensors file whose metadata also hold
///
///     "mgan.format"                 "1"
///     "mgan.checksum.tensor.NAME"   CRC-64/XZ of the tensor's bytes, 16 hexadecimal digits
///     "mgan.checksum.header"        CRC-64/XZ of what the header says, see `header_checksum`
///
/// Other programs ignore these keys. A file with none of them (from PyTorch) is read as well; a
/// file with one must have all, and they must match. Tools that rewrite a file must drop these
/// keys.
///
/// Of the format's types mgan writes F32, F64, I64, U64 and BF16, and reads these and F16. Numbers
/// of 16 bits (core/half.hpp) are what `mgan convert --half` makes of a model's weights.
///
/// Format: https://huggingface.co/docs/safetensors, section "Format".

#include <mgan/core/checksum.hpp>
#include <mgan/io/tensor_file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI::safetensors {

/// The format's own limit of the header's length, in bytes.
inline constexpr std::uint64_t kMaxHeaderLength = 100'000'000;
/// mgan's own limits: bytes of a tensor's name, number of sizes of a shape.
inline constexpr std::size_t kMaxNameLength = 1024;
inline constexpr std::size_t kMaxRank = 8;

inline constexpr std::string_view kMetadataName = "__metadata__";
inline constexpr std::string_view kFormatKey = "mgan.format";
inline constexpr std::string_view kFormatVersion = "1";
inline constexpr std::string_view kChecksumPrefix = "mgan.checksum.";
inline constexpr std::string_view kTensorChecksumPrefix = "mgan.checksum.tensor.";
inline constexpr std::string_view kHeaderChecksumKey = "mgan.checksum.header";

/// Whether a metadata key is one of those above, which the writer adds and the reader removes.
[[nodiscard]] inline bool is_reserved_key(std::string_view key) noexcept {
    return key == kFormatKey || key.starts_with(kChecksumPrefix);
}

/// Checksum of what a header says: number of tensors; for each, in the order of the names: name,
/// dtype, number of sizes, sizes; then every metadata key, in order, with its text, but for
/// "mgan.checksum.header". It does not depend on the order or the spacing of the JSON. (The offsets
/// are left out: a tensor read from the wrong place fails its own checksum.)
[[nodiscard]] inline Checksum header_checksum(const std::vector<TensorEntry>& entries,
                                              const std::map<std::string, std::string>& metadata) {
    std::vector<const TensorEntry*> sorted;
    sorted.reserve(entries.size());
    for (const TensorEntry& entry : entries) sorted.push_back(&entry);
    std::sort(sorted.begin(), sorted.end(),
              [](const TensorEntry* a, const TensorEntry* b) { return a->name < b->name; });
    Checksum sum;
    sum.add(std::uint64_t{sorted.size()});
    for (const TensorEntry* entry : sorted) {
        sum.add(std::string_view(entry->name));
        sum.add(dtype_name(entry->dtype));
        sum.add(std::uint64_t{entry->shape.size()});
        for (const std::int64_t n : entry->shape) sum.add(static_cast<std::uint64_t>(n));
    }
    for (const auto& [key, text] : metadata) {
        if (key == kHeaderChecksumKey) continue;
        sum.add(std::string_view(key));
        sum.add(std::string_view(text));
    }
    return sum;
}

}  // namespace mgan::inline MGAN_ABI::safetensors
