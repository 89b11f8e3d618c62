#pragma once
/// \file
/// A player over an engine: it draws ahead, and takes back what it drew.
///
///     before_                       ahead_
///        |  chord | . . . . . . . . .  |          events, as they were drawn
///           ^ last returned             ^ drawn
///
/// Two engines play one song. `ahead_` draws; `before_` follows, one chord behind what the caller
/// has got, by hearing the same events. So the future can be dropped at any time: `ahead_` becomes
/// a copy of `before_`, hears the chord again, and draws on under other controls, at other times,
/// or after what somebody else played.
///
/// Why draw ahead at all? The notes of a chord are drawn in any order; which channel a note goes to
/// depends on those before it (encoding/voices.hpp); and a model of messages draws the end of a
/// note as an event of its own. A note is returned once the chord is complete and its length is
/// final. Whoever plays live does not wait for that (`PlayerOptions::looks_ahead`).
///
/// Nothing here allocates after construction: lists have room for `kMostPending` notes and
/// `kMostLog` events, and where a song fills them (a model that plays one chord for ever), notes
/// are returned as they are known by then.

#include <mgan/encoding/voices.hpp>
#include <mgan/player/core.hpp>
#include <mgan/player/numeric_engine.hpp>
#include <mgan/player/step_engine.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// `Source` knows how to begin a song: source.start(engine, seed, number), and source.prime(engine,
/// song, notes, seed, number, chord), which leaves the events of the primer's last onset in
/// `chord`, not heard yet.
template <typename Engine, typename Source>
class PlayerStream final : public PlayerCore {
public:
    using Event = typename Engine::Event;

    PlayerStream(std::shared_ptr<const PlayerModelCore> model, const Source& source,
                 const Engine& engine, const PlayerOptions& options, std::uint64_t seed,
                 std::uint64_t number)
        : model_(std::move(model)),
          source_(source),
          options_(options),
          before_(engine),
          ahead_(engine) {
        pending_.reserve(kMostPending + 1);
        log_.reserve(kMostLog + 1);
        returned_.reserve(kMostPending + 1);
        PlayerStream::reset(seed, number);
        // The first events make room in memory for all that follow, of both engines.
        for (Engine* one : {&before_, &ahead_}) one->warm_up();
        PlayerStream::reset(seed, number);
    }

    [[nodiscard]] std::unique_ptr<PlayerCore> clone() const override {
        auto copy = std::make_unique<PlayerStream>(*this);
        copy->pending_.reserve(kMostPending + 1);
        copy->log_.reserve(kMostLog + 1);
        copy->returned_.reserve(kMostPending + 1);
        return copy;
    }
    void assign(const PlayerCore& other) override {
        *this = static_cast<const PlayerStream&>(other);
    }
    [[nodiscard]] const void* family() const noexcept override {
        static const char kFamily = 0;
        return &kFamily;
    }

    void reset(std::uint64_t seed, std::uint64_t number) noexcept override {
        seed_ = seed;
        number_ = number;
        source_.start(before_, seed, number);
        begin();
        boundary_ = static_cast<Index>(before_.song_events());
    }

    void prime(const Song& song, std::int64_t notes) override {
        std::vector<Event> chord;
        source_.prime(before_, song, notes, seed_, number_, chord);
        begin();
        boundary_ = std::numeric_limits<Index>::max();
        // The caller knows the primer's last chord.
        now_ = chord.front().onset;
        for (const Event& event : chord) log_event(event);
        alone_ = given_ = drawn_ - 1;
        tell_chord(0, kFar);
    }

    [[nodiscard]] const PlayedNote& peek() noexcept override {
        for (std::size_t tried = 0; !is_ready(); ++tried) advance(tried);
        Pending& first = pending_.front();
        // Where a song fills the lists, a note lasts as long as it has lasted by then.
        if (first.open)
            first.note.length = std::max(ahead_.grid(), ahead_.onset() - first.note.onset);
        peeked_ = played(in_channel(first.note));
        return peeked_;
    }

    PlayedNote next() noexcept override {
        const PlayedNote note = peek();
        give(note);
        return note;
    }

    PlayedNote next_within(std::int64_t earliest, std::int64_t latest,
                           const NoteBounds& bounds) noexcept override {
        latest = std::max(earliest, latest);
        if (bounds == NoteBounds{}) {
            const PlayedNote& note = peek();
            if (note.onset >= earliest && note.onset <= latest) return next();
        }
        const bool joins = has_chord() && now_ >= earliest && now_ <= latest;
        take_back_all();
        if (!joins) aim(earliest, latest);
        Event event;
        Note note;
        const Drawn drawn = ahead_.draw(ahead_.ask_for(bounds, joins ? 0 : 1), event, note);
        log_event(event);
        given_ = drawn_ - 1;
        alone_ = 0;
        arrive(event.onset);
        note.onset = std::clamp(note.onset, earliest, latest);
        if (drawn == Drawn::opened) note.length = ahead_.grid();
        const PlayedNote result = played(in_channel(note));
        remember(result);
        return result;
    }

    void not_before(std::int64_t earliest) noexcept override {
        if (peek().onset >= earliest) return;
        take_back_all();
        aim(earliest, earliest + kFar);
        alone_ = log_.empty() ? 0 : log_.back().number;
    }

    void feed(const Note& note) noexcept override {
        const bool joins = has_chord() && note.onset < now_ + (ahead_.grid() + 1) / 2;
        take_back_all();
        if (!joins) aim(note.onset, note.onset);
        Event event;
        Note heard;
        (void)ahead_.draw(ahead_.ask_for(note, joins ? 0 : 1), event, heard);
        log_event(event);
        given_ = drawn_ - 1;
        arrive(event.onset);
        remember(played(note));
    }

    void direct(const PlayerControls& controls) noexcept override {
        if (controls == controls_) return;
        controls_ = controls;
        take_back();
        ahead_.direct(controls, !has_chord() && ahead_.events() == 0);
        before_.direct_as(ahead_);
    }

    void set_tempo(double quarters_a_minute) noexcept override { tempo_ = quarters_a_minute; }

private:
    static constexpr std::size_t kMostPending = 512, kMostLog = 1024;
    static constexpr std::int64_t kFar = 1 << 20;  ///< ticks to an onset that may come at any time

    /// A note that is not returned yet.
    struct Pending {
        Note note;
        bool behind = false;          ///< drawn behind the song's last event
        bool open = false;            ///< its end is not known yet
        std::uint64_t number = 0;     ///< of the event that it comes from
        std::uint64_t closed_by = 0;  ///< of the event that ended it, if one did
    };
    /// A note that was returned, and may be ended again by an event that is drawn anew.
    struct Returned {
        int pitch = 0, channel = 0;
        std::uint64_t closed_by = 0;
    };
    /// An event that `ahead_` has heard and `before_` has not.
    struct Logged {
        Event event;
        std::uint64_t number = 0;
    };

    void begin() noexcept {
        before_.direct(controls_, true);
        ahead_ = before_;
        pending_.clear();
        returned_.clear();
        log_.clear();
        voices_.reset();
        given_ = drawn_ - 1;
        now_ = std::numeric_limits<std::int64_t>::min();
        reached_ = 0;
        reached_seconds_ = 0.0;
    }

    /// Whether a chord that the caller knows lies behind `before_`.
    [[nodiscard]] bool has_chord() const noexcept {
        return now_ != std::numeric_limits<std::int64_t>::min();
    }
    /// Whether the song that files hold has ended. One that is directed has no such end.
    [[nodiscard]] bool is_behind() const noexcept {
        return ahead_.events() >= boundary_ && directs_nothing(controls_);
    }

    /// Whether the first pending note is all that it will be.
    [[nodiscard]] bool is_ready() const noexcept {
        if (pending_.empty()) return false;
        if (pending_.size() >= kMostPending || log_.size() >= kMostLog) return true;
        const Pending& first = pending_.front();
        if (first.open) return false;
        if (!options_.looks_ahead) return true;
        if (!first.behind && is_behind()) return true;  // the song ends here
        return ahead_.onset() > first.note.onset;
    }

    /// Draws one event. `tried`: events that were drawn for this note. A model that ends notes for
    /// ever and begins none is made to begin one.
    void advance(std::size_t tried) noexcept {
        const bool behind = is_behind();
        Event event;
        Note note;
        StepAsk ask;
        if (pending_.empty() && tried >= kMostPending) ask.move = 1;
        if (alone_ != 0 && !log_.empty() && log_.back().number == alone_) ask.move = 1;
        const Drawn drawn = ahead_.draw(ask, event, note);
        const std::uint64_t number = drawn_;
        log_event(event);
        if (drawn == Drawn::closed)
            close(note, number);
        else
            insert({note, behind, drawn == Drawn::opened, number});
        if (!behind && is_behind()) end_song();
    }

    /// Puts a note among those that wait, in the order of a song.
    void insert(const Pending& added) noexcept {
        const auto precedes = [](const Pending& a, const Pending& b) {
            if (a.note.onset != b.note.onset) return a.note.onset < b.note.onset;
            if (a.behind != b.behind) return b.behind;
            return midi::note_order(a.note, b.note);
        };
        auto place = pending_.end();
        if (options_.looks_ahead)
            while (place != pending_.begin() && precedes(added, *(place - 1))) --place;
        pending_.insert(place, added);
    }

    /// Ends the oldest open note of this pitch and channel: one that was returned, and whose end
    /// was taken back, is the oldest.
    void close(const Note& end, std::uint64_t number) noexcept {
        for (Returned& one : returned_) {
            if (one.closed_by != 0 || one.pitch != end.pitch || one.channel != end.channel)
                continue;
            one.closed_by = number;
            return;
        }
        for (Pending& one : pending_) {
            if (!one.open || one.note.pitch != end.pitch || one.note.channel != end.channel)
                continue;
            one.note.length = end.onset - one.note.onset;
            one.open = false;
            one.closed_by = number;
            return;
        }
    }
    /// Notes that are open where the song ends, end with it.
    void end_song() noexcept {
        for (Pending& one : pending_) {
            if (!one.open) continue;
            one.note.length = ahead_.onset() - one.note.onset;
            one.open = false;
        }
    }

    /// The first pending note was returned.
    void give(const PlayedNote& note) noexcept {
        const Pending& first = pending_.front();
        given_ = std::max(given_, first.number);
        if (first.closed_by != 0 || first.open) {
            if (returned_.size() >= kMostPending) returned_.erase(returned_.begin());
            returned_.push_back({note.pitch, note.channel, first.closed_by});
        }
        pending_.erase(pending_.begin());
        arrive(note.onset);
        remember(note);
    }

    /// The caller has come to this onset: `before_` hears what lies before it.
    void arrive(std::int64_t onset) noexcept {
        std::size_t heard = 0;
        while (heard < log_.size() && log_[heard].event.onset < onset)
            before_.hear(log_[heard++].event);
        log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(heard));
        const std::uint64_t oldest = log_.empty() ? drawn_ : log_.front().number;
        std::erase_if(returned_, [&](const Returned& one) {
            return one.closed_by != 0 && one.closed_by < oldest;
        });
        now_ = std::max(now_, onset);
    }
    void remember(const PlayedNote& note) noexcept {
        if (note.onset > reached_) {
            reached_seconds_ += seconds(note.onset - reached_);
            reached_ = note.onset;
        }
        voices_.strike(note);
    }

    /// Where the log is full, `before_` hears its oldest event: that can no longer be taken back.
    void log_event(const Event& event) noexcept {
        if (log_.size() >= kMostLog) {
            before_.hear(log_.front().event);
            log_.erase(log_.begin());
        }
        log_.push_back({event, drawn_++});
    }

    /// Drops what was drawn behind the last event whose note the caller has got.
    void take_back() noexcept {
        std::size_t kept = 0;
        while (kept < log_.size() && log_[kept].number <= given_) ++kept;
        if (kept == log_.size()) return;
        log_.erase(log_.begin() + static_cast<std::ptrdiff_t>(kept), log_.end());
        for (Returned& one : returned_)
            if (one.closed_by > given_) one.closed_by = 0;
        std::erase_if(pending_, [&](const Pending& one) { return one.number > given_; });
        for (Pending& one : pending_) {
            if (one.closed_by <= given_) continue;
            one.closed_by = 0;
            one.open = true;
        }
        hear_chord();
    }

    /// Drops all that the caller has not got, what was drawn before that too.
    void take_back_all() noexcept {
        take_back();
        if (pending_.empty()) return;
        bool dropped = false;
        for (const Pending& one : pending_) {
            for (std::size_t i = 0; i < log_.size(); ++i) {
                if (log_[i].number != one.number) continue;
                if (i == 0 && log_.size() > 1) Engine::begin_chord(log_[0].event, log_[1].event);
                log_.erase(log_.begin() + static_cast<std::ptrdiff_t>(i));
                dropped = true;
                break;
            }
        }
        pending_.clear();
        if (dropped) hear_chord();
    }

    /// `ahead_` comes to the end of the chord in the log.
    void hear_chord() noexcept {
        ahead_ = before_;
        for (const Logged& one : log_) ahead_.hear(one.event);
    }
    /// The same, but the next onset lies within so many ticks of it.
    void tell_chord(std::int64_t least, std::int64_t greatest) noexcept {
        if constexpr (Engine::kSteps) {
            ahead_ = before_;
            for (std::size_t i = 0; i < log_.size(); ++i) {
                if (i == 0) {
                    log_[0].event = ahead_.retell(log_[0].event, least, greatest);
                } else {
                    Engine::share_gap(log_[0].event, log_[i].event);
                    ahead_.hear(log_[i].event);
                }
            }
        } else {
            hear_chord();
            ahead_.aim(least, greatest);
        }
    }

    /// After `take_back`: the next onset lies within earliest .. latest.
    void aim(std::int64_t earliest, std::int64_t latest) noexcept {
        const std::int64_t from = ahead_.onset(), grid = ahead_.grid();
        if constexpr (!Engine::kSteps) {
            if (!ahead_.is_tones()) {  // events without time: the next one comes then
                ahead_.wait((std::max<std::int64_t>(0, earliest - from) + grid - 1) / grid * grid);
                return;
            }
        }
        if (ahead_.events() == 0) {
            const std::int64_t silence =
                (std::max<std::int64_t>(0, earliest - from) + grid / 2) / grid * grid;
            for (Engine* one : {&before_, &ahead_}) one->wait(silence);
            return;
        }
        std::int64_t least = std::max(grid, earliest - from);
        std::int64_t greatest = std::max(least, latest - from);
        std::int64_t unheard = 0;
        if constexpr (Engine::kSteps) {
            const std::int64_t next = ahead_.next_onset() - from;
            if (next >= least && next <= greatest) return;
            // A silence longer than the model knows: it hears whole quarters less.
            const std::int64_t quarter = midi::kTicksPerQuarter;
            if (least > ahead_.longest_gap())
                unheard = (least - ahead_.longest_gap() + quarter - 1) / quarter * quarter;
            least = std::max(grid, least - unheard);
            greatest = std::max(least, greatest - unheard);
        }
        // To the nearest step of the grid, where none lies within.
        if ((least + grid - 1) / grid > greatest / grid)
            least = greatest = std::max(grid, (least + greatest + grid) / (2 * grid) * grid);
        tell_chord(least, greatest);
        if (unheard > 0) ahead_.wait(unheard);
    }

    [[nodiscard]] double seconds(std::int64_t ticks) const noexcept {
        return static_cast<double>(ticks) * 60.0 /
               (tempo_ * static_cast<double>(midi::kTicksPerQuarter));
    }
    /// The model's next note, in the channel that it goes to.
    [[nodiscard]] Note in_channel(Note note) const noexcept {
        if constexpr (Engine::kSteps) note.channel = voices_.channel_of(note);
        return note;
    }
    [[nodiscard]] PlayedNote played(const Note& note) const noexcept {
        PlayedNote result;
        static_cast<Note&>(result) = note;
        result.onset_seconds =
            reached_seconds_ + (note.onset >= reached_ ? seconds(note.onset - reached_)
                                                       : -seconds(reached_ - note.onset));
        result.length_seconds = seconds(note.length);
        return result;
    }

    std::shared_ptr<const PlayerModelCore> model_;
    Source source_;
    PlayerOptions options_;
    Engine before_, ahead_;
    PlayerControls controls_;
    std::uint64_t seed_ = 0, number_ = 0;
    Index boundary_ = 0;            // events of the song that files hold
    std::vector<Pending> pending_;  // in the order in which they will be returned
    std::vector<Logged> log_;
    std::vector<Returned> returned_;
    std::uint64_t alone_ = 0;  // an event whose chord nothing joins: a primer's last one
    std::uint64_t given_ = 0;  // the last event whose note was returned
    std::uint64_t drawn_ = 1;  // events, those that were taken back among them
    std::int64_t now_ = 0;     // onset of the last note that was returned or fed
    encoding::Voices voices_;  // which key sounds in which channel
    double tempo_ = 120.0;
    std::int64_t reached_ = 0;  // where the count of seconds has come to
    double reached_seconds_ = 0.0;
    PlayedNote peeked_;
};

}  // namespace mgan::inline MGAN_ABI
