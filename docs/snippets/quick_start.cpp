// The programs of docs/quick-start-cpp.md: in a folder with a run.

#include <mgan/generation/model_file.hpp>
#include <mgan/generation/sampler.hpp>

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

// ---- event by event

/// A song of a trained model that never ends: one call, one note.
class Stream {
public:
    Stream(const mgan::Model& model, std::uint64_t seed)
        : words_(model.steps->vocabulary), play_(model.steps->band(), model.settings.playing, 0) {
        const mgan::Random random(seed, "my stream");
        const auto& starts = model.steps->starts;  // styles that a song may be asked for
        const mgan::StepStart start = starts[random.integer(0, starts.size())];
        play_.start(std::span(&start, 1), seed, 0, /*longest=*/model.settings.length);
        (void)play_.next();  // the first event makes room in memory
    }

    /// The next note: onset and length in ticks, 384 a quarter.
    mgan::midi::Note next() {
        using Words = mgan::encoding::StepVocabulary;
        const mgan::encoding::StepEvent& event = play_.next()[0];
        const auto value = [&](std::size_t c) { return words_.value(c, event.value[c]); };
        if (value(Words::move()) != 0) onset_ += gap_;  // else it belongs to the last chord
        gap_ = words_.grid_ticks() * value(Words::gap());
        return {onset_, words_.grid_ticks() * value(words_.length()), value(words_.pitch()),
                value(words_.velocity()), 0};
    }

private:
    const mgan::encoding::StepVocabulary& words_;
    mgan::StepPlay<float> play_;
    std::int64_t onset_ = 0, gap_ = 0;
};

}  // namespace

int main() {
    if (try_to_load("nowhere.safetensors") || !try_to_load("run")) return 1;
    const mgan::Model model = mgan::load_model("run");
    if (songs_of_two_threads(model).size() != 4) return 1;

    Stream stream(model, 7);
    for (int i = 0; i < 4; ++i) {
        const mgan::midi::Note note = stream.next();
        std::cout << "at tick " << note.onset << ": pitch " << note.pitch << ", " << note.length
                  << " ticks, velocity " << note.velocity << '\n';
        if (!(note.pitch >= 0 && note.pitch <= 127)) return 1;
    }
    const long before = allocations;
    for (int i = 0; i < 1000; ++i) stream.next();
    const long generated = allocations - before;
    std::cout << "1000 events, " << generated << " allocations\n";
    return generated == 0 ? 0 : 1;
}
