// Players play the notes of `generate`, for ever, and can be directed, fed and taken back.

#include <mgan/player.hpp>

#include <player/small_models.hpp>
#include <support/allocation_counter.hpp>
#include <support/campaign_size.hpp>
#include <support/catch.hpp>
#include <support/training_lab.hpp>
#include <training/arpeggios.hpp>

#include <bit>
#include <cstdint>
#include <set>
#include <vector>

using namespace mgan;
using mgan_test::small_models;

namespace {

std::vector<Note> notes_of(Player& player, int count) {
    std::vector<Note> notes;
    for (int i = 0; i < count; ++i) notes.push_back(player.next());
    return notes;
}

PlayerOptions without_look_ahead() {
    PlayerOptions options;
    options.looks_ahead = false;
    return options;
}

/// Most keys that sound at once.
int most_at_once(const std::vector<Note>& notes) {
    int most = 0;
    for (const Note& now : notes) {
        std::set<int> keys;
        for (const Note& other : notes)
            if (other.onset <= now.onset && other.onset + other.length > now.onset)
                keys.insert(other.pitch);
        most = std::max(most, static_cast<int>(keys.size()));
    }
    return most;
}

}  // namespace

TEST_CASE("Player: the notes are those of generate, for every variant and model") {
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        for (const std::int64_t length :
             {model.settings.length, model.settings.length / 2, 3 * model.settings.length + 1}) {
            INFO("length " << length);
            const auto songs = model.songs(3, length, 9, 1);
            const PlayerModel shared(model);
            PlayerOptions options;
            options.length = length;
            for (std::uint64_t number = 0; number < 3; ++number) {
                Player player(shared, 9, number, options);
                const std::vector<Note>& expected = songs[number].notes;
                CHECK(notes_of(player, static_cast<int>(expected.size())) == expected);
            }
        }
    }
}

TEST_CASE("Player: guided, the notes are those of generate --guide") {
    Model model = mgan_test::small_step_model(Variant::c_rnn_gan);
    model.settings.playing.guide = 4;
    const auto songs = model.songs(2, 20, 5, 1);
    const PlayerModel shared(model);
    Player player(shared, 5, 1);
    CHECK(notes_of(player, static_cast<int>(songs[1].notes.size())) == songs[1].notes);

    // Memory for more candidates than are asked for changes nothing; nor does asking live.
    model.settings.playing.guide = 0;
    const PlayerModel plain_model(model);
    PlayerOptions options;
    options.candidates = 6;
    Player wide(plain_model, 5, 1, options);
    Player plain(plain_model, 5, 1);
    CHECK(notes_of(wide, 20) == notes_of(plain, 20));
    wide.reset(5, 1);
    PlayerControls controls;
    controls.guide = 4;
    REQUIRE(wide.direct(controls));
    CHECK(notes_of(wide, static_cast<int>(songs[1].notes.size())) == songs[1].notes);

    // Room for whoever switches it on later, where somebody can choose.
    CHECK(plain_model.room_for_guidance() == 8);
    model.settings.playing.guide = 12;
    CHECK(PlayerModel(model).room_for_guidance() == 12);
    CHECK(PlayerModel(mgan_test::small_numeric_model(Variant::c_rnn_gan)).room_for_guidance() == 0);
}

TEST_CASE("Player: plays for ever without a heap, whatever is asked of it") {
    const int count = mgan_test::is_campaign() ? 1'000'000 : 1'500;
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        const PlayerModel shared(model);
        for (const bool looks_ahead : {true, false}) {
            PlayerOptions options;
            options.looks_ahead = looks_ahead;
            options.candidates = model.steps ? 3 : -1;
            Player player(shared, 3, 0, options);
            Player other = player;
            bool valid = true;
            std::int64_t last = 0;
            const Random random(1, "controls");
            const auto check = [&](const Note& note) {
                valid = valid && note.onset >= last && note.pitch >= 0 && note.pitch < 128 &&
                        note.velocity >= 1 && note.velocity < 128 && note.length >= 1;
                last = std::max(last, note.onset);
            };
            CHECK(mgan_test::allocations_in([&] {
                      for (int i = 0; i < count; ++i) {
                          const auto number = static_cast<std::uint64_t>(100 * i);
                          switch (random.integer(number, 40)) {
                              case 0: {
                                  PlayerControls controls;
                                  controls.scale = *scale_of("D dorian");
                                  controls.temperature = random.uniform(number + 1, 0.5, 1.5);
                                  controls.density = random.uniform(number + 2, 0.5, 2.0);
                                  controls.voices = static_cast<int>(random.integer(number + 3, 4));
                                  controls.guide = static_cast<int>(random.integer(number + 4, 4));
                                  controls.glide = random.uniform(number + 5, 0.0, 4.0);
                                  controls.end = static_cast<double>(last / 384 + 8);
                                  (void)set_control(controls, "style.loudness",
                                                    random.uniform(number + 6, -1.0, 1.0));
                                  (void)player.direct(controls);
                                  break;
                              }
                              case 1:
                                  (void)player.direct({});
                                  break;
                              case 2:
                                  player.feed({last + 100, 96, 60, 80, 0});
                                  last += 50;  // the grid
                                  break;
                              case 3:
                                  check(player.next_within(last + 10, last + 2000));
                                  break;
                              case 4:
                                  check(player.next_at(last));
                                  break;
                              case 5:
                                  check(player.peek());
                                  last = 0;
                                  player.reset(random.bits(number), random.integer(number + 1, 9));
                                  break;
                              case 6:
                                  other = player;
                                  break;
                              case 7: {
                                  const PlayedNote note = player.next();
                                  check(note);
                                  player = other;
                                  last = 0;
                                  break;
                              }
                              case 8:
                                  player.feed({last + 30'000, 0, 72, 100, 0});
                                  last += 29'000;
                                  break;
                              default:
                                  check(player.next());
                          }
                      }
                  }) == 0);
            CHECK(valid);
        }
    }
    mgan_test::tell_tried(static_cast<std::uint64_t>(count) * small_models().size() * 2);
}

TEST_CASE("Player: peeking, looking ahead and taking back leave no trace") {
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        const PlayerModel shared(model);
        // Long enough that no chord is cut by the end of the song: in its middle it would be
        // directed as well.
        PlayerOptions options;
        options.length = 200;
        Player plain(shared, 4, 0, options);
        const std::vector<Note> expected = notes_of(plain, 60);
        Player busy(shared, 4, 0, options);
        PlayerControls other;
        other.temperature = 3.0;
        other.transpose = 5;
        std::vector<Note> notes;
        for (int i = 0; i < 60; ++i) {
            (void)busy.peek();
            // Directed elsewhere, and back before anything was played: what was drawn is forgotten.
            if (i % 3 == 0) {
                REQUIRE(busy.direct(other));
                (void)busy.peek();
                REQUIRE(busy.direct({}));
            }
            notes.push_back(busy.next());
        }
        CHECK(notes == expected);

        options.looks_ahead = false;
        Player live(shared, 4, 0, options);
        std::vector<int> pitches, live_pitches;
        for (const Note& note : notes_of(live, 40)) live_pitches.push_back(note.pitch);
        std::multiset<int> first(live_pitches.begin(), live_pitches.end());
        for (int i = 0; i < 40; ++i) pitches.push_back(expected[static_cast<std::size_t>(i)].pitch);
        const std::multiset<int> second(pitches.begin(), pitches.end());
        std::vector<int> shared_pitches;
        std::set_intersection(first.begin(), first.end(), second.begin(), second.end(),
                              std::back_inserter(shared_pitches));
        CHECK(shared_pitches.size() >= 30);  // the same events, in the order of drawing
    }
}

TEST_CASE("Player: a copy goes on as the original, and a restart begins again") {
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        const PlayerModel shared(model);
        Player player(shared, 2, 1);
        const std::vector<Note> beginning = notes_of(player, 30);
        Player copy = player;
        const std::vector<Note> rest = notes_of(player, 30);
        CHECK(notes_of(copy, 30) == rest);
        player.restart();
        CHECK(notes_of(player, 30) == beginning);
        player.reset(2, 0);
        CHECK(notes_of(player, 30) != beginning);
        player.reset(2, 1);
        CHECK(notes_of(player, 30) == beginning);
        Player moved = std::move(player);
        CHECK(notes_of(moved, 30) == rest);
        // A player of another model becomes one of this.
        Player other(PlayerModel(small_models().back().second), 1);
        other = copy;
        CHECK(notes_of(other, 20) == notes_of(copy, 20));
    }
}

TEST_CASE("Player: every note is in the scale, in the range, and no voice too many") {
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        const PlayerModel shared(model);
        for (const char* scale : {"D dorian", "F# minor", "Eb pentatonic", "C harmonic"}) {
            for (const int voices : {0, 1, 3}) {
                PlayerControls controls;
                controls.scale = *scale_of(scale);
                controls.low = 50;
                controls.high = 75;
                controls.voices = voices;
                controls.transpose = 3;
                Player player(shared, 8);
                REQUIRE(player.direct(controls));
                const std::vector<Note> notes = notes_of(player, 150);
                for (const Note& note : notes) {
                    CHECK((controls.scale >> note.pitch % 12 & 1u) != 0);
                    CHECK(note.pitch >= 50);
                    CHECK(note.pitch <= 75);
                }
                if (voices > 0 && !name.starts_with("events")) CHECK(most_at_once(notes) <= voices);
            }
        }
    }
}

TEST_CASE("Player: transposition moves every pitch, and nothing else") {
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        const PlayerModel shared(model);
        Player plain(shared, 6), moved(shared, 6);
        PlayerControls controls;
        controls.transpose = -4;
        REQUIRE(moved.direct(controls));
        for (int i = 0; i < 80; ++i) {
            Note expected = plain.next();
            const Note note = moved.next();
            // The lowest pitches have no place to go; then the songs part.
            if (expected.pitch < 16) break;
            expected.pitch -= 4;
            CHECK(note == expected);
        }
    }
}

TEST_CASE("Player: a song ends at its end, and is the endless one until that is near") {
    constexpr double kEnd = 40.0;
    constexpr std::int64_t kTicks = 40 * 384;
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        const PlayerModel shared(model);
        PlayerControls controls;
        controls.end = kEnd;
        for (std::uint64_t number = 0; number < 4; ++number) {
            PlayerOptions options;
            options.length = 1'000'000;
            Player player(shared, 6, number, options), endless(shared, 6, number, options);
            REQUIRE(player.direct(controls));
            CHECK_FALSE(endless.ended());
            std::vector<Note> notes;
            // (A net that has hardly learnt anything may stay in one chord for ever.)
            while (notes.size() < 2000 && !player.ended()) notes.push_back(player.next());
            if (notes.size() == 2000) continue;
            CHECK(player.next().onset > kTicks);
            if (shared.has_step_heads()) {
                REQUIRE_FALSE(notes.empty());
                CHECK(notes.back().onset == kTicks);
            } else if (!notes.empty()) {
                CHECK(notes.back().onset <= kTicks);
            }
            for (const Note& note : notes) {
                const Note other = endless.next();
                // Four quarters earlier than it is told: the longest gap leads there, too.
                if (note.onset >= kTicks - 20 * 384) break;
                CHECK(note == other);
            }
        }
    }
}

TEST_CASE("Player: an end that was moved, or taken back, is where it is now") {
    const PlayerModel shared(small_models().front().second);
    Player player(shared, 6), endless(shared, 6);
    PlayerControls controls;
    controls.end = 30.0;
    REQUIRE(player.direct(controls));
    for (int i = 0; i < 20; ++i) CHECK(player.next() == endless.next());
    controls.end = 60.0;
    REQUIRE(player.direct(controls));
    std::int64_t last = 0;
    for (int i = 0; i < 2000 && !player.ended(); ++i) last = player.next().onset;
    CHECK(last == 60 * 384);
    CHECK(player.direct({}));
    CHECK_FALSE(player.ended());
    controls.end = -2.0;
    CHECK_FALSE(player.direct(controls));
    controls.end = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(player.direct(controls));
}

TEST_CASE("Player: songs begin as songs of the training do, where that is asked for") {
    PlayerOptions opens;
    opens.opening = true;
    std::set<int> which;
    const Model& model = small_models().front().second;
    REQUIRE(model.steps->openings.size() >= 4);
    const PlayerModel shared(model);
    for (std::uint64_t number = 0; number < 12; ++number) {
        Player player(shared, 6, number, opens), again(shared, 6, number, opens);
        const std::vector<Note> notes = notes_of(player, 30);
        CHECK(notes_of(again, 30) == notes);
        int found = -1;
        for (std::size_t i = 0; i < model.steps->openings.size(); ++i) {
            const std::vector<encoding::StepEvent>& events = model.steps->openings[i].events;
            // The last onset may get notes of the model's own.
            std::vector<Note> expected = encoding::song_of(events, model.steps->vocabulary).notes;
            std::erase_if(expected,
                          [&](const Note& note) { return note.onset == expected.back().onset; });
            const bool same = std::equal(expected.begin(), expected.end(), notes.begin(),
                                         [&](const Note& a, const Note& b) {
                                             return a.pitch == b.pitch && a.length == b.length &&
                                                    a.onset == b.onset - notes.front().onset;
                                         });
            if (same && expected.size() > 2) found = static_cast<int>(i);
        }
        CHECK(found >= 0);
        which.insert(found);
    }
    CHECK(which.size() > 2);
    // Under a scale that has none of its notes, the opening gives way.
    PlayerControls controls;
    controls.scale = *scale_of("F# pentatonic");
    controls.transpose = 0;
    Player held(shared, 6, 0, opens);
    REQUIRE(held.direct(controls));
    for (const Note& note : notes_of(held, 60))
        CHECK((controls.scale >> note.pitch % 12 & 1u) != 0);
    Model without = model;
    without.steps->openings.clear();
    CHECK_THROWS_AS(Player(PlayerModel(without), 1, 0, opens), ConfigError);
    CHECK_THROWS_AS(Player(PlayerModel(small_models().back().second), 1, 0, opens), ConfigError);
}

TEST_CASE("Player: controls that are at fault change nothing") {
    const PlayerModel shared(small_models().front().second);
    Player player(shared, 6), plain(shared, 6);
    PlayerControls controls;
    controls.scale = *scale_of("C major");
    controls.low = controls.high = 61;
    CHECK_FALSE(player.direct(controls));
    controls = {};
    controls.temperature = 0.0;
    CHECK_FALSE(player.direct(controls));
    controls.temperature = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(player.direct(controls));
    CHECK(player.controls() == PlayerControls{});
    CHECK(notes_of(player, 30) == notes_of(plain, 30));
}

TEST_CASE("Player: goes on from a melody in its key, on its beat, behind it") {
    // D minor, a bar of silence before it; drums that do not count.
    Song melody;
    std::int64_t onset = 1536;
    for (int round = 0; round < 6; ++round) {
        for (const int pitch : {62, 65, 69, 74, 72, 69, 67, 65}) {
            melody.notes.push_back({onset, 192, pitch, 80, 0});
            melody.notes.push_back({onset, 96, 38, 90, 9});
            onset += 192;
        }
    }
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        const PlayerModel shared(model);
        Player player(shared, 3);
        player.prime(melody);
        const std::vector<Note> all = notes_of(player, 40);
        if (name.starts_with("events")) continue;  // the paper's events have no time
        CHECK(all.front().onset > melody.notes.back().onset);
        CHECK(all.front().onset <= melody.notes.back().onset + 8 * 384);
        player.prime(melody, 8);
        const PlayedNote first = player.peek();
        CHECK(first.onset >= 1536 + 7 * 192);
        CHECK(first.onset <= 1536 + 7 * 192 + 8 * 384);
        // The same melody, the same continuation; another seed, another one.
        const std::vector<Note> eight = notes_of(player, 20);
        player.prime(melody, 8);
        CHECK(notes_of(player, 20) == eight);
        Player other(shared, 4);
        other.prime(melody, 8);
        CHECK(notes_of(other, 20) != eight);
        // A semitone higher, everything is a semitone higher.
        Song higher = melody;
        for (Note& note : higher.notes)
            if (note.channel != 9) ++note.pitch;
        player.prime(higher, 8);
        std::vector<Note> moved = notes_of(player, 20);
        for (Note& note : moved) --note.pitch;
        CHECK(moved == eight);
    }
    Player player(PlayerModel(small_models().front().second), 3);
    Song drums;
    drums.notes = {{0, 96, 38, 90, 9}};
    CHECK_THROWS_AS(player.prime(drums), DataError);
    CHECK_THROWS_AS(player.prime({}), DataError);
}

TEST_CASE("Player: hears what somebody plays, and goes on from there") {
    for (const auto& [name, model] : small_models()) {
        if (name.starts_with("events")) continue;
        INFO(name);
        // Nets that have hardly learnt anything hear little; larger weights hear more.
        Model attentive = model;
        const auto enlarge = [](const auto&, auto& weights) { weights *= 3.0f; };
        if (model.steps)
            StepGenerator<float>::visit(attentive.steps->generator, enlarge, ParameterName());
        else
            Generator<float>::visit(attentive.generator, enlarge, ParameterName());
        const PlayerModel shared(attentive);
        Player player(shared, 5, 0, without_look_ahead());
        std::int64_t last = 0;
        for (int i = 0; i < 10; ++i) last = player.next().onset;
        const PlayedNote planned = player.peek();
        player.feed({planned.onset + 96, 192, 64, 90, 0});  // in its place
        const PlayedNote after = player.next();
        CHECK(after.onset >= planned.onset + 96 - 24);

        // The model hears it: what follows another note is another music.
        Player low(shared, 5, 0, without_look_ahead()), high(shared, 5, 0, without_look_ahead());
        for (int i = 0; i < 10; ++i) {
            (void)low.next();
            (void)high.next();
        }
        low.feed({last + 96, 192, 48, 40, 0});
        high.feed({last + 96, 192, 79, 110, 0});
        CHECK(notes_of(low, 30) != notes_of(high, 30));

        // A silence longer than any that the model knows.
        player.feed({after.onset + 40 * 384, 0, 60, 80, 0});
        const PlayedNote later = player.next();
        CHECK(later.onset >= after.onset + 40 * 384 - 24);
        CHECK(later.onset <= after.onset + 60 * 384);
    }
}

TEST_CASE("Player: a note within a span of time, of pitches, lengths and velocities") {
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        const PlayerModel shared(model);
        Player player(shared, 7);
        std::int64_t now = 0;
        for (int i = 0; i < 30; ++i) {
            NoteBounds bounds;
            bounds.low = 55 + i % 5;
            bounds.high = bounds.low + i % 3;
            if (i % 2 == 0) bounds.shortest = 96, bounds.longest = 192;
            if (i % 4 == 0) bounds.softest = 60, bounds.loudest = 90;
            const std::int64_t earliest = now + 48 * (1 + i % 4), latest = earliest + 96 * (i % 3);
            const PlayedNote note = player.next_within(earliest, latest, bounds);
            CHECK(note.onset >= earliest);
            CHECK(note.onset <= latest);
            CHECK(note.pitch >= bounds.low);
            CHECK(note.pitch <= bounds.high);
            now = note.onset;
            if (name.starts_with("events")) continue;
            if (i % 2 == 0) {
                CHECK(note.length >= 72);  // where the lists of values have none within: nearest
                CHECK(note.length <= 216);
            }
            const PlayedNote joined = player.next_at(now);
            CHECK(joined.onset == now);
        }
    }
}

TEST_CASE("Player: what would begin too early is drawn anew, and nothing else") {
    for (const auto& [name, model] : small_models()) {
        INFO(name);
        const PlayerModel shared(model);
        Player player(shared, 7), other(shared, 7);
        int moved = 0;
        for (int i = 0; i < 60; ++i) {
            const std::int64_t waiting = player.peek().onset;
            player.not_before(waiting);
            CHECK(player.peek() == other.peek());
            const std::int64_t earliest = waiting + 10 * (i % 4);
            player.not_before(earliest);
            const PlayedNote note = player.next();
            CHECK(note.onset >= earliest);
            moved += note.onset != waiting;
            other = player;
        }
        CHECK(moved > 20);
    }
}

TEST_CASE("Player: seconds follow the tempo") {
    const PlayerModel shared(small_models().front().second);
    Player player(shared, 5);
    PlayedNote note = player.next();
    double seconds = static_cast<double>(note.onset) / 384.0 * 0.5;
    CHECK(note.onset_seconds == Approx(seconds));
    CHECK(note.length_seconds == Approx(static_cast<double>(note.length) / 384.0 * 0.5));
    player.set_tempo(60.0);
    for (int i = 0; i < 20; ++i) {
        const PlayedNote next = player.next();
        seconds += static_cast<double>(next.onset - note.onset) / 384.0;
        CHECK(next.onset_seconds == Approx(seconds));
        note = next;
    }
}

TEST_CASE("Player: a style is what was asked for, in units of the training songs") {
    const Model model = mgan_test::small_step_model(Variant::c_rnn_gan);
    const PlayerModel shared(model);
    const auto style = shared.style_of(mgan_test::arpeggios(1).front());
    for (const double axis : style) {
        CHECK(std::isfinite(axis));
        CHECK(std::abs(axis) < 10.0);
    }
    CHECK_THROWS_AS(shared.style_of({}), DataError);
    CHECK_THROWS_AS(PlayerModel(mgan_test::small_numeric_model(Variant::c_rnn_gan)).style_of({}),
                    ConfigError);

    // The axes that are set are what they are set to; nothing else moves without a reason.
    const StyleField field(model.steps->scale, model.steps->starts);
    const encoding::StepStyle drawn = model.steps->starts.front().style;
    CHECK(field.directed(drawn, {}, 0) == drawn);
    PlayerControls controls;
    REQUIRE(set_control(controls, "style.loudness", 1.5));
    REQUIRE(set_control(controls, "style.density", 1.0));
    const encoding::StepStyle asked =
        model.steps->scale.normalise(field.directed(drawn, controls, 0));
    CHECK(asked[static_cast<std::size_t>(encoding::StyleAxis::velocity_mean)] == Approx(1.5));
    CHECK(asked[static_cast<std::size_t>(encoding::StyleAxis::time_mean)] == Approx(-1.0));
}

TEST_CASE("Player: a short beginning says what its song is like, not how narrow it is") {
    const Model model = mgan_test::small_step_model(Variant::c_rnn_gan);
    const StyleField field(model.steps->scale, model.steps->starts);
    using encoding::StyleAxis;
    const auto at = [](const encoding::StepStyle& style, StyleAxis axis) {
        return style[static_cast<std::size_t>(axis)];
    };
    // Of one note, high and loud.
    const encoding::StepStyle drawn = model.steps->starts.front().style;
    encoding::StepStyle heard = drawn;
    for (const StyleAxis axis :
         {StyleAxis::pitch_mean, StyleAxis::pitch_lowest, StyleAxis::pitch_highest})
        heard[static_cast<std::size_t>(axis)] = 100.0;
    for (const StyleAxis axis : {StyleAxis::pitches_used, StyleAxis::repetitions})
        heard[static_cast<std::size_t>(axis)] = 0.0;
    heard[static_cast<std::size_t>(StyleAxis::classes_used)] = 1.0;
    heard[static_cast<std::size_t>(StyleAxis::most_at_once)] = 1.0;
    double before = at(drawn, StyleAxis::pitch_mean);
    for (const std::size_t events : {std::size_t{1}, std::size_t{10}, std::size_t{60}}) {
        const encoding::StepStyle song = field.continued(heard, events, drawn);
        INFO(events << " events");
        CHECK(at(song, StyleAxis::pitch_mean) > before);  // nearer, the more was heard
        CHECK(at(song, StyleAxis::pitch_mean) < 100.0);
        CHECK(at(song, StyleAxis::pitch_highest) >= 100.0);
        CHECK(at(song, StyleAxis::pitch_lowest) < 100.0);
        CHECK(at(song, StyleAxis::classes_used) > 1.0);
        before = at(song, StyleAxis::pitch_mean);
    }
    CHECK(at(field.continued(heard, 1, drawn), StyleAxis::classes_used) ==
          Approx(at(drawn, StyleAxis::classes_used)).epsilon(0.2));
    CHECK(field.continued(heard, 100, drawn) == heard);

    // So a primer of one note is no prison.
    Player player(PlayerModel(model), 3);
    Song note;
    note.notes = {{0, 192, 60, 80, 0}};
    player.prime(note);
    std::vector<int> pitches;
    for (const Note& next : notes_of(player, 40)) pitches.push_back(next.pitch);
    std::sort(pitches.begin(), pitches.end());
    CHECK(std::unique(pitches.begin(), pitches.end()) - pitches.begin() > 3);
}

TEST_CASE("Player: a model from bytes, and damaged ones") {
    lab::TemporaryFolder folder;
    const Model model = small_models().front().second;
    save_model(folder / "model.safetensors", model);
    const std::string text = lab::read_text(folder / "model.safetensors");
    const auto bytes = std::as_bytes(std::span(text));
    Player from_bytes(PlayerModel(bytes), 3);
    Player from_path(PlayerModel((folder / "model.safetensors").string()), 3);
    CHECK(notes_of(from_bytes, 30) == notes_of(from_path, 30));
    CHECK_THROWS_AS(PlayerModel(bytes.first(bytes.size() / 2)), Error);
    CHECK_THROWS_AS(PlayerModel(std::span<const std::byte>{}), Error);
    CHECK_THROWS_AS(PlayerModel((folder / "none").string()), IoError);
    std::string error;
    CHECK(PlayerModel::read(bytes, error).has_value());
    CHECK(error.empty());
    CHECK_FALSE(PlayerModel::read(bytes.first(bytes.size() / 2), error, "half of it").has_value());
    CHECK(error.find("half of it") != std::string::npos);
    PlayerOptions options;
    options.length = -1;
    CHECK_THROWS_AS(Player(PlayerModel(bytes), 1, 0, options), ConfigError);
    options = {};
    options.candidates = 1000;
    CHECK_THROWS_AS(Player(PlayerModel(bytes), 1, 0, options), ConfigError);
}
