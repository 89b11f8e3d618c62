// What layer normalisation computes.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/layer_norm.hpp>
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>

using mgan::Index;
using mgan::LayerNorm;
using mgan::Matrix;
using mgan::Vector;

namespace {

template <typename Scalar>
LayerNorm<Scalar> example(Index features) {
    LayerNorm<Scalar> layer(features);
    layer.weight = mgan::random_matrix<Scalar>(features, 1, 1);
    layer.bias = mgan::random_matrix<Scalar>(features, 1, 2);
    return layer;
}

}  // namespace

TEST_CASE("Layer norm: a fresh layer gives columns of mean 0 and variance 1") {
    const LayerNorm<double> layer(50, 1e-12);
    const Matrix<double> x = 3.0 * mgan::random_matrix(50, 4, 3).array() + 100.0;
    Matrix<double> y(50, 4);
    LayerNorm<double>::Cache cache;
    layer.forward(x, y, cache);
    for (Index j = 0; j < 4; ++j) {
        CHECK(std::abs(y.col(j).mean()) < 1e-12);
        CHECK(std::abs(y.col(j).cwiseAbs2().mean() - 1.0) < 1e-10);
    }
}

TEMPLATE_TEST_CASE("Layer norm: a step gives the bits of forward, wherever a column lies", "",
                   float, double) {
    for (const Index features : {1, 3, 16, 21, 100}) {
        const LayerNorm<TestType> layer = example<TestType>(features);
        const Matrix<TestType> x = mgan::random_matrix<TestType>(features, 7, 4);
        Matrix<TestType> y(features, 7);
        typename LayerNorm<TestType>::Cache cache;
        layer.forward(x, y, cache);
        for (Index shift = 0; shift < 5; ++shift) {
            // A column at another distance from a vector's boundary each time.
            mgan::AlignedVector<TestType> memory(static_cast<std::size_t>(features + shift));
            mgan::MatrixMap<TestType> column(memory.data() + shift, features, 1);
            for (Index j = 0; j < 7; ++j) {
                column = x.col(j);
                layer.step(column);
                REQUIRE(column == y.col(j));
            }
        }
        Matrix<TestType> in_place = x;
        layer.forward(in_place, in_place, cache);
        CHECK(in_place == y);
    }
}

TEST_CASE("Layer norm: initialisation leaves the gain at 1 and the offset at 0") {
    for (const mgan::Initialisation kind :
         {mgan::Initialisation::uniform, mgan::Initialisation::glorot}) {
        LayerNorm<float> layer = example<float>(6);
        mgan::initialise(layer, mgan::Random(1, "layer_norm_test"), kind);
        CHECK(layer.weight == Vector<float>::Ones(6));
        CHECK(layer.bias == Vector<float>::Zero(6));
    }
}

TEST_CASE("Layer norm: a second pass allocates nothing, nor does a step") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    const LayerNorm<float> layer = example<float>(21);
    LayerNorm<float> gradients(21);
    Matrix<float> x = mgan::random_matrix<float>(21, 7, 5), y = x;
    LayerNorm<float>::Cache cache;
    const auto pass = [&] {
        layer.forward(x, y, cache);
        layer.backward(y, x, cache, gradients);
        layer.backward(y, x, cache, gradients, mgan::Update::add);
        layer.step(x);
    };
    pass();
    CHECK(mgan_test::allocations_in(pass) == 0);
}

TEST_CASE("Layer norm: dx is written or added to, and may be dy") {
    const LayerNorm<double> layer = example<double>(5);
    LayerNorm<double> gradients(5);
    const Matrix<double> x = mgan::random_matrix(5, 3, 6), dy = mgan::random_matrix(5, 3, 7);
    Matrix<double> y(5, 3), dx(5, 3), twice = Matrix<double>::Ones(5, 3), in_place = dy;
    LayerNorm<double>::Cache cache;
    layer.forward(x, y, cache);
    layer.backward(dy, dx, cache, gradients);
    layer.backward(dy, twice, cache, gradients, mgan::Update::add);
    layer.backward(in_place, in_place, cache, gradients);
    CHECK(twice == Matrix<double>::Ones(5, 3) + dx);
    CHECK(in_place == dx);
}

TEST_CASE("Layer norm: impossible sizes are refused") {
    CHECK_THROWS_AS(LayerNorm<float>(3, 0.0), mgan::ConfigError);
    const LayerNorm<float> layer(3);
    LayerNorm<float>::Cache cache;
    Matrix<float> x(4, 2), y(3, 2);
    CHECK_THROWS_WITH(layer.forward(x, y, cache),
                      "LayerNorm::forward: x has 4 rows, the layer expects 3");
}
