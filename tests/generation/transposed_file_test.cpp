// A table of vectors goes to files as PyTorch stores it: a vector is a row.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/layers/embedding.hpp>
#include <support/catch.hpp>

TEST_CASE("Model files: an embedding is stored a vector a row, and read again") {
    mgan::Embedding<float> embedding(5, 3), read(5, 3);
    embedding.weight = mgan::random_matrix<float>(3, 5, 1);
    mgan::TensorFile file;
    mgan::store_parameters(file, "pitch.", embedding);
    const std::vector<float> numbers = file.get<float>("pitch.weight", {5, 3});
    for (mgan::Index v = 0; v < 5; ++v)
        for (mgan::Index i = 0; i < 3; ++i)
            CHECK(numbers[static_cast<std::size_t>(3 * v + i)] == embedding.weight(i, v));
    mgan::read_parameters(file, "pitch.", read);
    CHECK(read.weight == embedding.weight);
    CHECK_THROWS_AS(file.get<float>("pitch.weight", {3, 5}), mgan::Error);
}

TEST_CASE("Model files: a tensor that the net has no parameter for is named, and nothing is read") {
    mgan::Embedding<float> embedding(5, 3), read(5, 3);
    embedding.weight = mgan::random_matrix<float>(3, 5, 1);
    mgan::TensorFile file;
    mgan::store_parameters(file, "pitch.", embedding);
    file.add("pitch.bias", {3}, std::vector<float>(3));
    file.add("other.bias", {3}, std::vector<float>(3));  // of another net
    const mgan::Matrix<float> before = read.weight;
    try {
        mgan::read_parameters(file, "pitch.", read);
        FAIL("a tensor too many was read");
    } catch (const mgan::DataError& error) {
        CHECK(std::string(error.what()).find("'pitch.bias'") != std::string::npos);
    }
    CHECK(read.weight == before);
}
