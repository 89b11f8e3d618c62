#pragma once
/// \file
/// How like real sequences are generated ones? Two scores of Yoon et al. ("Time-series generative
/// adversarial networks", 2019), each by a small LSTM that is trained for nothing else.
///
/// **Discriminative score.** A classifier learns real from generated sequences on four fifths of
/// both. On the rest,
///
///     score = |share that it tells correctly - 1/2|       0: it cannot tell; 1/2: it always can
///
/// **Predictive score.** A net learns the next step on one set (generated ones) and predicts on
/// another (real ones): "train on synthetic, test on real". The score is its mean absolute error
/// there, over all channels, to be compared with that of a net that learned from real ones.
///
/// Both depend on the net and on how long it learns: compare only scores of the same settings. And
/// both are blind to copying: the data themselves have the best scores.

#include <mgan/layers/chain.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/training/fit.hpp>
#include <mgan/training/sequence_tasks.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mgan::inline MGAN_ABI {

/// The nets that score, and how they learn.
struct ScoreSettings {
    Index hidden = 24;  ///< units of the LSTM
    std::int64_t epochs = 40;
    Index batch = 128;
    double learning_rate = 5e-3;
    std::uint64_t seed = 1;
};

namespace sequence_scores_detail {

using Net = decltype(chain(Lstm<float>(1, 1), Dense<float>(1, 1)));

/// A net from C features to `out`, trained on `task`.
template <typename Task>
[[nodiscard]] Net trained(Task task, Index out, const ScoreSettings& settings) {
    Net net =
        chain(Lstm<float>(task.x.features(), settings.hidden), Dense<float>(settings.hidden, out));
    initialise(net, Random(settings.seed, "score"));
    FitSettings fitting{.epochs = settings.epochs,
                        .batch = settings.batch,
                        .shard = settings.batch,
                        .learning_rate = settings.learning_rate};
    fitting.schedule = RateSchedule::cosine;
    fitting.seed = settings.seed;
    fitting.optimiser.beta1 = 0.9;
    Fit fit(std::move(net), std::move(task), fitting);
    while (!fit.finished()) (void)fit.run_epoch();
    return fit.net();
}

}  // namespace sequence_scores_detail

/// Discriminative score, 0 to 1/2. real, generated: [T, N, C], of the same T and C, at least five
/// each. Of the larger set only the first N are taken. Throws ShapeError.
[[nodiscard]] inline double discriminative_score(const Sequence<float>& real,
                                                 const Sequence<float>& generated,
                                                 const ScoreSettings& settings = {}) {
    using sequence_scores_detail::Net;
    const Index count = std::min(real.batch(), generated.batch());
    if (real.steps() != generated.steps() || real.features() != generated.features() || count < 5) {
        fail<ShapeError>("discriminative_score: real sequences are ", real.shape(),
                         ", generated ones ", generated.shape(),
                         "; T and F must agree, and N be at least 5");
    }
    std::vector<std::size_t> order(static_cast<std::size_t>(2 * count));
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(std::span(order), Random(settings.seed, "scored sequences"));
    Sequence<float> both(real.steps(), 2 * count, real.features());
    for (Index t = 0; t < real.steps(); ++t) {
        both.step(t).leftCols(count) = real.step(t).leftCols(count);
        both.step(t).rightCols(count) = generated.step(t).leftCols(count);
    }
    const std::size_t learned = order.size() * 4 / 5;
    WhichKind<Net> task, rest;
    for (std::size_t i = 0; i < order.size(); ++i)
        (i < learned ? task : rest).kind.push_back(order[i] < order.size() / 2 ? 1.0f : 0.0f);
    take_samples(both, std::span(order).first(learned), task.x);
    take_samples(both, std::span(order).subspan(learned), rest.x);

    const Net net = sequence_scores_detail::trained(std::move(task), 1, settings);
    Net::Cache cache;
    Sequence<float> logit(rest.x.steps(), rest.x.batch(), 1);
    net.forward(std::as_const(rest.x).view(), logit.view(), cache);
    double told = 0.0;
    for (std::size_t b = 0; b < rest.kind.size(); ++b)
        told +=
            (logit(logit.steps() - 1, static_cast<Index>(b), 0) > 0.0f) == (rest.kind[b] > 0.5f);
    return std::abs(told / static_cast<double>(rest.kind.size()) - 0.5);
}

/// Predictive score: a net learns the next step from `learned` and predicts on `real`, both
/// [T, N, C] with the same C and T >= 2. The mean absolute error. Throws ShapeError.
[[nodiscard]] inline double predictive_score(const Sequence<float>& learned,
                                             const Sequence<float>& real,
                                             const ScoreSettings& settings = {}) {
    using sequence_scores_detail::Net;
    if (learned.features() != real.features() || learned.steps() < 2 || real.steps() < 2) {
        fail<ShapeError>("predictive_score: sequences to learn from are ", learned.shape(),
                         ", real ones ", real.shape(), "; F must agree, and T be at least 2");
    }
    const Net net =
        sequence_scores_detail::trained(NextStep<Net>{learned}, real.features(), settings);
    const Index steps = real.steps() - 1;
    Net::Cache cache;
    Sequence<float> y(steps, real.batch(), real.features());
    net.forward(real.view().steps(0, steps), y.view(), cache);
    return static_cast<double>((y.all() - real.range(1, steps)).cwiseAbs().mean());
}

}  // namespace mgan::inline MGAN_ABI
