#pragma once
// The recurrent layers as subjects of support/gradient_proof.hpp: inputs, initial states,
// parameters.

#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/stacked_lstm.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct LstmSizes {
    Index steps = 3, batch = 3, features = 3, hidden = 4, layers = 2;
    mgan::Direction direction = mgan::Direction::forward;  ///< of a single LSTM
};

/// A flat vector as a sequence.
template <typename Scalar>
[[nodiscard]] Sequence<Scalar> as_sequence(const Vector<Scalar>& flat, Index steps, Index batch,
                                           Index features) {
    REQUIRE(flat.size() == steps * batch * features);
    Sequence<Scalar> sequence(steps, batch, features);
    std::copy_n(flat.data(), flat.size(), sequence.data());
    return sequence;
}

template <typename Scalar>
struct LstmSubject {
    struct Cache {
        typename mgan::Lstm<Scalar>::Cache lstm;
        Sequence<Scalar> y;
    };

    LstmSubject(LstmSizes s)
        : sizes(s), lstm(s.features, s.hidden), x(s.steps, s.batch, s.features) {
        initial.set_zero(s.hidden, s.batch);
    }
    template <typename Other>
    LstmSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "LSTM"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(lstm, visitor);
        visitor("x", x, Role::kInput);
        visitor("h_0", initial.hidden, Role::kInput);
        visitor("c_0", initial.cell, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        cache.y.resize(sizes.steps, sizes.batch, sizes.hidden);
        lstm.forward(x.view(), cache.y.view(), cache.lstm, sizes.direction, &initial);
        return cache.y.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, LstmSubject& gradients) const {
        const Sequence<Scalar> dy_sequence =
            as_sequence(dy, sizes.steps, sizes.batch, sizes.hidden);
        lstm.backward(dy_sequence.view(), gradients.x.view(), cache.lstm, gradients.lstm,
                      mgan::Update::assign, &gradients.initial);
    }

    LstmSizes sizes;
    mgan::Lstm<Scalar> lstm;
    Sequence<Scalar> x;
    mgan::LstmState<Scalar> initial;
};

template <typename Scalar>
struct StackedLstmSubject {
    using Cache = typename mgan::StackedLstm<Scalar>::Cache;

    StackedLstmSubject(LstmSizes s)
        : sizes(s),
          lstm(s.features, s.hidden, s.layers),
          x(s.steps, s.batch, s.features),
          initial(lstm.zero_state(s.batch)) {}
    template <typename Other>
    StackedLstmSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "stacked LSTM"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(lstm, visitor);
        visitor("x", x, Role::kInput);
        for (std::size_t k = 0; k < initial.size(); ++k) {
            visitor("h_0_l" + std::to_string(k), initial[k].hidden, Role::kInput);
            visitor("c_0_l" + std::to_string(k), initial[k].cell, Role::kInput);
        }
    }
    Vector<Scalar> forward(Cache& cache) const {
        return lstm.forward(x.view(), cache, &initial).all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, StackedLstmSubject& gradients) const {
        const Sequence<Scalar> dy_sequence =
            as_sequence(dy, sizes.steps, sizes.batch, sizes.hidden);
        lstm.backward(dy_sequence.view(), gradients.x.view(), cache, gradients.lstm,
                      &gradients.initial);
    }

    LstmSizes sizes;
    mgan::StackedLstm<Scalar> lstm;
    Sequence<Scalar> x;
    typename mgan::StackedLstm<Scalar>::State initial;
};

template <typename Scalar>
struct BiLstmSubject {
    using Cache = typename mgan::BiLstm<Scalar>::Cache;

    BiLstmSubject(LstmSizes s)
        : sizes(s),
          bilstm(s.features, s.hidden, s.layers),
          x(s.steps, s.batch, s.features),
          initial(static_cast<std::size_t>(s.layers)) {
        for (auto& layer : initial) {
            layer.forward.set_zero(s.hidden, s.batch);
            layer.backward.set_zero(s.hidden, s.batch);
        }
    }
    template <typename Other>
    BiLstmSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "BiLSTM"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(bilstm, visitor);
        visitor("x", x, Role::kInput);
        for (std::size_t k = 0; k < initial.size(); ++k) {
            const std::string layer = "_0_l" + std::to_string(k);
            visitor("h" + layer, initial[k].forward.hidden, Role::kInput);
            visitor("c" + layer, initial[k].forward.cell, Role::kInput);
            visitor("h" + layer + "_reverse", initial[k].backward.hidden, Role::kInput);
            visitor("c" + layer + "_reverse", initial[k].backward.cell, Role::kInput);
        }
    }
    Vector<Scalar> forward(Cache& cache) const {
        return bilstm.forward(x.view(), cache, &initial).all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, BiLstmSubject& gradients) const {
        const Sequence<Scalar> dy_sequence =
            as_sequence(dy, sizes.steps, sizes.batch, 2 * sizes.hidden);
        bilstm.backward(dy_sequence.view(), gradients.x.view(), cache, gradients.bilstm,
                        &gradients.initial);
    }

    LstmSizes sizes;
    mgan::BiLstm<Scalar> bilstm;
    Sequence<Scalar> x;
    typename mgan::BiLstm<Scalar>::State initial;
};

}  // namespace mgan_test
