#pragma once
/// \file
/// What a generator is: the sizes that follow from the encoding, and the settings of a user.

#include <mgan/core/error.hpp>
#include <mgan/core/setting.hpp>
#include <mgan/tensor/matrix.hpp>

namespace mgan::inline MGAN_ABI {

/// How a generator answers: what its last layers make of what the recurrent net knows.
enum class HeadKind {
    numeric,  ///< F smooth numbers, as in the paper (models/generator.hpp)
    steps,    ///< component after component, a quantile of its distribution (step_generator.hpp)
};

/// The layers between noise and event. `visit` lists what a user may set.
struct GeneratorSettings {
    // Sizes that nobody sets: they follow from the encoding of the songs and their length.
    Index features = 4;      ///< F
    Index noise = 4;         ///< Z
    Index context = 0;       ///< K
    Index plane_length = 0;  ///< T of the mapping network; 0 without one

    // Settings. Those of files of versions without step heads are numeric.
    HeadKind heads = HeadKind::numeric;
    Index embedding = 24;             ///< steps: numbers for each component of an event
    Index input = 100;                ///< steps: units of the layer before the LSTM
    Index hidden = 100;               ///< H
    Index layers = 2;                 ///< of the LSTM
    Index head = 100;                 ///< units of the first dense layer
    bool noise_to_head = false;       ///< the first dense layer sees z_t too
    bool recall_gate = false;         ///< the last F + 1 rows of k_t are a recalled event
    Index mapping_layers = 0;         ///< of the mapping network; 0: none
    Index convolution = 0;            ///< window over the noise plane, odd; 0: none
    Index attention_heads = 0;        ///< 0: no attention
    Index attention_window = 0;       ///< steps that a step sees; 0: all before it
    bool attention_residual = false;  ///< m_t + h_t (Vaswani et al.); the paper: m_t alone
    bool closed_loop = true;          ///< steps: the net hears what the song is so far

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("heads", heads,
                Choices<HeadKind>{{"numeric", HeadKind::numeric}, {"steps", HeadKind::steps}},
                "numeric: each feature a smooth function of the noise, as in the paper; steps: "
                "a quantile of its distribution over the values that music uses");
        visitor("embedding", embedding, Range{1, 1024},
                "steps: numbers that stand for a value of each component");
        visitor("input", input, Range{1, 4096}, "steps: units of the layer before the LSTM");
        visitor("hidden", hidden, Range{1, 4096}, "units of each LSTM layer");
        visitor("layers", layers, Range{1, 8}, "LSTM layers");
        visitor("head", head, Range{1, 4096}, "units of the dense layer with ReLU");
        visitor("noise_to_head", noise_to_head, "the dense layer sees the noise of its step too");
        visitor("recall_gate", recall_gate,
                "the head may take the recalled event instead of its own (needs "
                "encoding.context_recall)");
        visitor("mapping_layers", mapping_layers, Range{0, 64},
                "layers of the mapping network in front (it fixes the length of a song); 0: none");
        visitor("convolution", convolution, Range{0, 31},
                "window of the convolution over the noise plane, odd; 0: none");
        visitor("attention_heads", attention_heads, Range{0, 64},
                "heads of the attention over earlier LSTM outputs; 0: none");
        visitor("attention_window", attention_window, Range{0, 100000},
                "steps that the attention looks back; 0: all");
        visitor("attention_residual", attention_residual,
                "the head sees the LSTM's output plus what the attention found");
        visitor("closed_loop", closed_loop,
                "steps: the net is told what the song is so far, beside what it shall be; false: "
                "only what it shall be, for comparisons");
    }
};

/// The generator of CARNN GAN (`song_length` 0) or CARNN mGAN (its length in steps, T), with the
/// sizes of the paper.
[[nodiscard]] inline GeneratorSettings carnn_settings(Index song_length = 0) {
    GeneratorSettings settings;
    settings.mapping_layers = song_length > 0 ? 8 : 0;
    settings.plane_length = song_length;
    settings.convolution = 5;
    settings.attention_heads = 1;
    return settings;
}

/// \throws ConfigError unless the heads of the attention can share the units of the LSTM evenly;
///         0 heads: no attention
inline void require_divisible_width(Index attention_heads, Index hidden) {
    require<ConfigError>(attention_heads <= 0 || hidden % attention_heads == 0,
                         "generator.attention_heads = ", attention_heads,
                         " does not divide the width of the attention, generator.hidden = ", hidden,
                         "; choose numbers of which one divides the other");
}

}  // namespace mgan::inline MGAN_ABI
