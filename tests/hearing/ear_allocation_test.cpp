// What has been heard once allocates nothing when it is heard again.

#define MGAN_COUNT_ALLOCATIONS
#include <support/allocation_counter.hpp>

#if MGAN_HAS_FFTW

#include <hearing/ear_subject.hpp>
#include <support/catch.hpp>

#include <vector>

using mgan::Index;
using mgan::Matrix;
using mgan::Sequence;

TEST_CASE("Ear: listen and backward allocate nothing once they have run") {
    for (const mgan::FrequencyBand band : mgan_test::kBands) {
        mgan::PfSettings settings;
        settings.synthesiser.samples = 8192;
        settings.synthesiser.duration = 2.0;
        settings.converter.band = band;
        settings.classifier.inputs = band == mgan::FrequencyBand::full ? 50 : 0;
        mgan::FrequencyEar<float> ear(settings, mgan_test::plain_codec());
        Sequence<float> events(12, 3, 4), d_events(12, 3, 4);
        for (Index t = 0; t < 12; ++t) {
            for (Index b = 0; b < 3; ++b) {
                events.step(t).col(b) << 96.0F, 90.0F, static_cast<float>(50 + 3 * t + b), 80.0F;
            }
        }
        d_events.set_zero();
        Matrix<float> values, of_some;
        const auto pass = [&] {
            ear.listen(std::as_const(events).view(), values);
            ear.backward(values, d_events.view());
        };
        pass();
        CHECK(mgan_test::allocations_in(pass) == 0);
        // A smaller batch of shorter songs afterwards, and the larger one again.
        const auto smaller = [&] {
            const auto some = mgan::SequenceView<const float>(events.data(), 4, 2, 4, 4);
            ear.listen(some, of_some);
            ear.backward(of_some, mgan::SequenceView<float>(d_events.data(), 4, 2, 4, 4));
            pass();
        };
        smaller();  // makes room in `of_some`
        CHECK(mgan_test::allocations_in(smaller) == 0);
        if (!mgan_test::counts_malloc()) continue;  // a sanitizer stands there
        std::vector<float> grows;
        CHECK(mgan_test::allocations_in(
                  [&] { grows.resize(static_cast<std::size_t>(values.size())); }) == 1);
        CHECK(grows.size() > 0);
    }
}

#endif
