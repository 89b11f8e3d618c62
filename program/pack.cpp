/// \file
/// `mgan pack`: from a folder of MIDI files to one file that is read at its place.

#include "console.hpp"
#include "data.hpp"
#include "interrupt.hpp"
#include "program.hpp"

#include <mgan/dataset/pack_data_set.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>

namespace mgan::program {

namespace {

struct PackCommandOptions {
    std::string data;
    std::string file;
    int threads = available_threads();
    bool add = false;
    bool keep_damaged = false;
    bool quiet = false;
};

/// How far a packing is, on a terminal: redrawn a few times a second.
class PackProgress {
public:
    explicit PackProgress(bool draws) : draws_(draws), start_(Clock::now()), last_(start_) {}
    ~PackProgress() {
        if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
    }
    void draw(std::size_t done, std::size_t files) {
        const Clock::time_point now = Clock::now();
        if (!draws_ || now - last_ < std::chrono::milliseconds(200)) return;
        last_ = now;
        drawn_ = true;
        const double seconds = std::chrono::duration<double>(now - start_).count();
        const double rate = static_cast<double>(done) / std::max(seconds, 1e-3);
        const double left = static_cast<double>(files - done) / std::max(rate, 1e-3);
        std::cerr << '\r' << grouped(done) << " of " << grouped(files) << " files, "
                  << grouped(static_cast<std::size_t>(rate)) << " a second, "
                  << (done < files ? "left " + clock_text(left) : "looking for copies of a piece")
                  << "\x1b[K" << std::flush;
    }

private:
    using Clock = std::chrono::steady_clock;
    bool draws_;
    bool drawn_ = false;
    Clock::time_point start_, last_;
};

int pack(PackCommandOptions options) {
    if (!options.file.ends_with(".mgan"))
        throw UsageError("FILE is " + printable(options.file) +
                         "; the name of a packed file ends in .mgan");
    const std::filesystem::path file(options.file);
    if (is_there(file) && !PackedFile::is_packed(file))
        fail<DataError>(printable(options.file),
                        ": is there already and is no packed file; take another name");
    options.threads = possible_threads(options.threads);
    catch_interrupts();
    const DraftGuard guard(temporary_path(file));
    remove_drafts(file.parent_path(), file.filename().string());
    PackProgress progress(!options.quiet && is_error_terminal());
    PackOptions packing{
        .threads = options.threads,
        .damaged = options.keep_damaged ? DamagedFiles::keep : DamagedFiles::skip,
        .add = options.add,
        .on_progress = [&](std::size_t done, std::size_t files) { progress.draw(done, files); }};
    PackResult result;
    if (data_path(options.data) == kBundled) {
        if (options.add) throw UsageError("--add adds the files of a folder, not the word bundled");
        result = pack_data_set(load_data(options.data), file, options.threads);
    } else {
        result = pack_data_set(options.data, file, packing);
    }
    if (options.quiet) return kDone;
    const auto packed = std::make_shared<const PackedFile>(file);
    const DataSet data = packed_data_set(packed);
    std::cout << printable(options.file) << ": " << describe(data) << '\n'
              << grouped(result.bytes) << " bytes, "
              << fixed(static_cast<double>(result.bytes) / static_cast<double>(data.notes()), 2)
              << " a note\n";
    if (options.add)
        std::cout << grouped(result.added) << (result.added == 1 ? " song is" : " songs are")
                  << " new; " << grouped(result.known)
                  << (result.known == 1 ? " file has a name that was"
                                        : " files have names that were")
                  << " there already: their songs stay as they were\n";
    constexpr std::size_t kShown = 3;
    for (std::size_t i = 0; i < std::min(kShown, data.skipped.size()); ++i)
        std::cout << "  skipped " << printable(data.skipped[i].file) << ": "
                  << printable(data.skipped[i].reason) << '\n';
    if (data.skipped.size() > kShown)
        std::cout << "  skipped " << data.skipped.size() - kShown << " more: mgan stats "
                  << shell_word(printable(options.file)) << " --json lists them\n";
    return kDone;
}

}  // namespace

Run add_pack(CLI::App& app) {
    app.description(
        "Packs a folder of MIDI files into one file, which every command takes in place of the "
        "folder.");
    auto options = std::make_shared<PackCommandOptions>();
    app.add_option("DATA", options->data,
                   "folder that is searched for .mid, .midi, .rmi and .kar files, another packed "
                   "file, or the word bundled")
        ->type_name("")
        ->required();
    app.add_option("FILE", options->file, "the file to write; its name ends in .mgan")
        ->type_name("")
        ->required();
    app.add_flag("--add", options->add,
                 "keep what is in FILE, and add the files of DATA whose names it does not know");
    app.add_option("--threads", options->threads,
                   "number of threads; changes the time it takes, not the file")
        ->type_name("N")
        ->check(CLI::Range(1, 1024).description(""))
        ->capture_default_str();
    app.add_flag("--keep-damaged", options->keep_damaged,
                 "take damaged files too, which are skipped otherwise");
    app.add_flag("--quiet", options->quiet, "print errors only");
    app.footer(
        "The files are read once. After that a training begins in a moment, needs little memory\n"
        "however many songs there are, and has the same bits as one from the folder. What is\n"
        "computed from all songs is kept in FILE.cache, a folder that may be deleted.\n\n"
        "Examples:\n"
        "  mgan pack my-midi-folder songs.mgan\n"
        "  mgan pack my-midi-folder songs.mgan --add      after more files have come\n"
        "  mgan train songs.mgan\n"
        "  mgan info songs.mgan                           checks every byte");
    return [options] { return pack(*options); };
}

}  // namespace mgan::program
