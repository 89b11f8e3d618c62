// Weights move between torch.nn.LSTM(num_layers=2, bidirectional=True) and mgan through a
// safetensors file, by name and without conversion, in both directions.
// (tests/oracles/exchange_lstm.py makes what PyTorch has to say about it.)

#include <mgan/core/random.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/initialisation.hpp>
#include <support/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

using mgan::Index;
using mgan::Sequence;
using mgan::TensorFile;

namespace {

const std::string kFolder = MGAN_SOURCE_DIR "/tests/data/oracles/";

/// A sequence is [T, B, F] in memory, in mgan as in PyTorch.
Sequence<double> sequence_of(const TensorFile& file, const char* name, Index features) {
    const mgan::TensorShape& shape = file.entry(name).shape;
    REQUIRE((shape.size() == 3 && shape[2] == features));
    Sequence<double> sequence(shape[0], shape[1], shape[2]);
    file.read(name, shape,
              std::span<double>(sequence.data(), static_cast<std::size_t>(sequence.size())));
    return sequence;
}

double distance(const Sequence<double>& a, const Sequence<double>& b) {
    REQUIRE(a.size() == b.size());
    return (a.all() - b.all()).cwiseAbs().maxCoeff();
}

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("A state_dict of torch.nn.LSTM runs in mgan, with PyTorch's outputs") {
    const TensorFile file = mgan::read_safetensors(kFolder + "torch_bilstm.safetensors");
    mgan::BiLstm<double> bilstm(3, 4, 2);
    mgan::read_parameters(file, "bilstm.", bilstm);
    const Sequence<double> x = sequence_of(file, "x", 3);
    mgan::BiLstm<double>::Cache cache;
    CHECK(distance(bilstm.forward(x.view(), cache), sequence_of(file, "output", 8)) < 1e-12);

    // Every parameter has been read, none by a wrong name: a BiLSTM has no others.
    std::vector<std::string> names = {"x", "output"};
    mgan::for_each_parameter(bilstm, [&](const mgan::ParameterName& name, const auto&) {
        names.push_back("bilstm." + name.text());
    });
    CHECK_NOTHROW(file.require_names(names));
}

TEST_CASE("A BiLSTM of mgan is a state_dict of torch.nn.LSTM, with mgan's outputs") {
    mgan::BiLstm<double> bilstm(3, 4, 2);
    mgan::initialise(bilstm, mgan::Random(1, "torch_exchange_test"));
    Sequence<double> x(5, 2, 3);
    for (Index i = 0; i < x.size(); ++i)
        x.data()[i] = mgan::Random(2, "torch_exchange_test")
                          .uniform(static_cast<std::uint64_t>(i), -1.0, 1.0);
    TensorFile file;
    mgan::store_parameters(file, "bilstm.", bilstm);
    file.add("x", {5, 2, 3}, std::span<const double>(x.data(), static_cast<std::size_t>(x.size())));

    const std::string path = kFolder + "mgan_bilstm.safetensors";
    if (std::getenv("MGAN_WRITE_ORACLES") != nullptr) mgan::write_safetensors(path, file);
    // The file that PyTorch has read is the one that mgan writes.
    const auto bytes = mgan::safetensors::serialize(file);
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    CHECK((text == bytes_of(path)));

    const TensorFile answer = mgan::read_safetensors(kFolder + "mgan_bilstm_output.safetensors");
    mgan::BiLstm<double>::Cache cache;
    CHECK(distance(bilstm.forward(x.view(), cache), sequence_of(answer, "output", 8)) < 1e-12);
}
