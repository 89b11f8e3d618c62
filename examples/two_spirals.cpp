// Two spirals: a net of dense layers learns which of two spirals a point lies on.
//
//     two_spirals [PREDICTIONS.csv]
//
// The net is a chain, the loop is `Fit`. The file has a line "x,y,probability" for each point of a
// grid; examples/draw.py draws it.

#include <mgan/layers/chain.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/training/fit.hpp>

#include <cmath>
#include <fstream>
#include <iostream>

using mgan::Activation, mgan::ActivationLayer, mgan::Dense, mgan::Index, mgan::Sequence;

using Net = decltype(mgan::chain(Dense<float>(2, 64), ActivationLayer<float>{Activation::tanh},
                                 Dense<float>(64, 64), ActivationLayer<float>{Activation::tanh},
                                 Dense<float>(64, 1)));

/// 194 points, the even ones on one spiral.
struct Spirals {
    struct Memory {
        Net::Cache cache;
        Sequence<float> x, logit, d_logit;
    };
    [[nodiscard]] std::size_t size() const { return 194; }

    static void put(std::size_t sample, float* xy) {
        const float turn = static_cast<float>(sample / 2) / 97.0f;
        const float angle = 6.0f * 3.14159265f * turn, radius = 1.0f - 0.95f * turn;
        const float side = sample % 2 == 0 ? 1.0f : -1.0f;
        xy[0] = side * radius * std::sin(angle);
        xy[1] = side * radius * std::cos(angle);
    }

    double learn(const Net& net, std::span<const std::size_t> samples, double share, std::uint64_t,
                 Net& gradients, Memory& m) const {
        const auto count = static_cast<Index>(samples.size());
        for (auto* sequence : {&m.logit, &m.d_logit}) sequence->resize(1, count, 1);
        m.x.resize(1, count, 2);
        for (Index i = 0; i < count; ++i)
            put(samples[static_cast<std::size_t>(i)], m.x.step(0).col(i).data());
        net.forward(m.x.view(), m.logit.view(), m.cache);
        double loss = 0.0;
        for (Index i = 0; i < count; ++i) {
            const float label = samples[static_cast<std::size_t>(i)] % 2 == 0 ? 1.0f : 0.0f;
            const auto one = mgan::logit_cross_entropy(m.logit(0, i, 0), label);
            loss += share * static_cast<double>(one.value);
            m.d_logit(0, i, 0) = static_cast<float>(share) * one.derivative;
        }
        net.backward(std::as_const(m.d_logit).view(), {}, m.cache, gradients);
        return loss;
    }
};

int main(int argc, char** argv) try {
    Net net = mgan::chain(Dense<float>(2, 64), ActivationLayer<float>{Activation::tanh},
                          Dense<float>(64, 64), ActivationLayer<float>{Activation::tanh},
                          Dense<float>(64, 1));
    mgan::initialise(net, mgan::Random(1, "spirals"), mgan::Initialisation::glorot);
    net.layer<0>().weight *= 10.0f;  // the spirals turn three times
    mgan::FitSettings settings{.epochs = 3000, .batch = 97, .learning_rate = 5e-3};
    settings.schedule = mgan::RateSchedule::cosine;
    settings.optimiser.beta1 = 0.9;
    mgan::Fit fit(net, Spirals{}, settings);
    double first = 0.0, last = 0.0;
    while (!fit.finished()) {
        last = fit.run_epoch()->loss;
        if (first == 0.0) first = last;
    }
    std::ofstream file(argc > 1 ? argv[1] : "two_spirals.csv");
    decltype(net)::State state;
    fit.net().start(state, 1);
    mgan::Matrix<float> xy(2, 1), logit(1, 1);
    for (int i = -50; i <= 50; ++i) {
        for (int j = -50; j <= 50; ++j) {
            xy << static_cast<float>(i) / 45.0f, static_cast<float>(j) / 45.0f;
            fit.net().step(xy, state, logit);
            file << xy(0) << ',' << xy(1) << ',' << mgan::sigmoid(logit(0, 0)) << '\n';
        }
    }
    std::cout << "loss fell from " << first << " to " << last << '\n';
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
