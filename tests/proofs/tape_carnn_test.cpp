// The gradients of the CARNN layers and generator are those that the tape finds from their
// equations.

#include <proofs/subjects/attention_subject.hpp>
#include <proofs/subjects/carnn_subject.hpp>
#include <proofs/subjects/conv2d_subject.hpp>
#include <proofs/subjects/mapping_network_subject.hpp>
#include <proofs/tape_equations.hpp>

using namespace mgan_test;

namespace {

std::span<const Var> all_of(const std::vector<Var>& parts) {
    return parts;
}

/// x: one F x B a step; the window slides over time and features, zeros outside.
std::vector<Var> convolution_equations(const TapeBlocks& in, const std::string& prefix,
                                       const std::vector<Var>& x, const mgan::Conv2dSettings& c) {
    const Index steps = static_cast<Index>(x.size()), batch = x[0].cols();
    const Var& kernel = in[prefix + "weight"];
    std::vector<Var> y;
    for (Index t = 0; t < steps; ++t) {
        std::vector<Var> rows;
        for (Index o = 0; o < c.out_channels; ++o) {
            for (Index w = 0; w < c.width; ++w) {
                Var sum = in.zeros(1, batch) + slice_rows(in[prefix + "bias"], o, 1);
                for (Index channel = 0; channel < c.in_channels; ++channel) {
                    for (Index i = 0; i < c.window_time; ++i) {
                        for (Index j = 0; j < c.window_width; ++j) {
                            const Index from = t + i - c.window_time / 2;
                            const Index column = w + j - c.window_width / 2;
                            if (from < 0 || from >= steps || column < 0 || column >= c.width)
                                continue;
                            const Index tap = (channel * c.window_time + i) * c.window_width + j;
                            const Var k = slice_columns(slice_rows(kernel, o, 1), tap, 1);
                            sum = sum + k * slice_rows(x[static_cast<std::size_t>(from)],
                                                       channel * c.width + column, 1);
                        }
                    }
                }
                rows.push_back(sum);
            }
        }
        y.push_back(concat_rows(all_of(rows)));
    }
    return y;
}

/// x: one H x B a step.
std::vector<Var> attention_equations(const TapeBlocks& in, const std::string& prefix,
                                     const std::vector<Var>& x, const mgan::AttentionSettings& c) {
    const Index steps = static_cast<Index>(x.size()), batch = x[0].cols(), h = c.features,
                d = h / c.heads;
    std::vector<Var> projected, y;
    for (const Var& step : x) projected.push_back(matmul(in[prefix + "in_proj_weight"], step));
    for (Index t = 0; t < steps; ++t) {
        const Index begin = c.window > 0 ? std::max<Index>(0, t + 1 - c.window) : 0;
        const Index end = c.causal ? t + 1 : steps;
        std::vector<Var> songs;
        for (Index b = 0; b < batch; ++b) {
            const auto part = [&](Index j, Index row) {
                return slice_rows(slice_columns(projected[static_cast<std::size_t>(j)], b, 1), row,
                                  d);
            };
            std::vector<Var> heads;
            for (Index head = 0; head < c.heads; ++head) {
                std::vector<Var> keys, values;
                for (Index j = begin; j < end; ++j) {
                    keys.push_back(part(j, h + head * d));
                    values.push_back(part(j, 2 * h + head * d));
                }
                const Var scores =
                    matmul(transpose(concat_columns(all_of(keys))), part(t, head * d)) /
                    std::sqrt(static_cast<double>(d));
                heads.push_back(matmul(concat_columns(all_of(values)), softmax(scores)));
            }
            songs.push_back(concat_rows(all_of(heads)));
        }
        const Var o = concat_columns(all_of(songs));
        y.push_back(c.heads > 1 ? matmul(in[prefix + "out_proj.weight"], o) : o);
    }
    return y;
}

/// x: one F x B a step.
std::vector<Var> mapping_equations(const TapeBlocks& in, const std::string& prefix,
                                   const std::vector<Var>& x, Index layers) {
    Var value = concat_rows(all_of(x));
    for (Index k = 0; k < layers; ++k) {
        const std::string name = prefix + std::to_string(k);
        value = relu(matmul(in[name + ".weight"], value) + in[name + ".bias"]);
    }
    std::vector<Var> w;
    const Index features = x[0].rows();
    for (std::size_t t = 0; t < x.size(); ++t)
        w.push_back(slice_rows(value, static_cast<Index>(t) * features, features));
    return w;
}

Var carnn_equations(const TapeBlocks& in, const CarnnSizes& sizes) {
    const mgan::GeneratorSettings& c = sizes.config;
    std::vector<Var> w =
        mapping_equations(in, "mapping.", in.steps("noise", sizes.plane_steps()), c.mapping_layers);
    w = convolution_equations(in, "convolution.", w, {c.noise, 1, 1, c.convolution, c.convolution});
    const auto steps = static_cast<std::size_t>(sizes.steps);
    std::vector<Var> before =
        sizes.teacher_forced ? in.steps("before", sizes.steps) : std::vector<Var>{in["first"]};
    std::vector<Var> events;
    // Everything up to step t again for each t: slow, but nothing is carried over by hand.
    for (std::size_t t = 0; t < steps; ++t) {
        std::vector<Var> x;
        for (std::size_t s = 0; s <= t; ++s) x.push_back(mgan::concat_rows({w[s], before[s]}));
        for (Index k = 0; k < c.layers; ++k) {
            const Var zero = in.zeros(c.hidden, sizes.batch);
            x = lstm_equations(in, "lstm.", "_l" + std::to_string(k), x, zero, zero);
        }
        x = attention_equations(in, "attention.", x,
                                {c.hidden, c.attention_heads, true, c.attention_window});
        const Var a = relu(matmul(in["head_1.weight"], x[t]) + in["head_1.bias"]);
        events.push_back(matmul(in["head_2.weight"], a) + in["head_2.bias"]);
        if (!sizes.teacher_forced) before.push_back(events.back());
    }
    return side_by_side(events);
}

}  // namespace

TEST_CASE("Conv2d agrees with the tape") {
    for (const Extent extent : kExtents) {
        for (const mgan::Conv2dSettings config :
             {mgan::Conv2dSettings{}, mgan::Conv2dSettings{3, 2, 2, 3, 1}}) {
            Conv2dSubject<double> subject({extent.steps, extent.batch, config});
            fill(subject, Point::kRandom, 1);
            prove_by_tape(subject, [&](const TapeBlocks& in) {
                return side_by_side(
                    convolution_equations(in, "", in.steps("x", extent.steps), config));
            });
        }
    }
}

TEST_CASE("Attention agrees with the tape") {
    for (const Extent extent : {Extent{1, 1}, Extent{2, 3}, Extent{7, 3}, Extent{18, 1}}) {
        for (const mgan::AttentionSettings config :
             {mgan::AttentionSettings{6, 1, true, 0}, mgan::AttentionSettings{6, 3, true, 0},
              mgan::AttentionSettings{6, 2, true, 2}, mgan::AttentionSettings{6, 2, false, 0}}) {
            for (const bool by_steps : {false, true}) {
                if (by_steps && !config.causal) continue;
                AttentionSubject<double> subject({extent.steps, extent.batch, config, by_steps});
                fill(subject, Point::kRandom, 2);
                prove_by_tape(subject, [&](const TapeBlocks& in) {
                    return side_by_side(
                        attention_equations(in, "", in.steps("x", extent.steps), config));
                });
            }
        }
    }
}

TEST_CASE("MappingNetwork agrees with the tape") {
    for (const Extent extent : kExtents) {
        MappingNetworkSubject<double> subject({extent.steps, extent.batch, 2, 3});
        fill(subject, Point::kRandom, 3);
        prove_by_tape(subject, [&](const TapeBlocks& in) {
            return side_by_side(mapping_equations(in, "", in.steps("z", extent.steps), 3));
        });
    }
}

TEST_CASE("CARNN generator agrees with the tape, free running and teacher forced") {
    for (const Extent extent : kExtents) {
        for (const bool teacher_forced : {false, true}) {
            for (const Index window : {0, 2}) {
                CarnnSizes sizes;
                sizes.steps = extent.steps;
                sizes.batch = extent.batch;
                sizes.plane = extent.steps + 2;
                sizes.teacher_forced = teacher_forced;
                sizes.config.attention_window = window;
                CarnnSubject<double> subject(sizes);
                fill(subject, Point::kRandom, 4);
                prove_by_tape(subject,
                              [&](const TapeBlocks& in) { return carnn_equations(in, sizes); });
            }
        }
    }
}
