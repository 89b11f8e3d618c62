// A layer of your own inside a network that trains.
//
// Swish, y = x sigmoid(b x), with one learned b for each feature (Ramachandran et al. 2017). Its
// backward pass is written by hand, proved by one call, and used between two layers of the library.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/tape_adapter.hpp>

#include <iostream>

template <typename Scalar>
struct Swish {
    using ScalarType = Scalar;
    struct Cache {
        mgan::Matrix<Scalar> x, gate;  ///< gate = sigmoid(b x)
    };
    mgan::Vector<Scalar> beta;

    [[nodiscard]] mgan::Index in() const { return beta.size(); }
    [[nodiscard]] mgan::Index out() const { return beta.size(); }

    void forward(const mgan::ConstMatrixRef<Scalar>& x, mgan::MatrixRef<Scalar> y, Cache& c) const {
        c.x = x;
        c.gate = (beta.asDiagonal() * x).unaryExpr([](Scalar a) { return mgan::sigmoid(a); });
        y = x.cwiseProduct(c.gate);
    }
    /// dx = dy g (1 + b x (1 - g)),   db += sum over columns of dy x^2 g (1 - g)
    void backward(const mgan::ConstMatrixRef<Scalar>& dy, mgan::MatrixRef<Scalar> dx, Cache& c,
                  Swish& gradients) const {
        const auto g = c.gate.array(), x = c.x.array();
        dx = dy.array() * g * (Scalar(1) + (beta.asDiagonal() * c.x).array() * (Scalar(1) - g));
        gradients.beta += (dy.array() * x * x * g * (Scalar(1) - g)).rowwise().sum().matrix();
    }
    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        visitor(prefix / "beta", self.beta);
    }
};

int main() {
    // The proof: complex step and central differences, for beta and for x.
    const Swish<double> layer{mgan::random_matrix(3, 1, 1)};
    Swish<double> gradient{mgan::Vector<double>::Zero(3)};
    Swish<double>::Cache cache;
    const mgan::Matrix<double> x = mgan::random_matrix(3, 5, 2), dy = mgan::random_matrix(3, 5, 3);
    mgan::Matrix<double> y(3, 5), dx(3, 5);
    layer.forward(x, y, cache);
    layer.backward(dy, dx, cache, gradient);
    const mgan::GradientReport report = mgan::check_gradients(
        [&]<typename Scalar>(const Swish<Scalar>& l, const mgan::Matrix<Scalar>& in) {
            typename Swish<Scalar>::Cache own;
            mgan::Matrix<Scalar> out(3, 5);
            l.forward(in, out, own);
            return mgan::weighted_sum(out, dy);
        },
        mgan::wrt("swish", layer, gradient), mgan::wrt("x", x, dx));
    std::cout << report;
    if (!report.ok()) return 1;

    // The network: 1 -> 16 -> Swish -> 1 learns sin(3 x) on [-1, 1).
    mgan::Dense<double> first(1, 16), last(16, 1), d_first = first, d_last = last;
    Swish<double> swish{mgan::Vector<double>::Ones(16)}, d_swish = swish;
    mgan::initialise(first, mgan::Random(4, "first"));
    mgan::initialise(last, mgan::Random(4, "last"));
    const mgan::LayerOnTape on_first(first, d_first), on_last(last, d_last);
    const mgan::LayerOnTape on_swish(swish, d_swish);
    const mgan::Matrix<double> points = mgan::random_matrix(1, 64, 5);
    mgan::Tape<double> tape;
    double start = 0, end = 0;
    const auto learn = [](auto& part, auto& slope) {
        mgan::add_parameters(part, slope, -0.1);
        mgan::set_zero(slope);
    };
    for (int step = 0; step < 10000; ++step) {
        tape.clear();
        const auto in = tape.constant(points);
        const auto error = on_last.record(on_swish.record(on_first.record(in))) - sin(3.0 * in);
        const auto loss = mean(error * error);
        tape.backward(loss);
        learn(first, d_first), learn(swish, d_swish), learn(last, d_last);
        end = loss.scalar();
        if (step == 0) start = end;
    }
    std::cout << "loss fell from " << start << " to " << end << '\n';
    return end < 0.1 * start ? 0 : 1;
}
