/// \file
/// Single keys from the terminal.

#include "keyboard.hpp"

#include "console.hpp"

#if defined(_WIN32)
#include <conio.h>
#define MGAN_PROGRAM_KEYS_CONIO 1
#elif __has_include(<termios.h>) && __has_include(<poll.h>)
#include <poll.h>
#include <termios.h>
#include <unistd.h>
#define MGAN_PROGRAM_KEYS_TERMIOS 1
#endif

namespace mgan::program {

#if defined(MGAN_PROGRAM_KEYS_TERMIOS)

namespace {
termios terminal_before{};
}

Keyboard::Keyboard() {
    // In the background, a change of the terminal would stop us.
    if (::isatty(STDIN_FILENO) != 1 || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp() ||
        ::tcgetattr(STDIN_FILENO, &terminal_before) != 0)
        return;
    termios single = terminal_before;
    single.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    single.c_cc[VMIN] = 0;
    single.c_cc[VTIME] = 0;
    there_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &single) == 0;
}

Keyboard::~Keyboard() {
    if (there_) ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

std::optional<char> Keyboard::key() {
    if (!there_) return std::nullopt;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    char key = 0;
    if (::poll(&input, 1, 0) < 1 || ::read(STDIN_FILENO, &key, 1) != 1) return std::nullopt;
    return key;
}

#elif defined(MGAN_PROGRAM_KEYS_CONIO)

Keyboard::Keyboard() : there_(has_console_keys()) {}
Keyboard::~Keyboard() = default;
std::optional<char> Keyboard::key() {
    if (!there_ || ::_kbhit() == 0) return std::nullopt;
    return static_cast<char>(::_getch());
}

#else

Keyboard::Keyboard() = default;
Keyboard::~Keyboard() = default;
std::optional<char> Keyboard::key() {
    return std::nullopt;
}

#endif

}  // namespace mgan::program
