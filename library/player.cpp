/// \file
/// The front of the library mgan_player: what player.hpp declares for programs that link it, and
/// the C interface. It plays by the nets (nets.hpp) that suit the processor.

#define MGAN_PLAYER_COMPILED
#include "nets.hpp"

#include <mgan/player.h>
#include <mgan/core/processor_class.hpp>
#include <mgan/player.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>

namespace {

/// A compilation of the nets, and whether this processor, under this system, can run it.
struct Choice {
    const mgan::PlayerNets* nets;
    bool runs;
};

#ifdef MGAN_PLAYER_DISPATCH
/// The fastest first.
std::array<Choice, 3> choices() noexcept {
    const auto classes = mgan::processor_classes();  // in this order
    return {{{mgan_player_nets_avx512(), classes[0].here},
             {mgan_player_nets_avx2(), classes[1].here},
             {mgan_player_nets_sse2(), classes[2].here}}};
}
#else
std::array<Choice, 1> choices() noexcept {
    return {{{mgan_player_nets(), true}}};
}
#endif

/// The nets for this processor, or those that the environment asks for (MGAN_PLAYER_KERNELS, for
/// comparisons). Throws ConfigError if those cannot run here.
const mgan::PlayerNets& nets() {
    const char* const asked = std::getenv("MGAN_PLAYER_KERNELS");
    std::string others;
    for (const Choice& one : choices()) {
        if (!one.runs) continue;
        if (asked == nullptr || std::strcmp(asked, one.nets->kernels) == 0) return *one.nets;
        others += others.empty() ? one.nets->kernels : mgan::concat(", ", one.nets->kernels);
    }
    mgan::fail<mgan::ConfigError>("MGAN_PLAYER_KERNELS is \"", asked,
                                  "\", but what this library has and this processor can run is ",
                                  others);
}

}  // namespace

namespace mgan::inline MGAN_BOUNDARY {

MGAN_PLAYER_API std::shared_ptr<const PlayerModelCore> load_player_model(const std::string& path) {
    return nets().load(path);
}

MGAN_PLAYER_API std::shared_ptr<const PlayerModelCore> read_player_model(
    std::span<const std::byte> bytes, std::string_view name) {
    return nets().read(bytes, name);
}

MGAN_PLAYER_API std::shared_ptr<const PlayerModelCore> read_player_model(
    std::span<const std::byte> bytes, std::string_view name, std::string& error) noexcept {
    return read_or_explain([&] { return nets().read(bytes, name); }, error);
}

}  // namespace mgan::inline MGAN_BOUNDARY

/// What C calls a player.
struct mgan_player {
    mgan::Player player;
    int candidates;  // that there is room for
    const char* kernels;
};

namespace {

mgan_note as_c(const mgan::Note& note) noexcept {
    return {note.onset, note.length, note.pitch, note.velocity};
}

mgan::Note as_ours(const mgan_note& note) noexcept {
    return {note.onset, note.length, std::clamp<int>(note.pitch, 0, 127),
            std::clamp<int>(note.velocity, 1, 127), 0};
}

void tell(const char* what, char* error, size_t size) noexcept {
    if (error == nullptr || size == 0) return;
    const size_t length = std::min(std::strlen(what), size - 1);
    std::memcpy(error, what, length);
    error[length] = '\0';
}

/// Calls `action`; false, with a text in `error`, where it throws.
template <typename Action>
bool try_and_tell(char* error, size_t size, Action&& action) noexcept {
    tell("", error, size);
    try {
        action();
        return true;
    } catch (const std::bad_alloc&) {
        tell("out of memory", error, size);
    } catch (const std::exception& failure) {
        tell(failure.what(), error, size);
    } catch (...) {
        tell("an unknown error", error, size);
    }
    return false;
}

}  // namespace

mgan_player* mgan_player_create(const void* model, size_t size, uint64_t seed, uint64_t number,
                                char* error, size_t error_size) {
    std::unique_ptr<mgan_player> player;
    const bool made = try_and_tell(error, error_size, [&] {
        if (model == nullptr)
            mgan::fail<mgan::ConfigError>("mgan_player_create: the model is NULL");
        const std::span bytes(static_cast<const std::byte*>(model), size);
        const mgan::PlayerModel shared(bytes, "the model");
        // Room for guidance, but nobody guides until it is asked for.
        mgan::PlayerOptions options;
        options.candidates = shared.room_for_guidance();
        player = std::make_unique<mgan_player>(mgan_player{
            mgan::Player(shared, seed, number, options), options.candidates, shared.kernels()});
        mgan::PlayerControls controls;
        controls.guide = 0;
        (void)player->player.direct(controls);
    });
    return made ? player.release() : nullptr;
}

int mgan_player_set_scale(mgan_player* player, const char* name) {
    if (name == nullptr) return 0;
    const auto scale = mgan::scale_of(name);
    return scale ? mgan_player_set(player, "scale", *scale) : 0;
}

int mgan_player_prime(mgan_player* player, const mgan_note* notes, size_t count, char* error,
                      size_t error_size) {
    return try_and_tell(error, error_size, [&] {
        if (player == nullptr || (notes == nullptr && count > 0))
            mgan::fail<mgan::ConfigError>("mgan_player_prime: the player or its notes are NULL");
        mgan::Song song;
        for (const mgan_note& note : std::span(notes, count)) song.notes.push_back(as_ours(note));
        player->player.prime(song);
    });
}

int mgan_player_next(mgan_player* player, mgan_note* note) {
    if (player == nullptr || note == nullptr) return 0;
    *note = as_c(player->player.next());
    return 1;
}

int mgan_player_set(mgan_player* player, const char* name, double value) {
    if (player == nullptr || name == nullptr) return 0;
    mgan::PlayerControls controls = player->player.controls();
    if (!mgan::set_control(controls, name, value)) return 0;
    // More than there is room for: told, not cut. (1 is the plain stream, as 0.)
    if (controls.guide > std::max(player->candidates, 1)) return 0;
    return player->player.direct(controls) ? 1 : 0;
}

void mgan_player_feed(mgan_player* player, const mgan_note* note) {
    if (player == nullptr || note == nullptr) return;
    player->player.feed(as_ours(*note));
}

int mgan_player_ended(mgan_player* player) {
    return player != nullptr && player->player.ended() ? 1 : 0;
}

int mgan_player_next_within(mgan_player* player, int64_t earliest, int64_t latest,
                            mgan_note* note) {
    if (player == nullptr || note == nullptr) return 0;
    *note = as_c(player->player.next_within(earliest, latest));
    return 1;
}

const char* mgan_player_kernels(const mgan_player* player) {
    return player != nullptr ? player->kernels : "";
}

void mgan_player_reset(mgan_player* player, uint64_t seed, uint64_t number) {
    if (player != nullptr) player->player.reset(seed, number);
}

void mgan_player_destroy(mgan_player* player) {
    delete player;
}
