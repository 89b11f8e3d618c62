#pragma once
/// \file
/// The minibatches of a training with step heads.
///
/// **Pretraining**: cross-entropy on crops of real songs, nats an event,
///
///     L = mean over events of  sum over components k drawn of  -log q_k(v_k | all before)     (1)
///
/// **Roll-out**: G plays some songs by itself, the plain stream. At each event it proposes n
/// candidates, and D says what each would gain (generation/step_play.hpp):
///
///     w_i = softmax(s (l^i - l))                                                              (2)
///
/// **D learns** to tell these songs from real crops, after every event (step_discriminator.hpp):
///
///     L_D = mean over t of  softplus(-l_t) on real songs  +  softplus(l_t) on generated ones  (3)
///
/// **G learns** at some moments of these songs to propose what D took for real:
///
///     a_i = n w_i - 1,   divided by max(its deviation, 1), cut at +-3, then centred           (4)
///     L_G = mean over moments and candidates of  a_i (-log q(candidate i))  +  weight (1)     (5)
///
/// (4) sums to zero over the candidates of a moment, so that (5) moves probability between them
/// and none is made or lost: with a sum above zero all candidates would become likelier, whatever
/// they are, and the distributions would flatten. The deviation is never scaled up to 1: D gains
/// little by most events, and to shout what it whispers is to follow its noise.
///
/// (5) is policy gradient with the other candidates as its baseline. No gradient passes through D
/// or through the values that were drawn, and none waits for the end of a song.
///
/// **A PF classifier F** (section 3.3 of the paper; pf_step.hpp) hears the sound of whole songs,
/// and learns to tell these from as many real crops:
///
///     L_F = mean over songs of  -log F(x) - log(1 - F(G(z)))                                  (6)
///
/// The paper leads its gradient through the sound to the notes. Notes that are drawn from a list
/// have none, so G learns from what F says of the song as a whole. With f_b its logit of song b,
///
///     s_b = f_b - mean f,  divided by max(its deviation over the songs, 1), cut at +-3
///     a_0 += lambda s_b,   a_i -= lambda s_b / (n - 1)  for the others                        (7)
///
/// where candidate 0 is the one that was played. Again policy gradient: the others, of which F has
/// heard nothing, are drawn from the same distribution, so that what they take away is zero in the
/// mean, and their sum with a_0 is zero at every moment.
///
/// A **mapping network** learns a hundredth as fast as the rest, as in StyleGAN (Karras, Laine and
/// Aila 2019). Its input tells nothing of the song that is to be learnt, so that all it could learn
/// is to be ignored; eight layers of ReLU that are moved at full rate grow instead, here to outputs
/// in the thousands, and drown what the LSTM hears.
///
/// Random numbers are functions of (seed, purpose, number, place), a minibatch is cut into shards
/// whatever the number of threads, and gradients are added in the order of the shards: the bits
/// depend on seed, settings and data alone.

#include <mgan/core/parallel.hpp>
#include <mgan/training/diagnosis.hpp>
#include <mgan/training/epoch.hpp>
#include <mgan/training/pf_gradient.hpp>
#include <mgan/training/step_discriminator_pass.hpp>
#include <mgan/training/step_generator_pass.hpp>
#include <mgan/training/step_hearing_pass.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class StepMinibatch {
public:
    /// Refers to settings, data and ranks. `ear`: that of the PF classifier, or null without one.
    StepMinibatch(const Settings& settings, const StepData& data, const StepNets<Scalar>& nets,
                  const NoteEar<Scalar>* ear, int threads, Communicator& ranks = one_process())
        : settings_(settings),
          data_(data),
          generator_(settings, data),
          discriminator_(settings, data),
          hearing_(settings, data),
          shards_(std::max<Index>(settings.batch, settings.adversarial.songs),
                  std::min<Index>(settings.shard_songs, rolled_shard_songs()), threads, ranks),
          hears_(ear != nullptr) {
        for (StepShard<Scalar>& shard : shards_.all()) {
            shard.generator_gradient = nets.generator.net;
            shard.discriminator_gradient = nets.discriminator.net;
            shard.listener.emplace_back(data.vocabulary, data.scale);
            shard.meter.emplace_back(data.vocabulary);
            if (!hears_) continue;
            shard.ear = ear->clone();
            shard.heard.gradient = nets.pf_classifier.net.head;
        }
        if (hears_) pf_gradient_ = PfGradient<Scalar>(nets.pf_classifier.net);
    }

    /// Equation (1): G learns from crops of `songs`. `number`: of the minibatch. Adds loss and
    /// gradient norm to `sums`. Throws NumericalError.
    void pretrain(StepNets<Scalar>& nets, std::span<const std::size_t> songs, std::uint64_t number,
                  double rate, TrainingPlace place, EpochSums& sums) {
        const StepDraw draw{"step crop", number};
        const auto batch = static_cast<Index>(songs.size());
        shards_.cut_by(settings_.shard_songs);
        shards_.for_each(batch, [&](Shard range, StepShard<Scalar>& shard) {
            set_zero(shard.generator_gradient);
            shard.losses = {};
            shard.losses.loss_pretrain =
                generator_.learn(nets.generator.net, data_.train, songs, draw, range, batch, 1.0,
                                 settings_.pretrain.dropout, shard, &shard.generator_gradient);
        });
        const double loss = sum_losses(batch).loss_pretrain;
        check_loss("the pretraining loss", loss, place, nets, shards_);
        sums.losses.loss_pretrain += loss;
        sums.gradient_g += learn_generator(nets, batch, rate, place);
    }

    /// Loss (1) on fixed crops of the validation songs, without dropout.
    [[nodiscard]] double validate(const StepNets<Scalar>& nets, const StepGenerator<Scalar>& net,
                                  Index crops, TrainingPlace place) {
        const std::vector<std::size_t> songs = data_.validation.order(
            Random(settings_.seed, "validation order"), static_cast<std::size_t>(crops));
        double loss = 0.0;
        shards_.cut_by(settings_.shard_songs);
        const Index most = std::min<Index>(crops, settings_.batch);
        for (Index begin = 0; begin < crops; begin += most) {
            const Index batch = std::min(most, crops - begin);
            const std::span<const std::size_t> chosen(songs.data() + begin,
                                                      static_cast<std::size_t>(batch));
            const StepDraw draw{"step validation crop", static_cast<std::uint64_t>(begin)};
            shards_.for_each(batch, [&](Shard range, StepShard<Scalar>& shard) {
                shard.losses = {};
                shard.losses.loss_pretrain = generator_.learn(
                    net, data_.validation, chosen, draw, range, crops, 1.0, 0.0, shard, nullptr);
            });
            loss += sum_losses(batch).loss_pretrain;
        }
        check_loss("the validation loss", loss, place, nets, shards_);
        return loss;
    }

    /// G plays `songs` songs, the plain stream; with `judged`, D judges `candidates` proposals for
    /// each event. What `discriminate` and `improve` learn from.
    void roll_out(const StepNets<Scalar>& nets, const StepGenerator<Scalar>& player,
                  std::uint64_t number, Index songs, bool judged) {
        rolled_ = songs;
        shards_.cut_by(rolled_shard_songs());
        const StepBand<Scalar> band{&player, &nets.discriminator.net, &data_.vocabulary,
                                    &data_.scale};
        const Random random(settings_.seed, "step roll-out", number);
        const Index n = judged ? settings_.adversarial.candidates : 1;
        shards_.for_each(songs, [&](Shard range, StepShard<Scalar>& shard) {
            generator_.play(band, random, range, songs, n, shard);
            if (!hears_) return;
            hearing_.hear_played(shard);
            if (judged) hearing_.judge(nets.pf_classifier.net, shard);
        });
        if (!judged) return;
        if (hears_) measure_sounds(songs);
        // The deviation of (4), over all candidates.
        struct Sums {
            double square = 0.0, count = 0.0;
        };
        const Sums sums =
            shards_.fold(songs, Sums{}, [&](Sums before, const StepShard<Scalar>& shard) {
                for (const double w : shard.weights) {
                    const double a = static_cast<double>(n) * w - 1.0;
                    before.square += a * a;
                    before.count += 1.0;
                }
                return before;
            });
        deviation_ = std::sqrt(sums.square / std::max(1.0, sums.count));
    }

    /// Equation (3): D learns from the songs of the last roll-out and as many real crops. Losses go
    /// to `sums`. Returns D's accuracy at the end of the songs.
    double discriminate(StepNets<Scalar>& nets, std::uint64_t number, double rate,
                        TrainingPlace place, EpochSums& sums) {
        const Losses losses = discriminator_losses(nets, data_.train,
                                                   StepDraw{"step real crop", number}, true, place);
        add_scaled(sums, losses, settings_.adversarial.discriminator_steps);
        StepDiscriminator<Scalar>& gradient = shards_.sum_gradients(
            rolled_,
            [](StepShard<Scalar> & shard) -> auto& { return shard.discriminator_gradient; });
        sums.gradient_d += take_step(nets.discriminator, gradient, rate, "discriminator",
                                     shards_.threads(), place, nets) /
                           steps_of(settings_.adversarial.discriminator_steps);
        return losses.accuracy;
    }

    /// Equation (6): F learns from the songs of the last roll-out and as many real crops, if there
    /// is an F. Losses, those that G has by F too, go to `sums`.
    void learn_to_hear(StepNets<Scalar>& nets, std::uint64_t number, double rate,
                       TrainingPlace place, EpochSums& sums) {
        if (!hears_) return;
        sums.losses +=
            hearing_losses(nets, data_.train, StepDraw{"step heard crop", number}, true, place);
        sums.gradient_f += take_step(
            nets.pf_classifier,
            pf_gradient_.sum(shards_, rolled_,
                             [](auto& shard) -> HeardShard<Scalar>& { return shard.heard; }),
            rate, "PF classifier", shards_.threads(), place, nets);
    }

    /// The losses of D, and of F, on the last roll-out and as many crops of `real`; nobody learns.
    [[nodiscard]] Losses judge(const StepNets<Scalar>& nets, const StepSongs& real,
                               std::uint64_t number, TrainingPlace place) {
        Losses losses =
            discriminator_losses(nets, real, StepDraw{"step judged crop", number}, false, place);
        if (hears_)
            losses +=
                hearing_losses(nets, real, StepDraw{"step judged crop", number}, false, place);
        return losses;
    }

    /// Equations (4) and (5): G learns at the moments of piece `piece` from the last roll-out.
    /// Losses and gradient norm go to `sums`.
    void improve(StepNets<Scalar>& nets, std::uint64_t number, Index piece, double rate,
                 TrainingPlace place, EpochSums& sums) {
        const AdversarialSettings& phase = settings_.adversarial;
        const std::vector<std::size_t> moments = moments_of(number, piece);
        if (moments.empty()) return;
        const std::vector<std::size_t> songs =
            data_.train.order(Random(settings_.seed, "step anchor order",
                                     64 * number + static_cast<std::uint64_t>(piece)),
                              static_cast<std::size_t>(settings_.batch));
        const std::span<const std::size_t> crops(songs.data(),
                                                 static_cast<std::size_t>(settings_.batch));
        const StepDraw draw{"step anchor crop", 64 * number + static_cast<std::uint64_t>(piece)};
        const Index shards = shards_.count(rolled_);
        shards_.for_each(rolled_, [&](Shard, StepShard<Scalar>& shard, Index index) {
            set_zero(shard.generator_gradient);
            shard.losses = {};
            shard.losses.loss_g =
                generator_.improve(nets.generator.net, moments, rolled_, deviation_, sound_, shard);
            if (phase.pretrain_weight == 0.0) return;
            const Shard part = shard_of(settings_.batch, shards, index);
            if (part.size() > 0)
                shard.losses.loss_pretrain = generator_.learn(
                    nets.generator.net, data_.train, crops, draw, part, settings_.batch,
                    phase.pretrain_weight, 0.0, shard, &shard.generator_gradient);
        });
        const Losses losses = sum_losses(rolled_);
        check_loss("the generator's loss", losses.loss_g, place, nets, shards_);
        add_scaled(sums, losses, pieces());
        sums.gradient_g += learn_generator(nets, rolled_, rate, place) / steps_of(pieces());
    }

private:
    static constexpr RealOf<Scalar> kMappingRate = RealOf<Scalar>(0.01);

    [[nodiscard]] Index rolled_shard_songs() const noexcept {
        const std::int64_t own = settings_.adversarial.shard_songs;
        return own > 0 ? own : settings_.shard_songs;
    }
    /// Of several steps on one roll-out, the mean is reported.
    [[nodiscard]] static double steps_of(std::int64_t steps) noexcept {
        return static_cast<double>(std::max<std::int64_t>(1, steps));
    }
    static void add_scaled(EpochSums& sums, Losses losses, std::int64_t steps) {
        losses.visit([&](const LossName&, double& loss) { loss /= steps_of(steps); });
        sums.losses += losses;
    }

    [[nodiscard]] Losses sum_losses(Index songs) {
        return shards_.sum_losses(
            songs, [](const StepShard<Scalar>& shard) -> const Losses& { return shard.losses; });
    }
    double learn_generator(StepNets<Scalar>& nets, Index songs, double rate, TrainingPlace place) {
        StepGenerator<Scalar>& gradient = shards_.sum_gradients(
            songs, [](StepShard<Scalar> & shard) -> auto& { return shard.generator_gradient; });
        MappingNetwork<Scalar>& mapping = nets.generator.net.noise_path.mapping;
        mapping_before_ = mapping;
        const double norm =
            take_step(nets.generator, gradient, rate, "generator", shards_.threads(), place, nets);
        for_each_pair(mapping, mapping_before_,
                      [](const ParameterName&, auto& weight, const auto& before) {
                          VectorMap<Scalar> now(weight.data(), weight.size());
                          now = before + Scalar(kMappingRate) * (now - before);
                      });
        return norm;
    }

    [[nodiscard]] Losses discriminator_losses(const StepNets<Scalar>& nets, const StepSongs& real,
                                              const StepDraw& draw, bool learn,
                                              TrainingPlace place) {
        const std::vector<std::size_t> songs =
            real.order(Random(settings_.seed, "step real order", draw.number),
                       static_cast<std::size_t>(rolled_));
        shards_.for_each(rolled_, [&](Shard range, StepShard<Scalar>& shard) {
            discriminator_.learn(nets.discriminator.net, real, songs, draw, range, rolled_, learn,
                                 shard);
        });
        const Losses losses = sum_losses(rolled_);
        check_loss("the discriminator's loss", losses.loss_d, place, nets, shards_);
        return losses;
    }

    [[nodiscard]] Losses hearing_losses(const StepNets<Scalar>& nets, const StepSongs& real,
                                        const StepDraw& draw, bool learn, TrainingPlace place) {
        const std::vector<std::size_t> songs =
            real.order(Random(settings_.seed, "step heard order", draw.number),
                       static_cast<std::size_t>(rolled_));
        shards_.for_each(rolled_, [&](Shard range, StepShard<Scalar>& shard) {
            hearing_.learn(nets.pf_classifier.net, real, songs, draw, range, rolled_, learn, shard);
        });
        const Losses losses = sum_losses(rolled_);
        check_loss("the PF classifier's loss", losses.f_loss, place, nets, shards_);
        return losses;
    }

    /// Mean and deviation of (7), over the songs of a roll-out.
    void measure_sounds(Index songs) {
        struct Sums {
            double sum = 0.0, square = 0.0, count = 0.0;
        };
        const Sums sums =
            shards_.fold(songs, Sums{}, [](Sums before, const StepShard<Scalar>& shard) {
                for (const double f : shard.sounds_real) {
                    before.sum += f;
                    before.square += f * f;
                    before.count += 1.0;
                }
                return before;
            });
        const double n = std::max(1.0, sums.count);
        sound_.mean = sums.sum / n;
        sound_.deviation = std::sqrt(std::max(0.0, sums.square / n - sound_.mean * sound_.mean));
    }

    /// Steps of G for a roll-out: short songs have too few moments for all that the settings ask
    /// for.
    [[nodiscard]] std::int64_t pieces() const noexcept {
        const AdversarialSettings& phase = settings_.adversarial;
        const std::int64_t all = settings_.length - 1;
        return std::min(phase.generator_steps, (all + phase.moments - 1) / phase.moments);
    }

    /// The moments of a piece of a roll-out, in order: no two pieces share one.
    [[nodiscard]] std::vector<std::size_t> moments_of(std::uint64_t number, Index piece) const {
        std::vector<std::size_t> all(static_cast<std::size_t>(settings_.length - 1));
        std::iota(all.begin(), all.end(), std::size_t{1});
        shuffle(std::span(all), Random(settings_.seed, "step moments", number), 0);
        const auto count = static_cast<std::size_t>(settings_.adversarial.moments);
        const std::size_t begin = std::min(all.size(), static_cast<std::size_t>(piece) * count);
        const std::size_t end = std::min(all.size(), begin + count);
        std::vector<std::size_t> chosen(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                        all.begin() + static_cast<std::ptrdiff_t>(end));
        std::sort(chosen.begin(), chosen.end());
        return chosen;
    }

    const Settings& settings_;
    const StepData& data_;
    StepGeneratorPass<Scalar> generator_;
    StepDiscriminatorPass<Scalar> discriminator_;
    StepHearingPass<Scalar> hearing_;
    ShardPool<StepShard<Scalar>> shards_;
    Index rolled_ = 0;  // songs of the last roll-out
    double deviation_ = 1.0;
    bool hears_;  // there is a PF classifier
    SoundScale sound_;
    PfGradient<Scalar> pf_gradient_;
    MappingNetwork<Scalar> mapping_before_;  // a step, without layers where there is none
};

}  // namespace mgan::inline MGAN_ABI
