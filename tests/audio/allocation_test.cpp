// What has sounded once allocates nothing when it sounds again.

#define MGAN_COUNT_ALLOCATIONS
#include <support/allocation_counter.hpp>

#include <mgan/audio/sound_path.hpp>
#include <support/catch.hpp>

#include <vector>

using mgan::Index;
using mgan::Matrix;
using mgan::Sequence;

TEST_CASE("Sound path: forward and backward allocate nothing once they have run") {
    for (const mgan::FrequencyBand band :
         {mgan::FrequencyBand::low_pass, mgan::FrequencyBand::full, mgan::FrequencyBand::windows}) {
        mgan::SoundPathSettings settings;
        settings.synthesiser.samples = 8192;
        settings.synthesiser.duration = 2.0;
        settings.converter.band = band;
        settings.converter.values = band == mgan::FrequencyBand::full ? 50 : 0;
        settings.converter.logarithm = true;
        const mgan::SoundPath<float> path(settings);
        Sequence<float> events(12, 3, 4), d_events(12, 3, 4);
        for (Index t = 0; t < 12; ++t) {
            for (Index b = 0; b < 3; ++b) {
                events.step(t).col(b) << 96.0F, 90.0F, static_cast<float>(50 + 3 * t + b), 80.0F;
            }
        }
        Matrix<float> values(path.values(), 3);
        typename mgan::SoundPath<float>::Cache cache;
        const auto pass = [&] {
            path.forward(events.view(), values, cache);
            path.backward(values, d_events.view(), cache);
        };
        pass();
        CHECK(mgan_test::allocations_in(pass) == 0);
        // A smaller batch afterwards, and the larger one again.
        const auto smaller = [&] {
            const auto some = mgan::SequenceView<const float>(events.data(), 4, 2, 4, 4);
            path.forward(some, values.leftCols(2), cache);
            pass();
        };
        CHECK(mgan_test::allocations_in(smaller) == 0);
        if (!mgan_test::counts_malloc()) continue;  // a sanitizer stands there
        std::vector<float> grows;
        CHECK(mgan_test::allocations_in(
                  [&] { grows.resize(static_cast<std::size_t>(values.size())); }) == 1);
        CHECK(grows.size() > 0);
    }
}
