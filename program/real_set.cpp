#include "real_set.hpp"

#include "data.hpp"
#include "metrics_json.hpp"

#include <mgan/core/random.hpp>
#include <mgan/metrics/crop.hpp>
#include <mgan/metrics/set_comparison.hpp>

namespace mgan::program {

namespace {

/// A few songs of a part, each of another file (the keys of one piece look all alike), cut to the
/// length of generated songs. As pieces of their own: they begin at once.
void save_crops(const std::filesystem::path& folder, const DataSet& data,
                std::span<const std::size_t> part, const Settings& settings) {
    std::vector<std::size_t> chosen;
    for (const std::size_t song : part) {
        if (chosen.size() == kRealSongs) break;
        const bool known = std::any_of(chosen.begin(), chosen.end(), [&](std::size_t other) {
            return data.names[other] == data.names[song];
        });
        if (!known) chosen.push_back(song);
    }
    make_folder(folder);
    const Random random(settings.seed, "report crop");
    const auto length = static_cast<std::size_t>(settings.length);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        midi::Song memory;
        const midi::Song& whole = data.view().get(chosen[i], memory);
        const std::size_t size = midi::sounding_notes(whole).size();
        const std::size_t begin = size > length ? random.integer(i, size - length + 1) : 0;
        midi::Song piece = metrics::crop(whole, begin, length);
        const std::int64_t start = piece.notes.empty() ? 0 : piece.notes.front().onset;
        for (midi::Note& note : piece.notes) note.onset -= start;
        // The last change of tempo before the piece holds at its start.
        for (midi::TempoChange& change : piece.tempo)
            change.tick = std::max<std::int64_t>(0, change.tick - start);
        while (piece.tempo.size() > 1 && piece.tempo[1].tick == 0)
            piece.tempo.erase(piece.tempo.begin());
        piece.title = printable(data.names[chosen[i]]);
        midi::save_song(folder / numbered_name("song", i + 1, chosen.size()), piece);
    }
}

}  // namespace

void save_real_set(const RunFiles& run, const Settings& settings, const DataSet& data,
                   const std::array<std::span<const std::size_t>, 3>& parts,
                   std::span<const metrics::SongMetrics> measured) {
    if (is_there(real_facts(run))) return;
    save_crops(real_songs(run), data, parts[static_cast<std::size_t>(Part::validation)], settings);

    Json facts;
    facts["data"] = {{"files", data.files},       {"skipped", data.skipped.size()},
                     {"mended", data.repaired},   {"songs", data.size()},
                     {"folders", data.folders()}, {"notes", data.notes()},
                     {"hours", data.hours()}};
    for (const Part part : {Part::train, Part::validation, Part::test})
        facts["parts"][std::string(name(part))] = parts[static_cast<std::size_t>(part)].size();
    facts["crops"] = measured.size();
    facts["length"] = settings.length;
    double runs = 0.0;
    for (const metrics::Metric metric : metrics::kMetrics) {
        std::vector<double> values;
        for (const metrics::SongMetrics& song : measured)
            if (const auto value = metrics::value(song, metric)) values.push_back(*value);
        const metrics::Summary summary = metrics::summarise(values);
        facts["metrics"][std::string(metrics::key(metric))] = {{"mean", json_of(summary.mean)},
                                                               {"sd", json_of(summary.sd)}};
    }
    for (const metrics::SongMetrics& song : measured) runs += static_cast<double>(song.longest_run);
    if (!measured.empty()) facts["longest_run"] = runs / static_cast<double>(measured.size());
    // Last: who finds the facts finds the songs as well.
    const std::string text = facts.dump(2) + "\n";
    write_file_atomically(real_facts(run), std::as_bytes(std::span(text)));
}

}  // namespace mgan::program
