// A recurrent net written with the operations of the tape: the composite that matters here.
#include "operation_check.hpp"

#include <support/catch.hpp>

using namespace mgan;

namespace {

/// One step of an LSTM, gates i f g o stacked:
///
///     a_t = W x_t + U h_{t-1} + b
///     c_t = sigmoid(a^f) * c_{t-1} + sigmoid(a^i) * tanh(a^g)
///     h_t = sigmoid(a^o) * tanh(c_t)
template <typename Scalar>
struct State {
    Variable<Scalar> h, c;
};
template <typename Scalar>
State<Scalar> lstm_step(const Variable<Scalar>& w, const Variable<Scalar>& u,
                        const Variable<Scalar>& b, const Variable<Scalar>& x,
                        const State<Scalar>& s) {
    const Index hidden = s.h.rows();
    const Variable<Scalar> a = matmul(w, x) + matmul(u, s.h) + b;
    const auto gate = [&](Index k) { return slice_rows(a, k * hidden, hidden); };
    const Variable<Scalar> c = sigmoid(gate(1)) * s.c + sigmoid(gate(0)) * tanh(gate(2));
    return {sigmoid(gate(3)) * tanh(c), c};
}

}  // namespace

TEST_CASE("Backpropagation through time of an LSTM on the tape agrees with the complex step") {
    const Index features = 3, hidden = 4;
    for (const Index steps : {1, 2, 7}) {
        for (const Index batch : {1, 3}) {
            // x holds all steps side by side; the state after the last step and all outputs count.
            const auto net = [&](const auto& w, const auto& u, const auto& b, const auto& x,
                                 const auto& h0, const auto& c0) {
                using Scalar = typename std::decay_t<decltype(w)>::ScalarType;
                State<Scalar> s{h0, c0};
                std::vector<Variable<Scalar>> outputs;
                for (Index t = 0; t < steps; ++t) {
                    s = lstm_step(w, u, b, slice_columns(x, t * batch, batch), s);
                    outputs.push_back(s.h);
                }
                outputs.push_back(s.c);
                return concat_columns<Scalar>(std::span<const Variable<Scalar>>(outputs));
            };
            const GradientReport report = check_operation(
                net, random_matrix(4 * hidden, features, 1), random_matrix(4 * hidden, hidden, 2),
                random_matrix(4 * hidden, 1, 3), random_matrix(features, steps * batch, 4),
                random_matrix(hidden, batch, 5), random_matrix(hidden, batch, 6));
            INFO(report);
            CHECK(report.ok());
        }
    }
}

TEST_CASE("Scaled dot-product attention on the tape agrees with the complex step") {
    const auto attention = [](const auto& q, const auto& k, const auto& v) {
        const auto scores = matmul(transpose(k), q) / 2.0;  // keys x queries, softmax over keys
        return matmul(v, softmax(scores));
    };
    const GradientReport report = check_operation(attention, random_matrix(4, 5, 1),
                                                  random_matrix(4, 7, 2), random_matrix(3, 7, 3));
    INFO(report);
    CHECK(report.ok());
}
