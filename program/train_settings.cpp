#include "train_settings.hpp"

#include "program.hpp"

#include <mgan/core/file.hpp>
#include <mgan/io/settings_json.hpp>
#include <mgan/io/settings_manual.hpp>
#include <mgan/runs/run_files.hpp>
#include <mgan/settings/presets.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

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
         "recommended (measures best), quick (a fraction of the time), paper (the paper to the "
         "letter), or numeric (what version 0.1.0 recommended)"},
        {"--epochs", "N", {"adversarial.epochs"}, "epochs of the adversarial phase"},
        {"--pretrain-epochs", "N", {"pretrain.epochs"}, "epochs of pretraining, which come first"},
        {"--batch", "N", {"batch"}, "songs in a minibatch"},
        {"--length", "N", {"length"}, "events (notes) of a song in training"},
        {"--lr",
         "X",
         {"pretrain.learning_rate", "adversarial.learning_rate",
          "adversarial.discriminator_learning_rate"},
         "one step size for all three: pretraining, generator, discriminator (each has a setting "
         "of its own)"},
        {"--lambda", "X", {"adversarial.lambda"}, "carnn-pf-mgan: weight of the PF classifier"},
        {"--seed", "N", {"seed"}, "determines all random numbers"},
    };
    return options;
}

void assign(Settings& settings, const std::string& assignment, const std::string& source) {
    try {
        apply_override(settings, assignment, source);
    } catch (const ConfigError& error) {
        const std::vector<Setting> known = list_settings(settings);
        const std::string key = assignment.substr(0, assignment.find('='));
        const bool is_known = std::any_of(known.begin(), known.end(),
                                          [&](const Setting& one) { return one.key == key; });
        fail<UsageError>(error.what(),
                         is_known ? "" : " (mgan train --print-config lists them all)");
    }
}

/// The file of --config, read once: it may be a pipe.
struct ConfigFile {
    std::string name;
    std::vector<std::byte> text;

    [[nodiscard]] static std::optional<ConfigFile> of(const SettingOptions& options) {
        if (options.config.empty()) return std::nullopt;
        return ConfigFile{options.config, read_file_bytes(options.config, kMaxSettingsFile)};
    }
    void assign_to(Settings& settings) const {
        (void)settings_from_json(text, name, settings, run_note_keys());
    }
};

/// The three steps behind the preset.
void apply(const std::optional<ConfigFile>& config, const SettingOptions& options,
           Settings& settings) {
    if (config) config->assign_to(settings);
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

/// A file that names its variant or preset holds all that goes with it. An option that names
/// another would get the name of one model and the parts of the other.
void require_one_origin(const ConfigFile& file, const Settings& asked) {
    Settings of_file = asked, copy = asked;
    file.assign_to(of_file);
    const std::vector<Setting> has = list_settings(of_file), wants = list_settings(copy);
    for (std::size_t i = 0; i < has.size(); ++i) {
        const std::string& key = has[i].key;
        if ((key != "variant" && key != "preset") || has[i].get() == wants[i].get()) continue;
        fail<UsageError>(file.name, ": holds the settings of ", key, " ",
                         setting_text(has[i].get()), ", not of ", setting_text(wants[i].get()),
                         "; leave out --config, or --", key);
    }
}

/// Whether a file holds the settings of a run before there were step heads: it names the preset
/// that it came from, as only mgan does, and no heads. They were numeric then.
bool is_older_than_step_heads(const ConfigFile& file) {
    // What the file names is equal in both afterwards, whatever it was before.
    Settings one, other;
    other.generator.heads = HeadKind::steps;
    other.preset = "another";
    for (Settings* settings : {&one, &other}) file.assign_to(*settings);
    return one.generator.heads != other.generator.heads && one.preset == other.preset;
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
    const std::optional<ConfigFile> config = ConfigFile::of(options);
    if (base) {
        Settings settings = *base;
        apply(config, options, settings);
        return settings;
    }
    // Variant and preset may be named anywhere, and what they bring comes before all else: so once
    // to learn which they are, and once more from there.
    Settings asked;
    apply(config, options, asked);
    Settings settings = preset_settings(asked.preset, asked.variant);
    if (config && is_older_than_step_heads(*config) && asked.preset != "paper")
        settings = numeric_settings(asked.variant);
    if (config) require_one_origin(*config, settings);
    apply(config, options, settings);
    return settings;
}

Settings for_small_collection(const SettingOptions& options, const Settings& settings) {
    if (!settings.has_step_heads() || settings.preset != "recommended") return settings;
    Settings small = preset_settings(settings.preset, settings.variant);
    use_small_collection(small);
    return settings_from(options, small);
}

std::vector<std::string> without_effect(const SettingOptions& options, const Settings& settings) {
    // Those of numeric heads alone. A name that ends with a point stands for all that begin so.
    constexpr std::string_view kNumeric[] = {"initialisation",
                                             "encoding.kind",
                                             "encoding.normalisation",
                                             "encoding.pitch_contrast",
                                             "encoding.pitch_in_hz",
                                             "encoding.step_ticks",
                                             "encoding.context_pitch_class",
                                             "encoding.context_beat",
                                             "encoding.context_recent",
                                             "encoding.context_recall",
                                             "encoding.context_style",
                                             "generator.noise_to_head",
                                             "generator.recall_gate",
                                             "discriminator.minibatch_deviation",
                                             "discriminator.pitch_class",
                                             "discriminator.quantise",
                                             "pretrain.loss",
                                             "pretrain.curriculum_start",
                                             "pretrain.quantile_low",
                                             "pretrain.quantile_high",
                                             "adversarial.loss",
                                             "adversarial.loss_weight",
                                             "adversarial.feature_matching",
                                             "adversarial.feature_matching_weight",
                                             "adversarial.through_feedback",
                                             "adversarial.freezing",
                                             "adversarial.freezing_ratio",
                                             "pf.quantise",
                                             "pf.freezing",
                                             "pf.feature_matching"};
    constexpr std::string_view kOfClassifier[] = {"adversarial.lambda",
                                                  "adversarial.label_smoothing", "pf."};
    std::vector<std::string> found;
    if (!settings.has_step_heads()) return found;
    const bool classifier = settings.variant == Variant::carnn_pf_mgan;
    for (const std::string& assignment : options.set) {
        const std::string key = assignment.substr(0, assignment.find('='));
        const auto is_in = [&](std::span<const std::string_view> names) {
            return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
                return key == name || (name.ends_with('.') && key.starts_with(name));
            });
        };
        if (is_in(kNumeric) || (!classifier && is_in(kOfClassifier))) found.push_back(key);
    }
    return found;
}

std::string settings_as(const std::string& form, const Settings& settings) {
    if (form == "json" || form == "true") return settings_to_json(settings);
    if (form == "schema")
        return settings_schema(Settings{}, "settings of mgan train", run_note_keys());
    if (form != "markdown")
        fail<UsageError>("--print-config: ", in_quotes(form), " is none of json, markdown, schema");
    std::string text =
        describe_settings<Settings>({{"recommended", recommended_settings(Variant::c_rnn_gan)},
                                     {"quick", quick_settings(Variant::c_rnn_gan)},
                                     {"paper", paper_settings(Variant::c_rnn_gan)},
                                     {"numeric", preset_settings("numeric", Variant::c_rnn_gan)}});
    const auto variants = [&](const char* preset, Settings (*make)(Variant)) {
        std::vector<NamedSettings<Settings>> columns;
        for (const auto& [name, variant] : variant_choices().items)
            columns.push_back({name, make(variant)});
        text += concat("\n### The variants in preset `", preset, "`\n\n",
                       describe_differences(std::move(columns)));
    };
    variants("recommended", &recommended_settings);
    variants("paper", &paper_settings);
    return text;
}

}  // namespace mgan::program
