#pragma once
/// \file
/// Splits songs into three parts, by the seed alone.
///
/// The nets learn from `train`; `validation` chooses the best checkpoint; `test` is never used for
/// any choice, so figures measured on it are fair.

#include <mgan/core/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Which part of the data a song belongs to.
enum class Part { train, validation, test };

/// The name of a part in files and options.
[[nodiscard]] constexpr std::string_view name(Part part) noexcept {
    constexpr std::array<std::string_view, 3> names = {"train", "validation", "test"};
    return names[static_cast<std::size_t>(part)];
}

/// Splits songs into the three parts. `names` says which songs belong together: songs of one name
/// (the variants of a piece, the tracks of a file) all go to one part, or validation songs would be
/// known from training. The names are shuffled by the seed; the first share goes to validation, the
/// next to test, the rest to train. With three names or more, every part with a share gets at least
/// one; with fewer, all songs are in train, and validation repeats them. Returns indices,
/// ascending.
[[nodiscard]] inline std::array<std::vector<std::size_t>, 3> split_songs(
    const std::vector<std::string>& names, double validation_share, double test_share,
    std::uint64_t seed) {
    std::map<std::string_view, std::size_t> group_of_name;
    std::vector<std::size_t> group(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        group[i] = group_of_name.emplace(names[i], group_of_name.size()).first->second;
    }
    const std::size_t count = group_of_name.size();
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(std::span(order), Random(seed, "split"));

    const auto share = [count](double s) -> std::size_t {
        if (s <= 0.0 || count < 3) return 0;
        return std::max<std::size_t>(
            1, static_cast<std::size_t>(std::llround(s * static_cast<double>(count))));
    };
    const std::size_t validation = share(validation_share);
    const std::size_t test = count < 3 ? 0 : std::min(share(test_share), count - validation - 1);
    std::vector<std::size_t> part_of_group(count);
    for (std::size_t i = 0; i < count; ++i) {
        part_of_group[order[i]] = i < validation ? 1 : (i < validation + test ? 2 : 0);
    }
    std::array<std::vector<std::size_t>, 3> parts;
    for (std::size_t i = 0; i < names.size(); ++i) parts[part_of_group[group[i]]].push_back(i);
    if (parts[1].empty()) parts[1] = parts[0];
    return parts;
}

}  // namespace mgan::inline MGAN_ABI
