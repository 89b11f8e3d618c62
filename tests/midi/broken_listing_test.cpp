// Folders that cannot be listed, or not to their end, as on a disk that fails or in a folder of a
// network that is gone: what is missing is named, the rest is found. The calls are replaced by this
// program's own, which pass on to the C library unless a fault is due.
#ifdef __linux__
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <mgan/midi/find_files.hpp>
#include <support/catch.hpp>
#include <support/next_call.hpp>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

int folders_until_fault = -1;  // < 0: no fault
int entries_until_fault = -1;
int names_until_fault = -1;
const char* vanishing = "";  // a file that is taken away between its listing and the look at it

/// Counts down to a fault, which comes once.
bool is_due(int& until) {
    if (until < 0) return false;
    return until-- == 0;
}

}  // namespace

extern "C" DIR* fdopendir(int descriptor) {
    static auto* const real = next_of<DIR*(int)>("fdopendir");
    if (!is_due(folders_until_fault)) return real(descriptor);
    errno = EACCES;
    return nullptr;
}
extern "C" dirent* readdir(DIR* folder) {
    static auto* const real = next_of<dirent*(DIR*)>("readdir");
    if (is_due(entries_until_fault)) {
        errno = EIO;
        return nullptr;
    }
    dirent* const entry = real(folder);
    if (entry != nullptr && std::string_view(entry->d_name) == vanishing)
        (void)::unlinkat(::dirfd(folder), entry->d_name, 0);
    return entry;
}
extern "C" char* realpath(const char* name, char* resolved) noexcept {
    static auto* const real = next_of<char*(const char*, char*)>("realpath");
    if (!is_due(names_until_fault)) return real(name, resolved);
    errno = ENOENT;
    return nullptr;
}

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using mgan::midi::UnreadPlace;

/// Three files, one of them in a folder inside, and a pipe with the name of a song.
struct Music {
    fs::path folder = fs::temp_directory_path() / ("mgan_listing_" + std::to_string(::getpid()));
    Music() {
        fs::create_directories(folder / "inside");
        for (const char* name : {"a.mid", "b.mid", "inside/c.mid"}) std::ofstream(folder / name);
        if (::mkfifo((folder / "pipe.mid").c_str(), 0600) != 0) FAIL("no pipe");
    }
    ~Music() { fs::remove_all(folder); }
    Music(const Music&) = delete;
    Music& operator=(const Music&) = delete;
};

/// The second call of this kind is for the folder inside, and fails.
void check_inside_is_named(int& calls_until_fault, const char* reason) {
    const Music music;
    std::vector<UnreadPlace> unread;
    calls_until_fault = 1;
    CHECK(mgan::midi::find_midi_files(music.folder, &unread).size() == 2);
    CHECK(std::exchange(calls_until_fault, -1) == -1);
    REQUIRE(unread.size() == 2);
    CHECK(unread[1].place == "inside");
    CHECK_THAT(unread[1].reason, Contains(reason));
    CHECK(unread[1].is_folder);
}

}  // namespace

TEST_CASE("Listing: a pipe is no file, whatever its name") {
    const Music music;
    std::vector<UnreadPlace> unread;
    CHECK(mgan::midi::find_midi_files(music.folder, &unread).size() == 3);
    REQUIRE(unread.size() == 1);
    CHECK(unread[0].place == "pipe.mid");
    CHECK(unread[0].reason == "is no file");
    CHECK_FALSE(unread[0].is_folder);
}

TEST_CASE("Listing: a folder inside that cannot be listed is named, and the rest is found") {
    check_inside_is_named(folders_until_fault, "cannot be listed: Permission denied");
}

TEST_CASE("Listing: a folder that is gone before it is entered is named, and the rest is found") {
    check_inside_is_named(names_until_fault, "cannot be opened: No such file");
}

TEST_CASE("Listing: what has no name of a song is missed by nobody") {
    const Music music;
    if (::mkfifo((music.folder / "pipe").c_str(), 0600) != 0) FAIL("no pipe");
    fs::create_symlink("nowhere", music.folder / "link.txt");
    std::vector<UnreadPlace> unread;
    CHECK(mgan::midi::find_midi_files(music.folder, &unread).size() == 3);
    CHECK(unread.size() == 1);
    // A link without an extension may have led to a folder.
    fs::create_symlink("nowhere", music.folder / "link");
    unread.clear();
    CHECK(mgan::midi::find_midi_files(music.folder, &unread).size() == 3);
    CHECK(unread.size() == 2);
}

TEST_CASE("Listing: a file that vanishes after it was listed is named, and the rest is found") {
    const Music music;
    std::vector<UnreadPlace> unread;
    vanishing = "b.mid";
    CHECK(mgan::midi::find_midi_files(music.folder, &unread).size() == 2);
    vanishing = "";
    const auto gone = std::find_if(unread.begin(), unread.end(), [](const UnreadPlace& place) {
        return place.place == "b.mid" && place.reason == "was gone when it was looked at";
    });
    CHECK(gone != unread.end());
}

TEST_CASE("Listing: a name that no file system takes is an error with its cause") {
    const fs::path name = fs::temp_directory_path() / std::string(300, 'x');
    CHECK_THROWS_WITH(mgan::midi::find_midi_files(name),
                      Contains("cannot be opened: File name too long"));
}

TEST_CASE("Listing: the folder itself that cannot be listed is an error") {
    const Music music;
    folders_until_fault = 0;
    CHECK_THROWS_WITH(
        mgan::midi::find_midi_files(music.folder),
        Contains(music.folder.string()) && Contains("cannot list the folder: Permission denied"));
    CHECK(std::exchange(folders_until_fault, -1) == -1);
}

TEST_CASE("Listing: one that breaks off is named, wherever it does, and what it told is found") {
    const Music music;
    // Each folder has . and .. and an end, which is asked for, too. (Where the first call of a
    // folder fails, it cannot be listed at all.)
    for (int at = 1; at < 10; ++at) {
        INFO("call " << at << " of readdir fails");
        std::vector<UnreadPlace> unread;
        entries_until_fault = at;
        const std::size_t found = mgan::midi::find_midi_files(music.folder, &unread).size();
        CHECK(std::exchange(entries_until_fault, -1) == -1);
        const auto broken =
            std::find_if(unread.begin(), unread.end(), [](const UnreadPlace& place) {
                return place.reason == "the listing of the folder breaks off: Input/output error" ||
                       place.reason == "the folder cannot be listed: Input/output error";
            });
        REQUIRE(broken != unread.end());
        CHECK(broken->is_folder);
        CHECK((broken->place == "." || broken->place == "inside"));
        CHECK(found <= 3);
    }
}
#endif
