// The programs of docs/gan-losses.md.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/feature_matching.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/optimisation/schedule.hpp>

#include <array>
#include <cmath>
#include <cstdio>

namespace {

using mgan::Index;

/// How fast the generator's loss changes with the discriminator's logit a, D = sigmoid(a).
void print_slopes() {
    for (const double a : {-5.0, 0.0, 5.0}) {
        const double d = 1.0 / (1.0 + std::exp(-a));
        const auto slope = [&](mgan::GeneratorLoss kind) {
            return mgan::generator_loss(d, kind).derivative * d * (1.0 - d);  // dD/da = D (1 - D)
        };
        std::printf("D(G(z)) = %.3f: saturating %.3f, non-saturating %.3f\n", d,
                    slope(mgan::GeneratorLoss::saturating),
                    slope(mgan::GeneratorLoss::non_saturating));
    }
}

/// The value of the game with the best discriminator, by its definition and by the divergence.
void print_game() {
    constexpr std::array<double, 3> p = {0.5, 0.5, 0.0};
    constexpr std::array<std::array<double, 3>, 3> all_q = {
        {{0.5, 0.5, 0.0}, {0.2, 0.4, 0.4}, {0.0, 0.0, 1.0}}};
    const auto times_log = [](double a, double b) { return a > 0.0 ? a * std::log(b) : 0.0; };
    for (const auto& q : all_q) {
        double v = 0.0, kl_p = 0.0, kl_q = 0.0;
        for (std::size_t x = 0; x < 3; ++x) {
            const double d = p[x] / (p[x] + q[x]), m = (p[x] + q[x]) / 2;  // (b)
            v += times_log(p[x], d) + times_log(q[x], 1 - d);              // (a)
            kl_p += times_log(p[x], p[x] / m);
            kl_q += times_log(q[x], q[x] / m);
        }
        const double jsd = (kl_p + kl_q) / 2;
        std::printf("q = %.2f %.2f %.2f: V by (a) %.3f, by (b1) %.3f, JSD %.3f\n", q[0], q[1], q[2],
                    v + 0.0, 2 * jsd - 2 * std::log(2.0), jsd);
    }
}

/// Who is frozen at balance, where D = 1/2 for every song.
void print_freezing() {
    const double loss_d = 2.0 * mgan::cross_entropy(0.5, 1.0).value;  // 2 log 2: two terms
    const double loss_g = mgan::negative_log(0.5).value;              // log 2
    std::printf("without the half: the generator is frozen: %s\n",
                loss_g < 0.7 * loss_d ? "yes" : "no");
    const mgan::Freezing rest = mgan::freeze(mgan::FreezingRule::winner, loss_d, loss_g, 0.7);
    std::printf("with the half: the generator is frozen: %s\n", rest.generator ? "yes" : "no");
}

/// Songs of one number: real ones are -1 or +1; generated ones all 0, or -1 or +1 as well.
void print_feature_matching() {
    mgan::Matrix<double> real(1, 2), collapsed(1, 2), right(1, 2), unused;
    real << -1, 1;
    collapsed << 0, 0;
    right << -1, 1;
    const auto paired = [&](const mgan::Matrix<double>& generated) {  // over all pairs
        double sum = 0;
        for (Index a = 0; a < 2; ++a)
            for (Index b = 0; b < 2; ++b) sum += std::pow(real(a) - generated(b), 2) / 4;
        return sum;
    };
    std::printf("              collapsed  right\n");
    std::printf("paired        %9.2f  %5.2f\n", paired(collapsed), paired(right));
    std::printf("batch mean    %9.2f  %5.2f\n",
                mgan::mean_distance<double>(real, collapsed, 1.0, unused),
                mgan::mean_distance<double>(real, right, 1.0, unused));
    std::printf("energy        %9.2f  %5.2f\n",
                mgan::energy_distance<double>(real, collapsed, 1.0, unused),
                mgan::energy_distance<double>(real, right, 1.0, unused));
}

/// The best constant answers to targets that are -1 (three of ten) or +1 (seven of ten), found by
/// descent: of the squared error, and of the pinball loss at several levels.
void print_best_answers() {
    mgan::Matrix<double> target = mgan::Matrix<double>::Ones(1, 10);
    target.leftCols(3).setConstant(-1.0);
    const auto descend = [&](auto&& loss) {
        double answer = 0.1;
        mgan::Matrix<double> y(1, 10), dy(1, 10);
        for (int step = 1; step <= 4000; ++step) {
            y.setConstant(answer);
            loss(y, dy);
            answer -= 5.0 / (step + 10) * dy.sum();
        }
        return answer;
    };
    const double mean = descend(
        [&](const auto& y, auto& dy) { return mgan::squared_error<double>(y, target, 0.1, dy); });
    std::printf("squared error: %5.2f\n", mean);
    for (const double z : {0.1, 0.2, 0.5, 0.9}) {
        const mgan::Matrix<double> level = mgan::Matrix<double>::Constant(1, 10, z);
        const double quantile = descend([&](const auto& y, auto& dy) {
            return mgan::pinball<double>(y, target, level, 0.1, dy);
        });
        std::printf("pinball, z = %.1f: %5.2f\n", z, quantile);
    }
}

}  // namespace

int main() {
    print_game();
    print_slopes();
    print_freezing();
    print_feature_matching();
    print_best_answers();
}
