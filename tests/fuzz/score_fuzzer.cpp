// Any text at all, given to the parser of scores: it is refused with a place in the text, or it can
// be performed, and what is performed is a song that can be written as MIDI and read again.
// scripts/campaign fuzz-score builds and runs it.

#include <mgan/midi/notes.hpp>
#include <mgan/score/parser.hpp>
#include <mgan/score/performance.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void try_score(std::string_view text) {
    using namespace mgan;
    score::Score read;
    try {
        read = score::parse_score(text, "input");
    } catch (const score::ScoreError& error) {
        require(error.line() >= 1 && error.column() >= 1 && error.offset() <= text.size());
        return;
    }
    midi::Song song;
    try {
        song = score::perform(read);
    } catch (const DataError&) {
        return;  // a tie that leads nowhere
    }
    require(std::is_sorted(song.notes.begin(), song.notes.end(), midi::note_order));
    for (const midi::Note& note : song.notes) {
        require(note.onset >= 0 && note.length >= 0 && note.pitch >= 0 && note.pitch <= 127);
        require(note.velocity >= 1 && note.velocity <= 127);
    }
    std::vector<std::byte> bytes;
    try {
        bytes = midi::serialise(midi::to_midi_file(song));
    } catch (const Error&) {
        return;  // longer than a MIDI file can be
    }
    midi::ReadOptions strict;
    strict.mode = midi::ReadMode::strict;
    require(midi::to_song(midi::parse(bytes, strict).file).notes.size() == song.notes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try_score({reinterpret_cast<const char*>(data), size});
    return 0;
}
