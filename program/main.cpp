/// \file
/// The program mgan: trains recurrent GANs on MIDI files, and generates songs with them.
///
/// main() reads the command line, calls the command, and turns every exception into one line and an
/// exit status. The work is in the library; each command is in the file of its name.

#include "console.hpp"
#include "data.hpp"
#include "interrupt.hpp"
#include "processor.hpp"
#include "program.hpp"
#include "ranks.hpp"

#include <mgan/core/parallel.hpp>
#include <mgan/core/quote.hpp>
#include <mgan/core/setting.hpp>

#include <CLI/CLI.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <new>

namespace {

using namespace mgan;
using namespace mgan::program;

constexpr const char* kAbout =
    "mgan trains recurrent GANs on MIDI files, and generates new songs with them.\n"
    "Start with\n"
    "  mgan train                          on the music that comes with mgan\n"
    "  mgan train my-midi-folder           on your own\n"
    "then\n"
    "  mgan generate run --count 20 --out songs\n"
    "and listen to the files in the folder songs. Each command has a --help of its own.";

/// One line, whatever the message holds.
std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    }
    return text;
}

int end_with(int status, const std::string& message) {
    std::cout.flush();
    // In one piece: several processes of a training may share the terminal.
    std::cerr << concat("mgan: ", one_line(message), "\n") << std::flush;
    return status;
}

/// `status`, once all output is written: a full disk or a closed pipe must not end as if all were
/// well.
int when_written(int status) {
    std::cout.flush();
    if (status != kDone || std::cout) return status;
    return end_with(kFailed,
                    "standard output: cannot write; is the disk full, or the reader of a pipe "
                    "gone?");
}

/// What is wrong with a command line, with the nearest option that there is.
std::string explain(const CLI::ParseError& error, const CLI::App& app) {
    const CLI::App* command = &app;
    for (const CLI::App* used : app.get_subcommands()) command = used;
    std::string text = error.what();
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
        const std::vector<std::string> rest = app.remaining(true);
        const std::string word = rest.empty() ? "" : rest.front();
        Words known;
        if (word.starts_with("-")) {
            for (const CLI::Option* option : command->get_options()) {
                for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
            }
        } else if (command == &app) {
            for (const CLI::App* sub : app.get_subcommands(nullptr))
                known.push_back(sub->get_name());
        }
        const std::string nearest = word == "help" ? "--help" : nearest_word(word, known);
        text = concat(word.starts_with("-") ? "unknown option "
                      : command == &app     ? "unknown command "
                                            : "one argument too many: ",
                      in_quotes(word), nearest.empty() ? "" : "; did you mean " + nearest + "?");
    }
    const std::string name = command == &app ? "mgan" : "mgan " + command->get_name();
    return concat(one_line(text), " (see ", name, " --help)");
}

}  // namespace

int mgan::program::say_failure(const std::string& before) {
    try {
        throw;
    } catch (const UsageError& error) {
        return end_with(kWrongUsage, before + error.what());
    } catch (const std::bad_alloc&) {
        return end_with(kFailed, before + "out of memory; try a smaller --batch or --length");
    } catch (const std::filesystem::filesystem_error& error) {
        return end_with(kFailed, concat(before, printable(error.path1().string()),
                                        ": cannot be looked at: ", error.code().message()));
    } catch (const std::exception& error) {
        return end_with(kFailed, before + error.what());
    }
}

int main(int argc, char** argv) {
    try {
        begin_again(argv);
    } catch (const std::exception&) {
        return say_failure();
    }
    ignore_file_limits();
    Eigen::setNbThreads(1);  // threads are ours: one a shard (core/parallel.hpp)
#ifdef _OPENMP
    if (const int threads = possible_threads(available_threads()); threads < available_threads())
        omp_set_num_threads(threads);
#endif
    const Console console;
    CLI::App app(kAbout, "mgan");
    app.set_version_flag("--version", concat("mgan ", kVersion, " (", kSimdName, ")"));
    app.require_subcommand(0, 1);
    app.allow_windows_style_options(false);  // /music is a folder, there as elsewhere
    const std::pair<const char*, Run (*)(CLI::App&)> commands[] = {
        {"train", add_train},       {"generate", add_generate}, {"play", add_play},
        {"evaluate", add_evaluate}, {"stats", add_stats},       {"render", add_render},
        {"report", add_report},     {"info", add_info},         {"judge", add_judge},
        {"pack", add_pack},         {"style", add_style},       {"convert", add_convert}};
    try {
        std::vector<std::pair<CLI::App*, Run>> runs;
        for (const auto& [name, add] : commands) {
            CLI::App* sub = app.add_subcommand(name);
            runs.emplace_back(sub, add(*sub));
        }
        try {
            const std::vector<std::string> words = arguments(argc, argv);
            std::vector<const char*> texts;
            for (const std::string& word : words) texts.push_back(word.c_str());
            app.parse(static_cast<int>(texts.size()), texts.data());
        } catch (const CLI::ParseError& error) {
            if (error.get_exit_code() == 0)
                return when_written(app.exit(error));  // --help, --version
            return end_with(kWrongUsage, explain(error, app));
        }
        for (const auto& [sub, run] : runs) {
            if (!sub->parsed()) continue;
            const bool shares = sub->get_name() == "train" || sub->get_name() == "generate";
            if (!shares && is_later_rank()) return kDone;
            return when_written(run());
        }
        std::cout << app.help();
        return when_written(kDone);
    } catch (const std::exception&) {
        return say_failure();
    }
}
