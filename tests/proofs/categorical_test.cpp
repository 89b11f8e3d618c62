// The gradients of log_softmax and of the cross-entropy of logits.

#include <proofs/subjects/categorical_subject.hpp>
#include <support/oracle_file.hpp>
#include <support/tape_proof.hpp>

using namespace mgan_test;

TEST_CASE(
    "Categorical: gradients of logits are right, masked values and absent targets among them") {
    for (const bool cross_entropy : {false, true}) {
        for (const double temperature : {1.0, 0.7, 3.0}) {
            for (const Point point : kAllPoints) {
                CategoricalSubject<double> subject({cross_entropy, temperature});
                fill(subject, point, 1);
                prove_by_differentiation(subject, 40);
                prove_in_float(subject);
            }
        }
    }
}

TEST_CASE("Categorical: a used cache is as good as a new one") {
    for (const bool cross_entropy : {false, true}) {
        CategoricalSubject<double> subject({cross_entropy}),
            before({cross_entropy, 0.7, 9, {2, 2, 3, 4, 5, 6}});
        fill(subject, Point::kRandom, 2);
        fill(before, Point::kRandom, 3);
        prove_accumulation(subject, before);
    }
}

TEST_CASE("Categorical: gradients are right where the logits are far apart, for a net that errs") {
    for (const bool cross_entropy : {false, true}) {
        CategoricalSubject<double> subject({cross_entropy});
        fill(subject, Point::kRandom, 4);
        for (Index j = 0; j < subject.columns(); ++j) {
            // The target is what the net thinks least of. (Where it is sure and right, 1 - p has no
            // digits left in the loss itself.)
            subject.x(4, j) = -1.5;
            subject.sizes.targets[static_cast<std::size_t>(j)] = 4;
        }
        for (const double factor : {30.0, 100.0}) {  // e^3000 is not a number
            subject.x *= factor;
            prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 40);
        }
    }
}

TEST_CASE("Categorical agrees with the tape") {
    for (const bool cross_entropy : {false, true}) {
        CategoricalSubject<double> subject({cross_entropy});
        fill(subject, Point::kRandom, 5);
        prove_by_tape(subject, [&](const TapeBlocks& in) {
            Matrix<double> open = Matrix<double>::Ones(5, 4), target = Matrix<double>::Zero(5, 4);
            for (Index j = 0; j < 4; ++j) {
                for (Index i = 0; i < 5; ++i)
                    if (subject.is_masked(i, j)) open(i, j) = 0.0;
                const Index value = subject.sizes.targets[static_cast<std::size_t>(j)];
                if (value >= 0) target(value, j) = 1.0;
            }
            const Var scaled = in["x"] / subject.sizes.temperature;
            const Var log_sum = log(column_sums(exp(scaled) * in.constant(open)));
            const Var log_p = (scaled - log_sum) * in.constant(open);
            if (!cross_entropy) return log_p;
            return -sum(log_p * in.constant(target)) * CategoricalSubject<double>::kWeight;
        });
    }
}

TEST_CASE("Categorical agrees with log_softmax and cross_entropy of PyTorch") {
    for (const bool cross_entropy : {false, true}) {
        const OracleFile oracle(cross_entropy ? "softmax_cross_entropy" : "log_softmax");
        CategoricalSizes sizes{
            cross_entropy, oracle["temperature"](0, 0), oracle.size("values"), {}};
        for (const double target : oracle["targets"].reshaped())
            sizes.targets.push_back(static_cast<Index>(target));
        prove_by_oracle(CategoricalSubject<double>(sizes), oracle);
    }
}
