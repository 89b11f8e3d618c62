#pragma once
/// \file
/// Ctrl-C as a request to stop, not an accident.
///
/// The first signal only sets a flag, which the training reads after each minibatch; the second
/// ends the program at once. While there is nothing to save, so does the first.

#include "program.hpp"

#include <csignal>
#include <cstdlib>

#if __has_include(<unistd.h>)
#include <unistd.h>
#define MGAN_PROGRAM_HAS_SIGACTION 1
#else
#define MGAN_PROGRAM_HAS_SIGACTION 0
#endif

namespace mgan::program {

namespace interrupt_detail {
inline volatile std::sig_atomic_t wished = 0;
inline volatile std::sig_atomic_t something_to_save = 0;

extern "C" inline void mgan_on_signal(int signal) {
    // _Exit: nothing but a few functions may be called here, and no destructor should run.
    if (wished != 0 || something_to_save == 0) std::_Exit(kInterrupted);
    wished = 1;
#if !MGAN_PROGRAM_HAS_SIGACTION
    std::signal(signal, mgan_on_signal);
#else
    (void)signal;
#endif
}
}  // namespace interrupt_detail

/// Handles SIGINT and SIGTERM, and SIGHUP unless it is ignored (nohup). If the reader of our output
/// goes away (`| head`), the training goes on.
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
    std::signal(SIGPIPE, SIG_IGN);
#else
    std::signal(SIGINT, mgan_on_signal);
    std::signal(SIGTERM, mgan_on_signal);
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

}  // namespace mgan::program
