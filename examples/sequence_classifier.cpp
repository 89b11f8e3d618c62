// A net of PyTorch, ported: LSTM, layer norm, dropout, dense; AdamW. Its losses are PyTorch's.
//
//     python3 sequence_classifier.py FILE     trains there; weights, data, masks, losses to FILE
//     sequence_classifier FILE                trains here from the same weights, and compares
//
// The net is a struct with the names of the module's members, so the weights find their places.
// Layers are nodes of a tape; what stands between them (the last step alone, the mask) is written
// with its operations.

#include <mgan/autodiff/operations.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/layers/layer_norm.hpp>
#include <mgan/models/tape_adapter.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <iomanip>
#include <iostream>

using mgan::Index, mgan::Matrix;
constexpr Index kSteps = 20, kBatch = 16, kFeatures = 3, kHidden = 16, kKinds = 4, kRounds = 20;

struct Classifier {
    using ScalarType = double;
    mgan::Lstm<double> lstm{kFeatures, kHidden};
    mgan::LayerNorm<double> norm{kHidden};
    mgan::Dense<double> out{kHidden, kKinds};

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        mgan::Lstm<double>::visit(self.lstm, visitor, prefix / "lstm.");
        mgan::LayerNorm<double>::visit(self.norm, visitor, prefix / "norm.");
        mgan::Dense<double>::visit(self.out, visitor, prefix / "out.");
    }
};

/// A tensor of the file; its last dimension becomes the rows.
Matrix<double> matrix(const mgan::TensorFile& file, const char* name, Index rows,
                      const mgan::TensorShape& shape) {
    const std::vector<double> values = file.get<double>(name, shape);
    return mgan::ConstMatrixMap<double>(values.data(), rows, Index(values.size()) / rows);
}

int main(int argc, char** argv) try {
    mgan::require<mgan::Error>(argc == 2, "usage: sequence_classifier FILE");
    const mgan::TensorFile file = mgan::read_safetensors(argv[1]);
    Classifier net, gradients;
    mgan::read_parameters(file, "net.", net);
    const auto x = matrix(file, "x", kFeatures, {kSteps, kBatch, kFeatures});
    const auto masks = matrix(file, "masks", kHidden, {kRounds, kBatch, kHidden});
    const auto theirs = matrix(file, "losses", 1, {kRounds});
    std::vector<Index> kind;
    for (const std::int64_t k : file.get<std::int64_t>("kind", {kBatch})) kind.push_back(k);

    const mgan::LayerOnTape lstm(net.lstm, gradients.lstm);
    const mgan::LayerOnTape norm(net.norm, gradients.norm);
    const mgan::LayerOnTape out(net.out, gradients.out);
    mgan::Optimiser<double> adamw(
        {.kind = mgan::OptimiserKind::adamw, .beta1 = 0.9, .weight_decay = 0.01, .clip = 0.0});
    mgan::Tape<double> tape;
    double apart = 0.0;
    for (Index round = 0; round < kRounds; ++round) {
        tape.clear();
        mgan::set_zero(gradients);
        const auto h = lstm.record(tape.constant(x), {.steps = kSteps, .batch = kBatch});
        const auto last = norm.record(slice_columns(h, (kSteps - 1) * kBatch, kBatch));
        const auto mask = tape.constant(masks.middleCols(round * kBatch, kBatch));
        const auto loss = cross_entropy(out.record(last * mask), kind);
        tape.backward(loss);
        adamw.step(net, gradients, 1e-2, "classifier");
        const double ours = loss.scalar(), other = theirs(round);
        apart = std::max(apart, std::abs(ours - other) / other);
        if (round % 10 == 0 || round == kRounds - 1)
            std::cout << std::fixed << std::setprecision(6) << "step " << round << ": " << ours
                      << ", PyTorch " << other << '\n';
    }
    std::cout << std::scientific << std::setprecision(0) << "losses are apart by " << apart
              << (apart < 1e-6 ? ": six digits agree" : ": they differ") << '\n';
    return apart < 1e-6 ? 0 : 1;
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
