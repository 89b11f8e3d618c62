// Stop 7 of docs/bptt.md: an LSTM learns a tune by heart, and plays it.

#include <mgan/layers/categorical.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/lstm.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <array>
#include <cstdio>
#include <string_view>
#include <vector>

using mgan::Index;
constexpr Index kHidden = 2;  // change it
constexpr Index kNotes = 7;
constexpr std::string_view kTune = "CCGGAAGFFEEDDCGGFFEEDGGFFEEDCCGGAAGFFEEDDC";

Index degree(char note) {
    return note == 'A' ? 5 : note == 'B' ? 6 : note - 'C';
}

struct Net {
    using ScalarType = double;
    mgan::Lstm<double> lstm{kNotes, kHidden};
    mgan::Dense<double> head{kHidden, kNotes};

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        mgan::Lstm<double>::visit(self.lstm, visitor, prefix / "lstm.");
        mgan::Dense<double>::visit(self.head, visitor, prefix / "head.");
    }
};

int main() {
    const auto steps = static_cast<Index>(kTune.size()) - 1;
    mgan::Sequence<double> x(steps, 1, kNotes), h(steps, 1, kHidden), dh = h;
    std::vector<Index> next;
    for (Index t = 0; t < steps; ++t) {  // a note in, the next note as target
        x(t, 0, degree(kTune[static_cast<std::size_t>(t)])) = 1.0;
        next.push_back(degree(kTune[static_cast<std::size_t>(t) + 1]));
    }

    Net net, gradient;
    mgan::initialise(net, mgan::Random(1, "tune"));
    mgan::Optimiser<double> optimiser({.beta1 = 0.9, .clip = 1.0});
    mgan::Matrix<double> logits(kNotes, steps), d_logits = logits;
    mgan::Lstm<double>::Cache lstm_cache;
    mgan::Dense<double>::Cache head_cache;
    for (int round = 0; round < 1000; ++round) {
        net.lstm.forward(std::as_const(x).view(), h.view(), lstm_cache);
        net.head.forward(h.all(), logits);
        const double loss = mgan::softmax_cross_entropy<double>(
            logits, next, 1.0 / static_cast<double>(steps), d_logits);
        if (round % 250 == 0) std::printf("round %3d: loss %.2f\n", round, loss);
        mgan::set_zero(gradient);
        net.head.backward_parameters(h.all(), d_logits, gradient.head);
        net.head.prepare_backward(head_cache);
        net.head.backward_input(d_logits, head_cache, dh.all());
        net.lstm.backward(std::as_const(dh).view(), {}, lstm_cache, gradient.lstm);
        optimiser.step(net, gradient, 0.02, "the tune");
    }

    // Free running: each note that it plays is its next input.
    mgan::LstmState<double> state;
    state.set_zero(kHidden, 1);
    mgan::Matrix<double> gates(4 * kHidden, 1), note(kNotes, 1), choice(kNotes, 1);
    Index now = 0, right = 1;
    std::printf("C");
    for (Index t = 0; t < steps; ++t) {
        note.setZero();
        note(now) = 1.0;
        net.lstm.step(note, state, gates);
        net.head.forward(state.hidden, choice);
        choice.col(0).maxCoeff(&now);
        right += now == next[static_cast<std::size_t>(t)] ? 1 : 0;
        std::printf("%c", "CDEFGAB"[now]);
    }
    std::printf("\n%d of %d notes\n", static_cast<int>(right), static_cast<int>(steps) + 1);
}
