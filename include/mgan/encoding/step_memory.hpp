#pragma once
/// \file
/// The last events of a song, by their number and by how far back they lie.
///
/// A ring of fixed size: nothing allocates after construction, however long the song goes on.

#include <mgan/core/version.hpp>
#include <mgan/encoding/step_events.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// Events are counted back from the last one, which is 0; distances are in grid steps, back from
/// the last onset.
class StepMemory {
public:
    /// What a search finds where there is nothing.
    static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

    /// Remembers so many events: a power of two.
    explicit StepMemory(std::size_t most) : ring_(most) {}

    /// Forgets all, and begins at onset 0.
    void reset() noexcept { heard_ = onset_ = 0; }

    /// The next events begin so many grid steps later.
    void move(std::int32_t steps) noexcept { onset_ += static_cast<std::uint32_t>(steps); }
    /// An event at the last onset.
    void add(const StepEvent& event) noexcept {
        ring_[heard_ & (ring_.size() - 1)] = {event, onset_};
        // At twice the size it starts over at once the size: both mean "full", at one place.
        if (++heard_ == 2 * ring_.size()) heard_ = static_cast<std::uint32_t>(ring_.size());
    }

    [[nodiscard]] bool empty() const noexcept { return heard_ == 0; }
    /// Events that are remembered.
    [[nodiscard]] std::size_t size() const noexcept {
        return std::min<std::size_t>(heard_, ring_.size());
    }
    /// Of the last event, from the start; may wrap around.
    [[nodiscard]] std::uint32_t onset() const noexcept { return onset_; }
    /// The event `k` before the last one. Precondition, here and below: k < size().
    [[nodiscard]] const StepEvent& back(std::size_t k) const noexcept { return place(k).event; }
    /// How far back it lies.
    [[nodiscard]] std::int32_t distance(std::size_t k) const noexcept {
        return static_cast<std::int32_t>(onset_ - place(k).onset);
    }

    /// The first event that lies so far back; `kNowhere` if none does (distances below 0 lie
    /// ahead).
    [[nodiscard]] std::size_t first_at(std::int32_t steps) const noexcept {
        const std::size_t count = within(steps);
        return count > 0 && distance(count - 1) == steps ? count - 1 : kNowhere;
    }
    /// The last one.
    [[nodiscard]] std::size_t last_at(std::int32_t steps) const noexcept {
        const std::size_t count = within(steps - 1);
        return count < size() && distance(count) == steps ? count : kNowhere;
    }

private:
    struct Place {
        StepEvent event;
        std::uint32_t onset = 0;
    };

    [[nodiscard]] const Place& place(std::size_t k) const noexcept {
        return ring_[(heard_ - 1 - k) & (ring_.size() - 1)];
    }
    /// How many events lie no further back: distances grow with k.
    [[nodiscard]] std::size_t within(std::int32_t steps) const noexcept {
        std::size_t low = 0, high = size();
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (distance(middle) <= steps)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    std::vector<Place> ring_;
    std::uint32_t heard_ = 0;  // events; once the ring is full, its size and the place in it
    std::uint32_t onset_ = 0;
};

}  // namespace mgan::inline MGAN_ABI::encoding
