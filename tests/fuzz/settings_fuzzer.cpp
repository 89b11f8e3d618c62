// Any JSON at all, given as the settings of a training: it is refused with the key that is wrong,
// or what was read is in range, is written, and is read as the same. An input that begins with '-'
// is an override, KEY=VALUE. scripts/campaign fuzz-settings builds and runs it.

#include <mgan/io/settings_json.hpp>
#include <mgan/models/parameter_count.hpp>
#include <mgan/runs/run_files.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

/// All values as bytes: a comparison that takes no more time than reading.
struct Digest {
    std::string bytes;
    template <typename Value, typename... More>
    void operator()(std::string_view, Value& value, More&&...) {
        if constexpr (std::is_same_v<Value, std::string>)
            bytes += value;
        else
            bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
};

std::string digest(mgan::Settings settings) {
    Digest all;
    settings.visit(all);
    return std::move(all.bytes);
}

void check(const mgan::Settings& settings) {
    // What a model file is compared with, before anything is allocated.
    (void)mgan::parameter_count(settings.generator_settings());
    (void)mgan::parameter_count(settings.discriminator_settings());
    std::string json;
    try {
        json = mgan::settings_to_json(settings);
    } catch (const mgan::Error&) {
        return;  // a control character in a text
    }
    mgan::Settings again;
    (void)mgan::settings_from_json(std::as_bytes(std::span(json)), "again", again);
    require(digest(settings) == digest(again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::byte> input = std::as_bytes(std::span(data, size));
    static const std::string before = digest({});
    mgan::Settings settings;
    try {
        if (size > 0 && data[0] == '-') {
            mgan::apply_override(settings, {reinterpret_cast<const char*>(data) + 1, size - 1});
        } else {
            (void)mgan::settings_from_json(input, "input", settings, mgan::run_note_keys());
        }
    } catch (const mgan::ConfigError&) {  // anything but these two is a finding
        require(digest(settings) == before);
        return 0;
    } catch (const mgan::FormatError& error) {
        require(error.offset() <= size);
        require(digest(settings) == before);
        return 0;
    }
    try {
        check(settings);
    } catch (const mgan::ConfigError&) {  // each in its range, but not together
    }
    return 0;
}
