#pragma once
/// \file
/// Atomic replacement of a file: the whole old one or the whole new one.
///
/// A program that overwrites its only checkpoint, and is killed or finds the disk full, ends with
/// neither. So the new bytes go into a temporary file in the same folder; the system is told to
/// bring them to the disk (fsync); and only then does the temporary take the name of the old file.
/// That last step (rename) is atomic: nobody ever sees half a file.
///
/// A process that is killed leaves its temporary behind, named `.NAME.tmp-PID`;
/// `remove_stale_temporaries` clears those away at the next start.

#include <mgan/core/checksum.hpp>
#include <mgan/core/file.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <process.h>
#endif

namespace mgan::inline MGAN_ABI {

#if MGAN_HAS_POSIX_FILES

/// Writes all bytes to an open descriptor; returns 0, or the error number. One `write` may take
/// less than it is given, and a signal may interrupt it, but not for ever.
[[nodiscard]] inline int write_fully(int descriptor, std::span<const std::byte> bytes) noexcept {
    int interruptions = 0;
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR && ++interruptions < kMostInterruptions) continue;
        if (written < 0) return errno;
        if (written == 0) return EIO;
        interruptions = 0;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return 0;
}

/// Whether a system call failed because this file system does not know it, not because something
/// went wrong: network folders, FUSE drives and folders shared with a virtual machine say so in
/// many ways.
[[nodiscard]] inline bool is_unsupported(int cause) noexcept {
    return cause == EINVAL || cause == ENOSYS || cause == ENOTSUP || cause == EOPNOTSUPP ||
           cause == ENOTTY;
}

/// Brings an open file to the disk; returns 0, or the error number. Where the file system knows no
/// fsync, there is nothing that we could do: 0 (`can_bring_to_disk` tells).
[[nodiscard]] inline int bring_to_disk(int descriptor) noexcept {
    if (::fsync(descriptor) == 0 || is_unsupported(errno)) return 0;
    return errno;
}

#elif defined(_WIN32)

/// Brings a closed file to the disk; returns 0, or the error number.
[[nodiscard]] inline int bring_to_disk(const std::filesystem::path& path) noexcept {
    const int descriptor = ::_wopen(path.c_str(), _O_RDWR | _O_BINARY);
    if (descriptor < 0) return errno;
    const int cause = ::_commit(descriptor) == 0 ? 0 : errno;  // FlushFileBuffers
    return ::_close(descriptor) == 0 || cause != 0 ? cause : errno;
}

#endif

/// "NAME.tmp-", which a dot begins and the number of a process ends: a temporary of the file. A
/// file may have a name of 255 bytes, or of 143 (eCryptfs), and its temporary no more: of a long
/// name the beginning is kept, and a checksum of all of it.
[[nodiscard]] inline std::string temporary_stem(const std::filesystem::path& path) {
    constexpr std::size_t kLong = 120, kKept = 100;
    std::string name = path.filename().string();
    if (name.size() > kLong) {
        Checksum sum;
        sum.add(std::string_view(name));
        std::size_t kept = kKept;
        while (kept > 0 && (static_cast<unsigned char>(name[kept]) & 0xC0) == 0x80)
            --kept;  // not within a letter of several bytes
        name = name.substr(0, kept) + "-" + sum.text();
    }
    return name + ".tmp-";
}

/// Where `write_file_atomically(path)` writes before it renames: `.NAME.tmp-PID` in the same
/// folder.
[[nodiscard]] inline std::filesystem::path temporary_path(const std::filesystem::path& path) {
#if MGAN_HAS_POSIX_FILES
    const long process = static_cast<long>(::getpid());
#elif defined(_WIN32)
    const long process = static_cast<long>(::_getpid());
#else
    const long process = 0;
#endif
    return path.parent_path() / concat(".", temporary_stem(path), process);
}

/// A file that is written piece by piece and takes its name when it is whole: temporary file,
/// writes, fsync, close, rename, fsync of the folder, each checked. A symbolic link stays; the file
/// that it names is replaced, or created. A device or a pipe is written directly. What a file
/// system does not know (fsync, permissions) is left out. Without `commit` nothing stays.
///
///     AtomicWriter writer(path);
///     writer.append(bytes);
///     writer.commit();
///
/// All throw IoError with path and cause; then the old file is untouched and no temporary is left.
/// The one exception: if only the last fsync fails, the new file is in place, whole, but a power
/// cut may still bring the old one back; the message says so.
class AtomicWriter {
public:
    explicit AtomicWriter(const std::filesystem::path& path)
        : path_(path), target_(end_of_links(path)) {
        require<IoError>(target_.has_filename(), path, ": cannot write: the path names no file");
        temporary_ = temporary_path(target_);
#if MGAN_HAS_POSIX_FILES
        struct stat old {};
        const bool exists = ::stat(target_.c_str(), &old) == 0;
        if (!exists && errno == ENAMETOOLONG) fail_to_create(errno);  // now, not at the rename
        if (exists && S_ISDIR(old.st_mode)) throw_io_error(path, "write", EISDIR);
        is_device_ = exists && !S_ISREG(old.st_mode);
        if (is_device_) {
            file_ = FileDescriptor(::open(target_.c_str(), O_WRONLY | O_CLOEXEC));
            if (!file_.is_open()) throw_io_error(path, "open for writing", errno);
            return;
        }
        const auto create = [&] {
            const mode_t mode = exists ? old.st_mode & 0777 : 0666;
            return ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode | 0200);
        };
        int descriptor = create();
        if (descriptor < 0 && errno == EEXIST && ::unlink(temporary_.c_str()) == 0) {
            descriptor = create();  // left by a killed process with our number
        }
        file_ = FileDescriptor(descriptor);
        if (!file_.is_open()) fail_to_create(errno);
        if (exists && ::fchmod(file_.get(), old.st_mode & 07777) != 0) {
            // Some file systems (CIFS, exFAT, Windows drives in WSL) give all files the permissions
            // that they like. That is no loss unless more people may read the new file.
            const int cause = errno;
            struct stat now {};
            const bool opens =
                ::fstat(file_.get(), &now) != 0 || (now.st_mode & ~old.st_mode & 077) != 0;
            if (opens || (cause != EPERM && cause != EACCES && !is_unsupported(cause)))
                give_up("keep the permissions", cause);
        }
#else
        if (std::error_code failure; std::filesystem::is_directory(target_, failure))
            throw_io_error(path, "write", EISDIR);
        errno = 0;
        file_.open(temporary_, std::ios::binary | std::ios::trunc);
        if (!file_) fail_to_create(errno != 0 ? errno : EACCES);
#endif
    }

    AtomicWriter(const AtomicWriter&) = delete;
    AtomicWriter& operator=(const AtomicWriter&) = delete;
    ~AtomicWriter() {
        if (!done_) remove();
    }

    /// Where the bytes are until `commit`.
    [[nodiscard]] const std::filesystem::path& temporary() const noexcept {
        return temporary_;
    }

    /// Writes the next bytes. \throws IoError; then the file is given up
    void append(std::span<const std::byte> bytes) {
#if MGAN_HAS_POSIX_FILES
        if (const int cause = write_fully(file_.get(), bytes); cause != 0) give_up("write", cause);
#else
        file_.write(reinterpret_cast<const char*>(bytes.data()),
                    static_cast<std::streamsize>(bytes.size()));
        if (!file_) give_up("write", EIO);
#endif
    }

    /// Makes the bytes available to readers of `temporary()`.
    void flush() {
#if !MGAN_HAS_POSIX_FILES
        if (!file_.flush()) give_up("write", EIO);
#endif
    }

    /// Gives the file its name. \throws IoError
    void commit() {
#if MGAN_HAS_POSIX_FILES
        if (is_device_) {
            if (const int cause = file_.close(); cause != 0) give_up("write", cause);
            done_ = true;
            return;
        }
        // After a failed fsync the system may have dropped the bytes and call a second one a
        // success.
        if (const int cause = bring_to_disk(file_.get()); cause != 0)
            give_up("bring to the disk (fsync)", cause);
        if (const int cause = file_.close(); cause != 0) give_up("close", cause);
        if (::rename(temporary_.c_str(), target_.c_str()) != 0) give_up("replace (rename)", errno);
        done_ = true;
        const std::filesystem::path folder =
            target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
        FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_CLOEXEC));
        // A folder may be writable and unreadable; and some file systems that know no fsync of
        // folders say EBADF.
        if (directory.is_open() && ::fsync(directory.get()) != 0 && errno != EBADF &&
            !is_unsupported(errno))
            throw_io_error(
                path_, "make the new name durable (fsync of the folder; the file itself is whole)",
                errno);
#else
        file_.close();
        if (!file_) give_up("write", EIO);
#ifdef _WIN32
        if (const int cause = bring_to_disk(temporary_); cause != 0)
            give_up("bring to the disk", cause);
#endif
        std::error_code failure;
        std::filesystem::rename(temporary_, target_, failure);
        if (failure) {
            remove();
            throw_io_error(path_, "replace (rename)", failure);
        }
        done_ = true;
#endif
    }

private:
    [[noreturn]] void fail_to_create(int cause) const {
        std::error_code unknown;
        const std::filesystem::path folder = target_.parent_path();
        if (target_ != path_ && !folder.empty() && !std::filesystem::exists(folder, unknown))
            fail<IoError>(path_, ": is a link to ", target_,
                          ", and the folder of that is not there; make it, or remove the link");
        throw_io_error(path_, "create a file beside it", cause);
    }
    [[noreturn]] void give_up(std::string_view what, int cause) {
        remove();
        throw_io_error(path_, what, cause);
    }
    void remove() noexcept {
        done_ = true;
#if MGAN_HAS_POSIX_FILES
        (void)file_.close();
        if (!is_device_) (void)::unlink(temporary_.c_str());
#else
        file_.close();
        std::error_code ignored;
        std::filesystem::remove(temporary_, ignored);
#endif
    }

    std::filesystem::path path_, target_, temporary_;
#if MGAN_HAS_POSIX_FILES
    FileDescriptor file_{-1};
    bool is_device_ = false;
#else
    std::ofstream file_;
#endif
    bool done_ = false;  ///< nothing to remove
};

/// Replaces (or creates) a file by `bytes`, all or nothing, as an `AtomicWriter` does. Threads may
/// write different files at once, not the same one. \throws IoError
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::span<const std::byte> bytes) {
    AtomicWriter writer(path);
    writer.append(bytes);
    writer.commit();
}

/// Whether the file system of `folder` can bring files to the disk. If not, saved files survive a
/// kill, but perhaps not a power cut. True also where that cannot be found out.
[[nodiscard]] inline bool can_bring_to_disk(const std::filesystem::path& folder) {
#if MGAN_HAS_POSIX_FILES
    const std::filesystem::path path = temporary_path(folder / "fsync");
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file.is_open()) return true;
    const bool can = ::fsync(file.get()) == 0 || !is_unsupported(errno);
    (void)file.close();
    (void)::unlink(path.c_str());
    return can;
#else
    (void)folder;
    return true;
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

/// Whether a file's name is that of a temporary whose process has ended, or has our own number.
[[nodiscard]] inline bool is_stale_temporary(std::string_view name) noexcept {
    long process = 0;
    if (!is_temporary_name(name, process)) return false;
#if MGAN_HAS_POSIX_FILES
    // Signal 0 only asks whether the process exists; EPERM says that it does, and is another's.
    const bool alive = ::kill(static_cast<pid_t>(process), 0) == 0 || errno == EPERM;
    if (process > 0 && process != static_cast<long>(::getpid()) && alive) return false;
#endif
    return true;
}

/// Removes from `folder` (not from folders inside it) the temporaries of processes that have ended,
/// and returns how many. Call it when a program starts to use a folder, before it saves there: a
/// temporary with this process's own number counts as stale. An absent folder has none.
/// \throws IoError where a stale file cannot be removed
inline std::size_t remove_stale_temporaries(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    std::error_code failure;
    std::vector<fs::path> stale;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        if (is_stale_temporary(entry->path().filename().string())) stale.push_back(entry->path());
    }
    std::size_t removed = 0;
    for (const fs::path& path : stale) {
        fs::remove(path, failure);
#ifdef _WIN32
        // Windows removes no file that is open: its process lives.
        if (fs::exists(path, failure)) continue;
#endif
        if (failure) throw_io_error(path, "remove", failure);
        ++removed;
    }
    return removed;
}

}  // namespace mgan::inline MGAN_ABI
