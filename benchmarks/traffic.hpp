#pragma once
// What a step moves to and from memory beyond the level 2 cache, counted: the other side of a
// roofline (flop.hpp has the first). Where a part's working set is larger than the cache, each pass
// over it reads all of it again. A part that fits is not counted.
//
//     weights W of a wide net        forward reads W, backward reads W, the gradient is written,
//                                    the optimiser reads the gradient, reads and writes W
//     attention, step by step        step t of each song reads t keys and t values
//     its way back, blocks of K      each block reads keys and values so far, and reads and writes
//                                    their gradients
//     what is saved for backward     written once, read once
//
// A byte that is written counts twice: its line is fetched first, and written back later.

#include <cstddef>
#include <vector>

namespace bench {

/// One part of what moves.
struct Traffic {
    const char* what;
    double bytes;  ///< moved by a step
    double set;    ///< bytes among which they lie: of one shard, where each shard has its own
};

namespace traffic {

using Size = std::ptrdiff_t;
inline constexpr double kFloat = 4.0;

/// Weights and their gradient, `shards` of which read the weights by themselves (1: a net that is
/// run for the whole batch).
[[nodiscard]] inline Traffic weights(const char* what, double count, Size shards) {
    const double reads = 2.0 * static_cast<double>(shards);    // forward, backward
    const double gradient = 2.0 + 1.0, optimiser = 1.0 + 1.0;  // write, read; read, write back
    return {what, (reads + gradient + optimiser) * count * kFloat, 2.0 * count * kFloat};
}

/// Keys and values of B songs while T steps are drawn; shards of S songs.
[[nodiscard]] inline Traffic attention_forward(Size hidden, Size steps, Size batch, Size shard) {
    const double step = 2.0 * static_cast<double>(hidden) * kFloat;  // one key and one value
    const auto t = static_cast<double>(steps);
    return {"keys and values, forward", static_cast<double>(batch) * step * t * (t + 1.0) / 2.0,
            static_cast<double>(shard) * step * t};
}

/// Their way back in blocks of `block` steps.
[[nodiscard]] inline Traffic attention_backward(Size hidden, Size steps, Size batch, Size shard,
                                                Size block) {
    const double step = 2.0 * static_cast<double>(hidden) * kFloat;
    double seen = 0.0;
    for (Size end = steps; end > 0; end -= block) seen += static_cast<double>(end);
    return {"keys, values and their gradients, backward",
            static_cast<double>(batch) * step * (1.0 + 2.0) * seen,
            static_cast<double>(shard) * 2.0 * step * static_cast<double>(steps)};
}

/// `numbers` that each of T B columns keeps for the way back; shards of S songs.
[[nodiscard]] inline Traffic saved(double numbers, Size steps, Size batch, Size shard) {
    const double column = numbers * kFloat * static_cast<double>(steps);
    return {"saved for backward", (2.0 + 1.0) * static_cast<double>(batch) * column,
            static_cast<double>(shard) * column};
}

}  // namespace traffic

// By hand, W5 at T = 250, B = 20, H = 100: a key and a value have 800 bytes; step t reads t of
// them, 31 375 in a song; 20 songs: 502 MB. Backward, 16 blocks from 250 down to 10 steps, 2 080 in
// all, three times 800 bytes, 20 songs: 99.84 MB.
}  // namespace bench
