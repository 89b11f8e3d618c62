/// \file
/// The page's trainer: MIDI files or the bundled scores, a training in slices of time, its model.
///
/// It runs in a worker, on one thread. Files are written to the folder /music of the memory, so
/// that they are read, mended, skipped and grouped as those of `mgan train FOLDER`.

#include "../program/bundled_corpus.hpp"
#include "answer.hpp"

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/runs/history_record.hpp>
#include <mgan/runs/run_directory.hpp>
#include <mgan/settings/presets.hpp>
#include <mgan/training/step_trainer.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace mgan::web {
namespace {

namespace fs = std::filesystem;

const fs::path kMusic = "/music";
DataSet scores;  ///< the bundled ones that were added
std::unique_ptr<StepTrainer<float>> trainer;
bool discriminates = false;  ///< whether the adversarial phase has begun

/// A name of a file within /music: what would lead out of it is left out.
fs::path place_of(std::string_view name) {
    fs::path place = kMusic;
    for (const fs::path& part : fs::path(std::string(name)))
        if (part != ".." && part != "." && part.is_relative()) place /= part;
    return place;
}

StepTrainer<float>& training() {
    if (!trainer) fail<Error>("no training has begun");
    return *trainer;
}

/// The settings of lines "key=value", of which the first two name preset and variant.
Settings settings_of(std::string_view lines) {
    std::optional<Settings> settings;
    Settings named;
    int number = 0;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        if (++number <= 2) {
            apply_override(named, line, "settings");
            continue;
        }
        if (!settings) settings = preset_settings(named.preset, named.variant);
        apply_override(*settings, line, "settings");
    }
    return settings ? *settings : preset_settings(named.preset, named.variant);
}

template <typename Pairs, typename Text>
Json list_of(const Pairs& files, Text&& text) {
    Json list('[');
    for (const auto& file : files)
        list.add(Json('{').set("file", file.file).set("what", text(file)));
    return list;
}

}  // namespace
}  // namespace mgan::web

using namespace mgan::web;  // NOLINT: the functions below are for C

/// Forgets all music.
MGAN_WEB int mgan_forget() {
    return answered([&] {
        trainer.reset();
        scores = {};
        std::filesystem::remove_all(kMusic);
    });
}

/// Adds a MIDI file, which is read when the training begins.
MGAN_WEB int mgan_add_file(const std::byte* bytes, std::size_t size, const char* name) {
    return answered([&] {
        const std::filesystem::path place = place_of(name);
        std::filesystem::create_directories(place.parent_path());
        std::ofstream file(place, std::ios::binary);
        file.write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(size));
        file.close();
        if (!file) mgan::fail<mgan::IoError>(name, ": cannot be kept in memory");
    });
}

/// Adds the twelve performances of a bundled score.
MGAN_WEB int mgan_add_score(const char* text, const char* name) {
    return answered([&] {
        for (mgan::Song& song : mgan::program::variants(mgan::score::parse_score(text, name))) {
            scores.songs.push_back(std::move(song));
            scores.names.emplace_back(name);
        }
        ++scores.files;
    });
}

/// Begins a training on the music that was added. `lines`: preset=..., variant=..., and any
/// settings. The answer: what was read.
MGAN_WEB int mgan_begin(const char* lines) {
    return answered([&] {
        trainer.reset();
        discriminates = false;
        const mgan::Settings settings = settings_of(lines);
        const mgan::DataSet data =
            scores.songs.empty() ? mgan::load_data_set(kMusic, 1) : std::move(scores);
        scores = {};
        trainer = std::make_unique<mgan::StepTrainer<float>>(settings, data, 1);
        const auto part = [&](mgan::Part which) {
            return static_cast<double>(trainer->part(which).size());
        };
        Json facts('{');
        facts.set("files", static_cast<double>(data.files))
            .set("songs", static_cast<double>(data.size()))
            .set("notes", static_cast<double>(data.notes()))
            .set("train", part(mgan::Part::train))
            .set("validation", part(mgan::Part::validation))
            .set("test", part(mgan::Part::test))
            .set("epochs", static_cast<double>(trainer->epochs()))
            .set("pretraining", static_cast<double>(settings.pretrain.epochs))
            .set("steps", static_cast<double>(trainer->steps_per_epoch()))
            .set("length", static_cast<double>(settings.length))
            .set("skipped", list_of(data.skipped, [](const auto& file) { return file.reason; }))
            .set("mended", list_of(data.mended, [](const auto& file) { return file.repairs; }));
        answer.text = facts.text();
    });
}

/// Trains for about `seconds`, or to the end of the epoch, if that comes first. The answer: where
/// the training is, and after an epoch its line of history.jsonl.
MGAN_WEB int mgan_run(double seconds) {
    return answered([&] {
        using Clock = std::chrono::steady_clock;
        const Clock::time_point begin = Clock::now();
        Json report('{');
        mgan::StepTrainer<float>& now = training();
        if (now.finished()) {
            answer.text = report.set("finished", 1.0).text();
            return;
        }
        mgan::StepReport last;
        const auto record = now.run_epoch([&](const mgan::StepReport& step) {
            last = step;
            return std::chrono::duration<double>(Clock::now() - begin).count() < seconds;
        });
        discriminates = discriminates || last.adversarial;
        report.set("finished", now.finished() ? 1.0 : 0.0)
            .set("adversarial", last.adversarial ? 1.0 : 0.0)
            .set("epoch", static_cast<double>(last.epoch))
            .set("epochs", static_cast<double>(last.epochs))
            .set("step", static_cast<double>(last.step))
            .set("steps", static_cast<double>(last.steps))
            .set("loss_g", last.loss_g)
            .set("loss_d", last.loss_d);
        if (record) {
            std::string line = mgan::history_record(*record, 0.0).line();
            line.pop_back();  // the line feed
            report.key("record").add_raw(line);
        }
        answer.text = report.text();
    });
}

/// The bytes of model.safetensors of the generator that is kept so far.
MGAN_WEB int mgan_trained() {
    return answered([&] { answer.bytes = mgan::save_model(mgan::model_of(training())); });
}

/// Songs of the generator that is kept so far: a list of lists of notes.
MGAN_WEB int mgan_samples(int count, double seed) {
    return answered([&] {
        Json songs('[');
        for (const mgan::Song& song :
             training().sample(training().kept(), count, static_cast<std::uint64_t>(seed)))
            songs.add(notes_of(song));
        answer.text = songs.text();
    });
}
