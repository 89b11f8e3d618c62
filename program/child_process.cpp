#include "child_process.hpp"

#include <mgan/core/atomic_file.hpp>

#include <array>
#include <cerrno>
#include <csignal>

#if MGAN_HAS_POSIX_FILES
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
extern char** environ;  // POSIX has it, but no header declares it everywhere
#endif

namespace mgan::program {

#if MGAN_HAS_POSIX_FILES

namespace {

/// Both ends of a pipe, closed on exec and at the end of scope.
struct Pipe {
    int read = -1, write = -1;

    Pipe() {
        int ends[2];
        if (::pipe(ends) != 0) throw IoError("cannot create a pipe; are too many files open?");
        read = ends[0];
        write = ends[1];
        for (const int end : ends) (void)::fcntl(end, F_SETFD, FD_CLOEXEC);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close(read);
        close(write);
    }
    static void close(int& end) noexcept {
        if (end >= 0) (void)::close(end);
        end = -1;
    }
};

/// While it lives, writing to a program that has ended is an error number, not our end.
class NoBrokenPipeSignal {
public:
    NoBrokenPipeSignal() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
    NoBrokenPipeSignal(const NoBrokenPipeSignal&) = delete;
    NoBrokenPipeSignal& operator=(const NoBrokenPipeSignal&) = delete;
    ~NoBrokenPipeSignal() { std::signal(SIGPIPE, before_); }

private:
    void (*before_)(int);
};

/// The process's number, or the negative error number.
int spawn(const std::vector<std::string>& words, const Pipe& in, const Pipe& out,
          const Pipe& error) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in.read, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out.write, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, error.write, STDERR_FILENO);
    // What we ignore, the child would ignore too.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t id = 0;
    const int cause =
        ::posix_spawnp(&id, arguments.front(), &files, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return cause == 0 ? id : -cause;
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& words, std::string_view input,
                      std::chrono::seconds limit) {
    using Clock = std::chrono::steady_clock;
    const NoBrokenPipeSignal quiet;
    Pipe in, out, error;
    ChildResult result;
    const int id = spawn(words, in, out, error);
    if (id == -ENOENT || id == -EACCES) {
        result.found = false;
        return result;
    }
    if (id < 0) throw_io_error(words.front(), "start the program", -id);
    Pipe::close(in.read);
    Pipe::close(out.write);
    Pipe::close(error.write);
    (void)::fcntl(in.write, F_SETFL, O_NONBLOCK);

    // Feeding and reading go on together: whoever only writes first may wait for a program that
    // waits for its reader.
    const Clock::time_point end = Clock::now() + limit;
    while (out.read >= 0 || error.read >= 0) {
        if (input.empty()) Pipe::close(in.write);
        std::array<pollfd, 3> events = {pollfd{in.write, POLLOUT, 0}, pollfd{out.read, POLLIN, 0},
                                        pollfd{error.read, POLLIN, 0}};
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) {
            result.timed_out = true;
            (void)::kill(id, SIGKILL);
            break;
        }
        if (::poll(events.data(), events.size(), static_cast<int>(left)) < 0) {
            if (errno == EINTR) continue;
            break;
        }
        if (events[0].revents != 0) {
            const ssize_t done = ::write(in.write, input.data(), input.size());
            if (done > 0) input.remove_prefix(static_cast<std::size_t>(done));
            if (done < 0 && errno != EAGAIN && errno != EINTR) input = {};  // it listens no more
        }
        const auto take = [](const pollfd& event, int& from, std::string& to) {
            if (event.revents == 0) return;
            std::array<char, 65536> buffer;
            const ssize_t got = ::read(from, buffer.data(), buffer.size());
            if (got > 0) to.append(buffer.data(), static_cast<std::size_t>(got));
            if (got == 0 || (got < 0 && errno != EINTR)) Pipe::close(from);
        };
        take(events[1], out.read, result.out);
        take(events[2], error.read, result.error);
    }
    int status = 0;
    while (::waitpid(id, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
    return result;
}

#else

ChildResult run_child(const std::vector<std::string>&, std::string_view, std::chrono::seconds) {
    ChildResult result;
    result.found = false;
    return result;
}

#endif

}  // namespace mgan::program
