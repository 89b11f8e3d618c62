#pragma once
/// \file
/// Reading the untrusted bytes of a safetensors file.
///
/// Three passes, and only the last touches the tensors: the header is read into checked types; its
/// shapes, types and offsets are compared with each other and with the length of the file; then the
/// checksums are compared. Memory never depends on what the header claims: the list of tensors
/// takes a small multiple of the header's own length.

#include <mgan/core/byte_cursor.hpp>
#include <mgan/core/error.hpp>
#include <mgan/core/quote.hpp>
#include <mgan/io/json_reader.hpp>
#include <mgan/io/safetensors_format.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::safetensors {

/// A tensor as the header describes it, and where it does so.
struct HeaderEntry {
    TensorEntry tensor;
    std::uint64_t offset = 0;  ///< in the file: the end of the tensor's name
};

/// Reads the header: a state machine over the few places that a header has.
class HeaderReader final : public JsonEvents {
public:
    std::vector<HeaderEntry> entries;
    std::map<std::string, std::string> metadata;

    void begin_object() override {
        switch (place_) {
            case Place::start:
                place_ = Place::header;
                break;
            case Place::tensor_value:
                seen_ = {};
                place_ = Place::tensor;
                break;
            case Place::metadata_value:
                place_ = Place::metadata;
                break;
            default:
                fail_expected("an object");
        }
    }

    void key(std::string&& name) override {
        if (place_ == Place::header) {
            begin_entry(std::move(name));
        } else if (place_ == Place::metadata) {
            // The checksum of a tensor is kept under its name and a prefix.
            if (name.size() > kMaxNameLength + kTensorChecksumPrefix.size()) {
                fail("the metadata key ", in_quotes(name), " has ", name.size(), " bytes");
            }
            if (metadata.contains(name))
                fail("the metadata key ", in_quotes(name), " occurs twice");
            metadata_key_ = std::move(name);
            place_ = Place::metadata_text;
        } else {
            begin_field(name);
        }
    }

    void end_object() override {
        if (place_ == Place::tensor) {
            for (std::size_t i = 0; i < kFields.size(); ++i) {
                if (!seen_[i]) fail(tensor_name(), " has no ", in_quotes(kFields[i]));
            }
        }
        place_ = Place::header;
    }

    void begin_array() override {
        if (place_ == Place::shape_value) {
            place_ = Place::shape;
        } else if (place_ == Place::offsets_value) {
            place_ = Place::offsets;
            offsets_read_ = 0;
        } else {
            fail_expected("an array");
        }
    }

    void end_array() override {
        if (place_ == Place::offsets && offsets_read_ != 2) {
            fail(tensor_name(), ": data_offsets has ", offsets_read_, " numbers, expected 2");
        }
        place_ = Place::tensor;
    }

    void value(JsonScalar&& scalar) override {
        switch (place_) {
            case Place::dtype_value:
                read_dtype(scalar);
                break;
            case Place::shape:
                read_size(scalar);
                break;
            case Place::offsets:
                read_offset(scalar);
                break;
            case Place::metadata_text:
                read_text(std::move(scalar));
                break;
            default:
                fail_expected("a plain value");
        }
    }

private:
    /// Where the parser stands, that is, what may come next.
    enum class Place {
        start,           // the header
        header,          // a tensor's name, or "__metadata__"
        tensor_value,    // the object behind a tensor's name
        tensor,          // "dtype", "shape" or "data_offsets"
        dtype_value,     // a word
        shape_value,     // an array
        shape,           // a size
        offsets_value,   // an array
        offsets,         // an offset
        metadata_value,  // the object behind "__metadata__"
        metadata,        // a key
        metadata_text    // a text
    };
    static constexpr std::array<std::string_view, 3> kFields = {"dtype", "shape", "data_offsets"};

    [[nodiscard]] std::string tensor_name() const {
        return "tensor " + in_quotes(entries.back().tensor.name);
    }

    [[noreturn]] void fail_expected(std::string_view found) const {
        switch (place_) {
            case Place::metadata_value:
                fail("__metadata__ is ", found, ", expected an object");
            case Place::metadata_text:
                fail("the metadata ", in_quotes(metadata_key_), " are ", found,
                     ", expected a text");
            case Place::tensor_value:
                fail(tensor_name(), " is ", found, ", expected an object");
            case Place::dtype_value:
                fail(tensor_name(), ": dtype is ", found, ", expected a text");
            case Place::shape_value:
                fail(tensor_name(), ": shape is ", found, ", expected an array");
            case Place::offsets_value:
                fail(tensor_name(), ": data_offsets is ", found, ", expected an array");
            default:
                fail(tensor_name(), ": ", found, ", expected an integer");
        }
    }

    void begin_entry(std::string&& name) {
        if (name == kMetadataName) {
            if (std::exchange(has_metadata_, true)) fail("__metadata__ occurs twice");
            place_ = Place::metadata_value;
            return;
        }
        if (name.empty()) fail("a tensor without a name");
        if (name.size() > kMaxNameLength) {
            fail("the tensor name ", in_quotes(name), " has ", name.size(), " bytes, the limit is ",
                 kMaxNameLength);
        }
        if (!names_.insert(name).second) fail("the tensor name ", in_quotes(name), " occurs twice");
        entries.emplace_back().tensor.name = std::move(name);
        entries.back().offset = offset();
        place_ = Place::tensor_value;
    }

    void begin_field(std::string_view field) {
        const auto at = std::find(kFields.begin(), kFields.end(), field);
        if (at == kFields.end()) fail(tensor_name(), " has the unknown key ", in_quotes(field));
        const auto index = static_cast<std::size_t>(at - kFields.begin());
        if (std::exchange(seen_[index], true)) fail(tensor_name(), " has two ", in_quotes(field));
        constexpr Place kNext[] = {Place::dtype_value, Place::shape_value, Place::offsets_value};
        place_ = kNext[index];
    }

    void read_dtype(const JsonScalar& scalar) {
        const auto* word = std::get_if<std::string>(&scalar);
        if (word == nullptr) fail_expected("not a text");
        constexpr DType kKnown[] = {DType::f32, DType::f64,  DType::i64,
                                    DType::u64, DType::bf16, DType::f16};
        const auto found = std::find_if(std::begin(kKnown), std::end(kKnown),
                                        [&](DType d) { return dtype_name(d) == *word; });
        if (found == std::end(kKnown)) {
            fail(tensor_name(), " has the dtype ", in_quotes(*word),
                 "; mgan reads F32, F64, BF16, F16, I64 and U64: convert it before (PyTorch: "
                 "tensor.float())");
        }
        entries.back().tensor.dtype = *found;
        place_ = Place::tensor;
    }

    /// A whole number in [0, 2^63): anything else is no size and no offset.
    [[nodiscard]] std::int64_t read_integer(const JsonScalar& scalar, std::string_view what) const {
        const auto* number = std::get_if<std::uint64_t>(&scalar);
        constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
        if (number == nullptr || *number > kMax) {
            fail(tensor_name(), ": ", what, " is not a whole number from 0 to ", kMax);
        }
        return static_cast<std::int64_t>(*number);
    }

    void read_size(const JsonScalar& scalar) {
        TensorShape& shape = entries.back().tensor.shape;
        if (shape.size() == kMaxRank) fail(tensor_name(), " has more than ", kMaxRank, " sizes");
        shape.push_back(read_integer(scalar, "a size"));
    }

    void read_offset(const JsonScalar& scalar) {
        const auto value = static_cast<std::uint64_t>(read_integer(scalar, "an offset"));
        TensorEntry& tensor = entries.back().tensor;
        (offsets_read_ == 0 ? tensor.begin : tensor.end) = value;
        if (++offsets_read_ > 2) fail(tensor_name(), ": data_offsets has more than 2 numbers");
    }

    void read_text(JsonScalar&& scalar) {
        auto* text = std::get_if<std::string>(&scalar);
        if (text == nullptr) fail_expected("not a text");
        metadata.emplace(std::move(metadata_key_), std::move(*text));
        place_ = Place::metadata;
    }

    Place place_ = Place::start;
    bool has_metadata_ = false;
    std::set<std::string> names_;
    std::string metadata_key_;
    std::array<bool, 3> seen_{};  // which of kFields the tensor has had
    std::size_t offsets_read_ = 0;
};

/// Sorts the tensors by their place in the data and checks that they fill it: sizes fit shapes, no
/// two tensors overlap, every byte belongs to one.
inline void check_layout(std::vector<HeaderEntry>& entries, std::uint64_t header_end,
                         std::uint64_t data_size, std::string_view source) {
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return std::pair(a.tensor.begin, a.tensor.end) < std::pair(b.tensor.begin, b.tensor.end);
    });
    std::uint64_t position = 0;
    for (const auto& [tensor, offset] : entries) {
        const std::string name = "tensor " + in_quotes(tensor.name);
        std::uint64_t size = 0;
        if (tensor.end < tensor.begin) {
            fail_at(source, offset, name, " ends (", tensor.end, ") before it begins (",
                    tensor.begin, ")");
        }
        if (tensor.end > data_size) {
            fail_at(source, offset, name, " ends at byte ", tensor.end, " of the data, which have ",
                    data_size);
        }
        if (!byte_size(tensor.dtype, tensor.shape, size)) {
            fail_at(source, offset, name, ": the shape ", shape_text(tensor.shape),
                    " is too large");
        }
        if (size != tensor.end - tensor.begin) {
            fail_at(source, offset, name, ": the shape ", shape_text(tensor.shape), " of ",
                    dtype_name(tensor.dtype), " needs ", size, " bytes, the offsets give ",
                    tensor.end - tensor.begin);
        }
        if (tensor.begin < position) fail_at(source, offset, name, " overlaps the one before it");
        if (tensor.begin > position) {
            fail_at(source, offset, tensor.begin - position, " bytes before ", name,
                    " belong to no tensor");
        }
        position = tensor.end;
    }
    if (position != data_size) {
        fail_at(source, header_end + position, data_size - position,
                " bytes behind the last tensor");
    }
}

/// Compares the checksums of mgan, where a file has any, and takes them out of the metadata.
/// \returns whether there were any
[[nodiscard]] inline bool check_checksums(const std::vector<TensorEntry>& entries,
                                          std::span<const std::byte> data, std::uint64_t header_end,
                                          std::map<std::string, std::string>& metadata,
                                          std::string_view source) {
    const auto reserved = [](const auto& item) { return is_reserved_key(item.first); };
    if (std::none_of(metadata.begin(), metadata.end(), reserved)) return false;
    const auto fail = [&](std::uint64_t offset, const auto&... parts) {
        throw_or_abort(FormatError(concat(source, ": ", parts...), offset));
    };
    const auto compare = [&](std::string_view key, const Checksum& sum, std::uint64_t offset,
                             const std::string& what) {
        const auto found = metadata.find(std::string(key));
        if (found == metadata.end()) {
            fail(8, "the metadata have no ", in_quotes(key),
                 "; if another program changed this file, ",
                 "let it leave out all keys that begin with mgan.checksum, and mgan.format");
        }
        if (found->second != sum.text()) {
            fail(offset, what, " is damaged: its checksum is ", sum.text(), ", the file says ",
                 in_quotes(found->second));
        }
    };
    compare(kHeaderChecksumKey, header_checksum(entries, metadata), 8, "the header");
    const auto version = metadata.find(std::string(kFormatKey));
    if (version == metadata.end() || version->second != kFormatVersion) {
        fail(8, "not a file of format ", kFormatVersion, ": a newer mgan may read it");
    }
    for (const TensorEntry& entry : entries) {
        Checksum sum;
        sum.add(data.subspan(static_cast<std::size_t>(entry.begin),
                             static_cast<std::size_t>(entry.end - entry.begin)));
        compare(std::string(kTensorChecksumPrefix) + entry.name, sum, header_end + entry.begin,
                "tensor " + in_quotes(entry.name));
    }
    std::erase_if(metadata, reserved);
    return true;
}

/// The tensors in the bytes of a safetensors file, in the order of the data. The bytes become the
/// tensors' storage.
/// \param source  the name for messages: a path
/// \throws FormatError where a rule of the format is broken or a checksum does not fit
[[nodiscard]] inline TensorFile parse(std::vector<std::byte> bytes, const std::string& source) {
    ByteCursor cursor(bytes, source);
    const std::uint64_t length = cursor.le64();
    if (length > kMaxHeaderLength) {
        fail_at(source, 0, "a header of ", length, " bytes, the limit is ", kMaxHeaderLength,
                "; this may be no safetensors file");
    }
    if (!cursor.has(length)) {
        fail_at(source, 0, "a header of ", length, " bytes, but only ", cursor.remaining(),
                " follow");
    }
    const std::span<const std::byte> header = cursor.take(length);
    const std::string_view text(reinterpret_cast<const char*>(header.data()), header.size());
    if (!text.starts_with('{')) fail_at(source, 8, "the header does not begin with '{'");
    // Spaces are the only padding, so that no other byte of it can change unseen.
    const std::size_t last = text.find_last_not_of(' ');
    if (text[last] != '}') fail_at(source, 8 + last, "the header does not end with '}' and spaces");

    HeaderReader reader;
    read_json(header, source, 8, 3, reader);
    const std::span<const std::byte> data = std::span(bytes).subspan(cursor.offset());
    check_layout(reader.entries, cursor.offset(), data.size(), source);
    std::vector<TensorEntry> entries;
    entries.reserve(reader.entries.size());
    for (HeaderEntry& entry : reader.entries) entries.push_back(std::move(entry.tensor));
    const bool has_checksums =
        check_checksums(entries, data, cursor.offset(), reader.metadata, source);
    const std::size_t data_begin = cursor.offset();
    return TensorFile(source, std::move(bytes), data_begin, std::move(entries),
                      std::move(reader.metadata), has_checksums);
}

}  // namespace mgan::inline MGAN_ABI::safetensors
