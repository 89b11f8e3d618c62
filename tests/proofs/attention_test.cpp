// The gradients of self-attention: as a sequence, and step by step from the last to the first,
// where what a step says about earlier ones waits until they have their turn.

#include <proofs/subjects/attention_subject.hpp>

using namespace mgan_test;

namespace {

AttentionSizes sizes_of(Extent extent, Index heads, bool causal, Index window, bool by_steps) {
    return {extent.steps, extent.batch, {6, heads, causal, window}, by_steps};
}

}  // namespace

TEST_CASE("Attention: gradients are right: causal, with a window, and full, one head and several") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            for (const Index heads : {1, 2}) {
                for (const Index window : {0, 1, 3}) {
                    AttentionSubject<double> causal(sizes_of(extent, heads, true, window, false));
                    fill(causal, point, 1);
                    prove_by_differentiation(causal, 8);
                    prove_in_float(causal, 1e-3);
                }
                AttentionSubject<double> full(sizes_of(extent, heads, false, 0, false));
                fill(full, point, 2);
                prove_by_differentiation(full, 8);
                prove_in_float(full, 1e-3);
            }
        }
    }
}

TEST_CASE("Attention: gradients are right where backward goes step by step") {
    for (const Extent extent : kExtents) {
        for (const Index heads : {1, 3}) {
            for (const Index window : {0, 2}) {
                AttentionSubject<double> subject(sizes_of(extent, heads, true, window, true));
                fill(subject, Point::kRandom, 3);
                prove_by_differentiation(subject, 8);
                prove_in_float(subject, 1e-3);
            }
        }
    }
}

TEST_CASE("Attention: gradients are right where a sequence takes several blocks of steps") {
    for (const Index steps : {16, 17, 35}) {
        for (const bool by_steps : {false, true}) {
            for (const Index window : {0, 5, 19}) {
                AttentionSubject<double> subject(sizes_of({steps, 2}, 2, true, window, by_steps));
                fill(subject, Point::kRandom, 4);
                prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 6);
            }
        }
        AttentionSubject<double> full(sizes_of({steps, 2}, 2, false, 0, false));
        fill(full, Point::kRandom, 5);
        prove_by_differentiation<mgan::DerivativeMethods::complex_step>(full, 6);
    }
}

TEST_CASE("Attention: gradients are right for large scores") {
    for (const bool by_steps : {false, true}) {
        AttentionSubject<double> subject(sizes_of({7, 2}, 1, true, 0, by_steps));
        fill(subject, Point::kRandom, 6);
        subject.layer.in_proj.topRows(12) *= 30.0;  // scores up to about 1000
        prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 12);
    }
}

TEST_CASE("Attention: gradients of parameters add up, and a used cache is as good as a new one") {
    for (const bool by_steps : {false, true}) {
        AttentionSubject<double> subject(sizes_of({35, 2}, 2, true, 4, by_steps));
        AttentionSubject<double> before(sizes_of({50, 2}, 2, true, 4, by_steps));
        fill(subject, Point::kRandom, 7);
        fill(before, Point::kRandom, 8);
        prove_accumulation(subject, before);
    }
}
