#pragma once
// Notes as those see them who know no channels.

#include <mgan/midi/song.hpp>

#include <vector>

namespace mgan_test {

inline std::vector<mgan::Note> without_channels(std::vector<mgan::Note> notes) {
    for (mgan::Note& note : notes) note.channel = 0;
    return notes;
}

}  // namespace mgan_test
