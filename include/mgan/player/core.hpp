#pragma once
/// \file
/// The boundary between a player and what plays: plain data and two classes of virtual functions.
///
/// Nothing here depends on the processor, on Eigen or on JSON: a program may compile this side, and
/// link the other one compiled for another processor.

#include <mgan/midi/song.hpp>
#include <mgan/player/controls.hpp>

#include <cmath>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>

namespace mgan::inline MGAN_BOUNDARY {

/// A note that a player plays: in ticks from the song's beginning (384 a quarter), and in seconds
/// at the player's tempo.
struct PlayedNote : Note {
    double onset_seconds = 0.0;
    double length_seconds = 0.0;
};

/// An end (`PlayerControls::end`) in ticks.
[[nodiscard]] inline std::int64_t end_ticks(double quarters) noexcept {
    return static_cast<std::int64_t>(
        std::llround(quarters * static_cast<double>(midi::kTicksPerQuarter)));
}

/// As many candidates choose well and still play in time: what is meant where guidance is switched
/// on and nobody says by how many.
inline constexpr int kUsualCandidates = 8;

/// How a player is made; what cannot change afterwards.
struct PlayerOptions {
    /// Events of the song whose notes are those of `mgan generate --guide 0 --length`; 0: as in
    /// training. The player goes on behind its end.
    std::int64_t length = 0;
    /// Whether notes come as in a file, those of a chord from the lowest up, each with its final
    /// length: the player then draws ahead until a chord is complete, and takes back what it drew
    /// when it is directed otherwise. Without, each note comes as soon as it is drawn.
    bool looks_ahead = true;
    /// The most candidates that may be asked for (`PlayerControls::guide`); -1: as many as the
    /// model was trained with, which is 0 unless its settings say otherwise. Whoever switches
    /// guidance on while it plays takes `PlayerModel::room_for_guidance()`. Room costs a judgement
    /// for each event, even while nobody guides.
    int candidates = -1;
    /// Whether songs begin with the first notes of a training song, which the model's file holds:
    /// of which one, is a function of seed and number.
    bool opening = false;
};

/// Bounds for a note that is asked for; each end counts.
struct NoteBounds {
    int low = 0, high = 127;                       ///< pitch
    std::int64_t shortest = 0, longest = 1 << 20;  ///< length, ticks
    int softest = 1, loudest = 127;                ///< velocity
    friend bool operator==(const NoteBounds&, const NoteBounds&) = default;
};

/// One stream of notes. `Player` (player.hpp) says what the functions do.
class PlayerCore {
public:
    virtual ~PlayerCore() = default;
    [[nodiscard]] virtual std::unique_ptr<PlayerCore> clone() const = 0;
    /// Becomes as `other`, which is of the same `family`. No allocation where both play one model
    /// under the same options.
    virtual void assign(const PlayerCore& other) = 0;
    /// Equal for players between which `assign` is possible.
    [[nodiscard]] virtual const void* family() const noexcept = 0;

    virtual void reset(std::uint64_t seed, std::uint64_t number) noexcept = 0;
    virtual void prime(const Song& song, std::int64_t notes) = 0;
    [[nodiscard]] virtual const PlayedNote& peek() noexcept = 0;
    virtual PlayedNote next() noexcept = 0;
    virtual PlayedNote next_within(std::int64_t earliest, std::int64_t latest,
                                   const NoteBounds& bounds) noexcept = 0;
    virtual void not_before(std::int64_t earliest) noexcept = 0;
    virtual void feed(const Note& note) noexcept = 0;
    virtual void direct(const PlayerControls& controls) noexcept = 0;
    virtual void set_tempo(double quarters_a_minute) noexcept = 0;

protected:
    PlayerCore() = default;
    PlayerCore(const PlayerCore&) = default;
    PlayerCore& operator=(const PlayerCore&) = default;
};

/// A trained model that players play.
class PlayerModelCore : public std::enable_shared_from_this<PlayerModelCore> {
public:
    virtual ~PlayerModelCore() = default;
    [[nodiscard]] virtual std::unique_ptr<PlayerCore> play(std::uint64_t seed, std::uint64_t number,
                                                           const PlayerOptions& options) const = 0;
    /// Events of a song in training.
    [[nodiscard]] virtual std::int64_t length() const noexcept = 0;
    /// Whether it has distributions: masks, styles by name and guidance are for these.
    [[nodiscard]] virtual bool has_step_heads() const noexcept = 0;
    /// Candidates as it was trained; 0 where there is no discriminator to choose.
    [[nodiscard]] virtual int guide() const noexcept = 0;
    [[nodiscard]] virtual bool can_be_guided() const noexcept = 0;
    /// The processor class that it was compiled for: "sse2", "avx2", ...
    [[nodiscard]] virtual const char* kernels() const noexcept = 0;
    /// The style of a song, the mean over its crops of 100 events, in standard deviations of the
    /// training songs; throws DataError for a song without notes, ConfigError without step heads.
    [[nodiscard]] virtual std::array<double, encoding::kStyleAxes> style_of(
        const Song& song) const = 0;

protected:
    PlayerModelCore() = default;
    PlayerModelCore(const PlayerModelCore&) = delete;
    PlayerModelCore& operator=(const PlayerModelCore&) = delete;
};

#if defined(__cpp_exceptions)
/// What read() returns; null, and what is wrong in `error`, instead of an exception.
template <typename Read>
[[nodiscard]] std::shared_ptr<const PlayerModelCore> read_or_explain(Read&& read,
                                                                     std::string& error) noexcept {
    error.clear();
    try {
        return read();
    } catch (const std::bad_alloc&) {
        error.assign("out of memory");  // a short text needs none
    } catch (const std::exception& failure) {
        error.assign(failure.what());
    } catch (...) {
        error.assign("unknown error");
    }
    return nullptr;
}
#endif

}  // namespace mgan::inline MGAN_BOUNDARY
