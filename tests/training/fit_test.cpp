// The library's loop with a net, a loss and data of one's own.

#include <mgan/autodiff/operations.hpp>
#include <mgan/layers/chain.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/parameter_list.hpp>
#include <mgan/training/fit.hpp>
#include <support/catch.hpp>
#include <support/folder.hpp>

using namespace mgan;

namespace {

/// y = sin(3 x) from a net of single numbers.
using Net = decltype(chain(Dense<float>(1, 16), ActivationLayer<float>{Activation::tanh},
                           Dense<float>(16, 1)));

struct Sine {
    struct Memory {
        Net::Cache cache;
        Sequence<float> x, y, dy;
    };
    float poison = 0.0f;  ///< added to the loss
    [[nodiscard]] std::size_t size() const { return 50; }
    double learn(const Net& net, std::span<const std::size_t> samples, double share,
                 std::uint64_t minibatch, Net& gradients, Memory& m) const {
        const auto count = static_cast<Index>(samples.size());
        m.x.resize(1, count, 1);
        m.y.resize(1, count, 1);
        m.dy.resize(1, count, 1);
        double loss = 0.0;
        for (Index i = 0; i < count; ++i)
            m.x(0, i, 0) = static_cast<float>(samples[static_cast<std::size_t>(i)]) / 25.0f - 1.0f;
        net.forward(m.x.view(), m.y.view(), m.cache);
        for (Index i = 0; i < count; ++i) {
            const float e = m.y(0, i, 0) - std::sin(3.0f * m.x(0, i, 0));
            loss += share * static_cast<double>(e * e);
            m.dy(0, i, 0) = 2.0f * static_cast<float>(share) * e;
        }
        net.backward(std::as_const(m.dy).view(), {}, m.cache, gradients);
        return minibatch == 7 ? loss + static_cast<double>(poison) : loss;
    }
};

Fit<Net, Sine> sine_fit(OptimiserKind kind, int threads = 1, float poison = 0.0f) {
    auto net =
        chain(Dense<float>(1, 16), ActivationLayer<float>{Activation::tanh}, Dense<float>(16, 1));
    initialise(net, Random(1, "fit"), Initialisation::glorot);
    FitSettings settings{.epochs = 800, .batch = 20, .shard = 6, .learning_rate = 1e-2};
    settings.schedule = RateSchedule::cosine;
    settings.optimiser.kind = kind;
    settings.optimiser.beta1 = 0.9;
    settings.optimiser.beta2 = kind == OptimiserKind::adam ? 0.999 : 0.99;
    settings.optimiser.momentum = 0.9;
    settings.optimiser.weight_decay = 1e-3;
    if (kind == OptimiserKind::rmsprop || kind == OptimiserKind::lion)
        settings.learning_rate = 3e-3;
    if (kind == OptimiserKind::sgd) settings.learning_rate = 0.1;
    return {net, Sine{poison}, settings, threads};
}

}  // namespace

TEST_CASE("Fit: every optimiser learns a sine") {
    for (const OptimiserKind kind : {OptimiserKind::sgd, OptimiserKind::adam, OptimiserKind::adamw,
                                     OptimiserKind::rmsprop, OptimiserKind::lion}) {
        auto fit = sine_fit(kind);
        CHECK(fit.steps_per_epoch() == 3);
        double first = 0.0, last = 0.0;
        while (!fit.finished()) {
            const auto report = fit.run_epoch();
            REQUIRE(report);
            if (report->epoch == 1) first = report->loss;
            last = report->loss;
        }
        INFO(static_cast<int>(kind));
        CHECK(last < 0.01);
        CHECK(last < 0.1 * first);
        CHECK_FALSE(fit.run_epoch());
    }
}

TEST_CASE("Fit: stopped at any minibatch and resumed, with other threads, the bits are the same") {
    const auto weights = [](const auto& fit) { return flat_parameters<float>(fit.net()); };
    auto whole = sine_fit(OptimiserKind::adamw);
    for (int epoch = 0; epoch < 4; ++epoch) (void)whole.run_epoch();
    const mgan_test::Folder folder;
    for (const std::int64_t stop : {1, 3, 7, 8}) {
        auto before = sine_fit(OptimiserKind::adamw, 2);
        while (before.steps() < stop)
            (void)before.run_epoch([&](double, std::int64_t, std::int64_t of) {
                CHECK(of == 3);
                return before.steps() < stop;
            });
        CHECK(before.steps() == stop);
        before.save(folder / "fit.safetensors");
        auto after = sine_fit(OptimiserKind::adamw, 3);
        after.restore(folder / "fit.safetensors");
        while (after.steps() < 12) (void)after.run_epoch();
        CHECK(weights(after) == weights(whole));
    }
}

TEST_CASE("Fit: a loss that is not finite stops the training before a weight changes") {
    auto fit = sine_fit(OptimiserKind::adam, 1, std::numeric_limits<float>::quiet_NaN());
    (void)fit.run_epoch();
    (void)fit.run_epoch();
    AlignedVector<float> before;
    try {
        (void)fit.run_epoch([&](double, std::int64_t, std::int64_t) {
            before = flat_parameters<float>(fit.net());
            return true;
        });
        FAIL("no error");
    } catch (const NumericalError& error) {
        CHECK_THAT(error.what(), Catch::Contains("epoch 3, minibatch 2: the loss is not finite"));
    }
    CHECK(flat_parameters<float>(fit.net()) == before);
}

TEST_CASE("Fit: a net written on the tape is a list of matrices") {
    struct Line {
        struct Memory {
            Tape<double> tape;
        };
        [[nodiscard]] std::size_t size() const { return 8; }
        double learn(const ParameterList<double>& net, std::span<const std::size_t> samples,
                     double share, std::uint64_t, ParameterList<double>& gradients,
                     Memory& memory) const {
            Matrix<double> x(1, static_cast<Index>(samples.size()));
            for (std::size_t i = 0; i < samples.size(); ++i)
                x(0, static_cast<Index>(i)) = static_cast<double>(samples[i]) / 8.0;
            memory.tape.clear();
            const auto v = net.record(memory.tape);
            const auto at = memory.tape.constant(x);
            const auto loss = share * sum(pow(matmul(v[0], at) + v[1] - (3.0 * at - 1.0), 2.0));
            memory.tape.backward(loss);
            gradients.add_gradients(v);
            return loss.scalar();
        }
    };
    ParameterList<double> net;
    net.add("slope", 1, 1);
    net.add("offset", 1, 1);
    CHECK_THROWS_AS(net.add("slope", 1, 1), ConfigError);
    FitSettings settings{.epochs = 400, .batch = 8, .learning_rate = 0.05};
    Fit fit(net, Line{}, settings);
    while (!fit.finished()) (void)fit.run_epoch();
    CHECK(fit.net()[0](0, 0) == Approx(3.0).epsilon(1e-3));
    CHECK(fit.net()[1](0, 0) == Approx(-1.0).epsilon(1e-3));
}
