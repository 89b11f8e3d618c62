// The gradients of spectral normalisation.

#include <proofs/subjects/spectral_norm_subject.hpp>
#include <support/oracle_file.hpp>
#include <support/tape_proof.hpp>

using namespace mgan_test;

namespace {

/// Random numbers, and a diagonal that keeps sigma away from 0.
SpectralNormSubject<double> filled(const SpectralNormSizes& sizes, std::uint64_t seed) {
    SpectralNormSubject<double> subject(sizes);
    fill(subject, Point::kRandom, seed);
    subject.norm.iterate(subject.weight, 3);
    return subject;
}

}  // namespace

TEST_CASE("Spectral norm: the gradient of the weight is right, with u and v held still") {
    for (const SpectralNormSizes sizes :
         {SpectralNormSizes{4, 3}, {1, 1}, {1, 6}, {5, 1}, {19, 11}}) {
        const SpectralNormSubject<double> subject = filled(sizes, 1);
        prove_by_differentiation(subject, 30);
        prove_in_float(subject);
    }
}

TEST_CASE("Spectral norm: gradients of parameters add up") {
    prove_accumulation(filled({}, 2), filled({}, 3));
}

TEST_CASE("Spectral norm: once u and v are singular vectors, the gradient is that of the norm") {
    // Not with u and v held still: each loss finds its own, by many rounds.
    SpectralNormSubject<double> subject({4, 3});
    fill(subject, Point::kRandom, 4);
    subject.norm.iterate(subject.weight, 500);
    const Vector<double> weights = loss_weights(12);
    const Matrix<double> gradient = gradient_of(subject, weights).weight;
    const auto loss = [&](const Matrix<double>& weight) {
        SpectralNormSubject<double> moved = subject;
        moved.weight = weight;
        moved.norm.iterate(weight, 500);
        SpectralNormSubject<double>::Cache cache;
        return mgan::weighted_sum(moved.forward(cache), weights);
    };
    mgan::GradientCheckOptions options;
    const mgan::GradientReport report =
        mgan::check_gradients<mgan::DerivativeMethods::central_difference>(
            loss, options, mgan::wrt("weight", subject.weight, gradient));
    INFO(report);
    CHECK(report.ok());
}

TEST_CASE("Spectral norm agrees with the tape") {
    const SpectralNormSubject<double> subject = filled({}, 5);
    prove_by_tape(subject, [&](const TapeBlocks& in) {
        const Matrix<double> u = subject.norm.u.transpose(), v = subject.norm.v;
        return in["weight"] / matmul(matmul(in.constant(u), in["weight"]), in.constant(v));
    });
}

TEST_CASE("Spectral norm agrees with torch.nn.utils.parametrizations.spectral_norm") {
    const OracleFile oracle("spectral_norm");
    SpectralNormSubject<double> subject({oracle.size("out"), oracle.size("in")});
    subject.norm.u = oracle["_u"];
    subject.norm.v = oracle["_v"];
    prove_by_oracle(subject, oracle);
    subject.norm.iterate(oracle["weight"]);
    CHECK((subject.norm.u - oracle["next_u"]).cwiseAbs().maxCoeff() < 1e-12);
    CHECK((subject.norm.v - oracle["next_v"]).cwiseAbs().maxCoeff() < 1e-12);
}
