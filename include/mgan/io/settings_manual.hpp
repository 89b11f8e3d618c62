#pragma once
/// \file
/// Settings described for people and for editors: tables in Markdown, a JSON schema.
///
/// Both come from `visit` (core/setting.hpp) alone, so the manual cannot differ from the code.
/// docs/configuration.md and config.schema.json are written by it (`mgan train
/// --print-config=markdown`, `--print-config=schema`), and a test fails when they are out of date.

#include <mgan/io/settings_json.hpp>

namespace mgan::inline MGAN_ABI {

/// Settings under a name: the column of a table.
template <typename Settings>
struct NamedSettings {
    std::string name;
    Settings settings;
};

/// The value of a setting as JSON.
[[nodiscard]] inline std::string setting_text(const SettingValue& value) {
    std::string text;
    append_json_scalar(text, std::visit([](auto&& x) { return JsonScalar(x); }, value));
    return text;
}

/// "generator" of "generator.hidden"; empty for a setting outside of groups.
[[nodiscard]] inline std::string_view group_of(std::string_view key) noexcept {
    const std::size_t dot = key.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

namespace settings_manual_detail {

/// | setting | NAME | NAME | ... | LAST |
template <typename Settings>
[[nodiscard]] std::string table_head(std::span<const NamedSettings<Settings>> columns,
                                     std::string_view last) {
    std::string head = "| setting |", line = "|---|";
    for (const NamedSettings<Settings>& column : columns) {
        head += " " + column.name + " |";
        line += "---|";
    }
    head += last;
    for (const char c : last) {
        if (c == '|') line += "---|";
    }
    return head + "\n" + line + "\n";
}

/// The lists of all columns. They refer to `columns`, which is why that may be changed.
template <typename Settings>
[[nodiscard]] std::vector<std::vector<Setting>> lists_of(
    std::vector<NamedSettings<Settings>>& columns) {
    std::vector<std::vector<Setting>> lists;
    for (NamedSettings<Settings>& column : columns) lists.push_back(list_settings(column.settings));
    return lists;
}

}  // namespace settings_manual_detail

/// Every setting, one table a group: key, its value in each column, what it may be, what it does.
/// \param columns  such as {"recommended", ...}, {"paper", ...}; at least one
template <typename Settings>
[[nodiscard]] std::string describe_settings(std::vector<NamedSettings<Settings>> columns) {
    std::vector<std::vector<Setting>> lists = settings_manual_detail::lists_of(columns);
    std::vector<std::string_view> groups;
    for (const Setting& setting : lists.front()) {
        if (std::find(groups.begin(), groups.end(), group_of(setting.key)) == groups.end())
            groups.push_back(group_of(setting.key));
    }
    std::string text;
    for (const std::string_view group : groups) {
        text += text.empty() ? "" : "\n";
        text += group.empty() ? "### The run\n\n" : concat("### `", group, "`\n\n");
        text += settings_manual_detail::table_head(std::span(std::as_const(columns)),
                                                   " allowed | what it does |");
        for (std::size_t row = 0; row < lists.front().size(); ++row) {
            const Setting& setting = lists.front()[row];
            if (group_of(setting.key) != group) continue;
            text += "| `" + setting.key + "` |";
            for (const std::vector<Setting>& list : lists)
                text += " `" + setting_text(list[row].get()) + "` |";
            text += " " + setting.allowed + " | " + setting.doc + " |\n";
        }
    }
    return text;
}

/// The settings that are not the same in all columns, with their values.
template <typename Settings>
[[nodiscard]] std::string describe_differences(std::vector<NamedSettings<Settings>> columns) {
    std::vector<std::vector<Setting>> lists = settings_manual_detail::lists_of(columns);
    std::string text = settings_manual_detail::table_head(std::span(std::as_const(columns)), "");
    for (std::size_t row = 0; row < lists.front().size(); ++row) {
        std::string line = "| `" + lists.front()[row].key + "` |";
        bool differ = false;
        for (const std::vector<Setting>& list : lists) {
            line += " `" + setting_text(list[row].get()) + "` |";
            differ = differ || list[row].get() != lists.front()[row].get();
        }
        if (differ) text += line + "\n";
    }
    return text;
}

namespace settings_manual_detail {

/// The schema of one setting, without its braces.
[[nodiscard]] inline std::string property(const Setting& setting) {
    constexpr const char* kTypes[] = {"boolean", "integer", "number", "string"};
    std::string text = concat("\"type\": \"", kTypes[static_cast<std::size_t>(setting.type)], "\"");
    if (setting.bounds) {
        text += concat(setting.bounds->open ? ", \"exclusiveMinimum\": " : ", \"minimum\": ",
                       setting_text(setting.bounds->min),
                       ", \"maximum\": ", setting_text(setting.bounds->max));
    }
    if (!setting.choices.empty()) {
        text += ", \"enum\": [";
        for (std::size_t i = 0; i < setting.choices.size(); ++i)
            text += (i == 0 ? "" : ", ") + setting_text(setting.choices[i]);
        text += "]";
    }
    text += ", \"default\": " + setting_text(setting.get());
    text += ", \"description\": " + setting_text(setting.doc);
    return text;
}

/// The properties of an object that holds the settings with this prefix: each by the rest of its
/// key, and each group as an object of its own.
inline void append_properties(std::string& json, const std::vector<Setting>& list,
                              const std::string& prefix, const std::string& indent,
                              const char* separator = "\n") {
    Words groups;
    for (const Setting& setting : list) {
        if (!setting.key.starts_with(prefix)) continue;
        const std::string rest = setting.key.substr(prefix.size());
        json += concat(std::exchange(separator, ",\n"), indent, setting_text(rest), ": {",
                       property(setting), "}");
        const std::size_t dot = rest.find('.');
        const std::string group = dot == std::string::npos ? "" : rest.substr(0, dot);
        if (!group.empty() && std::find(groups.begin(), groups.end(), group) == groups.end())
            groups.push_back(group);
    }
    for (const std::string& group : groups) {
        json += concat(",\n", indent, setting_text(group),
                       ": {\"type\": \"object\", \"additionalProperties\": false, "
                       "\"properties\": {");
        append_properties(json, list, prefix + group + ".", indent + "  ");
        json += "\n" + indent + "}}";
    }
}

}  // namespace settings_manual_detail

/// A JSON schema (draft 2020-12) of the files that `read_settings` takes: each setting flat
/// ("generator.hidden") or within its group ({"generator": {"hidden": ...}}), nothing unknown.
/// \param note_keys  texts that may stand beside the settings
template <typename Settings>
[[nodiscard]] std::string settings_schema(const Settings& defaults, std::string_view title,
                                          const Words& note_keys = {}) {
    Settings copy = defaults;
    const std::vector<Setting> list = list_settings(copy);
    std::string json = concat(
        "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": ",
        setting_text(std::string(title)),
        ",\n  \"type\": \"object\",\n  \"additionalProperties\": false,\n  \"properties\": {");
    const char* separator = "\n";
    for (const std::string& key : note_keys) {
        json += concat(std::exchange(separator, ",\n"), "    ", setting_text(key),
                       ": {\"type\": \"string\"}");
    }
    settings_manual_detail::append_properties(json, list, "", "    ", separator);
    return json + "\n  }\n}\n";
}

}  // namespace mgan::inline MGAN_ABI
