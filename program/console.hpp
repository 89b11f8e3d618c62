#pragma once
/// \file
/// What a console means on each system: arguments, letters, and lines that are drawn again.
///
/// mgan speaks UTF-8 inside. Windows has a code page of its own, in which most letters of the world
/// are missing; so the arguments are taken where they are wide, and the console is told.

#include <cstddef>
#include <string>
#include <vector>

namespace mgan::program {

/// While it lives, a console of Windows shows UTF-8 and obeys the codes that redraw a line.
class Console {
public:
    Console();
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

private:
    unsigned page_ = 0;  ///< the code page that was set before; 0: none to bring back
};

/// The words of the command line, that of the program first, in UTF-8 on Windows and as they came
/// elsewhere.
[[nodiscard]] std::vector<std::string> arguments(int argc, char** argv);

/// Whether standard output, or standard error, is a terminal that can redraw a line.
[[nodiscard]] bool is_output_terminal();
[[nodiscard]] bool is_error_terminal();

/// Whether keys can be read from a console of Windows: standard input may be no file either (NUL).
[[nodiscard]] bool has_console_keys();

/// Letters in a line of the terminal; 80 where that cannot be found out.
[[nodiscard]] std::size_t terminal_width();

}  // namespace mgan::program
