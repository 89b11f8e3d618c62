#pragma once
/// \file
/// A trained model that plays, note by note, in any program.
///
///     mgan::Player player(mgan::PlayerModel("run/model.safetensors"), /*seed=*/7);
///     for (;;) play(player.next());            // endless; never allocates, locks or throws
///
/// The notes are those of `mgan generate --guide 0 --seed 7`, song 1, for as long as that lasts.
/// Several players may play one model, on several threads; each player belongs to one thread at a
/// time.
///
/// Two ways to compile it. *Header-only*, the default: everything is compiled where it is included,
/// for the processor of your compiler's flags. *Compiled once*: with the library `mgan::player`
/// (CMake) this header needs the standard library alone, and whoever uses it need not be compiled
/// for the same processor as the library. The same program compiles either way.

#include <mgan/core/error.hpp>
#include <mgan/player/core.hpp>

#ifdef MGAN_PLAYER_COMPILED
#define MGAN_PLAYER_ABI MGAN_BOUNDARY
#else
#include <mgan/player/model.hpp>
#define MGAN_PLAYER_ABI MGAN_ABI
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mgan::inline MGAN_PLAYER_ABI {

#ifdef MGAN_PLAYER_COMPILED
/// In the library.
[[nodiscard]] std::shared_ptr<const PlayerModelCore> load_player_model(const std::string& path);
[[nodiscard]] std::shared_ptr<const PlayerModelCore> read_player_model(
    std::span<const std::byte> bytes, std::string_view name);
/// Null, and what is wrong in `error`, instead of an exception.
[[nodiscard]] std::shared_ptr<const PlayerModelCore> read_player_model(
    std::span<const std::byte> bytes, std::string_view name, std::string& error) noexcept;
#endif

/// A trained model. Copies share it; it lives as long as any copy or player does.
class PlayerModel {
public:
    /// Of a run's folder or a .safetensors file. Throws IoError, FormatError, DataError,
    /// ShapeError, ConfigError, NumericalError; nothing of a damaged file is used.
    explicit PlayerModel(const std::string& path) : core_(load_player_model(path)) {}
    explicit PlayerModel(const char* path) : PlayerModel(std::string(path)) {}

    /// From the bytes of such a file, which need not stay; `name` is for messages.
    explicit PlayerModel(std::span<const std::byte> bytes, std::string_view name = "model")
        : core_(read_player_model(bytes, name)) {}

#if defined(MGAN_PLAYER_COMPILED) || defined(__cpp_exceptions)
    /// The same for programs that are compiled without exceptions, and link the library: none, and
    /// in `error` why, where the bytes are refused or memory is exhausted.
    [[nodiscard]] static std::optional<PlayerModel> read(std::span<const std::byte> bytes,
                                                         std::string& error,
                                                         std::string_view name = "model") noexcept {
        auto core = read_player_model(bytes, name, error);
        if (core == nullptr) return std::nullopt;
        return PlayerModel(std::move(core));
    }
#endif

    explicit PlayerModel(std::shared_ptr<const PlayerModelCore> core) : core_(std::move(core)) {}

#ifndef MGAN_PLAYER_COMPILED
    /// A model that was loaded or trained here.
    explicit PlayerModel(Model model) : core_(make_player_model(std::move(model))) {}
#endif

    /// Events of a song in training.
    [[nodiscard]] std::int64_t length() const noexcept {
        return core_->length();
    }
    /// Whether it draws from distributions. Styles by name, guidance and scales without snapping
    /// are for these.
    [[nodiscard]] bool has_step_heads() const noexcept {
        return core_->has_step_heads();
    }
    /// Candidates for each event as it was trained (`PlayerControls::guide`).
    [[nodiscard]] int guide() const noexcept {
        return core_->guide();
    }
    [[nodiscard]] bool can_be_guided() const noexcept {
        return core_->can_be_guided();
    }
    /// `PlayerOptions::candidates` of a player whose guidance may be switched on while it plays: at
    /// least 8, as many as the model was trained with if those are more; 0 if it cannot be guided.
    [[nodiscard]] int room_for_guidance() const noexcept {
        return can_be_guided() ? std::max(guide(), kUsualCandidates) : 0;
    }
    /// The processor class of the code that plays it: "sse2", "avx2", "avx512", "neon", ...
    [[nodiscard]] const char* kernels() const noexcept {
        return core_->kernels();
    }

    /// The style of a song, the mean over its crops of 100 events, for `PlayerControls::style`:
    /// each axis in standard deviations of the training songs. Throws DataError for a song without
    /// notes, ConfigError without step heads.
    [[nodiscard]] std::array<double, encoding::kStyleAxes> style_of(const Song& song) const {
        return core_->style_of(song);
    }

    [[nodiscard]] const PlayerModelCore& core() const noexcept {
        return *core_;
    }

private:
    std::shared_ptr<const PlayerModelCore> core_;
};

/// Plays a model for ever. Real-time from construction on: unless it says otherwise, a function
/// neither allocates nor locks nor calls the operating system, and does not throw.
class Player {
public:
    /// Song `number` (0 is the first) of `seed`. Allocates. Throws ConfigError for options that the
    /// model cannot serve.
    explicit Player(const PlayerModel& model, std::uint64_t seed = 1, std::uint64_t number = 0,
                    const PlayerOptions& options = {})
        : core_(model.core().play(seed, number, options)), seed_(seed), number_(number) {}

    /// A copy goes on as the original would. Allocates; assignment between players of one model and
    /// options does not.
    Player(const Player& other)
        : core_(other.core_->clone()),
          controls_(other.controls_),
          seed_(other.seed_),
          number_(other.number_) {}
    Player& operator=(const Player& other) {
        if (core_ && core_->family() == other.core_->family())
            core_->assign(*other.core_);
        else
            core_ = other.core_->clone();
        controls_ = other.controls_;
        seed_ = other.seed_;
        number_ = other.number_;
        return *this;
    }
    Player(Player&&) noexcept = default;
    Player& operator=(Player&&) noexcept = default;
    ~Player() = default;

    /// The next note. Onsets never go back.
    PlayedNote next() noexcept { return core_->next(); }

    /// The next note, without taking it: it comes again, unless the player is directed otherwise or
    /// fed before.
    [[nodiscard]] PlayedNote peek() noexcept { return core_->peek(); }

    /// Directs what is drawn from now on; the next onset's time, which an event says in advance,
    /// stays. Returns false, and changes nothing, for controls with a fault (`fault_of`).
    bool direct(const PlayerControls& controls) noexcept {
        if (fault_of(controls) != nullptr) return false;
        controls_ = controls;
        core_->direct(controls);
        return true;
    }
    [[nodiscard]] const PlayerControls& controls() const noexcept { return controls_; }

    /// Whether the last chord has been returned: the next note would begin behind
    /// `PlayerControls::end`. Whoever goes on after that hears a song begin anew.
    [[nodiscard]] bool ended() noexcept {
        return controls_.end >= 0.0 && core_->peek().onset > end_ticks(controls_.end);
    }

    // ---- playing along --------------------------------------------------------------------------

    /// Hears a note that somebody else played, at its onset (rounded to the model's grid; not
    /// before the last note), and goes on from there. Notes that this player has not returned yet
    /// are taken back. A length of 0 is not known: the model thinks of its own.
    void feed(const Note& note) noexcept { core_->feed(note); }

    /// The next note, which begins within earliest .. latest (ticks from the song's beginning):
    /// what would have come at another time comes then. With bounds, the note is within them.
    PlayedNote next_within(std::int64_t earliest, std::int64_t latest,
                           const NoteBounds& bounds = {}) noexcept {
        return core_->next_within(earliest, latest, bounds);
    }

    /// A note at a given moment, which goes with what sounds: at the onset of the last note it
    /// joins that chord.
    PlayedNote next_at(std::int64_t onset, const NoteBounds& bounds = {}) noexcept {
        return core_->next_within(onset, onset, bounds);
    }

    /// What is drawn from now on begins at `earliest` or later. The notes that wait are taken back
    /// if the first of them would begin before: after `direct`, a note may be drawn that joins the
    /// last chord, whose moment has passed. Otherwise nothing changes.
    void not_before(std::int64_t earliest) noexcept { core_->not_before(earliest); }

    // ---- beginning ------------------------------------------------------------------------------

    /// Begins song `number` of `seed`, under the same controls.
    void reset(std::uint64_t seed, std::uint64_t number = 0) noexcept {
        seed_ = seed;
        number_ = number;
        core_->reset(seed, number);
    }
    /// Begins again.
    void restart() noexcept { core_->reset(seed_, number_); }

    /// Begins anew by hearing a melody: its first `notes` notes (0: all), drums aside. What comes
    /// then goes on from it, in its key, on its beat and in its style; onsets count from the song's
    /// beginning. Controls stay, and so does the tempo. Not for the audio thread: it allocates.
    /// Throws DataError for a song without notes.
    void prime(const Song& song, std::int64_t notes = 0) { core_->prime(song, notes); }

    /// For the seconds of notes from now on; 120 at first. Times in ticks do not change.
    void set_tempo(double quarters_a_minute) noexcept { core_->set_tempo(quarters_a_minute); }

    [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

private:
    std::unique_ptr<PlayerCore> core_;
    PlayerControls controls_;
    std::uint64_t seed_ = 0, number_ = 0;
};

}  // namespace mgan::inline MGAN_PLAYER_ABI
