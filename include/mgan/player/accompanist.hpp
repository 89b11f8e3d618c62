#pragma once
/// \file
/// A player that plays with somebody: it hears the keys that a person plays, and answers.
///
///     mgan::Accompanist band(std::move(player), rate, mgan::Answer::turns);
///     band.hear(frame, pitch, velocity);                    // a key of the person's; 0: released
///     for (const mgan::BlockEvent& event : band.process({frames, quarters, tempo, playing})) ...
///
/// - *duet*: the model plays all the time and goes on from what it hears.
/// - *turns*: the model is silent while the person plays. After a rest of one quarter it answers,
///   on the beat, for as long as the person played, and falls silent as soon as a key is pressed.
/// - *harmony*: each key of the person gets a note that goes with it, a third to a tenth below,
///   which ends with the key.

#include <mgan/player/block_player.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_PLAYER_ABI {

enum class Answer { duet, turns, harmony };

/// Real-time from construction on: no allocation, lock or system call.
class Accompanist {
public:
    /// Keys heard in one block; what is more is not heard.
    static constexpr int kMostHeard = 256;
    /// What ends a person's turn, and the shortest answer, quarters.
    static constexpr double kRest = 1.0, kShortestAnswer = 4.0;
    /// How far below a key its harmony lies, semitones.
    static constexpr int kNearest = 3, kFarthest = 16;

    /// A player that does not look ahead (`PlayerOptions::looks_ahead`) answers soonest. Allocates.
    Accompanist(Player player, double sample_rate, Answer answer, int most_notes = 32)
        : blocks_(std::move(player), sample_rate, most_notes, OnJump::go_on),
          rate_(sample_rate),
          answer_(answer) {
        events_.reserve(4 * BlockPlayer::kMostNotesInBlock);
        partner_.fill(kNone);
    }

    /// A key that the person pressed (velocity 1 .. 127) or released (0), at a frame of the block
    /// that is processed next. Frames must not go back within a block.
    void hear(int frame, int pitch, int velocity) noexcept {
        if (heard_count_ == kMostHeard || pitch < 0 || pitch > 127) return;
        heard_[static_cast<std::size_t>(heard_count_++)] = {frame, velocity > 0, pitch,
                                                            std::clamp(velocity, 0, 127)};
    }

    /// The model's note-ons and note-offs of a block, in order of frames; valid until the next
    /// call. While the transport stands, nothing sounds and nothing is heard.
    [[nodiscard]] std::span<const BlockEvent> process(const BlockTime& block) noexcept {
        const std::span<const BlockEvent> heard(heard_.data(),
                                                static_cast<std::size_t>(heard_count_));
        heard_count_ = 0;
        events_.clear();
        if (!block.playing || answer_ != wished_answer_) {
            silence();
            answer_ = wished_answer_;
            return run_blocks(block, false);
        }
        switch (answer_) {
            case Answer::duet:
                for (const BlockEvent& key : heard)
                    if (key.on)
                        blocks_.feed(key.frame, key.pitch, key.velocity, block.quarters,
                                     block.tempo);
                return run_blocks(block, true);
            case Answer::turns:
                return take_turns(block, heard);
            case Answer::harmony:
                break;
        }
        return harmonise(block, heard);
    }

    /// From the next block on; what sounds ends there.
    void set_answer(Answer answer) noexcept { wished_answer_ = answer; }
    [[nodiscard]] Answer answer() const noexcept { return wished_answer_; }

    /// For controls, reset and priming; call `realign` after the latter two. Between two calls of
    /// `process`.
    [[nodiscard]] Player& player() noexcept { return blocks_.player(); }
    /// Keys of the model's own that sound.
    [[nodiscard]] int sounding() const noexcept { return blocks_.sounding(); }
    /// The player stands elsewhere in its song, or in another one: it goes on at the next beat.
    void realign() noexcept {
        blocks_.realign();
        anchored_ = false;
    }

private:
    static constexpr int kNone = -1;

    std::span<const BlockEvent> run_blocks(BlockTime block, bool playing) noexcept {
        block.playing = playing;
        const std::span<const BlockEvent> events = blocks_.process(block);
        // Room was made for one block's events of each kind.
        events_.insert(events_.end(), events.begin(), events.end());
        return events_;
    }

    /// The song's tick at a quarter of the host. After a jump, and with each turn, the song goes on
    /// at its next beat, in phase with the host's.
    [[nodiscard]] std::int64_t song_tick(double quarter) noexcept {
        if (!anchored_ || quarter < anchor_quarter_) {
            const std::int64_t next = blocks_.player().peek().onset;
            constexpr std::int64_t beat = midi::kTicksPerQuarter;
            anchor_tick_ = (next + beat - 1) / beat * beat;
            anchor_quarter_ = std::floor(quarter);
            anchored_ = true;
        }
        return anchor_tick_ + std::llround((quarter - anchor_quarter_) *
                                           static_cast<double>(midi::kTicksPerQuarter));
    }

    std::span<const BlockEvent> take_turns(const BlockTime& block,
                                           std::span<const BlockEvent> heard) noexcept {
        for (const BlockEvent& key : heard) {
            const double now = block.quarter_at(key.frame, rate_);
            if (key.on) {
                if (!calling_) {
                    calling_ = true;
                    answering_ = false;
                    anchored_ = false;
                    call_begin_ = now;
                }
                blocks_.player().feed({song_tick(now), 0, key.pitch, key.velocity, 0});
                ++keys_down_;
            } else {
                keys_down_ = std::max(0, keys_down_ - 1);
            }
            last_key_ = now;
        }
        const double end = block.quarter_at(block.frames, rate_);
        if (calling_ && keys_down_ == 0 && block.quarters - last_key_ >= kRest) {
            calling_ = false;
            answering_ = true;
            answer_end_ = std::ceil(block.quarters) +
                          std::max(kShortestAnswer, std::ceil(last_key_ - call_begin_));
        }
        if (answering_ && end >= answer_end_) answering_ = false;
        return run_blocks(block, answering_);
    }

    std::span<const BlockEvent> harmonise(const BlockTime& block,
                                          std::span<const BlockEvent> heard) noexcept {
        for (const BlockEvent& key : heard) {
            const auto index = static_cast<std::size_t>(key.pitch);
            end_partner(index, key.frame);
            if (!key.on) continue;
            const std::int64_t tick = song_tick(block.quarter_at(key.frame, rate_));
            Player& player = blocks_.player();
            player.feed({tick, 0, key.pitch, key.velocity, 0});
            NoteBounds bounds;
            const bool below = key.pitch >= kFarthest;
            bounds.low = key.pitch + (below ? -kFarthest : kNearest);
            bounds.high = key.pitch + (below ? -kNearest : kFarthest);
            bounds.softest = std::max(1, key.velocity - 16);
            bounds.loudest = key.velocity;
            const int pitch = player.next_at(tick, bounds).pitch;
            // Two keys may want one note: it is struck again, and belongs to the later key.
            for (std::size_t k = 0; k < 128; ++k)
                if (partner_[k] == pitch) end_partner(k, key.frame);
            partner_[index] = pitch;
            events_.push_back({key.frame, true, pitch, key.velocity});
        }
        return events_;
    }

    void end_partner(std::size_t key, int frame) noexcept {
        if (partner_[key] == kNone) return;
        events_.push_back({frame, false, partner_[key], 0});
        partner_[key] = kNone;
    }

    /// Forgets the person; the model's notes end.
    void silence() noexcept {
        for (std::size_t key = 0; key < 128; ++key) end_partner(key, 0);
        calling_ = answering_ = anchored_ = false;
        keys_down_ = 0;
    }

    BlockPlayer blocks_;
    double rate_;
    Answer answer_;
    Answer wished_answer_ = answer_;
    std::array<BlockEvent, kMostHeard> heard_{};
    int heard_count_ = 0;
    std::vector<BlockEvent> events_;

    bool anchored_ = false;  // song_tick()
    double anchor_quarter_ = 0.0;
    std::int64_t anchor_tick_ = 0;

    bool calling_ = false, answering_ = false;  // take_turns()
    int keys_down_ = 0;
    double call_begin_ = 0.0, last_key_ = 0.0, answer_end_ = 0.0;

    std::array<int, 128> partner_{};  // harmonise(): what sounds with each key
};

}  // namespace mgan::inline MGAN_PLAYER_ABI
