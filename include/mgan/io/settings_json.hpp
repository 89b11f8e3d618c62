#pragma once
/// \file
/// Settings (core/setting.hpp) to and from JSON and the command line.
///
/// A file may set some of the settings or all of them, flat or nested: {"generator.hidden": 50} and
/// {"generator": {"hidden": 50}} are the same. What is written is flat, one setting a line, every
/// setting with its value.

#include <mgan/core/atomic_file.hpp>
#include <mgan/core/quote.hpp>
#include <mgan/core/setting.hpp>
#include <mgan/io/flat_json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Facts that stand beside the settings in a file and are not settings ("version", "data
/// fingerprint"), as text by key.
using SettingNotes = std::vector<std::pair<std::string, std::string>>;

/// Sets `settings` from JSON values; keys in `note_keys` are no settings and are returned.
/// \throws ConfigError where a key is unknown or occurs twice, or a value is not allowed
inline SettingNotes assign_settings(std::vector<Setting>& settings,
                                    std::vector<FlatJsonItem>&& items, std::string_view source,
                                    const Words& note_keys) {
    SettingNotes notes;
    std::set<std::string_view> seen;
    std::size_t next = 0;  // behind the last that was set: in files of mgan, the next one
    for (FlatJsonItem& item : items) {
        if (!seen.insert(item.key).second)
            fail<ConfigError>(source, ": the setting ", in_quotes(item.key), " occurs twice");
        if (std::find(note_keys.begin(), note_keys.end(), item.key) != note_keys.end()) {
            const auto* text = std::get_if<std::string>(&item.value);
            require<ConfigError>(text != nullptr, source, ": ", item.key, " is not a text");
            notes.emplace_back(item.key, *text);
            continue;
        }
        if (item.kind == FlatJsonItem::Kind::empty_object &&
            std::any_of(settings.begin(), settings.end(),
                        [&](const Setting& s) { return s.key.starts_with(item.key + "."); })) {
            continue;  // a group of settings, none of them set
        }
        Setting& setting = next < settings.size() && settings[next].key == item.key
                               ? settings[next]
                               : find_setting(settings, item.key, source);
        next = static_cast<std::size_t>(&setting - settings.data()) + 1;
        require<ConfigError>(!std::holds_alternative<std::monostate>(item.value), source, ": ",
                             setting.key, " = ",
                             item.kind == FlatJsonItem::Kind::scalar  ? "null"
                             : item.kind == FlatJsonItem::Kind::array ? "an array"
                                                                      : "an object",
                             " is not allowed: expected ", setting.allowed);
        const SettingValue value = std::visit(
            [](auto& x) -> SettingValue {
                if constexpr (std::is_same_v<decltype(x), std::monostate&>) {
                    return false;  // never: excluded above
                } else {
                    return std::move(x);
                }
            },
            item.value);
        if (setting.set(value)) continue;
        std::string text;
        std::visit(
            [&](const auto& x) {
                if constexpr (std::is_same_v<decltype(x), const std::string&>) {
                    text = in_quotes(x);
                } else {
                    append_json_scalar(text, x);
                }
            },
            value);
        assign_setting(setting, value, text, source);  // says what is allowed
    }
    return notes;
}

/// Sets settings from the JSON text of a file. Settings that it does not mention stay as they are;
/// if anything is wrong, all do.
/// \param source     the name for messages: a path
/// \param note_keys  keys that are no settings, whose texts are returned
/// \throws ConfigError (key, value, what is allowed, the nearest key), FormatError where it is no
///         JSON
template <typename Settings>
SettingNotes settings_from_json(std::span<const std::byte> text, std::string_view source,
                                Settings& settings, const Words& note_keys = {}) {
    std::vector<FlatJsonItem> items = read_flat_json(text, source);
    Settings changed = settings;
    std::vector<Setting> list = list_settings(changed);
    SettingNotes notes = assign_settings(list, std::move(items), source, note_keys);
    settings = std::move(changed);
    return notes;
}

/// The largest settings file that is read.
inline constexpr std::uint64_t kMaxSettingsFile = 16 << 20;

/// Sets settings from a JSON file, as `settings_from_json`. \throws IoError as well
template <typename Settings>
SettingNotes read_settings(const std::filesystem::path& path, Settings& settings,
                           const Words& note_keys = {}) {
    const std::vector<std::byte> text = read_file_bytes(path, kMaxSettingsFile);
    return settings_from_json(text, path.string(), settings, note_keys);
}

/// The notes, then every setting with its value, in the order of `visit`. Equal settings give
/// equal bytes; numbers read back as the same bits.
template <typename Settings>
[[nodiscard]] std::string settings_to_json(const Settings& settings,
                                           const SettingNotes& notes = {}) {
    Settings copy = settings;  // `visit` wants an object that it may change
    std::string json = "{";
    const char* separator = "\n";
    const auto add = [&](const std::string& key, const JsonScalar& value) {
        json += std::exchange(separator, ",\n");
        json += "  ";
        append_json_string(json, key);
        json += ": ";
        append_json_scalar(json, value);
    };
    for (const auto& [key, text] : notes) add(key, JsonScalar(text));
    for (const Setting& setting : list_settings(copy)) {
        add(setting.key, std::visit([](auto&& x) { return JsonScalar(x); }, setting.get()));
    }
    return json + "\n}\n";
}

/// Replaces the file by `settings_to_json`, all or nothing. \throws IoError
template <typename Settings>
void write_settings(const std::filesystem::path& path, const Settings& settings,
                    const SettingNotes& notes = {}) {
    const std::string json = settings_to_json(settings, notes);
    write_file_atomically(path, std::as_bytes(std::span(json)));
}

/// Sets one setting from a text such as "generator.hidden=50", as the command line gives it. The
/// value is written as in JSON; a text needs no quotation marks.
/// \param source  where it stands, for messages
/// \throws ConfigError; then nothing has changed
template <typename Settings>
void apply_override(Settings& settings, std::string_view assignment,
                    std::string_view source = "--set") {
    const std::size_t equals = assignment.find('=');
    if (!(equals != std::string_view::npos && equals > 0))
        fail<ConfigError>(source, ": ", in_quotes(assignment), " is not of the form key=value");
    const std::string_view key = assignment.substr(0, equals);
    const std::string_view text = assignment.substr(equals + 1);
    std::vector<Setting> list = list_settings(settings);
    Setting& setting = find_setting(list, key, source);
    SettingValue value = std::string(text);
    if (setting.type != SettingType::text || text.starts_with('"')) {
        // As one value of a JSON object; what is not JSON stays a text, which is then refused.
        try {
            const std::string object = "{\"x\":" + std::string(text) + "}";
            std::vector<FlatJsonItem> items =
                read_flat_json(std::as_bytes(std::span(object)), source);
            if (items.size() == 1 && items[0].key == "x") {
                std::visit(
                    [&](auto& x) {
                        if constexpr (!std::is_same_v<decltype(x), std::monostate&>) value = x;
                    },
                    items[0].value);
            }
        } catch (const FormatError&) {
        }
    }
    assign_setting(setting, value, in_quotes(text), source);
}

}  // namespace mgan::inline MGAN_ABI
