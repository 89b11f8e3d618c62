#pragma once
/// \file
/// From the command line of `mgan train` to settings.
///
///     preset  ->  --config FILE  ->  --set key=value  ->  named options        the later one wins
///
/// A resumed run starts from its own settings instead of a preset.

#include <mgan/settings/settings.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mgan::program {

/// The settings of the command line, as they were typed.
struct SettingOptions {
    std::map<std::string, std::string> named;  ///< by the option's name: "--epochs" -> "5"
    std::string config;
    std::vector<std::string> set;
};

/// Adds the options to a command.
void add_setting_options(CLI::App& app, SettingOptions& options);

/// The settings that the command line asks for. `base`: those of a resumed run.
/// Throws UsageError where an option is at fault, and ConfigError, FormatError or IoError where the
/// file of --config is.
[[nodiscard]] Settings settings_from(const SettingOptions& options,
                                     const std::optional<Settings>& base);

/// `settings`, which came of these options, for a small collection (settings/presets.hpp): if the
/// preset is `recommended`, with its changes, and the options above them.
[[nodiscard]] Settings for_small_collection(const SettingOptions& options,
                                            const Settings& settings);

/// The settings of --set that a training with `settings` does not read.
[[nodiscard]] std::vector<std::string> without_effect(const SettingOptions& options,
                                                      const Settings& settings);

/// What --print-config prints. Throws UsageError for another form.
///
///     json, true     the settings (`true`: the option without a value)
///     markdown       the tables of the manual, which are those of the presets
///     schema         a JSON schema
[[nodiscard]] std::string settings_as(const std::string& form, const Settings& settings);

}  // namespace mgan::program
