#pragma once
/// \file
/// A lock on a folder that one process at a time may work in.
///
/// The lock belongs to an open file, not to its existence: when the process ends, however it ends,
/// the system closes the file and the lock is gone. The file itself stays, with a line that says
/// who had it last; its presence means nothing.
///
/// Two open files exclude each other even within one process (open file description locks, or
/// flock(2) where there are none; on Windows the file is open to no other writer). On a network
/// file system the server keeps the lock, and other machines see it. Some file systems know no
/// locks at all; then `held()` is false, and the caller should say so.

#include <mgan/core/file.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#if MGAN_HAS_POSIX_FILES
#include <sys/file.h>
#elif defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <share.h>
#include <sys/stat.h>

#include <cstdlib>
#endif

namespace mgan::inline MGAN_ABI {

/// An exclusive lock on one file. Movable; released by the destructor.
class FileLock {
public:
    /// Takes the lock on `path`, which is created if it is not there. Does not wait: throws
    /// LockedError if another process holds it; the message names that process. Throws IoError if
    /// the file cannot be created. Where the file system knows no locks, the object holds none.
    explicit FileLock(const std::filesystem::path& path) {
#if MGAN_HAS_POSIX_FILES
        file_.emplace(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
        if (!file_->is_open()) throw_io_error(path, "create the lock file", errno);
        if (const int cause = lock(file_->get()); cause != 0) {
            if (cause == EAGAIN || cause == EACCES || cause == EWOULDBLOCK) {
                fail<LockedError>(path.parent_path(), ": ", holder(file_->get()),
                                  " works on it; wait until it is done, or take another folder");
            }
            file_.reset();  // no locks here: ENOLCK, EOPNOTSUPP, EINVAL, ENOSYS
            return;
        }
        sign(file_->get());
#elif defined(_WIN32)
        const int cause = open(path, _O_RDWR | _O_CREAT, _SH_DENYWR, file_.descriptor);
        if (cause == EACCES && is_written(path))
            fail<LockedError>(path.parent_path(), ": ", holder(path),
                              " works on it; wait until it is done, or take another folder");
        if (cause != 0) throw_io_error(path, "create the lock file", cause);
        sign(file_.descriptor);
#else
        (void)path;
#endif
    }

    FileLock(FileLock&&) noexcept = default;
    FileLock& operator=(FileLock&&) noexcept = default;

    /// Whether a lock is held: false where the file system knows none.
    [[nodiscard]] bool held() const noexcept {
#if MGAN_HAS_POSIX_FILES
        return file_.has_value();
#elif defined(_WIN32)
        return file_.descriptor >= 0;
#else
        return false;
#endif
    }

    /// Whether `path` still names the file that is locked: whoever had the lock before may have
    /// removed it.
    [[nodiscard]] bool is_at(const std::filesystem::path& path) const noexcept {
#if MGAN_HAS_POSIX_FILES
        struct stat mine = {}, there = {};
        return held() && ::fstat(file_->get(), &mine) == 0 && ::stat(path.c_str(), &there) == 0 &&
               mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
#else
        (void)path;
        return held();  // Windows removes no file that is open
#endif
    }

private:
#if MGAN_HAS_POSIX_FILES
    /// 0, or the error number.
    static int lock(int descriptor) noexcept {
#ifdef F_OFD_SETLK
        struct flock whole {};
        whole.l_type = F_WRLCK;
        whole.l_whence = SEEK_SET;
        if (::fcntl(descriptor, F_OFD_SETLK, &whole) == 0) return 0;
        if (errno != EINVAL && errno != ENOSYS) return errno;
#endif
        return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    }

    /// Writes who holds the lock. For messages alone, so that a failure is no fault.
    static void sign(int descriptor) noexcept {
        char host[256] = "";
        if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
        char line[320];
        const int size = std::snprintf(line, sizeof line, "process %ld on %s\n",
                                       static_cast<long>(::getpid()), host);
        if (size <= 0 || ::ftruncate(descriptor, 0) != 0) return;
        (void)!::pwrite(descriptor, line, static_cast<std::size_t>(size), 0);
    }

    static std::string holder(int descriptor) {
        char line[320];
        const ssize_t size = ::pread(descriptor, line, sizeof line, 0);
        return first_line({line, size > 0 ? static_cast<std::size_t>(size) : 0});
    }

    std::optional<FileDescriptor> file_;
#elif defined(_WIN32)
    /// An open file that closes itself.
    struct File {
        int descriptor = -1;
        File() = default;
        File(File&& other) noexcept : descriptor(std::exchange(other.descriptor, -1)) {}
        File& operator=(File&& other) noexcept {
            std::swap(descriptor, other.descriptor);
            return *this;
        }
        ~File() {
            if (descriptor >= 0) (void)::_close(descriptor);
        }
    };

    /// 0, or the error number. `share`: what others may do meanwhile.
    static int open(const std::filesystem::path& path, int flags, int share, int& descriptor) {
        return ::_wsopen_s(&descriptor, path.c_str(), flags | _O_BINARY | _O_NOINHERIT, share,
                           _S_IREAD | _S_IWRITE);
    }

    /// Whether somebody has the file open for writing: then it cannot be had without writers.
    static bool is_written(const std::filesystem::path& path) {
        File file;
        return open(path, _O_RDONLY, _SH_DENYWR, file.descriptor) == EACCES;
    }

    static void sign(int descriptor) noexcept {
        const char* const host = std::getenv("COMPUTERNAME");
        char line[320];
        const int size = std::snprintf(line, sizeof line, "process %d on %.255s\n", ::_getpid(),
                                       host != nullptr ? host : "");
        if (size <= 0 || ::_chsize(descriptor, 0) != 0) return;
        (void)::_write(descriptor, line, static_cast<unsigned>(size));
    }

    static std::string holder(const std::filesystem::path& path) {
        File file;
        char line[320];
        if (open(path, _O_RDONLY, _SH_DENYNO, file.descriptor) != 0) return first_line({});
        const int size = ::_read(file.descriptor, line, sizeof line);
        return first_line({line, size > 0 ? static_cast<std::size_t>(size) : 0});
    }

    File file_;
#endif

    /// "process 4711 on host", as the holder wrote it.
    static std::string first_line(std::string text) {
        text = text.substr(0, text.find('\n'));
        for (char& c : text)
            if (c < ' ' || c > '~') c = '?';
        return text.empty() ? "another process" : text;
    }
};

/// A lock whose file goes when it is released, for folders that belong to somebody else. A process
/// that is killed leaves the file behind, without a lock; the next one takes it, and removes it.
class PassingLock {
public:
    /// \throws LockedError, IoError as FileLock
    explicit PassingLock(std::filesystem::path path) : path_(std::move(path)), lock_(path_) {
        // Between our open and our lock another process may have released its own, file and all.
        constexpr int kMostTries = 1000;
        for (int tries = 0; lock_->held() && !lock_->is_at(path_); ++tries) {
            require<IoError>(tries < kMostTries, path_,
                             ": cannot lock the file: it goes each time");
            lock_.emplace(path_);
        }
    }
    PassingLock(const PassingLock&) = delete;
    PassingLock& operator=(const PassingLock&) = delete;
    ~PassingLock() {
        std::error_code ignored;
#if !MGAN_HAS_POSIX_FILES
        lock_.reset();  // an open file stays
#endif
        std::filesystem::remove(path_, ignored);
    }

    /// Whether a lock is held: false where the file system knows none.
    [[nodiscard]] bool held() const noexcept {
        return lock_->held();
    }

private:
    std::filesystem::path path_;
    std::optional<FileLock> lock_;
};

}  // namespace mgan::inline MGAN_ABI
