// The last events of a song: by number, by distance, once the ring is full, too.

#include <mgan/core/random.hpp>
#include <mgan/encoding/step_memory.hpp>

#include <support/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

using namespace mgan;
using encoding::StepEvent;
using encoding::StepMemory;

namespace {

StepEvent event_of(int pitch) {
    StepEvent event;
    event.value[2] = static_cast<std::int16_t>(pitch);
    return event;
}

}  // namespace

TEST_CASE("Step memory: a chord and a note, by hand") {
    StepMemory memory(16);
    CHECK(memory.empty());
    CHECK(memory.first_at(0) == StepMemory::kNowhere);
    CHECK(memory.last_at(0) == StepMemory::kNowhere);
    for (const int pitch : {60, 64, 67}) memory.add(event_of(pitch));
    memory.move(8);
    memory.add(event_of(72));

    CHECK(memory.size() == 4);
    CHECK(memory.back(0) == event_of(72));
    CHECK(memory.back(3) == event_of(60));
    CHECK(memory.distance(0) == 0);
    CHECK(memory.distance(1) == 8);
    CHECK(memory.first_at(8) == 3);
    CHECK(memory.last_at(8) == 1);
    CHECK(memory.first_at(0) == 0);
    CHECK(memory.first_at(4) == StepMemory::kNowhere);
    CHECK(memory.last_at(9) == StepMemory::kNowhere);
    CHECK(memory.first_at(-8) == StepMemory::kNowhere);

    memory.reset();
    CHECK(memory.empty());
    CHECK(memory.onset() == 0);
}

TEST_CASE("Step memory: agrees with a list of all events, of which it holds the last ones") {
    constexpr std::size_t kMost = 32;
    StepMemory memory(kMost);
    const Random random(5, "step memory");
    std::vector<StepEvent> events;
    std::vector<std::int32_t> onsets;
    std::int32_t onset = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
        if (i > 0 && random.uniform(2 * i) < 0.6) {
            const auto steps = static_cast<std::int32_t>(1 + random.integer(2 * i + 1, 6));
            memory.move(steps);
            onset += steps;
        }
        events.push_back(event_of(static_cast<int>(i % 128)));
        onsets.push_back(onset);
        memory.add(events.back());

        const std::size_t size = std::min(events.size(), kMost);
        REQUIRE(memory.size() == size);
        for (std::size_t k = 0; k < size; ++k) {
            REQUIRE(memory.back(k) == events[events.size() - 1 - k]);
            REQUIRE(memory.distance(k) == onset - onsets[onsets.size() - 1 - k]);
        }
        for (std::int32_t steps = -1; steps < 120; ++steps) {
            std::size_t first = StepMemory::kNowhere, last = StepMemory::kNowhere;
            for (std::size_t k = 0; k < size; ++k) {
                if (memory.distance(k) != steps) continue;
                first = k;
                if (last == StepMemory::kNowhere) last = k;
            }
            REQUIRE(memory.first_at(steps) == first);
            REQUIRE(memory.last_at(steps) == last);
        }
    }
}
