// A trained model inside an audio callback, directed from another thread: nothing in the callback
// may allocate, lock or throw.
//
//     embed_realtime MODEL
//
// Everything is prepared before the stream starts. The callback is then called for each block of
// samples. Here a loop stands in for the sound card, a thread for a window with knobs, and malloc
// counts whoever disturbs them.

#include <mgan/player.hpp>
#include <mgan/player/block_player.hpp>
#include <mgan/player/handover.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

static thread_local std::size_t allocations = 0;
#ifdef __GLIBC__  // operator new and Eigen both end here
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* malloc(std::size_t size) noexcept {
    ++allocations;
    return __libc_malloc(size);
}
#endif

/// What a host calls for each block of samples.
class Instrument {
public:
    Instrument(const mgan::PlayerModel& model, double sample_rate)
        : blocks_(mgan::Player(model, /*seed=*/7, /*number=*/0, live()), sample_rate),
          sample_rate_(sample_rate) {
        blocks_.set_on_jump(mgan::OnJump::go_on);  // a stop is a pause of endless music
    }

    /// From the window's thread, at any time. False: a control has a fault (`mgan::fault_of`).
    bool turn(const mgan::PlayerControls& controls) noexcept {
        if (mgan::fault_of(controls) != nullptr) return false;
        knobs_.put(controls);
        return true;
    }

    /// From the audio thread: `play(frame, on, pitch, velocity)` for each event of the block.
    template <typename Play>
    void process(int frames, double tempo, bool playing, Play&& play) noexcept {
        mgan::PlayerControls controls;
        if (knobs_.take(controls)) (void)blocks_.player().direct(controls);
        for (const mgan::BlockEvent& event : blocks_.process(
                 {.frames = frames, .quarters = quarters_, .tempo = tempo, .playing = playing}))
            play(event.frame, event.on, event.pitch, event.velocity);
        if (playing) quarters_ += frames * tempo / (60.0 * sample_rate_);
    }

private:
    /// Notes as soon as they are drawn: the instrument ends them itself.
    static mgan::PlayerOptions live() {
        mgan::PlayerOptions options;
        options.looks_ahead = false;
        return options;
    }

    mgan::BlockPlayer blocks_;
    mgan::Handover<mgan::PlayerControls> knobs_;
    double sample_rate_, quarters_ = 0.0;
};

int main(int argc, char** argv) try {
    if (argc < 2) {
        std::cerr << "usage: embed_realtime MODEL\n";
        return 2;
    }
    Instrument instrument(mgan::PlayerModel(argv[1]), 48000.0);

    mgan::PlayerControls controls;
    controls.scale = *mgan::scale_of("D dorian");
    (void)instrument.turn(controls);  // before the first block
    std::atomic<bool> ends{false};
    std::thread window([&instrument, &ends, controls]() mutable {
        for (int turn = 0; !ends; ++turn) {
            controls.density = 0.5 + 0.1 * (turn % 16);
            (void)instrument.turn(controls);
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    });

    int notes = 0, outside = 0, sounding = 0;
    const std::size_t before = allocations;
    for (int block = 0; block < 48000 / 64 * 60; ++block) {  // a minute
        const bool playing = block % 7500 >= 750;  // the transport stops for a second in ten
        instrument.process(64, 120.0, playing, [&](int, bool on, int pitch, int) {
            notes += on ? 1 : 0;
            sounding += on ? 1 : -1;
            outside += on && (controls.scale >> pitch % 12 & 1u) == 0 ? 1 : 0;
        });
    }
    const std::size_t allocated = allocations - before;  // before printing, which allocates
    ends = true;
    window.join();
    instrument.process(64, 120.0, false, [&](int, bool on, int, int) { sounding += on ? 1 : -1; });
    std::cout << notes << " notes in a minute, " << outside << " outside the scale, " << sounding
              << " that hang, " << allocated << " allocations\n";
    return notes > 0 && allocated == 0 && sounding == 0 ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
