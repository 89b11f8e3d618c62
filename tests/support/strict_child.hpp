#pragma once
// A child process that may make no system call: a filter of the kernel ends it at the first one.
// Linux on x86-64.

#include <support/catch.hpp>
#include <support/sanitizers.hpp>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <cstddef>
#include <iterator>
#include <new>

#include <unistd.h>

namespace mgan_test {

#ifdef MGAN_TEST_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// From here on the calling thread may only end the process; anything else the kernel answers with
/// SIGSYS. Returns whether the kernel can do that.
inline bool forbid_system_calls() {
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

inline constexpr int kNoFilter = 77;

/// Runs `body` on what `prepare` returns, in a child that may make no system call then, and returns
/// how it ended (waitpid).
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

/// How it ended: the kernel knows no such filter; by which signal (0: by none).
[[nodiscard]] inline bool has_no_filter(int status) {
    return WIFEXITED(status) && WEXITSTATUS(status) == kNoFilter;
}
[[nodiscard]] inline int signal_of(int status) {
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/// A T that children share with this process; it stays until the end.
template <typename T>
[[nodiscard]] T& shared_with_child() {
    void* const page =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    return *new (page) T();
}

}  // namespace mgan_test
