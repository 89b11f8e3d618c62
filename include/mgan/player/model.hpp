#pragma once
/// \file
/// A trained model as players see it (core.hpp), made from a `Model` or from the bytes of its file.

#include <mgan/encoding/step_events.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/player/stream.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The first `count` notes of a primer that can be heard (all: 0), drums aside. Throws DataError if
/// there are none.
[[nodiscard]] inline Song heard_primer(const Song& song, std::int64_t count) {
    Song heard;
    heard.tempo = song.tempo;
    heard.notes = midi::sounding_notes(song);
    require<DataError>(!heard.notes.empty(),
                       "prime: the song has no notes (drums, on channel 10, do not count)");
    std::sort(heard.notes.begin(), heard.notes.end(), midi::note_order);
    if (count > 0 && static_cast<std::size_t>(count) < heard.notes.size())
        heard.notes.resize(static_cast<std::size_t>(count));
    return heard;
}

/// How songs of a model with step heads begin.
template <typename Scalar>
struct StepSource {
    const StepEngineModel<Scalar>* model = nullptr;

    void start(StepEngine<Scalar>& engine, std::uint64_t seed, std::uint64_t number) const {
        engine.start(seed, number);
    }

    void prime(StepEngine<Scalar>& engine, const Song& song, std::int64_t notes, std::uint64_t seed,
               std::uint64_t number, std::vector<typename StepEngine<Scalar>::Event>& chord) const {
        const encoding::StepVocabulary& words = model->model->vocabulary;
        const Song heard = heard_primer(song, notes);
        const int key = model->in_key ? -encoding::key_shift(heard.notes) : 0;
        const Song prepared = encoding::prepare_steps(heard, words.grid_ticks(), model->in_key);
        const std::int64_t silence = encoding::snap(heard.notes.front().onset, words.grid_ticks()) -
                                     prepared.notes.front().onset;
        const encoding::StepSong events = encoding::step_events(prepared, words);
        engine.prime(events, key, silence, seed, number, chord);
    }
};

/// How songs of a model with numeric heads begin.
template <typename Scalar>
struct NumericSource {
    const BasicModel<Scalar>* model = nullptr;

    void start(NumericEngine<Scalar>& engine, std::uint64_t seed, std::uint64_t number) const {
        engine.start(seed, number);
    }

    void prime(NumericEngine<Scalar>& engine, const Song& song, std::int64_t notes,
               std::uint64_t seed, std::uint64_t number,
               std::vector<typename NumericEngine<Scalar>::Event>& chord) const {
        const encoding::EncodingSettings& options = model->codec.settings();
        const Song heard = heard_primer(song, notes);
        const int key = options.normalise_key ? -encoding::key_shift(heard.notes) : 0;
        const std::int64_t silence = encoding::snap(heard.notes.front().onset, options.grid_ticks);
        engine.prime(model->codec.template encode<Scalar>(heard), key, silence, seed, number,
                     chord);
    }
};

/// A model that players share. Immutable.
template <typename Scalar>
class BasicPlayerModel final : public PlayerModelCore {
public:
    explicit BasicPlayerModel(BasicModel<Scalar> model) : model_(std::move(model)) {
        if (!model_.steps) return;
        const BasicStepModel<Scalar>& steps = *model_.steps;
        engine_model_.emplace(
            StepEngineModel<Scalar>{&steps, model_.playing(), StyleField(steps.scale, steps.starts),
                                    model_.settings.encoding.events.normalise_key});
    }

    [[nodiscard]] const BasicModel<Scalar>& model() const noexcept { return model_; }

    [[nodiscard]] std::unique_ptr<PlayerCore> play(std::uint64_t seed, std::uint64_t number,
                                                   const PlayerOptions& options) const override {
        require<ConfigError>(options.length >= 0 && options.length <= 1'000'000,
                             "Player: a song of ", options.length,
                             " events; it can have up to 1000000, 0: as trained");
        const std::int64_t events = options.length > 0 ? options.length : length();
        if (model_.steps) {
            const int most = options.candidates < 0 ? guide() : options.candidates;
            require<ConfigError>(most <= 256, "Player: ", most, " candidates; 256 at most");
            require<ConfigError>(most <= 1 || can_be_guided(),
                                 "Player: this model has no discriminator to choose among "
                                 "candidates; ask for none");
            require<ConfigError>(!options.opening || !model_.steps->openings.empty(),
                                 "Player: this model holds no openings of training songs; models "
                                 "that are trained anew do");
            using Engine = StepEngine<Scalar>;
            return std::make_unique<PlayerStream<Engine, StepSource<Scalar>>>(
                shared_from_this(), StepSource<Scalar>{&*engine_model_},
                Engine(*engine_model_, events, most, options.opening), options, seed, number);
        }
        require<ConfigError>(!options.opening,
                             "Player: a model with numeric heads holds no openings of songs");
        using Engine = NumericEngine<Scalar>;
        return std::make_unique<PlayerStream<Engine, NumericSource<Scalar>>>(
            shared_from_this(), NumericSource<Scalar>{&model_}, Engine(model_, events), options,
            seed, number);
    }

    [[nodiscard]] std::int64_t length() const noexcept override { return model_.settings.length; }
    [[nodiscard]] bool has_step_heads() const noexcept override { return model_.steps.has_value(); }
    [[nodiscard]] int guide() const noexcept override {
        return static_cast<int>(model_.playing().guide);
    }
    [[nodiscard]] bool can_be_guided() const noexcept override {
        return model_.steps && model_.steps->discriminator;
    }
    [[nodiscard]] const char* kernels() const noexcept override { return kSimdName; }

    [[nodiscard]] std::array<double, encoding::kStyleAxes> style_of(
        const Song& song) const override {
        require<ConfigError>(model_.steps.has_value(),
                             "style_of: a model with numeric heads has no style axes");
        const encoding::StepVocabulary& words = model_.steps->vocabulary;
        const Song heard = heard_primer(song, 0);
        const encoding::StepSong events = encoding::step_events(
            encoding::prepare_steps(heard, words.grid_ticks(), engine_model_->in_key), words);
        const encoding::StyleScale& scale = model_.steps->scale;
        encoding::StepStyle style = engine_model_->field.continued(
            encoding::StyleScale::fit(std::span(&events, 1), words).mean, events.events.size(),
            scale.mean);
        for (std::size_t a = 0; a < style.size(); ++a)
            style[a] = (style[a] - scale.mean[a]) / scale.sd[a];
        return style;
    }

private:
    BasicModel<Scalar> model_;
    std::optional<StepEngineModel<Scalar>> engine_model_;
};

/// A model for players.
[[nodiscard]] inline std::shared_ptr<const PlayerModelCore> make_player_model(Model model) {
    return std::make_shared<BasicPlayerModel<float>>(std::move(model));
}
/// The same from the bytes of a .safetensors file; `name` is for messages. Throws what `read_model`
/// throws.
[[nodiscard]] inline std::shared_ptr<const PlayerModelCore> read_player_model(
    std::span<const std::byte> bytes, std::string_view name) {
    return make_player_model(load_model<float>(bytes, name));
}
#if defined(__cpp_exceptions)
/// Null, and what is wrong in `error`, instead of an exception.
[[nodiscard]] inline std::shared_ptr<const PlayerModelCore> read_player_model(
    std::span<const std::byte> bytes, std::string_view name, std::string& error) noexcept {
    return read_or_explain([&] { return read_player_model(bytes, name); }, error);
}
#endif
[[nodiscard]] inline std::shared_ptr<const PlayerModelCore> load_player_model(
    const std::string& path) {
    return make_player_model(load_model<float>(path));
}

}  // namespace mgan::inline MGAN_ABI
