#pragma once
/// \file
/// What the library's front (player.cpp) asks of its nets (nets.cpp).
///
///     player.cpp    exported functions, the C interface      for any processor
///         |
///         +-- nets.cpp    Eigen, kernels, everything that plays      compiled for SSE2
///         +-- nets.cpp                                               for AVX2 and FMA
///         +-- nets.cpp                                               for AVX-512
///
/// Where CMakeLists.txt can join them like this, the front chooses when a model is loaded;
/// elsewhere there is one. Each but for its one function is sealed: the linker sees no other symbol
/// of it, so that no function compiled for a newer processor is taken in place of another.

#include <mgan/player/core.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mgan::inline MGAN_BOUNDARY {

/// One compilation of the nets.
struct PlayerNets {
    const char* kernels;  ///< "sse2", "avx2", "avx512", ...
    std::shared_ptr<const PlayerModelCore> (*load)(const std::string& path);
    std::shared_ptr<const PlayerModelCore> (*read)(std::span<const std::byte> bytes,
                                                   std::string_view name);
};

}  // namespace mgan::inline MGAN_BOUNDARY

extern "C" {
#ifdef MGAN_PLAYER_DISPATCH
const mgan::PlayerNets* mgan_player_nets_sse2() noexcept;
const mgan::PlayerNets* mgan_player_nets_avx2() noexcept;
const mgan::PlayerNets* mgan_player_nets_avx512() noexcept;
#else
const mgan::PlayerNets* mgan_player_nets() noexcept;
#endif
}
