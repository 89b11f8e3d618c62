// An encoding of your own: what a network reads and writes is up to you, the rest stays.
//
// mgan's encoding `tone` describes a note by four numbers: time, length, pitch, velocity. Here a
// melody is only the step from one tone to the next, in semitones, and the ratio of their lengths:
// two numbers that stay the same when a tune is transposed or played at half the speed. Layers and
// models take any F; a codec is any two functions between songs and F x T matrices that undo each
// other.

#include <mgan/layers/initialisation.hpp>
#include <mgan/midi/song.hpp>
#include <mgan/models/generator.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>

struct IntervalCodec {
    static constexpr mgan::Index kFeatures = 2;
    mgan::midi::Note first{0, 384, 60, 80};  ///< where a decoded melody begins

    /// Column t: (p_{t+1} - p_t) / 12 and log2(l_{t+1} / l_t).
    [[nodiscard]] mgan::Matrix<float> encode(const mgan::midi::Song& song) const {
        const auto& notes = song.notes;
        mgan::Matrix<float> x(kFeatures, static_cast<mgan::Index>(notes.size()) - 1);
        for (std::size_t t = 0; t + 1 < notes.size(); ++t) {
            const auto column = static_cast<mgan::Index>(t);
            x(0, column) = static_cast<float>(notes[t + 1].pitch - notes[t].pitch) / 12.0F;
            x(1, column) = std::log2(static_cast<float>(notes[t + 1].length) /
                                     static_cast<float>(notes[t].length));
        }
        return x;
    }
    [[nodiscard]] mgan::midi::Song decode(const mgan::Matrix<float>& x) const {
        mgan::midi::Song song;
        mgan::midi::Note note = first;
        song.notes.push_back(note);
        for (mgan::Index t = 0; t < x.cols(); ++t) {
            note.onset += note.length;
            note.pitch =
                std::clamp(note.pitch + static_cast<int>(std::lround(12.0F * x(0, t))), 0, 127);
            const float length = static_cast<float>(note.length) * std::exp2(x(1, t));
            note.length = std::lround(std::clamp(length, 24.0F, 1536.0F));
            song.notes.push_back(note);
        }
        return song;
    }
};

int main() {
    const int pitches[] = {60, 60, 67, 67, 69, 69, 67}, quarters[] = {1, 1, 1, 1, 1, 1, 2};
    mgan::midi::Song tune, higher;  // the same tune, a fifth higher and half as fast
    std::int64_t onset = 0;
    for (int i = 0; i < 7; ++i) {
        tune.notes.push_back({onset, 384 * quarters[i], pitches[i], 80});
        higher.notes.push_back({2 * onset, 768 * quarters[i], pitches[i] + 7, 80});
        onset += 384 * quarters[i];
    }
    const IntervalCodec codec;
    const bool back = codec.decode(codec.encode(tune)).notes == tune.notes;
    const bool same = codec.encode(tune) == codec.encode(higher);
    std::cout << "decode(encode(tune)) is the tune: " << (back ? "yes" : "no")
              << "; it looks the same a fifth higher and slower: " << (same ? "yes" : "no") << '\n';

    // A generator for it: two features in, two out.
    mgan::GeneratorSettings config;
    config.features = config.noise = IntervalCodec::kFeatures;
    mgan::Generator<float> generator(config);
    mgan::initialise(generator, mgan::Random(3, "weights"));
    mgan::Generator<float>::Stream stream;
    generator.start(stream, mgan::Matrix<float>::Zero(2, 1));
    mgan::Matrix<float> noise(2, 1), generated(2, 15);
    for (mgan::Index t = 0; t < generated.cols(); ++t) {
        noise.setConstant(t % 2 ? 0.2F : 0.8F);
        generated.col(t) = generator.step(noise, stream);
        generator.fed_back(stream) = generated.col(t);
    }
    std::cout << "an untrained network plays " << codec.decode(generated).notes.size()
              << " notes\n";
    return back && same ? 0 : 1;
}
