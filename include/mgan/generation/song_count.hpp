#pragma once
/// \file
/// How many songs, of how many events, can be asked for.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

namespace mgan::inline MGAN_ABI {

/// Throws ConfigError unless `count` songs of `length` events are within reason.
inline void require_possible_songs(Index count, Index length) {
    constexpr Index kMost = 1'000'000'000;
    require<ConfigError>(count >= 0 && count <= kMost && length >= 0 && length <= kMost,
                         "sampling: ", count, " songs of ", length,
                         " events; both can be from 0 to ", kMost);
}

}  // namespace mgan::inline MGAN_ABI
