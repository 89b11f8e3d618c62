// The gradients of the embedding.

#include <proofs/subjects/embedding_subject.hpp>
#include <support/oracle_file.hpp>
#include <support/tape_proof.hpp>

using namespace mgan_test;

TEST_CASE("Embedding: the gradient of the table is right, with repetitions and absent values") {
    for (const Point point : kAllPoints) {
        for (const EmbeddingSizes& sizes :
             {EmbeddingSizes{}, {1, 1, {0}}, {1, 4, {-1, 0, 0}}, {7, 19, {6, 6, 6, 0, -1, 2}}}) {
            EmbeddingSubject<double> subject(sizes);
            fill(subject, point, 1);
            prove_by_differentiation(subject, 1000);
            prove_in_float(subject);
        }
    }
}

TEST_CASE("Embedding: gradients add up") {
    EmbeddingSubject<double> subject({}), before({5, 3, {1, 1}});
    fill(subject, Point::kRandom, 2);
    fill(before, Point::kRandom, 3);
    prove_accumulation(subject, before);
}

TEST_CASE("Embedding agrees with the tape") {
    EmbeddingSubject<double> subject({});
    fill(subject, Point::kRandom, 4);
    prove_by_tape(subject, [&](const TapeBlocks& in) {
        // The equation: W times a one-hot column, which is zero where there is no value.
        Matrix<double> one_hot = Matrix<double>::Zero(subject.sizes.values, subject.columns());
        for (Index j = 0; j < subject.columns(); ++j) {
            const Index value = subject.sizes.batch[static_cast<std::size_t>(j)];
            if (value >= 0) one_hot(value, j) = 1.0;
        }
        return matmul(in["weight"], in.constant(one_hot));
    });
}

TEST_CASE("Embedding agrees with torch.nn.functional.embedding, with a padding value") {
    const OracleFile oracle("embedding");
    EmbeddingSizes sizes{oracle.size("values"), oracle.size("width"), {}};
    for (const double value : oracle["batch"].reshaped())
        sizes.batch.push_back(static_cast<Index>(value));
    prove_by_oracle(EmbeddingSubject<double>(sizes), oracle);
}
