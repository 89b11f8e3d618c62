/* Plays a trained model from C, and from every language that can call C.
 *
 *     char error[256];
 *     mgan_player* player = mgan_player_create(bytes, size, 7, 0, error, sizeof error);
 *     if (player == NULL) { puts(error); return 1; }
 *     mgan_note note;
 *     while (mgan_player_next(player, &note)) play(&note);      // endless
 *     mgan_player_destroy(player);
 *
 * The notes are those of `mgan generate MODEL --seed 7 --guide 0`, the first song, for as long as
 * that lasts. No exception leaves these functions. A player belongs to one thread at a time; create,
 * prime and destroy allocate, the others do not. Link libmgan_player.
 */
#ifndef MGAN_PLAYER_H
#define MGAN_PLAYER_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#ifdef MGAN_PLAYER_EXPORTS
#define MGAN_PLAYER_API __declspec(dllexport)
#else
#define MGAN_PLAYER_API
#endif
#else
#define MGAN_PLAYER_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mgan_player mgan_player;

/* Times in ticks of 384 a quarter; onset counts from the song's beginning. */
typedef struct mgan_note {
    int64_t onset;
    int64_t length;
    int32_t pitch;    /* MIDI number, 60 is middle C */
    int32_t velocity; /* 1 .. 127 */
} mgan_note;

/* Song `number` (0 is the first) of `seed`. `model`: the bytes of a .safetensors file, which need not
 * stay. Returns NULL, and writes what is wrong into `error` (at most `error_size` bytes, the closing
 * zero among them), if they are refused. */
MGAN_PLAYER_API mgan_player* mgan_player_create(const void* model, size_t size, uint64_t seed,
                                                uint64_t number, char* error, size_t error_size);

/* The next note. Returns 1; 0 if an argument is NULL. */
MGAN_PLAYER_API int mgan_player_next(mgan_player* player, mgan_note* note);

/* Whether the last chord has been returned: the next note would begin behind the control "end" (quarters
 * from the beginning to the last onset; -1: endless). 1 or 0; 0 if `player` is NULL. */
MGAN_PLAYER_API int mgan_player_ended(mgan_player* player);

/* Directs what is drawn from now on, by the names of mgan/player/controls.hpp: temperature,
 * time_temperature, pitch_temperature, density, loudness, legato, transpose, low, high, voices, glide,
 * scale (bit 0 is C), guide, end, level.PART.low, level.PART.high, style.AXIS. guide: the candidates of which
 * the discriminator chooses each event; up to 8, or as many as the model was trained with if those are
 * more; none where it has no discriminator. Returns 1; 0, with nothing changed, for another name or a
 * value out of range. */
MGAN_PLAYER_API int mgan_player_set(mgan_player* player, const char* name, double value);

/* The scale by its name: "D minor", "F# dorian", "chromatic". Returns 1; 0, with nothing changed, for
 * another name. */
MGAN_PLAYER_API int mgan_player_set_scale(mgan_player* player, const char* name);

/* Begins anew by hearing a melody: `count` notes in order of their onsets. What comes then goes on
 * from it, in its key, on its beat, in its style; onsets count from the melody's beginning. Allocates.
 * Returns 1; 0, with what is wrong in `error` as of mgan_player_create, if the melody is refused. */
MGAN_PLAYER_API int mgan_player_prime(mgan_player* player, const mgan_note* notes, size_t count,
                                      char* error, size_t error_size);

/* Hears a note that somebody played; a length of 0 is not known. */
MGAN_PLAYER_API void mgan_player_feed(mgan_player* player, const mgan_note* note);

/* The next note begins within earliest .. latest. Returns 1; 0 if an argument is NULL. */
MGAN_PLAYER_API int mgan_player_next_within(mgan_player* player, int64_t earliest, int64_t latest,
                                            mgan_note* note);

/* The class of processors that what plays was compiled for: "sse2", "avx2", "avx512", ... The library
 * chooses it when a model is created; the environment variable MGAN_PLAYER_KERNELS asks for one by name.
 * Other classes round differently, so that now and then a note is another one. "" if `player` is NULL. */
MGAN_PLAYER_API const char* mgan_player_kernels(const mgan_player* player);

/* Begins song `number` of `seed`, under the same controls. */
MGAN_PLAYER_API void mgan_player_reset(mgan_player* player, uint64_t seed, uint64_t number);

/* NULL is allowed. */
MGAN_PLAYER_API void mgan_player_destroy(mgan_player* player);

#ifdef __cplusplus
}
#endif

#endif
