#pragma once
/// \file
/// From the command line of `mgan train` to settings.
///
///     preset  ->  --config FILE  ->  --set key=value  ->  named options        the later one wins
///
/// A run that is resumed starts from its own settings in place of a preset.

#include <mgan/settings/settings.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mgan::program {

/// What the command line says of settings. Values are texts as they were typed.
struct SettingOptions {
    std::map<std::string, std::string> named;  ///< by the option's name: "--epochs" -> "5"
    std::string config;
    std::vector<std::string> set;
};

/// Adds the options to a command.
void add_setting_options(CLI::App& app, SettingOptions& options);

/// The settings that are asked for. `base`: those of the run that is resumed; none for a new run.
/// Throws UsageError where an option is at fault, and ConfigError, FormatError or IoError where the
/// file of --config is.
[[nodiscard]] Settings settings_from(const SettingOptions& options,
                                     const std::optional<Settings>& base);

/// What --print-config prints: `json` or `true`, which is the option
/// without a value (the settings), `markdown` (the tables of the manual, which
/// are those of the presets), `schema` (a JSON schema). Throws UsageError for another form.
[[nodiscard]] std::string settings_as(const std::string& form, const Settings& settings);

}  // namespace mgan::program
