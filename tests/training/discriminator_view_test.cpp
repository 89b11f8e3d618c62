#include <mgan/training/discriminator_view.hpp>

#include <support/catch.hpp>
#include <support/training_lab.hpp>

using namespace mgan;

namespace {

struct Fixture {
    DataSet data = lab::small_data(6);
    encoding::EncodingSettings options;
    encoding::Codec codec = encoding::Codec::fit(options, data.songs);
    encoding::Events<double> rows = codec.encode<double>(data.songs[0]);
    Sequence<double> events{3, 2, 4}, view;

    Fixture() {
        for (Index t = 0; t < 3; ++t)
            for (Index b = 0; b < 2; ++b)
                for (Index f = 0; f < 4; ++f)
                    events(t, b, f) =
                        rows[static_cast<std::size_t>(2 * t + b)][static_cast<std::size_t>(f)];
    }
    void show(bool quantise, bool pitch_class) {
        DiscriminatorView{quantise, pitch_class}.show(std::as_const(events).view(), codec, view);
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "The discriminator sees a real event as it is") {
    for (const bool quantise : {true, false}) {
        show(quantise, false);
        REQUIRE(view.features() == 4);
        CHECK((view.all() - events.all()).cwiseAbs().maxCoeff() < 1e-12);
    }
}

TEST_CASE_METHOD(
    Fixture, "The discriminator sees a generated event as it will be played, if it is asked to") {
    const Sequence<double> real = events;
    events.all().array() += 1e-7;
    show(true, false);
    CHECK((view.all() - real.all()).cwiseAbs().maxCoeff() < 1e-12);
    show(false, false);
    CHECK((view.all() - events.all()).cwiseAbs().maxCoeff() == 0.0);
    // And showing what was shown changes nothing.
    show(true, true);
    const Sequence<double> once = view;
    events.all() = once.all().topRows(4);
    show(true, true);
    CHECK((view.all() - once.all()).cwiseAbs().maxCoeff() == 0.0);
}

TEST_CASE_METHOD(Fixture,
                 "The discriminator sees pitch classes, and their place on the circle of fifths") {
    show(true, true);
    REQUIRE(view.features() == 18);
    const std::vector<midi::Note> notes = encoding::prepare(data.songs[0], options).notes;
    constexpr double kPi = 3.14159265358979323846;
    for (Index t = 0; t < 3; ++t) {
        for (Index b = 0; b < 2; ++b) {
            const int pitch_class = notes[static_cast<std::size_t>(2 * t + b)].pitch % 12;
            for (int k = 0; k < 12; ++k) CHECK(view(t, b, 4 + k) == (k == pitch_class ? 1.0 : 0.0));
            const double angle = 2 * kPi * ((7 * pitch_class) % 12) / 12.0;
            CHECK(view(t, b, 16) == Approx(std::cos(angle)).margin(1e-12));
            CHECK(view(t, b, 17) == Approx(std::sin(angle)).margin(1e-12));
        }
    }
}

TEST_CASE("A fifth is one step on the circle: neighbours there are 30 degrees apart") {
    DataSet data = lab::small_data(1);
    data.songs[0].notes = {{0, 96, 60, 64, 0}, {96, 96, 67, 64, 0}, {192, 96, 61, 64, 0}};
    encoding::EncodingSettings options;
    options.normalise_key = false;
    for (const bool hz : {false, true}) {
        options.pitch_in_hz = hz;
        const encoding::Codec codec = encoding::Codec::fit(options, data.songs);
        const encoding::Events<double> rows = codec.encode<double>(data.songs[0]);
        Sequence<double> events(3, 1, 4), view;
        for (Index t = 0; t < 3; ++t)
            for (Index f = 0; f < 4; ++f)
                events(t, 0, f) = rows[static_cast<std::size_t>(t)][static_cast<std::size_t>(f)];
        DiscriminatorView{}.show(std::as_const(events).view(), codec, view);
        const auto cosine = [&](Index a, Index b) {
            return view(a, 0, 16) * view(b, 0, 16) + view(a, 0, 17) * view(b, 0, 17);
        };
        CHECK(cosine(0, 1) == Approx(std::sqrt(0.75)));   // C and G
        CHECK(cosine(0, 2) == Approx(-std::sqrt(0.75)));  // C and C sharp: 7 steps
    }
}
