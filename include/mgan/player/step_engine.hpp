#pragma once
/// \file
/// One song of a model with step heads, event by event, as a player plays it.
///
///     draw      the next event under the director, as a note: it is heard already
///     hear      an event that another engine drew: this one comes to where that one is
///
/// An event says when the *next* onset comes (its gap). So what comes at a time of somebody's own
/// choosing needs the last chord told again with another gap: `retell`.

#include <mgan/encoding/step_events.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/player/step_director.hpp>
#include <mgan/player/style_field.hpp>

#include <algorithm>
#include <cstdint>
#include <span>

namespace mgan::inline MGAN_ABI {

/// What an engine made of one event.
enum class Drawn {
    note,    ///< a note of known length
    opened,  ///< a note that goes on until it is closed
    closed,  ///< the end of the oldest note of this pitch and channel that is open
};

/// All that players of one model share.
template <typename Scalar>
struct StepEngineModel {
    const BasicStepModel<Scalar>* model = nullptr;
    PlayingSettings playing;
    StyleField field;
    bool in_key = true;  ///< songs were transposed towards white keys for the training
};

template <typename Scalar>
class StepEngine {
public:
    using Words = encoding::StepVocabulary;

    /// Events know the gap to the next onset, and no channel.
    static constexpr bool kSteps = true;

    /// An event with what is needed to hear it as it was drawn.
    struct Event {
        encoding::StepEvent event;
        encoding::StepStyle asked{};
        std::int64_t onset = 0;  ///< ticks
        /// Grid steps from the onset before it to the song's last one.
        std::int32_t left = encoding::StepListener::kNoEnd;
    };

    /// `opens`: songs begin as training songs do.
    StepEngine(const StepEngineModel<Scalar>& model, std::int64_t length, int candidates,
               bool opens = false)
        : model_(&model),
          opens_(opens),
          director_(model.model->vocabulary),
          play_(model.model->band(), model.playing, candidates),
          length_(length) {}

    /// The events of the song that files hold.
    [[nodiscard]] std::int64_t song_events() const noexcept { return length_; }

    void start(std::uint64_t seed, std::uint64_t number) {
        if (opens_) {
            const std::vector<StepOpening>& openings = model_->model->openings;
            const StepOpening& opening =
                openings[Random(seed, "opening", number).integer(0, openings.size())];
            start(opening.start, seed, number);
            opening_ = opening.events;
            return;
        }
        const StepSampler<Scalar> sampler{model_->model->band(), model_->model->starts,
                                          model_->playing};
        start(sampler.start_of(seed, static_cast<Index>(number)), seed, number);
    }

    /// Begins with the events of a primer, but does not hear those of its last onset: they go to
    /// `chord_events`, to be told with a gap of the model's own. `key`: semitones that bring the
    /// model's key back to the primer's; `silence`: ticks before its time begins.
    void prime(const encoding::StepSong& primer, int key, std::int64_t silence, std::uint64_t seed,
               std::uint64_t number, std::vector<Event>& chord_events) {
        const StepSampler<Scalar> sampler{model_->model->band(), model_->model->starts,
                                          model_->playing};
        const StepStart own = sampler.start_of(seed, static_cast<Index>(number));
        const encoding::StepStyle heard = encoding::step_style(primer, model_->model->vocabulary);
        start({model_->field.continued(heard, primer.events.size(), own.style), primer.first_phase},
              seed, number, key);
        onset_ = silence + grid() * primer.first_phase;
        const std::vector<encoding::StepEvent>& events = primer.events;
        std::size_t chord = events.size();
        while (chord > 0 && events[--chord].value[Words::move()] == 0) {
        }
        for (std::size_t i = 0; i < chord; ++i) hear(event_here(events[i]));
        const std::int64_t onset = next_onset();
        for (std::size_t i = chord; i < events.size(); ++i)
            chord_events.push_back({events[i], style_, onset});
    }

    /// Ticks of the last onset.
    [[nodiscard]] std::int64_t onset() const noexcept { return onset_; }
    /// Ticks of the next onset if the next event moves.
    [[nodiscard]] std::int64_t next_onset() const noexcept {
        return play_.events() == 0 ? onset_ : onset_ + grid() * play_.listener(0).gap();
    }
    [[nodiscard]] Index events() const noexcept { return play_.events(); }

    /// From the next event on. `at_once`: no gliding.
    void direct(const PlayerControls& controls, bool at_once) noexcept {
        const int shift = pitch_shift(controls, key_, model_->in_key);
        director_.set(controls, shift);
        target_ = model_->field.directed(drawn_, controls, shift);
        glide_from_ = style_;
        glide_begin_ = onset_;
        glide_ticks_ = at_once ? 0.0 : controls.glide * midi::kTicksPerQuarter;
        play_.set_candidates(controls.guide < 0 ? model_->playing.guide : controls.guide);
    }
    /// The controls of another engine of the same song, and its glide.
    void direct_as(const StepEngine& other) noexcept {
        director_ = other.director_;
        target_ = other.target_;
        glide_from_ = other.glide_from_;
        glide_begin_ = other.glide_begin_;
        glide_ticks_ = other.glide_ticks_;
        play_.set_candidates(other.play_.candidates_asked());
    }

    /// The next event, drawn under `ask`; `note` is what it plays.
    Drawn draw(const StepAsk& ask, Event& event, Note& note) noexcept {
        glide();
        play_.ask(0, style_);
        const std::int32_t left = left_to_end();
        play_.end_in(0, left);
        const StepAsk bounded = within_song(ask, left);
        director_.ask(bounded);
        const std::int64_t then = next_onset();
        const bool first = play_.events() == 0;
        const encoding::StepEvent drawn = next_event(bounded);
        if (first || drawn.value[Words::move()] != 0) onset_ = then;
        event = {drawn, style_, onset_, left};
        note = note_of(drawn);
        return Drawn::note;
    }

    /// Hears what another engine drew, or an event of a primer.
    void hear(const Event& event) noexcept {
        style_ = event.asked;
        play_.ask(0, style_);
        play_.end_in(0, event.left);
        play_.hear(std::span(&event.event, 1));
        onset_ = event.onset;
    }

    /// Hears an event, but draws its gap anew, within least .. greatest ticks.
    Event retell(const Event& event, std::int64_t least, std::int64_t greatest) noexcept {
        const Words& words = model_->model->vocabulary;
        const auto value = [&](std::size_t c) { return words.value(c, event.event.value[c]); };
        StepAsk ask;
        ask.move = event.event.value[Words::move()];
        ask.least_gap = std::max<std::int64_t>(0, (least + grid() - 1) / grid());
        ask.greatest_gap = std::max(greatest / grid(), ask.least_gap);
        ask.low = ask.high = value(words.pitch());
        ask.shortest = ask.longest = value(words.length());
        ask.softest = ask.loudest = value(words.velocity());
        style_ = event.asked;
        play_.ask(0, style_);
        play_.end_in(0, event.left);
        director_.ask(ask);
        Event heard = event;
        heard.event = play_.next(director_)[0];
        onset_ = event.onset;
        return heard;
    }

    [[nodiscard]] StepAsk ask_for(const NoteBounds& bounds, int move) const noexcept {
        return ask_of(bounds, move, director_.shift(), grid());
    }
    /// A note of somebody else's as what must be drawn: its length free where it has none.
    [[nodiscard]] StepAsk ask_for(const Note& note, int move) const noexcept {
        const Words& words = model_->model->vocabulary;
        StepAsk ask;
        ask.move = move;
        ask.low = ask.high = drawn_pitch(note.pitch, director_.shift());
        ask.softest = ask.loudest =
            words.value(words.velocity(), words.nearest(words.velocity(), note.velocity));
        if (note.length > 0)
            ask.shortest = ask.longest =
                words.value(words.length(), words.nearest(words.length(), note.length / grid()));
        return ask;
    }

    /// A later note of a chord becomes its first.
    static void begin_chord(const Event& first, Event& later) noexcept {
        later.event.value[Words::move()] = first.event.value[Words::move()];
    }
    /// Lets a chord's later note share the gap of its first.
    static void share_gap(const Event& first, Event& later) noexcept {
        later.event.value[Words::gap()] = first.event.value[Words::gap()];
    }
    /// The longest time from one onset to the next, and the grid, in ticks.
    [[nodiscard]] std::int64_t longest_gap() const noexcept {
        return grid() * model_->model->vocabulary.components()[Words::gap()].values.back();
    }
    [[nodiscard]] std::int64_t grid() const noexcept {
        return model_->model->vocabulary.grid_ticks();
    }
    /// Draws by every path once, which makes room in memory for all that follows.
    void warm_up() {
        for (const Index candidates : {Index(0), Index(256)}) {
            play_.set_candidates(candidates);
            const encoding::StepEvent event = play_.next(director_)[0];
            play_.hear(std::span(&event, 1));
        }
    }
    /// Puts everything that follows so many ticks later: a silence that the model does not hear.
    void wait(std::int64_t ticks) noexcept { onset_ += ticks; }

private:
    void start(const StepStart& start, std::uint64_t seed, std::uint64_t number, int key = 0) {
        drawn_ = style_ = start.style;
        opening_ = {};
        key_ = key;
        play_.start(std::span(&start, 1), seed, number, static_cast<Index>(song_events()));
        onset_ = grid() * (start.phase % model_->model->vocabulary.quarter_steps());
        direct(director_.controls(), true);
    }

    /// Grid steps from the last onset to that of the song's end.
    [[nodiscard]] std::int32_t left_to_end() const noexcept {
        const double end = director_.controls().end;
        if (end < 0.0) return encoding::StepListener::kNoEnd;
        constexpr std::int64_t kFar = 1 << 24;
        const std::int64_t ticks = end_ticks(end) - onset_;
        const std::int64_t steps = ticks < 0 ? -1 : ticks / grid();
        return static_cast<std::int32_t>(std::min(steps, kFar));
    }
    /// No gap leads beyond the last onset.
    [[nodiscard]] StepAsk within_song(StepAsk ask, std::int32_t left) const noexcept {
        if (left == encoding::StepListener::kNoEnd) return ask;
        const std::int64_t rest = left - (play_.events() == 0 ? 0 : play_.listener(0).gap());
        if (rest <= 0 || rest * grid() >= longest_gap()) return ask;
        ask.least_gap = std::max<std::int64_t>(ask.least_gap, 1);
        const bool is_free = ask.greatest_gap < 0 || ask.greatest_gap > rest;
        if (is_free && ask.least_gap <= rest) ask.greatest_gap = rest;
        return ask;
    }

    [[nodiscard]] Event event_here(const encoding::StepEvent& event) const noexcept {
        const bool moves = event.value[Words::move()] != 0;
        return {event, style_, moves ? next_onset() : onset_};
    }

    [[nodiscard]] bool is_neutral(const StepAsk& ask) const noexcept {
        return !ask.asks() && directs_nothing(director_.controls()) && director_.shift() == 0;
    }

    /// Heard already: of the opening, as far as nobody asks for something else, or drawn.
    encoding::StepEvent next_event(const StepAsk& ask) noexcept {
        const auto place = static_cast<std::size_t>(play_.events());
        if (place < opening_.size() && !ask.asks()) {
            const encoding::StepEvent& event = opening_[place];
            const Words& words = model_->model->vocabulary;
            const int pitch = words.value(words.pitch(), event.value[words.pitch()]);
            if (may_sound(director_.controls(), pitch + director_.shift())) {
                play_.hear(std::span(&event, 1));
                return event;
            }
        }
        opening_ = {};
        return is_neutral(ask) ? play_.next()[0] : play_.next(director_)[0];
    }

    /// Where the style has come to on its way from what it was to what was asked for.
    void glide() noexcept {
        const double share =
            glide_ticks_ <= 0.0
                ? 1.0
                : std::min(1.0, static_cast<double>(onset_ - glide_begin_) / glide_ticks_);
        for (std::size_t a = 0; a < style_.size(); ++a)
            style_[a] =
                share >= 1.0 ? target_[a] : glide_from_[a] + share * (target_[a] - glide_from_[a]);
    }

    [[nodiscard]] Note note_of(const encoding::StepEvent& event) const noexcept {
        const Words& words = model_->model->vocabulary;
        const auto value = [&](std::size_t c) { return words.value(c, event.value[c]); };
        return {onset_, grid() * value(words.length()),
                std::clamp(value(words.pitch()) + director_.shift(), 0, 127),
                value(words.velocity()), 0};
    }

    const StepEngineModel<Scalar>* model_;
    bool opens_ = false;
    std::span<const encoding::StepEvent> opening_;  // what is left to play of it is behind events()
    StepDirector<Scalar> director_;
    StepPlay<Scalar> play_;
    std::int64_t length_ = 0;
    std::int64_t onset_ = 0;
    int key_ = 0;
    encoding::StepStyle drawn_{}, style_{};
    encoding::StepStyle target_{}, glide_from_{};
    std::int64_t glide_begin_ = 0;
    double glide_ticks_ = 0.0;
};

}  // namespace mgan::inline MGAN_ABI
