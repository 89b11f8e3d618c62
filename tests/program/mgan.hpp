#pragma once
// The program under test, in a folder of its own, with music that was made for the test.

#include <mgan/core/random.hpp>
#include <mgan/midi/notes.hpp>

#include <support/process.hpp>

#include <sstream>

namespace program {

/// The words of a command line, at spaces.
inline std::vector<std::string> split(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

/// A folder with music, in which the program is run.
class Workshop {
public:
    Workshop() {
        std::string name = (std::filesystem::temp_directory_path() / "mgan-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        path_ = name;
    }
    ~Workshop() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;

    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
        return path_ / name;
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// `mgan` and the words of `line`.
    [[nodiscard]] process::Result mgan(const std::string& line) const {
        return process::run(words(line), path_);
    }
    [[nodiscard]] std::vector<std::string> words(const std::string& line) const {
        std::vector<std::string> all = {MGAN_PROGRAM};
        for (std::string& word : split(line)) all.push_back(std::move(word));
        return all;
    }

    /// Songs of 20 to 40 notes: data/a/song0.mid, data/b/song1.mid, ...
    void write_music(std::size_t count = 8, const std::string& folder = "data",
                     std::uint64_t seed = 1) const {
        for (std::size_t i = 0; i < count; ++i) {
            const mgan::Random random(seed, "music", i);
            mgan::midi::Song song;
            std::int64_t onset = 0;
            for (std::uint64_t n = 0; n < 20 + random.integer(0, 21); ++n) {
                const auto draw = [&](std::uint64_t what, std::uint64_t options) {
                    return static_cast<std::int64_t>(random.integer(10 + 5 * n + what, options));
                };
                if (draw(0, 4) > 0) onset += 96 * (1 + draw(1, 4));
                song.notes.push_back({onset, 96 * (1 + draw(2, 4)),
                                      static_cast<int>(55 + draw(3, 20)),
                                      static_cast<int>(50 + 10 * draw(4, 5)), 0});
            }
            const auto place = path_ / folder / (i % 2 == 0 ? "a" : "b");
            std::filesystem::create_directories(place);
            mgan::midi::save_song(place / ("song" + std::to_string(i) + ".mid"), song);
        }
    }
    void write_text(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << text;
    }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ifstream file(path_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// The song of a MIDI file that a strict reader takes.
    [[nodiscard]] mgan::midi::Song song(const std::string& name) const {
        return mgan::midi::to_song(
            mgan::midi::read_file(path_ / name, {.mode = mgan::midi::ReadMode::strict}).file);
    }
    [[nodiscard]] bool has(const std::string& name) const {
        return std::filesystem::exists(path_ / name);
    }

private:
    std::filesystem::path path_;
};

/// Settings under which a training takes about a tenth of a second.
inline const std::string kSmall =
    " --length 12 --batch 4 --pretrain-epochs 2 --epochs 2 --set shard_songs=2"
    " --set epoch_songs=12 --set generator.hidden=8 --set generator.head=8"
    " --set discriminator.hidden=8 --set evaluation.songs=3 --set evaluation.selection_songs=5"
    " --set adversarial.discriminator_warmup=2";

/// A workshop with music in `data`, and a model of it in `run`.
struct TrainedWorkshop : Workshop {
    TrainedWorkshop() {
        write_music();
        const process::Result result = mgan("train data --quiet --out run" + kSmall);
        if (result.status != 0) throw std::runtime_error(result.error);
    }
};

/// Number of line feeds.
inline long lines(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
}

}  // namespace program
