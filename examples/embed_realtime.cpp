// A generator inside an audio callback: nothing in the callback may allocate, lock or throw.
//
// Everything is prepared before the stream starts. The callback is then called for each block of
// samples, makes the next event when its time has come, and otherwise returns at once. Here a loop
// stands in for the sound card, and malloc counts whoever disturbs it.

#include <mgan/core/random.hpp>
#include <mgan/encoding/codec.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/generator.hpp>

#include <cmath>
#include <cstdlib>
#include <iostream>

static std::size_t allocations = 0;
#ifdef __GLIBC__  // operator new and Eigen both end here
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* malloc(std::size_t size) noexcept {
    ++allocations;
    return __libc_malloc(size);
}
#endif

/// One voice. The constructor allocates; `process` does not.
class Player {
public:
    Player(const mgan::Generator<float>& generator, const mgan::encoding::Codec& codec, double rate)
        : generator_(generator), codec_(codec), samples_per_tick_(rate / 768.0) {
        noise_.setZero(generator.settings().noise, 1);
        event_.setZero(4, 1);
        generator.start(stream_, mgan::Matrix<float>::Constant(4, 1, 0.5F));
        prepare_next();
    }

    /// A block of `samples`; `play(pitch, velocity, samples)` is called for each note that begins.
    template <typename Play>
    void process(int samples, Play&& play) noexcept {
        for (until_next_ -= samples; until_next_ <= 0; prepare_next())
            play(raw(2), raw(3), samples_per_tick_ * raw(1));
    }

private:
    void prepare_next() noexcept {
        for (mgan::Index i = 0; i < noise_.size(); ++i)
            noise_(i) = static_cast<float>(random_.uniform(drawn_++));
        event_ = generator_.step(noise_, stream_);
        codec_.quantise(event_.data());  // what is heard is what is fed back
        generator_.fed_back(stream_) = event_;
        // One tick more than asked for: a network that plays chords for ever must not hold a block.
        until_next_ += samples_per_tick_ * (raw(0) + 1);
    }
    /// Feature f of the event: ticks since the last onset, length in ticks, pitch, velocity.
    [[nodiscard]] int raw(std::size_t f) const noexcept {
        const auto x = static_cast<double>(event_.data()[f]);
        return static_cast<int>(std::lround(codec_.normalisation().decode(x, f)));
    }

    const mgan::Generator<float>& generator_;
    const mgan::encoding::Codec& codec_;
    mgan::Generator<float>::Stream stream_;
    mgan::Matrix<float> noise_, event_;
    mgan::Random random_{1, "player"};
    std::uint64_t drawn_ = 0;
    double samples_per_tick_, until_next_ = 0.0;  // at 120 quarters a minute
};

int main() {
    // Untrained weights, so that the example needs no file; yours come from mgan::load_model.
    mgan::Generator<float> generator{mgan::GeneratorSettings{}};
    mgan::initialise(generator, mgan::Random(1, "weights"));
    mgan::midi::Song scale;
    for (int i = 0; i < 50; ++i)
        scale.notes.push_back({96 * i * (1 + i % 3), 96 + i, 40 + i, 60 + i});
    const auto codec = mgan::encoding::Codec::fit({}, std::vector{scale});
    Player player(generator, codec, 48000.0);

    int notes = 0;
    const std::size_t before = allocations;
    for (int block = 0; block < 48000 / 64 * 60; ++block)  // a minute
        player.process(64, [&](int, int, double) { ++notes; });
    const std::size_t allocated = allocations - before;  // before printing, which allocates
    std::cout << notes << " notes in a minute, " << allocated << " allocations\n";
    return notes > 0 && allocated == 0 && before > 0 ? 0 : 1;
}
