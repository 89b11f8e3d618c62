// A GAN on eight Gaussians on a circle, with and without the gradient penalty R1.
//
//     eight_gaussians [POINTS.csv]
//
// Generator and discriminator are chains. The gradient of R1 is that of a function of gradients: the
// discriminator runs once more with dual numbers (tensor/dual.hpp). The file has a line
// "gamma,x,y" for each generated point; examples/draw.py draws it.

#include <mgan/autodiff/second_derivatives.hpp>
#include <mgan/layers/chain.hpp>
#include <mgan/layers/dual_parameters.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <cmath>
#include <fstream>
#include <iostream>

using mgan::Dual, mgan::Index, mgan::Random, mgan::Sequence;
constexpr Index kBatch = 128, kNoise = 8;

template <typename Scalar>
auto net(Index in, Index out) {
    using Act = mgan::ActivationLayer<Scalar>;
    using Layer = mgan::Dense<Scalar>;
    return mgan::chain(Layer(in, 64), Act{mgan::Activation::relu}, Layer(64, 64),
                       Act{mgan::Activation::relu}, Layer(64, out));
}
using Net = decltype(net<float>(1, 1));
using DualNet = decltype(net<Dual<float>>(1, 1));

void draw(const Random& random, Sequence<float>& x, bool gaussians) {
    for (Index b = 0; b < x.batch(); ++b)
        for (Index f = 0; f < x.features(); ++f) {
            const auto at = static_cast<std::uint64_t>(16 * b + f);
            const double angle = 0.25 * std::acos(-1.0) *
                                 double(random.integer(16 * static_cast<std::uint64_t>(b) + 15, 8));
            const double centre =
                gaussians ? 2.0 * (f == 0 ? std::cos(angle) : std::sin(angle)) : 0.0;
            x(0, b, f) = static_cast<float>(centre + (gaussians ? 0.05 : 1.0) * random.normal(at));
        }
}

/// Adds d/dW of gamma/2 mean |dD/dx|^2.
void add_r1(const Net& d, const Sequence<float>& x, float gamma, Net& gradients) {
    Sequence<float> logit(1, kBatch, 1), seed(1, kBatch, 1), slope(1, kBatch, 2);
    seed.all().setOnes();
    Net::Cache cache;
    Net ignored = d;
    d.forward(x.view(), logit.view(), cache);
    d.backward(std::as_const(seed).view(), slope.view(), cache, ignored);
    DualNet dual = net<Dual<float>>(2, 1), products = dual;
    mgan::set_dual(dual, d);
    Sequence<Dual<float>> moved(1, kBatch, 2), y(1, kBatch, 1), one(1, kBatch, 1);
    moved.all() = mgan::dual_matrix(x.all(), gamma / float(kBatch) * slope.all());
    one.all().setConstant(Dual<float>(1));
    DualNet::Cache dual_cache;
    dual.forward(moved.view(), y.view(), dual_cache);
    dual.backward(std::as_const(one).view(), {}, dual_cache, products);
    mgan::add_derivatives(products, 1.0f, gradients);
}

int main(int argc, char** argv) try {
    std::ofstream file(argc > 1 ? argv[1] : "eight_gaussians.csv");
    for (const float gamma : {0.0f, 1.0f}) {
        Net g = net<float>(kNoise, 2), d = net<float>(2, 1);
        mgan::initialise(g, Random(1, "g"), mgan::Initialisation::glorot);
        mgan::initialise(d, Random(1, "d"), mgan::Initialisation::glorot);
        Net dg = g, dd = d;
        mgan::Optimiser<float> of_g(mgan::OptimiserSettings{}), of_d(mgan::OptimiserSettings{});
        Sequence<float> z(1, kBatch, kNoise), x(1, kBatch, 2), y(1, kBatch, 2), dy(1, kBatch, 2),
            logit(1, kBatch, 1), d_logit(1, kBatch, 1);
        Net::Cache of_songs, judged;
        const auto judge = [&](const Sequence<float>& points, float label) {
            d.forward(points.view(), logit.view(), judged);
            for (Index b = 0; b < kBatch; ++b)
                d_logit(0, b, 0) =
                    mgan::logit_cross_entropy(logit(0, b, 0), label).derivative / float(kBatch);
        };
        for (std::uint64_t step = 0; step < 6000; ++step) {
            draw(Random(2, "noise", step), z, false);
            draw(Random(2, "real", step), x, true);
            g.forward(z.view(), y.view(), of_songs);
            mgan::set_zero(dd);
            for (const float label : {1.0f, 0.0f}) {
                judge(label > 0 ? x : y, label);
                d.backward(std::as_const(d_logit).view(), {}, judged, dd);
            }
            if (gamma > 0) add_r1(d, x, gamma, dd);
            of_d.step(d, dd, 1e-3, "discriminator");
            judge(y, 1.0f);  // what would make D take them for real
            d.backward(std::as_const(d_logit).view(), dy.view(), judged, dd);
            mgan::set_zero(dg);
            g.backward(std::as_const(dy).view(), {}, of_songs, dg);
            of_g.step(g, dg, 1e-3, "generator");
        }
        int near[8] = {}, all = 0;
        for (std::uint64_t round = 0; round < 8; ++round) {
            draw(Random(3, "play", round), z, false);
            g.forward(z.view(), y.view(), of_songs);
            for (Index b = 0; b < kBatch; ++b) {
                const auto p = y.step(0).col(b);
                file << gamma << ',' << p(0) << ',' << p(1) << '\n';
                for (int k = 0; k < 8; ++k) {
                    const double angle = 0.25 * std::acos(-1.0) * k;
                    const bool hit = std::hypot(double(p(0)) - 2 * std::cos(angle),
                                                double(p(1)) - 2 * std::sin(angle)) < 0.2;
                    near[k] += hit;
                    all += hit;
                }
            }
        }
        int modes = 0;
        for (const int count : near) modes += count >= 20;
        std::cout << "gamma " << gamma << ": " << modes << " of 8 Gaussians, "
                  << 100 * all / (8 * kBatch) << " % of the points near one\n";
    }
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
