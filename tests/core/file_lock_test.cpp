#include <mgan/core/file_lock.hpp>

#include <support/catch.hpp>
#include <support/folder.hpp>

#include <filesystem>
#include <string>

#if MGAN_HAS_POSIX_FILES
#include <sys/wait.h>
#endif

#if MGAN_HAS_POSIX_FILES || defined(_WIN32)

namespace {

using mgan_test::Folder;

std::string refusal_of(const std::filesystem::path& path) {
    try {
        const mgan::FileLock lock(path);
        return "";
    } catch (const mgan::IoError& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("A lock excludes a second one, names who holds it, and goes with its object") {
    const Folder folder;
    const auto path = folder.path() / "lock";
    {
        const mgan::FileLock lock(path);
        REQUIRE(lock.held());
        const std::string refusal = refusal_of(path);
        CHECK(refusal.find(folder.path().string()) == 0);
        CHECK_THROWS_AS(mgan::FileLock(path), mgan::LockedError);
        CHECK(refusal.find("process " + std::to_string(::getpid()) + " on ") != std::string::npos);
    }
    CHECK(refusal_of(path).empty());
}

TEST_CASE("A lock can be moved, and only its last owner releases it") {
    const Folder folder;
    const auto path = folder.path() / "lock";
    mgan::FileLock first(path);
    {
        const mgan::FileLock second(std::move(first));
        CHECK(second.held());
        CHECK_FALSE(refusal_of(path).empty());
    }
    CHECK(refusal_of(path).empty());
}

TEST_CASE("A passing lock excludes a second one, and takes its file along") {
    const Folder folder;
    const auto path = folder.path() / "lock";
    {
        const mgan::PassingLock lock(path);
        CHECK(lock.held());
        CHECK_THROWS_AS(mgan::PassingLock(path), mgan::LockedError);
        CHECK(std::filesystem::exists(path));
    }
    CHECK_FALSE(std::filesystem::exists(path));
    mgan_test::put(path, "left by one that was killed\n");
    { const mgan::PassingLock lock(path); }
    CHECK_FALSE(std::filesystem::exists(path));
}

#if MGAN_HAS_POSIX_FILES
TEST_CASE("A lock on a file that is no longer there is told from one on the file of that name") {
    const Folder folder;
    const auto path = folder.path() / "lock";
    const mgan::FileLock lock(path);
    CHECK(lock.is_at(path));
    std::filesystem::remove(path);
    CHECK_FALSE(lock.is_at(path));
    mgan_test::put(path, "another file");
    CHECK_FALSE(lock.is_at(path));
}

TEST_CASE("A lock dies with its process, even if that is killed") {
    const Folder folder;
    const auto path = folder.path() / "lock";
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const mgan::FileLock lock(path);
        (void)!::write(ready[1], "x", 1);
        for (;;) ::pause();
    }
    char byte;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    CHECK(refusal_of(path).find("process " + std::to_string(child)) != std::string::npos);
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(refusal_of(path).empty());
    ::close(ready[0]);
    ::close(ready[1]);
}

#endif

TEST_CASE("A lock file that cannot be created is an error with path and cause") {
    const Folder folder;
    CHECK(refusal_of(folder.path() / "absent" / "lock").find("cannot create the lock file") !=
          std::string::npos);
}
#endif
