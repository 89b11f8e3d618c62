#pragma once
/// \file
/// What the commands of the program share: how they are called, and their exit statuses.

#include <mgan/core/error.hpp>

#include <charconv>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>

namespace CLI {
class App;
}

namespace mgan::program {

/// Exit statuses.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;      ///< one line on standard error says what, where, what to do
inline constexpr int kWrongUsage = 2;  ///< the command line is at fault
inline constexpr int kInterrupted = 130;  ///< Ctrl-C, with a checkpoint written

/// The command line asks for something that cannot be.
class UsageError : public Error {
public:
    using Error::Error;
};

/// What is wrong with the text of a seed, or "". (Unchecked, -1 would become 2^64 - 1.)
[[nodiscard]] inline std::string seed_fault(const std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure == std::errc{} && stop == end) return "";
    return "'" + text + "' is not a whole number from 0 to 18446744073709551615";
}

/// Prints the exception that is being handled as one line that begins with "mgan: " and `before`,
/// and returns the exit status that it deserves.
int say_failure(const std::string& before = {});

/// A command. `add_...` adds its options to `app` and returns the function that runs it, whose
/// result is the exit status.
using Run = std::function<int()>;
[[nodiscard]] Run add_train(CLI::App& app);
[[nodiscard]] Run add_generate(CLI::App& app);
[[nodiscard]] Run add_evaluate(CLI::App& app);
[[nodiscard]] Run add_stats(CLI::App& app);
[[nodiscard]] Run add_info(CLI::App& app);
[[nodiscard]] Run add_render(CLI::App& app);
[[nodiscard]] Run add_report(CLI::App& app);
[[nodiscard]] Run add_judge(CLI::App& app);
[[nodiscard]] Run add_pack(CLI::App& app);
[[nodiscard]] Run add_style(CLI::App& app);
[[nodiscard]] Run add_play(CLI::App& app);
[[nodiscard]] Run add_convert(CLI::App& app);

}  // namespace mgan::program
