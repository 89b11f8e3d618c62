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

/// The group of each song: songs of one name have one number. Groups are numbered from 0 in the
/// order in which they begin.
[[nodiscard]] inline std::vector<std::size_t> name_groups(const std::vector<std::string>& names) {
    std::vector<std::size_t> group(names.size());
    // Names that ascend, as those of a folder do, need no table.
    if (std::is_sorted(names.begin(), names.end())) {
        for (std::size_t i = 1; i < names.size(); ++i)
            group[i] = group[i - 1] + (names[i] != names[i - 1] ? 1 : 0);
        return group;
    }
    std::map<std::string_view, std::size_t> group_of_name;
    for (std::size_t i = 0; i < names.size(); ++i)
        group[i] = group_of_name.emplace(names[i], group_of_name.size()).first->second;
    return group;
}

/// Names whose songs are all copies of a piece that another name before has.
[[nodiscard]] inline std::size_t count_copies(const std::vector<std::string>& names,
                                              std::span<const std::size_t> pieces) {
    const std::vector<std::size_t> group = name_groups(names);
    // Of each group: has it a song here, and is it the first of a piece?
    std::vector<bool> is_there(names.size()), is_first(names.size());
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        is_there[group[i]] = true;
        is_first[group[pieces[i]]] = true;
    }
    return static_cast<std::size_t>(std::count(is_there.begin(), is_there.end(), true) -
                                    std::count(is_first.begin(), is_first.end(), true));
}

/// Keeps each piece in one part: all of its names go where the name of its first song is. `pieces`:
/// the index of the first song of each song's piece (piece_groups.hpp). Songs without copies stay
/// where they are, unless a part would be left empty; then false, and `parts` is half changed.
[[nodiscard]] inline bool keep_pieces_together(std::span<const std::size_t> pieces,
                                               std::array<std::vector<std::size_t>, 3>& parts) {
    std::vector<std::size_t> part_of(pieces.size());
    const std::array<std::vector<std::size_t>, 3> before = parts;
    for (std::size_t part = 0; part < 3; ++part)
        for (const std::size_t song : parts[part]) part_of[song] = part;
    for (auto& part : parts) part.clear();
    for (std::size_t song = 0; song < pieces.size(); ++song)
        parts[part_of[pieces[song]]].push_back(song);
    for (std::size_t part = 0; part < 3; ++part)
        if (parts[part].empty() != before[part].empty()) return false;
    return true;
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
    const std::vector<std::size_t> group = name_groups(names);
    const std::size_t count = group.empty() ? 0 : *std::max_element(group.begin(), group.end()) + 1;
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(std::span(order), Random(seed, "split"));

    const auto share = [count](double s) -> std::size_t {
        if (!(s > 0.0) || count < 3) return 0;
        s = std::min(s, 1.0);
        return std::max<std::size_t>(
            1, static_cast<std::size_t>(std::llround(s * static_cast<double>(count))));
    };
    // Training keeps at least one name.
    const std::size_t validation = std::min(share(validation_share), count < 3 ? 0 : count - 1);
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

/// The same where songs of different names may be one piece (`pieces`: as in DataSet; empty: none
/// are), which goes to one part as a whole. Where no two names are one piece, the parts are those
/// of the names.
[[nodiscard]] inline std::array<std::vector<std::size_t>, 3> split_songs(
    const std::vector<std::string>& names, std::span<const std::size_t> pieces,
    double validation_share, double test_share, std::uint64_t seed) {
    auto parts = split_songs(names, validation_share, test_share, seed);
    if (pieces.size() != names.size() || count_copies(names, pieces) == 0) return parts;
    const bool repeats = parts[1] == parts[0];
    if (!repeats && keep_pieces_together(pieces, parts)) return parts;
    // Few pieces: drawn again, piece by piece.
    std::vector<std::string> by_piece;
    for (const std::size_t piece : pieces) by_piece.push_back(names[piece]);
    return split_songs(by_piece, validation_share, test_share, seed);
}

}  // namespace mgan::inline MGAN_ABI
