// The way from MIDI files to what a training reads.
//
//     bench_data read FOLDER [--threads N]      every file: bytes -> events -> notes
//     bench_data load FOLDER                    load_data_set, as the program does it
//     bench_data prepare SONGS [--length T]     synthetic songs: codec fitted, all songs encoded
//     bench_data write FOLDER SONGS             writes synthetic songs as MIDI files
//
// Prints one JSON object: seconds, and with it files, bytes, notes, the most memory held.

#include "peak_memory.hpp"

#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/dataset/crops.hpp>
#include <mgan/dataset/load_data_set.hpp>
#include <mgan/encoding/codec.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/midi/writer.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace {

template <typename Work>
double seconds(Work&& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
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
    } catch (const std::exception& error) {
        std::cerr << "bench_data: " << error.what() << '\n';
        return 1;
    }
    std::cerr << "usage: bench_data read|load FOLDER, prepare SONGS, write FOLDER SONGS\n";
    return 2;
}
