// Players in a thread that may make no system call at all: a filter of the kernel ends
// the process at the first one, while other instances play on other threads.
#if defined(__linux__) && defined(__x86_64__)
#include <mgan/player.hpp>

#include <player/small_models.hpp>
#include <support/campaign_size.hpp>
#include <support/catch.hpp>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <memory>
#include <new>
#include <thread>

#include <unistd.h>

using namespace mgan;

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MGAN_TEST_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(MGAN_TEST_SANITIZED)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

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

/// From here on the calling thread may only end the process; anything else the kernel answers with
/// SIGSYS. Returns whether the kernel can do that.
bool forbid_system_calls() {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const sock_fprog program{static_cast<unsigned short>(std::size(rules)), rules};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

constexpr int kNoFilter = 77;

/// Runs `body` in a child that may make no system call, and returns how it ended (waitpid).
template <typename Prepare, typename Body>
int in_strict_child(Prepare&& prepare, Body&& body) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        auto prepared = prepare();
        if (!forbid_system_calls()) ::_exit(kNoFilter);
        body(prepared);
        ::_exit(0);  // no destructor: it would have to give memory back
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

/// A counter that the parent sees.
std::atomic<std::int64_t>& shared_counter() {
    void* const page = ::mmap(nullptr, sizeof(std::atomic<std::int64_t>), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    return *new (page) std::atomic<std::int64_t>(0);
}

}  // namespace

TEST_CASE("A player makes no system call, while other instances play") {
    // A sanitizer makes an event fifty times as long, and has nothing to say about system calls.
    const std::int64_t events = mgan_test::is_campaign() ? 1'000'000 : kSanitized ? 300 : 3'000;
    for (const auto& [name, trained] : mgan_test::small_models()) {
        const PlayerModel model(trained);
        std::atomic<std::int64_t>& played = shared_counter();
        std::atomic<std::int64_t>& others = shared_counter();
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
        const int status = in_strict_child(prepare, [&](std::unique_ptr<Instance>& player) {
            for (std::int64_t i = 0; i < events; ++i) {
                player->step();
                played.store(i + 1, std::memory_order_relaxed);
            }
        });
        if (WIFEXITED(status) && WEXITSTATUS(status) == kNoFilter) {
            WARN("this kernel has no filters of system calls: nothing was tested");
            return;
        }
        INFO(name << ", signal " << (WIFSIGNALED(status) ? WTERMSIG(status) : 0));
        // With a sanitizer the end of the process, behind the last event, makes calls of its own.
        if (!kSanitized) CHECK(WIFEXITED(status));
        CHECK(played == events);
        CHECK(others > 10);
        mgan_test::tell_tried(static_cast<std::uint64_t>(events));
    }
}

TEST_CASE("The filter of system calls notices a single one") {
    const int status = in_strict_child([] { return 0; }, [](int) { (void)::syscall(SYS_getppid); });
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNoFilter) return;
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGSYS);
}
#endif
