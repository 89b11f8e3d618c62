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
/// (5) is policy gradient with the other candidates as its baseline. No gradient passes through D or
/// through the values that were drawn, and none waits for the end of a song.
///
/// Random numbers are functions of (seed, purpose, number, place), a minibatch is cut into shards
/// whatever the number of threads, and gradients are added in the order of the shards: the bits
/// depend on seed, settings and data alone.

#include <mgan/core/parallel.hpp>
#include <mgan/layers/dropout.hpp>
#include <mgan/training/diagnosis.hpp>
#include <mgan/training/epoch.hpp>
#include <mgan/training/step_data.hpp>
#include <mgan/training/step_nets.hpp>

#include <algorithm>
#include <array>
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
    /// Refers to settings and data.
    StepMinibatch(const Settings& settings, const StepData& data, const StepNets<Scalar>& nets,
                  int threads)
        : settings_(settings), data_(data), threads_(threads) {
        const Index most = std::max<Index>(settings.batch, settings.adversarial.songs);
        shards_.resize(static_cast<std::size_t>(shard_count(most, settings.shard_songs)));
        for (Memory& shard : shards_) {
            shard.generator_gradient = nets.generator.net;
            shard.discriminator_gradient = nets.discriminator.net;
            shard.listener.emplace_back(data.vocabulary, data.scale);
            shard.meter.emplace_back(data.vocabulary);
        }
    }

    /// Equation (1): G learns from crops of `songs`. `number`: of the minibatch. Adds loss and
    /// gradient norm to `sums`. Throws NumericalError.
    void pretrain(StepNets<Scalar>& nets, std::span<const std::size_t> songs, std::uint64_t number,
                  double rate, TrainingPlace place, EpochSums& sums) {
        const Draw draw{"step crop", number};
        const auto batch = static_cast<Index>(songs.size());
        for_each_shard(batch, [&](Shard range, Memory& shard) {
            set_zero(shard.generator_gradient);
            shard.loss =
                pretraining_pass(nets.generator.net, data_.train, songs, draw, range, batch, 1.0,
                                 settings_.pretrain.dropout, shard, &shard.generator_gradient);
        });
        const double loss = sum_losses(batch);
        check("the pretraining loss", loss, place, nets);
        sums.losses.loss_pretrain += loss;
        sums.gradient_g += learn_generator(nets, batch, rate, place);
    }

    /// Loss (1) on fixed crops of the validation songs, without dropout.
    [[nodiscard]] double validate(const StepNets<Scalar>& nets, const StepGenerator<Scalar>& net,
                                  Index crops, TrainingPlace place) {
        const std::vector<std::size_t> songs = data_.validation.order(
            Random(settings_.seed, "validation order"), static_cast<std::size_t>(crops));
        double loss = 0.0;
        const Index most = std::min<Index>(crops, settings_.batch);
        for (Index begin = 0; begin < crops; begin += most) {
            const Index batch = std::min(most, crops - begin);
            const std::span<const std::size_t> chosen(songs.data() + begin,
                                                      static_cast<std::size_t>(batch));
            const Draw draw{"step validation crop", static_cast<std::uint64_t>(begin)};
            for_each_shard(batch, [&](Shard range, Memory& shard) {
                shard.loss = pretraining_pass(net, data_.validation, chosen, draw, range, crops,
                                              1.0, 0.0, shard, nullptr);
            });
            loss += sum_losses(batch);
        }
        check("the validation loss", loss, place, nets);
        return loss;
    }

    /// G plays `songs` songs, the plain stream; with `judged`, D judges `candidates` proposals for
    /// each event. What `discriminate` and `improve` learn from.
    void roll_out(const StepNets<Scalar>& nets, const StepGenerator<Scalar>& player,
                  std::uint64_t number, Index songs, bool judged) {
        rolled_ = songs;
        PlayingSettings playing = settings_.playing;
        playing.sharpness = settings_.adversarial.sharpness;
        const StepBand<Scalar> band{&player, &nets.discriminator.net, &data_.vocabulary,
                                    &data_.scale};
        const Random random(settings_.seed, "step roll-out", number);
        const Index n = judged ? settings_.adversarial.candidates : 1;
        for_each_shard(songs, [&](Shard range, Memory& shard) {
            shard.played_starts.clear();
            for (Index b = range.begin; b < range.end; ++b)
                shard.played_starts.push_back(data_.starts[random.integer(
                    static_cast<std::uint64_t>(b), data_.starts.size())]);
            shard.seed = random.bits(static_cast<std::uint64_t>(songs));
            shard.first_song = range.begin;
            StepPlay<Scalar> play(band, playing, n, StepChoice::first);
            play.start(shard.played_starts, shard.seed, range.begin, settings_.length);
            shard.played.assign(static_cast<std::size_t>(range.size()), {});
            shard.proposed.clear();
            shard.weights.clear();
            for (Index t = 0; t < settings_.length; ++t) {
                const auto events = play.next();
                for (std::size_t b = 0; b < shard.played.size(); ++b)
                    shard.played[b].push_back(events[b]);
                if (!judged) continue;
                shard.proposed.insert(shard.proposed.end(), play.candidates().begin(),
                                      play.candidates().end());
                shard.weights.insert(shard.weights.end(), play.weights().begin(),
                                     play.weights().end());
            }
        });
        if (!judged) return;
        // The deviation of (4), over all candidates.
        double square = 0.0, count = 0.0;
        for (Index i = 0; i < shards_of(songs); ++i) {
            for (const double w : shards_[static_cast<std::size_t>(i)].weights) {
                const double a = static_cast<double>(n) * w - 1.0;
                square += a * a;
                count += 1.0;
            }
        }
        deviation_ = std::sqrt(square / std::max(1.0, count));
    }

    /// Equation (3): D learns from the songs of the last roll-out and as many real crops. Losses go
    /// to `sums`. Returns D's accuracy at the end of the songs.
    double discriminate(StepNets<Scalar>& nets, std::uint64_t number, double rate,
                        TrainingPlace place, EpochSums& sums) {
        const Losses losses =
            discriminator_losses(nets, data_.train, Draw{"step real crop", number}, true, place);
        add_scaled(sums, losses, settings_.adversarial.discriminator_steps);
        for (Index i = 1; i < shards_of(rolled_); ++i)
            add_parameters(shards_[0].discriminator_gradient,
                           shards_[static_cast<std::size_t>(i)].discriminator_gradient, Scalar(1));
        sums.gradient_d += take_step(nets.discriminator, shards_[0].discriminator_gradient, rate,
                                     "discriminator", threads_, place, nets) /
                           steps_of(settings_.adversarial.discriminator_steps);
        return losses.accuracy;
    }

    /// The losses of D on the last roll-out and as many crops of `real`; nobody learns.
    [[nodiscard]] Losses judge(const StepNets<Scalar>& nets, const StepSongs& real,
                               std::uint64_t number, TrainingPlace place) {
        return discriminator_losses(nets, real, Draw{"step judged crop", number}, false, place);
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
        const Draw draw{"step anchor crop", 64 * number + static_cast<std::uint64_t>(piece)};
        const Index shards = shards_of(rolled_);
        for_each_shard(rolled_, [&](Shard, Memory& shard) {
            set_zero(shard.generator_gradient);
            shard.losses = {};
            shard.losses.loss_g = improvement_pass(nets.generator.net, moments, shard);
            if (phase.pretrain_weight == 0.0) return;
            const Shard part = shard_of(settings_.batch, shards, &shard - shards_.data());
            if (part.size() > 0)
                shard.losses.loss_pretrain = pretraining_pass(
                    nets.generator.net, data_.train, crops, draw, part, settings_.batch,
                    phase.pretrain_weight, 0.0, shard, &shard.generator_gradient);
        });
        Losses losses;
        for (Index i = 0; i < shards; ++i) losses += shards_[static_cast<std::size_t>(i)].losses;
        check("the generator's loss", losses.loss_g, place, nets);
        add_scaled(sums, losses, phase.generator_steps);
        sums.gradient_g +=
            learn_generator(nets, rolled_, rate, place) / steps_of(phase.generator_steps);
    }

private:
    /// What a shard needs; its memory is reused.
    struct Memory {
        StepInputs<Scalar> inputs, wide;
        typename StepGenerator<Scalar>::Cache cache, wide_cache;
        typename StepDiscriminator<Scalar>::Cache judged;
        StepGenerator<Scalar> generator_gradient;
        StepDiscriminator<Scalar> discriminator_gradient;
        Matrix<Scalar> weight;
        Matrix<RealOf<Scalar>> sharpness;
        Matrix<Scalar> h, d_h;
        typename Dropout<Scalar>::Cache mask;
        Sequence<Scalar> d_logit, noise, dw, dz;
        typename NoisePath<Scalar>::Cache noise_path;
        std::vector<encoding::StepListener> listener;  // one
        std::vector<encoding::StyleMeter> meter;       // one
        double loss = 0.0;
        Losses losses;

        // The roll-out.
        std::uint64_t seed = 0;
        Index first_song = 0;
        std::vector<StepStart> played_starts;
        std::vector<std::vector<encoding::StepEvent>> played;
        std::vector<encoding::StepEvent> proposed;  // (t songs + b) n + i
        std::vector<double> weights;
    };

    /// A purpose and a number, of which random numbers are functions.
    struct Draw {
        std::string_view purpose;
        std::uint64_t number;
    };

    /// Of several steps on one roll-out, the mean is reported.
    [[nodiscard]] static double steps_of(std::int64_t steps) noexcept {
        return static_cast<double>(std::max<std::int64_t>(1, steps));
    }
    static void add_scaled(EpochSums& sums, Losses losses, std::int64_t steps) {
        losses.visit([&](const LossName&, double& loss) { loss /= steps_of(steps); });
        sums.losses += losses;
    }

    [[nodiscard]] Index shards_of(Index songs) const noexcept {
        return shard_count(songs, settings_.shard_songs);
    }
    template <typename Body>
    void for_each_shard(Index songs, Body&& body) {
        const Index count = shards_of(songs);
        parallel_for(count, threads_, [&](std::ptrdiff_t index) {
            body(shard_of(songs, count, index), shards_[static_cast<std::size_t>(index)]);
        });
    }
    [[nodiscard]] double sum_losses(Index songs) const {
        double sum = 0.0;
        for (Index i = 0; i < shards_of(songs); ++i)
            sum += shards_[static_cast<std::size_t>(i)].loss;
        return sum;
    }
    void check(const char* what, double loss, TrainingPlace place,
               const StepNets<Scalar>& nets) const {
        if (std::isfinite(loss)) return;
        const std::string weight = bad_weight(nets);
        fail<NumericalError>(diagnosis_detail::place_text(place), ": ", what, " is ", loss, " (",
                             weight.empty() ? "all weights are finite" : weight,
                             "); it has not reached the weights. Try a lower learning rate.");
    }
    double learn_generator(StepNets<Scalar>& nets, Index songs, double rate, TrainingPlace place) {
        for (Index i = 1; i < shards_of(songs); ++i)
            add_parameters(shards_[0].generator_gradient,
                           shards_[static_cast<std::size_t>(i)].generator_gradient, Scalar(1));
        return take_step(nets.generator, shards_[0].generator_gradient, rate, "generator", threads_,
                         place, nets);
    }

    /// w of the noise path for songs first .. of `seed`; empty without.
    [[nodiscard]] SequenceView<const Scalar> prepare_noise(const StepGenerator<Scalar>& net,
                                                           std::uint64_t seed, Index first,
                                                           Index songs, Memory& shard) const {
        if (net.config().noise == 0) return {};
        fill_noise_plane(net, seed, first, songs, settings_.length, shard.noise);
        const SequenceView<const Scalar> z = std::as_const(shard.noise).view();
        if (net.noise_path.empty()) return z;
        return net.noise_path.forward(z, shard.noise_path).view();
    }
    /// From the heads' gradient in `cache` back to all other parameters.
    void backward(const StepGenerator<Scalar>& net, SequenceView<const Scalar> mask, Memory& shard,
                  StepGenerator<Scalar>& gradient) const {
        const bool path = !net.noise_path.empty();
        if (path) {
            shard.dw.resize(shard.noise.steps(), shard.noise.batch(), shard.noise.features());
            shard.dz.resize(shard.noise.steps(), shard.noise.batch(), shard.noise.features());
        }
        net.backward(shard.inputs, path ? shard.dw.view() : SequenceView<Scalar>{}, mask,
                     shard.cache, gradient);
        if (path)
            net.noise_path.backward(std::as_const(shard.dw).view(), shard.dz.view(),
                                    shard.noise_path, gradient.noise_path);
    }

    /// Equation (1) for the songs range.begin .. of a batch, times `weight` / `batch`. With
    /// `gradient`, that is added to.
    double pretraining_pass(const StepGenerator<Scalar>& net, const StepSongs& source,
                            std::span<const std::size_t> songs, const Draw& draw, Shard range,
                            Index batch, double weight, double dropout, Memory& shard,
                            StepGenerator<Scalar>* gradient) const {
        const Index n = range.size(), steps = settings_.length;
        const Random crops(settings_.seed, draw.purpose, draw.number);
        shard.inputs.resize(data_.shape, steps * n);
        encoding::StepListener& listener = shard.listener.front();
        for (Index b = 0; b < n; ++b) {
            const auto place = static_cast<std::size_t>(range.begin + b);
            const encoding::StepSong crop =
                source.crop(songs[place], crops, place, data_.vocabulary);
            const StepStart start = start_of(crop, shard.meter.front());
            listener.reset(start.style, start.phase);
            listen_to(std::span(crop.events), data_.shape, listener, StepReader::generator, b, n,
                      shard.inputs);
        }
        SequenceView<const Scalar> mask;
        if (dropout > 0.0) {
            Dropout<Scalar>(dropout).draw(Random(settings_.seed, "step dropout", draw.number),
                                          range.begin, steps, n, net.config().hidden, shard.mask);
            mask = std::as_const(shard.mask.mask).view();
        }
        const SequenceView<const Scalar> w =
            prepare_noise(net, crops.bits(~std::uint64_t{0}), range.begin, n, shard);
        net.forward(shard.inputs, steps, n, w, mask, shard.cache);
        const double share = 1.0 / static_cast<double>(steps * batch);
        net.drawn_weights(shard.inputs, static_cast<Scalar>(weight * share), shard.weight);
        const double loss =
            static_cast<double>(net.learn_heads(shard.inputs, shard.weight, shard.cache, gradient));
        if (gradient != nullptr) backward(net, mask, shard, *gradient);
        return weight > 0.0 ? loss / weight : 0.0;
    }

    /// Inputs of D for `count` real crops in columns 0 .. and the roll-out's songs behind them.
    void fill_judged(const StepSongs& real, std::span<const std::size_t> songs, const Random& crops,
                     Shard range, Memory& shard) const {
        const Index n = range.size(), columns = 2 * n;
        shard.inputs.resize(data_.shape, settings_.length * columns);
        encoding::StepListener& listener = shard.listener.front();
        for (Index b = 0; b < n; ++b) {
            const auto place = static_cast<std::size_t>(range.begin + b);
            const encoding::StepSong crop = real.crop(songs[place], crops, place, data_.vocabulary);
            const StepStart start = start_of(crop, shard.meter.front());
            listener.reset(start.style, start.phase);
            listen_to(std::span(crop.events), data_.shape, listener, StepReader::discriminator, b,
                      columns, shard.inputs);
            const auto own = static_cast<std::size_t>(b);
            listener.reset(shard.played_starts[own].style, shard.played_starts[own].phase);
            listen_to(std::span(std::as_const(shard.played[own])), data_.shape, listener,
                      StepReader::discriminator, n + b, columns, shard.inputs);
        }
    }

    [[nodiscard]] Losses discriminator_losses(const StepNets<Scalar>& nets, const StepSongs& real,
                                              const Draw& draw, bool learn, TrainingPlace place) {
        const StepDiscriminator<Scalar>& net = nets.discriminator.net;
        const std::vector<std::size_t> songs =
            real.order(Random(settings_.seed, "step real order", draw.number),
                       static_cast<std::size_t>(rolled_));
        const Random crops(settings_.seed, draw.purpose, draw.number);
        for_each_shard(rolled_, [&](Shard range, Memory& shard) {
            const Index n = range.size(), columns = 2 * n, steps = settings_.length;
            fill_judged(real, songs, crops, range, shard);
            SequenceView<const Scalar> mask;
            const double rate = learn ? settings_.discriminator.dropout : 0.0;
            if (rate > 0.0) {
                Dropout<Scalar>(rate).draw(
                    Random(settings_.seed, "step discriminator dropout", draw.number),
                    2 * range.begin, steps, columns, net.masked_size(), shard.mask);
                mask = std::as_const(shard.mask.mask).view();
            }
            const Sequence<Scalar>& logit =
                net.forward(shard.inputs, steps, columns, mask, shard.judged);
            shard.d_logit.resize(steps, columns, 1);
            shard.losses = {};
            const double share = 1.0 / static_cast<double>(rolled_);
            const double each = share / static_cast<double>(steps);
            for (Index t = 0; t < steps; ++t) {
                for (Index i = 0; i < columns; ++i) {
                    const bool is_real = i < n, last = t + 1 == steps;
                    const double l = static_cast<double>(logit(t, i, 0));
                    const double d = 1.0 / (1.0 + std::exp(-l));
                    const double softplus_minus =
                        std::max(0.0, -l) + std::log1p(std::exp(-std::abs(l)));
                    shard.losses.loss_d += each * (is_real ? softplus_minus : softplus_minus + l);
                    if (!is_real) shard.losses.loss_non_saturating += each * softplus_minus;
                    (is_real ? shard.losses.d_real : shard.losses.d_fake) += each * d;
                    if (last && (l > 0.0) == is_real) shard.losses.accuracy += 0.5 * share;
                    shard.d_logit(t, i, 0) = static_cast<Scalar>(each * (is_real ? d - 1.0 : d));
                }
            }
            if (!learn) return;
            set_zero(shard.discriminator_gradient);
            net.backward(shard.inputs, std::as_const(shard.d_logit).view(), mask, shard.judged,
                         shard.discriminator_gradient);
        });
        Losses losses;
        for (Index i = 0; i < shards_of(rolled_); ++i)
            losses += shards_[static_cast<std::size_t>(i)].losses;
        check("the discriminator's loss", losses.loss_d, place, nets);
        return losses;
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

    /// Equations (4) and (5) without the last term, for one shard's songs.
    double improvement_pass(const StepGenerator<Scalar>& net,
                            const std::vector<std::size_t>& moments, Memory& shard) const {
        const Index n = settings_.adversarial.candidates, steps = settings_.length;
        const auto songs = static_cast<Index>(shard.played.size());
        const auto count = static_cast<Index>(moments.size());
        const Index columns = count * songs * n, components = data_.shape.count();
        shard.inputs.resize(data_.shape, steps * songs);
        shard.wide.resize(data_.shape, columns);
        shard.sharpness.resize(components, columns);
        encoding::StepListener& listener = shard.listener.front();
        // Column ((m songs) + b) n + i: candidate i at moment m of song b.
        for (Index b = 0; b < songs; ++b) {
            const auto own = static_cast<std::size_t>(b);
            listener.reset(shard.played_starts[own].style, shard.played_starts[own].phase);
            Index m = 0;
            listen_to(std::span(std::as_const(shard.played[own])), data_.shape, listener,
                      StepReader::generator, b, songs, shard.inputs,
                      [&](std::size_t t, const encoding::StepContext&,
                          const encoding::StepListener& hearing) {
                          if (m == count || moments[static_cast<std::size_t>(m)] != t) return;
                          propose_again(shard, hearing, static_cast<Index>(t) * songs + b,
                                        (m * songs + b) * n);
                          ++m;
                      });
        }
        const SequenceView<const Scalar> w =
            prepare_noise(net, shard.seed, shard.first_song, songs, shard);
        net.forward(shard.inputs, steps, songs, w, {}, shard.cache);
        const Index hidden = net.config().hidden;
        shard.h.resize(hidden, columns);
        for (Index m = 0; m < count; ++m) {
            const auto h =
                shard.cache.output.step(static_cast<Index>(moments[static_cast<std::size_t>(m)]));
            for (Index b = 0; b < songs; ++b)
                shard.h.middleCols((m * songs + b) * n, n).colwise() = h.col(b);
        }
        const double each = 1.0 / static_cast<double>(count * rolled_ * n);
        net.drawn_weights(shard.wide, Scalar(1), shard.weight);
        for (Index m = 0; m < count; ++m) {
            const auto t = static_cast<Index>(moments[static_cast<std::size_t>(m)]);
            for (Index b = 0; b < songs; ++b) {
                double mean = 0.0;
                const auto advantage = [&](Index i) {
                    const double weight =
                        shard.weights[static_cast<std::size_t>((t * songs + b) * n + i)];
                    return std::clamp(
                        (static_cast<double>(n) * weight - 1.0) / std::max(1.0, deviation_), -3.0,
                        3.0);
                };
                for (Index i = 0; i < n; ++i) mean += advantage(i) / static_cast<double>(n);
                for (Index i = 0; i < n; ++i)
                    shard.weight.col((m * songs + b) * n + i) *=
                        static_cast<Scalar>(each * (advantage(i) - mean));
            }
        }
        shard.d_h.setZero(hidden, columns);
        const double loss = static_cast<double>(
            net.learn_heads(shard.wide, shard.h.data(), shard.weight, shard.sharpness,
                            shard.wide_cache, shard.d_h.data(), &shard.generator_gradient));
        shard.cache.d_output.resize(steps, songs, hidden);
        shard.cache.d_output.set_zero();
        for (Index m = 0; m < count; ++m) {
            auto d =
                shard.cache.d_output.step(static_cast<Index>(moments[static_cast<std::size_t>(m)]));
            for (Index b = 0; b < songs; ++b)
                d.col(b) += shard.d_h.middleCols((m * songs + b) * n, n).rowwise().sum();
        }
        backward(net, {}, shard, shard.generator_gradient);
        return loss;
    }

    /// The candidates of the event of column `from` of the inputs become columns first .. of `wide`.
    void propose_again(Memory& shard, const encoding::StepListener& listener, Index from,
                       Index first) const {
        const Index n = settings_.adversarial.candidates;
        const std::array<encoding::StepArrival, 2> arrivals = {listener.after(0),
                                                               listener.after(1)};
        for (Index i = 0; i < n; ++i) {
            const encoding::StepEvent& event =
                shard.proposed[static_cast<std::size_t>(from * n + i)];
            shard.wide.copy_column(first + i, shard.inputs, from);
            put_event(event, data_.shape, first + i, shard.wide);
            put_arrival(arrivals[event.value[encoding::StepVocabulary::move()] != 0 ? 1 : 0],
                        first + i, shard.wide);
            for (Index k = 0; k < data_.shape.count(); ++k) {
                const StepKind kind = data_.shape.components[static_cast<std::size_t>(k)].kind;
                shard.sharpness(k, first + i) = static_cast<RealOf<Scalar>>(
                    1.0 / step_temperature(kind, settings_.playing, listener));
            }
        }
    }

    const Settings& settings_;
    const StepData& data_;
    int threads_;
    std::vector<Memory> shards_;
    Index rolled_ = 0;  // songs of the last roll-out
    double deviation_ = 1.0;
};

}  // namespace mgan::inline MGAN_ABI
