// An ear for lists of notes hears what the ear for events hears.

#if MGAN_HAS_FFTW

#include <hearing/ear_subject.hpp>
#include <mgan/hearing/make_ear.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <span>
#include <vector>

using namespace mgan;

namespace {

constexpr Index kNotes = 12;

PfSettings settings_for(FrequencyBand band) {
    PfSettings settings;
    settings.synthesiser.samples = 8192;
    settings.synthesiser.duration = 2.0;
    settings.converter.band = band;
    settings.classifier.inputs = band == FrequencyBand::full ? 50 : 0;
    return settings;
}

/// Song `number`, as notes: a chord of two at every eighth.
midi::Song song(int number) {
    midi::Song made;
    for (int i = 0; i < kNotes; ++i)
        made.notes.push_back({192 * (i / 2), 150 + 10 * i, 50 + 2 * i + number, 60 + 3 * i, 0});
    return made;
}

}  // namespace

TEST_CASE("Note ear: a list of notes sounds as the events that say the same") {
    for (const FrequencyBand band : mgan_test::kBands) {
        const PfSettings settings = settings_for(band);
        const SpectrumScale scale{0.01, 0.5, 2.0};
        FrequencyEar<double> of_events(settings, mgan_test::plain_codec(), scale);
        FrequencyNoteEar<double> of_notes(settings, scale);
        REQUIRE(of_notes.values() == of_events.values());
        CHECK(of_notes.constants() == of_events.constants());

        Sequence<double> events(kNotes, 2, 4);
        Matrix<double> expected;
        for (Index b = 0; b < 2; ++b) {
            const midi::Song heard = song(static_cast<int>(b));
            std::int64_t before = 0;
            for (Index t = 0; t < kNotes; ++t) {
                const midi::Note& note = heard.notes[static_cast<std::size_t>(t)];
                events.step(t).col(b) << static_cast<double>(note.onset - before),
                    static_cast<double>(note.length), note.pitch, note.velocity;
                before = note.onset;
            }
        }
        of_events.listen(std::as_const(events).view(), expected);
        for (Index b = 0; b < 2; ++b) {
            Matrix<double> notes;
            Vector<double> spectrum(of_notes.values());
            notes_of(song(static_cast<int>(b)), notes);
            of_notes.listen(notes, VectorMap<double>(spectrum.data(), spectrum.size()));
            CHECK((spectrum - expected.col(b)).norm() <= 1e-9 * expected.col(b).norm());
            CHECK(expected.col(b).norm() > 0.1);
        }
        Vector<double> short_one(of_notes.values() - 1);
        Matrix<double> notes;
        notes_of(song(0), notes);
        CHECK_THROWS_AS(
            of_notes.listen(notes, VectorMap<double>(short_one.data(), short_one.size())),
            ShapeError);
    }
}

TEST_CASE("Note ear: it is calibrated on songs, and its clones hear alike, to the bit") {
    const PfSettings settings = settings_for(FrequencyBand::full);
    std::vector<Matrix<float>> songs(3);
    for (int i = 0; i < 3; ++i) notes_of(song(i), songs[static_cast<std::size_t>(i)]);
    const auto ear = make_note_ear<float>(settings, std::span<const Matrix<float>>(songs));
    const std::vector<double> constants = ear->constants();
    REQUIRE(constants.size() == 3);
    CHECK(constants[0] > 0.0);
    // With that scale the songs' values have mean 0 and deviation 1.
    double sum = 0.0, square = 0.0, count = 0.0;
    const auto clone = ear->clone();
    for (const Matrix<float>& notes : songs) {
        Vector<float> a(ear->values()), b(ear->values());
        ear->listen(notes, VectorMap<float>(a.data(), a.size()));
        clone->listen(notes, VectorMap<float>(b.data(), b.size()));
        CHECK(a == b);
        sum += a.cast<double>().sum();
        square += a.cast<double>().squaredNorm();
        count += static_cast<double>(a.size());
    }
    CHECK(std::abs(sum / count) < 1e-3);
    CHECK(std::abs(square / count - 1.0) < 1e-3);

    const std::vector<Matrix<float>> silence(2, Matrix<float>(4, 0));
    CHECK_THROWS_AS(make_note_ear<float>(settings, std::span<const Matrix<float>>(silence)),
                    DataError);
}

#endif
