// Weights to PyTorch and back, through a safetensors file.
//
//     pytorch_roundtrip write FILE         mgan's weights, an input, and mgan's output
//     python3 pytorch_roundtrip.py FILE    PyTorch checks the output and changes the weights
//     pytorch_roundtrip check FILE         with PyTorch's weights, mgan has PyTorch's output
//
// Names, shapes and the order of the gates are PyTorch's, so that nothing is converted.

#include <mgan/generation/model_file.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/stacked_lstm.hpp>

#include <iostream>
#include <span>
#include <string_view>

using Tensor = mgan::Sequence<float>;
constexpr mgan::Index kSteps = 6, kBatch = 2, kFeatures = 3, kHidden = 5;

/// A sequence is [T, B, F] in memory, as PyTorch has it by default.
std::span<float> values(Tensor& x) {
    return {x.data(), static_cast<std::size_t>(x.size())};
}

int main(int argc, char** argv) try {
    const std::string_view mode = argc == 3 ? argv[1] : "";
    if (mode != "write" && mode != "check") {
        std::cerr << "usage: pytorch_roundtrip write|check FILE\n";
        return 2;
    }
    const mgan::TensorShape in = {kSteps, kBatch, kFeatures}, out = {kSteps, kBatch, kHidden};
    mgan::StackedLstm<float> lstm(kFeatures, kHidden, /*layers=*/2);
    mgan::StackedLstm<float>::Cache cache;
    Tensor x(kSteps, kBatch, kFeatures);
    if (mode == "write") {
        mgan::initialise(lstm, mgan::Random(1, "weights"));
        for (mgan::Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i % 7) - 3.0F;
        Tensor y = lstm.forward(x.view(), cache);
        mgan::TensorFile file;
        mgan::store_parameters(file, "lstm.", lstm);  // lstm.weight_ih_l0, lstm.weight_hh_l0, ...
        file.add("x", in, std::span<const float>(values(x)));
        file.add("y", out, std::span<const float>(values(y)));
        mgan::write_safetensors(argv[2], file);
        std::cout << "wrote " << argv[2] << '\n';
        return 0;
    }
    const mgan::TensorFile file = mgan::read_safetensors(argv[2]);
    mgan::read_parameters(file, "lstm.", lstm);
    file.read("x", in, values(x));
    Tensor theirs(kSteps, kBatch, kHidden);
    file.read("y", out, values(theirs));
    const Tensor& ours = lstm.forward(x.view(), cache);
    const float apart = (ours.all() - theirs.all()).cwiseAbs().maxCoeff();
    const bool agree = apart < 1e-5F;
    std::cout << "outputs are apart by " << apart << ": " << (agree ? "they agree" : "they differ")
              << '\n';
    return agree ? 0 : 1;
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
