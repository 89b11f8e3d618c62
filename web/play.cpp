/// \file
/// The page's player: a model from bytes, its notes one by one, and songs as MIDI files.

#include "answer.hpp"

#include <mgan/midi/arrangement.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/midi/reader.hpp>
#include <mgan/midi/writer.hpp>
#include <mgan/player.hpp>
#include <mgan/score/parser.hpp>
#include <mgan/score/performance.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace mgan::web {
namespace {

std::optional<PlayerModel> model;
std::optional<Player> player;
/// What `mgan_peek` fills in: onset, length, pitch, velocity.
double seen[4] = {};

Player& playing() {
    if (!player) fail<Error>("no model is loaded");
    return *player;
}

void start(std::uint64_t seed) {
    if (!model) fail<Error>("no model is loaded");
    const PlayerControls controls = player ? player->controls() : PlayerControls{};
    player.emplace(*model, seed);
    (void)player->direct(controls);
}

/// The controls of lines "name value".
PlayerControls controls_of(std::string_view lines) {
    PlayerControls controls;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos) continue;
        const double value = std::strtod(std::string(line.substr(blank + 1)).c_str(), nullptr);
        if (!set_control(controls, line.substr(0, blank), value))
            fail<ConfigError>(line, ": out of range, or no note is left to play");
    }
    return controls;
}

Song song_of(const double* notes, std::size_t count, double tempo) {
    Song song;
    song.title = "played by mgan";
    song.tempo = {{0, static_cast<std::int64_t>(std::lround(6e7 / tempo))}};
    for (std::size_t i = 0; i < count; ++i, notes += 4)
        song.notes.push_back({static_cast<std::int64_t>(notes[0]),
                              static_cast<std::int64_t>(notes[1]), static_cast<int>(notes[2]),
                              static_cast<int>(notes[3]), 0});
    return song;
}

/// The first song of a file that has notes.
Song read_song(std::span<const std::byte> bytes, const char* name) {
    for (Song& song : midi::to_songs(midi::parse(bytes, {.name = name}).file))
        if (!midi::sounding_notes(song).empty()) return std::move(song);
    fail<DataError>(name, ": holds no note that could be heard (drums do not count)");
}

}  // namespace
}  // namespace mgan::web

using namespace mgan::web;  // NOLINT: the functions below are for C

/// The text of the last answer, and its bytes.
MGAN_WEB const char* mgan_text() {
    return answer.text.c_str();
}
MGAN_WEB const std::byte* mgan_bytes() {
    return answer.bytes.data();
}
MGAN_WEB std::size_t mgan_size() {
    return answer.bytes.size();
}

/// Takes a model from the bytes of its file, and begins song 1 of `seed`. Where they are refused,
/// the model before goes on. The answer: what it can do.
MGAN_WEB int mgan_model(const std::byte* bytes, std::size_t size, const char* name, double seed) {
    return answered([&] {
        mgan::PlayerModel loaded(std::span(bytes, size), name);
        mgan::Player begun(loaded, static_cast<std::uint64_t>(seed));
        model = std::move(loaded);
        player = std::move(begun);
        Json facts('{');
        facts.set("length", static_cast<double>(model->length()))
            .set("steps", model->has_step_heads() ? 1.0 : 0.0)
            .set("guide", static_cast<double>(model->can_be_guided() ? model->guide() : 0))
            .set("kernels", std::string_view(model->kernels()));
        answer.text = facts.text();
    });
}

/// Begins song 1 of a seed, under the same controls.
MGAN_WEB int mgan_start(double seed) {
    return answered([&] { start(static_cast<std::uint64_t>(seed)); });
}

/// Directs what comes from now on: lines "name value"; what is not named is as the model would.
MGAN_WEB int mgan_direct(const char* lines) {
    return answered([&] { (void)playing().direct(controls_of(lines)); });
}

/// Looks at the next note: four numbers, or null without a model.
MGAN_WEB const double* mgan_peek() {
    if (!player) return nullptr;
    const mgan::PlayedNote note = player->peek();
    seen[0] = static_cast<double>(note.onset);
    seen[1] = static_cast<double>(note.length);
    seen[2] = note.pitch;
    seen[3] = note.velocity;
    return seen;
}
/// Takes it.
MGAN_WEB void mgan_take() {
    if (player) (void)player->next();
}

/// Begins anew by hearing the first `notes` notes of a MIDI file. The answer: those notes.
MGAN_WEB int mgan_prime(const std::byte* bytes, std::size_t size, const char* name, int notes) {
    return answered([&] {
        mgan::Song song = read_song(std::span(bytes, size), name);
        const mgan::Song heard = mgan::heard_primer(song, notes);
        playing().prime(heard, 0);
        answer.text = notes_of(heard).text();
    });
}

/// The bytes of a MIDI file with these notes (four numbers each), in quarters a minute.
MGAN_WEB int mgan_midi(const double* notes, std::size_t count, double tempo) {
    return answered([&] {
        answer.bytes =
            mgan::midi::serialise(mgan::midi::to_midi_file(song_of(notes, count, tempo)));
    });
}

/// The bytes of a MIDI file of a score.
MGAN_WEB int mgan_score(const char* text, const char* name) {
    return answered([&] {
        answer.bytes = mgan::midi::serialise(
            mgan::midi::to_midi_file(mgan::score::perform(mgan::score::parse_score(text, name))));
    });
}

/// A scale as a number, bit 0 is C; 0 for other words.
MGAN_WEB int mgan_scale(const char* words) {
    return static_cast<int>(mgan::scale_of(words).value_or(0));
}

/// The words for a style with what each one means, for sliders.
MGAN_WEB int mgan_style_words() {
    return answered([&] {
        Json words('[');
        for (const mgan::StyleWord& one : mgan::kStyleWords) {
            if (one.word == "loud") continue;  // the same as loudness
            const auto& info = mgan::encoding::kStyleAxisInfo[static_cast<std::size_t>(one.axis)];
            Json word('{');
            word.set("word", one.word).set("meaning", info.meaning).set("sign", one.sign);
            words.add(word);
        }
        answer.text = words.text();
    });
}

MGAN_WEB const char* mgan_version() {
    return mgan::kVersion;
}
