// A loss of your own on the songs of a generator.
//
// The loss is written with operations of the tape, as one would write it on paper; the generator
// below it keeps its hand-written back-propagation through time, through every event that was fed
// back. Here songs shall rise and fall again like an arch, without large leaps.

#include <mgan/autodiff/operations.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/tape_adapter.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <cmath>
#include <iostream>

using mgan::Index;
using Var = mgan::Variable<float>;

constexpr Index kSteps = 16, kBatch = 8, kPitch = 2;

/// songs: F x (T B). Mean square distance of the pitches from an arch, and a price on leaps of more
/// than 0.3 from one note to the next:
///
///     L = mean (pitch_tb - arch_t)^2  +  mean relu(abs(pitch_tb - pitch_{t-1}b) - 0.3)
Var arch_loss(const Var& songs, const Var& arch) {
    const Var pitch = slice_rows(songs, kPitch, 1);  // 1 x (T B), all songs of step 0 first
    const Var distance = pitch - arch;
    const Index rest = (kSteps - 1) * kBatch;
    const Var leap = abs(slice_columns(pitch, kBatch, rest) - slice_columns(pitch, 0, rest));
    return mean(distance * distance) + mean(relu(leap - 0.3f));
}

int main() {
    mgan::GeneratorSettings config;
    config.hidden = config.head = 24;
    mgan::Generator<float> generator(config), gradients(config);
    mgan::initialise(generator, mgan::Random(1, "generator"));
    mgan::Optimiser<float> optimiser;  // Adam

    mgan::Matrix<float> arch(1, kSteps * kBatch);
    for (Index t = 0; t < kSteps; ++t)
        arch.middleCols(t * kBatch, kBatch)
            .setConstant(std::sin(3.14159f * static_cast<float>(t) / (kSteps - 1)));

    const mgan::LayerOnTape player(generator, gradients);
    mgan::Tape<float> tape;
    double start = 0, end = 0;
    for (std::uint64_t step = 0; step < 300; ++step) {
        tape.clear();  // forgets the songs of the last step and keeps the memory
        const mgan::Random random = mgan::Random(2, "noise").at(step);
        mgan::Matrix<float> noise(config.noise, kSteps * kBatch);
        for (Index i = 0; i < noise.size(); ++i)
            noise.data()[i] = static_cast<float>(random.uniform(static_cast<std::uint64_t>(i)));
        const mgan::Matrix<float> first = mgan::Matrix<float>::Constant(4, kBatch, 0.5f);

        const Var songs = player.record({tape.constant(noise), tape.constant(first)},
                                        {.steps = kSteps, .batch = kBatch});
        const Var loss = arch_loss(songs, tape.constant(arch));
        mgan::set_zero(gradients);
        tape.backward(loss);  // dL/d(songs) by the tape, the rest by the generator
        optimiser.step(generator, gradients, 0.005, "arch loss");

        end = static_cast<double>(loss.scalar());
        if (step == 0) start = end;
        if (step % 50 == 0) std::cout << "step " << step << ", loss " << end << '\n';
    }
    std::cout << "loss fell from " << start << " to " << end << '\n';
    return end < 0.2 * start ? 0 : 1;
}
