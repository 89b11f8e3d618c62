#pragma once
/// \file
/// The ear: from songs to the spectra that the PF classifier reads, and their gradients back.
///
///     events     --listen-->   one spectrum per song          [T, B, F] -> values x B
///     d_events   <-backward-   d_spectra
///     notes      --listen-->   a spectrum                     4 x n -> values     (NoteEar)
///
/// Events that are drawn from lists have no gradient: a `NoteEar` only listens.
///
/// They are interfaces for two reasons. The paper's ear (frequency_ear.hpp) needs FFTW, which is
/// under the GPL and not on every machine; a training without PF classifier must neither need nor
/// compile it (make_ear.hpp). And other ears, a filter bank or another instrument, are good
/// experiments: derive from this class, and let `make_ear` return yours.

#include <mgan/tensor/matrix.hpp>
#include <mgan/tensor/sequence.hpp>

#include <memory>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// An ear remembers its last `listen` and serves one thread at a time; every shard of a batch has a
/// `clone`. Equal events must give equal bits, in any object and any order.
template <typename Scalar>
class Ear {
public:
    virtual ~Ear() = default;

    /// Numbers in the spectrum of a song.
    [[nodiscard]] virtual Index values() const noexcept = 0;

    /// events: [T, B, F], normalised, as nets see them; spectra: values x B, written. Allocates
    /// nothing for songs no longer and no more than before.
    virtual void listen(SequenceView<const Scalar> events, Matrix<Scalar>& spectra) = 0;

    /// The gradient of the last `listen`. d_spectra: values x B; d_events: [T, B, F], *added* to.
    /// Not for std::complex: the complex step differentiates `listen`.
    virtual void backward(const Matrix<Scalar>& d_spectra, SequenceView<Scalar> d_events) = 0;

    /// What was calibrated on real songs (the scale of the spectra), for checkpoints to store.
    [[nodiscard]] virtual std::vector<double> constants() const = 0;

    [[nodiscard]] virtual std::unique_ptr<Ear> clone() const = 0;
};

/// An ear for songs that are lists of notes, one song at a time. It serves one thread at a time;
/// equal notes must give equal bits.
template <typename Scalar>
class NoteEar {
public:
    virtual ~NoteEar() = default;

    /// Numbers in the spectrum of a song.
    [[nodiscard]] virtual Index values() const noexcept = 0;

    /// notes: 4 x n (NoteRow of audio/note_matrix.hpp), any order; spectrum: `values`, written.
    /// Allocates nothing once it has listened.
    virtual void listen(const ConstMatrixRef<Scalar>& notes, VectorMap<Scalar> spectrum) = 0;

    /// What was calibrated on real songs, as that of `Ear`.
    [[nodiscard]] virtual std::vector<double> constants() const = 0;

    [[nodiscard]] virtual std::unique_ptr<NoteEar> clone() const = 0;
};

}  // namespace mgan::inline MGAN_ABI
