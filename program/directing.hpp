#pragma once
/// \file
/// The words that direct a model: of `mgan generate` and `mgan play`, to the controls of a player.

#include <mgan/player.hpp>

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mgan::program {

/// What the command line says, and nothing where it says nothing.
struct DirectingOptions {
    std::optional<std::int64_t> guide;
    std::optional<std::int64_t> particles;  ///< of whole songs only
    std::optional<double> temperature;
    std::string scale, range, style, style_of, prime;
    std::int64_t transpose = 0;
    double density = 1.0;
    std::int64_t voices = 0;
    std::int64_t prime_notes = 0;
    bool with_prime = false, opening = false;
    std::vector<std::string> style_at;
    double minutes = 0.0;
    std::uint64_t seed = 1;
    std::optional<double> tempo;

    /// Whether anything is asked for that the plain songs of a model cannot give.
    [[nodiscard]] bool directs() const noexcept {
        return !scale.empty() || !range.empty() || !style.empty() || !style_of.empty() ||
               !prime.empty() || transpose != 0 || density != 1.0 || voices != 0 || minutes > 0.0 ||
               opening || !style_at.empty();
    }
};

/// A number from `low` to `high`. (CLI::Range lets nan through.)
[[nodiscard]] CLI::Validator number_within(double low, double high);

/// Songs in files may begin with the primer, and end after some minutes.
enum class DirectingFor { files, playing };
void add_directing_options(CLI::App& app, DirectingOptions& options,
                           DirectingFor what = DirectingFor::files);

/// Throws UsageError for options that need each other.
void check_directing(const DirectingOptions& options);

/// The controls that the options ask for. Throws UsageError for a word that means nothing,
/// ConfigError for what this model cannot do.
[[nodiscard]] PlayerControls controls_of(const DirectingOptions& options, const PlayerModel& model);

/// The melody of --prime, if there is one.
[[nodiscard]] std::optional<Song> primer_of(const DirectingOptions& options);

/// Song `number` of the seed (from 0) under options and controls, behind the primer.
[[nodiscard]] Player directed_player(const DirectingOptions& options, const PlayerModel& model,
                                     const PlayerControls& controls,
                                     const std::optional<Song>& primer, std::uint64_t number,
                                     PlayerOptions playing);

/// Leads the player to the end of a song of `minutes` that begins at tick `begin`, where the model
/// has learnt how songs end (step heads); else changes nothing.
void lead_to_end(Player& player, PlayerControls& controls, const PlayerModel& model,
                 std::int64_t begin, double minutes, double tempo);

/// Songs first .. first + count - 1 of the seed, of `length` notes each or of `options.minutes` at
/// `tempo` quarters a minute, under the options, behind the primer. With step heads, songs of some
/// minutes end as songs of the training do. Songs are computed `threads` at a time.
[[nodiscard]] std::vector<Song> directed_songs(const DirectingOptions& options,
                                               const PlayerModel& model,
                                               const std::optional<Song>& primer,
                                               std::int64_t count, std::int64_t length,
                                               double tempo, int threads, std::int64_t first);

/// The song of a MIDI file that others are to go on from, or to be like.
[[nodiscard]] Song song_of_file(const std::string& file);

}  // namespace mgan::program
