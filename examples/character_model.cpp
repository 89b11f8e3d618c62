// A character model: an LSTM learns which character follows, and writes.
//
//     character_model TEXT [EPOCHS]
//
// Net: characters, one-hot -> LSTM -> dense. `Fit` trains it on pieces of the text.

#include <mgan/core/file.hpp>
#include <mgan/layers/chain.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/training/fit.hpp>

#include <cstdlib>
#include <iostream>
#include <map>

using mgan::Index, mgan::Matrix, mgan::Sequence;
using Net = decltype(mgan::chain(mgan::Lstm<float>(1, 1), mgan::Dense<float>(1, 1)));

/// Pieces of 50 characters of a text; the loss is the mean of -log p(next character).
struct Pieces {
    struct Memory {
        Net::Cache cache;
        Sequence<float> x, y, dy;
    };
    static constexpr Index kSteps = 50;
    std::vector<Index> text;  ///< characters as numbers 0 .. kinds - 1
    Index kinds = 0;

    [[nodiscard]] std::size_t size() const { return text.size() / kSteps - 1; }

    double learn(const Net& net, std::span<const std::size_t> samples, double share, std::uint64_t,
                 Net& gradients, Memory& m) const {
        const auto count = static_cast<Index>(samples.size());
        for (auto* sequence : {&m.x, &m.y, &m.dy}) sequence->resize(kSteps, count, kinds);
        m.x.set_zero();
        const auto at = [&](Index t, Index b) {
            return text[samples[static_cast<std::size_t>(b)] * kSteps +
                        static_cast<std::size_t>(t)];
        };
        for (Index t = 0; t < kSteps; ++t)
            for (Index b = 0; b < count; ++b) m.x(t, b, at(t, b)) = 1.0f;
        net.forward(m.x.view(), m.y.view(), m.cache);
        double loss = 0.0;
        const float each = static_cast<float>(share) / static_cast<float>(kSteps);
        for (Index t = 0; t < kSteps; ++t) {
            for (Index b = 0; b < count; ++b) {
                auto p = m.dy.step(t).col(b);
                p = (m.y.step(t).col(b).array() - m.y.step(t).col(b).maxCoeff()).exp();
                p /= p.sum();
                loss -= static_cast<double>(each * std::log(p(at(t + 1, b))));
                p(at(t + 1, b)) -= 1.0f;
                p *= each;
            }
        }
        net.backward(std::as_const(m.dy).view(), {}, m.cache, gradients);
        return loss;
    }
};

int main(int argc, char** argv) try {
    mgan::require<mgan::Error>(argc > 1, "usage: character_model TEXT [EPOCHS]");
    Pieces pieces;
    std::map<char, Index> number;
    std::vector<char> letter;
    for (const std::byte byte : mgan::read_file_bytes(argv[1])) {
        const auto c = static_cast<char>(byte);
        const auto [place, is_new] = number.emplace(c, static_cast<Index>(letter.size()));
        if (is_new) letter.push_back(c);
        pieces.text.push_back(place->second);
    }
    const Index kinds = pieces.kinds = static_cast<Index>(letter.size());
    Net net = mgan::chain(mgan::Lstm<float>(kinds, 128), mgan::Dense<float>(128, kinds));
    mgan::initialise(net, mgan::Random(1, "characters"));
    mgan::FitSettings settings{.epochs = argc > 2 ? std::atoi(argv[2]) : 40, .batch = 8};
    settings.learning_rate = 5e-3;
    settings.schedule = mgan::RateSchedule::cosine;
    settings.optimiser.beta1 = 0.9;
    mgan::Fit fit(net, std::move(pieces), settings);
    const double first = fit.run_epoch().value_or(mgan::FitReport{}).loss;
    double last = first;
    while (!fit.finished()) last = fit.run_epoch()->loss;
    decltype(net)::State state;
    fit.net().start(state, 1);
    Matrix<float> x = Matrix<float>::Zero(kinds, 1), logit(kinds, 1);
    Index now = 0;
    for (std::uint64_t t = 0; t < 300; ++t) {
        x.setZero();
        x(now, 0) = 1.0f;
        fit.net().step(x, state, logit);
        const Matrix<float> p = (1.5f * (logit.array() - logit.maxCoeff())).exp();
        double level = mgan::Random(2, "writing").uniform(t) * static_cast<double>(p.sum());
        for (now = 0; now + 1 < kinds && (level -= static_cast<double>(p(now, 0))) > 0.0;) ++now;
        std::cout << letter[static_cast<std::size_t>(now)];
    }
    std::cout << "\nloss fell from " << first << " to " << last << '\n';
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
