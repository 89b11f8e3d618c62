#pragma once
/// \file
/// Reading at any place of a file that need not fit in memory.
///
/// The file is mapped: its bytes appear in memory when they are looked at, and the system may take
/// them away again. Where there is no mapping (`MGAN_NO_MMAP`, systems without mmap, some network
/// folders), the same bytes are read by system calls. Callers see no difference:
///
///     const MappedFile file("songs.mgan");
///     file.read(offset, bytes);
///
/// Pages that were read count as memory of the process until the system wants them back. So that a
/// walk through a large file stays small, the mapping forgets its pages from time to time; they
/// stay in the cache of the system.

#include <mgan/core/file.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <span>
#include <system_error>

#if MGAN_HAS_POSIX_FILES && __has_include(<sys/mman.h>) && !defined(MGAN_NO_MMAP)
#define MGAN_HAS_MMAP 1
#include <sys/mman.h>
#else
#define MGAN_HAS_MMAP 0
#endif

namespace mgan::inline MGAN_ABI {

/// How a `MappedFile` gets at its bytes.
enum class FileAccess {
    mapped,  ///< by mmap where there is one
    plain    ///< by system calls that read
};

/// A file that is open for reading. `read` may be called from many threads at once, and by many
/// processes. The file must not change while it is open; replacing it under its name (rename) is no
/// change.
class MappedFile {
public:
    /// \throws IoError with path and cause
    explicit MappedFile(const std::filesystem::path& path, FileAccess access = FileAccess::mapped)
        : path_(path)
#if MGAN_HAS_POSIX_FILES
          ,
          file_(open_for_reading(path))
#endif
    {
#if MGAN_HAS_POSIX_FILES
        if (::fstat(file_.get(), &status_) != 0) throw_io_error(path, "read", errno);
        if (S_ISDIR(status_.st_mode)) throw_io_error(path, "read", EISDIR);
        require<IoError>(S_ISREG(status_.st_mode), path,
                         ": is a device or a pipe; a file is needed here");
        size_ = static_cast<std::uint64_t>(status_.st_size);
#if MGAN_HAS_MMAP
        if (access == FileAccess::mapped && size_ > 0 && size_ <= SIZE_MAX / 2) {
            void* const begin = ::mmap(nullptr, static_cast<std::size_t>(size_), PROT_READ,
                                       MAP_SHARED, file_.get(), 0);
            if (begin != MAP_FAILED) bytes_ = static_cast<const std::byte*>(begin);
        }
#endif
#else
        std::error_code failure;
        size_ = std::filesystem::file_size(path, failure);
        if (failure) throw_io_error(path, "open", failure);
        stream_.open(path, std::ios::binary);
        if (!stream_) throw_io_error(path, "open", ENOENT);
#endif
        (void)access;
    }

    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile() {
#if MGAN_HAS_MMAP
        if (bytes_ != nullptr)
            (void)::munmap(const_cast<std::byte*>(bytes_), static_cast<std::size_t>(size_));
#endif
    }

    [[nodiscard]] const std::filesystem::path& path() const noexcept {
        return path_;
    }
    [[nodiscard]] std::uint64_t size() const noexcept {
        return size_;
    }
    [[nodiscard]] bool is_mapped() const noexcept {
        return bytes_ != nullptr;
    }

    /// Copies the bytes from `offset` on. A copy, so that what a caller has checked stays as it
    /// was. \throws IoError if the file ends before, or was changed since it was opened
    void read(std::uint64_t offset, std::span<std::byte> into) const {
        if (offset > size_ || into.size() > size_ - offset)
            fail<IoError>(path_, ": has ", size_, " bytes, and those from ", offset, " to ",
                          offset + into.size(), " are wanted");
        if (into.empty()) return;
        require_unchanged();
#if MGAN_HAS_MMAP
        if (bytes_ != nullptr) {
            std::memcpy(into.data(), bytes_ + offset, into.size());
            count_pages(into.size());
            return;
        }
#endif
#if MGAN_HAS_POSIX_FILES
        while (!into.empty()) {
            const ssize_t got = repeat_if_interrupted(path_, "read", [&] {
                return ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
            });
            if (got == 0) throw_changed();
            into = into.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::uint64_t>(got);
        }
#else
        const std::lock_guard lock(mutex_);
        stream_.clear();
        stream_.seekg(static_cast<std::streamoff>(offset));
        if (!stream_.read(reinterpret_cast<char*>(into.data()),
                          static_cast<std::streamsize>(into.size())))
            throw_io_error(path_, "read", EIO);
#endif
    }

private:
    [[noreturn]] void throw_changed() const {
        fail<IoError>(path_,
                      ": was changed while it was in use; start again (to replace a file that is "
                      "in use, write another one and rename it)");
    }

    /// To look at a mapped page that the file no longer has ends a process. Asking for the size
    /// before each read leaves that to the few instructions in between.
    void require_unchanged() const {
#if MGAN_HAS_POSIX_FILES
        struct stat now {};
        if (::fstat(file_.get(), &now) != 0) throw_io_error(path_, "read", errno);
        const bool same = now.st_size == status_.st_size && now.st_mtime == status_.st_mtime;
        if (!same) throw_changed();
#endif
    }

#if MGAN_HAS_MMAP
    /// Forgets the pages once some were read: a look at one byte may bring in 64 KiB.
    void count_pages(std::size_t size) const noexcept {
        constexpr std::uint64_t kMost = std::uint64_t{1} << 26, kLeast = std::uint64_t{1} << 16;
        const std::uint64_t seen = std::max<std::uint64_t>(size, kLeast);
        if (seen_.fetch_add(seen, std::memory_order_relaxed) + seen < kMost) return;
        seen_.store(0, std::memory_order_relaxed);
#ifdef MADV_DONTNEED
        (void)::madvise(const_cast<std::byte*>(bytes_), static_cast<std::size_t>(size_),
                        MADV_DONTNEED);
#endif
    }
    mutable std::atomic<std::uint64_t> seen_{0};
#endif

    std::filesystem::path path_;
#if MGAN_HAS_POSIX_FILES
    FileDescriptor file_;
    struct stat status_ {};
#else
    mutable std::ifstream stream_;
    mutable std::mutex mutex_;
#endif
    std::uint64_t size_ = 0;
    const std::byte* bytes_ = nullptr;  ///< of the mapping; null: plain reads
};

}  // namespace mgan::inline MGAN_ABI
