#pragma once
/// \file
/// The words of the step encoding: for each component of an event, the list of values it may take.
///
/// A net that draws numbers from a softmax needs a finite list to draw from. Times and velocities
/// have no natural one, so it is read off the training songs, and what is not in it goes to its
/// nearest neighbour. An event is then a handful of indices, drawn one after the other:
///
///     move      0: at the onset of the last event, 1: a new onset
///     gap       grid steps from this onset to the next *different* one: notes of a chord share it
///     pitch     MIDI number
///     length    grid steps
///     velocity  MIDI number
///     label     anything else that is named, not measured (a channel, an instrument)
///
/// Why the gap looks forward: a note's length is then drawn knowing when the next onset comes, and
/// legato is simply length = gap. The time since the last onset, which other encodings write down,
/// is the last event's gap on a move and 0 otherwise.
///
/// The rule for times (gap and length), in grid steps:
///
///     1. of the values up to 8 quarters, those with a share of at least 1/2000, and of these the
///        96 most frequent (of equally frequent ones the shorter);
///     2. 1, and the longest value that occurs, at most 8 quarters;
///     3. between neighbours further apart than one step and a ratio of 5/4, values are filled in,
///        each within this reach of the one before: the greatest multiple of a quarter if there is
///        one, else of an eighth, else of a sixteenth, else the greatest.
///
/// So a rhythm that the corpus uses comes back exactly, on a coarse grid or in a pianist's hands on
/// a fine one, and no other time is off by more than an eighth of itself. Pitches are all of 0 to
/// 127. Velocities are those with a share of at least 1/2000.

#include <mgan/core/error.hpp>
#include <mgan/core/version.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// Most components of an event, and most values of one component.
inline constexpr std::size_t kMaxComponents = 8;
inline constexpr std::size_t kMaxComponentValues = 255;

/// What the values of a component are.
enum class ComponentKind { move, gap, pitch, length, velocity, label };

/// The name in files: "move", "gap", "pitch", "length", "velocity", "label".
[[nodiscard]] constexpr std::string_view name(ComponentKind kind) noexcept {
    constexpr std::array<std::string_view, 6> names = {"move",   "gap",      "pitch",
                                                       "length", "velocity", "label"};
    return names[static_cast<std::size_t>(kind)];
}

/// The reverse of `name`. Throws ConfigError for another word.
[[nodiscard]] inline ComponentKind component_kind(std::string_view word) {
    for (int i = 0; i < 6; ++i)
        if (const auto kind = static_cast<ComponentKind>(i); word == name(kind)) return kind;
    fail<ConfigError>("encoding: unknown kind of component \"", word,
                      "\"; it is one of move, gap, pitch, length, velocity, label");
}

/// One component of an event, and its values in ascending order.
struct StepComponent {
    std::string name;
    ComponentKind kind = ComponentKind::label;
    std::vector<std::int32_t> values;

    friend bool operator==(const StepComponent&, const StepComponent&) = default;
};

/// How value lists are read off songs; the rule stands at the head of this file.
struct StepVocabularyOptions {
    std::int64_t grid_ticks = 24;       ///< ticks of a grid step; a divisor of 96
    double least_share = 0.0005;        ///< a value that is rarer goes to its neighbour; 0 .. 1
    std::size_t most_times = 96;        ///< most values kept for their frequency; 1 .. 128
    double most_ratio = 1.25;           ///< neighbouring times are no further apart; 1.1 .. 4
    std::int64_t longest_quarters = 8;  ///< the end of the time lists, in quarters; 1 .. 16
};

/// The components of an event in the order in which they are drawn. Immutable; a value type; all of
/// it may be used from many threads.
class StepVocabulary {
public:
    /// From the parts of a model file.
    ///
    /// Throws ConfigError unless the first component is the move (values 0, 1) and the second the
    /// gap, pitch (values 0 .. 127), length and velocity (values within 1 .. 127) follow once each,
    /// times lie within 1 .. 16 quarters, every list ascends and holds 1 to 255 values, there are
    /// at most 8 components, and `grid_ticks` divides 96, so that quarters of a quarter note lie on
    /// the grid.
    StepVocabulary(std::int64_t grid_ticks, std::vector<StepComponent> components)
        : grid_ticks_(grid_ticks), components_(std::move(components)) {
        check();
        for (std::size_t c = 0; c < components_.size(); ++c) {
            const ComponentKind kind = components_[c].kind;
            if (kind == ComponentKind::pitch) pitch_ = c;
            if (kind == ComponentKind::length) length_ = c;
            if (kind == ComponentKind::velocity) velocity_ = c;
        }
    }

    /// Reads the lists off songs: their notes in `midi::note_order`, onsets and lengths multiples
    /// of the grid (`prepare_steps` gives such songs). A gap counts once an onset, all else once a
    /// note. Throws DataError if there is no note, ConfigError for options out of range.
    [[nodiscard]] static StepVocabulary fit(std::span<const midi::Song> songs,
                                            const StepVocabularyOptions& options = {}) {
        return fit(
            songs.size(), [&](std::size_t i) -> const midi::Song& { return songs[i]; }, options);
    }

    /// The same of songs that need not be in memory together: song_of(0) .. song_of(count - 1), one
    /// after the other.
    template <typename SongOf>
    [[nodiscard]] static StepVocabulary fit(std::size_t count, SongOf&& song_of,
                                            const StepVocabularyOptions& options = {});

    [[nodiscard]] std::int64_t grid_ticks() const noexcept { return grid_ticks_; }
    /// Grid steps of a quarter note; a multiple of 4.
    [[nodiscard]] std::int32_t quarter_steps() const noexcept {
        return static_cast<std::int32_t>(midi::kTicksPerQuarter / grid_ticks_);
    }
    /// Grid steps after which metres of two, three and four quarters begin together: 12 quarters.
    [[nodiscard]] std::int32_t phase_steps() const noexcept { return 12 * quarter_steps(); }

    [[nodiscard]] std::span<const StepComponent> components() const noexcept { return components_; }
    /// Number of components.
    [[nodiscard]] std::size_t size() const noexcept { return components_.size(); }

    /// Where the component of each kind stands.
    [[nodiscard]] static constexpr std::size_t move() noexcept { return 0; }
    [[nodiscard]] static constexpr std::size_t gap() noexcept { return 1; }
    [[nodiscard]] std::size_t pitch() const noexcept { return pitch_; }
    [[nodiscard]] std::size_t length() const noexcept { return length_; }
    [[nodiscard]] std::size_t velocity() const noexcept { return velocity_; }

    /// Value `index` of a component. Precondition: both exist.
    [[nodiscard]] std::int32_t value(std::size_t component, std::int16_t index) const noexcept {
        return components_[component].values[static_cast<std::size_t>(index)];
    }

    /// The index of the value nearest to `value`; of two equally near ones the lower.
    /// Precondition: the component exists.
    [[nodiscard]] std::int16_t nearest(std::size_t component, std::int64_t value) const noexcept {
        const std::vector<std::int32_t>& values = components_[component].values;
        const auto above = std::lower_bound(values.begin(), values.end(), value);
        auto best = above;
        if (above == values.end() ||
            (above != values.begin() && value - *(above - 1) <= *above - value))
            --best;
        return static_cast<std::int16_t>(best - values.begin());
    }

    friend bool operator==(const StepVocabulary&, const StepVocabulary&) = default;

private:
    void check() const {
        require<ConfigError>(grid_ticks_ >= 1 && 96 % grid_ticks_ == 0,
                             "StepVocabulary: grid_ticks is ", grid_ticks_, ", it must divide 96");
        require<ConfigError>(
            components_.size() >= 5 && components_.size() <= kMaxComponents &&
                components_[0].kind == ComponentKind::move &&
                components_[1].kind == ComponentKind::gap,
            "StepVocabulary: ", components_.size(),
            " components; there must be 5 to 8, and the first two are move and gap");
        for (const ComponentKind kind :
             {ComponentKind::move, ComponentKind::gap, ComponentKind::pitch, ComponentKind::length,
              ComponentKind::velocity}) {
            const auto count =
                std::count_if(components_.begin(), components_.end(),
                              [kind](const StepComponent& each) { return each.kind == kind; });
            require<ConfigError>(count == 1, "StepVocabulary: ", count, " components of kind ",
                                 encoding::name(kind), ", there must be 1");
        }
        for (const StepComponent& each : components_) check(each);
    }

    void check(const StepComponent& component) const {
        const std::vector<std::int32_t>& values = component.values;
        require<ConfigError>(!values.empty() && values.size() <= kMaxComponentValues,
                             "StepVocabulary: component ", component.name, " has ", values.size(),
                             " values, it must have 1 to ", kMaxComponentValues);
        require<ConfigError>(std::adjacent_find(values.begin(), values.end(),
                                                std::greater_equal<>()) == values.end(),
                             "StepVocabulary: the values of ", component.name,
                             " must ascend, each once");
        bool fits = true;
        switch (component.kind) {
            case ComponentKind::move:
                fits = values == std::vector<std::int32_t>{0, 1};
                break;
            case ComponentKind::pitch:
                fits = values.size() == 128 && values.front() == 0 && values.back() == 127;
                break;
            case ComponentKind::velocity:
                fits = values.front() >= 1 && values.back() <= 127;
                break;
            case ComponentKind::gap:
            case ComponentKind::length:
                fits = values.front() >= 1 && values.back() <= 16 * quarter_steps();
                break;
            case ComponentKind::label:
                break;
        }
        require<ConfigError>(fits, "StepVocabulary: the values of ", component.name, ", ",
                             values.front(), " to ", values.back(), ", are not those of its kind, ",
                             encoding::name(component.kind));
    }

    std::int64_t grid_ticks_;
    std::vector<StepComponent> components_;
    std::size_t pitch_ = 2, length_ = 3, velocity_ = 4;
};

/// The rule of the head, on counts: `count[v]` is how often the time v occurred, v = 0 .. longest;
/// longer ones are counted at `longest`. Times of 0 do not count. The list is never empty.
/// Precondition: the options are in range.
[[nodiscard]] inline std::vector<std::int32_t> time_values(std::span<const std::int64_t> count,
                                                           const StepVocabularyOptions& options) {
    std::int64_t all = 0;
    std::int32_t longest = 1;
    std::vector<std::int32_t> frequent;
    for (std::size_t v = 1; v < count.size(); ++v) all += count[v];
    for (std::size_t v = 1; v < count.size(); ++v) {
        if (count[v] == 0) continue;
        longest = static_cast<std::int32_t>(v);
        if (static_cast<double>(count[v]) >= options.least_share * static_cast<double>(all))
            frequent.push_back(longest);
    }
    std::stable_sort(frequent.begin(), frequent.end(), [&](std::int32_t a, std::int32_t b) {
        return count[static_cast<std::size_t>(a)] > count[static_cast<std::size_t>(b)];
    });
    frequent.resize(std::min(frequent.size(), options.most_times));
    frequent.push_back(1);
    frequent.push_back(longest);
    std::sort(frequent.begin(), frequent.end());
    frequent.erase(std::unique(frequent.begin(), frequent.end()), frequent.end());

    const auto quarter = static_cast<std::int32_t>(midi::kTicksPerQuarter / options.grid_ticks);
    std::vector<std::int32_t> values;
    for (const std::int32_t next : frequent) {
        while (!values.empty()) {
            const std::int32_t last = values.back();
            const auto reach = std::max(
                last + 1, static_cast<std::int32_t>(std::floor(last * options.most_ratio)));
            if (next <= reach) break;
            // A rare time is most likely to end on a beat.
            for (const std::int32_t beat : {quarter, quarter / 2, quarter / 4, 1}) {
                if (reach / beat * beat <= last) continue;
                values.push_back(reach / beat * beat);
                break;
            }
        }
        values.push_back(next);
    }
    return values;
}

template <typename SongOf>
StepVocabulary StepVocabulary::fit(std::size_t count, SongOf&& song_of,
                                   const StepVocabularyOptions& options) {
    const std::int64_t grid = options.grid_ticks;
    require<ConfigError>(grid >= 1 && 96 % grid == 0, "StepVocabulary::fit: grid_ticks is ", grid,
                         ", it must divide 96");
    require<ConfigError>(options.least_share >= 0.0 && options.least_share < 1.0 &&
                             options.most_times >= 1 && options.most_times <= 128 &&
                             options.most_ratio >= 1.1 && options.most_ratio <= 4.0 &&
                             options.longest_quarters >= 1 && options.longest_quarters <= 16,
                         "StepVocabulary::fit: an option is out of range: least_share ",
                         options.least_share, " (0 to 1), most_times ", options.most_times,
                         " (1 to 128), most_ratio ", options.most_ratio,
                         " (1.1 to 4), longest_quarters ", options.longest_quarters, " (1 to 16)");
    const std::int64_t longest = options.longest_quarters * midi::kTicksPerQuarter / grid;
    std::vector<std::int64_t> gaps(static_cast<std::size_t>(longest) + 1);
    std::vector<std::int64_t> lengths(gaps.size());
    std::array<std::int64_t, 128> velocities{};
    std::int64_t notes = 0;
    const auto add = [&](std::vector<std::int64_t>& counts, std::int64_t ticks) {
        ++counts[static_cast<std::size_t>(std::clamp<std::int64_t>(ticks / grid, 0, longest))];
    };
    for (std::size_t s = 0; s < count; ++s) {
        const midi::Song& song = song_of(s);
        for (std::size_t i = 0; i < song.notes.size(); ++i) {
            const midi::Note& note = song.notes[i];
            if (i > 0 && note.onset > song.notes[i - 1].onset)
                add(gaps, note.onset - song.notes[i - 1].onset);
            add(lengths, note.length);
            ++velocities[static_cast<std::size_t>(std::clamp(note.velocity, 1, 127))];
            ++notes;
        }
    }
    require<DataError>(notes > 0, "StepVocabulary::fit: the songs have no notes");

    std::vector<StepComponent> components = {{"move", ComponentKind::move, {0, 1}},
                                             {"gap", ComponentKind::gap, {}},
                                             {"pitch", ComponentKind::pitch, {}},
                                             {"length", ComponentKind::length, {}},
                                             {"velocity", ComponentKind::velocity, {}}};
    // The last onset of a song has no gap; it is written as a quarter note.
    add(gaps, midi::kTicksPerQuarter);
    components[1].values = time_values(gaps, options);
    components[2].values.resize(128);
    std::iota(components[2].values.begin(), components[2].values.end(), 0);
    components[3].values = time_values(lengths, options);
    for (std::int32_t v = 1; v < 128; ++v) {
        const std::int64_t times = velocities[static_cast<std::size_t>(v)];
        if (times > 0 &&
            static_cast<double>(times) >= options.least_share * static_cast<double>(notes))
            components[4].values.push_back(v);
    }
    if (components[4].values.empty()) {  // a share that no velocity has: the most frequent one
        const auto most = std::max_element(velocities.begin(), velocities.end());
        components[4].values.push_back(static_cast<std::int32_t>(most - velocities.begin()));
    }
    return StepVocabulary(grid, std::move(components));
}

}  // namespace mgan::inline MGAN_ABI::encoding
