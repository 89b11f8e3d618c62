#pragma once
/// \file
/// Writing tensors as the bytes of a safetensors file. Equal tensors give equal bytes.

#include <mgan/core/error.hpp>
#include <mgan/core/quote.hpp>
#include <mgan/io/json_text.hpp>
#include <mgan/io/safetensors_format.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI::safetensors {

/// The bytes of a safetensors file with checksums (see safetensors_format.hpp). Types of 8 bytes
/// come first, then those of 4, then those of 2, each in the order in which they were added. The
/// header is padded to a multiple of 8, so every tensor is aligned to its numbers, and a program
/// that maps the file into memory may use it in place.
/// \throws Error where a name or a text is not UTF-8, holds a control character, is too long, or is
///         reserved
[[nodiscard]] inline std::vector<std::byte> serialize(const TensorFile& tensors) {
    std::vector<const TensorEntry*> order;
    order.reserve(tensors.entries().size());
    for (const TensorEntry& entry : tensors.entries()) order.push_back(&entry);
    std::stable_sort(order.begin(), order.end(), [](const TensorEntry* a, const TensorEntry* b) {
        return item_size(a->dtype) > item_size(b->dtype);
    });

    std::map<std::string, std::string> metadata = tensors.metadata();
    for (const auto& [key, text] : metadata) {
        if (!(!is_reserved_key(key) && key.size() <= kMaxNameLength))
            fail<Error>("safetensors: the metadata key ", in_quotes(key),
                        " is reserved or too long");
    }
    metadata.emplace(kFormatKey, kFormatVersion);
    std::uint64_t data_size = 0;
    for (const TensorEntry* entry : order) {
        if (!(entry->name != kMetadataName && entry->name.size() <= kMaxNameLength &&
              entry->shape.size() <= kMaxRank))
            fail<Error>("safetensors: tensor ", in_quotes(entry->name),
                        " has a reserved or too long name, or too many sizes");
        Checksum sum;
        sum.add(tensors.bytes(*entry));
        metadata.emplace(std::string(kTensorChecksumPrefix) + entry->name, sum.text());
        data_size += entry->end - entry->begin;
    }
    const std::string header_sum = header_checksum(tensors.entries(), metadata).text();
    metadata.emplace(kHeaderChecksumKey, header_sum);

    std::string header = "{\"__metadata__\":{";
    const char* separator = "";
    for (const auto& [key, text] : metadata) {
        header += separator;
        append_json_string(header, key);
        header += ':';
        append_json_string(header, text);
        separator = ",";
    }
    header += '}';
    std::uint64_t position = 0;
    for (const TensorEntry* entry : order) {
        header += ',';
        append_json_string(header, entry->name);
        header += ":{\"dtype\":\"";
        header += dtype_name(entry->dtype);
        header += "\",\"shape\":[";
        for (std::size_t i = 0; i < entry->shape.size(); ++i) {
            if (i > 0) header += ',';
            append_json_integer(header, entry->shape[i]);
        }
        header += "],\"data_offsets\":[";
        append_json_integer(header, position);
        header += ',';
        position += entry->end - entry->begin;
        append_json_integer(header, position);
        header += "]}";
    }
    header += '}';
    header.append((8 - header.size() % 8) % 8, ' ');
    require<Error>(header.size() <= kMaxHeaderLength, "safetensors: the header has ", header.size(),
                   " bytes, the limit is ", kMaxHeaderLength);

    std::vector<std::byte> bytes;
    bytes.reserve(8 + header.size() + static_cast<std::size_t>(data_size));
    for (unsigned i = 0; i < 8; ++i) {
        bytes.push_back(static_cast<std::byte>(std::uint64_t{header.size()} >> (8 * i)));
    }
    const std::span<const std::byte> text = std::as_bytes(std::span(header));
    bytes.insert(bytes.end(), text.begin(), text.end());
    for (const TensorEntry* entry : order) {
        const std::span<const std::byte> values = tensors.bytes(*entry);
        bytes.insert(bytes.end(), values.begin(), values.end());
    }
    return bytes;
}

}  // namespace mgan::inline MGAN_ABI::safetensors
