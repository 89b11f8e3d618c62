// How late can an event be? Music that is made while it is played needs the worst case, not the
// mean.
//
//     realtime [EVENTS]          1000000 by default
//
// One song of the baseline generator (two LSTM layers of 100 units), event by event, batch 1. Each
// event is timed; malloc counts whoever asks for memory. embed_realtime.cpp shows the same loop in
// an audio callback.

#include <mgan/core/random.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/generator.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

static std::size_t allocations = 0;
#ifdef __GLIBC__  // operator new and Eigen both end here
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* malloc(std::size_t size) noexcept {
    ++allocations;
    return __libc_malloc(size);
}
#endif

int main(int count, char** arguments) {
    using Clock = std::chrono::steady_clock;
    const long long wanted = count > 1 ? std::atoll(arguments[1]) : 1'000'000;
    if (wanted < 1) {
        std::cerr << "usage: realtime [EVENTS]\n";
        return 2;
    }

    // Untrained weights take as long as trained ones.
    mgan::Generator<float> generator{mgan::GeneratorSettings{}};
    mgan::initialise(generator, mgan::Random(1, "weights"));
    mgan::Generator<float>::Stream stream;
    generator.start(stream, mgan::Matrix<float>::Constant(4, 1, 0.5F));
    mgan::Matrix<float> noise(4, 1);
    const mgan::Random random(1, "noise");
    std::vector<float> microseconds(static_cast<std::size_t>(wanted));

    const std::size_t before = allocations;
    std::uint64_t drawn = 0;
    for (float& time : microseconds) {
        const Clock::time_point begin = Clock::now();
        for (mgan::Index i = 0; i < 4; ++i) noise(i) = static_cast<float>(random.uniform(drawn++));
        const mgan::Matrix<float>& event = generator.step(noise, stream);
        generator.fed_back(stream) = event;
        time = std::chrono::duration<float, std::micro>(Clock::now() - begin).count();
    }
    const std::size_t allocated = allocations - before;

    std::sort(microseconds.begin(), microseconds.end());
    const auto share = [&](double p) {
        return microseconds[static_cast<std::size_t>(p *
                                                     static_cast<double>(microseconds.size() - 1))];
    };
    std::cout << "microseconds an event: median " << share(0.5) << ", 99.9 % within "
              << share(0.999) << ", worst " << share(1.0) << '\n'
              << microseconds.size() << " events, " << allocated << " allocations\n";
    return allocated == 0 && generator.fed_back(stream).allFinite() ? 0 : 1;
}
