#pragma once
/// \file
/// Settings that describe themselves.
///
/// A struct of settings states for each member, once, its key, what it may be, and what it does:
///
///     struct GeneratorSettings {
///         std::int64_t hidden = 100;
///         double learning_rate = 0.1;
///         Loss loss = Loss::saturating;
///
///         template <typename Visitor>
///         void visit(Visitor&& visitor) {
///             visitor("hidden", hidden, Range{1, 4096}, "units of each LSTM layer");
///             visitor("learning_rate", learning_rate, above(0.0, 10.0), "step size of SGD");
///             visitor("loss", loss, Choices<Loss>{{"saturating", Loss::saturating}, ...}, "...");
///         }
///     };
///
/// and everything else follows: reading JSON with errors that name key and range, writing it,
/// `--set key=value`, the tables of the manual, the JSON schema. A part of a larger struct is
/// visited under a prefix (`visit_part`), which gives keys such as "generator.hidden".

#include <mgan/core/error.hpp>
#include <mgan/core/number_text.hpp>
#include <mgan/core/quote.hpp>
#include <mgan/core/spelling.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The value of any setting. A negative integer is an int64, any other one a uint64 or an int64.
using SettingValue = std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;

enum class SettingType { boolean, integer, number, text };

/// What a number may be: min <= x <= max, or min < x <= max where `open`.
template <typename T>
struct Range {
    T min;
    T max;
    bool open = false;
};
template <typename T>
Range(T, T) -> Range<T>;

/// min < x <= max.
template <typename T>
[[nodiscard]] constexpr Range<T> above(T min, T max) noexcept {
    return {min, max, true};
}

/// The words that a text may be.
using Words = std::vector<std::string>;

/// The words for the values of an enumeration.
template <typename Enum>
struct Choices {
    Choices(std::initializer_list<std::pair<const char*, Enum>> list)
        : items(list.begin(), list.end()) {}
    std::vector<std::pair<std::string, Enum>> items;
};

/// `Range` for programs that read the list: min <= x <= max, or min < x <= max where `open`.
struct SettingBounds {
    SettingValue min;
    SettingValue max;
    bool open = false;
};

/// One setting of one object: its description, and access to the member. The object must outlive
/// it.
struct Setting {
    std::string key;
    SettingType type = SettingType::text;
    std::string allowed;  ///< in words: "a whole number from 1 to 4096"
    std::string doc;
    Words choices;  ///< of a text that may only be one of these; otherwise empty
    std::optional<SettingBounds> bounds;  ///< of a number
    std::function<SettingValue()> get;
    /// Sets the member; or changes nothing and returns false, if type or value are not allowed.
    std::function<bool(const SettingValue&)> set;
};

/// The visitor that lists settings.
class SettingCollector {
public:
    explicit SettingCollector(std::vector<Setting>& settings) : settings_(settings) {}

    void operator()(std::string_view key, bool& member, std::string_view doc) {
        add(
            key, SettingType::boolean, "true or false", doc, [&member] { return member; },
            [&member](const SettingValue& value) {
                const bool* flag = std::get_if<bool>(&value);
                if (flag != nullptr) member = *flag;
                return flag != nullptr;
            });
    }

    template <std::integral T, std::integral Bound>
    requires(!std::same_as<T, bool>) void operator()(std::string_view key, T& member,
                                                     Range<Bound> range, std::string_view doc) {
        using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
        add_integer(
            key, member,
            Range<Wide>{static_cast<Wide>(range.min), static_cast<Wide>(range.max), range.open},
            doc);
    }

    template <typename Bound>
    void operator()(std::string_view key, double& member, Range<Bound> range,
                    std::string_view doc) {
        const double min = static_cast<double>(range.min), max = static_cast<double>(range.max);
        add(
            key, SettingType::number,
            "a number " + bounds_text(number_text(min), number_text(max), range.open), doc,
            [&member] { return member; },
            [&member, min, max, open = range.open](const SettingValue& value) {
                double x = 0.0;
                if (const auto* real = std::get_if<double>(&value)) {
                    x = *real;
                } else if (const auto* negative = std::get_if<std::int64_t>(&value)) {
                    x = static_cast<double>(*negative);
                } else if (const auto* whole = std::get_if<std::uint64_t>(&value)) {
                    x = static_cast<double>(*whole);
                } else {
                    return false;
                }
                const bool within = (open ? min < x : min <= x) && x <= max;  // false for NaN
                if (within) member = x;
                return within;
            });
        settings_.back().bounds = SettingBounds{min, max, range.open};
    }

    void operator()(std::string_view key, std::string& member, std::string_view doc) {
        (*this)(key, member, Words{}, doc);
    }

    void operator()(std::string_view key, std::string& member, Words words, std::string_view doc) {
        const std::string allowed = words.empty() ? "a text" : "one of " + joined(words);
        add(
            key, SettingType::text, allowed, doc, [&member] { return member; },
            [&member, words](const SettingValue& value) {
                const auto* text = std::get_if<std::string>(&value);
                const bool good =
                    text != nullptr &&
                    (words.empty() || std::find(words.begin(), words.end(), *text) != words.end());
                if (good) member = *text;
                return good;
            });
        settings_.back().choices = std::move(words);
    }

    template <typename Enum>
    requires std::is_enum_v<Enum>
    void operator()(std::string_view key, Enum& member, const Choices<Enum>& choices,
                    std::string_view doc) {
        Words words;
        std::vector<std::int64_t> values;
        for (const auto& [word, value] : choices.items) {
            words.push_back(word);
            values.push_back(static_cast<std::int64_t>(value));
        }
        const EnumMember number{
            &member,
            [](const void* place) {
                return static_cast<std::int64_t>(*static_cast<const Enum*>(place));
            },
            [](void* place, std::int64_t value) {
                *static_cast<Enum*>(place) = static_cast<Enum>(value);
            }};
        add_choice(key, number, std::move(words), std::move(values), doc);
    }

private:
    /// A member of any enumeration as a number, so that the functions below are compiled once, not
    /// once for each enumeration.
    struct EnumMember {
        void* place;
        std::int64_t (*get)(const void* place);
        void (*set)(void* place, std::int64_t value);
    };

    void add_choice(std::string_view key, EnumMember member, Words words,
                    std::vector<std::int64_t> values, std::string_view doc) {
        add(
            key, SettingType::text, "one of " + joined(words), doc,
            [member, words, values] {
                const auto at = std::find(values.begin(), values.end(), member.get(member.place));
                return at == values.end() ? std::string()
                                          : words[static_cast<std::size_t>(at - values.begin())];
            },
            [member, words, values](const SettingValue& value) {
                const auto* text = std::get_if<std::string>(&value);
                if (text == nullptr) return false;
                const auto at = std::find(words.begin(), words.end(), *text);
                if (at == words.end()) return false;
                member.set(member.place, values[static_cast<std::size_t>(at - words.begin())]);
                return true;
            });
        settings_.back().choices = std::move(words);
    }

    template <typename T, typename Wide>
    void add_integer(std::string_view key, T& member, Range<Wide> range, std::string_view doc) {
        const auto within = [range](auto x) {
            return std::in_range<T>(x) && std::cmp_less_equal(x, range.max) &&
                   (range.open ? std::cmp_less(range.min, x) : std::cmp_less_equal(range.min, x));
        };
        add(
            key, SettingType::integer,
            "a whole number " +
                bounds_text(std::to_string(range.min), std::to_string(range.max), range.open),
            doc, [&member] { return static_cast<Wide>(member); },
            [&member, within](const SettingValue& value) {
                const auto assign = [&](const auto* x) {
                    if (x == nullptr || !within(*x)) return false;
                    member = static_cast<T>(*x);
                    return true;
                };
                return assign(std::get_if<std::int64_t>(&value)) ||
                       assign(std::get_if<std::uint64_t>(&value));
            });
        settings_.back().bounds = SettingBounds{range.min, range.max, range.open};
    }

    template <typename Get, typename Set>
    void add(std::string_view key, SettingType type, std::string allowed, std::string_view doc,
             Get get, Set set) {
        Setting setting;
        setting.key = key;
        setting.type = type;
        setting.allowed = std::move(allowed);
        setting.doc = doc;
        setting.get = [get] { return SettingValue(get()); };
        setting.set = std::move(set);
        settings_.push_back(std::move(setting));
    }
    [[nodiscard]] static std::string bounds_text(const std::string& min, const std::string& max,
                                                 bool open) {
        return (open ? "above " : "from ") + min + (open ? ", up to " : " to ") + max;
    }
    [[nodiscard]] static std::string joined(const Words& words) {
        std::string text;
        for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
        return text;
    }

    std::vector<Setting>& settings_;
};

/// Passes what it visits on to another visitor, with "prefix." before each key. (Not a generic
/// lambda: that would be compiled once for every setting, as texts of different lengths have
/// different types.)
template <typename Visitor>
class PrefixVisitor {
public:
    PrefixVisitor(std::string_view prefix, Visitor& visitor) : prefix_(prefix), visitor_(visitor) {}

    template <typename Member>
    void operator()(std::string_view key, Member& member, std::string_view doc) {
        visitor_(full(key), member, doc);
    }
    template <typename Member, typename Allowed>
    void operator()(std::string_view key, Member& member, const Allowed& allowed,
                    std::string_view doc) {
        visitor_(full(key), member, allowed, doc);
    }

private:
    [[nodiscard]] std::string full(std::string_view key) const {
        std::string whole;
        whole.reserve(prefix_.size() + 1 + key.size());
        whole += prefix_;
        whole += '.';
        return whole += key;
    }

    std::string_view prefix_;
    Visitor& visitor_;
};

/// Visits `part` with "prefix." before each key.
template <typename Part, typename Visitor>
void visit_part(std::string_view prefix, Part& part, Visitor&& visitor) {
    part.visit(PrefixVisitor<std::remove_reference_t<Visitor>>(prefix, visitor));
}

/// All settings of an object, in the order of its `visit`. They refer to the object.
template <typename Settings>
[[nodiscard]] std::vector<Setting> list_settings(Settings& settings) {
    std::vector<Setting> list;
    list.reserve(128);  // about as many as a training has
    settings.visit(SettingCollector(list));
    return list;
}

/// The setting with that key. \throws ConfigError that names the nearest key
[[nodiscard]] inline Setting& find_setting(std::vector<Setting>& settings, std::string_view key,
                                           std::string_view source) {
    for (Setting& setting : settings)
        if (setting.key == key) return setting;
    Words keys;
    for (const Setting& setting : settings) keys.push_back(setting.key);
    const std::string nearest = nearest_word(key, keys);
    fail<ConfigError>(source, ": unknown setting ", in_quotes(key),
                      nearest.empty() ? "" : "; did you mean " + in_quotes(nearest) + "?");
}

/// Sets a setting. \throws ConfigError that names the key, the value and what is allowed
/// \param value_text  the value for the message, short and fit to print
inline void assign_setting(Setting& setting, const SettingValue& value, std::string_view value_text,
                           std::string_view source) {
    if (setting.set(value)) return;
    const auto* text = std::get_if<std::string>(&value);
    const std::string nearest = text == nullptr ? "" : nearest_word(*text, setting.choices);
    fail<ConfigError>(source, ": ", setting.key, " = ", value_text, " is not allowed: expected ",
                      setting.allowed,
                      nearest.empty() ? "" : "; did you mean " + in_quotes(nearest) + "?");
}

}  // namespace mgan::inline MGAN_ABI
