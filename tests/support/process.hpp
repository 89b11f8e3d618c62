#pragma once
// Runs a program as a user would, and says how it ended. POSIX only.

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace process {

/// How a program ended: its exit status, or the signal that ended it.
struct Result {
    int status = -1;
    int signal = 0;
    std::string out;
    std::string error;
};

/// A program that runs in the background. Its output goes to files in `folder`, which also is where
/// it runs.
class Child {
public:
    Child(const std::vector<std::string>& words, const std::filesystem::path& folder)
        : out_(folder / "stdout.txt"), error_(folder / "stderr.txt") {
        std::vector<char*> arguments;
        for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        id_ = ::fork();
        if (id_ < 0) throw std::runtime_error("fork failed");
        if (id_ == 0) {
            const auto redirect = [](const std::filesystem::path& path, int descriptor) {
                const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
                ::dup2(file, descriptor);
            };
            if (::chdir(folder.c_str()) != 0) ::_exit(127);
            redirect("/dev/null", STDIN_FILENO);
            redirect(out_, STDOUT_FILENO);
            redirect(error_, STDERR_FILENO);
            ::execv(arguments[0], arguments.data());
            ::_exit(127);
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (id_ <= 0) return;
        ::kill(id_, SIGKILL);
        ::waitpid(id_, nullptr, 0);
    }

    /// Nothing happens if it has ended.
    void send(int signal) const { ::kill(id_, signal); }

    /// Whether it has ended; does not wait.
    [[nodiscard]] bool ended() {
        if (!reaped_ && ::waitpid(id_, &status_, WNOHANG) == id_) reaped_ = true;
        return reaped_;
    }

    [[nodiscard]] std::string out() const { return read(out_); }

    Result wait() {
        if (!reaped_) ::waitpid(id_, &status_, 0);
        id_ = 0;
        Result result;
        if (WIFEXITED(status_)) result.status = WEXITSTATUS(status_);
        if (WIFSIGNALED(status_)) result.signal = WTERMSIG(status_);
        result.out = read(out_);
        result.error = read(error_);
        return result;
    }

private:
    static std::string read(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::filesystem::path out_, error_;
    pid_t id_ = 0;
    int status_ = 0;
    bool reaped_ = false;
};

/// Runs a program to its end.
inline Result run(const std::vector<std::string>& words, const std::filesystem::path& folder) {
    return Child(words, folder).wait();
}

}  // namespace process
