// W8 to W11: the model with step heads of preset recommended, on random songs (what a net has
// learnt does not change its time).
//
//     W8   1,000 songs of 100 events, notes and all, as `mgan generate --guide 0 --count 1000`
//          makes them
//     W9   a step of its training: of the pretraining (teacher forcing), and of the adversarial
//          phase (a roll-out, four steps of G and four of D, as the settings say)
//     W10  one song, event by event, the plain stream
//     W11  the same with 8 candidates an event, among which the discriminator chooses
//
// The sizes of embeddings and heads follow from the songs' vocabulary; --hidden sets all others.

#include "flop.hpp"
#include "workload.hpp"

#include <mgan/generation/step_sampler.hpp>
#include <mgan/settings/presets.hpp>
#include <mgan/training/step_minibatch.hpp>

#include <algorithm>
#include <memory>
#include <numeric>

namespace {

using bench::Index;
using bench::Prepared;
using bench::Shape;

/// Songs of 200 notes on a grid of sixteenths, with chords, rests and every loudness.
std::vector<mgan::Song> random_songs(std::size_t count) {
    std::vector<mgan::Song> songs(count);
    for (std::size_t s = 0; s < count; ++s) {
        const mgan::Random random(7, "songs of a benchmark", s);
        std::int64_t onset = 0;
        for (std::uint64_t n = 0; n < 200; ++n) {
            const auto draw = [&](std::uint64_t what, std::uint64_t options) {
                return static_cast<std::int64_t>(random.integer(8 * n + what, options));
            };
            if (draw(0, 3) > 0) onset += 96 * (1 + draw(1, 2) * draw(2, 8));
            songs[s].notes.push_back({onset, 96 * (1 + draw(3, 12)),
                                      static_cast<int>(40 + draw(4, 48)),
                                      static_cast<int>(36 + 8 * draw(5, 11)), 0});
        }
    }
    return songs;
}

mgan::Settings settings_of(const Shape& shape) {
    mgan::Settings s = mgan::recommended_settings(bench::variant);
    s.adversarial.lambda = 0.0;  // F has W6
    s.generator.input = s.generator.hidden = s.generator.head = shape.hidden;
    s.discriminator.input = s.discriminator.hidden = shape.hidden;
    return s;
}

/// Multiplications that one column costs.
double size_of(const mgan::Dense<float>& layer) {
    return static_cast<double>(layer.weight.size());
}
double size_of(const mgan::StackedLstm<float>& lstm) {
    double size = 0.0;
    for (const mgan::Lstm<float>& layer : lstm.layers)
        size += static_cast<double>(layer.weight_ih.size() + layer.weight_hh.size());
    return size;
}
double heads_of(const mgan::StepGenerator<float>& net) {
    double size = 0.0;
    for (const mgan::StepHead<float>& head : net.heads)
        size += size_of(head.read) + size_of(head.write);
    return size;
}
double body_of(const mgan::StepGenerator<float>& net) {
    return size_of(net.input_layer) + size_of(net.lstm);
}
double size_of(const mgan::StepDiscriminator<float>& net) {
    return size_of(net.input_layer) + size_of(net.lstm) + size_of(net.answer_layer) +
           size_of(net.output);
}

/// Songs, what is known of them, and the nets at the start of a training.
struct Model {
    explicit Model(const mgan::Settings& s)
        : settings(s),
          songs(random_songs(64)),
          data(settings, songs, all()),
          nets(settings, data.shape, 0) {}

    [[nodiscard]] std::array<std::vector<std::size_t>, 3> all() const {
        std::vector<std::size_t> places(songs.size());
        std::iota(places.begin(), places.end(), std::size_t{0});
        return {places, {}, {}};
    }
    [[nodiscard]] mgan::StepBand<float> band() const {
        return {&nets.generator.net, &nets.discriminator.net, &data.vocabulary, &data.scale};
    }
    /// Multiplications of G and D for a column.
    [[nodiscard]] double generator_size() const {
        return body_of(nets.generator.net) + heads_of(nets.generator.net);
    }
    [[nodiscard]] double discriminator_size() const { return size_of(nets.discriminator.net); }

    mgan::Settings settings;
    std::vector<mgan::Song> songs;
    mgan::StepData data;
    mgan::StepNets<float> nets;
};

/// W8.
Prepared many_songs(const Shape& s) {
    const auto model = std::make_shared<Model>(settings_of(s));
    const auto notes = std::make_shared<double>(0.0);
    mgan::PlayingSettings playing = model->settings.playing;
    playing.guide = playing.particles = 0;
    return {[=] {
                const mgan::StepSampler<float> sampler{model->band(), model->data.starts, playing};
                *notes = 0.0;
                for (const mgan::Song& song : sampler.songs(s.batch, s.steps, 5, s.threads))
                    *notes += static_cast<double>(song.notes.size());
            },
            [notes] { return *notes; },
            2.0 * model->generator_size() * static_cast<double>(s.batch * s.steps),
            s.batch * s.steps, 0.0};
}

/// W9, the pretraining.
struct Pretraining {
    explicit Pretraining(const mgan::Settings& settings, int threads)
        : model(settings), minibatch(model.settings, model.data, model.nets, nullptr, threads) {
        songs = model.data.train.order(mgan::Random(1, "order"),
                                       static_cast<std::size_t>(settings.batch));
        songs.resize(static_cast<std::size_t>(settings.batch));  // it gave at least so many
    }
    void step() {
        sums = {};
        minibatch.pretrain(model.nets, songs, number++, 1e-4, {}, sums);
    }

    Model model;
    mgan::StepMinibatch<float> minibatch;
    std::vector<std::size_t> songs;
    std::uint64_t number = 0;
    mgan::EpochSums sums;
};

/// W9, the adversarial phase, as `StepTrainer::adversarial_step` does it.
struct Adversarial : Pretraining {
    using Pretraining::Pretraining;
    void step() {
        sums = {};
        const mgan::AdversarialSettings& phase = model.settings.adversarial;
        minibatch.roll_out(model.nets, model.nets.generator.net, number, phase.songs, true);
        for (Index piece = 0; piece < phase.generator_steps; ++piece)
            minibatch.improve(model.nets, number, piece, 1e-5, {}, sums);
        for (Index i = 0; i < phase.discriminator_steps; ++i)
            (void)minibatch.discriminate(model.nets, 64 * number + static_cast<std::uint64_t>(i),
                                         1e-5, {}, sums);
        ++number;
    }
};

mgan::Settings training_settings(const Shape& s) {
    mgan::Settings settings = settings_of(s);
    settings.length = s.steps;
    settings.batch = s.batch;
    settings.shard_songs = bench::shard_songs(settings.shard_songs);
    if (bench::asked_shard_songs > 0) settings.adversarial.shard_songs = 0;  // the same
    return settings;
}

Prepared pretraining(const Shape& s) {
    const auto training = std::make_shared<Pretraining>(training_settings(s), s.threads);
    return {[training] { training->step(); }, [training] { return training->sums.gradient_g; },
            6.0 * training->model.generator_size() * static_cast<double>(s.steps * s.batch), 0,
            0.0};
}

Prepared adversarial(const Shape& s) {
    const auto training = std::make_shared<Adversarial>(training_settings(s), s.threads);
    const Model& model = training->model;
    const mgan::AdversarialSettings& phase = model.settings.adversarial;
    const auto of = [](Index a, Index b) {
        return static_cast<double>(a) * static_cast<double>(b);
    };
    const double heads = heads_of(model.nets.generator.net),
                 body = body_of(model.nets.generator.net);
    const double played = of(phase.songs, s.steps);
    const auto proposed = static_cast<double>(phase.candidates);
    // Played once, with D on every candidate; G on the songs, its heads on the candidates of the
    // moments, and on as many crops as a minibatch has; D on real and generated songs.
    const double roll_out = 2.0 * played * (body + proposed * (heads + model.discriminator_size()));
    const Index moments = std::min<Index>(phase.moments, s.steps - 1);
    const double improve =
        6.0 * (played * body + of(phase.songs, moments) * proposed * heads +
               (phase.pretrain_weight > 0.0 ? of(s.batch, s.steps) * (body + heads) : 0.0));
    const double judge = 6.0 * 2.0 * played * model.discriminator_size();
    return {[training] { training->step(); },
            [training] { return std::min(training->sums.gradient_g, training->sums.gradient_d); },
            roll_out + static_cast<double>(phase.generator_steps) * improve +
                static_cast<double>(phase.discriminator_steps) * judge,
            0, 0.0};
}

/// W10, W11: every run begins the same song again, whose memory is there already.
struct Player {
    Player(const Shape& s, Index candidates, bool half)
        : model(settings_of(s)),
          play(model.band(), model.settings.playing, candidates),
          starts(static_cast<std::size_t>(s.batch), model.data.starts.front()),
          steps(s.steps) {
        if (half) bench::halve(model.nets.generator.net);
    }
    void run() {
        play.start(starts, 3, 0, steps);
        sum = 0.0;
        for (Index t = 0; t < steps; ++t) sum += play.next().front().value[2] + 1;
    }

    Model model;
    mgan::StepPlay<float> play;
    std::vector<mgan::StepStart> starts;
    Index steps;
    double sum = 0.0;
};

template <Index Candidates, bool Half = false>
Prepared played(const Shape& s) {
    const auto player = std::make_shared<Player>(s, Candidates, Half);
    const Model& model = player->model;
    const double columns = Candidates;
    const double heads = heads_of(model.nets.generator.net),
                 body = body_of(model.nets.generator.net);
    const double judged = Candidates > 1 ? model.discriminator_size() : 0.0;
    const auto events = static_cast<double>(s.steps * s.batch);
    return {[player] { player->run(); }, [player] { return player->sum; },
            2.0 * events * (body + columns * (heads + judged)), s.steps,
            (Half ? 2.0 : 4.0) * (body + heads) + 4.0 * judged};
}

}  // namespace

std::vector<bench::Workload> bench::step_workloads() {
    return {{"W8", "1,000 songs", {100, 1000, 100}, many_songs},
            {"W9", "step, pretraining", {100, 32, 100}, pretraining},
            {"W9", "step, adversarial", {100, 32, 100}, adversarial},
            {"W10", "event, plain", {1000, 1, 100}, played<1>},
            {"W10", "half weights", {1000, 1, 100}, played<1, true>},
            {"W11", "event, 8 candidates", {1000, 1, 100}, played<8>}};
}
