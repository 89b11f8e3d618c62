// What the embedding computes, and what it says when it is called wrongly.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/embedding.hpp>
#include <mgan/layers/initialisation.hpp>
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>
#include <support/shape_error.hpp>

using mgan::Embedding;
using mgan::Index;
using mgan::Matrix;
using mgan_test::shape_error;

namespace {

Embedding<float> example(Index values, Index width) {
    Embedding<float> layer(values, width);
    layer.weight = mgan::random_matrix<float>(width, values, 1);
    return layer;
}

}  // namespace

TEST_CASE("Embedding: a value gives its column to the bit, none gives zeros") {
    const Embedding<float> layer = example(5, 3);
    const Index values[] = {4, 0, -1, 4};
    Matrix<float> y = Matrix<float>::Constant(3, 4, 7.0f);
    layer.forward(values, y);
    CHECK(y.col(0) == layer.weight.col(4));
    CHECK(y.col(1) == layer.weight.col(0));
    CHECK(y.col(2) == Matrix<float>::Zero(3, 1));
    CHECK(y.col(3) == layer.weight.col(4));
}

TEST_CASE("Embedding: several embeddings are summed, a batch or a column at a time") {
    const Embedding<float> pitch = example(5, 3), style = example(2, 3);
    const Index pitches[] = {4, -1}, styles[] = {1, 0};
    Matrix<float> y(3, 2), z = Matrix<float>::Zero(3, 2);
    pitch.forward(pitches, y);
    style.forward(styles, y, mgan::Update::add);
    for (Index j = 0; j < 2; ++j) {
        pitch.add(pitches[j], z.col(j));
        style.add(styles[j], z.col(j));
    }
    CHECK(y == z);
    CHECK(y.col(0) == pitch.weight.col(4) + style.weight.col(1));
}

TEST_CASE("Embedding: columns of a value are added in the order of the batch") {
    // In float the order shows: (2^24 + 1) + -2^24 is 0, another order gives 1.
    const Embedding<float> layer = example(2, 1);
    Embedding<float> gradients(2, 1);
    const Index values[] = {1, 1, 0, 1};
    Matrix<float> dy(1, 4);
    dy << 16777216.0f, 1.0f, 5.0f, -16777216.0f;
    layer.backward(values, dy, gradients);
    CHECK(gradients.weight(0, 1) == 0.0f);
    CHECK(gradients.weight(0, 0) == 5.0f);
}

TEST_CASE("Embedding: not even the first pass allocates") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    const Embedding<float> layer = example(5, 3);
    Embedding<float> gradients(5, 3);
    const Index values[] = {4, 0, -1, 4};
    Matrix<float> y(3, 4);
    CHECK(mgan_test::allocations_in([&] {
              layer.forward(values, y);
              layer.add(2, y.col(1));
              layer.backward(values, y, gradients);
          }) == 0);
}

TEST_CASE("Embedding: values that are not in the table are refused, and wrong sizes") {
    const Embedding<float> layer(5, 3);
    Embedding<float> gradients(5, 3);
    Matrix<float> y(3, 2), narrow(2, 2), long_one(3, 3);
    const Index large[] = {0, 5}, small[] = {-2, 0}, good[] = {0, 4};
    CHECK(shape_error([&] { layer.forward(large, y); }) ==
          "Embedding::forward: value 5, the table has 5 (or -1 for none)");
    CHECK(shape_error([&] { layer.backward(small, y, gradients); }) ==
          "Embedding::backward: value -2, the table has 5 (or -1 for none)");
    CHECK(shape_error([&] { layer.forward(good, narrow); }) ==
          "Embedding::forward: y has 2 rows, the vectors have 3 numbers");
    CHECK(shape_error([&] { layer.backward(good, long_one, gradients); }) ==
          "Embedding::backward: dy has 3 columns for 2 values");
}

TEST_CASE("Embedding: initial vectors do not shrink with the size of the table") {
    Embedding<float> layer(1000, 3);
    mgan::initialise(layer, mgan::Random(1, "embedding_test"));
    CHECK(layer.weight.cwiseAbs().maxCoeff() <= 1.0f);
    CHECK(layer.weight.cwiseAbs().maxCoeff() > 0.99f);
}
