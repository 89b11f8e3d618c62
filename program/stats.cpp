/// \file
/// `mgan stats`: the metrics of MIDI files, or of the songs of a packed file, one by one.

#include "data.hpp"
#include "metrics_json.hpp"
#include "program.hpp"

#include <mgan/dataset/packed_file.hpp>
#include <mgan/metrics/song_metrics.hpp>
#include <mgan/metrics/song_shape.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/notes.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <map>

namespace mgan::program {

namespace {

struct StatsOptions {
    std::string path;
    bool json = false, shape = false;
};

/// What one file gives: metrics, or the reason why not.
struct FileStats {
    std::string file;
    metrics::SongMetrics metrics;
    metrics::SongShape shape;
    std::string error;
    std::string mended = {};   ///< what was mended in the file
    std::string damaged = {};  ///< why a training leaves it out
    bool first = true;         ///< of the songs of its file
};

/// Where it is asked for.
metrics::SongShape shape_of(const midi::Song& song, bool asked) {
    return asked ? metrics::shape_of(song) : metrics::SongShape{};
}

/// Usually one; a file of format 2 gives one for each of its songs.
std::vector<FileStats> measure_file(const std::filesystem::path& path, bool shapes) {
    const std::string name = printable(path.generic_string());
    try {
        const auto [songs, mended, damaged] = read_songs_of(path);
        if (songs.empty()) return {{name, metrics::compute({}), {}, "", mended, damaged}};
        std::vector<FileStats> all;
        for (std::size_t i = 0; i < songs.size(); ++i) {
            all.push_back({songs.size() == 1 ? name : concat(name, ", song ", i + 1),
                           metrics::compute(songs[i]), shape_of(songs[i], shapes), "", mended,
                           damaged, i == 0});
        }
        return all;
    } catch (const Error& error) {
        return {{name, {}, {}, printable(error.what())}};
    }
}

void print_table(const std::vector<FileStats>& all) {
    const auto cell = [](const std::optional<double>& value, int digits) {
        std::string text = value ? fixed(*value, digits) : "-";
        return std::string(text.size() < 9 ? 9 - text.size() : 1, ' ') + text;
    };
    std::cout << "    notes    scale     span   tones  intens.  polyph.   rep. 3  file\n";
    std::array<double, metrics::kMetrics.size()> sum{}, count{};
    for (const FileStats& stats : all) {
        if (!stats.error.empty()) {
            std::cout << "  cannot be read: " << stats.error << '\n';
            continue;
        }
        for (const metrics::Metric metric : metrics::kMetrics) {
            const std::optional<double> value = metrics::value(stats.metrics, metric);
            const auto at = static_cast<std::size_t>(metric);
            std::cout << cell(value, metrics_digits(metric))
                             .substr(metric == metrics::Metric::unique_tones ? 1 : 0);
            sum[at] += value.value_or(0.0);
            count[at] += value ? 1.0 : 0.0;
        }
        std::cout << "  " << stats.file << '\n';
    }
    if (all.size() >= 2) {
        for (const metrics::Metric metric : metrics::kMetrics) {
            const auto at = static_cast<std::size_t>(metric);
            std::optional<double> mean;
            if (count[at] > 0.0) mean = sum[at] / count[at];
            std::cout << cell(mean, 2).substr(metric == metrics::Metric::unique_tones ? 1 : 0);
        }
        std::cout << "  mean\n";
    }
    for (const FileStats& stats : all) {
        if (!stats.first) continue;
        if (!stats.damaged.empty())
            std::cout << "  damaged: " << stats.file << ": " << stats.damaged
                      << "; train and pack leave it out\n";
        else if (!stats.mended.empty())
            std::cout << "  mended: " << stats.file << ": " << stats.mended << '\n';
    }
}

/// Adds up what songs have.
class Mean {
public:
    std::string add(const std::optional<double>& value, double factor = 1.0) {
        if (!value) return cell("-");
        sum_ += *value * factor;
        ++count_;
        return cell(fixed(*value * factor, 1));
    }
    [[nodiscard]] std::string text() const {
        return cell(count_ > 0 ? fixed(sum_ / count_, 1) : "-");
    }

private:
    [[nodiscard]] static std::string cell(const std::string& text) {
        return std::string(text.size() < 7 ? 7 - text.size() : 1, ' ') + text;
    }
    double sum_ = 0.0;
    int count_ = 0;
};

void print_shapes(const std::vector<FileStats>& all) {
    std::cout << "  bars that return, %: at all, and at so many quarters";
    std::cout << "   first and last 100 notes        the last chord\n ";
    std::cout << "   ever";
    for (const std::int64_t distance : metrics::kReturnDistances) {
        const std::string text = std::to_string(distance);
        std::cout << std::string(7 - text.size(), ' ') << text;
    }
    std::cout << "   notes a quarter  pitch        velocity      length  home, %  file\n";
    std::array<Mean, 3 + metrics::kReturnDistances.size() + 6> means;
    for (const FileStats& stats : all) {
        if (!stats.error.empty()) {
            std::cout << "  cannot be read: " << stats.error << '\n';
            continue;
        }
        const metrics::SongShape& shape = stats.shape;
        auto mean = means.begin();
        std::cout << ' ' << (mean++)->add(shape.returning, 100.0);
        for (const auto& share : shape.returning_at) std::cout << (mean++)->add(share, 100.0);
        for (double metrics::Stretch::*axis :
             {&metrics::Stretch::density, &metrics::Stretch::pitch, &metrics::Stretch::velocity})
            for (const auto* stretch : {&shape.first, &shape.last})
                std::cout << (mean++)->add(*stretch ? std::optional((**stretch).*axis)
                                                    : std::nullopt);
        std::cout << (mean++)->add(shape.last_length);
        std::cout << (mean++)->add(
            shape.ends_at_home ? std::optional(*shape.ends_at_home ? 1.0 : 0.0) : std::nullopt,
            100.0);
        std::cout << "  " << stats.file << '\n';
    }
    if (all.size() < 2) return;
    std::cout << ' ';
    for (const Mean& mean : means) std::cout << mean.text();
    std::cout << "  mean\n";
}

/// The songs of a packed file, then the files that it could not use.
std::vector<FileStats> measure_packed(const std::string& path, bool shapes) {
    const PackedFile packed(path);
    const std::vector<std::string> names = packed.names();
    std::map<std::string, std::string> mended;
    for (MendedFile& file : packed.mended())
        mended.emplace(std::move(file.file), std::move(file.repairs));
    std::vector<FileStats> all;
    midi::Song song;
    std::size_t number = 0;  // of the song in its file
    for (std::size_t i = 0; i < packed.size(); ++i) {
        packed.read(i, song);
        number = i > 0 && names[i] == names[i - 1] ? number + 1 : 1;
        const bool alone = number == 1 && (i + 1 == packed.size() || names[i + 1] != names[i]);
        const std::string name = printable(names[i]);
        const auto repairs = mended.find(names[i]);
        all.push_back({alone ? name : concat(name, ", song ", number), metrics::compute(song),
                       shape_of(song, shapes), "", repairs == mended.end() ? "" : repairs->second,
                       "", number == 1});
    }
    for (const SkippedFile& file : packed.skipped()) {
        const std::string name = printable(file.file);
        all.push_back({name, {}, {}, concat(name, ": ", printable(file.reason))});
    }
    return all;
}

std::vector<FileStats> measure_files(const StatsOptions& options) {
    std::vector<midi::UnreadPlace> unread;
    const std::vector<std::filesystem::path> files = midi::find_midi_files(options.path, &unread);
    for (const midi::UnreadPlace& place : unread)
        std::cerr << "mgan: " << printable(place.place) << ": " << printable(place.reason) << '\n';
    require<DataError>(!files.empty(), options.path,
                       ": no file that ends in .mid, .midi, .rmi or .kar");
    std::vector<FileStats> all;
    for (const std::filesystem::path& file : files) {
        for (FileStats& one : measure_file(file, options.shape)) all.push_back(std::move(one));
    }
    return all;
}

int stats(const StatsOptions& options) {
    const std::vector<FileStats> all = PackedFile::is_packed(options.path)
                                           ? measure_packed(options.path, options.shape)
                                           : measure_files(options);
    std::size_t broken = 0;
    for (const FileStats& one : all) broken += one.error.empty() ? 0U : 1U;
    if (options.json) {
        Json array = Json::array();
        for (const FileStats& one : all) {
            Json object;
            object["file"] = one.file;
            if (one.error.empty()) {
                add_metrics(object, one.metrics);
                if (options.shape) object["shape"] = json_of(one.shape);
                if (!one.mended.empty()) object["mended"] = one.mended;
                if (!one.damaged.empty()) object["damaged"] = one.damaged;
            } else {
                object["error"] = one.error;
            }
            array.push_back(std::move(object));
        }
        std::cout << array.dump(2) << '\n';
    } else if (broken < all.size()) {
        options.shape ? print_shapes(all) : print_table(all);
    }
    if (broken < all.size()) return kDone;
    throw DataError(all.size() == 1 ? all.front().error
                                    : concat(options.path, ": none of the ", all.size(),
                                             " files can be read; the first: ", all.front().error));
}

}  // namespace

Run add_stats(CLI::App& app) {
    app.description("Measures MIDI files, one by one.");
    auto options = std::make_shared<StatsOptions>();
    app.add_option("PATH", options->path, "a MIDI file, a folder of them, or a file of mgan pack")
        ->type_name("")
        ->required();
    app.add_flag("--json", options->json,
                 "as JSON: an array with an object per file; `reference` holds the values as the "
                 "published C-RNN-GAN code counts them");
    app.add_flag("--shape", options->shape,
                 "what only shows over minutes instead: whether bars return, whether the song "
                 "drifts, how it ends (with --json: as well)");
    app.footer(
        "  notes    number of notes (drums left out)\n"
        "  scale    share of notes in the best-fitting major or minor scale\n"
        "  span     highest minus lowest pitch, semitones\n"
        "  tones    number of distinct pitches\n"
        "  intens.  highest minus lowest velocity\n"
        "  polyph.  share of onsets with two or more notes\n"
        "  rep. 3   pairs of equal runs of three pitches\n\n"
        "With --shape, bars are the four quarters from any quarter on; one returns if four fifths "
        "of its\n"
        "notes were there 4 to 256 quarters before. The last chord's length is in medians of all "
        "lengths;\n"
        "it is at home if its lowest note is the root of the song's scale.\n\n"
        "Below the table are the files in which something was mended or is damaged.\n\n"
        "Examples:\n  mgan stats songs\n  mgan stats song.mid --json");
    return [options] { return stats(*options); };
}

}  // namespace mgan::program
