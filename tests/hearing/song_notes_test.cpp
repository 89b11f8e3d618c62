// From events to notes without rounding, and back.

#include <mgan/hearing/song_notes.hpp>
#include <support/catch.hpp>
#include <support/training_lab.hpp>

using namespace mgan;
using encoding::Codec;
using encoding::EncodingKind;
using encoding::NormalisationKind;

namespace {

Matrix<double> events_of(const Codec& codec, const midi::Song& song) {
    const auto rows = codec.encode<double>(song);
    Matrix<double> events(4, static_cast<Index>(rows.size()));
    for (std::size_t t = 0; t < rows.size(); ++t)
        std::copy_n(rows[t].data(), 4, events.col(static_cast<Index>(t)).data());
    return events;
}

/// The notes that a codec reads, as a matrix.
Matrix<double> matrix_of(const std::vector<midi::Note>& notes) {
    Matrix<double> matrix(4, static_cast<Index>(notes.size()));
    for (std::size_t i = 0; i < notes.size(); ++i)
        matrix.col(static_cast<Index>(i)) << static_cast<double>(notes[i].onset) / 768.0,
            static_cast<double>(notes[i].length) / 768.0, notes[i].pitch, notes[i].velocity;
    return matrix;
}

}  // namespace

TEST_CASE("SongNotes: a real song sounds as it is written, whatever the scaling") {
    const std::vector<midi::Song> songs = lab::small_data().songs;
    for (const NormalisationKind kind : {NormalisationKind::minmax, NormalisationKind::zscore,
                                         NormalisationKind::log, NormalisationKind::cdf}) {
        for (const bool hz : {false, true}) {
            for (const bool quantise : {false, true}) {
                const Codec codec = Codec::fit(
                    {.normalisation = kind, .normalise_key = false, .pitch_in_hz = hz}, songs);
                SongNotes<double> reader(codec, quantise);
                const Matrix<double> read = reader.forward(events_of(codec, songs[0]));
                const Matrix<double> expected =
                    matrix_of(encoding::prepare(songs[0], codec.settings()).notes);
                REQUIRE(read.cols() == expected.cols());
                CHECK((read - expected).cwiseAbs().maxCoeff() < 1e-9);
            }
        }
    }
}

TEST_CASE("SongNotes: eq. 1 is read as the codec reads it, note by note") {
    const std::vector<midi::Song> songs = lab::small_data().songs;
    const Codec codec = Codec::fit({.kind = EncodingKind::event,
                                    .normalisation = NormalisationKind::zscore,
                                    .normalise_key = false},
                                   songs);
    // Any numbers: chords, notes that never end, note-offs of nothing.
    const Random random(4, "events");
    for (std::uint64_t run = 0; run < 20; ++run) {
        Matrix<double> events(4, 30);
        for (Index i = 0; i < events.size(); ++i)
            events.data()[i] =
                random.uniform(1000 * run + static_cast<std::uint64_t>(i), -1.5, 1.5);
        SongNotes<double> rounded(codec, true), smooth(codec, false);
        const Matrix<double> read = rounded.forward(events);
        std::vector<midi::Note> notes = codec.decode(events.data(), 30).notes;
        // In one tick the codec orders by pitch; here each tick has one event.
        REQUIRE(static_cast<std::size_t>(read.cols()) == notes.size());
        CHECK((read - matrix_of(notes)).cwiseAbs().maxCoeff() < 1e-9);
        const Matrix<double> unrounded = smooth.forward(events);
        REQUIRE(unrounded.cols() == read.cols());
        CHECK(unrounded.topRows(2) == read.topRows(2));
        CHECK((unrounded - read).bottomRows(2).cwiseAbs().maxCoeff() <= 0.5 + 1e-9);
        // Only note-ons have a gradient, to pitch and velocity.
        const Matrix<double> ones = Matrix<double>::Ones(4, read.cols());
        Matrix<double> d_events(4, 30);
        smooth.backward(ones, d_events);
        CHECK(d_events.topRows(2).isZero(0.0));
        CHECK((d_events.row(2).array() != 0.0).count() <= read.cols());
    }
}

TEST_CASE("SongNotes: with quantise the value is rounded and the slope is the smooth one") {
    const std::vector<midi::Song> songs = lab::small_data().songs;
    const Codec codec =
        Codec::fit({.normalisation = NormalisationKind::zscore, .normalise_key = false}, songs);
    Matrix<double> events = Matrix<double>::Constant(4, 3, 0.123);
    SongNotes<double> rounded(codec, true), smooth(codec, false);
    const Matrix<double> played = rounded.forward(events);
    CHECK(played(2, 0) == std::round(smooth.forward(events)(2, 0)));
    const Matrix<double> d_notes = Matrix<double>::Random(4, 3);
    Matrix<double> d_rounded(4, 3), d_smooth(4, 3);
    rounded.backward(d_notes, d_rounded);
    smooth.backward(d_notes, d_smooth);
    CHECK(d_rounded == d_smooth);
    CHECK_FALSE(d_smooth.isZero(0.0));
    const Matrix<double> four = Matrix<double>::Zero(4, 2), three = Matrix<double>::Zero(3, 2);
    CHECK_THROWS_AS(smooth.backward(four, d_smooth), ShapeError);
    CHECK_THROWS_AS(smooth.forward(three), ShapeError);
}
