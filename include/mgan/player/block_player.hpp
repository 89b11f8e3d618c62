#pragma once
/// \file
/// A player inside an audio callback: for each block of samples, note-ons and note-offs with their
/// frames, in time with a host.
///
///     for (const mgan::BlockEvent& event : player.process({frames, quarters, tempo, playing})) ...
///
/// The host's position in quarters is the only clock, so tempo changes need no care: a note at
/// quarter q lies at frame
///
///     round((q - quarters) * 60 rate / tempo)                                                (1)
///
/// of the block that begins at `quarters`; what lies between two frames goes to the later one,
/// however the host cuts its blocks. When the transport stops or jumps, every note that sounds is
/// ended at once; when it runs again, the song begins at the next quarter (or goes on there, or is
/// where the transport is). A song that is asked to end (`PlayerControls::end`) ends, and nothing
/// comes after it until the transport jumps or the controls say otherwise.

#include <mgan/player.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_PLAYER_ABI {

/// What the host says of a block.
struct BlockTime {
    int frames = 0;
    double quarters = 0.0;  ///< the transport's position at the first frame
    double tempo = 120.0;   ///< quarters a minute
    bool playing = true;

    /// The position at a frame of the block.
    [[nodiscard]] double quarter_at(int frame, double sample_rate) const noexcept {
        return quarters + frame * tempo / (60.0 * sample_rate);
    }
};

struct BlockEvent {
    int frame = 0;  ///< 0 .. frames - 1
    bool on = false;
    int pitch = 0;
    int velocity = 0;  ///< of a note-off 0
};

/// What a player does where the transport starts or jumps.
enum class OnJump {
    restart,  ///< begins its song again: the same place in a host sounds the same every time
    go_on,    ///< goes on where it was
    /// The song begins at quarter 0 of the host, and each place of the host has its place of the
    /// song. It is drawn up to there, a few notes a block, and is silent until then.
    follow,
};

class BlockPlayer {
public:
    /// Notes of one block; more wait for the next one.
    static constexpr int kMostNotesInBlock = 256;

    /// `most_notes`: keys that sound at once, 1 .. 128; a note too many ends the one that would end
    /// soonest. A player that does not look ahead (`PlayerOptions::looks_ahead`) answers controls
    /// and notes of others soonest. `played`: notes of its song that were taken from it already, so
    /// that `go_on` goes on behind them. Allocates; nothing else does.
    BlockPlayer(Player player, double sample_rate, int most_notes = 32,
                OnJump on_jump = OnJump::restart, std::int64_t played = 0)
        : player_(std::move(player)),
          rate_(sample_rate),
          most_notes_(std::clamp(most_notes, 1, 128)),
          on_jump_(on_jump),
          began_(played > 0),
          played_(played) {
        events_.reserve(4 * kMostNotesInBlock);
    }

    /// The events of a block, in order of frames; valid until the next call.
    [[nodiscard]] std::span<const BlockEvent> process(const BlockTime& block) noexcept {
        events_.clear();
        const double frames_a_quarter = 60.0 * rate_ / std::max(block.tempo, 1e-3);
        const bool jumped = std::abs(block.quarters - expected_) > kJump;
        if (running_ && (!block.playing || jumped)) end_all(0);
        if (!block.playing) {
            running_ = false;
            // Ready where the transport waits.
            if (on_jump_ == OnJump::follow) (void)seek(block);
            return events_;
        }
        // What lies before this has been played, but for what the last block owes.
        const double passed = running_ && !jumped ? expected_ : block.quarters;
        if (!running_ || jumped) begin(block.quarters);
        running_ = true;
        expected_ = block.quarters + block.frames / frames_a_quarter;
        const bool there = !seeking_ || seek(block);
        const auto frame_of = [&](double quarter) {
            // Far ahead is far ahead, whatever it is in frames. A tick of 62.5 frames lies between
            // two of them half of the time: rounding errors must not decide.
            constexpr double kHalf = 0.5 + 1e-6;
            const double frame = (quarter - block.quarters) * frames_a_quarter;
            return frame > 1e9 ? 1'000'000'000
                               : static_cast<int>(std::floor(std::max(frame + kHalf, 0.0)));
        };
        // A player that was directed may have drawn a note anew that joins what has passed.
        if (there && !owes_ && !player_.ended()) {
            constexpr double kSlip = 1.0;  // frame
            const double earliest = passed - origin_ - kSlip / frames_a_quarter;
            player_.not_before(static_cast<std::int64_t>(std::ceil(earliest * kTicks)));
        }
        owes_ = there;
        for (int count = 0; there && count < kMostNotesInBlock; ++count) {
            const PlayedNote note = player_.peek();
            const double onset = origin_ + quarters(note.onset);
            const int frame = frame_of(onset);
            if (player_.ended() || frame >= block.frames) {
                owes_ = false;
                break;
            }
            take();
            end_due(frame, frame_of);
            begin_note(note, frame, onset);
        }
        end_due(block.frames - 1, frame_of);
        return events_;
    }

    /// Hears a note that somebody played at `frame` of the block that is processed next, which
    /// begins at `block_quarters`. Notes of the player's own that have not begun are taken back.
    void feed(int frame, int pitch, int velocity, double block_quarters, double tempo) noexcept {
        if (!running_) return;
        const BlockTime block{0, block_quarters, tempo, true};
        const double quarter = block.quarter_at(frame, rate_);
        player_.feed({std::llround((quarter - origin_) * kTicks), 0, std::clamp(pitch, 0, 127),
                      std::clamp(velocity, 1, 127), 0});
        owes_ = true;
    }

    /// Ends all notes in the next block; if the transport runs, it is as after a jump (`OnJump`).
    void stop() noexcept { expected_ = 1e300; }

    /// Ends all notes in the next block, and begins another song at the next quarter.
    void reset(std::uint64_t seed, std::uint64_t number) noexcept {
        player_.reset(seed, number);
        played_ = 0;
        reached_ = 0.0;
        stop();
    }

    /// For controls and priming; call `realign` after the latter. Between two calls of `process`.
    [[nodiscard]] Player& player() noexcept { return player_; }
    /// The player stands elsewhere in its song, or in another one: its next note comes in the next
    /// quarter. What sounds ends when it would have.
    void realign() noexcept {
        if (running_)
            origin_ = std::ceil(expected_ - 1e-6) - std::floor(quarters(player_.peek().onset));
    }
    /// The player that plays comes out, the other one goes in and begins at the next quarter (or
    /// is where the transport is); what sounds ends when it would have. Nothing is freed here.
    /// `played` as in the constructor.
    void swap_player(Player& player, std::int64_t played = 0) noexcept {
        std::swap(player_, player);
        played_ = played;
        reached_ = 0.0;
        if (on_jump_ == OnJump::follow) {
            restart();
            origin_ = 0.0;
            seeking_ = true;
        } else {
            realign();
        }
    }
    /// From the next start or jump on.
    void set_on_jump(OnJump on_jump) noexcept { on_jump_ = on_jump; }
    /// Notes taken from the player since its song began.
    [[nodiscard]] std::int64_t played() const noexcept { return played_; }
    [[nodiscard]] int sounding() const noexcept { return sounding_; }
    void set_sample_rate(double rate) noexcept { rate_ = rate; }

private:
    /// A position that is off by more is a jump, quarters. What is less is the slip of a host that
    /// missed a block: notes in between come at once.
    static constexpr double kJump = 0.25;
    /// Frames of a block for each note that is drawn on the way to a place.
    static constexpr int kFramesASoughtNote = 64;

    static constexpr auto kTicks = static_cast<double>(midi::kTicksPerQuarter);
    [[nodiscard]] static double quarters(std::int64_t ticks) noexcept {
        return static_cast<double>(ticks) / kTicks;
    }

    void begin(double now) noexcept {
        const double beat = std::ceil(now - 1e-6);
        if (on_jump_ == OnJump::follow) {
            origin_ = 0.0;
            seeking_ = true;
        } else {
            // The first time a player may stand behind a primer: it goes on from there.
            if (on_jump_ == OnJump::restart && began_) restart();
            origin_ = beat - std::floor(quarters(player_.peek().onset));
        }
        began_ = true;
    }

    void restart() noexcept {
        player_.restart();
        played_ = 0;
        reached_ = 0.0;
    }
    void take() noexcept {
        reached_ = quarters(player_.next().onset);
        ++played_;
    }
    /// Draws towards the first note of a block; false: not there yet.
    [[nodiscard]] bool seek(const BlockTime& block) noexcept {
        if (!began_ || reached_ > std::max(block.quarters, 0.0)) restart();
        began_ = true;
        for (int most = std::max(block.frames / kFramesASoughtNote, 1); most > 0; --most) {
            if (quarters(player_.peek().onset) >= block.quarters - 1e-6) {
                seeking_ = false;
                return true;
            }
            take();
        }
        return false;
    }

    void begin_note(const PlayedNote& note, int frame, double onset) noexcept {
        const auto key = static_cast<std::size_t>(note.pitch);
        // One keyboard: a key that is struck again ends its note, struck twice at one moment it
        // sounds once, with the longer of the two lengths. (A model that has learnt nothing may
        // never leave a moment.)
        const double until = onset + quarters(std::max<std::int64_t>(note.length, 1));
        if (sounds_[key] && begin_[key] == onset) {
            end_[key] = std::max(end_[key], until);
            return;
        }
        begin_[key] = onset;
        if (sounds_[key]) {
            end(key, frame);
        } else if (sounding_ >= most_notes_) {
            std::size_t soonest = 128;
            for (std::size_t k = 0; k < 128; ++k)
                if (sounds_[k] && (soonest == 128 || end_[k] < end_[soonest])) soonest = k;
            end(soonest, frame);
        }
        events_.push_back({frame, true, note.pitch, note.velocity});
        sounds_[key] = true;
        end_[key] = until;
        ++sounding_;
    }
    void end(std::size_t key, int frame) noexcept {
        events_.push_back({frame, false, static_cast<int>(key), 0});
        sounds_[key] = false;
        --sounding_;
    }
    void end_all(int frame) noexcept {
        for (std::size_t key = 0; key < 128; ++key)
            if (sounds_[key]) end(key, frame);
    }
    /// Ends what ends at or before a frame, in order.
    template <typename FrameOf>
    void end_due(int frame, FrameOf&& frame_of) noexcept {
        for (;;) {
            std::size_t soonest = 128;
            for (std::size_t key = 0; key < 128; ++key)
                if (sounds_[key] && (soonest == 128 || end_[key] < end_[soonest])) soonest = key;
            if (soonest == 128) return;
            const int due = frame_of(end_[soonest]);
            if (due > frame) return;
            // Not before what this block holds already.
            end(soonest, events_.empty() ? due : std::max(due, events_.back().frame));
        }
    }

    Player player_;
    double rate_;
    int most_notes_;
    OnJump on_jump_;
    bool running_ = false, began_ = false, seeking_ = false;
    /// Notes whose time is past: a block was crowded, or they go with one that was fed.
    bool owes_ = false;
    double expected_ = 0.0;  // the position that the next block begins with
    double origin_ = 0.0;    // of the song, in the host's quarters
    double reached_ = 0.0;   // by the note that was taken last, from the song's beginning
    std::int64_t played_ = 0;
    std::vector<BlockEvent> events_;
    std::array<bool, 128> sounds_{};
    std::array<double, 128> begin_{}, end_{};
    int sounding_ = 0;
};

}  // namespace mgan::inline MGAN_PLAYER_ABI
