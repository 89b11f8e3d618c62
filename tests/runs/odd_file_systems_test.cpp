// File systems that refuse what does no harm: saving goes on; what is a loss is an error.
#ifdef __linux__
#include <mgan/core/atomic_file.hpp>
#include <mgan/runs/history.hpp>

#include <support/catch.hpp>
#include <support/folder.hpp>
#include <support/next_call.hpp>

namespace {

int fchmod_cause = 0, file_cause = 0, folder_cause = 0;

struct NoFaults {
    ~NoFaults() { fchmod_cause = file_cause = folder_cause = 0; }
};

}  // namespace

extern "C" int fchmod(int descriptor, mode_t mode) noexcept {
    static auto* const real = next_of<int(int, mode_t)>("fchmod");
    if (fchmod_cause == 0) return real(descriptor, mode);
    errno = fchmod_cause;
    return -1;
}
extern "C" int fsync(int descriptor) {
    static auto* const real = next_of<int(int)>("fsync");
    struct stat status {};
    ::fstat(descriptor, &status);
    const int cause = S_ISDIR(status.st_mode) ? folder_cause : file_cause;
    if (cause == 0) return real(descriptor);
    errno = cause;
    return -1;
}

TEST_CASE("Odd file systems: what they do not know is left out, what is lost is an error") {
    const NoFaults at_the_end;
    const mgan_test::Folder folder;
    const auto path = folder / "file";
    const auto save = [&](const std::string& text) {
        mgan::write_file_atomically(path, std::as_bytes(std::span(text)));
    };
    save("old");
    for (const int cause : {EPERM, EACCES, ENOSYS, ENOTSUP, EINVAL}) {
        fchmod_cause = cause;
        CHECK_NOTHROW(save("permissions"));
    }
    fchmod_cause = EIO;
    CHECK_THROWS_AS(save("lost"), mgan::IoError);
    fchmod_cause = 0;
    for (const int cause : {EINVAL, ENOSYS, ENOTSUP}) {
        file_cause = cause;
        CHECK_NOTHROW(save("no fsync"));
        CHECK_FALSE(mgan::can_bring_to_disk(folder.path()));
        CHECK_NOTHROW(mgan::append_history(folder / "history", mgan::HistoryRecord().set("a", 1)));
    }
    for (const int cause : {EIO, ENOSPC, EDQUOT}) {
        file_cause = cause;
        CHECK_THROWS_AS(save("lost"), mgan::IoError);
        CHECK_THROWS_AS(mgan::append_history(folder / "history", mgan::HistoryRecord().set("a", 2)),
                        mgan::IoError);
        CHECK(mgan::can_bring_to_disk(folder.path()));
    }
    file_cause = 0;
    for (const int cause : {EINVAL, ENOSYS, ENOTSUP, EBADF}) {
        folder_cause = cause;
        CHECK_NOTHROW(save("no fsync of folders"));
    }
    folder_cause = EIO;
    CHECK_THROWS_AS(save("a power cut may bring back the old one"), mgan::IoError);
    folder_cause = 0;
    CHECK(mgan_test::text_of(path) == "a power cut may bring back the old one");
    CHECK(mgan::read_history(folder / "history").size() == 3);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                        std::filesystem::directory_iterator()) == 2);
}

TEST_CASE("Odd file systems: a file that only its owner may read stays so without fchmod") {
    const NoFaults at_the_end;
    const mgan_test::Folder folder;
    const auto path = folder / "file";
    mgan_test::put(path, "old");
    namespace fs = std::filesystem;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    fchmod_cause = EPERM;
    const std::string text = "new";
    mgan::write_file_atomically(path, std::as_bytes(std::span(text)));
    CHECK(mgan_test::text_of(path) == "new");
    CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}
#endif
