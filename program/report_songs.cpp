#include "report_songs.hpp"

#include "data.hpp"
#include "html.hpp"
#include "piano_roll.hpp"
#include "report_figures.hpp"
#include "report_plots.hpp"
#include "sound.hpp"
#include "sound_file.hpp"

#include <mgan/core/parallel.hpp>
#include <mgan/metrics/song_metrics.hpp>

#include <algorithm>

namespace mgan::program {

namespace {

/// One song's place on the page.
struct Shown {
    const NamedSong* song = nullptr;
    std::string title;
    std::string colour;
    std::string sound;  ///< an Ogg file; "" where there is none
    bool cut = false;   ///< it goes on behind what is played
};

/// The sounds of all songs, each computed by one thread; those that the page has no room for are
/// dropped, the last first. Returns how many those are.
std::size_t make_sounds(std::vector<Shown>& songs, const SongOptions& options) {
    if (!sound_files_missing("song.ogg").empty()) return 0;
    parallel_for(static_cast<std::ptrdiff_t>(songs.size()), options.threads, [&](std::ptrdiff_t i) {
        Shown& shown = songs[static_cast<std::size_t>(i)];
        shown.sound = small_ogg(shown.song->song, options.seconds);
        shown.cut = sound_seconds(shown.song->song) > options.seconds;
    });
    std::size_t used = 0, dropped = 0;
    for (Shown& shown : songs) {
        const std::size_t size = (shown.sound.size() + 2) / 3 * 4;
        if (used + size > options.sound_bytes) {
            shown.sound.clear();
            ++dropped;
        } else {
            used += size;
        }
    }
    return dropped;
}

std::string show(const Shown& shown, const SongOptions& options) {
    const midi::Song& song = shown.song->song;
    const metrics::SongMetrics measured = metrics::compute(song);
    const std::string facts = concat(
        measured.notes, " notes, ", measured.unique_tones, " pitches, ",
        measured.scale_consistency ? fixed(100.0 * *measured.scale_consistency, 0) : "-",
        " % in one scale, ", measured.polyphony ? fixed(100.0 * *measured.polyphony, 0) : "-",
        " % of onsets are chords");
    std::string content =
        picture(piano_roll(song, shown.colour), concat("Piano roll of ", shown.title, ": ", facts));
    if (!shown.sound.empty())
        content += concat("<audio controls preload=\"none\" aria-label=\"", escaped(shown.title),
                          "\" src=\"data:audio/ogg;base64,", base64(shown.sound), "\"></audio>");
    return figure(content, concat("<b>", escaped(shown.title), "</b>: ", escaped(facts),
                                  shown.cut ? concat("; the first ", fixed(options.seconds, 0),
                                                     " seconds are played")
                                            : std::string()));
}

}  // namespace

std::string song_section(std::span<const RunStory> stories, const SongOptions& options) {
    constexpr const char* kRealColour = "#2e9e6b";
    const bool alone = stories.size() == 1;
    // In the order in which sound is worth its bytes: pair by pair, then the rest.
    std::vector<Shown> pairs, more;
    for (std::size_t run = 0; run < stories.size(); ++run) {
        const RunStory& story = stories[run];
        const std::string prefix = alone ? "" : run_letter(run) + ": ";
        const std::size_t generated = std::min(story.generated.size(), options.of_each_run);
        // Real songs are shown once, with the first run that has any.
        const bool has_real =
            std::none_of(stories.begin(), stories.begin() + static_cast<std::ptrdiff_t>(run),
                         [](const RunStory& other) { return !other.real.empty(); });
        const std::size_t real = has_real ? std::min(story.real.size(), options.of_each_run) : 0;
        for (std::size_t i = 0; i < std::max(generated, real); ++i) {
            std::vector<Shown>& where = i < real || !alone ? pairs : more;
            if (i < generated)
                where.push_back({&story.generated[i],
                                 concat(prefix, "generated, ", story.generated[i].name),
                                 kColours[run % kColours.size()],
                                 {}});
            if (i < real) {
                const std::string& title = story.real[i].song.title;
                where.push_back({&story.real[i],
                                 concat("real, ", title.empty() ? story.real[i].name : title),
                                 kRealColour,
                                 {}});
            }
        }
    }
    if (pairs.empty()) std::swap(pairs, more);
    if (pairs.empty()) return "";
    const std::size_t shown_first = pairs.size();
    std::vector<Shown> all = std::move(pairs);
    all.insert(all.end(), more.begin(), more.end());
    const std::size_t dropped = make_sounds(all, options);

    std::string out =
        "<section>\n<h2>Songs</h2>\n<p class=\"soft\">Each bar is a note: time to the right in "
        "quarter notes, pitch upwards (C4 is the middle C), the louder the stronger. Real songs "
        "are "
        "cut to the length of generated ones; they were not learnt from.</p>\n";
    const std::string missing = sound_files_missing("song.ogg");
    if (!missing.empty())
        out += concat("<p class=\"note\">No players: ", escaped(missing), ".</p>\n");
    if (dropped > 0)
        out += concat("<p class=\"note\">", dropped,
                      " songs have no player, to keep the page small; mgan render plays "
                      "them.</p>\n");
    out += "<div class=\"pairs\">\n";
    for (std::size_t i = 0; i < shown_first; ++i) out += show(all[i], options);
    out += "</div>\n";
    if (all.size() > shown_first) {
        out += concat("<details><summary>", all.size() - shown_first,
                      " more generated songs</summary>\n<div class=\"pairs\">\n");
        for (std::size_t i = shown_first; i < all.size(); ++i) out += show(all[i], options);
        out += "</div>\n</details>\n";
    }
    return out + "</section>\n";
}

}  // namespace mgan::program
