#pragma once
/// \file
/// Where the reader reports faults: `strict` throws at the first, `recover` lists them and goes on.

#include <mgan/core/error.hpp>
#include <mgan/midi/fault.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

/// What to do about a fault.
enum class ReadMode {
    recover,  ///< mend it, go on, and list it
    strict,   ///< throw a FormatError at the first
};

struct ReadOptions {
    ReadMode mode = ReadMode::recover;
    std::string name = "MIDI data";  ///< for error messages; `read_file` puts the path here
    std::size_t max_repairs = 1000;  ///< length of the list; further repairs are only counted
};

/// A number for each kind of fault.
using FaultCounts = std::array<std::uint64_t, kFaultKinds>;

/// The faults of one file.
class FaultLog {
public:
    explicit FaultLog(ReadOptions options) : options_(std::move(options)) {}

    [[nodiscard]] const std::string& name() const noexcept { return options_.name; }
    [[nodiscard]] bool strict() const noexcept { return options_.mode == ReadMode::strict; }

    /// Lists the fault; in `strict` mode throws FormatError.
    void report(Fault kind, std::size_t offset) {
        if (strict()) reject(describe(kind).expected, offset);
        ++count_;
        ++count_of_[static_cast<std::size_t>(kind)];
        if (repairs_.size() < options_.max_repairs) repairs_.push_back({offset, kind});
    }

    /// Throws FormatError, in either mode: nothing can be read.
    [[noreturn]] void reject(std::string_view expected, std::size_t offset = 0) const {
        fail_at(options_.name, offset, "expected ", expected);
    }

    /// All faults that were reported.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// How often each kind was reported.
    [[nodiscard]] const FaultCounts& count_of() const noexcept { return count_of_; }
    /// Hands over the first `max_repairs` of them.
    [[nodiscard]] std::vector<Repair> take_repairs() noexcept { return std::move(repairs_); }

private:
    ReadOptions options_;
    std::vector<Repair> repairs_;
    std::uint64_t count_ = 0;
    FaultCounts count_of_{};
};

}  // namespace mgan::inline MGAN_ABI::midi
