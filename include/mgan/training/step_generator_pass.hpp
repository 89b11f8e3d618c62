#pragma once
/// \file
/// What G does in one shard of a minibatch with step heads: it learns from real songs, plays, and
/// learns from what it played. The equations are those of step_minibatch.hpp.

#include <mgan/generation/step_play.hpp>
#include <mgan/training/step_shard.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What F's logits of the songs of a roll-out are measured by, equation (7).
struct SoundScale {
    double mean = 0.0, deviation = 1.0;

    [[nodiscard]] double advantage(double logit) const noexcept {
        return std::clamp((logit - mean) / std::max(1.0, deviation), -3.0, 3.0);
    }
};

template <typename Scalar>
class StepGeneratorPass : public StepPass<Scalar> {
public:
    using StepPass<Scalar>::StepPass;

    /// Equation (1) for the songs range.begin .. of a batch, times `weight` / `batch`. With
    /// `gradient`, that is added to.
    double learn(const StepGenerator<Scalar>& net, const StepSongs& source,
                 std::span<const std::size_t> songs, const StepDraw& draw, Shard range, Index batch,
                 double weight, double dropout, StepShard<Scalar>& shard,
                 StepGenerator<Scalar>* gradient) const {
        const Index n = range.size(), steps = settings_.length;
        const Random crops(settings_.seed, draw.purpose, draw.number);
        shard.inputs.resize(data_.shape, steps * n);
        for (Index b = 0; b < n; ++b)
            this->hear_crop(source, songs, crops, range.begin + b, StepReader::generator, b, n,
                            shard, gradient != nullptr ? settings_.pretrain.augmentation : 0.0,
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
    void play(const StepBand<Scalar>& band, const Random& random, Shard range, Index songs,
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

    /// Equations (4) and (5) without the last term, for one shard's songs. `sound`: how (7) scales
    /// what F says of them.
    double improve(const StepGenerator<Scalar>& net, const std::vector<std::size_t>& moments,
                   Index rolled, double deviation, const SoundScale& sound,
                   StepShard<Scalar>& shard) const {
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
    using StepPass<Scalar>::settings_, StepPass<Scalar>::data_;

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
