// Playing costs no allocation, no lock and no system call: for every model, whatever is asked,
// under each control by itself. Counted in a child process that may make no system call.
#if defined(__linux__) && defined(__x86_64__)
#include <mgan/player.hpp>

#define MGAN_COUNT_ALLOCATIONS
#include <player/small_models.hpp>
#include <support/allocation_counter.hpp>
#include <support/campaign_size.hpp>
#include <support/catch.hpp>
#include <support/strict_child.hpp>

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace mgan;

namespace {
thread_local std::int64_t locks_of_thread = 0;
}

#if !defined(__SANITIZE_THREAD__)  // which stands there itself
// Everything that locks comes by here before it comes to the C library.
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    using Lock = int (*)(pthread_mutex_t*);
    static const auto lock = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    ++locks_of_thread;
    return lock(mutex);
}
#endif

namespace {

/// What the child counted; the parent sees it.
struct Counts {
    std::atomic<std::int64_t> notes{0}, allocations{0}, locks{0};
};

struct Control {
    std::string name;
    std::function<void(PlayerControls&)> set;
};

/// Each control by itself, one that turns everything, and none.
std::vector<Control> controls_of(bool has_step_heads) {
    std::vector<Control> all = {
        {"none", [](PlayerControls&) {}},
        {"scale", [](PlayerControls& c) { c.scale = *scale_of("D dorian"); }},
        {"transpose", [](PlayerControls& c) { c.transpose = 5; }},
        {"range", [](PlayerControls& c) { c.low = 50, c.high = 75; }},
        {"voices", [](PlayerControls& c) { c.voices = 2; }},
    };
    std::vector<std::pair<std::string, double>> numbers = {
        {"temperature", 1.3},       {"time_temperature", 0.7}, {"pitch_temperature", 1.4},
        {"density", 1.5},           {"loudness", 0.7},         {"legato", 1.5},
        {"level.time.high", 0.7},   {"level.pitch.low", 0.6},  {"level.length.high", 0.5},
        {"level.velocity.low", 0.3}};
    if (has_step_heads) {
        numbers.insert(numbers.end(), {{"guide", 4.0}, {"style.loudness", 1.0}});
        all.push_back({"style with a glide", [](PlayerControls& c) {
                           c.glide = 4.0;
                           (void)set_control(c, "style.density", 1.0);
                       }});
    }
    for (const auto& [name, value] : numbers)
        all.push_back({name, [name = name, value = value](PlayerControls& c) {
                           REQUIRE(set_control(c, name, value));
                       }});
    all.push_back({"all of them", [has_step_heads](PlayerControls& c) {
                       c.glide = 2.0;
                       c.voices = 3;
                       c.scale = *scale_of("F# minor");
                       c.transpose = -3;
                       c.temperature = 0.9;
                       c.density = 0.8;
                       if (has_step_heads) c.guide = 3;
                   }});
    return all;
}

/// Plays on in every way that there is; turns the controls every 16 notes.
class Session {
public:
    Session(const PlayerModel& model, const PlayerControls& controls, bool looks_ahead)
        : controls_(controls), player_(model, 3, 0, options_of(model, looks_ahead)) {
        bounds_.low = 50;
        bounds_.high = 70;
        REQUIRE(player_.direct(controls_));
    }

    void step() noexcept {
        const auto what = ++steps_ % 16;
        if (what == 0) (void)player_.direct(steps_ % 64 == 0 ? PlayerControls{} : controls_);
        if (what == 3) player_.feed({last_.onset + 100, 96, 60, 80, 0});
        if (what == 9) player_.feed({last_.onset + 30'000, 0, 72, 100, 0});
        if (what == 13) player_.not_before(last_.onset + 100);
        if (what == 5) {
            last_ = player_.next_at(last_.onset + 300);
        } else if (what == 11) {
            last_ = player_.next_within(last_.onset + 300, last_.onset + 900, bounds_);
        } else {
            if (what == 7) (void)player_.peek();
            last_ = player_.next();
        }
        if (steps_ % 4096 == 0) player_.reset(static_cast<std::uint64_t>(steps_));
    }

private:
    [[nodiscard]] static PlayerOptions options_of(const PlayerModel& model, bool looks_ahead) {
        PlayerOptions options;
        options.looks_ahead = looks_ahead;
        options.candidates = model.can_be_guided() ? 4 : 0;
        return options;
    }

    PlayerControls controls_;
    NoteBounds bounds_;
    Player player_;
    PlayedNote last_;
    std::int64_t steps_ = 0;
};

}  // namespace

TEST_CASE("Player: no allocation, no lock, no system call, under each control") {
    // In a campaign a million for each control, shared out among the models that have it; each
    // variant then plays more than that. Models of the paper's encoding, which may draw hundreds of
    // events for a note, play a few thousand besides.
    const auto is_slow = [](const std::string& model) { return model.starts_with("events"); };
    const auto notes_for = [&](const std::string& played, const std::string& control) {
        if (!mgan_test::is_campaign()) return std::int64_t{mgan_test::kSanitized ? 40 : 200};
        if (is_slow(played)) return std::int64_t{2000};
        std::int64_t models = 0;
        for (const auto& [name, trained] : mgan_test::small_models())
            if (!is_slow(name))
                for (const Control& one : controls_of(trained.steps.has_value()))
                    models += one.name == control;
        return (1'000'000 + models - 1) / models;
    };
    for (const auto& [name, trained] : mgan_test::small_models()) {
        const PlayerModel model(trained);
        std::int64_t played = 0;
        for (const Control& control : controls_of(model.has_step_heads())) {
            const std::int64_t notes = notes_for(name, control.name);
            auto& counts = mgan_test::shared_with_child<Counts>();
            PlayerControls controls;
            control.set(controls);
            // With and without looking ahead, half each.
            const auto prepare = [&] {
                return std::pair(Session(model, controls, true), Session(model, controls, false));
            };
            const int status = mgan_test::in_strict_child(prepare, [&](auto& players) {
                const std::uint64_t allocations = mgan_test::allocation_count();
                const std::int64_t locks = locks_of_thread;
                for (std::int64_t i = 0; i < notes; ++i) {
                    (2 * i < notes ? players.first : players.second).step();
                    counts.notes.store(i + 1, std::memory_order_relaxed);
                }
                counts.allocations =
                    static_cast<std::int64_t>(mgan_test::allocation_count() - allocations);
                counts.locks = locks_of_thread - locks;
            });
            if (mgan_test::has_no_filter(status)) {
                WARN("this kernel has no filters of system calls: nothing was tested");
                return;
            }
            INFO(name << ", " << control.name << ", signal " << mgan_test::signal_of(status));
            // With a sanitizer the end of the process, behind the last note, makes calls.
            if (!mgan_test::kSanitized) CHECK(WIFEXITED(status));
            CHECK(counts.notes == notes);
            CHECK(counts.allocations == 0);
            CHECK(counts.locks == 0);
            played += counts.notes;
        }
        mgan_test::tell_tried(static_cast<std::uint64_t>(played));
    }
}

TEST_CASE("Player: the counters notice one allocation, one lock and one system call") {
    const std::uint64_t before = mgan_test::allocation_count();
    void* volatile block = std::malloc(10);
    std::free(block);
    CHECK(mgan_test::allocation_count() == before + (mgan_test::counts_malloc() ? 1 : 0));
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    const std::int64_t locks = locks_of_thread;
    ::pthread_mutex_lock(&mutex);
    ::pthread_mutex_unlock(&mutex);
    CHECK(locks_of_thread == locks + 1);
    const int status =
        mgan_test::in_strict_child([] { return 0; }, [](int) { (void)::syscall(SYS_getppid); });
    if (mgan_test::has_no_filter(status)) return;
    CHECK(mgan_test::signal_of(status) == SIGSYS);
}
#endif
