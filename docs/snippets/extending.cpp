// The programs of docs/extending.md; the layer whole is examples/custom_layer.cpp.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/tape_adapter.hpp>

#include <iostream>

template <typename Scalar>
struct Swish {
    using ScalarType = Scalar;
    struct Cache {
        mgan::Matrix<Scalar> x, gate;
    };
    mgan::Vector<Scalar> beta;

    mgan::Index in() const;
    mgan::Index out() const;
    void forward(const mgan::ConstMatrixRef<Scalar>& x, mgan::MatrixRef<Scalar> y, Cache&) const;
    void backward(const mgan::ConstMatrixRef<Scalar>& dy, mgan::MatrixRef<Scalar> dx, Cache&,
                  Swish& gradients) const;

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        visitor(prefix / "beta", self.beta);
    }
};

template <typename Scalar>
mgan::Index Swish<Scalar>::in() const {
    return beta.size();
}
template <typename Scalar>
mgan::Index Swish<Scalar>::out() const {
    return beta.size();
}
template <typename Scalar>
void Swish<Scalar>::forward(const mgan::ConstMatrixRef<Scalar>& x, mgan::MatrixRef<Scalar> y,
                            Cache& c) const {
    c.x = x;
    c.gate = (beta.asDiagonal() * x).unaryExpr([](Scalar a) { return mgan::sigmoid(a); });
    y = x.cwiseProduct(c.gate);
}
template <typename Scalar>
void Swish<Scalar>::backward(const mgan::ConstMatrixRef<Scalar>& dy, mgan::MatrixRef<Scalar> dx,
                             Cache& c, Swish& gradients) const {
    const auto g = c.gate.array(), x = c.x.array();
    dx = dy.array() * g * (Scalar(1) + (beta.asDiagonal() * c.x).array() * (Scalar(1) - g));
    gradients.beta += (dy.array() * x * x * g * (Scalar(1) - g)).rowwise().sum().matrix();
}

/// Layers on a tape, and their gradients.
bool use_network() {
    mgan::Dense<double> first(2, 4), last(4, 1), d_first = first, d_last = last;
    Swish<double> swish{mgan::Vector<double>::Ones(4)}, d_swish{mgan::Vector<double>::Zero(4)};
    mgan::initialise(first, mgan::Random(1, "first"));
    mgan::initialise(last, mgan::Random(1, "last"));
    mgan::Tape<double> tape;
    const auto x = tape.constant(mgan::random_matrix(2, 5, 1));
    const auto target = tape.constant(mgan::random_matrix(1, 5, 2));
    const mgan::LayerOnTape on_first(first, d_first), on_last(last, d_last);
    const mgan::LayerOnTape on_swish(swish, d_swish);
    const auto y = on_last.record(on_swish.record(on_first.record(x)));
    tape.backward(mean(pow(y - target, 2.0)));  // adds to d_first, d_swish, d_last
    return d_swish.beta.cwiseAbs().minCoeff() > 0.0;
}

namespace own {

using namespace mgan;

template <typename Scalar>
Scalar squared_error(const ConstMatrixRef<Scalar>& y, const ConstMatrixRef<Scalar>& target,
                     RealOf<Scalar> weight, MatrixRef<Scalar> dy);

template <typename Scalar>
Scalar squared_error(const ConstMatrixRef<Scalar>& y, const ConstMatrixRef<Scalar>& target,
                     RealOf<Scalar> weight, MatrixRef<Scalar> dy) {
    dy = Scalar(2.0 * weight) * (y - target);
    return weight * (y - target).cwiseProduct(y - target).sum();
}

}  // namespace own

bool check_loss() {
    const mgan::Matrix<double> y = mgan::random_matrix(3, 5, 1),
                               target = mgan::random_matrix(3, 5, 2);
    mgan::Matrix<double> dy(3, 5);
    const double value = own::squared_error<double>(y, target, 0.1, dy);
    const mgan::GradientReport report = mgan::check_gradients(
        [&](const auto& in) {
            using Scalar = typename std::decay_t<decltype(in)>::Scalar;
            mgan::Matrix<Scalar> ignored(in.rows(), in.cols());
            const mgan::Matrix<Scalar> t = target.template cast<Scalar>();
            return own::squared_error<Scalar>(in, t, 0.1, ignored);
        },
        mgan::wrt("y", y, dy));
    return report.ok() && value > 0.0;
}

int main() {
    const bool ok = use_network() && check_loss();
    std::cout << (ok ? "layer and loss are right\n" : "layer or loss is WRONG\n");
    return ok ? 0 : 1;
}
