// The plug-in as a host sees it: through the C interface of LV2 alone.

#include "host.hpp"

#include <mgan/player.hpp>

#include <support/catch.hpp>

#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <limits>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

// ---- what the audio thread must not call, counted -----------------------------------------------

namespace mgan_lv2_test {
thread_local Calls calls;
thread_local bool watched = false;
}  // namespace mgan_lv2_test

using namespace mgan_lv2_test;

// Plug-ins find these before those of the C library.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);

void* malloc(std::size_t size) noexcept {
    calls.allocations += watched ? 1 : 0;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    calls.allocations += watched ? 1 : 0;
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
    calls.allocations += watched ? 1 : 0;
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    calls.allocations += watched ? 1 : 0;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    calls.allocations += watched ? 1 : 0;
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? 12 : 0;
}
void free(void* memory) noexcept {
    calls.frees += watched && memory != nullptr ? 1 : 0;
    __libc_free(memory);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    using Lock = int (*)(pthread_mutex_t*);
    static const auto lock = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    calls.locks += watched ? 1 : 0;
    return lock(mutex);
}
}

namespace {

mgan::Player player_of(const std::string& model, std::uint64_t seed = 1, std::uint64_t number = 0) {
    mgan::PlayerOptions options;
    options.looks_ahead = false;
    return mgan::Player(mgan::PlayerModel(model), seed, number, options);
}

/// The notes of a player's song that are heard: a key that is struck twice at one moment sounds
/// once.
class Song {
public:
    explicit Song(const std::string& model) : player_(player_of(model)) { onsets_.fill(-1); }
    mgan::PlayedNote next() {
        for (;;) {
            const mgan::PlayedNote note = player_.next();
            std::int64_t& onset = onsets_[static_cast<std::size_t>(note.pitch)];
            if (std::exchange(onset, note.onset) != note.onset) return note;
        }
    }

private:
    mgan::Player player_;
    std::array<std::int64_t, 128> onsets_{};
};

/// Whether a song moves on. Models that learnt little may never leave a moment; which songs do,
/// hangs on the processor's rounding.
bool keeps_time(const std::string& model) {
    mgan::Player player = player_of(model);
    mgan::PlayedNote note;
    for (int i = 0; i < 400; ++i) note = player.next();
    return note.onset > 40 * 384;
}

/// Models that keep time: those that MGAN_TEST_MODELS names, separated by colons, and small ones.
const std::vector<std::string>& models() {
    static const std::vector<std::string> all = [] {
        const std::string data = MGAN_SOURCE_DIR "/tests/data/v0.1.0/";
        std::vector<std::string> found;
        if (const char* more = std::getenv("MGAN_TEST_MODELS")) {
            std::stringstream names(more);
            for (std::string name; std::getline(names, name, ':');) found.push_back(name);
        }
        for (const char* variant : {"carnn-mgan", "carnn-pf-mgan"})
            found.push_back(data + variant + "/model.safetensors");
        std::erase_if(found, [](const std::string& model) { return !keeps_time(model); });
        if (found.empty())
            throw std::runtime_error("no model keeps time; MGAN_TEST_MODELS names one");
        return found;
    }();
    return all;
}

/// No note-on for a key that sounds, no note-off for one that does not; returns what sounds.
int check_notes(const std::vector<Heard>& heard) {
    std::array<int, 128> channel;
    channel.fill(-1);
    std::int64_t last = 0;
    bool in_order = true, sound = true;
    for (const Heard& event : heard) {
        in_order = in_order && event.frame >= last;
        last = event.frame;
        int& sounds = channel[static_cast<std::size_t>(event.pitch)];
        sound = sound && (event.on ? sounds < 0 : sounds == event.channel);
        sounds = event.on ? event.channel : -1;
    }
    CHECK(in_order);
    CHECK(sound);
    return static_cast<int>(
        std::count_if(channel.begin(), channel.end(), [](int c) { return c >= 0; }));
}

void check_calls() {
    CHECK(calls.allocations == 0);
    CHECK(calls.frees == 0);
    CHECK(calls.locks == 0);
    calls = {};
}

/// Time as the host counts it: pieces of one tempo each.
struct Timeline {
    struct Piece {
        std::int64_t frame;
        long double quarter, tempo;
    };
    std::vector<Piece> pieces;
    long double rate = 48000.0L;

    void change(std::int64_t frame, double tempo) {
        long double quarter = 0.0L;
        if (!pieces.empty()) {
            const Piece& p = pieces.back();
            quarter =
                p.quarter + static_cast<long double>(frame - p.frame) * p.tempo / (60.0L * rate);
        }
        pieces.push_back({frame, quarter, static_cast<long double>(tempo)});
    }
    /// The frame that a quarter is rounded to; what lies between two goes to the later one.
    [[nodiscard]] std::int64_t frame_of(long double quarter) const {
        std::int64_t found = 0;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            const Piece& p = pieces[i];
            const long double frames = (quarter - p.quarter) * 60.0L * rate / p.tempo;
            found = p.frame + std::max<std::int64_t>(
                                  0, static_cast<std::int64_t>(std::floor(frames + 0.5L + 1e-6L)));
            if (i + 1 == pieces.size() || found < pieces[i + 1].frame) break;
        }
        return found;
    }
};

}  // namespace

TEST_CASE("LV2: the counters count, in the plug-in too") {
    calls = {};
    watched = true;
    { const Host host; }
    std::mutex mutex;
    mutex.lock();
    watched = false;
    mutex.unlock();
    CHECK(calls.allocations > 10);
    CHECK(calls.frees > 10);
    CHECK(calls.locks > 0);
    calls = {};
}

TEST_CASE(
    "LV2: a minute of each model lies on the host's beats to the sample, while tempi change") {
    for (const std::string& model : models()) {
        INFO(model);
        Host host;
        host.load(model);
        calls = {};
        const std::int64_t begin = host.frame;
        std::mt19937 random(3);
        Timeline timeline;
        double tempo = 97.0;
        timeline.change(0, tempo);
        host.roll(static_cast<float>(tempo));
        const std::array<int, 5> sizes = {256, 64, 333, 1024, 1};
        while (host.frame - begin < 60 * 48000) {
            const int frames = sizes[random() % sizes.size()];
            // Every second or so, anywhere in a block; only the tempo is said.
            if (host.frame > begin && random() % 100 == 0) {
                const int at = static_cast<int>(random() % static_cast<unsigned>(frames));
                tempo = 40.0 + static_cast<double>(random() % 160);
                timeline.change(host.frame - begin + at, tempo);
                host.say({.speed = 1.0F, .tempo = static_cast<float>(tempo)}, at);
            }
            host.run(frames);
        }
        check_calls();
        CHECK(timeline.pieces.size() > 20);
        Song song(model);
        const std::vector<Heard> onsets = host.onsets();
        CHECK(onsets.size() > 20);
        std::int64_t off_by_most = 0;
        bool equal = true;
        for (const Heard& event : onsets) {
            const mgan::PlayedNote note = song.next();
            const std::int64_t due =
                timeline.frame_of(static_cast<long double>(note.onset) / 384.0L);
            off_by_most = std::max(off_by_most, std::abs(event.frame - begin - due));
            equal = equal && event.pitch == note.pitch && event.velocity == note.velocity;
        }
        CHECK(off_by_most == 0);
        CHECK(equal);
        host.halt();
        host.run(64);
        CHECK(check_notes(host.heard) == 0);
    }
}

namespace {
/// The host runs at 120 quarters a minute, `beat` quarters behind the beginning of bar `first`.
void say_bar(Host& host, std::int64_t frame, double beat, double beats_per_bar = 4.0,
             std::int64_t first = 0) {
    const double bar = std::floor(beat / beats_per_bar);
    host.say({.speed = 1.0F,
              .tempo = 120.0F,
              .bar_beat = static_cast<float>(beat - beats_per_bar * bar),
              .beats_per_bar = static_cast<float>(beats_per_bar),
              .bar = static_cast<std::int64_t>(bar) + first,
              .frame = frame,
              .beat_unit = 4});
}
}  // namespace

TEST_CASE("LV2: bars and beats of seven digits, as hosts say them, cost no sample") {
    Host host;
    host.load(models().front());
    const std::int64_t begin = host.frame;
    Timeline timeline;
    timeline.change(0, 120.0);
    for (int block = 0; block < 6000; ++block) {
        const std::int64_t frame = 256 * block;
        const double beat = static_cast<double>(frame) / 24000.0;
        say_bar(host, frame, beat);
        host.run(256);
    }
    Song song(models().front());
    bool exact = true;
    for (const Heard& event : host.onsets())
        exact =
            exact && event.frame - begin ==
                         timeline.frame_of(static_cast<long double>(song.next().onset) / 384.0L);
    CHECK(exact);
    CHECK(host.onsets().size() > 10);
}

TEST_CASE("LV2: beats in ticks of 1/1920, as hosts say them at a start, cost no sample") {
    Host host;
    host.load(models().front());
    const std::int64_t begin = host.frame, start = 5003;
    for (int block = 0; block < 6000; ++block) {
        const std::int64_t frame = start + 256 * block;
        const double beat = std::round(static_cast<double>(frame) / 24000.0 * 1920.0) / 1920.0;
        if (block % 100 == 0) say_bar(host, frame, beat);
        host.run(256);
    }
    // The song begins at the first quarter after the start.
    Song song(models().front());
    bool exact = true;
    for (const Heard& event : host.onsets())
        exact = exact && event.frame - begin == 24000 - start + (125 * song.next().onset + 1) / 2;
    CHECK(exact);
    CHECK(host.onsets().size() > 10);
}

TEST_CASE("LV2: a bar of another length is no jump") {
    Host host;
    host.load(models().front());
    host.heard.clear();
    // Four bars of 4/4, then 3/4; after 16 beats bar 4 begins in both, but 4 * 3 = 12.
    for (int block = 0; block < 3000; ++block) {
        const std::int64_t frame = 256 * block;
        const double beat = static_cast<double>(frame) / 24000.0;
        const bool later = beat >= 16.0;
        if (later)
            say_bar(host, frame, beat - 16.0, 3.0, 4);
        else
            say_bar(host, frame, beat);
        host.run(256);
    }
    Song song(models().front());
    bool equal = true;
    for (const Heard& event : host.onsets()) equal = equal && event.pitch == song.next().pitch;
    CHECK(equal);
}

TEST_CASE("LV2: stops, jumps, loops, channels, bypass and full buffers leave no note hanging") {
    for (const std::size_t capacity : {std::size_t{32768}, std::size_t{256}}) {
        Host host(48000.0, capacity);
        host.load(models().front());
        calls = {};
        std::mt19937 random(7);
        host.values[kDensity] = 4.0F;
        host.values[kLegato] = 4.0F;
        int starts = 0;
        host.roll(300.0F);
        for (int block = 0; block < 6000; ++block) {
            const auto chance = [&](unsigned one_in) { return random() % one_in == 0; };
            const int at = static_cast<int>(random() % 256);
            if (chance(400)) host.halt();
            if (chance(200))
                host.roll(100.0F + static_cast<float>(random() % 200),
                          static_cast<double>(random() % 64)),
                    ++starts;
            if (chance(600)) host.say({.beat = static_cast<double>(random() % 6400) / 100.0}, at);
            if (chance(100)) host.values[kChannel] = 1.0F + static_cast<float>(random() % 16);
            if (chance(300)) host.values[kEnabled] = 1.0F - host.values[kEnabled];
            if (chance(300)) host.values[kAtJump] = static_cast<float>(random() % 3);
            if (chance(300)) host.values[kClock] = static_cast<float>(random() % 2);
            if (chance(500)) host.values[kSeed] = static_cast<float>(random() % 5);
            host.run(256);
        }
        check_calls();
        CHECK(starts > 10);
        CHECK(host.onsets().size() > 150);
        host.values[kClock] = kHostsTransport;
        host.halt();
        for (int block = 0; block < 20; ++block) host.run(256);
        // Where there was no room for a note-on, its note-off is all that comes.
        if (capacity > 256) {
            CHECK(check_notes(host.heard) == 0);
        } else {
            std::array<bool, 128> sounds{};
            for (const Heard& event : host.heard)
                sounds[static_cast<std::size_t>(event.pitch)] = event.on;
            CHECK(std::count(sounds.begin(), sounds.end(), true) == 0);
        }
    }
}

TEST_CASE("LV2: twenty models take over while it plays, and no note is cut or hangs") {
    Host host;
    host.load(models().front());
    host.values[kLegato] = 4.0F;
    host.roll();
    for (int block = 0; block < 2000; ++block) host.run(256);
    calls = {};
    int sounding_at_swaps = 0;
    for (std::size_t swap = 1; swap <= 20; ++swap) {
        const std::string& model = models()[swap % models().size()];
        const int before = host.told;
        host.choose_model(model, static_cast<int>(swap * 7));
        int waited = 0;
        while (host.told == before) {
            const std::size_t size = host.heard.size();
            const int sounded = check_notes(host.heard);
            host.run(256);
            if (host.told == before) {
                // The worker loads: other threads must get the processor.
                if (++waited % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                continue;
            }
            sounding_at_swaps += sounded;
            // Not all of what sounds ends where the models change.
            std::size_t ended = 0;
            for (std::size_t i = size; i < host.heard.size(); ++i)
                ended += host.heard[i].on ? 0U : 1U;
            if (sounded > 1) CHECK(ended < static_cast<std::size_t>(sounded));
        }
        CHECK(host.told_model == model);
        const std::size_t size = host.heard.size();
        for (int block = 0; block < 700; ++block) host.run(256);
        CHECK(host.heard.size() > size);
    }
    check_calls();
    CHECK(sounding_at_swaps > 10);
    CHECK(host.errors == 0);

    // What is no model is refused in words; the music goes on.
    host.choose_model(MGAN_SOURCE_DIR "/README.md");
    host.run(256);
    host.wait_for_worker();
    const std::size_t size = host.heard.size();
    for (int block = 0; block < 1000; ++block) host.run(256);
    CHECK(host.errors == 1);
    CHECK(host.told_model == models()[20 % models().size()]);
    CHECK(host.heard.size() > size);
    host.halt();
    host.run(256);
    CHECK(check_notes(host.heard) == 0);
}

TEST_CASE("LV2: rendered twice, the notes are the same") {
    const auto render = [](int block) {
        Host host;
        host.load(models().front());
        host.heard.clear();
        host.frame = 0;
        host.roll(133.0F);
        while (host.frame < 30 * 48000) {
            // Knobs turn at the same places, whatever the blocks.
            host.values[kDensity] = host.frame < 10 * 48000 ? 1.0F : 2.0F;
            host.run(block);
        }
        return host.heard;
    };
    const std::vector<Heard> once = render(480);
    CHECK(once.size() > 20);
    CHECK(once == render(480));
    CHECK(once == render(96));
}

TEST_CASE("LV2: bound to the bars, a place has the same notes after every jump") {
    Host host;
    host.load(models().front());
    host.values[kAtJump] = kFollow;
    const auto notes_from = [&](double beat) {
        host.halt();
        host.say({.beat = beat});
        for (int block = 0; block < 200; ++block) host.run(256);  // waits there
        host.heard.clear();
        host.frame = 0;
        host.roll(120.0F, beat);
        for (int block = 0; block < 1000; ++block) host.run(256);
        return host.onsets();
    };
    const std::vector<Heard> first = notes_from(16.0);
    CHECK(first.size() > 3);
    (void)notes_from(40.0);
    CHECK(notes_from(16.0) == first);
}

TEST_CASE("LV2: a session keeps the model's file, or the model, and where the song was") {
    const std::string copy =
        (std::filesystem::temp_directory_path() / "mgan_lv2_session.safetensors").string();
    std::filesystem::copy_file(models().front(), copy,
                               std::filesystem::copy_options::overwrite_existing);
    const auto play = [](Host& host) {
        host.heard.clear();
        host.frame = 0;
        host.roll();
        for (int block = 0; block < 3000; ++block) host.run(256);
        return host.onsets();
    };
    for (const bool keeps : {false, true}) {
        Host host;
        host.values[kSeed] = 5.0F;
        host.values[kSong] = 3.0F;
        host.values[kTranspose] = 2.0F;
        host.values[kKeepModel] = keeps ? 1.0F : 0.0F;
        host.load(copy);
        const std::vector<Heard> expected = play(host);
        CHECK(expected.size() > 10);
        const State state = host.save();
        CHECK(host.save().properties.size() == state.properties.size());
        if (keeps) std::filesystem::remove(copy);

        Host other;
        other.values = host.values;
        REQUIRE(other.restore(state));
        other.ask_for_model();
        CHECK(play(other) == expected);
        CHECK(other.told_model == copy);
        CHECK(other.errors == 0);
    }
    // The file is gone, and the session did not keep it.
    Host last;
    last.load(models().front());
    State state = last.save();
    state.properties[Names::of(kModelUri)].bytes = {'a', 'b', 's', 't', 'r', 'a',
                                                    'c', 't', ':', 'x', 0};
    CHECK_FALSE(last.restore(state));
    CHECK(last.errors == 1);
    CHECK(!play(last).empty());  // what it had
    CHECK(last.restore(State()));

    // A song that goes on, goes on.
    Host before;
    before.values[kAtJump] = kGoOn;
    before.load(models().front());
    const std::size_t played = play(before).size();
    Song song(models().front());
    for (std::size_t i = 0; i < played; ++i) (void)song.next();
    Host after;
    after.values = before.values;
    REQUIRE(after.restore(before.save()));
    for (const Heard& event : play(after)) CHECK(event.pitch == song.next().pitch);
}

TEST_CASE("LV2: several at once play as each one alone") {
    const auto render = [](float seed) {
        Host host;
        host.values[kSeed] = seed;
        host.load(models()[static_cast<std::size_t>(seed) % models().size()]);
        host.heard.clear();
        host.frame = 0;
        host.roll();
        for (int block = 0; block < 4000; ++block) host.run(256);
        return host.heard;
    };
    std::array<std::vector<Heard>, 4> alone, together;
    for (std::size_t i = 0; i < alone.size(); ++i) alone[i] = render(static_cast<float>(i));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < together.size(); ++i)
        threads.emplace_back([&, i] { together[i] = render(static_cast<float>(i)); });
    for (std::thread& thread : threads) thread.join();
    CHECK(alone == together);
    CHECK(alone[0] != alone[1]);
}

TEST_CASE("LV2: the ports do what they say") {
    const auto notes = [](auto&& turn) {
        Host host;
        host.load(models().front());
        turn(host.values);
        calls = {};
        host.roll();
        for (int block = 0; block < 3000; ++block) host.run(256);
        check_calls();
        CHECK(!host.onsets().empty());
        return host.onsets();
    };
    const std::vector<Heard> plain = notes([](Values&) {});
    for (const Heard& event : notes([](Values& v) { v[kRoot] = 2.0F, v[kScale] = 4.0F; }))
        CHECK((*mgan::scale_of("D dorian") >> event.pitch % 12 & 1U) == 1U);
    for (const Heard& event : notes([](Values& v) { v[kLow] = 72.0F, v[kHigh] = 60.0F; }))
        CHECK((event.pitch >= 60 && event.pitch <= 72));
    for (const Heard& event : notes([](Values& v) { v[kChannel] = 10.0F; }))
        CHECK(event.channel == 9);
    CHECK(notes([](Values& v) { v[kDensity] = 4.0F; }).size() > plain.size());
    CHECK(notes([](Values& v) { v[kSeed] = 2.0F; }) != plain);
    CHECK(notes([](Values& v) { v[kSong] = 2.0F; }) != plain);
    // A range without a note of the scale, and what is no number, are left out.
    const std::vector<Heard> odd = notes([](Values& v) {
        v[kLow] = v[kHigh] = 61.0F;
        v[kScale] = 1.0F;
        v[kTemperature] = std::numeric_limits<float>::quiet_NaN();
        v[kDensity] = std::numeric_limits<float>::infinity();
    });
    CHECK(odd.size() > plain.size());
    (void)notes([](Values& v) {
        for (float& value : v) value = -std::numeric_limits<float>::max();
        v[kEnabled] = v[kClock] = 1.0F;
    });
    // In its own time, without a transport.
    Host host;
    host.load(models().front());
    host.values[kClock] = kAlways;
    for (int block = 0; block < 2000; ++block) host.run(256);
    CHECK(!host.onsets().empty());
}

TEST_CASE("LV2: what comes in is heard, unless it is told not to listen") {
    const auto render = [](bool plays, bool listens) {
        Host host;
        host.load(models().front());
        host.values[kListen] = listens ? 1.0F : 0.0F;
        calls = {};
        host.roll();
        for (int block = 0; block < 4000; ++block) {
            if (plays && block % 100 == 50) host.say_midi(17, {0x90, 61, 100});
            if (plays && block % 100 == 80) host.say_midi(3, {0x80, 61, 0});
            host.run(256);
        }
        check_calls();
        CHECK(check_notes(host.heard) >= 0);
        return host.onsets();
    };
    const std::vector<Heard> alone = render(false, true);
    CHECK(render(true, false) == alone);
    CHECK(render(true, true) != alone);
}

TEST_CASE("LV2: how long a block takes") {
    for (const std::string& model : models()) {
        Host host;
        host.load(model);
        host.roll();
        host.microseconds.clear();
        for (int block = 0; block < 60 * 48000 / 256; ++block) host.run(256);
        std::vector<double> all = host.microseconds;
        std::sort(all.begin(), all.end());
        std::printf(
            "%s: a block of 256 frames (5333 us) takes %.1f us in the median, %.1f in 99 %%, %.1f "
            "at most\n",
            model.c_str() + std::string(model).rfind('/', model.rfind('/') - 1) + 1,
            all[all.size() / 2], all[all.size() * 99 / 100], all.back());
        CHECK(all.size() == 11250);
    }
}
