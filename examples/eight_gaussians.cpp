// A GAN on eight Gaussians on a circle, with and without the gradient penalty R1.
//
//     eight_gaussians [POINTS.csv [STEPS]]        writes lines "gamma,x,y"; draw.py draws them
//
// The gradient of R1 is one of a function of gradients: D runs once more, with dual numbers.

#include <mgan/autodiff/second_derivatives.hpp>
#include <mgan/layers/chain.hpp>
#include <mgan/layers/dual_parameters.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <fstream>
#include <iostream>

using mgan::Dual, mgan::Index, mgan::Random, mgan::Sequence;
constexpr Index kBatch = 128, kNoise = 8;
const double kEighth = std::atan(1.0);

template <typename Scalar>
auto net(Index in, Index out) {
    using Layer = mgan::Dense<Scalar>;
    const mgan::ActivationLayer<Scalar> relu{mgan::Activation::relu};
    return mgan::chain(Layer(in, 64), relu, Layer(64, 64), relu, Layer(64, out));
}
using Net = decltype(net<float>(1, 1));

void draw(const Random& random, Sequence<float>& x, bool gaussians) {
    for (Index i = 0; i < x.size(); ++i) {
        const auto at = static_cast<std::uint64_t>(i);
        const double noise = random.normal(at), angle = kEighth * double(random.bits(at / 2) >> 61);
        const double corner = i % 2 == 0 ? std::cos(angle) : std::sin(angle);
        x.data()[i] = float(gaussians ? 2 * corner + 0.05 * noise : noise);
    }
}

/// Adds d/dW of gamma/2 mean |dD/dx|^2, given dD/dx.
void add_r1(const Net& d, const Sequence<float>& x, const Sequence<float>& slope, float gamma,
            Net& gradients) {
    auto dual = net<Dual<float>>(2, 1), products = dual;
    mgan::set_dual(dual, d);
    Sequence<Dual<float>> moved(1, kBatch, 2), y(1, kBatch, 1), ones(1, kBatch, 1);
    moved.all() = mgan::dual_matrix(x.all(), gamma / float(kBatch) * slope.all());
    ones.all().setConstant(Dual<float>(1));
    decltype(dual)::Cache cache;
    dual.forward(moved.view(), y.view(), cache);
    dual.backward(std::as_const(ones).view(), {}, cache, products);
    mgan::add_derivatives(products, 1.0f, gradients);
}

int main(int argc, char** argv) {
    std::ofstream file(argc > 1 ? argv[1] : "eight_gaussians.csv");
    const std::uint64_t steps = argc > 2 ? std::stoull(argv[2]) : 6000;
    for (const float gamma : {0.0f, 1.0f}) {
        Net g = net<float>(kNoise, 2), d = net<float>(2, 1), dg = g, dd = d, ignored = d;
        mgan::initialise(g, Random(1, "g"), mgan::Initialisation::glorot);
        mgan::initialise(d, Random(1, "d"), mgan::Initialisation::glorot);
        mgan::Optimiser<float> of_g, of_d;
        Sequence<float> z(1, kBatch, kNoise), x(1, kBatch, 2), y(1, kBatch, 2), dx(1, kBatch, 2),
            logit(1, kBatch, 1), seed(1, kBatch, 1);
        Net::Cache of_points, judged;
        const auto judge = [&](const Sequence<float>& points, float label, Net& gradients) {
            d.forward(points.view(), logit.view(), judged);
            for (Index b = 0; b < kBatch; ++b)
                seed(0, b, 0) =
                    mgan::logit_cross_entropy(logit(0, b, 0), label).derivative / float(kBatch);
            d.backward(std::as_const(seed).view(), dx.view(), judged, gradients);
        };
        for (std::uint64_t step = 0; step < steps; ++step) {
            draw(Random(2, "noise", step), z, false);
            draw(Random(2, "real", step), x, true);
            g.forward(z.view(), y.view(), of_points);
            mgan::set_zero(dd), mgan::set_zero(dg);
            judge(y, 0.0f, dd), judge(x, 1.0f, dd);
            seed.all().setOnes();
            d.backward(std::as_const(seed).view(), dx.view(), judged, ignored);
            if (gamma > 0) add_r1(d, x, dx, gamma, dd);
            of_d.step(d, dd, 1e-3, "discriminator");
            judge(y, 1.0f, ignored);  // what would make D take them for real
            g.backward(std::as_const(dx).view(), {}, of_points, dg);
            of_g.step(g, dg, 1e-3, "generator");
        }
        int near[8] = {}, found = 0, all = 0;
        for (std::uint64_t round = 0; round < 8; ++round) {
            draw(Random(3, "play", round), z, false);
            g.forward(z.view(), y.view(), of_points);
            for (Index b = 0; b < kBatch; ++b) {
                const double u = y(0, b, 0), v = y(0, b, 1);
                const double k = std::round(std::atan2(v, u) / kEighth), angle = kEighth * k;
                file << gamma << ',' << u << ',' << v << '\n';
                near[(int(k) + 8) % 8] +=
                    std::hypot(u - 2 * std::cos(angle), v - 2 * std::sin(angle)) < 0.15;
            }
        }
        for (const int points : near) found += points >= 32, all += points;  // of 128 each
        std::cout << "gamma " << gamma << ": " << found << " of 8 Gaussians found, "
                  << all * 100 / 1024 << " % of the points near\n";
    }
}
