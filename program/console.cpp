#include "console.hpp"

#include <mgan/core/file.hpp>

#include <cstdlib>
#include <string_view>

#if defined(_WIN32)
#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
// After it, which declares what this one needs.
#include <io.h>
#include <shellapi.h>
#elif MGAN_HAS_POSIX_FILES && __has_include(<sys/ioctl.h>)
#include <sys/ioctl.h>
#endif

namespace mgan::program {

#if defined(_WIN32)

namespace {

HANDLE handle_of(int descriptor) {
    return ::GetStdHandle(descriptor == 2 ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE);
}

std::string utf8(std::wstring_view text) {
    const int size = static_cast<int>(text.size());
    const int bytes =
        ::WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
    std::string result(static_cast<std::size_t>(bytes), '\0');
    ::WideCharToMultiByte(CP_UTF8, 0, text.data(), size, result.data(), bytes, nullptr, nullptr);
    return result;
}

/// Whether a descriptor as POSIX numbers them (1: standard output) is one that can redraw a line.
bool is_terminal(int descriptor) {
    DWORD mode = 0;
    return ::_isatty(descriptor) != 0 && ::GetConsoleMode(handle_of(descriptor), &mode) != 0 &&
           (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

}  // namespace

Console::Console() {
    const UINT before = ::GetConsoleOutputCP();  // 0 without a console
    if (before != 0 && before != CP_UTF8 && ::SetConsoleOutputCP(CP_UTF8) != 0) page_ = before;
    for (const int descriptor : {1, 2}) {
        DWORD mode = 0;
        if (::GetConsoleMode(handle_of(descriptor), &mode) != 0)
            ::SetConsoleMode(handle_of(descriptor), mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    }
}

Console::~Console() {
    if (page_ != 0) ::SetConsoleOutputCP(page_);
}

std::vector<std::string> arguments(int argc, char** argv) {
    int count = 0;
    wchar_t** const words = ::CommandLineToArgvW(::GetCommandLineW(), &count);
    if (words == nullptr) return {argv, argv + argc};
    std::vector<std::string> result;
    for (int i = 0; i < count; ++i) result.push_back(utf8(words[i]));
    ::LocalFree(words);
    return result;
}

bool has_console_keys() {
    DWORD mode = 0;
    return ::GetConsoleMode(::GetStdHandle(STD_INPUT_HANDLE), &mode) != 0;
}

std::size_t terminal_width() {
    CONSOLE_SCREEN_BUFFER_INFO screen{};
    if (::GetConsoleScreenBufferInfo(handle_of(1), &screen) == 0) return 80;
    const int width = screen.srWindow.Right - screen.srWindow.Left + 1;
    return width > 0 ? static_cast<std::size_t>(width) : 80;
}

#else

namespace {

/// Whether a descriptor is a terminal that can redraw a line.
bool is_terminal([[maybe_unused]] int descriptor) {
#if MGAN_HAS_POSIX_FILES
    const char* const kind = std::getenv("TERM");
    return ::isatty(descriptor) == 1 && (kind == nullptr || std::string_view(kind) != "dumb");
#else
    return false;
#endif
}

}  // namespace

Console::Console() = default;
Console::~Console() = default;

std::vector<std::string> arguments(int argc, char** argv) {
    return {argv, argv + argc};
}

bool has_console_keys() {
    return false;
}

std::size_t terminal_width() {
#if defined(TIOCGWINSZ)
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
#endif
    return 80;
}

#endif

bool is_output_terminal() {
    return is_terminal(1);
}
bool is_error_terminal() {
    return is_terminal(2);
}

}  // namespace mgan::program
