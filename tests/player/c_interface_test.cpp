// The C interface, in the library as it is linked: the notes of `generate`, and no exception.

#include <mgan/player.h>
#include <mgan/player.hpp>

#include <player/small_models.hpp>
#include <support/catch.hpp>
#include <support/channels.hpp>

#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

using namespace mgan;
using mgan_test::without_channels;

namespace {

struct Instance {
    explicit Instance(const std::vector<std::byte>& bytes, std::uint64_t seed = 7,
                      std::uint64_t number = 0) {
        // Of several compilations of the nets that which rounds as this test does.
        ::setenv("MGAN_PLAYER_KERNELS", kSimdName, 1);
        player = mgan_player_create(bytes.data(), bytes.size(), seed, number, nullptr, 0);
        ::unsetenv("MGAN_PLAYER_KERNELS");
        REQUIRE(player != nullptr);
        CHECK(mgan_player_kernels(player) == std::string(kSimdName));
    }
    ~Instance() { mgan_player_destroy(player); }
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    [[nodiscard]] std::vector<Note> notes(std::size_t count) const {
        std::vector<Note> all;
        for (std::size_t i = 0; i < count; ++i) {
            mgan_note note;
            REQUIRE(mgan_player_next(player, &note) == 1);
            all.push_back({note.onset, note.length, note.pitch, note.velocity, 0});
        }
        return all;
    }

    mgan_player* player = nullptr;
};

}  // namespace

TEST_CASE("C interface: the notes are those of the plain stream of generate") {
    for (const auto& [name, model] : mgan_test::small_models()) {
        if (name.starts_with("events")) continue;  // notes of several channels
        INFO(name);
        Model guided = model;
        if (guided.steps) guided.settings.playing.guide = 4;  // which the plain stream ignores
        Model plain = model;
        plain.settings.playing.guide = 0;
        const std::vector<std::byte> bytes = save_model(guided);
        const auto songs = plain.songs(2, plain.settings.length, 7, 1);
        const Instance instance(bytes, 7, 1);
        CHECK(instance.notes(songs[1].notes.size()) == without_channels(songs[1].notes));
        mgan_player_reset(instance.player, 7, 0);
        CHECK(instance.notes(songs[0].notes.size()) == without_channels(songs[0].notes));
    }
}

TEST_CASE("C interface: the discriminator guides where it is asked to, from then on") {
    const Model plain = mgan_test::small_models().front().second;
    REQUIRE(plain.settings.playing.guide == 0);
    Model guided = plain;
    guided.settings.playing.guide = 8;
    const std::vector<Note> expected =
        without_channels(guided.songs(1, plain.settings.length, 7, 1)[0].notes);
    const std::vector<Note> unguided =
        without_channels(plain.songs(1, plain.settings.length, 7, 1)[0].notes);
    REQUIRE(expected != unguided);

    const Instance instance(save_model(plain));
    CHECK(mgan_player_set(instance.player, "guide", 9) == 0);  // more than there is room for
    CHECK(instance.notes(unguided.size()) == unguided);
    mgan_player_reset(instance.player, 7, 0);
    CHECK(mgan_player_set(instance.player, "guide", 8) == 1);
    CHECK(instance.notes(expected.size()) == expected);
    CHECK(mgan_player_set(instance.player, "guide", 0) == 1);
    mgan_player_reset(instance.player, 7, 0);
    CHECK(instance.notes(unguided.size()) == unguided);

    // As many as the model was trained with, if those are more.
    guided.settings.playing.guide = 12;
    const Instance wider(save_model(guided));
    CHECK(mgan_player_set(wider.player, "guide", 12) == 1);
    CHECK(mgan_player_set(wider.player, "guide", 13) == 0);

    // Nobody to guide.
    const Instance numeric(save_model(mgan_test::small_numeric_model(Variant::c_rnn_gan)));
    CHECK(mgan_player_set(numeric.player, "guide", 8) == 0);
    CHECK(mgan_player_set(numeric.player, "guide", 0) == 1);
}

TEST_CASE("C interface: kernels that are not there are refused with their name") {
    const std::vector<std::byte> bytes = save_model(mgan_test::small_models().front().second);
    ::setenv("MGAN_PLAYER_KERNELS", "mmx", 1);
    std::string text(200, 'x');
    CHECK(mgan_player_create(bytes.data(), bytes.size(), 1, 0, text.data(), text.size()) ==
          nullptr);
    ::unsetenv("MGAN_PLAYER_KERNELS");
    CHECK(text.find("\"mmx\"") != std::string::npos);
    CHECK(mgan_player_kernels(nullptr) == std::string());
}

TEST_CASE("C interface: numbers by name") {
    const std::vector<std::byte> bytes = save_model(mgan_test::small_models().front().second);
    const Instance instance(bytes);
    CHECK(mgan_player_set(instance.player, "scale", 0b101010110101) == 1);
    CHECK(mgan_player_set(instance.player, "low", 48) == 1);
    CHECK(mgan_player_set(instance.player, "high", 72) == 1);
    CHECK(mgan_player_set(instance.player, "style.pitch_mean", 1.0) == 1);
    for (const Note& note : instance.notes(100)) {
        CHECK((0b101010110101 >> note.pitch % 12 & 1) != 0);
        CHECK(note.pitch >= 48);
        CHECK(note.pitch <= 72);
    }
    CHECK(mgan_player_set(instance.player, "low", 73) == 0);
    CHECK(mgan_player_set(instance.player, "tempo", 120) == 0);
    CHECK(mgan_player_set(instance.player, "density", std::numeric_limits<double>::infinity()) ==
          0);
    CHECK(mgan_player_set(instance.player, nullptr, 1.0) == 0);
    CHECK(mgan_player_set(nullptr, "low", 1.0) == 0);
    mgan_note note;
    CHECK(mgan_player_next_within(instance.player, 1'000'000, 1'000'100, &note) == 1);
    CHECK(note.onset >= 1'000'000);
    CHECK(note.onset <= 1'000'100);
    note.onset += 500;
    mgan_player_feed(instance.player, &note);
    CHECK(mgan_player_next(instance.player, nullptr) == 0);
    CHECK(mgan_player_next(nullptr, &note) == 0);
    mgan_player_destroy(nullptr);
}

TEST_CASE("C interface: a scale by its name, and a melody to go on from") {
    const std::vector<std::byte> bytes = save_model(mgan_test::small_models().front().second);
    const Instance instance(bytes);
    CHECK(mgan_player_set_scale(instance.player, "D minor") == 1);
    CHECK(mgan_player_set_scale(instance.player, "Dm") == 0);
    CHECK(mgan_player_set_scale(instance.player, nullptr) == 0);
    CHECK(mgan_player_set_scale(nullptr, "D minor") == 0);
    std::vector<mgan_note> melody;
    Song song;
    for (int i = 0; i < 12; ++i) {
        melody.push_back({192 * i, 192, 62 + i % 5, 70});
        song.notes.push_back({192 * i, 192, 62 + i % 5, 70, 0});
    }
    std::string error(200, 'x');
    REQUIRE(mgan_player_prime(instance.player, melody.data(), melody.size(), error.data(),
                              error.size()) == 1);
    CHECK(error.front() == '\0');
    Player other{PlayerModel(bytes, "model"), 7};
    PlayerControls controls;
    controls.scale = *scale_of("D minor");
    REQUIRE(other.direct(controls));
    other.prime(song);
    for (const Note& note : instance.notes(50)) {
        const Note expected = without_channels({other.next()}).front();
        CHECK(note == expected);
        CHECK(note.onset >= melody.back().onset);
        CHECK((*scale_of("D minor") >> note.pitch % 12 & 1u) != 0);
    }
    CHECK(mgan_player_prime(instance.player, melody.data(), 0, error.data(), error.size()) == 0);
    CHECK(error.find('\0') > 10);
    CHECK(mgan_player_prime(instance.player, nullptr, 3, nullptr, 0) == 0);
}

TEST_CASE("C interface: damaged models are refused with a text that fits") {
    const std::vector<std::byte> bytes = save_model(mgan_test::small_models().front().second);
    std::string text(40, 'x');
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{7}, std::size_t{100}, bytes.size() - 1}) {
        CHECK(mgan_player_create(bytes.data(), size, 1, 0, text.data(), 30) == nullptr);
        CHECK(text.find('\0') < 30);
        CHECK(text.find('\0') > 10);
        CHECK(text.substr(30) == std::string(10, 'x'));
    }
    CHECK(mgan_player_create(nullptr, 100, 1, 0, text.data(), 1) == nullptr);
    CHECK(text.front() == '\0');
    CHECK(mgan_player_create(nullptr, 100, 1, 0, nullptr, 0) == nullptr);
}
