// Any JSON at all, given as the settings of a training: it is refused with the key that is wrong,
// or what was read is in range, is written, and is read as the same. An input that begins with '-'
// is an override, KEY=VALUE. scripts/campaign fuzz-settings builds and runs it.

#include <mgan/io/settings_json.hpp>
#include <mgan/models/parameter_count.hpp>
#include <mgan/runs/resumable_settings.hpp>
#include <mgan/runs/run_files.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

namespace {

void require(bool condition) {
    if (!condition) std::abort();
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
    require(mgan::differences(settings, again).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::byte> input = std::as_bytes(std::span(data, size));
    static const mgan::Settings before;
    mgan::Settings settings;
    try {
        if (size > 0 && data[0] == '-') {
            mgan::apply_override(settings, {reinterpret_cast<const char*>(data) + 1, size - 1});
        } else {
            (void)mgan::settings_from_json(input, "input", settings, mgan::run_note_keys());
        }
    } catch (const mgan::ConfigError&) {  // anything but these two is a finding
        require(mgan::differences(before, settings).empty());
        return 0;
    } catch (const mgan::FormatError& error) {
        require(error.offset() <= size);
        require(mgan::differences(before, settings).empty());
        return 0;
    }
    try {
        check(settings);
    } catch (const mgan::ConfigError&) {  // each in its range, but not together
    }
    return 0;
}
