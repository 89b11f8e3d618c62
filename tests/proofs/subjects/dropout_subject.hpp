#pragma once
// Dropout and zoneout as subjects of support/gradient_proof.hpp. Masks are constants.

#include <mgan/layers/dropout.hpp>
#include <mgan/layers/parameters.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct DropoutSizes {
    Index steps = 3, batch = 3, features = 4;
    double rate = 0.4;
    mgan::DropoutMask form = mgan::DropoutMask::each_step;
};

template <typename Scalar>
struct DropoutSubject {
    using Cache = typename mgan::Dropout<Scalar>::Cache;

    DropoutSubject(DropoutSizes s)
        : sizes(s), layer(s.rate, s.form), x(s.steps, s.batch, s.features) {}
    template <typename Other>
    DropoutSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "dropout"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        Sequence<Scalar> y(sizes.steps, sizes.batch, sizes.features);
        layer.forward(x.view(), y.view(), mgan::Random(1, "dropout proof"), 2, cache);
        return y.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, DropoutSubject& gradients) const {
        Sequence<Scalar> dy_sequence(sizes.steps, sizes.batch, sizes.features);
        std::copy_n(dy.data(), dy.size(), dy_sequence.data());
        layer.backward(std::as_const(dy_sequence).view(), gradients.x.view(), cache);
    }

    DropoutSizes sizes;
    mgan::Dropout<Scalar> layer;
    Sequence<Scalar> x;
};

/// A recurrence small enough to differentiate by eye, h~_t = x_t * (1 + h_{t-1}), with zoneout.
template <typename Scalar>
struct ZoneoutSubject {
    struct Cache {
        typename mgan::Zoneout<Scalar>::Cache zoneout;
        Sequence<Scalar> h;
    };

    ZoneoutSubject(DropoutSizes s)
        : sizes(s),
          layer(s.rate),
          x(s.steps, s.batch, s.features),
          initial(Matrix<Scalar>::Zero(s.features, s.batch)) {}
    template <typename Other>
    ZoneoutSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "zoneout"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
        visitor("h_0", initial, Role::kInput);
    }
    [[nodiscard]] Matrix<Scalar> before(Index t, const Cache& cache) const {
        if (t == 0) return initial;
        return cache.h.step(t - 1);
    }
    Vector<Scalar> forward(Cache& cache) const {
        cache.h.resize(sizes.steps, sizes.batch, sizes.features);
        layer.draw(mgan::Random(1, "zoneout proof"), 2, sizes.steps, sizes.batch, sizes.features,
                   cache.zoneout);
        for (Index t = 0; t < sizes.steps; ++t) {
            const Matrix<Scalar> h = before(t, cache);
            cache.h.step(t) = x.step(t).array() * (Scalar(1) + h.array());
            layer.forward_step(t, h, cache.zoneout, cache.h.step(t));
        }
        return cache.h.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, ZoneoutSubject& gradients) const {
        Sequence<Scalar> dh(sizes.steps, sizes.batch, sizes.features);
        std::copy_n(dy.data(), dy.size(), dh.data());
        gradients.initial.setZero();
        for (Index t = sizes.steps - 1; t >= 0; --t) {
            Matrix<Scalar> d_before = Matrix<Scalar>::Zero(sizes.features, sizes.batch);
            layer.backward_step(t, cache.zoneout, dh.step(t), d_before);
            gradients.x.step(t) = dh.step(t).array() * (Scalar(1) + before(t, cache).array());
            d_before.array() += dh.step(t).array() * x.step(t).array();
            if (t > 0) {
                dh.step(t - 1) += d_before;
            } else {
                gradients.initial += d_before;
            }
        }
    }

    DropoutSizes sizes;
    mgan::Zoneout<Scalar> layer;
    Sequence<Scalar> x;
    Matrix<Scalar> initial;
};

}  // namespace mgan_test
