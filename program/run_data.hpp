#pragma once
/// \file
/// The music of a run, and which songs of it the run has learnt from.

#include <mgan/dataset/data_set.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/runs/run_files.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace mgan::program {

struct RunData {
    RunFiles run;
    std::string where;  ///< of the music
    DataSet data;

    /// The songs of that music that are in a part of the run's split.
    [[nodiscard]] std::vector<std::size_t> songs_of(Part part) const;
};

/// The music of `run`, a run's folder; of `against`, if it is not empty, in its place. Throws
/// DataError if there is no run, and what `open_data_of_run` throws.
[[nodiscard]] RunData open_run_data(const std::string& run, const std::string& against);

/// The part that a word of --part means; any other word is test.
[[nodiscard]] Part part_of(const std::string& word);

}  // namespace mgan::program
