#include "sound.hpp"

#include "data.hpp"

#include <mgan/audio/synthesiser.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <cmath>

namespace mgan::program {

namespace {

/// About a second and a half. Notes are placed relative to their block, where a float is exact
/// enough for no click to be heard at the seams.
constexpr std::int64_t kBlock = 65536;

/// A struck string, very roughly: a quick attack, seven partials that fall faster than a saw's, a
/// decay of a second.
SynthesiserSettings instrument(double rate) {
    SynthesiserSettings settings = SynthesiserSettings::at_rate(rate, kBlock);
    settings.partials = 7;
    settings.rolloff = 1.7;
    settings.envelope = {.attack = 0.006, .release = 0.12, .decay = 0.9};
    return settings;
}

/// A note on the clock.
struct TimedNote {
    double begin = 0.0;
    double length = 0.0;
    int pitch = 0;
    int velocity = 0;
};

/// The notes in order of their beginning.
std::vector<TimedNote> timed_notes(const midi::Song& song) {
    std::vector<midi::Note> notes = midi::sounding_notes(song);
    // Equal notes, struck together, are one that is louder: a file of a thousand hanging notes has
    // no more than 128 to play.
    std::size_t kept = 0;
    for (const midi::Note& note : notes) {
        if (kept > 0 && notes[kept - 1].onset == note.onset &&
            notes[kept - 1].pitch == note.pitch && notes[kept - 1].length == note.length) {
            notes[kept - 1].velocity += note.velocity;
        } else {
            notes[kept++] = note;
        }
    }
    notes.resize(kept);
    std::vector<TimedNote> timed(notes.size());
    midi::TempoWalk begins(song.tempo);
    for (std::size_t i = 0; i < notes.size(); ++i)
        timed[i] = {begins.seconds(notes[i].onset), 0.0, notes[i].pitch, notes[i].velocity};
    std::vector<std::size_t> by_end(notes.size());
    for (std::size_t i = 0; i < by_end.size(); ++i) by_end[i] = i;
    const auto end_of = [&](std::size_t i) { return notes[i].onset + notes[i].length; };
    std::sort(by_end.begin(), by_end.end(),
              [&](std::size_t a, std::size_t b) { return end_of(a) < end_of(b); });
    midi::TempoWalk ends(song.tempo);
    for (const std::size_t i : by_end) timed[i].length = ends.seconds(end_of(i)) - timed[i].begin;
    return timed;
}

/// When nothing of a note is left: released, or faded below what 16 bits hold.
double end_of(const TimedNote& note, const EnvelopeSettings& envelope) {
    return note.begin + std::min(note.length + envelope.release, 14.0 * envelope.decay);
}

double end_of(const std::vector<TimedNote>& notes, const EnvelopeSettings& envelope) {
    double end = 0.0;
    for (const TimedNote& note : notes) end = std::max(end, end_of(note, envelope));
    return end;
}

/// One walk over a song: its sound in blocks, before any gain.
class Walk {
public:
    Walk(const std::vector<TimedNote>& notes, double rate)
        : notes_(notes), synthesiser_(instrument(rate)), wave_(kBlock) {}

    /// The next kBlock samples.
    [[nodiscard]] std::span<const float> next() {
        const double begin =
            static_cast<double>(block_) * static_cast<double>(kBlock) / synthesiser_.sample_rate();
        const double end = begin + synthesiser_.settings().duration;
        ++block_;
        std::erase_if(sounding_, [&](std::size_t i) {
            return end_of(notes_[i], synthesiser_.settings().envelope) <= begin;
        });
        while (upcoming_ < notes_.size() && notes_[upcoming_].begin < end)
            sounding_.push_back(upcoming_++);
        Matrix<float> sounding(kNoteRows, static_cast<Index>(sounding_.size()));
        for (Index i = 0; i < sounding.cols(); ++i) {
            const TimedNote& note = notes_[sounding_[static_cast<std::size_t>(i)]];
            sounding(kNoteOnset, i) = static_cast<float>(note.begin - begin);
            sounding(kNoteLength, i) = static_cast<float>(note.length);
            sounding(kNotePitch, i) = static_cast<float>(note.pitch);
            sounding(kNoteVelocity, i) = static_cast<float>(note.velocity);
        }
        synthesiser_.forward(sounding, VectorMap<float>(wave_.data(), kBlock));
        return wave_;
    }

private:
    const std::vector<TimedNote>& notes_;
    Synthesiser<float> synthesiser_;
    std::vector<float> wave_;
    std::vector<std::size_t> sounding_;
    std::size_t upcoming_ = 0;
    std::int64_t block_ = 0;
};

/// What brings a song to the loudness of all others: its root mean square, where it sounds, to
/// kLoudness; but no peak further than twice into the rounding.
/// `on_block` sees each block.
template <typename OnBlock>
double gain_of(const std::vector<TimedNote>& notes, double rate, std::int64_t samples,
               OnBlock&& on_block) {
    constexpr double kLoudness = 0.12, kGreatestPeak = 1.6;
    Walk walk(notes, rate);
    std::vector<double> energies;
    double peak = 0.0;
    for (std::int64_t done = 0; done < samples; done += kBlock) {
        constexpr std::size_t kFrame = 4096;  // a tenth of a second
        const std::span<const float> block = walk.next();
        on_block(done, block);
        for (std::size_t at = 0; at < block.size(); at += kFrame) {
            double sum = 0.0;
            for (const float x : block.subspan(at, kFrame)) {
                sum += static_cast<double>(x) * static_cast<double>(x);
                peak = std::max(peak, std::abs(static_cast<double>(x)));
            }
            energies.push_back(sum / static_cast<double>(kFrame));
        }
    }
    if (!(peak > 0.0)) return 0.0;  // silence stays silence
    // Pauses and what fades out say nothing of how loud the music is.
    const double least = 1e-3 * *std::max_element(energies.begin(), energies.end());
    double sum = 0.0, count = 0.0;
    for (const double energy : energies) {
        if (energy < least) continue;
        sum += energy;
        count += 1.0;
    }
    return std::min(kGreatestPeak / peak, kLoudness / std::sqrt(sum / count));
}

/// Straight up to 0.7, then ever flatter towards 0.95.
float rounded(double x) {
    constexpr double kKnee = 0.7, kRoom = 0.25;
    const double size = std::abs(x);
    if (size <= kKnee) return static_cast<float>(x);
    return static_cast<float>(std::copysign(kKnee + kRoom * std::tanh((size - kKnee) / kRoom), x));
}

}  // namespace

double sound_seconds(const midi::Song& song) {
    return end_of(timed_notes(song), instrument(kSoundRate).envelope);
}

void play(const midi::Song& song, double rate, double limit,
          const std::function<void(std::span<const float>)>& use,
          const std::function<void(double)>& on_progress) {
    const std::vector<TimedNote> notes = timed_notes(song);
    const double whole = end_of(notes, instrument(rate).envelope);
    const double seconds = std::min(whole, limit);
    if (seconds > kMaxSoundSeconds)
        fail<DataError>("the song lasts ", fixed(seconds / 3600.0, 1), " hours, and at most ",
                        fixed(kMaxSoundSeconds / 3600.0, 0),
                        " can become a sound file; cut it into pieces");
    const auto samples = static_cast<std::int64_t>(std::ceil(seconds * rate));
    // The first pass is kept where it takes no more than 64 MB: six minutes at 44.1 kHz.
    constexpr std::int64_t kKept = std::int64_t{1} << 24;
    const bool keeps = samples <= kKept;
    std::vector<float> kept;
    if (keeps) kept.reserve(static_cast<std::size_t>(samples + kBlock));
    const double passes = keeps ? 1.0 : 2.0, all = static_cast<double>(samples);
    const auto tell = [&](std::int64_t done, double before) {
        if (on_progress)
            on_progress((before + std::min(1.0, static_cast<double>(done + kBlock) / all)) /
                        passes);
    };
    const double gain =
        gain_of(notes, rate, samples, [&](std::int64_t done, std::span<const float> block) {
            if (keeps) kept.insert(kept.end(), block.begin(), block.end());
            tell(done, 0.0);
        });
    // Where it is cut before its end, the last two seconds fade out.
    const double fade = whole > seconds ? std::min(2.0, seconds) * rate : 0.0;
    Walk walk(notes, rate);
    std::vector<float> out;
    for (std::int64_t done = 0; done < samples; done += kBlock) {
        const std::span<const float> block =
            keeps ? std::span<const float>(kept).subspan(static_cast<std::size_t>(done), kBlock)
                  : walk.next();
        if (!keeps) tell(done, 1.0);
        out.resize(static_cast<std::size_t>(std::min(kBlock, samples - done)));
        for (std::size_t i = 0; i < out.size(); ++i) {
            double x = gain * static_cast<double>(block[i]);
            const double left = static_cast<double>(samples - done) - static_cast<double>(i);
            if (left < fade) x *= left / fade;
            out[i] = rounded(x);
        }
        use(out);
    }
}

}  // namespace mgan::program
