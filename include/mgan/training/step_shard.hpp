#pragma once
/// \file
/// One shard of a minibatch with step heads: its memory, and what is computed in it.
///
///     pretraining_pass      equation (1) of step_minibatch.hpp
///     play_pass             the roll-out, and the weights (2)
///     discriminator_pass    equation (3)
///     improvement_pass      equations (4) and (5), with the share of (7)
///     hearing_pass          equation (6)
///
/// Each reads nets that do not change meanwhile, and adds to gradients of the shard's own.

#include <mgan/encoding/step_augmentation.hpp>
#include <mgan/hearing/song_notes.hpp>
#include <mgan/layers/dropout.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/models/gradient_penalty.hpp>
#include <mgan/training/diagnosis.hpp>
#include <mgan/training/losses.hpp>
#include <mgan/training/pf_step.hpp>
#include <mgan/training/step_data.hpp>
#include <mgan/training/step_nets.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
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

/// What F's logits of the songs of a roll-out are measured by, equation (7).
struct SoundScale {
    double mean = 0.0, deviation = 1.0;

    [[nodiscard]] double advantage(double logit) const noexcept {
        return std::clamp((logit - mean) / std::max(1.0, deviation), -3.0, 3.0);
    }
};

/// The passes. Refers to settings and data.
template <typename Scalar>
class StepPasses {
public:
    StepPasses(const Settings& all, const StepData& songs) : settings_(all), data_(songs) {}

    /// Equation (1) for the songs range.begin .. of a batch, times `weight` / `batch`. With
    /// `gradient`, that is added to.
    double pretraining_pass(const StepGenerator<Scalar>& net, const StepSongs& source,
                            std::span<const std::size_t> songs, const StepDraw& draw, Shard range,
                            Index batch, double weight, double dropout, StepShard<Scalar>& shard,
                            StepGenerator<Scalar>* gradient) const {
        const Index n = range.size(), steps = settings_.length;
        const Random crops(settings_.seed, draw.purpose, draw.number);
        shard.inputs.resize(data_.shape, steps * n);
        for (Index b = 0; b < n; ++b)
            hear_crop(source, songs, crops, range.begin + b, StepReader::generator, b, n, shard,
                      gradient != nullptr ? settings_.pretrain.augmentation : 0.0,
                      gradient != nullptr ? settings_.pretrain.endings : 0.0);
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

    /// G plays the songs of a shard, the plain stream; with `candidates` above 1, D judges that
    /// many proposals for each event.
    void play_pass(const StepBand<Scalar>& band, const Random& random, Shard range, Index songs,
                   Index candidates, StepShard<Scalar>& shard) const {
        PlayingSettings playing = settings_.playing;
        playing.sharpness = settings_.adversarial.sharpness;
        const bool judged = candidates > 1;
        shard.played_starts.clear();
        for (Index b = range.begin; b < range.end; ++b)
            shard.played_starts.push_back(
                data_.starts[random.integer(static_cast<std::uint64_t>(b), data_.starts.size())]);
        shard.seed = random.bits(static_cast<std::uint64_t>(songs));
        shard.first_song = range.begin;
        StepPlay<Scalar> play(band, playing, candidates, StepChoice::first);
        play.start(shard.played_starts, shard.seed, static_cast<std::uint64_t>(range.begin),
                   settings_.length);
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
            shard.weights.insert(shard.weights.end(), play.weights().begin(), play.weights().end());
        }
    }

    /// Equation (3) for one shard of a roll-out of `rolled` songs, against as many crops of `real`:
    /// losses go to the shard, and, with `learn`, the gradient of D.
    void discriminator_pass(const StepDiscriminator<Scalar>& net, const StepSongs& real,
                            std::span<const std::size_t> songs, const StepDraw& draw, Shard range,
                            Index rolled, bool learn, StepShard<Scalar>& shard) const {
        const Random crops(settings_.seed, draw.purpose, draw.number);
        const Index n = range.size(), columns = 2 * n, steps = settings_.length;
        fill_judged(real, songs, crops, range, shard);
        SequenceView<const Scalar> mask;
        const double rate = learn ? settings_.discriminator.dropout : 0.0;
        if (rate > 0.0) {
            Dropout<Scalar>(rate).draw(
                Random(settings_.seed, "step discriminator dropout", draw.number), 2 * range.begin,
                steps, columns, net.masked_size(), shard.mask);
            mask = std::as_const(shard.mask.mask).view();
        }
        const Sequence<Scalar>& logit =
            net.forward(shard.inputs, steps, columns, mask, shard.judged);
        shard.losses = {};
        if (settings_.discriminator.loss == DiscriminatorLoss::relativistic)
            compare_pairs(logit, rolled, shard);
        else
            judge_each(logit, rolled, shard);
        if (!learn) return;
        set_zero(shard.discriminator_gradient);
        net.backward(shard.inputs, std::as_const(shard.d_logit).view(), mask, shard.judged,
                     shard.discriminator_gradient);
        const Random mix(settings_.seed, "step penalty", draw.number);
        penalty_pass(net, mix, range, rolled, shard);
    }

    /// What F says of the songs of a roll-out, after `hear_played`: `sounds_real`.
    void sound_pass(const PfClassifier<Scalar>& net, StepShard<Scalar>& shard) const {
        const Matrix<Scalar>& logit =
            net.forward(shard.heard.generated, shard.heard.generated_cache);
        shard.sounds_real.assign(logit.data(), logit.data() + logit.size());
    }

    /// The spectra of the songs of a roll-out.
    void hear_played(StepShard<Scalar>& shard) const {
        shard.heard.generated.resize(shard.ear->values(), static_cast<Index>(shard.played.size()));
        for (std::size_t b = 0; b < shard.played.size(); ++b)
            hear_sound(shard.played[b], static_cast<Index>(b), shard.heard.generated, shard);
    }

    /// Equation (6) for one shard of a roll-out of `rolled` songs, after `hear_played`, against as
    /// many crops of `real`: losses go to the shard, and, with `learn`, the gradient of F.
    void hearing_pass(const PfClassifier<Scalar>& net, const StepSongs& real,
                      std::span<const std::size_t> songs, const StepDraw& draw, Shard range,
                      Index rolled, bool learn, StepShard<Scalar>& shard) const {
        const Random crops(settings_.seed, draw.purpose, draw.number);
        shard.heard.real.resize(shard.ear->values(), range.size());
        for (Index b = 0; b < range.size(); ++b) {
            const auto at = static_cast<std::size_t>(range.begin + b);
            const encoding::StepSong crop = real.crop(songs[at], crops, at, data_.vocabulary);
            hear_sound(crop.events, b, shard.heard.real, shard);
        }
        if (learn) set_zero(shard.heard.gradient);
        shard.losses = {};
        pf_classifier_pass(net, settings_.adversarial, rolled, shard.heard, shard.losses, learn);
        const Matrix<Scalar>& logit = shard.heard.generated_cache.head.logit;
        const double share = 1.0 / static_cast<double>(rolled);
        for (Index b = 0; b < logit.cols(); ++b) {
            const auto f = static_cast<double>(logit(0, b));
            shard.losses.f_loss_g +=
                share * logit_generator_loss(f, settings_.adversarial.loss).value;
            shard.losses.f_loss_non_saturating += share * softplus(-f);
        }
    }

    /// Equations (4) and (5) without the last term, for one shard's songs. `sound`: how (7) scales
    /// what F says of them.
    double improvement_pass(const StepGenerator<Scalar>& net,
                            const std::vector<std::size_t>& moments, Index rolled, double deviation,
                            const SoundScale& sound, StepShard<Scalar>& shard) const {
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
        const double each = 1.0 / static_cast<double>(count * rolled * n);
        net.drawn_weights(shard.wide, Scalar(1), shard.weight);
        for (Index m = 0; m < count; ++m) {
            const auto t = static_cast<Index>(moments[static_cast<std::size_t>(m)]);
            for (Index b = 0; b < songs; ++b) {
                double mean = 0.0;
                const auto advantage = [&](Index i) {
                    const double weight =
                        shard.weights[static_cast<std::size_t>((t * songs + b) * n + i)];
                    return std::clamp(
                        (static_cast<double>(n) * weight - 1.0) / std::max(1.0, deviation), -3.0,
                        3.0);
                };
                for (Index i = 0; i < n; ++i) mean += advantage(i) / static_cast<double>(n);
                const double song =
                    shard.sounds_real.empty()
                        ? 0.0
                        : settings_.adversarial.lambda *
                              sound.advantage(shard.sounds_real[static_cast<std::size_t>(b)]);
                for (Index i = 0; i < n; ++i) {
                    const double played = i == 0 ? song : -song / static_cast<double>(n - 1);
                    shard.weight.col((m * songs + b) * n + i) *=
                        static_cast<Scalar>(each * (advantage(i) - mean + played));
                }
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

private:
    const Settings& settings_;
    const StepData& data_;

    /// w of the noise path for songs first .. of `seed`; empty without.
    [[nodiscard]] SequenceView<const Scalar> prepare_noise(const StepGenerator<Scalar>& net,
                                                           std::uint64_t seed, Index first,
                                                           Index songs,
                                                           StepShard<Scalar>& shard) const {
        if (net.config().noise == 0) return {};
        fill_noise_plane(net, seed, first, songs, settings_.length, shard.noise);
        const SequenceView<const Scalar> z = std::as_const(shard.noise).view();
        if (net.noise_path.empty()) return z;
        return net.noise_path.forward(z, shard.noise_path).view();
    }

    /// Cross-entropy of each of the 2n songs of a shard at each step, the real ones first: losses,
    /// and their gradient by the logits.
    static void judge_each(const Sequence<Scalar>& logit, Index rolled, StepShard<Scalar>& shard) {
        const Index steps = logit.steps(), columns = logit.batch();
        shard.d_logit.resize(steps, columns, 1);
        const double share = 1.0 / static_cast<double>(rolled);
        const double each = share / static_cast<double>(steps);
        for (Index t = 0; t < steps; ++t) {
            for (Index i = 0; i < columns; ++i) {
                const bool is_real = 2 * i < columns, last = t + 1 == steps;
                const double l = static_cast<double>(logit(t, i, 0));
                const LossValue<double> loss = logit_cross_entropy(l, is_real ? 1.0 : 0.0);
                shard.losses.loss_d += each * loss.value;
                if (!is_real) shard.losses.loss_non_saturating += each * softplus(-l);
                (is_real ? shard.losses.d_real : shard.losses.d_fake) += each * sigmoid(l);
                if (last && (l > 0.0) == is_real) shard.losses.accuracy += 0.5 * share;
                shard.d_logit(t, i, 0) = static_cast<Scalar>(each * loss.derivative);
            }
        }
    }

    /// The relativistic loss at each step. What D is said to give a song is then the mean
    /// probability of being the real one of a pair, and its accuracy the share of pairs in which
    /// it is right at the end.
    static void compare_pairs(const Sequence<Scalar>& logit, Index rolled,
                              StepShard<Scalar>& shard) {
        const Index steps = logit.steps(), n = logit.batch() / 2;
        shard.d_logit.resize(steps, 2 * n, 1);
        const double share = 1.0 / static_cast<double>(rolled);
        const double each = share / static_cast<double>(steps);
        for (Index t = 0; t < steps; ++t) {
            shard.losses.loss_d += static_cast<double>(relativistic_loss<Scalar>(
                logit.step(t), static_cast<RealOf<Scalar>>(each), shard.d_logit.step(t)));
            for (Index i = 0; i < n; ++i) {
                for (Index j = n; j < 2 * n; ++j) {
                    const double ahead =
                        static_cast<double>(logit(t, i, 0)) - static_cast<double>(logit(t, j, 0));
                    const double pair = 1.0 / static_cast<double>(n);
                    shard.losses.loss_non_saturating += each * pair * softplus(ahead);
                    shard.losses.d_real += each * pair * sigmoid(ahead);
                    shard.losses.d_fake += each * pair * sigmoid(-ahead);
                    if (t + 1 == steps && ahead > 0.0) shard.losses.accuracy += share * pair;
                }
            }
        }
    }

    /// What D's slope costs, as the settings say: adds its gradient. Real songs are the first n of
    /// the 2n that were judged. (`loss_d` does not count it.)
    void penalty_pass(const StepDiscriminator<Scalar>& net, const Random& mix, Shard range,
                      Index rolled, StepShard<Scalar>& shard) const {
        const DiscriminatorSettings& costs = settings_.discriminator;
        const Index n = range.size(), steps = settings_.length;
        const auto songs = static_cast<double>(rolled);
        const Sequence<Scalar>& input = shard.judged.input;  // [T, 2n, inputs]
        const auto add = [&](GradientPenalty kind, double weight, const auto& share_of_real) {
            shard.penalised.resize(steps, n, input.features());
            shard.penalised_sets.resize(data_.shape.sets, steps * n);
            const auto for_each_song = [&](const auto& visit) {
                for (Index b = 0; b < n; ++b) {
                    const auto u = static_cast<Scalar>(share_of_real(b));
                    for (Index t = 0; t < steps; ++t) visit(t, b, u, Scalar(1) - u);
                }
            };
            for_each_song([&](Index t, Index b, Scalar u, Scalar rest) {
                const Index real = 2 * n * t + b, generated = real + n;
                shard.penalised.step(t).col(b) =
                    u * input.all().col(real) + rest * input.all().col(generated);
                shard.penalised_sets.col(n * t + b) =
                    u * shard.inputs.sets.col(real) + rest * shard.inputs.sets.col(generated);
            });
            shard.penalty.add(kind, weight, net, shard.penalised, shard.penalised_sets,
                              shard.discriminator_gradient);
            // Back through the mixture to the embeddings.
            shard.d_embedded.resize(steps, 2 * n, input.features());
            const Sequence<Scalar>& d = shard.penalty.d_input();
            for_each_song([&](Index t, Index b, Scalar u, Scalar rest) {
                shard.d_embedded.step(t).col(b) = u * d.step(t).col(b);
                shard.d_embedded.step(t).col(n + b) = rest * d.step(t).col(b);
            });
            net.scatter_input(shard.inputs, std::as_const(shard.d_embedded).view(),
                              shard.discriminator_gradient);
        };
        if (costs.r1 > 0.0)
            add(GradientPenalty::r1, costs.r1 / (2.0 * songs), [](Index) { return 1.0; });
        if (costs.gradient_penalty > 0.0) {
            add(GradientPenalty::wgan_gp, costs.gradient_penalty / songs,
                [&](Index b) { return mix.uniform(static_cast<std::uint64_t>(range.begin + b)); });
        }
    }
    /// From the heads' gradient in `cache` back to all other parameters.
    void backward(const StepGenerator<Scalar>& net, SequenceView<const Scalar> mask,
                  StepShard<Scalar>& shard, StepGenerator<Scalar>& gradient) const {
        const bool path = !net.noise_path.empty();
        if (path) shard.dw.resize(shard.noise.steps(), shard.noise.batch(), shard.noise.features());
        net.backward(shard.inputs, path ? shard.dw.view() : SequenceView<Scalar>{}, mask,
                     shard.cache, gradient);
        if (path)
            net.noise_path.backward(std::as_const(shard.dw).view(), {}, shard.noise_path,
                                    gradient.noise_path);
    }

    /// Inputs of D for `count` real crops in columns 0 .. and the roll-out's songs behind them.
    void fill_judged(const StepSongs& real, std::span<const std::size_t> songs, const Random& crops,
                     Shard range, StepShard<Scalar>& shard) const {
        const Index n = range.size(), columns = 2 * n;
        shard.inputs.resize(data_.shape, settings_.length * columns);
        for (Index b = 0; b < n; ++b) {
            hear_crop(real, songs, crops, range.begin + b, StepReader::discriminator, b, columns,
                      shard);
            const auto own = static_cast<std::size_t>(b);
            hear(shard.played_starts[own], shard.played[own], StepReader::discriminator, n + b,
                 columns, shard);
        }
    }

    /// The spectrum of a song into column b.
    void hear_sound(std::span<const encoding::StepEvent> events, Index b, Matrix<Scalar>& spectra,
                    StepShard<Scalar>& shard) const {
        notes_of(encoding::song_of(events, data_.vocabulary), shard.notes);
        shard.ear->listen(shard.notes, VectorMap<Scalar>(spectra.col(b).data(), spectra.rows()));
    }

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

    /// The candidates of the event of column `from` of the inputs become columns first .. of
    /// `wide`.
    void propose_again(StepShard<Scalar>& shard, const encoding::StepListener& listener, Index from,
                       Index first) const {
        const Index n = settings_.adversarial.candidates;
        const std::array<encoding::StepArrival, 2> arrivals = {listener.after(0),
                                                               listener.after(1)};
        for (Index k = 0; k < data_.shape.count(); ++k) {
            const StepKind kind = data_.shape.components[static_cast<std::size_t>(k)].kind;
            shard.sharpness.row(k).segment(first, n).setConstant(static_cast<RealOf<Scalar>>(
                1.0 / step_temperature(kind, settings_.playing, listener)));
        }
        for (Index i = 0; i < n; ++i) {
            const encoding::StepEvent& event =
                shard.proposed[static_cast<std::size_t>(from * n + i)];
            shard.wide.copy_column(first + i, shard.inputs, from);
            put_event(event, data_.shape, first + i, shard.wide);
            put_arrival(arrivals[event.value[encoding::StepVocabulary::move()] != 0 ? 1 : 0],
                        first + i, shard.wide);
        }
    }
};

}  // namespace mgan::inline MGAN_ABI
