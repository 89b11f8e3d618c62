#pragma once
// All that the steps of a training have changed, as bytes, and as a copy to go back to: for tests
// that do so often, in a tenth of the time that a checkpoint takes.

#include <mgan/runs/checkpoint.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace mgan_test {

/// The places, nets and optimisers of a `Trainer` or `StepTrainer`, and of where its epoch began.
template <typename AnyTrainer>
[[nodiscard]] std::string training_bits(const AnyTrainer& trainer) {
    using namespace mgan;
    using namespace mgan::checkpoint_detail;
    std::string bits;
    const auto add = [&](const auto& values) {
        const auto size = static_cast<std::size_t>(values.size());
        bits.append(reinterpret_cast<const char*>(values.data()), size * sizeof *values.data());
        bits += ';';
    };
    const auto add_all = [&](TrainingState state, const auto& nets) {
        const StatePlaces places(state, HeadKind::steps);
        std::vector<std::int64_t> integers = {state.rollbacks};
        for (const std::int64_t* place : places.integers) integers.push_back(*place);
        std::vector<double> numbers;
        for (const double* place : places.numbers) numbers.push_back(*place);
        add(integers);
        add(numbers);
        for_each_net(nets, [&](const char*, const auto& net) { add(flat_parameters<float>(net)); });
        for_each_optimiser(nets, [&](const char*, const auto& optimiser, Index) {
            bits += std::to_string(optimiser.steps());
            add(optimiser.first());
            add(optimiser.second());
        });
    };
    add_all(trainer.state(), trainer.nets());
    if (const auto* const start = trainer.epoch_start()) add_all(start->state, start->nets);
    return bits;
}

/// Where a training is.
template <typename Nets>
struct TrainingMemory {
    mgan::TrainingState state;
    Nets nets;
    std::optional<mgan::EpochStart<Nets>> start;
};

template <typename AnyTrainer>
[[nodiscard]] auto memory_of(const AnyTrainer& trainer) {
    using Nets = std::remove_cvref_t<decltype(trainer.nets())>;
    TrainingMemory<Nets> memory{trainer.state(), trainer.nets(), {}};
    if (const auto* const start = trainer.epoch_start()) memory.start = *start;
    return memory;
}

template <typename AnyTrainer, typename Nets>
void go_back(AnyTrainer& trainer, const TrainingMemory<Nets>& memory) {
    trainer.restore(memory.state, memory.nets, memory.start);
}

}  // namespace mgan_test
