// The way from MIDI files to what a training reads.
//
//     bench_data read FOLDER                    every file: bytes -> events -> notes
//     bench_data load FOLDER                    load_data_set, as the program does it
//     bench_data start DATA [--length T]        what a training does with its songs before the
//                                               first minibatch: of a folder or a packed file
//     bench_data start-steps DATA [--length T]  the same for a generator with step heads
//     bench_data prepare SONGS [--length T]     synthetic songs: codec fitted, all songs encoded
//     bench_data write FOLDER SONGS             writes synthetic songs as MIDI files
//     bench_data corpus FOLDER SONGS            the same, songs of many kinds, in folders of 500
//     bench_data pack FILE.mgan SONGS           those songs in a packed file, without MIDI files
//     bench_data pack-folder FOLDER FILE.mgan   as `mgan pack`
//     bench_data crops FILE.mgan N [--length T] N random crops read at their place, and encoded
//
// read, start, start-steps, pack and pack-folder take --threads N.
//
// Prints one JSON object: seconds, and with it files, bytes, notes, the most memory held.

#include "peak_memory.hpp"

#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/dataset/corpus_statistics.hpp>
#include <mgan/dataset/crops.hpp>
#include <mgan/dataset/load_data_set.hpp>
#include <mgan/dataset/pack_data_set.hpp>
#include <mgan/dataset/packed_file.hpp>
#include <mgan/encoding/codec.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/midi/writer.hpp>
#include <mgan/settings/presets.hpp>
#include <mgan/training/evaluation.hpp>
#include <mgan/training/step_data.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>

namespace {

template <typename Work>
double seconds(Work&& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Processor time of this process so far, all threads.
double processor_seconds() {
    return static_cast<double>(std::clock()) / static_cast<double>(CLOCKS_PER_SEC);
}

/// A song of 400 notes, two at a time.
mgan::midi::Song synthetic_song(std::uint64_t number) {
    const mgan::Random random(number, "synthetic song");
    mgan::midi::Song song;
    for (std::uint64_t i = 0; i < 400; ++i) {
        song.notes.push_back(
            {.onset = static_cast<std::int64_t>(i / 2 * 96),
             .length = static_cast<std::int64_t>(48 + 48 * random.integer(3 * i, 4)),
             .pitch = static_cast<int>(40 + random.integer(3 * i + 1, 40)),
             .velocity = static_cast<int>(40 + random.integer(3 * i + 2, 60))});
    }
    std::sort(song.notes.begin(), song.notes.end(), mgan::midi::note_order);
    return song;
}

/// A song of 100 to 1,100 notes with chords. A third of them are played: their onsets, lengths and
/// velocities are a little off; the others are written, on a grid.
mgan::midi::Song varied_song(std::uint64_t number) {
    const mgan::Random random(number, "varied song");
    const bool played = random.integer(0, 3) == 0;
    const auto notes = 100 + random.integer(1, 1001);
    constexpr std::array<std::int64_t, 6> kValues = {96, 96, 192, 192, 384, 768};
    constexpr std::array<int, 8> kScale = {0, 2, 4, 5, 7, 9, 11, 12};
    const int root = 48 + static_cast<int>(random.integer(2, 12));
    mgan::midi::Song song;
    song.tempo = {{0, 300'000 + static_cast<std::int64_t>(random.integer(3, 400)) * 1000}};
    std::int64_t onset = 0;
    for (std::uint64_t i = 0; i < notes; ++i) {
        const auto draw = [&](std::uint64_t what, std::uint64_t most) {
            return random.integer(8 * i + 8 + what, most);
        };
        if (draw(0, 3) > 0) onset += kValues[draw(1, kValues.size())];
        const auto off = [&](std::uint64_t what, std::uint64_t most) {
            return played ? static_cast<std::int64_t>(draw(what, most)) : 0;
        };
        song.notes.push_back(
            {.onset = onset + off(2, 24),
             .length = kValues[draw(3, kValues.size())] - off(4, 40),
             .pitch = root + kScale[draw(5, kScale.size())] + 12 * static_cast<int>(draw(6, 3)),
             .velocity = 50 + 10 * static_cast<int>(draw(7, 5)) + static_cast<int>(off(4, 10))});
    }
    std::sort(song.notes.begin(), song.notes.end(), mgan::midi::note_order);
    return song;
}

/// "0001/00000573.mid": names that ascend.
std::string name_of(std::size_t number) {
    char name[64];
    std::snprintf(name, sizeof name, "%05zu/%08zu.mid", number / 500, number);
    return name;
}

int corpus(const std::filesystem::path& folder, std::size_t count) {
    std::uint64_t bytes = 0, notes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::filesystem::path path = folder / name_of(i);
        if (i % 500 == 0) std::filesystem::create_directories(path.parent_path());
        const mgan::midi::Song song = varied_song(i);
        const std::vector<std::byte> file = mgan::midi::serialise(mgan::midi::to_midi_file(song));
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(file.data()),
                   static_cast<std::streamsize>(file.size()));
        bytes += file.size();
        notes += song.notes.size();
    }
    std::printf("{\"files\": %zu, \"bytes\": %llu, \"notes\": %llu}\n", count,
                static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(notes));
    return 0;
}

int pack(const std::filesystem::path& file, std::size_t count, int threads) {
    mgan::PackWriter writer(file);
    const double time = seconds([&] {
        constexpr std::size_t kChunk = 1024;
        std::vector<mgan::midi::Song> songs(kChunk);
        std::vector<mgan::PackedSong> packed(kChunk);
        for (std::size_t begin = 0; begin < count; begin += kChunk) {
            const std::size_t size = std::min(kChunk, count - begin);
            mgan::parallel_for(static_cast<std::ptrdiff_t>(size), threads, [&](std::ptrdiff_t i) {
                const auto place = static_cast<std::size_t>(i);
                songs[place] = varied_song(begin + place);
                packed[place] = mgan::pack_song(songs[place]);
            });
            for (std::size_t i = 0; i < size; ++i)
                writer.add(std::move(packed[i]), songs[i], name_of(begin + i));
        }
        mgan::packed::Facts facts;
        facts.version = mgan::kVersion;
        facts.files = count;
        writer.finish(facts, {}, {}, threads);
    });
    std::printf("{\"seconds\": %.6f, \"songs\": %zu, \"bytes\": %llu, \"peak_mib\": %.1f}\n", time,
                count, static_cast<unsigned long long>(writer.bytes()), bench::peak_mib());
    return 0;
}

int pack_folder(const std::filesystem::path& folder, const std::filesystem::path& file,
                int threads) {
    mgan::PackResult result;
    const double time =
        seconds([&] { result = mgan::pack_data_set(folder, file, {.threads = threads}); });
    std::printf("{\"seconds\": %.6f, \"songs\": %zu, \"bytes\": %llu, \"peak_mib\": %.1f}\n", time,
                result.songs, static_cast<unsigned long long>(result.bytes), bench::peak_mib());
    return 0;
}

/// Everything that the constructor of a `Trainer` asks of the songs, and the crops of a minibatch,
/// without the nets: preset `numeric`.
int start(const std::filesystem::path& where, std::int64_t length, int threads) {
    mgan::DataSet data;
    std::array<std::vector<std::size_t>, 3> parts;
    std::size_t looped = 0;
    const double opening = seconds([&] {
        data = mgan::open_data_set(where, threads);
        (void)mgan::fingerprint(data);
        parts = mgan::split_songs(data.names, data.pieces, 0.1, 0.1, 1);
    });
    const double preparing = seconds([&] {
        const mgan::Songs songs = data.view();
        const auto codec = mgan::fit_codec({}, songs, parts[0], threads);
        const mgan::CropSource<float> train(songs, parts[0], codec, length),
            validation(songs, parts[1], codec, length);
        const auto real =
            mgan::measure_real(songs, parts[1], static_cast<std::size_t>(length), 4, 1, threads);
        const auto styles = mgan::corpus_styles(train, codec, songs, parts[0], length, 1, threads);
        const auto order = train.order(mgan::Random(1, "order"), 20);
        std::vector<float> rows(static_cast<std::size_t>(length) * mgan::encoding::kFeatures);
        for (std::size_t i = 0; i < 20; ++i)
            train.copy_crop(order[i], train.crop_begin(order[i], mgan::Random(1, "crop"), i),
                            static_cast<std::size_t>(length), rows.data());
        looped = train.looped() + validation.looped();
        if (styles.empty() || real.empty()) throw mgan::DataError("songs were lost");
    });
    std::printf(
        "{\"seconds\": %.6f, \"opening\": %.6f, \"preparing\": %.6f, \"songs\": %zu, "
        "\"looped\": %zu, \"peak_mib\": %.1f}\n",
        opening + preparing, opening, preparing, data.size(), looped, bench::peak_mib());
    return 0;
}

/// The same of a `StepTrainer`: preset `recommended`.
int start_steps(const std::filesystem::path& where, std::int64_t length, int threads) {
    mgan::Settings settings = mgan::recommended_settings(mgan::Variant::carnn_mgan);
    settings.length = length;
    mgan::DataSet data;
    std::array<std::vector<std::size_t>, 3> parts;
    std::size_t looped = 0, events = 0;
    const double opening = seconds([&] {
        data = mgan::open_data_set(where, threads);
        (void)mgan::fingerprint(data);
        parts = mgan::split_songs(data.names, data.pieces, 0.1, 0.1, 1);
    });
    const double preparing = seconds([&] {
        const mgan::StepData steps(settings, data.view(), parts);
        const auto real = mgan::measure_real(
            data.view(), parts[1], static_cast<std::size_t>(length), 4, settings.seed, threads);
        const auto order = steps.train.order(mgan::Random(1, "order"), 20);
        for (std::size_t i = 0; i < 20; ++i)
            events += steps.train.crop(order[i], mgan::Random(1, "crop"), i, steps.vocabulary)
                          .events.size();
        looped = steps.train.looped() + steps.validation.looped();
        if (real.empty()) throw mgan::DataError("songs were lost");
    });
    std::printf(
        "{\"seconds\": %.6f, \"opening\": %.6f, \"preparing\": %.6f, \"songs\": %zu, "
        "\"looped\": %zu, \"events\": %zu, \"peak_mib\": %.1f}\n",
        opening + preparing, opening, preparing, data.size(), looped, events, bench::peak_mib());
    return 0;
}

/// What a training step asks of the file, without the training: microseconds of the processor a
/// crop.
int crops(const std::filesystem::path& path, std::size_t count, std::size_t length) {
    const auto file = std::make_shared<const mgan::PackedFile>(path);
    const mgan::Random random(1, "crops");
    mgan::midi::Song song;
    std::vector<mgan::midi::Song> some;
    for (std::size_t i = 0; i < 200; ++i) {
        file->read(random.integer(i, file->size()), song);
        some.push_back(song);
    }
    const auto codec = mgan::encoding::Codec::fit({}, some);
    std::vector<float> rows(length * mgan::encoding::kFeatures);
    std::uint64_t notes = 0;
    const auto processor = [](auto&& work) {
        const double before = processor_seconds();
        work();
        return processor_seconds() - before;
    };
    const double reading = processor([&] {
        for (std::size_t i = 0; i < count; ++i) {
            file->read(random.integer(i, file->size()), song);
            notes += song.notes.size();
        }
    });
    const double all = processor([&] {
        for (std::size_t i = 0; i < count; ++i) {
            file->read(random.integer(i, file->size()), song);
            codec.encode_crop(song, 0, length, rows.data());
        }
    });
    std::printf(
        "{\"crops\": %zu, \"us_read\": %.2f, \"us_crop\": %.2f, \"notes\": %.1f, "
        "\"peak_mib\": %.1f}\n",
        count, 1e6 * reading / static_cast<double>(count), 1e6 * all / static_cast<double>(count),
        static_cast<double>(notes) / static_cast<double>(count), bench::peak_mib());
    return 0;
}

int read(const std::filesystem::path& folder, int threads) {
    const std::vector<std::filesystem::path> files = mgan::midi::find_midi_files(folder);
    std::atomic<std::uint64_t> bytes = 0, notes = 0, failed = 0;
    const auto one = [&](const std::filesystem::path& file) {
        bytes += std::filesystem::file_size(file);
        try {
            for (const mgan::midi::Song& song :
                 mgan::midi::to_songs(mgan::midi::read_file(file).file))
                notes += song.notes.size();
        } catch (const mgan::Error&) {
            ++failed;
        }
    };
    // Blocks of files, so that a thread has enough to do before it asks for more.
    constexpr std::ptrdiff_t kBlock = 8;
    const auto count = static_cast<std::ptrdiff_t>(files.size());
    const double time = seconds([&] {
        mgan::parallel_for(mgan::shard_count(count, kBlock), threads, [&](std::ptrdiff_t block) {
            for (std::ptrdiff_t i = block * kBlock; i < std::min(count, (block + 1) * kBlock); ++i)
                one(files[static_cast<std::size_t>(i)]);
        });
    });
    std::printf(
        "{\"seconds\": %.6f, \"threads\": %d, \"files\": %td, \"failed\": %llu, "
        "\"bytes\": %llu, \"notes\": %llu, \"peak_mib\": %.1f}\n",
        time, threads, count, static_cast<unsigned long long>(failed),
        static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(notes),
        bench::peak_mib());
    return 0;
}

int load(const std::filesystem::path& folder) {
    mgan::DataSet data;
    const double time = seconds([&] { data = mgan::load_data_set(folder); });
    std::printf(
        "{\"seconds\": %.6f, \"files\": %zu, \"songs\": %zu, \"notes\": %zu, "
        "\"peak_mib\": %.1f}\n",
        time, data.files, data.songs.size(), data.notes(), bench::peak_mib());
    return 0;
}

int prepare(std::size_t count, std::int64_t length) {
    std::vector<mgan::midi::Song> songs(count);
    for (std::size_t i = 0; i < count; ++i) songs[i] = synthetic_song(i);
    const double before = bench::peak_mib();
    std::vector<std::size_t> part(count);
    for (std::size_t i = 0; i < count; ++i) part[i] = i;
    const double time = seconds([&] {
        const auto codec = mgan::encoding::Codec::fit({}, songs);
        const mgan::CropSource<float> source(songs, part, codec, length);
        if (source.size() != count) throw mgan::DataError("songs were lost");
    });
    std::printf(
        "{\"seconds\": %.6f, \"songs\": %zu, \"notes\": %zu, \"peak_mib\": %.1f, "
        "\"songs_mib\": %.1f}\n",
        time, count, count * 400, bench::peak_mib(), before);
    return 0;
}

int write(const std::filesystem::path& folder, std::size_t count) {
    std::filesystem::create_directories(folder);
    for (std::size_t i = 0; i < count; ++i)
        mgan::midi::save_song(folder / (std::to_string(i) + ".mid"), synthetic_song(i));
    std::printf("{\"files\": %zu}\n", count);
    return 0;
}

long long option(int count, char** arguments, const char* name, long long otherwise) {
    for (int i = 2; i + 1 < count; ++i) {
        if (std::strcmp(arguments[i], name) == 0) return std::atoll(arguments[i + 1]);
    }
    return otherwise;
}

}  // namespace

int main(int count, char** arguments) {
    const std::string what = count > 2 ? arguments[1] : "";
    try {
        if (what == "read")
            return read(arguments[2], static_cast<int>(option(count, arguments, "--threads", 1)));
        if (what == "load") return load(arguments[2]);
        if (what == "prepare")
            return prepare(static_cast<std::size_t>(std::atoll(arguments[2])),
                           option(count, arguments, "--length", 100));
        if (what == "write" && count > 3)
            return write(arguments[2], static_cast<std::size_t>(std::atoll(arguments[3])));
        const auto songs = static_cast<std::size_t>(count > 3 ? std::atoll(arguments[3]) : 0);
        const int threads = static_cast<int>(option(count, arguments, "--threads", 1));
        if (what == "corpus" && songs > 0) return corpus(arguments[2], songs);
        if (what == "pack" && songs > 0) return pack(arguments[2], songs, threads);
        if (what == "pack-folder" && count > 3)
            return pack_folder(arguments[2], arguments[3], threads);
        if (what == "start")
            return start(arguments[2], option(count, arguments, "--length", 100), threads);
        if (what == "start-steps")
            return start_steps(arguments[2], option(count, arguments, "--length", 100), threads);
        if (what == "crops" && songs > 0)
            return crops(arguments[2], songs,
                         static_cast<std::size_t>(option(count, arguments, "--length", 100)));
    } catch (const std::exception& error) {
        std::cerr << "bench_data: " << error.what() << '\n';
        return 1;
    }
    std::cerr << "usage: bench_data read|load FOLDER, start|start-steps DATA, prepare SONGS, "
                 "write|corpus FOLDER SONGS, pack-folder FOLDER FILE, "
                 "pack|crops FILE N\n";
    return 2;
}
