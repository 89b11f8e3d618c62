#include <mgan/encoding/codec.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/notes.hpp>
#include <support/catch.hpp>

#include <filesystem>

using namespace mgan::encoding;
using mgan::midi::Song;

TEST_CASE("Real songs come back exactly from float rows, in every normalisation") {
    const std::filesystem::path folder = std::string(MGAN_SHARED_DATA) + "/data/corpus/mutopia";
    if (!std::filesystem::exists(folder)) MGAN_SKIP("no corpus of real songs");
    std::vector<Song> songs;
    for (const auto& path : mgan::midi::find_midi_files(folder))
        for (Song& song : mgan::midi::load_songs(path)) songs.push_back(std::move(song));
    REQUIRE(songs.size() > 100);
    for (const auto normalisation :
         {NormalisationKind::none, NormalisationKind::minmax, NormalisationKind::zscore,
          NormalisationKind::log, NormalisationKind::cdf}) {
        EncodingSettings options;
        options.normalisation = normalisation;
        const Codec codec = Codec::fit(options, songs);
        std::size_t different = 0;
        for (const Song& song : songs)
            if (codec.decode(codec.encode<float>(song)).notes != prepare(song, options).notes)
                ++different;
        INFO(name(normalisation));
        CHECK(different == 0);
    }
}
