#pragma once
/// \file
/// The settings of the network of the PF classifier (pf_classifier.hpp).

#include <mgan/core/setting.hpp>

#include <cstdint>

namespace mgan::inline MGAN_ABI {

enum class PfKind {
    bilstm,  ///< equations (1) to (5) of pf_classifier.hpp
    dense,   ///< the paper's first attempt
};

/// Its sizes.
struct PfClassifierSettings {
    std::int64_t inputs = 5000;  ///< values of the frequency converter
    std::int64_t hidden_1 = 1000;
    std::int64_t hidden_2 = 500;
    std::int64_t steps = 20;  ///< T of (3); hidden_2 is a multiple of it
    /// Units of each direction of each BiLSTM layer; kind dense: of layers 3 to 5.
    std::int64_t hidden = 100;
    std::int64_t layers = 2;  ///< of the BiLSTM
    PfKind kind = PfKind::bilstm;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("inputs", inputs, Range{0, 1 << 24},
                "values of a song's spectrum that it reads; 0: as many as there are");
        visitor("hidden_1", hidden_1, Range{1, 100000}, "units of its first dense layer");
        visitor("hidden_2", hidden_2, Range{1, 100000}, "units of its second dense layer");
        visitor("steps", steps, Range{1, 100000},
                "pieces that those are cut into for its BiLSTM: 500 of 1 value (paper), 20 of 25");
        visitor("hidden", hidden, Range{1, 4096},
                "units of each direction of its BiLSTM layers (network dense: of layers 3 to 5)");
        visitor("layers", layers, Range{1, 8}, "its BiLSTM layers");
        visitor("network", kind,
                Choices<PfKind>{{"bilstm", PfKind::bilstm}, {"dense", PfKind::dense}},
                "bilstm: the paper's classifier; dense: its first try, five dense layers");
    }
};

}  // namespace mgan::inline MGAN_ABI
