// Players in a thread that may make no system call at all: a filter of the kernel ends
// the process at the first one, while other instances play on other threads.
#if defined(__linux__) && defined(__x86_64__)
#include <mgan/player.hpp>

#include <player/small_models.hpp>
#include <support/campaign_size.hpp>
#include <support/catch.hpp>
#include <support/strict_child.hpp>

#include <atomic>
#include <memory>
#include <thread>

using namespace mgan;

namespace {

/// An instance that plays without an end, is directed, and hears others.
class Instance {
public:
    Instance(const PlayerModel& model, std::uint64_t seed) : player_(model, seed) {
        controls_.scale = *scale_of("D dorian");
        controls_.voices = model.has_step_heads() ? 3 : 0;
    }

    void step() noexcept {
        last_ = player_.next();
        ++steps_;
        if (steps_ % 40 == 0) (void)player_.direct(steps_ % 80 == 0 ? controls_ : PlayerControls{});
        if (steps_ % 50 == 0) player_.feed({last_.onset + 100, 0, 60, 80, 0});
        if (steps_ % 70 == 0) last_ = player_.next_at(last_.onset + 500);
        if (steps_ % 900 == 0) player_.reset(static_cast<std::uint64_t>(steps_));
    }

private:
    Player player_;
    PlayerControls controls_;
    PlayedNote last_;
    int steps_ = 0;
};

}  // namespace

TEST_CASE("A player makes no system call, while other instances play") {
    // A sanitizer makes an event fifty times as long, and has nothing to say about system calls.
    const std::int64_t events = mgan_test::is_campaign() ? 1'000'000
                                : mgan_test::kSanitized  ? 300
                                                         : 3'000;
    for (const auto& [name, trained] : mgan_test::small_models()) {
        const PlayerModel model(trained);
        std::atomic<std::int64_t>& played =
            mgan_test::shared_with_child<std::atomic<std::int64_t>>();
        std::atomic<std::int64_t>& others =
            mgan_test::shared_with_child<std::atomic<std::int64_t>>();
        const auto prepare = [&] {
            // Threads of the child; they end with it.
            for (std::uint64_t seed = 1; seed <= 2; ++seed) {
                std::thread([&, seed] {
                    for (Instance player(model, seed);; ++others) player.step();
                }).detach();
            }
            while (others < 10) std::this_thread::yield();
            return std::make_unique<Instance>(model, 7);
        };
        const int status =
            mgan_test::in_strict_child(prepare, [&](std::unique_ptr<Instance>& player) {
                for (std::int64_t i = 0; i < events; ++i) {
                    player->step();
                    played.store(i + 1, std::memory_order_relaxed);
                }
            });
        if (mgan_test::has_no_filter(status)) {
            WARN("this kernel has no filters of system calls: nothing was tested");
            return;
        }
        INFO(name << ", signal " << mgan_test::signal_of(status));
        // With a sanitizer the end of the process, behind the last event, makes calls of its own.
        if (!mgan_test::kSanitized) CHECK(WIFEXITED(status));
        CHECK(played == events);
        CHECK(others > 10);
        mgan_test::tell_tried(static_cast<std::uint64_t>(events));
    }
}

TEST_CASE("The filter of system calls notices a single one") {
    const int status =
        mgan_test::in_strict_child([] { return 0; }, [](int) { (void)::syscall(SYS_getppid); });
    if (mgan_test::has_no_filter(status)) return;
    CHECK(mgan_test::signal_of(status) == SIGSYS);
}
#endif
