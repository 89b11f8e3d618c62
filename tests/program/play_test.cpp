// `mgan play`: what it plays, how it is directed, how it ends.
#include "mgan.hpp"

#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

using Catch::Matchers::Contains;
using Trained = program::TrainedWorkshop;

namespace {

void wait(int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

/// A UDP socket of ours at some port of this machine.
class Socket {
public:
    Socket() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in any = address(0);
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
        const timeval patience{5, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    ~Socket() { ::close(socket_); }
    [[nodiscard]] int port() const {
        sockaddr_in own{};
        socklen_t size = sizeof own;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
        return ntohs(own.sin_port);
    }
    void send(int port, const std::string& bytes) const {
        sockaddr_in to = address(port);
        ::sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to),
                 sizeof to);
    }
    /// The next packet, or "" after five seconds.
    [[nodiscard]] std::string receive() const {
        std::array<char, 2048> bytes{};
        const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
        return size < 0 ? "" : std::string(bytes.data(), static_cast<std::size_t>(size));
    }

private:
    static sockaddr_in address(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }
    int socket_;
};

/// A string of OSC: ended by a zero and filled up to four bytes.
std::string osc_text(std::string text) {
    text.resize(text.size() / 4 * 4 + 4, '\0');
    return text;
}
std::string osc_number(std::int32_t value) {
    const std::uint32_t big = htonl(static_cast<std::uint32_t>(value));
    return {reinterpret_cast<const char*>(&big), 4};
}
std::string osc_number(float value) {
    std::int32_t bits = 0;
    std::memcpy(&bits, &value, 4);
    return osc_number(bits);
}

/// A program at a terminal of its own.
class Terminal {
public:
    Terminal(const std::filesystem::path& folder, const std::vector<std::string>& command) {
        master_ = ::posix_openpt(O_RDWR | O_NOCTTY);
        REQUIRE(master_ >= 0);
        REQUIRE(::grantpt(master_) == 0);
        REQUIRE(::unlockpt(master_) == 0);
        const std::string name = ::ptsname(master_);
        std::vector<char*> arguments;
        for (const std::string& word : command)
            arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        child_ = ::fork();
        REQUIRE(child_ >= 0);
        if (child_ == 0) {
            ::setsid();
            const int slave = ::open(name.c_str(), O_RDWR);
            if (slave < 0 || ::chdir(folder.c_str()) != 0) ::_exit(127);
            ::ioctl(slave, TIOCSCTTY, 0);
            for (const int descriptor : {0, 1, 2}) ::dup2(slave, descriptor);
            ::setenv("TERM", "xterm", 1);
            ::execv(arguments[0], arguments.data());
            ::_exit(127);
        }
        ::fcntl(master_, F_SETFL, O_NONBLOCK);
    }
    ~Terminal() { ::close(master_); }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void press(char key) const { CHECK(::write(master_, &key, 1) == 1); }
    /// Whether this text is there by now, or within a while.
    [[nodiscard]] bool shows(const char* wanted) {
        for (int i = 0; i < 200 && seen_.find(wanted) == std::string::npos; ++i) {
            std::array<char, 4096> bytes{};
            const ssize_t size = ::read(master_, bytes.data(), bytes.size());
            if (size > 0) seen_.append(bytes.data(), static_cast<std::size_t>(size));
            wait(50);
        }
        return seen_.find(wanted) != std::string::npos;
    }
    /// Waits for the end of the program; -1 where a signal ended it.
    [[nodiscard]] int exit_status() const {
        int status = 0;
        REQUIRE(::waitpid(child_, &status, 0) == child_);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    int master_ = -1;
    pid_t child_ = -1;
    std::string seen_;
};

}  // namespace

TEST_CASE_METHOD(Trained, "mgan play: the notes are those of mgan generate, on time") {
    REQUIRE(mgan("generate run --guide 0 --count 2 --seed 5 --tempo 480 --out songs").status == 0);
    const auto begin = std::chrono::steady_clock::now();
    const process::Result played =
        mgan("play run --silent --seed 5 --tempo 480 --seconds 1.5 --record played.mid");
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    CHECK(played.status == 0);
    CHECK(played.error == "");
    CHECK(seconds >= 1.5);
    // 12 quarters pass in 1.5 seconds. A note may be cut where the playing ends.
    const std::vector<mgan::Note> expected = song("songs/song-01.mid").notes;
    const mgan::Song record = song("played.mid");
    CHECK(record.tempo.front().microseconds_per_quarter == 125000);
    std::size_t same = 0;
    while (same < std::min(expected.size(), record.notes.size()) &&
           expected[same].onset + expected[same].length < 11 * 384) {
        CHECK(record.notes[same] == expected[same]);
        ++same;
    }
    CHECK(same >= 3);
}

TEST_CASE_METHOD(Trained, "mgan play --minutes: the song comes to the end of that in a file") {
    for (const std::string more : {"", " --prime data/a/song0.mid --prime-notes 6"}) {
        const std::string words = " --seed 5 --tempo 900 --minutes 0.03" + more;
        REQUIRE(mgan("generate run --count 1 --out songs" + words).status == 0);
        const process::Result played = mgan("play run --silent --record played.mid" + words);
        CHECK(played.status == 0);
        CHECK(played.error == "");
        const std::vector<mgan::Note> expected = song("songs/song-01.mid").notes;
        const std::vector<mgan::Note> notes = song("played.mid").notes;
        REQUIRE_FALSE(notes.empty());
        CHECK(expected.back().onset == 23 * 384);  // of 27 quarters
        CHECK(notes.back().onset == 23 * 384);
        // One keyboard: where a file has two voices on a key, one is heard.
        CHECK(notes.size() <= expected.size());
        for (const mgan::Note& note : notes)
            CHECK(std::any_of(expected.begin(), expected.end(), [&](const mgan::Note& other) {
                return other.onset == note.onset && other.pitch == note.pitch;
            }));
    }
}

TEST_CASE_METHOD(Trained, "mgan play: a signal ends it, and nothing of the record is lost") {
    for (const int signal : {SIGINT, SIGTERM}) {
        process::Child child(words("play run --silent --tempo 480 --record played.mid"), path());
        wait(1500);
        child.send(signal);
        const process::Result result = child.wait();
        CHECK(result.signal == 0);
        CHECK(result.status == 0);
        CHECK_THAT(result.out, Contains("in played.mid"));
        CHECK(song("played.mid").notes.size() > 2);
    }
}

TEST_CASE_METHOD(Trained, "mgan play: words that cannot be fulfilled are refused at once") {
    const auto refused = [&](const std::string& line, const char* why) {
        const process::Result result = mgan("play " + line + " --seconds 0.1");
        CHECK(result.status != 0);
        CHECK_THAT(result.error, Contains(why));
        CHECK(program::lines(result.error) == 1);
    };
    refused("run --silent --answer turns", "needs somebody to answer");
    refused("run --silent --record nowhere/at/all.mid", "nowhere/at");
    refused("run --silent --scale up", "--scale");
    refused("run --port no-such-port-anywhere", "no-such-port-anywhere");
    refused("run --silent --osc 70000", "--osc");
    refused("", "MODEL");
    refused("nothing --silent", "nothing");
    CHECK_FALSE(has("nowhere"));
}

TEST_CASE_METHOD(Trained, "mgan play --osc: other programs direct it, ask for notes, and feed it") {
    const Socket us;
    int port = 0;
    {
        const Socket free;
        port = free.port();
    }
    const std::string line = "play run --silent --osc " + std::to_string(port);
    const process::Result probe = mgan(line + " --seconds 0.01");
    if (probe.error.find("without liblo") != std::string::npos) {
        WARN("skipped: this mgan was built without liblo");
        return;
    }
    process::Child child(words(line + " --answer harmony --record played.mid --tempo 240"), path());
    const auto ask = [&] {
        us.send(port, osc_text("/mgan/next") + osc_text(","));
        return us.receive();
    };
    std::string reply;
    for (int i = 0; i < 50 && reply.empty(); ++i) {
        wait(100);
        us.send(port, osc_text("/mgan/reset") + osc_text(",ii") + osc_number(1) + osc_number(0));
        reply = ask();
    }
    REQUIRE(reply.size() == osc_text("/mgan/note").size() + osc_text(",hhii").size() + 8 + 8 + 8);
    CHECK(reply.substr(0, 10) == "/mgan/note");
    const auto pitch_of = [](const std::string& note) {
        return static_cast<int>(static_cast<unsigned char>(note[note.size() - 5]));
    };
    // Every note obeys from the next one on.
    us.send(port, osc_text("/mgan/set") + osc_text(",sf") + osc_text("low") + osc_number(72.0f));
    us.send(port, osc_text("/mgan/scale") + osc_text(",s") + osc_text("C pentatonic"));
    for (int i = 0; i < 20; ++i) {
        const std::string note = ask();
        REQUIRE(note.size() == reply.size());
        CHECK(pitch_of(note) >= 72);
        CHECK((0b001010010101u >> pitch_of(note) % 12 & 1u) == 1u);
    }
    // What is wrong comes back.
    us.send(port, osc_text("/mgan/set") + osc_text(",sf") + osc_text("volume") + osc_number(1.0f));
    CHECK_THAT(us.receive(), Contains("/mgan/error") && Contains("volume"));
    us.send(port, osc_text("/mgan/dance") + osc_text(","));
    CHECK_THAT(us.receive(), Contains("/mgan/error"));
    us.send(port, "no OSC at all");
    us.send(port, osc_text("/mgan/set") + osc_text(",sf") + osc_text("low") + osc_number(0.0f));
    us.send(port, osc_text("/mgan/scale") + osc_text(",s") + osc_text("C chromatic"));
    // A key, held for a quarter, gets its harmony.
    us.send(port, osc_text("/mgan/feed") + osc_text(",ii") + osc_number(76) + osc_number(90));
    wait(250);
    us.send(port, osc_text("/mgan/feed") + osc_text(",ii") + osc_number(76) + osc_number(0));
    wait(250);
    child.send(SIGINT);
    const process::Result result = child.wait();
    CHECK(result.status == 0);
    // The record: our key on channel 2, its harmony on channel 1.
    std::optional<mgan::Note> key, harmony;
    for (const mgan::Note& note : song("played.mid").notes)
        (note.channel == 1 ? key : harmony) = note;
    REQUIRE(key);
    REQUIRE(harmony);
    CHECK(key->pitch == 76);
    CHECK(harmony->pitch <= 73);
    CHECK(harmony->pitch >= 60);
    CHECK(std::abs(harmony->onset - key->onset) <= 2);
}

TEST_CASE_METHOD(Trained, "mgan play: keys of the terminal direct it") {
    Terminal terminal(path(), words("play run --silent --tempo 480 --record p.mid"));
    CHECK(terminal.shows("? shows the keys"));
    terminal.press('s');
    CHECK(terminal.shows("C major"));
    terminal.press('+');
    CHECK(terminal.shows("density 1.25"));
    terminal.press('?');
    CHECK(terminal.shows("next side of style"));
    terminal.press('q');
    CHECK(terminal.shows("in p.mid"));
    CHECK(terminal.exit_status() == 0);
}

TEST_CASE_METHOD(Trained, "mgan play --minutes: the key 0 takes back what keys said, not the end") {
    Terminal terminal(path(), words("play run --silent --seed 5 --tempo 900 --minutes 0.06 "
                                    "--record p.mid"));
    CHECK(terminal.shows("? shows the keys"));
    terminal.press('G');
    CHECK(terminal.shows("length 1.25"));
    terminal.press('0');
    CHECK(terminal.shows("in p.mid"));
    CHECK(terminal.exit_status() == 0);
    // Of 54 quarters; a chord of the end begins a bar before it, and nothing afterwards.
    CHECK(song("p.mid").notes.back().onset == 50 * 384);
}
