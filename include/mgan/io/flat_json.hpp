#pragma once
/// \file
/// A JSON object as a flat list: {"a": 1, "b": {"c": 2}} is a = 1, b.c = 2.

#include <mgan/io/json_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// One value, with the keys that lead to it joined by dots.
struct FlatJsonItem {
    enum class Kind { scalar, array, empty_object };
    std::string key;
    Kind kind = Kind::scalar;  ///< an array is mentioned, but its contents are not kept
    JsonScalar value;
};

/// The listener that makes the list. Repeated keys are kept; the caller decides.
class FlatJsonReader final : public JsonEvents {
public:
    std::vector<FlatJsonItem> items;

    void begin_object() override {
        if (arrays_ > 0) return;
        lengths_.push_back(key_.size());
        items_before_.push_back(items.size());
    }
    void key(std::string&& name) override {
        if (arrays_ > 0) return;
        key_.resize(lengths_.back());
        if (lengths_.size() > 1) key_ += '.';
        key_ += name;
        if (key_.size() > kMaxKeyLength) fail("a key of more than ", kMaxKeyLength, " bytes");
    }
    void end_object() override {
        if (arrays_ > 0) return;
        key_.resize(lengths_.back());
        const bool empty = items.size() == items_before_.back();
        lengths_.pop_back();
        items_before_.pop_back();
        if (empty && !lengths_.empty()) {
            items.push_back({key_, FlatJsonItem::Kind::empty_object, {}});
        }
    }
    void begin_array() override {
        if (lengths_.empty()) fail("an array, expected an object");
        if (arrays_++ == 0) items.push_back({key_, FlatJsonItem::Kind::array, {}});
    }
    void end_array() override { --arrays_; }
    void value(JsonScalar&& scalar) override {
        if (lengths_.empty()) fail("a plain value, expected an object");
        if (arrays_ == 0) items.push_back({key_, FlatJsonItem::Kind::scalar, std::move(scalar)});
    }

private:
    static constexpr std::size_t kMaxKeyLength = 1024;

    std::string key_;
    std::vector<std::size_t> lengths_;       // of key_, at the beginning of each open object
    std::vector<std::size_t> items_before_;  // number of items there
    std::size_t arrays_ = 0;                 // open ones
};

/// The values of the JSON object in `text`. \throws FormatError where it is not one
[[nodiscard]] inline std::vector<FlatJsonItem> read_flat_json(std::span<const std::byte> text,
                                                              std::string_view source,
                                                              std::uint64_t offset = 0) {
    constexpr std::size_t kMaxDepth = 16;
    FlatJsonReader reader;
    read_json(text, source, offset, kMaxDepth, reader);
    return std::move(reader.items);
}

/// A scalar as JSON text, for files and messages. A number of floating type is written so that it
/// shows ("5.0"): every value reads back with its type.
inline void append_json_scalar(std::string& json, const JsonScalar& scalar) {
    if (const auto* flag = std::get_if<bool>(&scalar)) {
        json += *flag ? "true" : "false";
    } else if (const auto* negative = std::get_if<std::int64_t>(&scalar)) {
        append_json_integer(json, *negative);
    } else if (const auto* whole = std::get_if<std::uint64_t>(&scalar)) {
        append_json_integer(json, *whole);
    } else if (const auto* number = std::get_if<double>(&scalar)) {
        const std::size_t begin = json.size();
        append_json_number(json, *number);
        if (json.find_first_not_of("-0123456789", begin) == std::string::npos) json += ".0";
    } else if (const auto* text = std::get_if<std::string>(&scalar)) {
        append_json_string(json, *text);
    } else {
        json += "null";
    }
}

}  // namespace mgan::inline MGAN_ABI
