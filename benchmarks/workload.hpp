#pragma once
// A benchmark of a whole step: a name, a shape, and a function that prepares it.
//
// The names are a contract: peers/ measures the same work under the same names.
//
//     W1  LSTM, 2 layers, input 8                         forward; forward + backward
//     W2  BiLSTM, 2 layers, input 4                       forward; forward + backward
//     W3  generator with output feedback, squared error   step (SGD); step with teacher forcing
//     W4  C-RNN-GAN: D on real and generated songs, then G     step (SGD)
//     W5  CARNN mGAN generator with output feedback       step (SGD)
//     W6  PF classifier, gradient down to the waveform    step (SGD)
//     W7  generation, one song, event by event            event
//     W8  1,000 songs with step heads, in batches         songs
//     W9  training step of the recommended step heads     pretraining; adversarial (a roll-out)
//     W10 generation with step heads, event by event      event
//     W11 the same, guided with 8 candidates              event
//     W12 the tape: MLP, LSTM of operations, numbers      forward and backward, recorded anew
//
// Work is cut into shards over the batch as the trainer cuts it (settings.shard_songs songs each,
// whatever the number of threads), gradients are added in the order of the shards, and the
// optimiser is the library's own.

#include "traffic.hpp"

#include <mgan/core/half.hpp>
#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/tensor/sequence.hpp>

#include <functional>
#include <vector>

namespace bench {

using mgan::Index;

/// Sizes and threads of one measurement.
struct Shape {
    Index steps = 0;   ///< T
    Index batch = 0;   ///< B
    Index hidden = 0;  ///< H
    int threads = 1;
};

/// A workload with its nets, inputs and caches.
struct Prepared {
    std::function<void()> run;
    /// Norm of the gradients of the last run (of the outputs, where there are none): neither zero
    /// nor infinite, or the benchmark would not measure what it claims to.
    std::function<double()> witness;
    double flop = 0.0;               ///< of one run, by the formulas of flop.hpp
    Index events = 0;                ///< W7, W8, W10, W11: events of one run; 0 otherwise
    double weight_bytes = 0.0;       ///< W7, W10, W11: what every event has to read; 0 otherwise
    std::vector<Traffic> traffic{};  ///< W5, W6: what one run moves, where it does not fit a cache
};

struct Workload {
    const char* name;
    const char* pass;
    Shape shape;  ///< of the contract; the command line may ask for another
    std::function<Prepared(const Shape&)> prepare;
};

// One source file a group.
[[nodiscard]] std::vector<Workload> lstm_workloads();       // W1, W2
[[nodiscard]] std::vector<Workload> generator_workloads();  // W3, W5
[[nodiscard]] std::vector<Workload> gan_workloads();        // W4
[[nodiscard]] std::vector<Workload> pf_workloads();         // W6
[[nodiscard]] std::vector<Workload> stream_workloads();     // W7
[[nodiscard]] std::vector<Workload> step_workloads();       // W8 to W11
[[nodiscard]] std::vector<Workload> tape_workloads();       // W12

/// Makes the weights of a net bfloat16, and packs them, as `load_model` does with a file of
/// `mgan convert --half`.
template <typename Net>
void halve(Net& net) {
    mgan::for_each_parameter(net, [](const mgan::ParameterName&, auto& parameter) {
        if constexpr (!mgan::kIsBias<decltype(parameter)>) {
            for (Index i = 0; i < parameter.size(); ++i)
                parameter.data()[i] = mgan::from_bfloat16(mgan::bfloat16_of(parameter.data()[i]));
        }
    });
    net.pack_half();
}

/// Which model of the paper W8 to W11 take.
inline mgan::Variant variant = mgan::Variant::c_rnn_gan;

/// Songs of a shard, as the command line asks; 0: as the settings of a workload say.
inline Index asked_shard_songs = 0;
[[nodiscard]] inline Index shard_songs(Index usual) {
    return asked_shard_songs > 0 ? asked_shard_songs : usual;
}
/// The default of mgan::Settings.
inline constexpr Index kShardSongs = 10;

/// A sequence [T, B, F] of uniform numbers on [low, high).
[[nodiscard]] inline mgan::Sequence<float> uniform(Index steps, Index batch, Index features,
                                                   std::uint64_t seed, double low = 0.0,
                                                   double high = 1.0) {
    mgan::Sequence<float> x(steps, batch, features);
    const mgan::Random random(seed, "benchmark");
    for (Index i = 0; i < x.size(); ++i) {
        x.data()[i] = static_cast<float>(random.uniform(static_cast<std::uint64_t>(i), low, high));
    }
    return x;
}

/// The memory of one shard each, and what all shards do, as in mgan::Trainer.
template <typename Work>
class Shards {
public:
    Shards(Index batch, int threads)
        : work(static_cast<std::size_t>(mgan::shard_count(batch, shard_songs(kShardSongs)))),
          batch_(batch),
          threads_(threads) {}

    /// body(number of songs, memory) for each shard.
    template <typename Body>
    void for_each(Body&& body) {
        const auto count = static_cast<Index>(work.size());
        mgan::parallel_for(count, threads_, [&](std::ptrdiff_t i) {
            body(mgan::shard_of(batch_, count, i), work[static_cast<std::size_t>(i)]);
        });
    }

    /// The first shard's gradient plus all others, in order. `gradient(work)` names it.
    template <typename Gradient>
    auto& sum(Gradient&& gradient) {
        for (std::size_t i = 1; i < work.size(); ++i)
            mgan::add_parameters(gradient(work[0]), gradient(work[i]), 1.0f);
        return gradient(work[0]);
    }

    [[nodiscard]] int threads() const noexcept { return threads_; }

    std::vector<Work> work;

private:
    Index batch_;
    int threads_;
};

}  // namespace bench
