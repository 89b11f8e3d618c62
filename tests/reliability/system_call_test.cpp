// The real-time step in a thread that may make no system call at all: a filter of the kernel ends
// the process at the first one, while other instances play on other threads.
#if defined(__linux__) && defined(__x86_64__)
#include <mgan/generation/feedback.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/io/safetensors.hpp>

#include <support/campaign_size.hpp>
#include <support/catch.hpp>
#include <support/training_lab.hpp>

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

/// An instance that plays without an end, and that has all its memory.
class Instance {
public:
    explicit Instance(const Model& model, std::uint64_t seed)
        : generator_(model.generator), codec_(model.codec), styles_(model.styles) {
        generator_.limit_attention(16);
        const GeneratorSettings& config = generator_.settings();
        constexpr Index kEvents = 64;
        noise_.resize(generator_.noise_path.plane_steps(kEvents), 1, config.noise);
        const Random random(seed, "player", 0);
        for (Index i = 0; i < noise_.all().size(); ++i)
            noise_.all().data()[i] =
                static_cast<float>(random.uniform(static_cast<std::uint64_t>(i)));
        w_ = generator_.prepare_long_noise(std::as_const(noise_).view(), path_);
        feedback_ = CodecFeedback<float>(codec_, model.settings.encoding.context, true);
        std::vector<encoding::Style> styles(1);
        if (!styles_.empty()) styles[0] = styles_.front();
        feedback_.reset(styles);
        Matrix<float> first = Matrix<float>::Constant(config.features + config.context, 1, 0.5F);
        feedback_.write_first(first);
        generator_.start(stream_, first, 1'000'000'000);
    }

    /// The next event, as it will be played.
    void step() noexcept {
        const Index t = at_;
        at_ = at_ + 1 < 64 ? at_ + 1 : 0;
        const Matrix<float>& y =
            generator_.step(w_.step(t), std::as_const(noise_).step(t), stream_);
        feedback_(t, y, generator_.fed_back(stream_), generator_.context(stream_));
        sum_ += y(0, 0);
    }
    [[nodiscard]] float sum() const noexcept { return sum_; }

private:
    Generator<float> generator_;
    encoding::Codec codec_;
    std::vector<encoding::Style> styles_;
    Sequence<float> noise_;
    typename NoisePath<float>::Cache path_;
    SequenceView<const float> w_;
    CodecFeedback<float> feedback_;
    typename Generator<float>::Stream stream_;
    Index at_ = 0;
    float sum_ = 0.0F;
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

Model model_of(Variant variant) {
    Settings settings = lab::small_settings();
    settings.variant = variant;
    lab::Training training(settings, lab::small_data());
    training.run(1);
    const std::string bytes = training.model_bytes();
    const auto span = std::as_bytes(std::span(bytes));
    return read_model<float>(safetensors::parse({span.begin(), span.end()}, "model"));
}

}  // namespace

TEST_CASE("The real-time step makes no system call, while other instances play") {
    const std::int64_t events = mgan_test::is_campaign() ? 250'000 : 5'000;
    for (const Variant variant :
         {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan, Variant::carnn_pf_mgan}) {
#ifndef MGAN_HAS_FFTW
        if (variant == Variant::carnn_pf_mgan) continue;
#endif
        const Model model = model_of(variant);
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
        INFO("variant " << static_cast<int>(variant) << ", signal "
                        << (WIFSIGNALED(status) ? WTERMSIG(status) : 0));
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
