/// \file
/// `mgan info`: what a model is, and how far its run is.

#include "data.hpp"
#include "metrics_json.hpp"
#include "program.hpp"

#include <mgan/generation/model_file.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/runs/history.hpp>
#include <mgan/runs/run_files.hpp>

#include <CLI/CLI.hpp>

#include <iostream>

namespace mgan::program {

namespace {

struct InfoOptions {
    std::string model;
    bool json = false;
};

Json json_of(const Settings& settings) {
    Json object = Json::object();
    Settings copy = settings;
    for (const Setting& setting : list_settings(copy))
        std::visit([&](auto&& value) { object[setting.key] = value; }, setting.get());
    return object;
}

Json parameters_of(const Model& model) {
    Json object = Json::object();
    for_each_parameter(model.generator, [&](const ParameterName& name, const auto& parameter) {
        Json shape = Json::array({parameter.rows()});
        if constexpr (!kIsBias<decltype(parameter)>) shape.push_back(parameter.cols());
        object[name.text()] = std::move(shape);
    });
    return object;
}

Json normalisation_of(const Model& model) {
    Json features = Json::array();
    for (const encoding::FeatureTable& table : model.codec.normalisation().tables()) {
        features.push_back({{"low", table.low},
                            {"high", table.high},
                            {"offset", table.offset},
                            {"scale", table.scale},
                            {"values", table.values.size()}});
    }
    return features;
}

/// Epochs done, of how many, and the last line of the history.
Json progress_of(const RunFiles& run) {
    Settings settings;
    const SettingNotes notes = read_settings(run.config(), settings, run_note_keys());
    Json object;
    object["epochs"] = settings.pretrain.epochs + settings.adversarial.epochs;
    const std::vector<HistoryRecord> history = read_history(run.history());
    object["epochs_done"] = history.size();
    for (const auto& [key, text] : notes) object[key] = text;
    Json last = Json::object();
    if (!history.empty()) {
        for (const auto& [key, value] : history.back().items())
            std::visit([&, name = key](const auto& x) { last[name] = x; }, value);
    }
    object["last_epoch"] = std::move(last);
    return object;
}

int info(const InfoOptions& options) {
    const bool is_run = is_folder(options.model);
    const RunFiles run(options.model);
    const bool has_config = is_run && is_there(run.config());
    Json object;
    object["version"] = kVersion;
    object["simd"] = kSimdName;
    if (is_run && has_config && !is_there(run.model())) {
        // A run that has only begun.
        object["settings"] = json_of(run.read_config().first);
    } else {
        const Model model = load_model(options.model);
        object["variant"] = "";
        object["parameters"] = parameter_count(model.generator);
        object["tensors"] = parameters_of(model);
        object["normalisation"] = normalisation_of(model);
        object["styles"] = model.styles.size();
        object["settings"] = json_of(model.settings);
    }
    object["variant"] = object["settings"]["variant"];
    if (has_config) object["run"] = progress_of(run);
    if (options.json) {
        std::cout << object.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
        return kDone;
    }
    const auto text = [](const Json& value) {
        return value.is_string() ? value.get<std::string>() : value.dump();
    };
    std::cout << printable(options.model) << ": " << text(object["variant"]) << "\n";
    if (object.contains("run")) {
        const Json& progress = object["run"];
        std::cout << "epochs       " << progress["epochs_done"] << " of " << progress["epochs"]
                  << '\n';
        if (progress.contains("data"))
            std::cout << "data         " << text(progress["data"]) << '\n';
    }
    if (object.contains("parameters")) {
        std::cout << "parameters   " << object["parameters"] << '\n';
        for (const auto& [name, shape] : object["tensors"].items())
            std::cout << "  " << name << "  " << shape.dump() << '\n';
        std::cout << "normalisation (range of each feature)\n";
        for (const Json& feature : object["normalisation"])
            std::cout << "  " << feature["low"] << " to " << feature["high"] << '\n';
    }
    std::cout << "settings\n";
    for (const auto& [key, value] : object["settings"].items())
        std::cout << "  " << key << " = " << text(value) << '\n';
    std::cout << "mgan " << kVersion << ", " << kSimdName << '\n';
    return kDone;
}

}  // namespace

Run add_info(CLI::App& app) {
    app.description(
        "Describes a model: settings, sizes, normalisation; of a run also its progress.");
    auto options = std::make_shared<InfoOptions>();
    app.add_option("MODEL", options->model, "a run's folder, or a .safetensors file")
        ->type_name("")
        ->required();
    app.add_flag("--json", options->json, "as JSON");
    app.footer("Examples:\n  mgan info run\n  mgan info run/model.safetensors --json");
    return [options] { return info(*options); };
}

}  // namespace mgan::program
