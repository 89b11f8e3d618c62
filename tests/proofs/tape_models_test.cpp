// The gradients of the whole models are those that the tape finds from their equations.

#include <proofs/subjects/discriminator_subject.hpp>
#include <proofs/subjects/generator_subject.hpp>
#include <proofs/tape_equations.hpp>

using namespace mgan_test;

namespace {

/// Equations (1) to (5) of models/generator.hpp.
Var generator_equations(const TapeBlocks& in, const GeneratorSizes& sizes) {
    const mgan::GeneratorSettings& config = sizes.config;
    const std::vector<Var> noise = in.steps("noise", sizes.steps);
    std::vector<Var> h(2, in.zeros(config.hidden, sizes.batch)), c = h, events;
    for (Index t = 0; t < sizes.steps; ++t) {
        const Var& z = noise[static_cast<std::size_t>(t)];
        Var before;
        if (sizes.teacher_forced) {
            before = in.steps("before", sizes.steps)[static_cast<std::size_t>(t)];
        } else if (t == 0) {
            before = in["first"];
        } else if (config.context > 0) {
            before = mgan::concat_rows(
                {events.back(),
                 in.steps("context", sizes.steps - 1)[static_cast<std::size_t>(t - 1)]});
        } else {
            before = events.back();
        }
        Var s = mgan::concat_rows({z, before});
        for (std::size_t k = 0; k < 2; ++k) {
            const std::string layer = "_l" + std::to_string(k);
            const Var a = matmul(in["lstm.weight_ih" + layer], s) +
                          matmul(in["lstm.weight_hh" + layer], h[k]) + in["lstm.bias_ih" + layer] +
                          in["lstm.bias_hh" + layer];
            const auto gate = [&](Index q) {
                return slice_rows(a, q * config.hidden, config.hidden);
            };
            c[k] = sigmoid(gate(1)) * c[k] + sigmoid(gate(0)) * tanh(gate(2));
            h[k] = sigmoid(gate(3)) * tanh(c[k]);
            s = h[k];
        }
        Var head = matmul(in["head_1.weight"], s) + in["head_1.bias"];
        if (config.noise_to_head) head = head + matmul(in["head_noise.weight"], z);
        events.push_back(matmul(in["head_2.weight"], relu(head)) + in["head_2.bias"]);
    }
    return side_by_side(events);
}

/// Equations (1) to (4) of models/discriminator.hpp, then the features.
Var discriminator_equations(const TapeBlocks& in, const DiscriminatorSizes& sizes) {
    const Index width = 2 * sizes.config.hidden;
    const auto steps = static_cast<double>(sizes.steps), batch = static_cast<double>(sizes.batch);
    const std::vector<Var> s = bilstm_equations(in, "bilstm.", in.steps("x", sizes.steps),
                                                sizes.config.hidden, sizes.config.layers, false);
    const Var& weight = in["output.weight"];
    Var logits = matmul(slice_columns(weight, 0, width), side_by_side(s)) + in["output.bias"];
    if (sizes.config.minibatch_deviation) {
        Var pooled = s[0];
        for (std::size_t t = 1; t < s.size(); ++t) pooled = pooled + s[t];
        pooled = pooled / steps;
        const Var e = pooled - row_sums(pooled) / batch;
        const Var m = mean(sqrt(row_sums(e * e) / batch + 1e-8));
        logits = logits + slice_columns(weight, width, 1) * m;
    }
    const Var p = reshape(sigmoid(logits), sizes.batch, sizes.steps);
    return mgan::concat_rows(
        {row_sums(p) / steps, reshape(side_by_side(s), width * sizes.steps * sizes.batch, 1)});
}

}  // namespace

TEST_CASE("The generator agrees with the tape, free running and under teacher forcing") {
    for (const Extent extent : kExtents) {
        for (const bool teacher_forced : {false, true}) {
            for (const Point point : kAllPoints) {
                GeneratorSizes sizes;
                sizes.steps = extent.steps;
                sizes.batch = extent.batch;
                sizes.teacher_forced = teacher_forced;
                sizes.config.noise_to_head = point == Point::kRandom;
                sizes.config.context = point == Point::kRandom && extent.steps > 1 ? 2 : 0;
                GeneratorSubject<double> subject(sizes);
                fill(subject, point, 1);
                prove_by_tape(subject,
                              [&](const TapeBlocks& in) { return generator_equations(in, sizes); });
            }
        }
    }
}

TEST_CASE("The discriminator agrees with the tape, with and without minibatch deviation") {
    for (const Extent extent : kExtents) {
        for (const bool deviation : {false, true}) {
            for (const Point point : kAllPoints) {
                DiscriminatorSizes sizes;
                sizes.steps = extent.steps;
                sizes.batch = extent.batch;
                sizes.config.minibatch_deviation = deviation;
                sizes.with_features = true;
                DiscriminatorSubject<double> subject(sizes);
                fill(subject, point, 2);
                prove_by_tape(subject, [&](const TapeBlocks& in) {
                    return discriminator_equations(in, sizes);
                });
            }
        }
    }
}
