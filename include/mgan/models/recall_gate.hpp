#pragma once
/// \file
/// A gate between what the generator proposes and what it has heard before.
///
/// Music repeats itself, note for note, and a net that answers with numbers on a scale can hardly
/// repeat anything exactly. So its head may *point*: recalled_t is the event that once followed
/// when music like the last events was heard (the caller finds it: encoding/context.hpp,
/// `recall`), found_t is 1 if there was any, else 0, and a gate decides, for each feature, how much
/// of it to take. With head_t, the hidden layer of the generator's head:
///
///     proposal_t = W_2 head_t + b_2                                                           (1)
///     gate_t     = sigmoid(a_t),   a_t = W_g head_t + b_g              F numbers in (0, 1)    (2)
///     y_t        = proposal_t + found_t gate_t * (recalled_t - proposal_t)                    (3)
///
/// Since the head sees the noise, the same place is sometimes a repetition and sometimes not.
/// (Compare pointer networks, Vinyals et al. 2015, and pointer-generators, See et al. 2017.)
///
/// Backward; recalled_t and found_t are constants:
///
///     dproposal_t = dy_t * (1 - found_t gate_t)                                               (4)
///     da_t        = dy_t * (recalled_t - proposal_t) * found_t gate_t * (1 - gate_t)          (5)
///     dhead_t    += W_g^T da_t                                                                (6)

#include <mgan/layers/activation.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/tensor/sequence.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class RecallGate {
public:
    using ScalarType = Scalar;

    /// For T steps of B samples.
    struct Cache {
        Sequence<Scalar> proposal;  ///< proposal_t, [T, B, F]
        Sequence<Scalar> gate;      ///< gate_t, [T, B, F]
        Sequence<Scalar> d_proposal;
        Sequence<Scalar> d_gate;  ///< da_t of (5), before the sigmoid
        typename Dense<Scalar>::Cache dense;

        void resize(Index steps, Index batch, Index features) {
            for (Sequence<Scalar>* s : {&proposal, &gate, &d_proposal, &d_gate})
                s->resize(steps, batch, features);
        }
    };

    RecallGate() = default;
    /// `head` units -> F features.
    RecallGate(Index head, Index features) : dense(head, features) {}

    /// Equations (2) and (3). hidden (head_t): head x N, proposal: F x N, recalled: (F + 1) x N,
    /// rows [recalled_t ; found_t]; gate: F x N and y: F x N are written. Throws ShapeError if
    /// `hidden` or `gate` does not fit W_g.
    void forward(const ConstMatrixRef<Scalar>& hidden, const ConstMatrixRef<Scalar>& proposal,
                 const ConstMatrixRef<Scalar>& recalled, MatrixRef<Scalar> gate,
                 MatrixRef<Scalar> y) const {
        dense.forward(hidden, gate);
        mix(proposal, recalled, gate, y);
    }

    /// `forward` for the real-time path: neither allocates nor throws; the sizes must be right
    /// (asserted, not checked).
    void step(const ConstMatrixRef<Scalar>& hidden, const ConstMatrixRef<Scalar>& proposal,
              const ConstMatrixRef<Scalar>& recalled, MatrixRef<Scalar> gate,
              MatrixRef<Scalar> y) const noexcept {
        dense.step(hidden, gate);
        mix(proposal, recalled, gate, y);
    }

    /// Equations (4) to (6): d_proposal, d_gate (da_t): F x N, written; d_hidden: head x N, added
    /// to. `dense.prepare_backward` comes first.
    void backward(const ConstMatrixRef<Scalar>& proposal, const ConstMatrixRef<Scalar>& gate,
                  const ConstMatrixRef<Scalar>& recalled, const ConstMatrixRef<Scalar>& dy,
                  const typename Dense<Scalar>::Cache& cache, MatrixRef<Scalar> d_proposal,
                  MatrixRef<Scalar> d_gate, MatrixRef<Scalar> d_hidden) const {
        const Index features = dy.rows();
        const Scalar one(1);
        for (Index n = 0; n < dy.cols(); ++n) {
            const Scalar found = recalled(features, n);
            for (Index f = 0; f < features; ++f) {
                const Scalar s = gate(f, n);
                d_proposal(f, n) = dy(f, n) * (one - found * s);
                d_gate(f, n) = dy(f, n) * (recalled(f, n) - proposal(f, n)) * found * s * (one - s);
            }
        }
        dense.backward_input(d_gate, cache, d_hidden, Update::add);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        Dense<Scalar>::visit(self.dense, visitor, prefix);
    }

    Dense<Scalar> dense;  ///< W_g, b_g

private:
    /// a_t in `gate` becomes gate_t; then (3).
    static void mix(const ConstMatrixRef<Scalar>& proposal, const ConstMatrixRef<Scalar>& recalled,
                    MatrixRef<Scalar> gate, MatrixRef<Scalar> y) noexcept {
        activate<Scalar>(Activation::sigmoid, gate);
        const Index features = y.rows();
        for (Index n = 0; n < y.cols(); ++n) {
            const Scalar found = recalled(features, n);
            for (Index f = 0; f < features; ++f) {
                y(f, n) = proposal(f, n) + found * gate(f, n) * (recalled(f, n) - proposal(f, n));
            }
        }
    }
};

}  // namespace mgan::inline MGAN_ABI
