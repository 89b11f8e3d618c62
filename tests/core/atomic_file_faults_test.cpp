// Every system call of a save fails once, and from then on: the old or the new file is whole, the
// error names path and cause, and nothing else is left. The calls are replaced by this program's
// own, which pass on to the C library unless a fault is due.
#ifdef __linux__
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <mgan/core/atomic_file.hpp>
#include <support/catch.hpp>
#include <support/next_call.hpp>

#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <set>
#include <utility>

namespace {

int calls_until_fault = -1;  // < 0: no fault
bool for_ever = false;
int fault_number = 0;
int most_written = 0;       // > 0: a write takes no more than so many bytes
int reads_interrupted = 0;  // so many reads in a row end with EINTR
int opens_interrupted = 0;  // and so many opens

bool fault_is_due() {
    if (calls_until_fault < 0) return false;
    if (calls_until_fault > 0) {
        --calls_until_fault;
        return false;
    }
    if (!for_ever) calls_until_fault = -1;
    errno = fault_number;
    return true;
}

}  // namespace

extern "C" ssize_t write(int descriptor, const void* bytes, size_t size) {
    static auto* const real = next_of<ssize_t(int, const void*, size_t)>("write");
    if (fault_is_due()) return -1;
    if (most_written > 0 && size > static_cast<size_t>(most_written))
        size = static_cast<size_t>(most_written);
    return real(descriptor, bytes, size);
}
extern "C" ssize_t read(int descriptor, void* bytes, size_t size) {
    static auto* const real = next_of<ssize_t(int, void*, size_t)>("read");
    if (reads_interrupted == 0) return real(descriptor, bytes, size);
    --reads_interrupted;
    errno = EINTR;
    return -1;
}
extern "C" int open(const char* path, int flags, ...) {
    static auto* const real = next_of<int(const char*, int, ...)>("open");
    if (opens_interrupted > 0) {
        --opens_interrupted;
        errno = EINTR;
        return -1;
    }
    const bool creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    if (!creates) return real(path, flags);
    std::va_list rest;
    va_start(rest, flags);
    const auto mode = va_arg(rest, mode_t);
    va_end(rest);
    return real(path, flags, mode);
}
extern "C" int fsync(int descriptor) {
    static auto* const real = next_of<int(int)>("fsync");
    return fault_is_due() ? -1 : real(descriptor);
}
extern "C" int rename(const char* from, const char* to) noexcept {
    static auto* const real = next_of<int(const char*, const char*)>("rename");
    return fault_is_due() ? -1 : real(from, to);
}
extern "C" int close(int descriptor) {
    static auto* const real = next_of<int(int)>("close");
    const int result = real(descriptor);  // a close that fails has closed all the same
    return fault_is_due() ? -1 : result;
}

TEST_CASE("Whatever call of a save fails, the old or the new file is whole and alone") {
    namespace fs = std::filesystem;
    const fs::path folder =
        fs::temp_directory_path() / mgan::temporary_path("mgan_faults").filename();
    fs::remove_all(folder);
    fs::create_directories(folder);
    const fs::path path = folder / "file";
    const std::vector<std::byte> old_bytes(1000, std::byte{1}), new_bytes(10000, std::byte{2});

    std::set<std::string> causes;
    int saves = 0, interrupted_saves = 0;
    for (const int number : {ENOSPC, EIO, EDQUOT, EINTR}) {
        for (const bool always : {false, true}) {
            for (int call = 0; call < 12; ++call) {
                mgan::write_file_atomically(path, old_bytes);
                calls_until_fault = call;
                for_ever = always;
                fault_number = number;
                most_written = 3000;  // so that four writes are needed
                std::string error;
                try {
                    mgan::write_file_atomically(path, new_bytes);
                } catch (const mgan::IoError& failure) {
                    error = failure.what();
                }
                calls_until_fault = -1;
                most_written = 0;

                INFO("error " << number << (always ? " from call " : " at call ") << call << ": "
                              << error);
                ++saves;
                const auto now = mgan::read_file_bytes(path);
                CHECK(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 1);
                const std::string cause = std::generic_category().message(number);
                if (error.empty()) {
                    CHECK(now == new_bytes);
                    continue;
                }
                ++interrupted_saves;
                CHECK(error.find(path.string() + ": cannot ") == 0);
                CHECK(error.rfind(": " + cause) == error.size() - cause.size() - 2);
                const bool replaced = error.find("durable") != std::string::npos;
                CHECK(now == (replaced ? new_bytes : old_bytes));
                causes.insert(error.substr(0, error.size() - cause.size()));
            }
        }
    }
    CHECK(saves == 96);
    // Calls 0 to 3 write, then fsync, close, rename, fsync of the folder: 8 that matter. A write
    // that is interrupted once is repeated.
    CHECK(interrupted_saves == 8 * 8 - 4);
    CHECK(causes.size() == 5);
    fs::remove_all(folder);
}

TEST_CASE("A read that is interrupted for ever is an error, not a loop") {
    namespace fs = std::filesystem;
    const fs::path path =
        fs::temp_directory_path() / mgan::temporary_path("mgan_interrupted").filename();
    const std::vector<std::byte> bytes(1000, std::byte{1});
    mgan::write_file_atomically(path, bytes);
    const std::vector<std::byte> head(4, std::byte{1});
    const auto reads_all = [&] { return mgan::read_file_bytes(path) == bytes; };
    const auto reads_head = [&] { return mgan::read_file_head(path, 4) == head; };
    for (const std::function<bool()>& reads : {std::function<bool()>(reads_all), {reads_head}}) {
        reads_interrupted = opens_interrupted = 10;
        CHECK(reads());
        CHECK(opens_interrupted == 0);
        reads_interrupted = 1'000'000;
        std::string error;
        try {
            (void)reads();
        } catch (const mgan::IoError& failure) {
            error = failure.what();
        }
        const int left = std::exchange(reads_interrupted, 0);
        CHECK(left == 1'000'000 - mgan::kMostInterruptions);
        CHECK(error == path.string() + ": cannot read: " + std::generic_category().message(EINTR));
    }
    fs::remove(path);
}
#endif
