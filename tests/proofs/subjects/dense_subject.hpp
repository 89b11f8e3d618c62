#pragma once
// The dense layer and the activations as subjects of support/gradient_proof.hpp.

#include <mgan/layers/activation.hpp>
#include <mgan/layers/dense.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct DenseSizes {
    Index in = 4, out = 3, columns = 5;
};

template <typename Scalar>
struct DenseSubject {
    struct Cache {
        typename mgan::Dense<Scalar>::Cache dense;
    };

    DenseSubject(DenseSizes s)
        : sizes(s), dense(s.in, s.out), x(Matrix<Scalar>::Zero(s.in, s.columns)) {}
    template <typename Other>
    DenseSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "dense"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(dense, visitor);
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache&) const {
        Matrix<Scalar> y(sizes.out, sizes.columns);
        dense.forward(x, y);
        return y.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, DenseSubject& gradients) const {
        const mgan::ConstMatrixMap<Scalar> dy_matrix(dy.data(), sizes.out, sizes.columns);
        dense.prepare_backward(cache.dense);
        dense.backward_parameters(x, dy_matrix, gradients.dense);
        dense.backward_input(dy_matrix, cache.dense, gradients.x);
    }

    DenseSizes sizes;
    mgan::Dense<Scalar> dense;
    Matrix<Scalar> x;
};

inline constexpr mgan::Activation kAllActivations[] = {
    mgan::Activation::identity, mgan::Activation::relu, mgan::Activation::sigmoid,
    mgan::Activation::tanh, mgan::Activation::softplus};

[[nodiscard]] inline std::string name_of(mgan::Activation activation) {
    switch (activation) {
        case mgan::Activation::identity:
            return "identity";
        case mgan::Activation::relu:
            return "relu";
        case mgan::Activation::sigmoid:
            return "sigmoid";
        case mgan::Activation::tanh:
            return "tanh";
        case mgan::Activation::softplus:
            return "softplus";
    }
    return "?";
}

struct ActivationSizes {
    mgan::Activation activation;
    Index rows = 3, columns = 5;
};

template <typename Scalar>
struct ActivationSubject {
    struct Cache {
        Matrix<Scalar> y;
    };

    ActivationSubject(ActivationSizes s) : sizes(s), x(Matrix<Scalar>::Zero(s.rows, s.columns)) {}
    template <typename Other>
    ActivationSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return name_of(sizes.activation); }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        cache.y = x;
        mgan::activate<Scalar>(sizes.activation, cache.y);
        return cache.y.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, ActivationSubject& gradients) const {
        gradients.x = dy.reshaped(sizes.rows, sizes.columns);
        mgan::activate_backward<Scalar>(sizes.activation, cache.y, gradients.x);
    }

    ActivationSizes sizes;
    Matrix<Scalar> x;
};

}  // namespace mgan_test
