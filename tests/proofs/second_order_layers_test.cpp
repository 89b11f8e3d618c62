// Second derivatives of the layers without a recurrence, and of losses.

#include <proofs/subjects/categorical_subject.hpp>
#include <proofs/subjects/chain_subject.hpp>
#include <proofs/subjects/conv1d_subject.hpp>
#include <proofs/subjects/conv2d_subject.hpp>
#include <proofs/subjects/dense_subject.hpp>
#include <proofs/subjects/dropout_subject.hpp>
#include <proofs/subjects/embedding_subject.hpp>
#include <proofs/subjects/layer_norm_subject.hpp>
#include <proofs/subjects/loss_subject.hpp>
#include <proofs/subjects/spectral_norm_subject.hpp>
#include <support/second_order_proof.hpp>

using namespace mgan_test;

namespace {
template <typename Subject>
void prove(Subject subject) {
    fill(subject, Point::kRandom, 1);
    prove_second_order(subject);
}
}  // namespace

TEST_CASE("Second derivatives: those of dense layers and activations are right") {
    prove(DenseSubject<double>({}));
    for (const auto activation :
         {mgan::Activation::identity, mgan::Activation::relu, mgan::Activation::sigmoid,
          mgan::Activation::tanh, mgan::Activation::softplus})
        prove(ActivationSubject<double>({activation}));
}

TEST_CASE("Second derivatives: those of convolutions, embedding, dropout and zoneout are right") {
    prove(Conv1dSubject<double>({}));
    prove(Conv1dSubject<double>({.window = 1, .dilation = 1}));
    prove(Conv2dSubject<double>({}));
    prove(EmbeddingSubject<double>({}));
    prove(DropoutSubject<double>({3, 2, 4, 0.4}));
    prove(ZoneoutSubject<double>({5, 2, 4, 0.3}));
}

TEST_CASE("Second derivatives: those of layer norm and spectral norm are right") {
    prove(LayerNormSubject<double>({}));
    prove(SpectralNormSubject<double>({}));
}

TEST_CASE("Second derivatives: those of log-softmax and cross-entropy are right") {
    for (const bool cross_entropy : {false, true})
        for (const double temperature : {1.0, 0.7})
            prove(CategoricalSubject<double>({cross_entropy, temperature}));
}

TEST_CASE("Second derivatives: those of regressions and of the losses of both nets are right") {
    for (const LossKind kind : kAllLosses) prove(LossSubject<double>({kind}));
}

TEST_CASE("Second derivatives: those of layers joined to a chain are right") {
    prove(ChainSubject<double>({}));
}
