/// \file
/// `mgan style`: the axes of style of songs.

#include "data.hpp"
#include "directing.hpp"
#include "program.hpp"

#include <mgan/dataset/packed_file.hpp>
#include <mgan/encoding/step_events.hpp>
#include <mgan/encoding/style_meter.hpp>
#include <mgan/io/json_text.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/player/model.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <iostream>
#include <optional>

namespace mgan::program {

namespace {

struct StyleOptions {
    std::string path;
    std::string model;
    bool json = false;
};

struct FileStyle {
    std::string file;
    encoding::StepStyle style{};
    std::string error;
};

/// Raw axes: lists of values are read off the song itself.
encoding::StepStyle raw_style(const Song& song) {
    const std::int64_t grid = encoding::StepVocabularyOptions{}.grid_ticks;
    const Song prepared = encoding::prepare_steps(song, grid);
    const auto words = encoding::StepVocabulary::fit(std::span(&prepared, 1));
    const encoding::StepSong events = encoding::step_events(prepared, words);
    return encoding::StyleScale::fit(std::span(&events, 1), words).mean;
}

int style(const StyleOptions& options) {
    std::optional<PlayerModel> model;
    if (!options.model.empty()) model.emplace(options.model);
    std::vector<FileStyle> all;
    std::size_t broken = 0;
    const auto add = [&](const std::string& name, const std::function<Song()>& read) {
        FileStyle one{printable(name), {}, ""};
        try {
            const Song song = read();
            one.style = model ? model->style_of(song) : raw_style(heard_primer(song, 0));
        } catch (const ConfigError&) {
            throw;  // of the model, not of the file
        } catch (const Error& error) {
            one.error = printable(error.what());
            ++broken;
        }
        all.push_back(std::move(one));
    };
    if (PackedFile::is_packed(options.path)) {
        const PackedFile file(options.path);
        const std::vector<std::string> names = file.names();
        for (std::size_t i = 0; i < file.size(); ++i)
            add(names[i], [&] {
                Song song;
                file.read(i, song);
                return song;
            });
    } else {
        std::vector<std::filesystem::path> files = {options.path};
        if (is_folder(options.path)) {
            files = midi::find_midi_files(options.path);
            require<DataError>(!files.empty(), options.path,
                               ": no file that ends in .mid, .midi, .rmi or .kar");
        }
        for (const std::filesystem::path& file : files)
            add(file.generic_string(), [&] { return song_of_file(file.string()); });
    }
    if (broken == all.size()) throw DataError(all.front().error);
    if (options.json) {
        nlohmann::ordered_json array = nlohmann::ordered_json::array();
        for (const FileStyle& one : all) {
            nlohmann::ordered_json object;
            object["file"] = one.file;
            if (!one.error.empty()) {
                object["error"] = one.error;
            } else {
                for (std::size_t a = 0; a < encoding::kStyleAxes; ++a)
                    object["axes"][std::string(encoding::kStyleAxisInfo[a].name)] = one.style[a];
            }
            array.push_back(std::move(object));
        }
        std::cout << array.dump(2) << '\n';
        return kDone;
    }
    for (const FileStyle& one : all) {
        if (!one.error.empty()) {
            std::cout << "cannot be read: " << one.error << '\n';
            continue;
        }
        std::cout << one.file << (model ? "  (standard deviations of the training songs)" : "")
                  << '\n';
        std::string_view group;
        for (std::size_t a = 0; a < encoding::kStyleAxes; ++a) {
            const encoding::StyleAxisInfo& info = encoding::kStyleAxisInfo[a];
            std::string value = fixed(one.style[a], 2);
            value.insert(0, value.size() < 9 ? 9 - value.size() : 0, ' ');
            std::string name(info.name);
            name.resize(std::max<std::size_t>(name.size(), 20), ' ');
            std::string side(info.group == group ? "" : info.group);
            side.resize(std::max<std::size_t>(side.size(), 13), ' ');
            group = info.group;
            std::cout << "  " << side << name << value << "  " << info.meaning << '\n';
        }
    }
    return kDone;
}

}  // namespace

Run add_style(CLI::App& app) {
    app.description(
        "Shows the style of MIDI files: 37 axes, from the lowest pitch to how often "
        "phrases return.");
    auto options = std::make_shared<StyleOptions>();
    app.add_option("PATH", options->path, "a MIDI file, a folder of them, or a file of mgan pack")
        ->type_name("")
        ->required();
    app.add_option("--model", options->model,
                   "in standard deviations from the mean of the songs that this\n"
                   "model was trained on, as mgan generate --style takes them")
        ->type_name("MODEL");
    app.add_flag("--json", options->json,
                 "as JSON: an array of {\"file\", \"axes\": {NAME: number}}");
    app.footer("Examples:\n  mgan style song.mid\n  mgan style songs --model run --json");
    return [options] { return style(*options); };
}

}  // namespace mgan::program
