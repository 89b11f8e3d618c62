#pragma once
/// \file
/// The report of one or more runs: one page that needs no network.

#include <filesystem>
#include <span>
#include <string>

namespace mgan::program {

/// The outcome of writing a report.
struct ReportResult {
    std::size_t bytes = 0;
    std::string problem;  ///< why it has tables in place of pictures; "" if all is well
};

/// Reads the runs and writes the page to `out`, all or nothing. `threads`: for the sounds. Throws
/// DataError if a folder is not a run, and IoError.
ReportResult write_report(std::span<const std::filesystem::path> runs,
                          const std::filesystem::path& out, int threads);

}  // namespace mgan::program
