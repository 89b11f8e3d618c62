#pragma once
// Notes at random, as the judge reads them.

#include <mgan/core/random.hpp>
#include <mgan/judging/judged_song.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mgan_test {

[[nodiscard]] inline std::vector<mgan::judging::JudgedNote> random_notes(std::size_t count,
                                                                         std::uint64_t seed) {
    std::vector<mgan::judging::JudgedNote> notes;
    const mgan::Random random(seed, "notes");
    for (std::size_t i = 0; i < count; ++i) {
        const auto draw = [&](std::uint64_t what, std::uint64_t options) {
            return static_cast<int>(random.integer(4 * i + what, options));
        };
        notes.push_back({draw(0, 20), 1 + draw(1, 30), 30 + draw(2, 60), 1 + draw(3, 127)});
    }
    return notes;
}

}  // namespace mgan_test
