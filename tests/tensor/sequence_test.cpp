#include <mgan/tensor/sequence.hpp>
#include <support/catch.hpp>

#include <cstdint>

using namespace mgan;

TEST_CASE("Sequence: step, range and all are views of one memory, time slowest") {
    Sequence<double> x(3, 2, 4);
    for (Index t = 0; t < 3; ++t)
        for (Index b = 0; b < 2; ++b)
            for (Index f = 0; f < 4; ++f) x(t, b, f) = static_cast<double>(100 * t + 10 * b + f);
    CHECK(x.step(1)(3, 1) == 113);
    CHECK(x.all()(2, 5) == 212);
    CHECK(x.range(1, 2)(0, 0) == 100);
    CHECK(x.data()[x.size() - 1] == 213);
    CHECK(reinterpret_cast<std::uintptr_t>(x.data()) % kAlignment == 0);
}

TEST_CASE("Sequence: copies are deep") {
    Sequence<float> x(1, 1, 1);
    Sequence<float> y = x;
    y(0, 0, 0) = 5;
    CHECK(x(0, 0, 0) == 0);
}

TEST_CASE("Sequence: the steps of a temporary are copies, since nothing would own a view") {
    const auto make = [] { return Sequence<float>(2, 1, 3); };
    static_assert(std::is_same_v<decltype(make().step(0)), Matrix<float>>);
    static_assert(std::is_same_v<decltype(make().range(0, 2)), Matrix<float>>);
    static_assert(std::is_same_v<decltype(make().all()), Matrix<float>>);
    const auto all = make().all();
    CHECK(all.cols() == 2);
    CHECK(all.isZero());
}

TEST_CASE("Sequence: a smaller shape stays in the same memory") {
    Sequence<float> x(10, 4, 3);
    const float* before = x.data();
    x.resize(5, 4, 3);
    CHECK(x.data() == before);
    x.resize(10, 4, 3);
    CHECK(x.data() == before);
}

TEST_CASE("Sequence: a negative size is refused") {
    Sequence<float> x;
    CHECK_THROWS_AS(x.resize(-1, 2, 3), ShapeError);
}

TEST_CASE("copy_samples and place_samples cut a batch and put it together again") {
    Sequence<double> x(4, 5, 2);
    for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(i);
    Sequence<double> back(4, 5, 2), part;
    copy_samples(x, 0, 2, part);
    CHECK(part.shape() == "[T=4, B=2, F=2]");
    place_samples(part, 0, back);
    copy_samples(x, 2, 5, part);
    place_samples(part, 2, back);
    CHECK(back.all() == x.all());
}
