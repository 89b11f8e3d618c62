/// \file
/// `mgan info`: what a model is, and how far its run is; or what a packed file holds.

#include "data.hpp"
#include "metrics_json.hpp"
#include "program.hpp"

#include <mgan/dataset/packed_file.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/runs/checkpoint.hpp>
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

template <typename Net>
Json parameters_of(const Net& net) {
    Json object = Json::object();
    for_each_parameter(net, [&](const ParameterName& name, const auto& parameter) {
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

/// The values that each component of an event may take.
Json vocabulary_of(const encoding::StepVocabulary& vocabulary) {
    Json components = Json::array();
    for (const encoding::StepComponent& component : vocabulary.components())
        components.push_back({{"name", component.name}, {"values", component.values}});
    return components;
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

/// What a packed file holds, after a look at every byte of it.
Json packed_facts(const std::string& path) {
    const auto file = std::make_shared<const PackedFile>(path);
    file->check();
    const DataSet data = packed_data_set(file);
    std::size_t blocks_of_notes = 0;
    std::uint64_t bytes_of_notes = 0;
    for (const packed::Block& block : file->blocks()) {
        if (block.kind != packed::BlockKind::notes) continue;
        ++blocks_of_notes;
        bytes_of_notes += block.size;
    }
    Json object;
    object["version"] = kVersion;
    object["kind"] = "packed data set";
    object["format"] = packed::kVersion;
    object["packed_by"] = printable(file->facts().version);
    object["songs"] = data.size();
    object["files"] = data.files;
    object["folders"] = data.folders();
    object["notes"] = data.notes();
    object["hours"] = data.hours();
    object["skipped"] = data.skipped.size();
    object["mended"] = data.repaired;
    object["of_runs"] = data.of_runs;
    object["keeps_damaged"] = file->facts().keeps_damaged;
    object["copies"] = count_copies(data.names, data.pieces);
    object["fingerprint"] = fingerprint_text(file->fingerprint());
    object["bytes"] = file->bytes();
    object["bytes_of_notes"] = bytes_of_notes;
    object["blocks"] = file->blocks().size();
    object["blocks_of_notes"] = blocks_of_notes;
    return object;
}

int packed_info(const InfoOptions& options) {
    const Json facts = packed_facts(options.model);
    if (options.json) {
        std::cout << facts.dump(2) << '\n';
        return kDone;
    }
    const auto number = [&](const char* key) { return grouped(facts[key].get<std::size_t>()); };
    const double bytes = facts["bytes"].get<double>();
    std::cout << printable(options.model) << ": a packed data set of format " << facts["format"]
              << ", packed by mgan " << facts["packed_by"].get<std::string>() << '\n'
              << "songs        " << number("songs") << " of " << number("files") << " files in "
              << number("folders") << " folders\n"
              << "notes        " << number("notes") << ", "
              << fixed(facts["hours"].get<double>(), 1) << " hours\n"
              << "skipped      " << number("skipped") << ", mended " << number("mended")
              << ", other versions of a piece " << number("copies") << '\n'
              << "size         " << number("bytes") << " bytes, "
              << fixed(bytes / facts["notes"].get<double>(), 2) << " a note\n"
              << "fingerprint  " << facts["fingerprint"].get<std::string>() << '\n'
              << "All " << number("blocks") << " blocks are whole.\n";
    return kDone;
}

int info(const InfoOptions& options) {
    if (PackedFile::is_packed(options.model)) return packed_info(options);
    const bool is_run = is_folder(options.model);
    const RunFiles run(options.model);
    const bool has_config = is_run && is_there(run.config());
    Json object;
    object["version"] = kVersion;
    object["simd"] = kSimdName;
    object["kernels"] = kSimdName;  // the class of processors whose code plays and trains
    if (is_run && has_config && !is_there(run.model())) {
        // A run that has only begun.
        object["settings"] = json_of(run.read_config().first);
    } else {
        const Model model = load_model(options.model);
        object["variant"] = "";
        if (!model.kept_phase.empty()) object["kept_phase"] = model.kept_phase;
        object["weights"] = model.half_weights ? "16 bits" : "F32";
        if (model.steps) {
            object["parameters"] = parameter_count(model.steps->generator);
            object["tensors"] = parameters_of(model.steps->generator);
            object["vocabulary"] = vocabulary_of(model.steps->vocabulary);
            object["styles"] = model.steps->starts.size();
            object["discriminator_parameters"] =
                model.steps->discriminator ? parameter_count(*model.steps->discriminator) : 0;
        } else {
            object["parameters"] = parameter_count(model.generator);
            object["tensors"] = parameters_of(model.generator);
            object["normalisation"] = normalisation_of(model);
            object["styles"] = model.styles.size();
        }
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
    }
    std::cout << "kernels      " << kSimdName << '\n';
    if (object.contains("kept_phase"))
        std::cout << "comes from   the phase " << text(object["kept_phase"]) << '\n';
    if (object.contains("weights")) std::cout << "weights      " << text(object["weights"]) << '\n';
    if (object.contains("normalisation")) {
        std::cout << "normalisation (range of each feature)\n";
        for (const Json& feature : object["normalisation"])
            std::cout << "  " << feature["low"] << " to " << feature["high"] << '\n';
    }
    if (object.contains("vocabulary")) {
        std::cout << "values of each component of an event\n";
        for (const Json& component : object["vocabulary"])
            std::cout << "  " << text(component["name"]) << ": " << component["values"].size()
                      << ", " << component["values"].front() << " to " << component["values"].back()
                      << '\n';
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
        "Describes a model: settings, sizes, normalisation; of a run also its progress. Or a "
        "packed "
        "file, of which every byte is checked.");
    auto options = std::make_shared<InfoOptions>();
    app.add_option("MODEL", options->model,
                   "a run's folder, a .safetensors file, or a file of mgan pack")
        ->type_name("")
        ->required();
    app.add_flag("--json", options->json, "as JSON");
    app.footer(
        "Examples:\n  mgan info run\n  mgan info run/model.safetensors --json\n  "
        "mgan info songs.mgan");
    return [options] { return info(*options); };
}

}  // namespace mgan::program
