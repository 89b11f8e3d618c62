// The gradients of the layers are those that the tape finds from their equations.

#include <proofs/subjects/dense_subject.hpp>
#include <proofs/subjects/loss_subject.hpp>
#include <proofs/subjects/lstm_subject.hpp>
#include <proofs/tape_equations.hpp>

using namespace mgan_test;

TEST_CASE("Dense layer and activations agree with the tape") {
    for (const Point point : kAllPoints) {
        DenseSubject<double> dense({});
        fill(dense, point, 1);
        prove_by_tape(
            dense, [](const TapeBlocks& in) { return matmul(in["weight"], in["x"]) + in["bias"]; });
        for (const mgan::Activation activation : kAllActivations) {
            ActivationSubject<double> subject({activation});
            fill(subject, point, 2);
            prove_by_tape(subject, [&](const TapeBlocks& in) {
                const Var& x = in["x"];
                switch (activation) {
                    case mgan::Activation::relu:
                        return relu(x);
                    case mgan::Activation::sigmoid:
                        return sigmoid(x);
                    case mgan::Activation::tanh:
                        return tanh(x);
                    case mgan::Activation::softplus:
                        return softplus(x);
                    case mgan::Activation::identity:
                        break;
                }
                return x + 0.0;
            });
        }
    }
}

TEST_CASE("Losses agree with the tape") {
    for (const LossKind kind : kAllLosses) {
        for (const Point point : kAllPoints) {
            LossSubject<double> subject({kind});
            fill(subject, point, 3);
            prove_by_tape(subject, [&](const TapeBlocks& in) {
                const Var& x = in["x"];
                const double weight = LossSubject<double>::kWeight;
                const double label = LossSubject<double>::kLabel;
                const Var e = in.constant(subject.target) - x;
                const Var p = (x + 1.5) / 3.0;
                switch (kind) {
                    case LossKind::kSquaredError:
                        return sum(e * e) * weight;
                    case LossKind::kPinball: {
                        const Var z = in.constant(subject.level);
                        return sum(max(z * e, (z - 1.0) * e)) * (weight / 3.0);
                    }
                    case LossKind::kCrossEntropy:
                        return -(log(p) * label + log(1.0 - p) * (1.0 - label));
                    case LossKind::kSaturating:
                        return log(1.0 - p);
                    case LossKind::kRelativistic: {
                        const Index n = subject.x.cols() / 2;
                        std::vector<Var> pairs;
                        for (Index i = 0; i < n; ++i)
                            for (Index j = n; j < 2 * n; ++j)
                                pairs.push_back(
                                    softplus(slice_columns(x, j, 1) - slice_columns(x, i, 1)));
                        return sum(concat_rows(std::span<const Var>(pairs))) *
                               (weight / static_cast<double>(n));
                    }
                    case LossKind::kNonSaturating:
                        break;
                }
                return -log(p);
            });
        }
    }
}

TEST_CASE("LSTM, stacked LSTM and BiLSTM agree with the tape") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            for (const mgan::Direction direction :
                 {mgan::Direction::forward, mgan::Direction::backward}) {
                LstmSubject<double> lstm(
                    {.steps = extent.steps, .batch = extent.batch, .direction = direction});
                fill(lstm, point, 4);
                prove_by_tape(lstm, [&](const TapeBlocks& in) {
                    return side_by_side(lstm_equations(in, "", "_l0", in.steps("x", extent.steps),
                                                       in["h_0"], in["c_0"],
                                                       direction == mgan::Direction::backward));
                });
            }
            StackedLstmSubject<double> stacked({.steps = extent.steps, .batch = extent.batch});
            fill(stacked, point, 5);
            prove_by_tape(stacked, [&](const TapeBlocks& in) {
                std::vector<Var> x = in.steps("x", extent.steps);
                for (const std::string layer : {"_l0", "_l1"})
                    x = lstm_equations(in, "", layer, x, in["h_0" + layer], in["c_0" + layer]);
                return side_by_side(x);
            });
            BiLstmSubject<double> bilstm({.steps = extent.steps, .batch = extent.batch});
            fill(bilstm, point, 6);
            prove_by_tape(bilstm, [&](const TapeBlocks& in) {
                return side_by_side(bilstm_equations(in, "", in.steps("x", extent.steps),
                                                     bilstm.sizes.hidden, 2, true));
            });
        }
    }
}
