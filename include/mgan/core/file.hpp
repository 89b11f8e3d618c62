#pragma once
/// \file
/// Reading a whole file, and the few system calls that files need.

#include <mgan/core/error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

// MinGW has these headers, but neither fsync nor links, and file names of wide characters.
#if !defined(_WIN32) && __has_include(<unistd.h>) && __has_include(<sys/stat.h>)
#define MGAN_HAS_POSIX_FILES 1
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#else
#define MGAN_HAS_POSIX_FILES 0
#endif

namespace mgan::inline MGAN_ABI {

/// Throws IoError: `PATH: cannot DO: CAUSE`, with the system's words for the error number `cause`.
[[noreturn]] inline void throw_io_error(const std::filesystem::path& path, std::string_view what,
                                        int cause) {
    fail<IoError>(path.string(), ": cannot ", what, ": ", std::generic_category().message(cause));
}

/// The same for a code that says itself what its number means: Windows has numbers of its own.
[[noreturn]] inline void throw_io_error(const std::filesystem::path& path, std::string_view what,
                                        const std::error_code& cause) {
    fail<IoError>(path.string(), ": cannot ", what, ": ", cause.message());
}

/// Where a chain of symbolic links ends, whether or not there is something. \throws IoError
[[nodiscard]] inline std::filesystem::path end_of_links(const std::filesystem::path& path) {
    constexpr int kMostLinks = 40;
    std::filesystem::path end = path;
    std::error_code failure;
    for (int links = 0; links < kMostLinks; ++links) {
        if (!std::filesystem::is_symlink(std::filesystem::symlink_status(end, failure))) return end;
        const std::filesystem::path next = std::filesystem::read_symlink(end, failure);
        if (failure) throw_io_error(path, "follow the link", failure);
        end = end.parent_path() / next;  // an absolute one takes the place of all before it
    }
    throw_io_error(path, "follow the link", ELOOP);
}

/// Creates a folder, and those it lies in, unless they are there. \throws IoError with path and
/// cause, also where a link in place of the folder leads nowhere
inline void make_folder(const std::filesystem::path& folder) {
    std::error_code failure, none;
    std::filesystem::create_directories(folder, failure);
    if (!failure) return;
    const bool is_link = std::filesystem::is_symlink(folder, none);
    if (is_link &&
        std::filesystem::status(folder, none).type() == std::filesystem::file_type::not_found)
        fail<IoError>(folder, ": is a link to ", end_of_links(folder),
                      ", which is not there; make that folder, or remove the link");
    throw_io_error(folder, "make the folder", failure);
}

#if MGAN_HAS_POSIX_FILES

/// An open file descriptor that closes itself.
class FileDescriptor {
public:
    explicit FileDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    FileDescriptor(FileDescriptor&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~FileDescriptor() { (void)close(); }

    [[nodiscard]] int get() const noexcept { return descriptor_; }
    [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }

    /// Returns 0, or the error number. Never repeated: even a failed close gives the descriptor up.
    [[nodiscard]] int close() noexcept {
        if (descriptor_ < 0) return 0;
        const int result = ::close(descriptor_);
        descriptor_ = -1;
        return result == 0 ? 0 : errno;
    }

private:
    int descriptor_;
};

#endif

/// How often in a row a read or a write may be interrupted by a signal before that is an error.
inline constexpr int kMostInterruptions = 1000;

/// The largest file that `read_file_bytes` accepts by default: 16 GiB.
inline constexpr std::uint64_t kDefaultReadLimit = std::uint64_t{1} << 34;

/// The most that is read from a device such as a terminal, or from a pipe: 64 MiB.
inline constexpr std::uint64_t kMostFromDevice = std::uint64_t{1} << 26;

#if MGAN_HAS_POSIX_FILES
/// Does what returns -1 if it fails, and again if a signal interrupts it, but not for ever.
/// \throws IoError with path and cause
template <typename Call>
[[nodiscard]] auto repeat_if_interrupted(const std::filesystem::path& path, std::string_view what,
                                         const Call& call) {
    for (int interruptions = 0;;) {
        const auto result = call();
        if (result >= 0) return result;
        if (errno != EINTR || ++interruptions == kMostInterruptions)
            throw_io_error(path, what, errno);
    }
}

/// How long a pipe is waited for somebody to write into it, in milliseconds: a program that was
/// started at the same time may need a moment.
inline constexpr int kPipePatience = 2000;

/// Waits until somebody writes into a pipe that was opened with O_NONBLOCK, and lets further reads
/// wait for what comes. \throws IoError if nobody does
inline void wait_for_writer(const FileDescriptor& pipe, const std::filesystem::path& path) {
    struct pollfd watched {};
    watched.fd = pipe.get();
    watched.events = POLLIN;
    const int ready =
        repeat_if_interrupted(path, "wait for", [&] { return ::poll(&watched, 1, kPipePatience); });
    // With a writer who is slow the read fails (EAGAIN); without one it finds the end.
    std::byte late;
    require<IoError>(
        ready > 0 || ::read(pipe.get(), &late, 1) < 0, path,
        ": is a pipe into which nobody writes; give a file, or start first what writes "
        "into the pipe");
    const int flags = ::fcntl(pipe.get(), F_GETFL);
    if (flags < 0 || ::fcntl(pipe.get(), F_SETFL, flags & ~O_NONBLOCK) < 0)
        throw_io_error(path, "read", errno);
}

/// Opens a file, a device or a pipe. A pipe without a writer is an error: an open that waits for
/// one may wait for ever. \throws IoError
[[nodiscard]] inline FileDescriptor open_for_reading(const std::filesystem::path& path) {
    struct stat status {};
    const bool is_pipe = ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    const int flags = O_RDONLY | O_CLOEXEC | (is_pipe ? O_NONBLOCK : 0);
    FileDescriptor file(
        repeat_if_interrupted(path, "open", [&] { return ::open(path.c_str(), flags); }));
    if (is_pipe) wait_for_writer(file, path);
    return file;
}

/// What one read gives, 0 at the end.
[[nodiscard]] inline std::size_t read_some(const FileDescriptor& file, std::byte* into,
                                           std::size_t size, const std::filesystem::path& path) {
    return static_cast<std::size_t>(
        repeat_if_interrupted(path, "read", [&] { return ::read(file.get(), into, size); }));
}
#endif

/// The first `count` bytes of a file, or all of a shorter one.
/// \throws IoError with path and cause
[[nodiscard]] inline std::vector<std::byte> read_file_head(const std::filesystem::path& path,
                                                           std::size_t count) {
    std::vector<std::byte> bytes(count);
    std::size_t filled = 0;
#if MGAN_HAS_POSIX_FILES
    const FileDescriptor file = open_for_reading(path);
    while (filled < count) {
        const std::size_t got = read_some(file, bytes.data() + filled, count - filled, path);
        if (got == 0) break;
        filled += got;
    }
#else
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) throw_io_error(path, "open", errno != 0 ? errno : EIO);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
    filled = static_cast<std::size_t>(file.gcount());
    if (file.bad()) throw_io_error(path, "read", EIO);
#endif
    bytes.resize(filled);
    return bytes;
}

/// All bytes of a file (or of a pipe, up to its end).
/// \throws IoError with path and cause, also if there are more than `limit` bytes
[[nodiscard]] inline std::vector<std::byte> read_file_bytes(
    const std::filesystem::path& path, std::uint64_t limit = kDefaultReadLimit) {
    std::vector<std::byte> bytes;
    const auto require_within = [&](std::uint64_t size) {
        require<IoError>(size <= limit, path, ": is longer than the limit of ", limit, " bytes");
    };
#if MGAN_HAS_POSIX_FILES
    const FileDescriptor file = open_for_reading(path);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) throw_io_error(path, "read", errno);
    if (S_ISDIR(status.st_mode)) throw_io_error(path, "read", EISDIR);
    std::size_t filled = 0;
    if (S_ISREG(status.st_mode)) {
        require_within(static_cast<std::uint64_t>(status.st_size));
        bytes.resize(static_cast<std::size_t>(status.st_size));
    }
    for (;;) {
        // Beyond the size that was promised: the file may have grown, and a pipe has no size.
        std::byte extra[4096];
        const bool within = filled < bytes.size();
        const std::size_t got =
            within ? read_some(file, bytes.data() + filled, bytes.size() - filled, path)
                   : read_some(file, extra, sizeof extra, path);
        if (got == 0) break;
        filled += got;
        require_within(filled);
        // /dev/zero never ends, nor does <(yes).
        require<IoError>(S_ISREG(status.st_mode) || filled <= kMostFromDevice, path,
                         S_ISCHR(status.st_mode) ? ": is a device" : ": is a pipe",
                         " that gives more than ", kMostFromDevice,
                         " bytes; write them into a file first");
        if (!within) bytes.insert(bytes.end(), extra, extra + got);
    }
    bytes.resize(filled);
#else
    std::error_code failure;
    const std::uint64_t size = std::filesystem::file_size(path, failure);
    if (failure) throw_io_error(path, "open", failure);
    require_within(size);
    bytes.resize(static_cast<std::size_t>(size));
    std::ifstream file(path, std::ios::binary);
    if (!file) throw_io_error(path, "open", ENOENT);
    if (size > 0 &&
        !file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size)))
        throw_io_error(path, "read", EIO);
#endif
    return bytes;
}

}  // namespace mgan::inline MGAN_ABI
