#include <mgan/core/atomic_file.hpp>
#include <support/catch.hpp>
#include <support/smf_bytes.hpp>

#include <filesystem>
#include <fstream>
#include <string>

#if MGAN_HAS_POSIX_FILES
#include <sys/resource.h>
#include <sys/wait.h>
#endif

namespace fs = std::filesystem;
using mgan::IoError;
using mgan::read_file_bytes;
using mgan::remove_stale_temporaries;
using mgan::temporary_path;
using mgan::write_file_atomically;

namespace {

// A folder of its own for each test, gone afterwards.
struct Folder {
    fs::path path;
    explicit Folder(const char* name)
        : path(fs::temp_directory_path() /
               (std::string("mgan_atomic_") + name + temporary_path("x").extension().string())) {
        fs::remove_all(path);
        fs::create_directories(path);
    }
    ~Folder() {
        std::error_code ignored;
        fs::permissions(path, fs::perms::owner_all, ignored);
        fs::remove_all(path, ignored);
    }
    [[nodiscard]] std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(path), fs::directory_iterator()));
    }
};

template <typename Action>
std::string io_error_of(Action action) {
    try {
        action();
    } catch (const IoError& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("A file that was written reads the same, and no temporary remains") {
    const Folder folder("write");
    const fs::path path = folder.path / "a file";
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{100001}}) {
        Bytes bytes(size);
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + size);
        write_file_atomically(path, bytes);
        CHECK(read_file_bytes(path) == bytes);
        CHECK(folder.entries() == 1);
    }
}

TEST_CASE(
    "Reading: a missing file, a folder and a file beyond the limit are errors with path and "
    "cause") {
    const Folder folder("read");
    const fs::path missing = folder.path / "missing";
    CHECK(io_error_of([&] { (void)read_file_bytes(missing); }) ==
          missing.string() + ": cannot open: No such file or directory");
    CHECK(io_error_of([&] { (void)mgan::read_file_head(missing, 4); }) ==
          missing.string() + ": cannot open: No such file or directory");
    CHECK(io_error_of([&] { (void)read_file_bytes(folder.path); }) ==
          folder.path.string() + (MGAN_HAS_POSIX_FILES ? ": cannot read: " : ": cannot open: ") +
              "Is a directory");
    const fs::path big = folder.path / "big";
    write_file_atomically(big, Bytes(11));
    CHECK(read_file_bytes(big, 11).size() == 11);
    CHECK(mgan::read_file_head(big, 4).size() == 4);
    CHECK(mgan::read_file_head(big, 12) == read_file_bytes(big));
    CHECK(io_error_of([&] { (void)read_file_bytes(big, 10); }) ==
          big.string() + ": is longer than the limit of 10 bytes");
}

TEST_CASE("Writing into a folder that is not there is an error, and creates nothing") {
    const Folder folder("absent");
    const fs::path path = folder.path / "no" / "file";
    CHECK(io_error_of([&] { write_file_atomically(path, hex("01")); }) ==
          path.string() + ": cannot create a file beside it: No such file or directory");
    CHECK(folder.entries() == 0);
    CHECK(io_error_of([&] { write_file_atomically(folder.path, hex("01")); }) ==
          folder.path.string() + ": cannot write: Is a directory");
    CHECK(io_error_of([&] { write_file_atomically(folder.path / "", hex("01")); }) ==
          (folder.path / "").string() + ": cannot write: the path names no file");
}

#if MGAN_HAS_POSIX_FILES

TEST_CASE("A file may have the longest name that the file system knows") {
    const Folder folder("long");
    const std::string longest = std::string(251, 'x') + ".wav";  // 255 bytes
    for (const std::string& name : {longest, std::string(121, 'x')}) {
        for (const std::size_t size : {std::size_t{3}, std::size_t{5}}) {
            write_file_atomically(folder.path / name, Bytes(size, std::byte{7}));
            CHECK(read_file_bytes(folder.path / name).size() == size);
        }
    }
    CHECK(folder.entries() == 2);
    CHECK(io_error_of([&] { write_file_atomically(folder.path / (longest + "x"), {}); }) !=
          "no error");
    CHECK(folder.entries() == 2);
}

TEST_CASE("Temporaries of long names are short, differ, and keep letters whole") {
    std::string letters;
    for (int i = 0; i < 120; ++i) letters += "\xC3\xA9";  // 240 bytes
    const auto temporary = [](const std::string& name) {
        return temporary_path(fs::path("folder") / name).filename().string();
    };
    CHECK(temporary("x" + letters).size() < 143);
    CHECK(temporary("x" + letters).starts_with(".x\xC3\xA9"));
    // Byte 100 would be within a letter.
    CHECK(temporary("x" + letters).find("\xC3-") == std::string::npos);
    CHECK(temporary(letters + "a") != temporary(letters + "b"));
    CHECK(temporary(letters) == temporary(letters));
    CHECK(mgan::is_stale_temporary(temporary(letters)));
    CHECK(temporary("short").starts_with(".short.tmp-"));
}

TEST_CASE("A full device is an error that says so") {
    if (!fs::exists("/dev/full")) MGAN_SKIP("there is no /dev/full");
    CHECK(io_error_of([] { write_file_atomically("/dev/full", hex("01 02")); }) ==
          "/dev/full: cannot write: No space left on device");
    // The device is still one: it was written, not replaced.
    CHECK(fs::is_character_file("/dev/full"));
}

TEST_CASE("A write that fails half-way keeps the old file and leaves no temporary") {
    const Folder folder("limit");
    const fs::path path = folder.path / "file";
    write_file_atomically(path, hex("01 02 03"));
    // In a child, because a limit on file sizes holds for the whole process: 64 KiB fit, 1 MiB does
    // not.
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{65536, 65536};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const std::string expected = path.string() + ": cannot write: File too large";
        ::_exit(io_error_of([&] { write_file_atomically(path, Bytes(1 << 20)); }) == expected ? 0
                                                                                              : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(read_file_bytes(path) == hex("01 02 03"));
    CHECK(folder.entries() == 1);
}

TEST_CASE("A folder that may not be written is an error with its cause") {
    const Folder folder("readonly");
    const fs::path path = folder.path / "file";
    fs::permissions(folder.path, fs::perms::owner_read | fs::perms::owner_exec);
    if (::geteuid() == 0) {
        // Root may write everywhere but into the kernel's own tree.
        if (!fs::exists("/proc/self")) MGAN_SKIP("root can write anywhere here");
        const std::string error =
            io_error_of([] { write_file_atomically("/proc/mgan-file", hex("01")); });
        CHECK(error.find("/proc/mgan-file: cannot create a file beside it: ") == 0);
    } else {
        CHECK(io_error_of([&] { write_file_atomically(path, hex("01")); }) ==
              path.string() + ": cannot create a file beside it: Permission denied");
    }
}

TEST_CASE("Where the name cannot be taken, the error says so and no temporary remains") {
    const Folder folder("name");
    const fs::path path = folder.path / std::string(256, 'n');
    const std::string error = io_error_of([&] { write_file_atomically(path, hex("01")); });
    CHECK(error == path.string() + ": cannot create a file beside it: File name too long");
    CHECK(folder.entries() == 0);
}

TEST_CASE("A replaced file keeps its permissions, and a link keeps pointing") {
    const Folder folder("link");
    const fs::path path = folder.path / "file";
    write_file_atomically(path, hex("01"));
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    const fs::path link = folder.path / "link";
    fs::create_symlink("file", link);
    write_file_atomically(link, hex("02"));
    CHECK(fs::is_symlink(link));
    CHECK(read_file_bytes(path) == hex("02"));
    CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("Through a link that leads nowhere the file is created, and the link stays") {
    const Folder folder("dangling");
    fs::create_directories(folder.path / "there");
    fs::create_symlink("there/file", folder.path / "link");
    fs::create_symlink("link", folder.path / "link to the link");
    write_file_atomically(folder.path / "link to the link", hex("01"));
    CHECK(fs::is_symlink(folder.path / "link"));
    CHECK(fs::is_symlink(folder.path / "link to the link"));
    CHECK(fs::is_regular_file(fs::symlink_status(folder.path / "there/file")));
    CHECK(read_file_bytes(folder.path / "there/file") == hex("01"));

    const fs::path absolute = folder.path / "absolute", loop = folder.path / "loop";
    fs::create_symlink(folder.path / "there/other", absolute);
    write_file_atomically(absolute, hex("02"));
    CHECK(read_file_bytes(folder.path / "there/other") == hex("02"));

    const fs::path lost = folder.path / "lost";
    fs::create_symlink("nowhere/file", lost);
    CHECK(io_error_of([&] { write_file_atomically(lost, hex("01")); }) ==
          lost.string() + ": is a link to " + (folder.path / "nowhere/file").string() +
              ", and the folder of that is not there; make it, or remove the link");
    CHECK(fs::is_symlink(lost));
    fs::create_symlink("loop", loop);
    CHECK_THAT(io_error_of([&] { write_file_atomically(loop, hex("01")); }),
               Catch::Matchers::StartsWith(loop.string() + ": cannot follow the link: "));
}

TEST_CASE("A folder in whose place is a link that leads nowhere is an error that says so") {
    const Folder folder("no_folder");
    const fs::path link = folder.path / "link";
    fs::create_symlink("nowhere", link);
    CHECK(io_error_of([&] { mgan::make_folder(link); }) ==
          link.string() + ": is a link to " + (folder.path / "nowhere").string() +
              ", which is not there; make that folder, or remove the link");
    mgan::make_folder(folder.path / "nowhere");
    mgan::make_folder(link);
    mgan::make_folder(folder.path / "a/b");
    CHECK(fs::is_directory(folder.path / "a/b"));
    write_file_atomically(folder.path / "file", {});
    CHECK_THAT(io_error_of([&] { mgan::make_folder(folder.path / "file"); }),
               Catch::Matchers::Contains("file: cannot make the folder: "));
}

TEST_CASE("A pipe is read to its end") {
    const Folder folder("pipe");
    const fs::path path = folder.path / "pipe";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        write_file_atomically(path, Bytes(10000, std::byte{5}));
        ::_exit(0);
    }
    CHECK(read_file_bytes(path) == Bytes(10000, std::byte{5}));
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(fs::is_fifo(path));
}

TEST_CASE("A pipe that never ends is an error, and takes no more memory than a device") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {  // ends at the first write that nobody will read
        ::close(ends[0]);
        const Bytes much(1 << 16, std::byte{'y'});
        while (::write(ends[1], much.data(), much.size()) > 0) continue;
        ::_exit(0);
    }
    ::close(ends[1]);
    CHECK_THAT(io_error_of([&] { (void)read_file_bytes("/dev/fd/" + std::to_string(ends[0])); }),
               Catch::Matchers::Contains(": is a pipe that gives more than 67108864 bytes; "));
    ::close(ends[0]);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
}

TEST_CASE("A pipe into which nobody writes is an error, and is not waited for") {
    const Folder folder("silent");
    const fs::path path = folder.path / "pipe";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const std::string refused = path.string() + ": is a pipe into which nobody writes; ";
    CHECK_THAT(io_error_of([&] { (void)read_file_bytes(path); }),
               Catch::Matchers::StartsWith(refused));
    CHECK_THAT(io_error_of([&] { (void)mgan::read_file_head(path, 4); }),
               Catch::Matchers::StartsWith(refused));
}

TEST_CASE("A pipe is read to its end, however slowly its writer writes") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::close(ends[0]);
        for (int i = 0; i < 2; ++i) {
            ::poll(nullptr, 0, i == 0 ? mgan::kPipePatience + 500 : 100);
            (void)!::write(ends[1], "ab", 2);
        }
        ::_exit(0);
    }
    ::close(ends[1]);
    CHECK(read_file_bytes("/dev/fd/" + std::to_string(ends[0])) == hex("61 62 61 62"));
    ::close(ends[0]);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
}

TEST_CASE("Temporaries of processes that are no more are removed, others stay") {
    const Folder folder("stale");
    const auto touch = [&](const std::string& name) { std::ofstream(folder.path / name) << "x"; };
    // A child that has ended and been waited for: its number is free.
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    touch(".model.safetensors.tmp-" + std::to_string(child));
    touch(".model.safetensors.tmp-" + std::to_string(::getpid()));
    touch(".model.safetensors.tmp-1");  // the first process always lives
    touch("model.safetensors");
    touch("model.tmp-" + std::to_string(child));  // no dot in front
    touch(".model.tmp-12x");
    touch(".model.tmp-");
    touch(".tmp-" + std::to_string(child));  // of no file
    CHECK(remove_stale_temporaries(folder.path) == 2);
    CHECK(folder.entries() == 6);
    CHECK(fs::exists(folder.path / ".model.safetensors.tmp-1"));
    CHECK(remove_stale_temporaries(folder.path) == 0);
    CHECK(remove_stale_temporaries(folder.path / "absent") == 0);
}

TEST_CASE("A temporary left by a killed process of the same number does not stand in the way") {
    const Folder folder("again");
    const fs::path path = folder.path / "file";
    std::ofstream(temporary_path(path)) << "half of something";
    write_file_atomically(path, hex("01 02"));
    CHECK(read_file_bytes(path) == hex("01 02"));
    CHECK(folder.entries() == 1);
}

#endif
