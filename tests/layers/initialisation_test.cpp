// The numbers that a net starts from.

#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/initialisation.hpp>
#include <support/catch.hpp>

using mgan::Index;
using mgan::Initialisation;
using mgan::Random;

namespace {

struct Statistics {
    double mean, deviation, largest;
};
template <typename Numbers>
Statistics statistics(const Numbers& numbers) {
    const mgan::Vector<double> x = numbers.reshaped();
    const double mean = x.mean();
    return {mean, std::sqrt((x.array() - mean).square().mean()), x.cwiseAbs().maxCoeff()};
}

/// n numbers uniform on [-limit, limit): no larger than it, close to it, mean and deviation within
/// five standard errors.
template <typename Numbers>
void check_uniform(const Numbers& numbers, double limit) {
    const Statistics s = statistics(numbers);
    const double n = static_cast<double>(numbers.size());
    const double deviation = limit / std::sqrt(3.0);
    CHECK(s.largest <= limit);
    CHECK(s.largest > limit * (1.0 - 10.0 / n));
    CHECK(std::abs(s.mean) < 5.0 * deviation / std::sqrt(n));
    CHECK(std::abs(s.deviation - deviation) < 5.0 * 0.45 * deviation / std::sqrt(n));
}

}  // namespace

TEST_CASE("Initialisation: uniform weights have PyTorch's bounds") {
    mgan::Dense<double> dense(200, 100);
    mgan::initialise(dense, Random(1, "initialisation_test"));
    check_uniform(dense.weight, 1.0 / std::sqrt(200.0));
    check_uniform(dense.bias, 1.0 / std::sqrt(200.0));
    mgan::Lstm<double> lstm(30, 100);
    mgan::initialise(lstm, Random(2, "initialisation_test"));
    check_uniform(lstm.weight_ih, 0.1);
    check_uniform(lstm.weight_hh, 0.1);
    check_uniform(lstm.bias_ih.tail(200), 0.1);
    check_uniform(lstm.bias_hh.head(100), 0.1);
}

TEST_CASE("Initialisation: Glorot's bounds count one gate, and biases are zero") {
    mgan::Dense<double> dense(200, 100);
    mgan::initialise(dense, Random(3, "initialisation_test"), Initialisation::glorot);
    check_uniform(dense.weight, std::sqrt(6.0 / 300.0));
    CHECK(dense.bias.isZero(0.0));
    mgan::Lstm<double> lstm(30, 100);
    mgan::initialise(lstm, Random(4, "initialisation_test"), Initialisation::glorot);
    check_uniform(lstm.weight_ih, std::sqrt(6.0 / 130.0));
    check_uniform(lstm.weight_hh, std::sqrt(6.0 / 200.0));
    CHECK(lstm.bias_hh.isZero(0.0));
}

TEST_CASE("Initialisation: the two biases of every forget gate add up to one") {
    for (const Initialisation kind : {Initialisation::uniform, Initialisation::glorot}) {
        mgan::BiLstm<float> bilstm(3, 10, 2);
        mgan::initialise(bilstm, Random(5, "initialisation_test"), kind);
        for (const auto& layer : bilstm.layers) {
            for (const mgan::Lstm<float>* lstm : {&layer.forward, &layer.backward}) {
                const mgan::Vector<float> forget =
                    lstm->bias_ih.segment(10, 10) + lstm->bias_hh.segment(10, 10);
                CHECK(forget == mgan::Vector<float>::Ones(10));
            }
        }
    }
}

TEST_CASE("Initialisation: a seed gives the same numbers, another seed others") {
    mgan::BiLstm<double> a(3, 10, 2), b = a, c = a;
    mgan::initialise(a, Random(6, "initialisation_test"));
    mgan::initialise(b, Random(6, "initialisation_test"));
    mgan::initialise(c, Random(7, "initialisation_test"));
    CHECK(mgan::flat_parameters<double>(a) == mgan::flat_parameters<double>(b));
    CHECK(mgan::flat_parameters<double>(a) != mgan::flat_parameters<double>(c));
    CHECK(a.layers[0].forward.weight_hh != a.layers[0].backward.weight_hh);
}
