#include "copied.hpp"

#include "data.hpp"
#include "program.hpp"

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/training/evaluation.hpp>

#include <algorithm>
#include <iostream>
#include <numeric>

namespace mgan::program {

std::vector<judging::JudgedSong> judged_songs(const DataSet& data,
                                              std::span<const std::size_t> songs) {
    std::vector<judging::JudgedSong> judged;
    midi::Song memory;
    const Songs all = data.view();
    for (const std::size_t song : songs)
        judged.push_back(judging::judged_song(all.get(song, memory), data.names[song]));
    return judged;
}

std::vector<judging::JudgedSong> judged_songs(const DataSet& data) {
    std::vector<std::size_t> all(data.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return judged_songs(data, all);
}

judging::Copying copying_of(const DataSet& data, std::span<const std::size_t> learnt,
                            std::span<const std::size_t> others,
                            const std::vector<judging::JudgedSong>& generated) {
    const auto some_of = [&](std::span<const std::size_t> songs) {
        std::vector<std::size_t> some;
        for (const std::size_t place : sample_places(songs.size(), kMostSearched))
            some.push_back(songs[place]);
        return judged_songs(data, some);
    };
    return judging::copying(some_of(learnt), some_of(others), generated);
}

Json json_of(const judging::Copying& copying) {
    Json copied = Json::object();
    for (const judging::Copying::Shares& shares : copying.shares)
        copied[std::to_string(shares.length)] = {{"real", shares.real},
                                                 {"generated", shares.generated}};
    return copied;
}

Json json_of(const judging::CopiedPassage& passage) {
    Json object = {{"notes", passage.notes}};
    if (passage.notes == 0) return object;
    object["generated"] = printable(passage.generated);
    object["generated_note"] = passage.generated_begin + 1;
    object["training"] = printable(passage.training);
    object["training_note"] = passage.training_begin + 1;
    return object;
}

void print_copying(const judging::Copying& copying) {
    const auto column = [](const std::string& text, std::size_t width) {
        return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
    };
    std::cout << "Copied from the songs to learn from   real   generated\n";
    for (const judging::Copying::Shares& shares : copying.shares) {
        std::string passages = concat("  passages of ", shares.length + 1, " notes");
        passages.resize(std::max<std::size_t>(34, passages.size()), ' ');
        std::cout << passages << column(fixed(100.0 * shares.real, 1) + " %", 8)
                  << column(fixed(100.0 * shares.generated, 1) + " %", 12) << '\n';
    }
    const judging::CopiedPassage& longest = copying.longest;
    if (longest.notes > 0)
        std::cout << "  longest: " << longest.notes << " notes, from note "
                  << longest.generated_begin + 1 << " of " << printable(longest.generated)
                  << ", as from note " << longest.training_begin + 1 << " of "
                  << printable(longest.training) << '\n';
}

void save_copied(const RunFiles& run, const DataSet& data, std::span<const std::size_t> learnt,
                 std::span<const std::size_t> held) {
    const bool known =
        held.empty() || std::equal(held.begin(), held.end(), learnt.begin(),
                                   learnt.end());  // too few songs to keep some apart
    const judging::Copying copying =
        copying_of(data, learnt, known ? std::span<const std::size_t>{} : held,
                   judged_songs(load_data_set(run.songs())));
    Json copied = json_of(copying);
    if (known)
        for (const std::size_t length : judging::kPassages)
            copied[std::to_string(length)]["real"] = nullptr;
    copied["longest"] = json_of(copying.longest);
    const std::string text = copied.dump(2) + "\n";
    write_file_atomically(copied_facts(run), std::as_bytes(std::span(text)));
}

}  // namespace mgan::program
