#include "mgan.hpp"

#include <support/catch.hpp>
#include <support/sound.hpp>

#include <cmath>

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using program::Workshop;

namespace {

/// A workshop where sound is made.
struct Studio : Workshop {
    /// Whether the program was built with libsndfile.
    [[nodiscard]] bool has_sound() const {
        save("probe.mid", {});
        return mgan("render probe.mid -o probe.ogg").error.find("libsndfile") == std::string::npos;
    }
    void save(const std::string& name, const mgan::midi::Song& song) const {
        mgan::midi::save_song(*this / name, song);
    }
    sound::Wave render(const std::string& name, const mgan::midi::Song& song) const {
        save(name + ".mid", song);
        const process::Result result = mgan("render " + name + ".mid -o " + name + ".wav");
        INFO(result.error);
        REQUIRE(result.status == 0);
        return sound::read_wave(read(name + ".wav"));
    }
};

/// One note of a quarter note at the beginning of the third second (at 120 quarters a minute).
mgan::midi::Song one_note(int velocity = 100) {
    mgan::midi::Song song;
    song.notes = {{4 * 384, 384, 69, velocity, 0}};
    return song;
}

/// Rising zero crossings a second: the pitch of a sound with few partials.
double crossings(const sound::Wave& wave, double begin, double end) {
    int count = 0;
    const auto at = [&](double t) { return static_cast<std::size_t>(t * wave.rate); };
    for (std::size_t i = at(begin) + 1; i < at(end); ++i)
        if (wave.samples[i - 1] < 0 && wave.samples[i] >= 0) ++count;
    return count / (end - begin);
}

bool is_installed(const std::string& program) {
    for (const char* folder : {"/usr/bin/", "/usr/local/bin/", "/bin/"})
        if (std::filesystem::exists(folder + program)) return true;
    return false;
}

}  // namespace

TEST_CASE_METHOD(Studio, "mgan render: 44.1 kHz, 16 bits, a note where and as long as it stands") {
    if (!has_sound()) MGAN_SKIP("built without libsndfile");
    const sound::Wave wave = render("note", one_note());
    CHECK(wave.rate == 44100);
    CHECK(wave.bits == 16);
    CHECK(wave.channels == 1);
    CHECK(wave.seconds() == Approx(2.5 + 0.12).margin(0.001));
    CHECK(wave.peak(0.0, 1.999) == 0);
    CHECK(wave.peak(2.0, 2.5) > 3000);
    CHECK(crossings(wave, 2.05, 2.45) == Approx(440.0).margin(3.0));
    CHECK(wave.peak(2.619, 2.7) < 30);
}

TEST_CASE_METHOD(Studio, "mgan render keeps the tempo map") {
    if (!has_sound()) MGAN_SKIP("built without libsndfile");
    mgan::midi::Song song = one_note();
    // Two quarters at 60 a minute, two at 240: 2.5 s to the onset; the note takes a quarter of one.
    song.tempo = {{0, 1'000'000}, {2 * 384, 250'000}};
    const sound::Wave wave = render("tempo", song);
    CHECK(wave.peak(0.0, 2.499) == 0);
    CHECK(wave.peak(2.5, 2.6) > 3000);
    CHECK(wave.seconds() == Approx(2.75 + 0.12).margin(0.001));
}

TEST_CASE_METHOD(
    Studio,
    "mgan render: soft and loud songs, thin and thick ones, are equally loud and never clip") {
    if (!has_sound()) MGAN_SKIP("built without libsndfile");
    const sound::Wave soft = render("soft", one_note(3)), loud = render("loud", one_note(127));
    CHECK(std::abs(soft.peak() - loud.peak()) <= 2);
    mgan::midi::Song thick;
    for (int i = 0; i < 400; ++i)
        thick.notes.push_back({i / 40 * 96, 384, 30 + i % 40 * 2, 127, 0});
    const sound::Wave wave = render("thick", thick);
    CHECK(wave.peak() > 8000);
    CHECK(wave.peak() < 32000);
}

TEST_CASE_METHOD(Studio,
                 "mgan render: a note that crosses the blocks of the synthesiser has no click") {
    if (!has_sound()) MGAN_SKIP("built without libsndfile");
    mgan::midi::Song song;
    song.notes = {{0, 8 * 384, 57, 100, 0}};  // four seconds of 220 Hz
    const sound::Wave wave = render("long", song);
    // A jump of the waveform is a difference that its neighbours do not have.
    int largest_early = 0, largest_late = 0;
    for (std::size_t i = 4410; i < 3 * 44100; ++i) {
        const int step = std::abs(wave.samples[i] - wave.samples[i - 1]);
        (i < 60000 ? largest_early : largest_late) =
            std::max(i < 60000 ? largest_early : largest_late, step);
    }
    CHECK(largest_late < largest_early);
}

TEST_CASE_METHOD(Studio, "mgan render: silence is silence, and drums are left out") {
    if (!has_sound()) MGAN_SKIP("built without libsndfile");
    const sound::Wave nothing = render("nothing", {});
    CHECK(nothing.samples.empty());
    mgan::midi::Song drums = one_note();
    drums.notes[0].channel = 9;
    save("drums.mid", drums);
    const process::Result result = mgan("render drums.mid -o drums.wav");
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("0 notes (1 of drums left out"));
    CHECK(sound::read_wave(read("drums.wav")).samples.empty());
    mgan::midi::Song both = one_note();
    both.notes.insert(both.notes.begin(), {0, 384, 38, 127, 9});
    CHECK(render("both", both).peak(0.0, 1.999) == 0);
}

TEST_CASE_METHOD(
    Studio, "mgan render writes Ogg and FLAC by the name, and the same bytes each time for WAV") {
    if (!has_sound()) MGAN_SKIP("built without libsndfile");
    save("song.mid", one_note());
    CHECK(mgan("render song.mid -o song.ogg").status == 0);
    CHECK(mgan("render song.mid -o song.FLAC").status == 0);
    CHECK_THAT(read("song.ogg"), StartsWith("OggS"));
    CHECK_THAT(read("song.ogg"), Contains("vorbis"));
    CHECK_THAT(read("song.FLAC"), StartsWith("fLaC"));
    CHECK(mgan("render song.mid --out a.wav").status == 0);
    CHECK(mgan("render song.mid --out b.wav").status == 0);
    CHECK(read("a.wav") == read("b.wav"));
}

TEST_CASE_METHOD(Studio, "mgan render says what is wrong in one line, and leaves nothing behind") {
    if (!has_sound()) MGAN_SKIP("built without libsndfile");
    save("song.mid", one_note());
    std::filesystem::create_directory(*this / "folder.wav");
    mgan::midi::Song endless = one_note();
    endless.notes[0].onset = std::int64_t{384} * 2 * 3600 * 13;
    save("endless.mid", endless);
    struct Case {
        std::string line, message;
        int status;
    };
    const Case cases[] = {
        {"render absent.mid -o song.wav", "absent.mid", 1},
        {"render song.mid -o nowhere/song.wav", "nowhere/song.wav: cannot write", 1},
        {"render song.mid -o folder.wav", "folder.wav: cannot write", 1},
        {"render song.mid -o song.mp3", "must end in .wav, .ogg or .flac", 2},
        {"render song.mid -o song", "must end in .wav, .ogg or .flac", 2},
        {"render song.mid", "--out", 2},
        {"render endless.mid -o song.wav", "cut it into pieces", 1},
        {"render song.mid -o song.wav --soundfont absent.sf2", "absent.sf2", 1},
        {"render song.mid -o song.wav --soundfont song.mid", "is not a sound font", 1}};
    for (const Case& each : cases) {
        INFO(each.line);
        const process::Result result = mgan(each.line);
        CHECK(result.status == each.status);
        CHECK(program::lines(result.error) == 1);
        CHECK_THAT(result.error, Contains(each.message));
        CHECK_FALSE(has("song.wav"));
    }
    for (const auto& entry : std::filesystem::directory_iterator(path()))
        CHECK(entry.path().filename().string().find(".tmp-") == std::string::npos);
}

TEST_CASE_METHOD(Studio, "mgan render --soundfont plays through fluidsynth") {
    if (!has_sound()) MGAN_SKIP("built without libsndfile");
    if (!is_installed("fluidsynth")) MGAN_SKIP("no fluidsynth");
    std::string font;
    for (const char* path :
         {"/usr/share/sounds/sf2/TimGM6mb.sf2", "/usr/share/sounds/sf2/FluidR3_GM.sf2",
          "/usr/share/sounds/sf2/default-GM.sf2"})
        if (font.empty() && std::filesystem::exists(path)) font = path;
    if (font.empty()) MGAN_SKIP("no sound font");
    save("-song.mid", one_note());  // a name that could be an option
    const process::Result result = mgan("render ./-song.mid -o ./-song.wav --soundfont " + font);
    INFO(result.error);
    REQUIRE(result.status == 0);
    const sound::Wave wave = sound::read_wave(read("-song.wav"));
    CHECK(wave.rate == 44100);
    CHECK(wave.peak(0.0, 1.9) < 100);
    CHECK(wave.peak(2.0, 2.5) > 300);
}
