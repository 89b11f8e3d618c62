#pragma once
/// \file
/// What a generator is fed after each event: the event as it will be played, and its context.

#include <mgan/encoding/context.hpp>
#include <mgan/tensor/matrix.hpp>

#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The distribution of the noise: uniform on [low, high) in every feature.
struct NoiseRange {
    double low = 0.0;
    double high = 1.0;
};

/// The feedback after each event: the event as it will be played, and the context that a listener
/// derives from it. One listener for each song of the batch.
template <typename Scalar>
class CodecFeedback {
public:
    CodecFeedback() = default;
    CodecFeedback(const encoding::Codec& codec, const encoding::ContextSettings& context,
                  bool quantise) noexcept
        : codec_(&codec), context_(context), quantise_(quantise) {}

    /// Forgets all songs, and begins one for each style.
    void reset(std::span<const encoding::Style> styles) {
        listeners_.resize(styles.size());
        for (std::size_t b = 0; b < styles.size(); ++b) {
            listeners_[b] = encoding::Listener(*codec_, context_);
            listeners_[b].reset(styles[b]);
        }
    }

    /// Writes the context before the first event ((F + K) x B, rows F ..).
    void write_first(Matrix<Scalar>& first) const {
        if (encoding::context_size(context_) == 0) return;
        for (std::size_t b = 0; b < listeners_.size(); ++b) {
            listeners_[b].write(first.col(static_cast<Index>(b)).data() + encoding::kFeatures);
        }
    }

    /// The call that `Generator::forward` makes. y: F x B, fed_back: F x B, context: K x B.
    template <typename In, typename Out, typename Context>
    void operator()(Index, const In& y, Out&& fed_back, Context&& context) {
        const bool listens = encoding::context_size(context_) > 0;
        for (Index b = 0; b < y.cols(); ++b) {
            Scalar event[encoding::kFeatures];
            for (std::size_t f = 0; f < encoding::kFeatures; ++f)
                event[f] = y(static_cast<Index>(f), b);
            if (quantise_) codec_->quantise(event);
            for (std::size_t f = 0; f < encoding::kFeatures; ++f)
                fed_back(static_cast<Index>(f), b) = event[f];
            if (!listens) continue;
            encoding::Listener& listener = listeners_[static_cast<std::size_t>(b)];
            listener.hear(event);
            listener.write(&context(0, b));
        }
    }

private:
    const encoding::Codec* codec_ = nullptr;
    encoding::ContextSettings context_;
    bool quantise_ = true;
    std::vector<encoding::Listener> listeners_;
};

}  // namespace mgan::inline MGAN_ABI
