#pragma once
/// \file
/// One song of a model with numeric heads, event by event, as a player plays it.
///
/// The net answers with four numbers. They become a note, the controls change the note, and the
/// changed note is what the net hears. Controls that leave it alone leave its bits alone.
///
///     y_t = G(w_t, y_{t-1}, ...)  ->  note  ->  controls  ->  note'  ->  y'_t, fed back
///
/// Where voices have a limit, a note that would be one too many waits until a key ends.
///
/// With the encoding `event` there is no time in an event: one happens every `step_ticks`, a note
/// begins with one and ends with another. Nothing can wait there, and voices have no limit.

#include <mgan/generation/model_file.hpp>
#include <mgan/player/step_engine.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class NumericEngine {
public:
    /// Events are numbers, and know their channel.
    static constexpr bool kSteps = false;

    /// The controls of the noise.
    struct NoiseControls {
        std::array<double, kParts> temperature = {1.0, 1.0, 1.0, 1.0};
        std::array<PlayerControls::Level, kParts> levels{};
    };
    struct Event {
        std::array<Scalar, encoding::kFeatures> y{};  ///< as it is heard
        std::int64_t onset = 0;
        NoiseControls noise{};  ///< under which it was drawn
    };

    NumericEngine(const BasicModel<Scalar>& model, std::int64_t length)
        : model_(&model),
          length_(length),
          feedback_(model.codec, model.settings.encoding.context,
                    model.settings.discriminator.quantise) {
        const GeneratorSettings& config = model.generator.settings();
        y_.resize(config.features, 1);
    }

    [[nodiscard]] std::int64_t song_events() const noexcept { return length_; }

    void start(std::uint64_t seed, std::uint64_t number) {
        encoding::Style style{};
        if (!model_->styles.empty())
            style = model_->styles[Random(seed, "style", number).integer(0, model_->styles.size())];
        key_ = 0;
        start(seed, number, style);
    }

    /// Begins with a primer: rows of y that the codec made of it. Those of its last onset are not
    /// heard but go to `chord_events`.
    void prime(const encoding::Events<Scalar>& rows, int key, std::int64_t silence,
               std::uint64_t seed, std::uint64_t number, std::vector<Event>& chord_events) {
        encoding::Style style{};
        if (!model_->styles.empty())
            style = encoding::style_of(rows.front().data(), rows.size(), encoding::kFeatures,
                                       model_->codec);
        key_ = key;
        start(seed, number, style);
        onset_ = silence;
        std::int64_t onset = silence;
        for (const encoding::Event<Scalar>& row : rows) {
            if (is_tones()) onset += static_cast<std::int64_t>(valid(row)[0]);
            const Event event{row, onset, {}};
            if (!is_tones()) onset += step_ticks();
            if (!chord_events.empty() && chord_events.front().onset < event.onset) {
                for (const Event& heard : chord_events) hear(heard);
                chord_events.clear();
            }
            chord_events.push_back(event);
        }
    }

    /// Ticks of the last onset; with the encoding `event`, of the next event.
    [[nodiscard]] std::int64_t onset() const noexcept { return onset_; }
    [[nodiscard]] Index events() const noexcept { return time_; }

    void direct(const PlayerControls& controls, bool) noexcept {
        controls_ = controls;
        const double all = controls.temperature, time = all * controls.time_temperature;
        noise_controls_ = {{time, all * controls.pitch_temperature, time, all}, controls.levels};
        shift_ = pitch_shift(controls, key_, model_->settings.encoding.events.normalise_key);
        neutral_ = shift_ == 0 && controls.scale == 0xFFF && controls.low == 0 &&
                   controls.high == 127 && controls.density == 1.0 && controls.loudness == 1.0 &&
                   controls.legato == 1.0 && controls.voices == 0;
    }

    Drawn draw(const StepAsk& ask, Event& event, Note& note) noexcept {
        event.noise = noise_controls_;
        step(event.noise);
        encoding::Event<double> raw = valid(std::span<const Scalar, 4>(y_.data(), 4));
        const bool asks = ask.asks();
        if (asks || !neutral_) {
            change(raw, ask);
            encode(raw);
        }
        return take(raw, event, note);
    }

    void hear(const Event& event) noexcept {
        step(event.noise);
        std::copy(event.y.begin(), event.y.end(), y_.data());
        feed_back();
        onset_ = event.onset + (is_tones() ? 0 : step_ticks());
        if (is_tones()) remember(valid(event.y));
    }

    [[nodiscard]] StepAsk ask_for(const NoteBounds& bounds, int move) const noexcept {
        return ask_of(bounds, move, shift_, grid());
    }
    [[nodiscard]] StepAsk ask_for(const Note& note, int move) const noexcept {
        StepAsk ask;
        ask.move = move;
        ask.low = ask.high = drawn_pitch(note.pitch, shift_);
        ask.softest = ask.loudest = std::clamp(note.velocity, 1, 127);
        if (note.length > 0)
            ask.shortest = ask.longest =
                std::max<std::int64_t>(1, encoding::snap(note.length, grid()) / grid());
        return ask;
    }

    static void begin_chord(const Event& first, Event& later) noexcept { later.y[0] = first.y[0]; }
    void direct_as(const NumericEngine& other) noexcept { direct(other.controls_, true); }
    [[nodiscard]] bool is_tones() const noexcept {
        return model_->settings.encoding.events.kind == encoding::EncodingKind::tone;
    }
    [[nodiscard]] std::int64_t grid() const noexcept {
        return is_tones() ? model_->settings.encoding.events.grid_ticks : step_ticks();
    }
    /// Draws once, which makes room in memory for all that follows.
    void warm_up() {
        Event event;
        Note note;
        (void)draw(StepAsk{}, event, note);
        hear(event);
    }
    /// The next onset lies so many ticks after the last one.
    void wait(std::int64_t ticks) noexcept { onset_ += ticks; }
    /// The next event's time from the last onset shall lie within these ticks.
    void aim(std::int64_t least, std::int64_t greatest) noexcept {
        least_ = least;
        greatest_ = greatest;
    }

private:
    [[nodiscard]] std::int64_t step_ticks() const noexcept {
        return model_->settings.encoding.events.step_ticks;
    }

    void start(std::uint64_t seed, std::uint64_t number, const encoding::Style& style) {
        const Generator<Scalar>& generator = model_->generator;
        const GeneratorSettings& config = generator.settings();
        const NoiseRange range = noise_range(model_->settings.pretrain);
        const Random random(seed, "song", number);
        first_.setZero(config.features + config.context, 1);
        for (Index f = 0; f < config.features; ++f)
            first_(f, 0) = static_cast<Scalar>(random.uniform(static_cast<std::uint64_t>(f)));
        numbers_.of_song.assign(1, random);
        numbers_.skip = static_cast<std::uint64_t>(config.features);
        numbers_.low = range.low;
        numbers_.high = range.high;
        noise_.start(&generator.noise_path, config.noise, static_cast<Index>(length_), numbers_);
        feedback_.reset(std::span(&style, 1));
        feedback_.write_first(first_);
        // As `BasicModel::songs` limits the attention of songs longer than those of training.
        generator.start(stream_, first_, static_cast<Index>(model_->settings.length));
        time_ = 0;
        onset_ = 0;
        least_ = greatest_ = -1;
        ends_.fill(0);
        direct(controls_, true);
    }

    /// Runs the net: y of the next event.
    void step(const NoiseControls& controls) noexcept {
        noise_.prepare(time_++, [&](Index, Index f, double u) { return level(controls, f, u); });
        y_ = model_->generator.step(noise_.w().step(0), noise_.z().step(0), stream_);
    }

    /// The noise under levels and temperature: drawn towards its median, or away from it. Where
    /// features of the noise are no parts of an event, one temperature serves them all.
    [[nodiscard]] double level(const NoiseControls& controls, Index f, double u) const noexcept {
        constexpr std::array<EventPart, kParts> kPartOfFeature = {
            EventPart::time, EventPart::length, EventPart::pitch, EventPart::velocity};
        if (model_->generator.settings().noise != static_cast<Index>(kParts) || !is_tones())
            return warm(u, controls.temperature[static_cast<std::size_t>(EventPart::velocity)]);
        const auto part = static_cast<std::size_t>(kPartOfFeature[static_cast<std::size_t>(f)]);
        const PlayerControls::Level& level = controls.levels[part];
        const double z = warm(u, controls.temperature[part]);
        if (level == PlayerControls::Level{}) return z;
        return level.of(z);
    }
    [[nodiscard]] static double warm(double u, double temperature) noexcept {
        if (temperature == 1.0) return u;
        return std::clamp(0.5 + temperature * (u - 0.5), 0.0, 0x1.fffffffffffffp-1);
    }

    /// Raw values of y, each replaced by the valid one nearest to it.
    [[nodiscard]] encoding::Event<double> valid(std::span<const Scalar, 4> y) const noexcept {
        const encoding::EncodingSettings& options = model_->settings.encoding.events;
        const auto meaning = encoding::features(options);
        encoding::Event<double> raw{};
        for (std::size_t f = 0; f < encoding::kFeatures; ++f)
            raw[f] = encoding::nearest_valid(
                meaning[f], options,
                model_->codec.normalisation().decode(static_cast<double>(y[f]), f));
        return raw;
    }

    /// The pitch of an event, in semitones, and back.
    [[nodiscard]] bool in_hz() const noexcept {
        return is_tones() && model_->settings.encoding.events.pitch_in_hz;
    }

    void change(encoding::Event<double>& raw, const StepAsk& ask) noexcept {
        const auto ticks = [&](double x, double factor) {
            const auto steps = std::llround(x * factor / static_cast<double>(grid()));
            return static_cast<double>(steps * grid());
        };
        if (is_tones()) {
            raw[0] = ticks(raw[0], 1.0 / controls_.density);
            raw[1] = std::max(static_cast<double>(grid()), ticks(raw[1], controls_.legato));
            if (ask.move == 0) raw[0] = 0.0;
            if (least_ >= 0)
                raw[0] =
                    std::clamp(raw[0], static_cast<double>(least_), static_cast<double>(greatest_));
            if (ask.shortest >= 0)
                raw[1] = std::clamp(raw[1], static_cast<double>(ask.shortest * grid()),
                                    static_cast<double>(ask.longest * grid()));
        }
        if (!is_tones() && ask.move >= 0) {  // whoever asks for a note gets its beginning
            raw[0] = 1.0;
            if (raw[3] <= 0.0) raw[3] = 64.0;
        }
        if (raw[3] > 0.0) raw[3] = std::clamp(std::round(raw[3] * controls_.loudness), 1.0, 127.0);
        if (raw[3] > 0.0 && ask.softest >= 0)
            raw[3] = std::clamp(raw[3], static_cast<double>(ask.softest),
                                static_cast<double>(ask.loudest));
        const int changed = nearest_open(key_of(raw), ask);
        raw[2] = in_hz() ? encoding::hz_of_pitch(changed) : changed;
        // Whoever asks for a note at a time of his own gets it then.
        if (is_tones() && controls_.voices > 0 && ask.move < 0 && least_ < 0)
            raw[0] = static_cast<double>(
                free_voice(onset_ + static_cast<std::int64_t>(raw[0]), changed) - onset_);
        least_ = greatest_ = -1;
    }

    /// The pitch of an event, as the model counts.
    [[nodiscard]] int key_of(const encoding::Event<double>& raw) const noexcept {
        return static_cast<int>(std::lround(in_hz() ? encoding::pitch_of_hz(raw[2]) : raw[2]));
    }

    /// The first time from `onset` on at which fewer keys than there are voices sound, `key` aside.
    [[nodiscard]] std::int64_t free_voice(std::int64_t onset, int key) const noexcept {
        for (;;) {
            int sounding = 0;
            std::int64_t first_end = std::numeric_limits<std::int64_t>::max();
            for (int k = 0; k < 128; ++k) {
                const std::int64_t end = ends_[static_cast<std::size_t>(k)];
                if (k == key || end <= onset) continue;
                ++sounding;
                first_end = std::min(first_end, end);
            }
            if (sounding < controls_.voices) return onset;
            onset = first_end;
        }
    }
    /// An event was played or heard at `onset_`: when does its key end?
    void remember(const encoding::Event<double>& raw) noexcept {
        std::int64_t& end = ends_[static_cast<std::size_t>(std::clamp(key_of(raw), 0, 127))];
        end = std::max(end, onset_ + static_cast<std::int64_t>(raw[1]));
    }

    /// The pitch nearest to `pitch` that may sound, as the model counts; of two the lower.
    [[nodiscard]] int nearest_open(int pitch, const StepAsk& ask) const noexcept {
        const auto is_open = [&](int p, bool scale) {
            if (p < 0 || p > 127 || (ask.low >= 0 && (p < ask.low || p > ask.high))) return false;
            return !scale || may_sound(controls_, p + shift_);
        };
        for (const bool scale : {true, false})
            for (int distance = 0; distance < 128; ++distance)
                for (const int p : {pitch - distance, pitch + distance})
                    if (is_open(p, scale)) return p;
        return pitch;
    }

    void encode(const encoding::Event<double>& raw) noexcept {
        for (std::size_t f = 0; f < encoding::kFeatures; ++f)
            y_(static_cast<Index>(f), 0) =
                static_cast<Scalar>(model_->codec.normalisation().encode(raw[f], f));
    }

    void feed_back() noexcept {
        feedback_(time_ - 1, y_, model_->generator.fed_back(stream_),
                  model_->generator.context(stream_));
    }

    Drawn take(const encoding::Event<double>& raw, Event& event, Note& note) noexcept {
        std::copy_n(y_.data(), encoding::kFeatures, event.y.data());
        if (!is_tones()) {
            event.onset = onset_;
            note = {onset_, 0, played(key_of(raw)), static_cast<int>(raw[3]),
                    static_cast<int>(raw[1])};
            feed_back();
            onset_ += step_ticks();
            return raw[0] == 1.0 && raw[3] > 0.0 ? Drawn::opened : Drawn::closed;
        }
        onset_ += static_cast<std::int64_t>(raw[0]);
        event.onset = onset_;
        note = {onset_, static_cast<std::int64_t>(raw[1]), played(key_of(raw)),
                static_cast<int>(raw[3]), 0};
        remember(raw);
        feed_back();
        return Drawn::note;
    }
    [[nodiscard]] int played(int pitch) const noexcept {
        return std::clamp(pitch + shift_, 0, 127);
    }

    const BasicModel<Scalar>* model_;
    std::int64_t length_ = 0;
    CodecFeedback<Scalar> feedback_;
    typename Generator<Scalar>::Stream stream_;
    EndlessNoise<Scalar> noise_;
    NoiseNumbers numbers_;
    NoiseControls noise_controls_;
    Matrix<Scalar> first_, y_;
    Index time_ = 0;
    std::int64_t onset_ = 0;
    std::int64_t least_ = -1, greatest_ = -1;
    std::array<std::int64_t, 128> ends_{};  // when each key ends that sounds, ticks
    int key_ = 0, shift_ = 0;
    bool neutral_ = true;
    PlayerControls controls_;
};

}  // namespace mgan::inline MGAN_ABI
