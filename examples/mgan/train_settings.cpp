#include "train_settings.hpp"

#include "program.hpp"

#include <mgan/io/settings_json.hpp>
#include <mgan/training/run_files.hpp>

#include <CLI/CLI.hpp>

namespace mgan::program {

namespace {

/// An option that stands for settings.
struct NamedOption {
    const char* name;
    const char* value;  ///< what its value is called in the manual
    std::vector<std::string> keys;
    const char* doc;
};

const std::vector<NamedOption>& named_options() {
    static const std::vector<NamedOption> options = {
        {"--variant", "NAME", {"variant"}, "c-rnn-gan, carnn-gan, carnn-mgan or carnn-pf-mgan"},
        {"--preset",
         "NAME",
         {"preset"},
         "recommended (what measures best), or paper (the paper to the letter)"},
        {"--epochs", "N", {"adversarial.epochs"}, "epochs of the adversarial phase"},
        {"--pretrain-epochs", "N", {"pretrain.epochs"}, "epochs of pretraining, which come first"},
        {"--batch", "N", {"batch"}, "songs of a minibatch"},
        {"--length", "N", {"length"}, "events (notes) of a song in training"},
        {"--lr",
         "X",
         {"pretrain.learning_rate", "adversarial.learning_rate",
          "adversarial.discriminator_learning_rate"},
         "one step size for all three: pretraining, generator, discriminator (each has a setting "
         "of its own)"},
        {"--lambda", "X", {"adversarial.lambda"}, "carnn-pf-mgan: weight of the PF classifier"},
        {"--seed", "N", {"seed"}, "all random numbers follow from it"},
    };
    return options;
}

void assign(Settings& settings, const std::string& assignment, const std::string& source) {
    try {
        apply_override(settings, assignment, source);
    } catch (const ConfigError& error) {
        throw UsageError(error.what());
    }
}

/// The three steps behind the preset.
void apply(const SettingOptions& options, Settings& settings) {
    if (!options.config.empty()) (void)read_settings(options.config, settings, run_note_keys());
    for (const std::string& assignment : options.set) assign(settings, assignment, "--set");
    for (const NamedOption& option : named_options()) {
        const auto given = options.named.find(option.name);
        if (given == options.named.end()) continue;
        if (option.name == std::string_view("--lambda")) {
            if (settings.variant != Variant::carnn_pf_mgan)
                throw UsageError(
                    "--lambda: only carnn-pf-mgan has a PF classifier; leave it out, or add "
                    "--variant carnn-pf-mgan");
        }
        for (const std::string& key : option.keys)
            assign(settings, key + "=" + given->second, option.name);
    }
}

}  // namespace

void add_setting_options(CLI::App& app, SettingOptions& options) {
    for (const NamedOption& option : named_options()) {
        const std::string name = option.name;
        app.add_option_function<std::string>(
               name, [&options, name](const std::string& text) { options.named[name] = text; },
               option.doc)
            ->type_name(option.value)
            ->group("Settings");
    }
    app.add_option("--config", options.config,
                   "settings from a JSON file, such as the config.json of another run")
        ->type_name("FILE")
        ->group("Settings");
    app.add_option("--set", options.set,
                   "any setting, such as generator.hidden=150; may be repeated. --print-config "
                   "lists them all")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->group("Settings");
}

Settings settings_from(const SettingOptions& options, const std::optional<Settings>& base) {
    if (base) {
        Settings settings = *base;
        apply(options, settings);
        return settings;
    }
    // Variant and preset may be named anywhere, and what they bring comes before all else: so once
    // to learn which they are, and once more from there.
    Settings asked;
    apply(options, asked);
    Settings settings = asked.preset == "paper" ? paper_settings(asked.variant)
                                                : recommended_settings(asked.variant);
    apply(options, settings);
    return settings;
}

}  // namespace mgan::program
