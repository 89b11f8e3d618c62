#pragma once
/// \file
/// Files that are either the old ones or the new ones, whole.
///
/// A program that writes over its only checkpoint and is killed, or whose disk is full, ends with
/// neither. So the new bytes go into a temporary file in the same folder; the system is told to
/// bring them to the disk (fsync); and only then the temporary takes the name of the old file. That
/// last step (rename) is one step for everybody who looks: no moment shows half a file.
///
/// A process that is killed leaves its temporary behind, named `.NAME.tmp-PID`;
/// `remove_stale_temporaries` clears those away at the next start.

#include <mgan/core/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#if __has_include(<unistd.h>) && __has_include(<sys/stat.h>)
#define MGAN_HAS_POSIX_FILES 1
#include <fcntl.h>
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

#if MGAN_HAS_POSIX_FILES

/// An open file descriptor that closes itself.
class FileDescriptor {
public:
    explicit FileDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() { (void)close(); }

    [[nodiscard]] int get() const noexcept { return descriptor_; }
    [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }

    /// 0, or the error number. Never repeated: after a failed close the descriptor is gone as well.
    int close() noexcept {
        if (descriptor_ < 0) return 0;
        const int result = ::close(descriptor_);
        descriptor_ = -1;
        return result == 0 ? 0 : errno;
    }

private:
    int descriptor_;
};

/// Writes all bytes to an open descriptor: 0, or the error number. One `write` may take less than
/// it is given, and a signal may interrupt it; but not for ever.
[[nodiscard]] inline int write_fully(int descriptor, std::span<const std::byte> bytes) noexcept {
    int interruptions = 0;
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR && ++interruptions < 1000) continue;
        if (written < 0) return errno;
        if (written == 0) return EIO;
        interruptions = 0;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return 0;
}

#endif

/// The largest file that `read_file_bytes` takes unless told otherwise: 16 GiB.
inline constexpr std::uint64_t kDefaultReadLimit = std::uint64_t{1} << 34;

/// All bytes of a file (or of a pipe, up to its end).
/// \throws IoError with path and cause; also if there are more than `limit` bytes.
[[nodiscard]] inline std::vector<std::byte> read_file_bytes(
    const std::filesystem::path& path, std::uint64_t limit = kDefaultReadLimit) {
    std::vector<std::byte> bytes;
    const auto require_within = [&](std::uint64_t size) {
        require<IoError>(size <= limit, path.string(), ": is longer than the limit of ", limit,
                         " bytes");
    };
#if MGAN_HAS_POSIX_FILES
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) throw_io_error(path, "open", errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) throw_io_error(path, "read", errno);
    if (S_ISDIR(status.st_mode)) throw_io_error(path, "read", EISDIR);
    std::size_t filled = 0;
    if (S_ISREG(status.st_mode)) {
        require_within(static_cast<std::uint64_t>(status.st_size));
        bytes.resize(static_cast<std::size_t>(status.st_size));
    }
    for (;;) {
        // What the size promised has been read: the file may have grown, and a pipe has no size.
        std::byte extra[4096];
        const bool within = filled < bytes.size();
        const ssize_t got = within
                                ? ::read(file.get(), bytes.data() + filled, bytes.size() - filled)
                                : ::read(file.get(), extra, sizeof extra);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw_io_error(path, "read", errno);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
        require_within(filled);
        if (!within) bytes.insert(bytes.end(), extra, extra + got);
    }
    bytes.resize(filled);
#else
    std::error_code failure;
    const std::uint64_t size = std::filesystem::file_size(path, failure);
    if (failure) throw_io_error(path, "open", failure.value());
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

/// Where `write_file_atomically(path)` writes before it renames: `.NAME.tmp-PID` in the same
/// folder.
[[nodiscard]] inline std::filesystem::path temporary_path(const std::filesystem::path& path) {
#if MGAN_HAS_POSIX_FILES
    const long process = static_cast<long>(::getpid());
#else
    const long process = 0;
#endif
    return path.parent_path() / concat(".", path.filename().string(), ".tmp-", process);
}

/// Replaces (or creates) a file by `bytes`, all or nothing: temporary file, write, fsync, close,
/// rename, fsync of the folder, each checked. A symbolic link keeps pointing: the file it names is
/// replaced. A device or a pipe is written directly. Threads may write different files at once, not
/// the same one. \throws IoError with path and cause; then the old file is untouched and no
/// temporary is left. The
///         one exception: if only the last fsync fails, the new file is in place, whole, but a
///         power cut may yet bring the old one back; the message says so.
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::span<const std::byte> bytes) {
    namespace fs = std::filesystem;
    std::error_code failure;
    fs::path target = path;
    if (fs::is_symlink(fs::symlink_status(path, failure))) {
        target = fs::weakly_canonical(path, failure);
        if (failure) throw_io_error(path, "follow the link", failure.value());
    }
    require<IoError>(target.has_filename(), path.string(),
                     ": cannot write: the path names no file");
    const fs::path temporary = temporary_path(target);
#if MGAN_HAS_POSIX_FILES
    struct stat old {};
    const bool exists = ::stat(target.c_str(), &old) == 0;
    if (exists && S_ISDIR(old.st_mode)) throw_io_error(path, "write", EISDIR);
    if (exists && !S_ISREG(old.st_mode)) {
        FileDescriptor device(::open(target.c_str(), O_WRONLY | O_CLOEXEC));
        if (!device.is_open()) throw_io_error(path, "open for writing", errno);
        int cause = write_fully(device.get(), bytes);
        const int close_cause = device.close();
        if (cause == 0) cause = close_cause;
        if (cause != 0) throw_io_error(path, "write", cause);
        return;
    }

    const auto create = [&] {
        return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    };
    int descriptor = create();
    if (descriptor < 0 && errno == EEXIST && ::unlink(temporary.c_str()) == 0) {
        descriptor = create();  // left behind by a killed process that had our number
    }
    FileDescriptor file(descriptor);
    if (!file.is_open()) throw_io_error(path, "create a file beside it", errno);

    const auto give_up = [&](std::string_view what, int cause) {
        (void)file.close();
        (void)::unlink(temporary.c_str());
        throw_io_error(path, what, cause);
    };
    if (exists && ::fchmod(file.get(), old.st_mode & 07777) != 0)
        give_up("keep the permissions", errno);
    if (const int cause = write_fully(file.get(), bytes); cause != 0) give_up("write", cause);
    // After a failed fsync the system may have dropped the bytes and call a second one a success.
    if (::fsync(file.get()) != 0) give_up("bring to the disk (fsync)", errno);
    if (const int cause = file.close(); cause != 0) give_up("close", cause);
    if (::rename(temporary.c_str(), target.c_str()) != 0) give_up("replace (rename)", errno);

    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_CLOEXEC));
    // A file system that knows no fsync of folders says EINVAL; a folder may be writable and
    // unreadable.
    if (directory.is_open() && ::fsync(directory.get()) != 0 && errno != EINVAL && errno != ENOTSUP)
        throw_io_error(path,
                       "make the new name durable (fsync of the folder; the file itself is whole)",
                       errno);
#else
    const auto give_up = [&](std::string_view what, int cause) {
        std::error_code ignored;
        fs::remove(temporary, ignored);
        throw_io_error(path, what, cause);
    };
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    if (!file) throw_io_error(path, "create a file beside it", EACCES);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) give_up("write", EIO);
    fs::rename(temporary, target, failure);
    if (failure) give_up("replace (rename)", failure.value());
#endif
}

/// Whether a file's name is that of a temporary of `write_file_atomically`; `process` gets its
/// number.
[[nodiscard]] inline bool is_temporary_name(std::string_view name, long& process) noexcept {
    constexpr std::string_view kMark = ".tmp-";
    const std::size_t mark = name.rfind(kMark);
    if (mark == std::string_view::npos || mark < 2 || name.front() != '.') return false;
    const std::string_view digits = name.substr(mark + kMark.size());
    if (digits.empty() || digits.size() > 9) return false;
    process = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return false;
        process = process * 10 + (c - '0');
    }
    return true;
}

/// Removes from `folder` (not from folders inside it) the temporaries of processes that are no
/// more, and returns how many. Call it when a program starts to use a folder, before it saves
/// there: a temporary with this process's own number counts as stale. A folder that is absent has
/// none. \throws IoError where a stale file cannot be removed.
inline std::size_t remove_stale_temporaries(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    std::error_code failure;
    std::vector<fs::path> stale;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        long process = 0;
        if (!is_temporary_name(entry->path().filename().string(), process)) continue;
#if MGAN_HAS_POSIX_FILES
        // Signal 0 only asks whether the process exists; EPERM says that it does, and is another's.
        const bool alive = ::kill(static_cast<pid_t>(process), 0) == 0 || errno == EPERM;
        if (process > 0 && process != static_cast<long>(::getpid()) && alive) continue;
#endif
        stale.push_back(entry->path());
    }
    for (const fs::path& path : stale) {
        fs::remove(path, failure);
        if (failure) throw_io_error(path, "remove", failure.value());
    }
    return stale.size();
}

}  // namespace mgan::inline MGAN_ABI
