#pragma once
/// \file
/// What stands between songs and the PF classifier: something that hears.
///
///     events of songs  --listen-->  one spectrum a song        [T, B, F] -> I x B
///     dL/d(events)     <-backward-  dL/d(spectra)
///
/// An interface, for two reasons. The ear that the paper describes (frequency_ear.hpp) needs FFTW,
/// which is under the GPL and not on every machine: a training without PF classifier must neither
/// need nor compile it (make_ear.hpp). And to hear otherwise, with a filter bank or through another
/// instrument, is a good experiment: derive, and let `make_ear` make yours.

#include <mgan/tensor/sequence.hpp>

#include <memory>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Hears songs. An object remembers its last `listen`, and serves one thread at a time; every shard
/// of a batch has a `clone`. The same events must give the same bits, in whatever object and order.
template <typename Scalar>
class Ear {
public:
    virtual ~Ear() = default;

    /// I: numbers in the spectrum of a song.
    [[nodiscard]] virtual Index values() const noexcept = 0;

    /// events: [T, B, F], normalised, as nets see them; spectra: I x B, written. Allocates nothing
    /// for songs no longer and no more than before.
    virtual void listen(SequenceView<const Scalar> events, Matrix<Scalar>& spectra) = 0;

    /// The gradient of the last `listen`. d_spectra: I x B; d_events: [T, B, F], *added* to. Not
    /// for std::complex: the complex step differentiates `listen`.
    virtual void backward(const Matrix<Scalar>& d_spectra, SequenceView<Scalar> d_events) = 0;

    /// What was measured on the real songs (the scale of the spectra), for checkpoints to keep.
    [[nodiscard]] virtual std::vector<double> constants() const = 0;

    [[nodiscard]] virtual std::unique_ptr<Ear> clone() const = 0;
};

}  // namespace mgan::inline MGAN_ABI
