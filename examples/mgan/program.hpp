#pragma once
/// \file
/// What the commands of the program share: how they are called, and how they end.

#include <mgan/core/error.hpp>

#include <functional>

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

/// A command: adds its options to `app` and returns what it does, which gives the exit status.
using Run = std::function<int()>;
[[nodiscard]] Run add_train(CLI::App& app);
[[nodiscard]] Run add_generate(CLI::App& app);
[[nodiscard]] Run add_evaluate(CLI::App& app);
[[nodiscard]] Run add_stats(CLI::App& app);
[[nodiscard]] Run add_info(CLI::App& app);
[[nodiscard]] Run add_render(CLI::App& app);
[[nodiscard]] Run add_report(CLI::App& app);

}  // namespace mgan::program
