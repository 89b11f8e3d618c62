// The gradients of the convolution.

#include <proofs/subjects/conv2d_subject.hpp>

using namespace mgan_test;

TEST_CASE(
    "Conv2d: gradients of kernel, bias and input are right, also for T shorter than the window") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            Conv2dSubject<double> subject({extent.steps, extent.batch, {}});
            fill(subject, point, 1);
            prove_by_differentiation(subject, 25);
            prove_in_float(subject);
        }
    }
}

TEST_CASE("Conv2d: gradients are right for several channels and any odd window") {
    for (const Extent extent : {Extent{1, 1}, Extent{2, 3}, Extent{7, 3}}) {
        for (const mgan::Conv2dSettings config : {mgan::Conv2dSettings{4, 2, 3, 3, 5},
                                                  {3, 3, 2, 1, 1},
                                                  {2, 1, 2, 5, 7},
                                                  {5, 2, 1, 9, 3}}) {
            Conv2dSubject<double> subject({extent.steps, extent.batch, config});
            fill(subject, Point::kRandom, 2);
            prove_by_differentiation(subject, 20);
            prove_in_float(subject);
        }
    }
}

TEST_CASE("Conv2d: gradients of parameters add up, and a used cache is as good as a new one") {
    Conv2dSubject<double> subject({3, 2, {4, 2, 3, 3, 5}}), before({7, 3, {4, 2, 3, 3, 5}});
    fill(subject, Point::kRandom, 3);
    fill(before, Point::kRandom, 4);
    prove_accumulation(subject, before);
}
