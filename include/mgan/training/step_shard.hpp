#pragma once
/// \file
/// One shard of a minibatch with step heads: its memory, and how songs come into it.
///
///     step_generator_pass.hpp        equations (1), (4) and (5) of step_minibatch.hpp, roll-outs
///     step_discriminator_pass.hpp    equation (3)
///     step_hearing_pass.hpp          equation (6)
///
/// A pass reads nets that do not change meanwhile, and adds to gradients of the shard's own.

#include <mgan/encoding/step_augmentation.hpp>
#include <mgan/layers/dropout.hpp>
#include <mgan/models/gradient_penalty.hpp>
#include <mgan/training/diagnosis.hpp>
#include <mgan/training/losses.hpp>
#include <mgan/training/pf_step.hpp>
#include <mgan/training/step_data.hpp>
#include <mgan/training/step_nets.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What a shard needs; its memory is reused.
template <typename Scalar>
struct StepShard {
    using ScalarType = Scalar;

    StepInputs<Scalar> inputs, wide;
    typename StepGenerator<Scalar>::Cache cache, wide_cache;
    typename StepDiscriminator<Scalar>::Cache judged;
    StepGenerator<Scalar> generator_gradient;
    StepDiscriminator<Scalar> discriminator_gradient;
    StepDiscriminatorPenalty<Scalar> penalty;  // empty where D's slope costs nothing
    Sequence<Scalar> penalised, d_embedded;
    Matrix<Scalar> penalised_sets;
    Matrix<Scalar> weight;
    Matrix<RealOf<Scalar>> sharpness;
    Matrix<Scalar> h, d_h;
    typename Dropout<Scalar>::Cache mask;
    Sequence<Scalar> d_logit, noise, dw;
    typename NoisePath<Scalar>::Cache noise_path;
    std::vector<encoding::StepListener> listener;  // one
    std::vector<encoding::StyleMeter> meter;       // one
    Losses losses;

    // The roll-out.
    std::uint64_t seed = 0;
    Index first_song = 0;
    std::vector<StepStart> played_starts;
    std::vector<std::vector<encoding::StepEvent>> played;
    std::vector<encoding::StepEvent> proposed;  // (t songs + b) n + i
    std::vector<double> weights;

    // The PF classifier: empty without one.
    std::unique_ptr<NoteEar<Scalar>> ear;
    HeardShard<Scalar> heard;
    Matrix<Scalar> notes;
    std::vector<double> sounds_real;  ///< F's logit of each song of the roll-out
};

/// "the weight NAME is not finite" for the first such weight, or "".
template <typename Scalar>
[[nodiscard]] std::string bad_weight(const StepNets<Scalar>& nets) {
    using diagnosis_detail::not_finite;
    std::string found = not_finite("the weight generator.", nets.generator.net);
    if (found.empty()) found = not_finite("the weight discriminator.", nets.discriminator.net);
    return found.empty() ? not_finite("the weight pf_classifier.", nets.pf_classifier.net) : found;
}

/// Where a loss that is not finite comes from, as far as weights and gradients of this rank tell,
/// or "".
template <typename Scalar>
[[nodiscard]] std::string culprit(const StepNets<Scalar>& nets,
                                  const ShardPool<StepShard<Scalar>>& shards) {
    using diagnosis_detail::not_finite;
    std::string found = bad_weight(nets);
    for (const StepShard<Scalar>& shard : shards.all()) {
        if (found.empty())
            found = not_finite("the gradient of generator.", shard.generator_gradient);
        if (found.empty())
            found = not_finite("the gradient of discriminator.", shard.discriminator_gradient);
        if (found.empty())
            found = not_finite("the gradient of pf_classifier.", shard.heard.gradient);
    }
    return found;
}

/// A purpose and a number, of which random numbers are functions.
struct StepDraw {
    std::string_view purpose;
    std::uint64_t number;
};

/// What the passes share. Refers to settings and data.
template <typename Scalar>
class StepPass {
public:
    StepPass(const Settings& all, const StepData& songs) : settings_(all), data_(songs) {}

protected:
    const Settings& settings_;
    const StepData& data_;

    /// A song that began so, into the columns first, first + stride, ... of the inputs. `left`:
    /// grid steps from its first onset to its last, where that is told.
    void hear(const StepStart& start, std::span<const encoding::StepEvent> events,
              StepReader reader, Index first, Index stride, StepShard<Scalar>& shard,
              std::int64_t left = encoding::StepListener::kNoEnd) const {
        encoding::StepListener& listener = shard.listener.front();
        listener.reset(start.style, start.phase);
        listener.end_in(static_cast<std::int32_t>(left));
        listen_to(events, data_.shape, listener, reader, first, stride, shard.inputs);
    }
    /// The same of the crop at `place` of a batch; it is told its own style. `augmentation`: the
    /// probability of each change of it; `endings`: the share of crops that are ends.
    void hear_crop(const StepSongs& source, std::span<const std::size_t> songs, const Random& crops,
                   Index place, StepReader reader, Index first, Index stride,
                   StepShard<Scalar>& shard, double augmentation = 0.0,
                   double endings = 0.0) const {
        const auto at = static_cast<std::size_t>(place);
        encoding::StepSong crop = source.lesson(songs[at], crops, at, endings, data_.vocabulary);
        if (augmentation > 0.0) {
            const Random changes(settings_.seed, "step augmentation",
                                 crops.bits(~std::uint64_t{1}));
            encoding::augment(crop, encoding::draw_augmentation(changes, at, augmentation),
                              data_.vocabulary);
        }
        hear(start_of(crop, shard.meter.front()), crop.events, reader, first, stride, shard,
             crop.ends > 0 ? encoding::steps_to(crop, crop.ends - 1, data_.vocabulary)
                           : encoding::StepListener::kNoEnd);
    }
};

}  // namespace mgan::inline MGAN_ABI
