// A player that answers a person: in turns, together, and in harmony.

#include <mgan/player/accompanist.hpp>

#include <player/small_models.hpp>
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>

#include <array>
#include <cmath>
#include <utility>
#include <vector>

using namespace mgan;

namespace {

const PlayerModel& model() {
    static const PlayerModel shared(mgan_test::small_step_model(Variant::c_rnn_gan));
    return shared;
}

constexpr double kRate = 48000.0;
constexpr int kFrames = 480;          // 10 ms
constexpr double kQuarter = 24000.0;  // frames, at 120 quarters a minute

Accompanist accompanist(Answer answer) {
    PlayerOptions options;
    options.looks_ahead = false;
    return {Player(model(), 3, 0, options), kRate, answer};
}

struct Heard {
    double quarter;
    bool on;
    int pitch;
    int velocity;
};

/// Lets blocks pass from quarter to quarter; the person's keys are given by quarter, in order.
struct Session {
    Accompanist& band;
    double quarter = 0.0;
    std::vector<Heard> heard = {};
    std::array<bool, 128> sounds = {};

    void pass(double until, std::vector<Heard> keys = {}, bool playing = true) {
        std::size_t next = 0;
        while (quarter < until - 1e-9) {
            const double end = quarter + kFrames / kQuarter;
            for (; next < keys.size() && keys[next].quarter < end - 1e-9; ++next)
                band.hear(static_cast<int>(std::lround((keys[next].quarter - quarter) * kQuarter)),
                          keys[next].pitch, keys[next].on ? keys[next].velocity : 0);
            int last = 0;
            for (const BlockEvent& event : band.process({kFrames, quarter, 120.0, playing})) {
                CHECK(event.frame >= last);
                CHECK(event.frame < kFrames);
                last = event.frame;
                // No key is struck twice, or ended twice.
                CHECK(sounds[static_cast<std::size_t>(event.pitch)] != event.on);
                sounds[static_cast<std::size_t>(event.pitch)] = event.on;
                heard.push_back(
                    {quarter + event.frame / kQuarter, event.on, event.pitch, event.velocity});
            }
            quarter = end;
        }
        CHECK(next == keys.size());
    }
    [[nodiscard]] int sounding() const {
        int count = 0;
        for (const bool one : sounds) count += one ? 1 : 0;
        return count;
    }
};

/// A person's melody of quarters: each key is down for half a quarter.
std::vector<Heard> melody(double from, std::vector<int> pitches) {
    std::vector<Heard> keys;
    for (const int pitch : pitches) {
        keys.push_back({from, true, pitch, 80});
        keys.push_back({from + 0.5, false, pitch, 0});
        from += 1.0;
    }
    return keys;
}

}  // namespace

TEST_CASE("Accompanist: in turns, it waits for the call, answers on the beat, and yields") {
    Accompanist band = accompanist(Answer::turns);
    Session session{band};
    session.pass(4.0);
    CHECK(session.heard.empty());  // nobody has played yet
    session.pass(10.0, melody(4.0, {60, 64, 67, 65, 64, 62}));
    CHECK(session.heard.empty());  // nor does it play while the person does
    session.pass(20.0);
    REQUIRE_FALSE(session.heard.empty());
    // The last key was released at 9.5: a rest of one quarter, then the next beat.
    CHECK(session.heard.front().quarter >= 10.5);
    CHECK(session.heard.front().quarter < 13.0);
    // The call took 5.5 quarters, so the answer takes 6, from 11 on.
    CHECK(session.heard.back().quarter <= 17.0 + 0.03);
    CHECK(session.sounding() == 0);

    // A key in the midst of an answer ends it.
    const std::size_t before = session.heard.size();
    session.pass(25.0, melody(20.0, {62, 65, 69}));
    CHECK(session.heard.size() > before);
    session.pass(26.0, {{25.1, true, 60, 80}});
    CHECK(session.sounding() == 0);
    CHECK(session.heard.back().quarter <= 25.1 + 0.03);
}

TEST_CASE("Accompanist: in turns, the answer depends on the call, and on nothing else") {
    // A net that has learnt to listen.
    const PlayerModel attentive(mgan_test::small_step_model(Variant::c_rnn_gan, false, 40));
    const auto answer = [&](std::vector<int> pitches) {
        PlayerOptions options;
        options.looks_ahead = false;
        Accompanist band(Player(attentive, 3, 0, options), kRate, Answer::turns);
        Session session{band};
        session.pass(16.0, melody(0.0, std::move(pitches)));
        std::vector<int> heard;
        for (const Heard& one : session.heard)
            if (one.on) heard.push_back(one.pitch);
        return heard;
    };
    const std::vector<int> first = answer({60, 64, 67, 72});
    CHECK_FALSE(first.empty());
    CHECK(answer({60, 64, 67, 72}) == first);
    CHECK(answer({48, 49, 50, 51}) != first);
}

TEST_CASE("Accompanist: in harmony, each key gets one note below it, which ends with the key") {
    Accompanist band = accompanist(Answer::harmony);
    Session session{band};
    session.pass(8.0, melody(0.0, {72, 74, 76, 77, 79, 81, 83, 84}));
    REQUIRE(session.heard.size() == 16);
    const std::vector<int> keys = {72, 74, 76, 77, 79, 81, 83, 84};
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const Heard& on = session.heard[2 * i];
        const Heard& off = session.heard[2 * i + 1];
        CHECK(on.on);
        CHECK_FALSE(off.on);
        CHECK(on.quarter == Approx(static_cast<double>(i)));
        CHECK(off.quarter == Approx(static_cast<double>(i) + 0.5));
        CHECK(on.pitch <= keys[i] - Accompanist::kNearest);
        CHECK(on.pitch >= keys[i] - Accompanist::kFarthest);
        CHECK(on.velocity > 0);
    }
    // A held key does not hang when the transport stops.
    session.pass(8.5, {{8.0, true, 90, 100}});
    CHECK(session.sounding() == 1);
    session.pass(8.6, {}, false);
    CHECK(session.sounding() == 0);
    // The lowest keys get theirs above.
    session.pass(12.0, {{9.0, true, 2, 100}, {9.5, false, 2, 0}});
    CHECK(session.heard.back().pitch >= 2 + Accompanist::kNearest);
}

TEST_CASE("Accompanist: in a duet, what the model plays goes on from what it hears") {
    const auto play = [](bool with_person) {
        Accompanist band = accompanist(Answer::duet);
        Session session{band};
        session.pass(12.0, with_person ? melody(4.0, {60, 61, 62, 63}) : std::vector<Heard>());
        std::vector<std::pair<double, int>> heard;
        for (const Heard& one : session.heard)
            if (one.on) heard.emplace_back(one.quarter, one.pitch);
        return heard;
    };
    const auto alone = play(false), together = play(true);
    CHECK(alone != together);
    // Until the first key they are the same.
    std::size_t same = 0;
    while (same < alone.size() && alone[same].first < 4.0) ++same;
    REQUIRE(same > 3);
    REQUIRE(together.size() > same);
    for (std::size_t i = 0; i < same; ++i) CHECK(alone[i] == together[i]);
}

TEST_CASE("Accompanist: changes of the answer and floods of keys leave no note hanging") {
    Accompanist band = accompanist(Answer::duet);
    Session session{band};
    const std::array<Answer, 3> answers = {Answer::harmony, Answer::turns, Answer::duet};
    for (std::size_t round = 0; round < 30; ++round) {
        band.set_answer(answers[round % 3]);
        std::vector<Heard> keys;
        const double from = session.quarter;
        for (int k = 0; k < 40; ++k)
            keys.push_back({from + 0.02 * k, k % 3 != 2, (k * 7) % 128, 1 + k});
        session.pass(from + 1.0, keys, round % 7 != 6);
    }
    session.pass(session.quarter + 0.1, {}, false);
    CHECK(session.sounding() == 0);
    // Far more keys than one block holds.
    for (int k = 0; k < 10000; ++k) band.hear(0, k % 200 - 40, 90);
    session.pass(session.quarter + 0.1);
}

TEST_CASE("Accompanist: allocates nothing") {
    for (const Answer answer : {Answer::duet, Answer::turns, Answer::harmony}) {
        Accompanist band = accompanist(answer);
        std::int64_t events = 0;
        const std::uint64_t allocations = mgan_test::allocations_in([&] {
            for (int i = 0; i < 3000; ++i) {
                // Ten keys, then a rest in which to answer.
                if (i % 1000 < 500 && i % 50 == 0) band.hear(3, 40 + i / 50, 80);
                if (i % 1000 < 500 && i % 50 == 25) band.hear(7, 40 + i / 50, 0);
                const double quarter = i * kFrames / kQuarter;
                events +=
                    static_cast<std::int64_t>(band.process({kFrames, quarter, 120.0, true}).size());
            }
        });
        CHECK(allocations == 0);
        CHECK(events > 20);
    }
}
