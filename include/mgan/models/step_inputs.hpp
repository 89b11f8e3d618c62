#pragma once
/// \file
/// What a step-quantile generator reads: for each event a column of small integers and numbers.
///
/// The net knows no songs. Whoever listens to one (encoding/step_listener.hpp) writes here what was
/// heard before event t, and, where the event is known already, the event itself:
///
///     column t B + b      sources    S events that event t may repeat, each C value indices
///                         phases     where in the quarter the last onset, the next and the new lie
///                         numbers    M numbers of size about 1; the last ones are asked for
///                         counts     how often each value was used: log(1 + n) / 2
///                         sounding   the 128 keys that sound at the new onset
///                         key sets   K sets of keys that have a role at the new onset
///                         limits     the values of a component that are open: [first, last]
///                         classes    of the pitches among these, the pitch classes that are open
///                         full       whether no further key may sound at the last onset
///                         hold       steps: if the gap is less, the length is the gap at most
///                         releases   E moments that are near, as ends of sounding notes: the gap,
///                                    the length up to there
///                         event      C value indices
///
/// C components are drawn one after the other (`StepShape`); each is an index into its own list of
/// values.

#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What a component means, and so what its head may look at.
enum class StepKind {
    move,      ///< 0: at the onset of the event before; 1: at a new one
    gap,       ///< steps from the new onset to the next different one; drawn only after a move
    pitch,     ///< a MIDI number
    length,    ///< steps
    velocity,  ///< loudness, as an index into the velocities in use
    label,     ///< anything else: a channel, an instrument, a hand
};

/// One component of an event.
struct StepComponentShape {
    StepKind kind = StepKind::label;
    std::vector<std::int32_t> values;  ///< gap and length: in steps; pitch: MIDI numbers
    [[nodiscard]] Index size() const noexcept { return static_cast<Index>(values.size()); }
};

/// The sizes of a step-quantile generator that follow from its vocabulary and its listener.
struct StepShape {
    std::vector<StepComponentShape> components;  ///< C, in the order in which they are drawn
    Index quarter = 16;                          ///< Q, steps of a quarter
    Index sources = 11;                          ///< S
    Index input_sources = 4;  ///< of these, how many the LSTM reads; all go to the copy rows
    Index numbers = 0;        ///< M
    Index style = 0;          ///< the last numbers, what is asked for: heads read them, too
    Index so_far = 0;         ///< the numbers before them: what the song is so far
    Index facts = 0;          ///< numbers about the event itself, for the discriminator
    Index sets = 0;           ///< numbers about the sets of values so far, for the discriminator
    Index releases = 0;       ///< E
    Index key_sets = 0;       ///< K
    /// Sources that stand for a voice: harmony and loudness are measured by them.
    std::vector<Index> voice_sources{};
    /// Sources from whose pitch the interval kernels count: the last event and those before it.
    std::vector<Index> interval_sources = {0, 4, 5, 6, 7, 8, 9, 10};

    [[nodiscard]] Index count() const noexcept { return static_cast<Index>(components.size()); }
    /// The component of a kind, or -1.
    [[nodiscard]] Index find(StepKind kind) const noexcept {
        for (Index c = 0; c < count(); ++c)
            if (components[static_cast<std::size_t>(c)].kind == kind) return c;
        return -1;
    }
    /// Rows of `StepInputs::counts` before those of component c.
    [[nodiscard]] Index counts_before(Index c) const noexcept {
        Index rows = 0;
        for (Index i = 0; i < c; ++i) rows += components[static_cast<std::size_t>(i)].size();
        return rows;
    }
};

/// `StepInputs::classes` where every pitch class is open.
inline constexpr std::uint16_t kEveryClass = 0xFFF;

/// Value that stands for "there is none" among value indices.
inline constexpr std::int16_t kNoValue = -1;

/// The columns of a batch of sequences, or of any number of events. Owns its memory; `resize`
/// within what was once allocated allocates nothing.
template <typename Scalar>
struct StepInputs {
    /// Room for N columns of this shape. Values are unspecified afterwards, but for `classes`,
    /// `full`, `hold`, `releases` and `key_sets`: all is open, nothing ends, the sets are empty.
    void resize(const StepShape& shape, Index columns) {
        columns_ = columns;
        components_ = shape.count();
        sources_ = shape.sources;
        releases_ = shape.releases;
        key_sets_ = shape.key_sets;
        const auto n = static_cast<std::size_t>(columns);
        const auto c = static_cast<std::size_t>(components_);
        sources.resize(n * static_cast<std::size_t>(sources_) * c);
        phase.resize(n);
        next_phase.resize(n);
        new_phase.resize(n);
        first.resize(n);
        sounding.resize(n);
        classes.assign(n, kEveryClass);
        full.assign(n, 0);
        hold.assign(n, 0);
        releases.assign(n * static_cast<std::size_t>(releases_), {});
        key_sets.assign(n * static_cast<std::size_t>(key_sets_), {});
        limits.resize(n * c);
        event.resize(n * c);
        numbers.resize(shape.numbers, columns);
        counts.resize(shape.counts_before(components_), columns);
        facts.resize(shape.facts, columns);
        sets.resize(shape.sets, columns);
    }

    [[nodiscard]] Index components() const noexcept { return components_; }
    [[nodiscard]] Index columns() const noexcept { return columns_; }

    /// Column `column` becomes column `from` of `other`, which has the same shape.
    void copy_column(Index column, const StepInputs& other, Index from) {
        const auto to_at = static_cast<std::size_t>(column), at = static_cast<std::size_t>(from);
        const auto copy = [&](auto& to, const auto& all, Index count) {
            const auto n = static_cast<std::size_t>(count);
            std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(at * n), n,
                        to.begin() + static_cast<std::ptrdiff_t>(to_at * n));
        };
        copy(sources, other.sources, sources_ * components_);
        copy(limits, other.limits, components_);
        copy(releases, other.releases, releases_);
        copy(key_sets, other.key_sets, key_sets_);
        copy(event, other.event, components_);
        phase[to_at] = other.phase[at];
        next_phase[to_at] = other.next_phase[at];
        new_phase[to_at] = other.new_phase[at];
        first[to_at] = other.first[at];
        sounding[to_at] = other.sounding[at];
        classes[to_at] = other.classes[at];
        full[to_at] = other.full[at];
        hold[to_at] = other.hold[at];
        numbers.col(column) = other.numbers.col(from);
        counts.col(column) = other.counts.col(from);
        facts.col(column) = other.facts.col(from);
        sets.col(column) = other.sets.col(from);
    }

    /// Component c of source s in a column.
    [[nodiscard]] std::int16_t& source(Index column, Index s, Index c) noexcept {
        return sources[place(column, s, c)];
    }
    [[nodiscard]] std::int16_t source(Index column, Index s, Index c) const noexcept {
        return sources[place(column, s, c)];
    }
    /// Component c of the event of a column.
    [[nodiscard]] std::int16_t& value(Index column, Index c) noexcept {
        return event[static_cast<std::size_t>(column * components_ + c)];
    }
    [[nodiscard]] std::int16_t value(Index column, Index c) const noexcept {
        return event[static_cast<std::size_t>(column * components_ + c)];
    }
    /// The open values of component c in a column: first and last index.
    using Limits = std::array<std::int16_t, 2>;
    [[nodiscard]] Limits& limit(Index column, Index c) noexcept {
        return limits[static_cast<std::size_t>(column * components_ + c)];
    }
    [[nodiscard]] const Limits& limit(Index column, Index c) const noexcept {
        return limits[static_cast<std::size_t>(column * components_ + c)];
    }

    /// When a note that sounds ends, seen from the new onset: value indices of gap and length.
    struct Release {
        std::int16_t gap = kNoValue, length = kNoValue;
    };
    [[nodiscard]] Release& release(Index column, Index e) noexcept {
        return releases[static_cast<std::size_t>(column * releases_ + e)];
    }
    [[nodiscard]] const Release& release(Index column, Index e) const noexcept {
        return releases[static_cast<std::size_t>(column * releases_ + e)];
    }

    /// Bit p of a column: key p sounds at the new onset.
    using Keys = std::array<std::uint64_t, 2>;
    [[nodiscard]] Keys& key_set(Index column, Index k) noexcept {
        return key_sets[static_cast<std::size_t>(column * key_sets_ + k)];
    }
    [[nodiscard]] const Keys& key_set(Index column, Index k) const noexcept {
        return key_sets[static_cast<std::size_t>(column * key_sets_ + k)];
    }

    std::vector<std::int16_t> sources;
    std::vector<std::int16_t> phase, next_phase, new_phase;
    std::vector<std::uint8_t> first;  ///< 1: the first event of a song, which has no move
    std::vector<Keys> sounding;
    std::vector<std::uint16_t> classes;  ///< bit c: pitch class c
    std::vector<std::uint8_t> full;      ///< 1: it is
    std::vector<std::int32_t> hold;
    std::vector<Release> releases;
    std::vector<Keys> key_sets;
    std::vector<Limits> limits;
    std::vector<std::int16_t> event;
    Matrix<Scalar> numbers;  ///< M x N
    Matrix<Scalar> counts;   ///< all components' values, one below the other, x N
    Matrix<Scalar> facts;    ///< about the event, with it known
    Matrix<Scalar> sets;     ///< about all events up to this one

private:
    [[nodiscard]] std::size_t place(Index column, Index s, Index c) const noexcept {
        return static_cast<std::size_t>((column * sources_ + s) * components_ + c);
    }

    Index columns_ = 0, components_ = 0, sources_ = 0, releases_ = 0, key_sets_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
