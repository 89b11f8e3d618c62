/// \file
/// The library mgan_player: what player.hpp declares for programs that link it, and the C
/// interface.

// The declarations of such programs first: what is defined here is what they ask for.
#define MGAN_PLAYER_COMPILED
#include <mgan/player.hpp>
#undef MGAN_PLAYER_COMPILED

#include <mgan/player.h>
#include <mgan/player/model.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>

namespace mgan::inline MGAN_BOUNDARY {

MGAN_PLAYER_API std::shared_ptr<const PlayerModelCore> load_player_model(const std::string& path) {
    return mgan::MGAN_ABI::load_player_model(path);
}

MGAN_PLAYER_API std::shared_ptr<const PlayerModelCore> read_player_model(
    std::span<const std::byte> bytes, std::string_view name) {
    return mgan::MGAN_ABI::read_player_model(bytes, name);
}

MGAN_PLAYER_API std::shared_ptr<const PlayerModelCore> read_player_model(
    std::span<const std::byte> bytes, std::string_view name, std::string& error) noexcept {
    return mgan::MGAN_ABI::read_player_model(bytes, name, error);
}

}  // namespace mgan::inline MGAN_BOUNDARY

/// What C calls a player.
struct mgan_player {
    mgan::Player player;
};

namespace {

mgan_note as_c(const mgan::Note& note) noexcept {
    return {note.onset, note.length, note.pitch, note.velocity};
}

void tell(const char* what, char* error, size_t size) noexcept {
    if (error == nullptr || size == 0) return;
    const size_t length = std::min(std::strlen(what), size - 1);
    std::memcpy(error, what, length);
    error[length] = '\0';
}

}  // namespace

mgan_player* mgan_player_create(const void* model, size_t size, uint64_t seed, uint64_t number,
                                char* error, size_t error_size) {
    tell("", error, error_size);
    try {
        if (model == nullptr)
            mgan::fail<mgan::ConfigError>("mgan_player_create: the model is NULL");
        const std::span bytes(static_cast<const std::byte*>(model), size);
        const mgan::PlayerModel shared(bytes, "the model");
        // Memory for guidance, but nobody guides until it is asked for.
        auto player =
            std::make_unique<mgan_player>(mgan_player{mgan::Player(shared, seed, number)});
        mgan::PlayerControls controls;
        controls.guide = 0;
        (void)player->player.direct(controls);
        return player.release();
    } catch (const std::bad_alloc&) {
        tell("out of memory", error, error_size);
    } catch (const std::exception& failure) {
        tell(failure.what(), error, error_size);
    } catch (...) {
        tell("an unknown error", error, error_size);
    }
    return nullptr;
}

int mgan_player_next(mgan_player* player, mgan_note* note) {
    if (player == nullptr || note == nullptr) return 0;
    *note = as_c(player->player.next());
    return 1;
}

int mgan_player_set(mgan_player* player, const char* name, double value) {
    if (player == nullptr || name == nullptr) return 0;
    mgan::PlayerControls controls = player->player.controls();
    return mgan::set_control(controls, name, value) && player->player.direct(controls) ? 1 : 0;
}

void mgan_player_feed(mgan_player* player, const mgan_note* note) {
    if (player == nullptr || note == nullptr) return;
    player->player.feed({note->onset, note->length, std::clamp<int>(note->pitch, 0, 127),
                         std::clamp<int>(note->velocity, 1, 127), 0});
}

int mgan_player_next_within(mgan_player* player, int64_t earliest, int64_t latest,
                            mgan_note* note) {
    if (player == nullptr || note == nullptr) return 0;
    *note = as_c(player->player.next_within(earliest, latest));
    return 1;
}

void mgan_player_reset(mgan_player* player, uint64_t seed, uint64_t number) {
    if (player != nullptr) player->player.reset(seed, number);
}

void mgan_player_destroy(mgan_player* player) {
    delete player;
}
