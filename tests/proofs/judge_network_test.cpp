// The gradients of the recurrent judge and of its pieces, by the complex step.

#include <mgan/judging/judge_network.hpp>
#include <support/gradient_proof.hpp>
#include <support/judged_notes.hpp>

using namespace mgan_test;
using namespace mgan::judging;
using mgan::Random;

namespace {

template <typename Scalar>
NoteFeatures<Scalar> random_features(Index steps, Index batch) {
    NoteFeatures<Scalar> features;
    features.resize(steps, batch);
    for (Index b = 0; b < batch; ++b) {
        write_features(random_notes(static_cast<std::size_t>(steps), static_cast<std::uint64_t>(b)),
                       0, b, features);
    }
    return features;
}

template <typename Scalar>
struct PoolingSubject {
    using Cache = typename TimePooling<Scalar>::Cache;
    explicit PoolingSubject(Extent e) : extent(e), x(e.steps, e.batch, 3) {}
    template <typename Other>
    PoolingSubject<Other> cast() const {
        return PoolingSubject<Other>(extent);
    }
    std::string name() const { return "mean and maximum over time"; }
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        Matrix<Scalar> y(6, extent.batch);
        TimePooling<Scalar>::forward(x.view(), y, cache);
        return y.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, PoolingSubject& gradients) const {
        gradients.x.set_zero();
        TimePooling<Scalar>::backward(mgan::ConstMatrixMap<Scalar>(dy.data(), 6, extent.batch),
                                      gradients.x.view(), cache);
    }
    Extent extent;
    Sequence<Scalar> x;
};

template <typename Scalar>
struct ConvolutionSubject {
    using Cache = typename TimeConvolution<Scalar>::Cache;
    explicit ConvolutionSubject(Extent e) : extent(e), layer(3, 4, 5), x(e.steps, e.batch, 3) {}
    template <typename Other>
    ConvolutionSubject<Other> cast() const {
        return ConvolutionSubject<Other>(extent);
    }
    std::string name() const { return "convolution over time"; }
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(layer, visitor);
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache&) const {
        Sequence<Scalar> y(extent.steps, extent.batch, 4);
        layer.forward(x.view(), y.view());
        return y.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, ConvolutionSubject& gradients) const {
        Sequence<Scalar> d(extent.steps, extent.batch, 4);
        d.all().reshaped() = dy;
        layer.backward(x.view(), std::as_const(d).view(), gradients.x.view(), cache,
                       gradients.layer);
    }
    Extent extent;
    TimeConvolution<Scalar> layer;
    Sequence<Scalar> x;
};

template <typename Scalar>
struct JudgeSubject {
    using Cache = typename JudgeNetwork<Scalar>::Cache;
    JudgeSubject(Extent e, bool drop)
        : extent(e),
          dropped(drop),
          network({.embedding = 5, .channels = 4, .hidden = 3, .head = 6, .width = 5}),
          features(random_features<Scalar>(e.steps, e.batch)) {}
    template <typename Other>
    JudgeSubject<Other> cast() const {
        return JudgeSubject<Other>(extent, dropped);
    }
    std::string name() const { return "recurrent judge"; }
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(network, visitor);
    }
    Vector<Scalar> forward(Cache& cache) const {
        return network.forward(features, cache, dropped ? &mask : nullptr);
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, JudgeSubject& gradients) const {
        network.backward(mgan::ConstMatrixMap<Scalar>(dy.data(), 1, extent.batch), features, cache,
                         gradients.network, dropped ? &mask : nullptr);
    }
    Extent extent;
    bool dropped;
    JudgeNetwork<Scalar> network;
    NoteFeatures<Scalar> features;
    Random mask{5, "proof dropout"};
};

}  // namespace

TEST_CASE("judge: gradients of mean and maximum over time are right") {
    for (const Extent extent : kExtents) {
        PoolingSubject<double> subject(extent);
        fill(subject, Point::kRandom, 1);
        prove_by_differentiation(subject, 30);
        prove_in_float(subject);
    }
}

TEST_CASE("judge: gradients of the convolution over time are right, at its edges too") {
    for (const Point point : kAllPoints) {
        for (const Extent extent : kExtents) {
            ConvolutionSubject<double> subject(extent);
            fill(subject, point, 2);
            prove_by_differentiation(subject, 30);
        }
    }
    ConvolutionSubject<double> subject({7, 3}), before({3, 1});
    fill(subject, Point::kRandom, 3);
    fill(before, Point::kRandom, 4);
    prove_in_float(subject);
    prove_accumulation(subject, before);
}

TEST_CASE("judge: gradients of the whole network are right, with and without dropout") {
    for (const bool dropped : {false, true}) {
        for (const Extent extent : {Extent{1, 1}, {3, 2}, {9, 3}}) {
            JudgeSubject<double> subject(extent, dropped);
            fill(subject, Point::kRandom, 6);
            prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 30);
        }
    }
    JudgeSubject<double> subject({9, 3}, true), before({4, 2}, false);
    fill(subject, Point::kRandom, 7);
    fill(before, Point::kRandom, 8);
    prove_accumulation(subject, before);
}
