#pragma once
/// \file
/// A lock on a folder that one process at a time may work in.
///
/// The lock belongs to an open file, not to its existence: when the process ends, however it ends,
/// the system closes the file and the lock is gone. The file itself stays, with a line that says
/// who had it last; its presence means nothing.
///
/// Two open files exclude each other even within one process (open file description locks, or
/// flock(2) where there are none). On a network file system the server keeps the lock, and other
/// machines see it. Some file systems know no locks at all; then `held()` is false, and the caller
/// should say so.

#include <mgan/core/file.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#if MGAN_HAS_POSIX_FILES
#include <sys/file.h>
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
#else
        return false;
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

    /// "process 4711 on host", as the holder wrote it.
    static std::string holder(int descriptor) {
        char line[320];
        const ssize_t size = ::pread(descriptor, line, sizeof line, 0);
        std::string text(line, size > 0 ? static_cast<std::size_t>(size) : 0);
        text = text.substr(0, text.find('\n'));
        for (char& c : text)
            if (c < ' ' || c > '~') c = '?';
        return text.empty() ? "another process" : text;
    }

    std::optional<FileDescriptor> file_;
#endif
};

}  // namespace mgan::inline MGAN_ABI
