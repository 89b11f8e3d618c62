#pragma once
/// \file
/// A gate between what the generator proposes and what it has heard before.
///
/// Music repeats itself, note for note, and a net that answers with numbers on a scale can hardly
/// repeat anything exactly. So its head may *point*: r_t is the event that followed when music like
/// the last events was heard before (the caller finds it: encoding/context.hpp, `recall`), f_t is 1
/// if there was any, and a gate decides, for each feature, how much of it to take:
///
///     p_t = W_2 a_t + b_2                        the proposal                               (1)
///     g_t = f_t sigmoid(W_g a_t + b_g)           the gate, in (0, 1)                        (2)
///     y_t = p_t + g_t * (r_t - p_t)              the event                                  (3)
///
/// Since the head sees the noise, the same place is sometimes a repetition and sometimes not.
/// (Compare pointer networks, Vinyals et al. 2015, and pointer-generators, See et al. 2017.)
///
/// Backward, r_t and f_t being constants:
///
///     dp_t = (1 - g_t) * dy_t                                                               (4)
///     dg~_t = dy_t * (r_t - p_t) * f_t s_t (1 - s_t),   s_t the sigmoid of (2)              (5)

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
        Sequence<Scalar> proposal;  ///< p_t, [T, B, F]
        Sequence<Scalar> gate;      ///< s_t, [T, B, F]
        Sequence<Scalar> d_proposal, d_gate;
        typename Dense<Scalar>::Cache dense;

        void resize(Index steps, Index batch, Index features) {
            for (Sequence<Scalar>* s : {&proposal, &gate, &d_proposal, &d_gate})
                s->resize(steps, batch, features);
        }
    };

    RecallGate() = default;
    /// `head` units -> F features.
    RecallGate(Index head, Index features) : dense(head, features) {}

    /// Equations (2) and (3). hidden (a): head x N, proposal (p): F x N, recalled: (F + 1) x N,
    /// rows [r ; f]; gate (s): F x N and y: F x N are written.
    void forward(const ConstMatrixRef<Scalar>& hidden, const ConstMatrixRef<Scalar>& proposal,
                 const ConstMatrixRef<Scalar>& recalled, MatrixRef<Scalar> gate,
                 MatrixRef<Scalar> y) const {
        dense.forward(hidden, gate);
        activate<Scalar>(Activation::sigmoid, gate);
        const Index features = y.rows();
        for (Index n = 0; n < y.cols(); ++n) {
            const Scalar found = recalled(features, n);
            for (Index f = 0; f < features; ++f) {
                y(f, n) = proposal(f, n) + found * gate(f, n) * (recalled(f, n) - proposal(f, n));
            }
        }
    }

    /// Equations (4) and (5), and d_hidden (head x N) += W_g' dg~. `dense.prepare_backward` comes
    /// first.
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
};

}  // namespace mgan::inline MGAN_ABI
