#pragma once
/// \file
/// Single keys from the terminal, without Enter.

#include <optional>

namespace mgan::program {

/// While it lives, the terminal gives each key at once and does not show it. Where standard input
/// is no terminal (or another program's), there are no keys.
class Keyboard {
public:
    Keyboard();
    ~Keyboard();
    Keyboard(const Keyboard&) = delete;
    Keyboard& operator=(const Keyboard&) = delete;

    [[nodiscard]] bool is_there() const noexcept { return there_; }

    /// The next key that was pressed, or nothing. Does not wait.
    [[nodiscard]] std::optional<char> key();

private:
    bool there_ = false;
};

}  // namespace mgan::program
