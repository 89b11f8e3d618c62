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

/// A song of a trained model that never ends: one call, one event.
class Stream {
public:
    explicit Stream(const mgan::Model& model, std::uint64_t seed)
        : model_(model),
          random_(seed, "my stream"),
          range_(mgan::noise_range(model.settings.pretrain)),
          feedback_(model.codec, model.settings.encoding.context,
                    model.settings.discriminator.quantise) {
        const mgan::GeneratorSettings& config = model.generator.settings();
        noise_.resize(config.noise, 1);
        mgan::Matrix<float> first = mgan::Matrix<float>::Zero(config.features + config.context, 1);
        first.topRows(config.features).setConstant(0.5F);
        const mgan::encoding::Style style =
            model.styles.empty() ? mgan::encoding::Style{}
                                 : model.styles[random_.integer(drawn_++, model.styles.size())];
        feedback_.reset(std::span(&style, 1));
        feedback_.write_first(first);
        model.generator.start(state_, first);
    }

    /// The next event: time since the last onset and length in ticks (384 a quarter), pitch,
    /// velocity. Whole numbers but for rounding errors: std::lround them, do not cut them off.
    mgan::encoding::Event<double> next() noexcept {
        for (mgan::Index i = 0; i < noise_.size(); ++i)
            noise_(i) = static_cast<float>(random_.uniform(drawn_++, range_.low, range_.high));
        const mgan::Matrix<float>& y = model_.generator.step(noise_, state_);
        auto heard = model_.generator.fed_back(state_);  // what is played is what is fed back
        feedback_(0, y, heard, model_.generator.context(state_));
        mgan::encoding::Event<double> event;
        for (std::size_t f = 0; f < event.size(); ++f) {
            event[f] = model_.codec.normalisation().decode(
                static_cast<double>(heard(static_cast<mgan::Index>(f), 0)), f);
        }
        return event;
    }

private:
    const mgan::Model& model_;
    mgan::Random random_;
    std::uint64_t drawn_ = 0;
    mgan::NoiseRange range_;
    mgan::CodecFeedback<float> feedback_;
    mgan::Generator<float>::Stream state_;
    mgan::Matrix<float> noise_;
};

}  // namespace

int main() {
    if (try_to_load("nowhere.safetensors") || !try_to_load("run")) return 1;
    const mgan::Model model = mgan::load_model("run");
    if (songs_of_two_threads(model).size() != 4) return 1;

    Stream stream(model, 7);
    for (int i = 0; i < 4; ++i) {
        const auto [wait, length, pitch, velocity] = stream.next();
        std::cout << "after " << wait << " ticks: pitch " << pitch << ", " << length
                  << " ticks, velocity " << velocity << '\n';
        if (!(pitch >= 0 && pitch <= 127)) return 1;
    }
    const long before = allocations;
    for (int i = 0; i < 1000; ++i) stream.next();
    const long generated = allocations - before;
    std::cout << "1000 events, " << generated << " allocations\n";
    return generated == 0 ? 0 : 1;
}
