#pragma once
/// \file
/// Other programs as helpers: gnuplot draws, fluidsynth plays.
///
/// A helper is started with its name and arguments, never through a shell, so a file called
/// `$(reboot).mid` is just a file with an odd name.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace mgan::program {

/// How a helper ended.
struct ChildResult {
    bool found = true;       ///< false: there is no such program; nothing else is set
    bool timed_out = false;  ///< it took too long, and was ended
    int status = -1;         ///< exit status; -1 where a signal ended it
    std::string out;
    std::string error;

    [[nodiscard]] bool good() const noexcept { return found && !timed_out && status == 0; }
};

/// Runs the program `words[0]` (looked for in PATH) with the other words as its arguments: writes
/// `input` to its standard input, reads its output and waits for it to end. Throws IoError if the
/// system cannot start any program at all.
[[nodiscard]] ChildResult run_child(const std::vector<std::string>& words, std::string_view input,
                                    std::chrono::seconds limit);

}  // namespace mgan::program
