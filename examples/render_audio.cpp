// From a MIDI file to sound: every note is a few sines under an envelope. The synthesiser is that
// of the PF classifier, at a sample rate for ears; libsndfile writes the file.
//
//     render_audio song.mid song.wav

#include <mgan/audio/synthesiser.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <sndfile.hh>

#include <cmath>
#include <iostream>

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::cerr << "usage: render_audio MIDI WAV\n";
        return 2;
    }
    const std::vector<mgan::midi::Note> notes =
        mgan::midi::sounding_notes(mgan::midi::load_song(argv[1]));
    // 384 ticks a quarter note, 120 quarters a minute. 4 x n: onset, length, pitch, velocity.
    const double ticks_per_second = 768.0, rate = 44100.0;
    mgan::Matrix<float> columns(mgan::kNoteRows, static_cast<mgan::Index>(notes.size()));
    double end = 0.0;
    for (std::size_t i = 0; i < notes.size(); ++i) {
        const double onset = static_cast<double>(notes[i].onset) / ticks_per_second;
        const double length = static_cast<double>(notes[i].length) / ticks_per_second;
        columns.col(static_cast<mgan::Index>(i)) << static_cast<float>(onset),
            static_cast<float>(length), static_cast<float>(notes[i].pitch),
            static_cast<float>(notes[i].velocity);
        end = std::max(end, onset + length);
    }
    auto settings = mgan::SynthesiserSettings::at_rate(rate, std::llround((end + 1.0) * rate));
    settings.partials = 5;
    mgan::Vector<float> sound(settings.samples);
    mgan::Synthesiser<float>(settings).forward(columns, {sound.data(), sound.size()});

    const float loudest = sound.cwiseAbs().maxCoeff();
    if (loudest > 0.0F) sound *= 0.9F / loudest;
    SndfileHandle file(argv[2], SFM_WRITE, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1, 44100);
    if (file.write(sound.data(), sound.size()) != sound.size()) {
        std::cerr << argv[2] << ": " << file.strError() << '\n';
        return 1;
    }
    std::cout << notes.size() << " notes, " << std::round(end + 1.0) << " s of sound\n";
    return loudest > 0.0F ? 0 : 1;
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
