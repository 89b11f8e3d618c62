#pragma once
/// \file
/// How F, the PF classifier, hears and learns in one shard of a minibatch with step heads: equation
/// (6) of step_minibatch.hpp.

#include <mgan/hearing/song_notes.hpp>
#include <mgan/training/step_shard.hpp>

#include <cstdint>
#include <span>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class StepHearingPass : public StepPass<Scalar> {
public:
    using StepPass<Scalar>::StepPass;

    /// The spectra of the songs of a roll-out.
    void hear_played(StepShard<Scalar>& shard) const {
        shard.heard.generated.resize(shard.ear->values(), static_cast<Index>(shard.played.size()));
        for (std::size_t b = 0; b < shard.played.size(); ++b)
            listen(shard.played[b], static_cast<Index>(b), shard.heard.generated, shard);
    }

    /// What F says of the songs of a roll-out, after `hear_played`: `sounds_real`.
    void judge(const PfClassifier<Scalar>& net, StepShard<Scalar>& shard) const {
        const Matrix<Scalar>& logit =
            net.forward(shard.heard.generated, shard.heard.generated_cache);
        shard.sounds_real.assign(logit.data(), logit.data() + logit.size());
    }

    /// Equation (6) for one shard of a roll-out of `rolled` songs, after `hear_played`, against as
    /// many crops of `real`: losses go to the shard, and, with `learns`, the gradient of F.
    void learn(const PfClassifier<Scalar>& net, const StepSongs& real,
               std::span<const std::size_t> songs, const StepDraw& draw, Shard range, Index rolled,
               bool learns, StepShard<Scalar>& shard) const {
        const Random crops(settings_.seed, draw.purpose, draw.number);
        shard.heard.real.resize(shard.ear->values(), range.size());
        for (Index b = 0; b < range.size(); ++b) {
            const auto at = static_cast<std::size_t>(range.begin + b);
            const encoding::StepSong crop = real.crop(songs[at], crops, at, data_.vocabulary);
            listen(crop.events, b, shard.heard.real, shard);
        }
        if (learns) set_zero(shard.heard.gradient);
        shard.losses = {};
        pf_classifier_pass(net, settings_.adversarial, rolled, shard.heard, shard.losses, learns);
        const Matrix<Scalar>& logit = shard.heard.generated_cache.head.logit;
        const double share = 1.0 / static_cast<double>(rolled);
        for (Index b = 0; b < logit.cols(); ++b) {
            const auto f = static_cast<double>(logit(0, b));
            shard.losses.f_loss_g +=
                share * logit_generator_loss(f, settings_.adversarial.loss).value;
            shard.losses.f_loss_non_saturating += share * softplus(-f);
        }
    }

private:
    using StepPass<Scalar>::settings_, StepPass<Scalar>::data_;

    /// The spectrum of a song into column b.
    void listen(std::span<const encoding::StepEvent> events, Index b, Matrix<Scalar>& spectra,
                StepShard<Scalar>& shard) const {
        notes_of(encoding::song_of(events, data_.vocabulary), shard.notes);
        shard.ear->listen(shard.notes, VectorMap<Scalar>(spectra.col(b).data(), spectra.rows()));
    }
};

}  // namespace mgan::inline MGAN_ABI
