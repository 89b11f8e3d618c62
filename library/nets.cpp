/// \file
/// The nets of the library, compiled for one class of processors (nets.hpp). MGAN_PLAYER_NETS: the
/// name of the only function that is seen from outside.

#include "nets.hpp"

#include <mgan/player/model.hpp>

extern "C" const mgan::PlayerNets* MGAN_PLAYER_NETS() noexcept {
    static constexpr mgan::PlayerNets kNets = {mgan::kSimdName, &mgan::load_player_model,
                                               &mgan::read_player_model};
    return &kNets;
}
