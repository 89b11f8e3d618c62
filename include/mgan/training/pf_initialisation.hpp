#pragma once
/// \file
/// The PF classifier at the start of a training.

#include <mgan/layers/initialisation.hpp>
#include <mgan/models/pf_classifier.hpp>
#include <mgan/settings/settings.hpp>

namespace mgan::inline MGAN_ABI {

/// For spectra of `spectrum` values. Throws ShapeError if the settings cannot be.
template <typename Scalar>
[[nodiscard]] PfClassifier<Scalar> initial_pf_classifier(const Settings& settings, Index spectrum) {
    PfClassifierSettings sizes = settings.pf.classifier;
    sizes.inputs = spectrum;
    PfClassifier<Scalar> net(sizes);
    initialise(net, Random(settings.seed, "pf classifier weights"), settings.initialisation);
    return net;
}

}  // namespace mgan::inline MGAN_ABI
