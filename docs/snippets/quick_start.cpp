// The programs of docs/quick-start-cpp.md: in a folder with a run.

#include <mgan/midi/notes.hpp>
#include <mgan/player.hpp>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>

static std::atomic<long> allocations{0};
#ifdef __GLIBC__  // operator new and Eigen both end here
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* malloc(std::size_t size) noexcept {
    ++allocations;
    return __libc_malloc(size);
}
#endif

namespace {

// ---- errors

/// One catch at the edge of a program: all of mgan's exceptions derive from mgan::Error.
bool try_to_load(const std::filesystem::path& path) {
    try {
        const mgan::Model model = mgan::load_model(path);
        return true;
    } catch (const mgan::IoError& error) {
        std::cerr << error.what() << '\n';  // no such file, no permission, disk full
    } catch (const mgan::Error& error) {
        std::cerr << error.what() << '\n';  // not a model, damaged, of another version
    }
    return false;
}

// ---- threads

/// Songs 0 .. count - 1, in two threads that know nothing of each other.
std::vector<mgan::midi::Song> songs_of_two_threads(const mgan::Model& model) {
    std::vector<mgan::midi::Song> first, second;
    std::thread other([&] { second = model.songs(/*count=*/2, /*length=*/50, /*seed=*/8, 1); });
    first = model.songs(/*count=*/2, /*length=*/50, /*seed=*/7, 1);
    other.join();
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

// ---- directed

/// The same player, directed.
void direct(mgan::Player& player) {
    mgan::PlayerControls controls;
    controls.scale = *mgan::scale_of("D dorian");
    controls.density = 1.5;  // about so many times the onsets in a quarter
    (void)mgan::set_control(controls, "style.loudness", 1.0);
    if (!player.direct(controls)) std::cerr << mgan::fault_of(controls) << '\n';
}

// ---- from a melody

/// What the model makes of a melody: sixteen notes that follow it.
mgan::Song continuation(const mgan::PlayerModel& shared, const mgan::Song& melody) {
    mgan::Player player(shared, /*seed=*/3);
    player.prime(melody);
    mgan::Song song = melody;
    for (int i = 0; i < 16; ++i) song.notes.push_back(player.next());
    return song;
}

// ---- to an end

/// A song of sixteen bars.
mgan::Song sixteen_bars(const mgan::PlayerModel& shared) {
    mgan::Player player(shared, /*seed=*/3);
    mgan::PlayerControls controls;
    controls.end = 64.0;
    (void)player.direct(controls);
    mgan::Song song;
    while (!player.ended()) song.notes.push_back(player.next());
    return song;
}

}  // namespace

int main() {
    if (try_to_load("nowhere.safetensors") || !try_to_load("run")) return 1;
    const mgan::Model model = mgan::load_model("run");
    if (songs_of_two_threads(model).size() != 4) return 1;

    const mgan::PlayerModel shared(model);
    mgan::Player player(shared, /*seed=*/7);
    for (int i = 0; i < 4; ++i) {
        const mgan::PlayedNote note = player.next();
        std::cout << "at " << note.onset_seconds << " s: pitch " << note.pitch << ", "
                  << note.length_seconds << " s, velocity " << note.velocity << '\n';
    }
    direct(player);
    const long before = allocations;
    for (int i = 0; i < 1000; ++i) (void)player.next();
    const long generated = allocations - before;
    std::cout << "1000 notes, " << generated << " allocations\n";
    if (continuation(shared, model.songs(1, 20, 1, 1).front()).notes.size() < 30) return 1;
    if (sixteen_bars(shared).notes.back().onset > 64 * mgan::midi::kTicksPerQuarter) return 1;
    return generated == 0 ? 0 : 1;
}
