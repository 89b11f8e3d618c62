#pragma once
/// \file
/// Ctrl-C as a request to stop, not an accident.
///
/// The first signal only sets a flag, which the training reads after each minibatch; the second
/// ends the program at once. While there is nothing to save, so does the first.

#include "program.hpp"

#include <mgan/core/atomic_file.hpp>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iterator>

#if !defined(_WIN32) && __has_include(<unistd.h>)
#include <unistd.h>
#define MGAN_PROGRAM_HAS_SIGACTION 1
#else
#define MGAN_PROGRAM_HAS_SIGACTION 0
#endif

namespace mgan::program {

namespace interrupt_detail {
inline volatile std::sig_atomic_t wished = 0;
inline volatile std::sig_atomic_t something_to_save = 0;

/// The name of a half-written file. In static memory: a signal may come at any moment.
struct Draft {
    std::atomic<int> state{0};  ///< 0: free, 1: being filled in, 2: the file goes at a signal
    char name[4096];
};
inline Draft drafts[64];

extern "C" inline void mgan_on_signal(int signal) {
    // _Exit: nothing but a few functions may be called here, and no destructor should run.
    if (wished != 0 || something_to_save == 0) {
#if MGAN_PROGRAM_HAS_SIGACTION
        for (std::size_t i = std::size(drafts); i-- > 0;)
            if (Draft& draft = drafts[i]; draft.state == 2 && ::unlink(draft.name) != 0)
                (void)::rmdir(draft.name);
#endif
        std::_Exit(kInterrupted);
    }
    wished = 1;
#if !MGAN_PROGRAM_HAS_SIGACTION
    std::signal(signal, mgan_on_signal);
#else
    (void)signal;
#endif
}
}  // namespace interrupt_detail

/// Handles SIGINT and SIGTERM, and SIGHUP unless it is ignored (nohup): the program ends at once
/// and takes its half-written files along, unless `begin_saving` was called.
inline void catch_interrupts() {
    using interrupt_detail::mgan_on_signal;
#if MGAN_PROGRAM_HAS_SIGACTION
    struct sigaction action {};
    action.sa_handler = mgan_on_signal;
    action.sa_flags = SA_RESTART;  // system calls go on: a save is not disturbed
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction old {};
        if (signal == SIGHUP && ::sigaction(signal, nullptr, &old) == 0 &&
            old.sa_handler == SIG_IGN)
            continue;
        ::sigaction(signal, &action, nullptr);
    }
#else
    std::signal(SIGINT, mgan_on_signal);
    std::signal(SIGTERM, mgan_on_signal);
#ifdef SIGBREAK
    std::signal(SIGBREAK, mgan_on_signal);  // Ctrl-Break of Windows
#endif
#endif
}

/// If the reader of our output goes away (`| head`), we go on.
inline void ignore_broken_pipes() {
#if MGAN_PROGRAM_HAS_SIGACTION
    std::signal(SIGPIPE, SIG_IGN);
#endif
}

/// A limit on the size of files (`ulimit -f`) is an error of the write beyond it, with a cause and
/// a path as all others, and not the end of the program.
inline void ignore_file_limits() {
#if MGAN_PROGRAM_HAS_SIGACTION && defined(SIGXFSZ)
    std::signal(SIGXFSZ, SIG_IGN);
#endif
}

/// From now on the first signal only sets the flag.
inline void begin_saving() {
    interrupt_detail::something_to_save = 1;
}

/// Whether a signal has come.
[[nodiscard]] inline bool interrupted() {
    return interrupt_detail::wished != 0;
}

/// While it lives, a signal that ends the program removes the file `path` (which need not exist),
/// or the folder if it is empty by then: first what was named last.
class DraftGuard {
public:
    explicit DraftGuard(const std::filesystem::path& path) {
        const std::string name = path.string();
        for (interrupt_detail::Draft& draft : interrupt_detail::drafts) {
            int free = 0;
            if (name.size() >= sizeof draft.name || !draft.state.compare_exchange_strong(free, 1))
                continue;
            std::memcpy(draft.name, name.c_str(), name.size() + 1);
            draft.state = 2;
            draft_ = &draft;
            return;
        }
    }
    DraftGuard(const DraftGuard&) = delete;
    DraftGuard& operator=(const DraftGuard&) = delete;
    ~DraftGuard() {
        if (draft_ != nullptr) draft_->state = 0;
    }

private:
    interrupt_detail::Draft* draft_ = nullptr;
};

/// Removes what killed processes left half written of files in `folder` whose names begin with
/// `stem`. Nothing is said about what cannot be removed: it is no reason to fail.
inline void remove_drafts(const std::filesystem::path& folder, const std::string& stem) {
    namespace fs = std::filesystem;
    std::error_code failure;
    const fs::path here = folder.empty() ? fs::path(".") : folder;
    std::vector<fs::path> stale;
    for (fs::directory_iterator entry(here, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        const std::string name = entry->path().filename().string();
        if (name.starts_with("." + stem) && is_stale_temporary(name))
            stale.push_back(entry->path());
    }
    for (const fs::path& path : stale) fs::remove(path, failure);
}

}  // namespace mgan::program
