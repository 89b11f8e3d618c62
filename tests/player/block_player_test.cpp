// A player in the blocks of a host: frames to the sample, every note ended.

#include <mgan/player/block_player.hpp>

#include <player/small_models.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <set>
#include <tuple>
#include <vector>

using namespace mgan;

namespace {

const PlayerModel& model() {
    static const PlayerModel shared(mgan_test::small_step_model(Variant::c_rnn_gan));
    return shared;
}

Player live_player(std::uint64_t seed = 3) {
    PlayerOptions options;
    options.looks_ahead = false;
    return Player(model(), seed, 0, options);
}

/// The notes of a player on one keyboard: struck twice at one moment, a key sounds once.
struct Keyboard {
    Player player = live_player();
    std::int64_t onset = -1;
    std::set<int> keys{};

    PlayedNote next() {
        for (;;) {
            const PlayedNote note = player.next();
            if (note.onset != onset) keys.clear();
            onset = note.onset;
            if (keys.insert(note.pitch).second) return note;
        }
    }
};

/// An event with its frame from the beginning.
using Heard = std::tuple<std::int64_t, bool, int, int>;

/// Plays blocks of `frames` from quarter `from` on, and checks what must hold of each.
std::vector<Heard> play(BlockPlayer& player, int frames, std::int64_t blocks, double from = 0.0,
                        double tempo = 120.0) {
    std::vector<Heard> heard;
    int sounding = player.sounding();
    for (std::int64_t i = 0; i < blocks; ++i) {
        const double quarters = from + static_cast<double>(i * frames) * tempo / (60.0 * 48000.0);
        int last = 0;
        for (const BlockEvent& event : player.process({frames, quarters, tempo, true})) {
            CHECK(event.frame >= last);
            CHECK(event.frame < frames);
            last = event.frame;
            sounding += event.on ? 1 : -1;
            heard.emplace_back(i * frames + event.frame, event.on, event.pitch, event.velocity);
        }
    }
    CHECK(sounding == player.sounding());
    return heard;
}

}  // namespace

TEST_CASE("Block player: the same events, to the sample, in blocks of any size") {
    BlockPlayer one(live_player(), 48000.0);
    const std::vector<Heard> expected = play(one, 48000, 20);
    CHECK(expected.size() > 50);
    std::vector<bool> sounds(128, false);
    for (const auto& [frame, on, pitch, velocity] : expected) {
        const auto key = static_cast<std::size_t>(pitch);
        CHECK(sounds[key] != on);  // no key is struck twice, or ended twice
        sounds[key] = on;
    }
    for (const int frames : {1, 64, 100, 256, 4800}) {
        BlockPlayer other(live_player(), 48000.0);
        const std::int64_t blocks = 20 * 48000 / frames;
        const std::vector<Heard> heard = play(other, frames, blocks);
        CHECK(heard == expected);
    }
}

TEST_CASE("Block player: onsets lie at the rounded frame of their quarter") {
    BlockPlayer blocks(live_player(), 44100.0);
    Keyboard player;
    const double tempo = 97.0, a_quarter = 60.0 * 44100.0 / tempo;
    std::int64_t frame = 0;
    int count = 0;
    while (count < 200) {
        const double quarters = static_cast<double>(frame) / a_quarter;
        for (const BlockEvent& event : blocks.process({256, quarters, tempo, true})) {
            if (!event.on) continue;
            const PlayedNote note = player.next();
            const auto exact = static_cast<double>(note.onset) / 384.0 * a_quarter;
            CHECK(std::abs(static_cast<double>(frame + event.frame) - exact) <= 0.5 + 1e-6);
            CHECK(event.pitch == note.pitch);
            ++count;
        }
        frame += 256;
    }
}

TEST_CASE("Block player: tempo changes move what is to come, not what is counted") {
    // Every block at another tempo: the position in quarters is what counts.
    BlockPlayer blocks(live_player(), 48000.0);
    Keyboard player;
    double quarters = 0.0;
    int count = 0;
    for (int i = 0; i < 4000; ++i) {
        const double tempo = 90.0 + 60.0 * std::sin(i * 0.01), a_quarter = 60.0 * 48000.0 / tempo;
        for (const BlockEvent& event : blocks.process({128, quarters, tempo, true})) {
            if (!event.on) continue;
            const PlayedNote note = player.next();
            const double at = quarters + event.frame / a_quarter;
            CHECK(std::abs(at - static_cast<double>(note.onset) / 384.0) <=
                  0.51 / a_quarter + 1e-9);
            ++count;
        }
        quarters += 128 / a_quarter;
    }
    CHECK(count > 20);
}

TEST_CASE("Block player: stops and jumps end every note, a start begins the song again") {
    BlockPlayer player(live_player(), 48000.0);
    const std::vector<Heard> first = play(player, 256, 400);
    std::vector<bool> sounds(128, false);
    for (const auto& [frame, on, pitch, velocity] : first)
        sounds[static_cast<std::size_t>(pitch)] = on;
    CHECK(player.sounding() > 0);
    for (const BlockEvent& event : player.process({256, 8.0, 120.0, false})) {
        CHECK_FALSE(event.on);
        CHECK(event.frame == 0);
        sounds[static_cast<std::size_t>(event.pitch)] = false;
    }
    for (const bool one : sounds) CHECK_FALSE(one);
    CHECK(player.sounding() == 0);
    CHECK(player.process({256, 8.0, 120.0, false}).empty());
    CHECK(play(player, 256, 400) == first);

    // A jump while it plays: what sounds is ended in the first frame, then the song begins again.
    (void)play(player, 256, 400, 100.0);
    const int before = player.sounding();
    CHECK(before > 0);
    std::vector<Heard> again = play(player, 256, 400, 32.0);
    int ended = 0;
    while (!again.empty() && !std::get<1>(again.front()) && std::get<0>(again.front()) == 0) {
        again.erase(again.begin());
        ++ended;
    }
    CHECK(ended == before);
    CHECK(again == first);
}

TEST_CASE("Block player: no more keys at once than were allowed") {
    for (const int most : {1, 2, 5}) {
        BlockPlayer player(live_player(), 48000.0, most);
        int sounding = 0, greatest = 0;
        for (const auto& [frame, on, pitch, velocity] : play(player, 512, 2000)) {
            sounding += on ? 1 : -1;
            greatest = std::max(greatest, sounding);
        }
        CHECK(greatest <= most);
        CHECK(greatest > 0);
    }
}

TEST_CASE("Block player: hears others, and another player may take over") {
    BlockPlayer player(live_player(), 48000.0);
    (void)play(player, 256, 200);
    const double now = 200 * 256 / 24000.0;
    player.feed(10, 60, 90, now, 120.0);
    (void)play(player, 256, 200, now);
    Player other = live_player(9);
    const int before = player.sounding();
    player.swap_player(other);
    CHECK(player.sounding() == before);
    (void)play(player, 256, 400, now + 200 * 256 / 24000.0);
}

TEST_CASE("Block player: a model that never leaves a moment strikes no key twice in it") {
    // Numeric heads of a net that has learnt nothing may answer with no time between notes.
    const PlayerModel stuck(MGAN_SOURCE_DIR "/tests/data/v0.1.0/c-rnn-gan/model.safetensors");
    PlayerOptions options;
    options.looks_ahead = false;
    BlockPlayer player(Player(stuck, 1, 0, options), 48000.0);
    std::int64_t events = 0;
    for (int i = 0; i < 1000; ++i) {
        const double quarters = i * 48 / 24000.0;
        events += static_cast<std::int64_t>(player.process({48, quarters, 120.0, true}).size());
    }
    CHECK(events > 0);
    CHECK(events < 2000);
}

TEST_CASE("Block player: a player that was primed goes on behind the primer") {
    Song melody;
    for (int i = 0; i < 16; ++i) melody.notes.push_back({384 * i, 384, 60 + i % 5, 80, 0});
    Player primed = live_player();
    primed.prime(melody);
    const PlayedNote first = primed.peek();
    CHECK(first.onset >= 15 * 384);
    BlockPlayer blocks(primed, 48000.0);
    bool heard = false;
    for (int i = 0; i < 4000 && !heard; ++i) {
        const double quarters = i * 48 / 24000.0;
        for (const BlockEvent& event : blocks.process({48, quarters, 120.0, true})) {
            if (heard) break;
            heard = true;
            CHECK(event.pitch == first.pitch);
            // In the first quarter: not after the sixteen of the primer.
            CHECK(quarters < 1.0);
        }
    }
    CHECK(heard);
}

TEST_CASE("Block player: what lies between two frames goes to the later one, in any blocks") {
    // At 120 a tick has 62.5 frames.
    for (const int frames : {1, 77, 256, 1000}) {
        BlockPlayer blocks(live_player(), 48000.0);
        Keyboard player;
        for (const auto& [frame, on, pitch, velocity] : play(blocks, frames, 480'000 / frames))
            if (on) CHECK(frame == (125 * player.next().onset + 1) / 2);
    }
}

TEST_CASE("Block player: controls that turn while it plays strike no note late") {
    // A sixteenth of a quarter is the grid of the model.
    const auto off_grid = [](double tempo, bool looks_ahead, auto&& turn) {
        PlayerOptions options;
        options.looks_ahead = looks_ahead;
        BlockPlayer player(Player(model(), 7, 0, options), 48000.0);
        const double frames_a_step = 60.0 * 48000.0 / tempo / 16.0;
        int struck = 0, off = 0;
        for (int block = 0; block < 8000; ++block) {
            PlayerControls controls = player.player().controls();
            if (turn(block, controls)) REQUIRE(player.player().direct(controls));
            const double quarters = block * 256 * tempo / (60.0 * 48000.0);
            for (const BlockEvent& event : player.process({256, quarters, tempo, true})) {
                if (!event.on) continue;
                ++struck;
                const double frame = block * 256.0 + event.frame;
                const double step = std::round(frame / frames_a_step);
                off += std::abs(frame - step * frames_a_step) > 1.0;
            }
        }
        CHECK(struck > 30);
        return off;
    };
    for (const bool looks_ahead : {false, true}) {
        for (const double tempo : {90.0, 120.0}) {
            CAPTURE(looks_ahead, tempo);
            CHECK(off_grid(tempo, looks_ahead, [](int, PlayerControls&) { return false; }) == 0);
            for (const int every : {1, 7, 50}) {
                CAPTURE(every);
                CHECK(off_grid(tempo, looks_ahead, [&](int block, PlayerControls& controls) {
                          controls.density = 0.5 + 0.25 * (block / every % 7);
                          return block % every == 0;
                      }) == 0);
                CHECK(off_grid(tempo, looks_ahead, [&](int block, PlayerControls& controls) {
                          controls.temperature = 0.8 + 0.1 * (block / every % 5);
                          return block % every == 0;
                      }) == 0);
            }
        }
    }
}

TEST_CASE("Block player: a song that follows the transport has its notes in their places") {
    const std::int64_t most = 4800;
    BlockPlayer one(live_player(), 48000.0, 32, OnJump::follow);
    const std::vector<Heard> all = play(one, 256, most);
    // From the tenth second on, at once, and after the transport waited there.
    for (const bool waits : {false, true}) {
        BlockPlayer player(live_player(), 48000.0, 32, OnJump::follow);
        for (int i = 0; i < 200 && waits; ++i)
            CHECK(player.process({256, 20.0, 120.0, false}).empty());
        std::vector<Heard> onsets, expected;
        for (const Heard& event : play(player, 256, most - 1875, 20.0))
            if (std::get<1>(event)) onsets.push_back(event);
        for (Heard event : all) {
            std::get<0>(event) -= 480'000;
            if (std::get<1>(event) && std::get<0>(event) >= 0) expected.push_back(event);
        }
        REQUIRE(!onsets.empty());
        // At once, the first of them may be missed; the others are there.
        REQUIRE(onsets.size() <= expected.size());
        if (waits) CHECK(onsets.size() == expected.size());
        CHECK(expected.size() - onsets.size() < 20);
        expected.erase(expected.begin(),
                       expected.end() - static_cast<std::ptrdiff_t>(onsets.size()));
        CHECK(onsets == expected);

        // Back to the beginning, as a loop does.
        (void)player.process({256, 0.0, 120.0, false});
        CHECK(play(player, 256, most) == all);
    }
}

TEST_CASE("Block player: a player that was taken along goes on where it was") {
    BlockPlayer one(live_player(), 48000.0, 32, OnJump::go_on);
    (void)play(one, 256, 1000);
    Player ahead = live_player();
    for (std::int64_t i = 0; i < one.played(); ++i) (void)ahead.next();
    const PlayedNote next = ahead.peek();
    BlockPlayer other(live_player(5), 48000.0, 32, OnJump::go_on);
    other.swap_player(ahead, one.played());
    CHECK(other.played() == one.played());
    const std::vector<Heard> heard = play(other, 256, 1000, 64.0);
    REQUIRE(!heard.empty());
    CHECK(std::get<0>(heard.front()) == (125 * (next.onset % 384) + 1) / 2);
    CHECK(std::get<2>(heard.front()) == next.pitch);
}

TEST_CASE("Block player: after the end of a song nothing comes, until it is taken back") {
    PlayerControls controls;
    controls.end = 12.0;
    BlockPlayer player(live_player(), 48000.0);
    REQUIRE(player.player().direct(controls));
    constexpr double kQuarter = 24000.0;                 // frames, at 120 a minute
    std::vector<Heard> heard = play(player, 480, 4000);  // 80 quarters
    std::int64_t last = 0;
    for (const auto& [frame, on, pitch, velocity] : heard)
        if (on) last = std::max(last, frame);
    CHECK(last == static_cast<std::int64_t>(12.0 * kQuarter));
    CHECK(player.sounding() == 0);
    CHECK(player.player().ended());
    // What comes then joins what is now: no note for each quarter that was silent.
    REQUIRE(player.player().direct({}));
    heard = play(player, 480, 400, 80.0);
    CHECK_FALSE(heard.empty());
    std::size_t at_once = 0;
    for (const auto& [frame, on, pitch, velocity] : heard) at_once += on && frame < 480;
    CHECK(at_once <= 12);
}
