// Plays a model in a program without exceptions and RTTI, and without Eigen and JSON: the library
// mgan_player loads it from memory, and says what is wrong with other bytes.
#include <mgan/player.h>
#include <mgan/player.hpp>

#include <cstdio>
#include <string>
#include <vector>

#ifdef __cpp_exceptions
#error "compile this with -fno-exceptions"
#endif
#ifdef __cpp_rtti
#error "compile this with -fno-rtti"
#endif

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    std::vector<std::byte> bytes;
    std::FILE* file = std::fopen(argv[1], "rb");
    if (file == nullptr) return 2;
    for (int byte; (byte = std::fgetc(file)) != EOF;) bytes.push_back(static_cast<std::byte>(byte));
    std::fclose(file);

    std::string error;
    const auto model = mgan::PlayerModel::read(bytes, error, argv[1]);
    if (!model || !error.empty()) {
        std::puts(error.c_str());
        return 1;
    }
    mgan::Player player(*model, /*seed=*/7);
    long pitches = 0;
    for (int i = 0; i < 100; ++i) pitches += player.next().pitch;

    // The same notes through the C interface.
    char text[256];
    mgan_player* same = mgan_player_create(bytes.data(), bytes.size(), 7, 0, text, sizeof text);
    if (same == nullptr) return 1;
    mgan_note note;
    for (int i = 0; i < 100 && mgan_player_next(same, &note) == 1; ++i) pitches -= note.pitch;
    mgan_player_destroy(same);
    if (pitches != 0) return 1;

    // A melody to go on from, a person who plays along, controls, a copy.
    mgan::Song melody;
    for (int i = 0; i < 12; ++i) melody.notes.push_back({192 * i, 192, 60 + 2 * i % 14, 80});
    player.prime(melody);
    mgan::PlayerControls controls;
    controls.scale = *mgan::scale_of("C major");
    controls.temperature = 0.8;
    if (!player.direct(controls)) return 1;
    for (int i = 0; i < 20; ++i) {
        const mgan::PlayedNote next = player.next();
        if (next.onset < 11 * 192 || (controls.scale >> next.pitch % 12 & 1u) == 0) return 1;
    }
    const std::int64_t now = player.peek().onset + 96;
    player.feed({now, 96, 60, 90});
    const mgan::PlayedNote with = player.next_at(now + 192);
    if (with.onset != now + 192) return 1;
    const mgan::PlayedNote within = player.next_within(now + 300, now + 900);
    if (within.onset < now + 300 || within.onset > now + 900) return 1;
    mgan::Player copy = player;
    if (copy.next().pitch != player.next().pitch) return 1;
    player.restart();
    controls.low = 128;
    if (player.direct(controls)) return 1;

    // Refused with words, not by an end of the program.
    const std::size_t whole = bytes.size();
    bytes.resize(whole / 2);
    if (mgan::PlayerModel::read(bytes, error) || error.empty()) return 1;
    std::printf("refused: %s\n", error.c_str());
    error.clear();
    return mgan::PlayerModel::read({}, error) || error.empty() ? 1 : 0;
}
