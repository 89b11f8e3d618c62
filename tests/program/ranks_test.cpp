// `mpirun -n N mgan train`: the bytes of one process, and what happens when a rank fails.
#include "mgan.hpp"

#include <support/catch.hpp>

#include <chrono>
#include <functional>
#include <thread>

using Catch::Matchers::Contains;
using program::kSmall;
using program::Workshop;
namespace fs = std::filesystem;

#ifndef MGAN_MPIRUN
#define MGAN_MPIRUN ""
#endif

namespace {

/// A workshop whose program can be started on several ranks.
class Cluster : public Workshop {
public:
    Cluster() {
        // Ranks need no processor of their own, nor a user of their own. Of one MPI or the other:
        // what it does not know it does not read.
        for (const char* name :
             {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM",
              "OMPI_MCA_rmaps_base_oversubscribe", "OMPI_MCA_mpi_yield_when_idle"})
            ::setenv(name, "1", 1);
        for (const char* name :
             {"OMPI_MCA_hwloc_base_binding_policy", "OMPI_MCA_btl_vader_single_copy_mechanism"})
            ::setenv(name, "none", 1);
        // Each rank leaves the number of its process, and begins with what `first` has for it.
        write_text("rank.sh",
                   "rank=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}\n"
                   "echo $$ > pid.new.$rank; mv pid.new.$rank pid.$rank\n"
                   "if [ -f first.$rank ]; then . ./first.$rank; fi\n"
                   "exec ${program:-" MGAN_PROGRAM "} \"$@\" $more\n");
        write_music();
    }

    /// Whether there is an MPI whose mpirun starts something.
    [[nodiscard]] static bool has_mpi() {
        static const bool has = [] {
            const std::string mpirun = MGAN_MPIRUN;
            if (mpirun.empty()) return false;
            const Cluster cluster;
            return process::run({mpirun, "-n", "2", "/bin/sh", "-c", "exit 0"}, cluster.path())
                       .status == 0;
        }();
        return has;
    }

    [[nodiscard]] std::vector<std::string> ranks(int count, const std::string& line) const {
        std::vector<std::string> words = {MGAN_MPIRUN, "-n", std::to_string(count), "/bin/sh",
                                          (path() / "rank.sh").string()};
        for (std::string& word : program::split(line)) words.push_back(std::move(word));
        return words;
    }
    /// `mgan` on `count` ranks.
    [[nodiscard]] process::Result mgan_on(int count, const std::string& line) const {
        return process::run(ranks(count, line), path());
    }
    /// The process of a rank, of the ranks that were started last.
    [[nodiscard]] pid_t process_of(int rank) const {
        return static_cast<pid_t>(std::stol(read("pid." + std::to_string(rank))));
    }
    /// Whether ranks 0 .. count - 1 have ended, within ten seconds.
    [[nodiscard]] bool all_ended(int count) const {
        for (int i = 0; i < 10'000; ++i) {
            bool ended = true;
            for (int rank = 0; rank < count; ++rank)
                ended = ended && ::kill(process_of(rank), 0) != 0;
            if (ended) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return false;
    }
};

#define NEEDS_MPI()                                                             \
    if (!Cluster::has_mpi())                                                    \
    MGAN_SKIP(                                                                  \
        "mgan was built without MPI (Debian: libopenmpi-dev, openmpi-bin), or " \
        "its mpirun does not work here")

/// Three shards a minibatch.
const std::string kShards = [] {
    std::string options = kSmall;
    options.replace(options.find("--batch 4"), 9, "--batch 6");
    return options;
}();

/// A training that lasts until it is stopped.
const std::string kEndless = [] {
    std::string options = kShards;
    options.replace(options.find("--epochs 2 "), 11, "--epochs 9 ");
    options.replace(options.find("--pretrain-epochs 2 "), 20, "--pretrain-epochs 100000 ");
    return options + " --set evaluation.keep_best=false --preset numeric";
}();

/// Lines of mgan itself; the rest is the launcher's.
int messages(const std::string& error) {
    int count = 0;
    std::istringstream lines(error);
    for (std::string line; std::getline(lines, line);) count += line.starts_with("mgan: ") ? 1 : 0;
    return count;
}

void wait_for_epochs(const Workshop& shop, process::Child& child, long count) {
    for (int i = 0; i < 60'000 && !child.ended(); ++i) {
        if (program::lines(shop.read("run/history.jsonl")) >= count) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

/// The run in `run` goes on for one epoch more than it has, in one process, and says nothing.
void check_whole(const Workshop& shop) {
    process::Child child(shop.words("train --resume --out run --threads 1"), shop.path());
    const long before = program::lines(shop.read("run/history.jsonl"));
    wait_for_epochs(shop, child, before + 2);
    child.send(SIGTERM);
    const process::Result result = child.wait();
    CHECK(result.status == 130);
    CHECK(result.error.empty());
    CHECK(program::lines(shop.read("run/history.jsonl")) > before);
    for (const auto& entry : fs::recursive_directory_iterator(shop / "run"))
        CHECK(entry.path().string().find(".tmp-") == std::string::npos);
}

}  // namespace

TEST_CASE("mpirun: every variant and preset has the bytes of one process on several ranks") {
    NEEDS_MPI();
    const Cluster cluster;
    REQUIRE(cluster.mgan("pack data songs.mgan --quiet").status == 0);
    const std::string ear =
        " --set pf.samples=65536 --set pf.classifier.hidden_1=16 --set pf.classifier.hidden_2=20"
        " --set pf.classifier.hidden=5";
    struct Case {
        std::string variant, preset, more;
    };
    std::vector<Case> cases;
    for (const std::string variant : {"c-rnn-gan", "carnn-gan", "carnn-mgan", "carnn-pf-mgan"})
        for (const std::string preset : {"recommended", "numeric", "paper"})
            cases.push_back({variant, preset,
                             variant != "carnn-pf-mgan" ? ""
                             : preset == "paper"
                                 ? ear + " --set pf.classifier.steps=20"
                                 : ear + " --set pf.highest=500 --set pf.classifier.inputs=60"});
    int number = 0;
    for (const Case& one : cases) {
        CAPTURE(one.variant, one.preset);
        const std::string line =
            kShards + " --variant " + one.variant + " --preset " + one.preset + one.more;
        const std::string name = "case" + std::to_string(++number);
        const process::Result alone =
            cluster.mgan("train data --quiet --threads 2 --out " + name + line);
        if (alone.error.find("libfftw3-dev") != std::string::npos) continue;  // without an ear
        REQUIRE(alone.error == "");
        REQUIRE(alone.status == 0);
        const std::string model = cluster.read(name + "/model.safetensors");
        const std::string checkpoint = cluster.read(name + "/checkpoint.safetensors");
        const std::string song = cluster.read(name + "/songs/song-02.mid");
        for (const int ranks : {1, 2, 3}) {
            if (ranks == 1 && number > 1) continue;
            CAPTURE(ranks);
            const std::string out = name + "-" + std::to_string(ranks);
            const process::Result result = cluster.mgan_on(
                ranks, std::string("train ") + (ranks == 2 ? "songs.mgan" : "data") +
                           " --quiet --threads 1 --out " + out + line);
            CHECK(result.status == 0);
            CHECK(result.error == "");
            CHECK((cluster.read(out + "/model.safetensors") == model));
            CHECK((cluster.read(out + "/checkpoint.safetensors") == checkpoint));
            CHECK((cluster.read(out + "/songs/song-02.mid") == song));
        }
    }
}

TEST_CASE("mpirun: a run goes on with another number of ranks, and ends in the same bytes") {
    NEEDS_MPI();
    const Cluster cluster;
    std::string line = kShards + " --preset numeric";
    line.replace(line.find("--pretrain-epochs 2 "), 20, "--pretrain-epochs 40 ");
    REQUIRE(cluster.mgan("train data --quiet --threads 1 --out whole" + line).status == 0);
    const std::string whole = cluster.read("whole/checkpoint.safetensors");
    process::Child child(cluster.ranks(3, "train data --quiet --threads 1 --out run" + line),
                         cluster.path());
    wait_for_epochs(cluster, child, 3);
    const auto stop = [&](int rank) { ::kill(cluster.process_of(rank), SIGTERM); };
    stop(1);  // one rank is told, all stop
    const process::Result stopped = child.wait();
    CHECK(stopped.status == 130);
    CHECK(messages(stopped.error) == 0);
    CHECK(cluster.all_ended(3));
    const long epochs = program::lines(cluster.read("run/history.jsonl"));
    CHECK(epochs < 42);
    const process::Result resumed = cluster.mgan_on(2, "train --resume --threads 1 --out run");
    CHECK(resumed.status == 0);
    CHECK_THAT(resumed.out, Contains("Resuming in run") && Contains("2 ranks of 1 thread"));
    CHECK((cluster.read("run/checkpoint.safetensors") == whole));
    CHECK(program::lines(cluster.read("run/history.jsonl")) == 42);
    const process::Result again = cluster.mgan_on(3, "train --resume --out run");
    CHECK(again.status == 0);
    CHECK_THAT(again.out, Contains("this run is finished"));
    CHECK((cluster.read("run/checkpoint.safetensors") == whole));
}

TEST_CASE("mpirun: generate shares songs, one rank writes, and other commands are run once") {
    NEEDS_MPI();
    const Cluster cluster;
    REQUIRE(cluster.mgan("train data --quiet --out run --threads 1 --preset numeric" + kShards)
                .status == 0);
    int number = 0;
    for (const std::string line : {"--count 7", "--count 2 --seed 5 --tempo 90",
                                   "--count 5 --range C3-C6 --density 1.5", "--interpolate 4"}) {
        CAPTURE(line);
        const std::string name = "alone" + std::to_string(++number);
        const process::Result alone = cluster.mgan("generate run --out " + name + " " + line);
        REQUIRE(alone.status == 0);
        const std::string shared = "shared" + std::to_string(number);
        const process::Result result =
            cluster.mgan_on(3, "generate run --out " + shared + " " + line);
        CHECK(result.status == 0);
        CHECK(result.error == "");
        CHECK(program::lines(result.out) == 1);
        for (const auto& entry : fs::directory_iterator(cluster / name)) {
            const std::string file = entry.path().filename().string();
            CHECK((cluster.read(shared + "/" + file) == cluster.read(name + "/" + file)));
        }
    }
    const std::string facts = cluster.mgan("stats data --json").out;
    CHECK_FALSE(facts.empty());
    CHECK((cluster.mgan_on(2, "stats data --json").out == facts));
    cluster.write_text("first.1", "more='--seed 2'\n");
    const process::Result other = cluster.mgan_on(2, "generate run --out other");
    CHECK(other.status == 1);
    CHECK(messages(other.error) == 1);
    CHECK_THAT(other.error, Contains("--seed is 2, and 1 on rank 0"));
    CHECK_FALSE(cluster.has("other"));
}

TEST_CASE("mpirun: Ctrl-C saves, and all ranks end") {
    NEEDS_MPI();
    const Cluster cluster;
    process::Child child(cluster.ranks(2, "train data --threads 1 --out run" + kEndless),
                         cluster.path());
    wait_for_epochs(cluster, child, 3);
    child.send(SIGINT);
    const process::Result result = child.wait();
    CHECK(result.status != 0);
    CHECK(messages(result.error) == 0);
    CHECK(cluster.all_ended(2));
    CHECK(cluster.has("run/model.safetensors"));
    check_whole(cluster);
}

TEST_CASE("mpirun: a rank that is killed ends all, and the checkpoint is whole") {
    NEEDS_MPI();
    for (const int killed : {0, 2}) {
        CAPTURE(killed);
        const Cluster cluster;
        process::Child child(cluster.ranks(3, "train data --threads 1 --out run" + kEndless),
                             cluster.path());
        wait_for_epochs(cluster, child, 4);
        ::kill(cluster.process_of(killed), SIGKILL);
        const process::Result result = child.wait();
        CHECK(result.status != 0);
        CHECK(messages(result.error) == 0);  // what is said, the launcher says
        CHECK_FALSE((result.out + result.error).empty());
        CHECK(cluster.all_ended(3));
        check_whole(cluster);
    }
}

TEST_CASE("mpirun: a full disk on the rank that writes ends all, with one message") {
    NEEDS_MPI();
    if (!fs::exists("/dev/full")) MGAN_SKIP("there is no /dev/full");
    const Cluster cluster;
    process::Child child(cluster.ranks(3, "train data --threads 1 --out run" + kEndless),
                         cluster.path());
    wait_for_epochs(cluster, child, 3);
    fs::create_symlink("/dev/full", cluster / "full");
    fs::rename(cluster / "run/history.jsonl", cluster / "history");
    fs::rename(cluster / "full", cluster / "run/history.jsonl");
    const process::Result result = child.wait();
    CHECK(result.status == 1);
    CHECK(messages(result.error) == 1);
    CHECK_THAT(result.error,
               Contains("mgan: run/history.jsonl: ") && Contains("mgan train --resume --out run"));
    CHECK(cluster.all_ended(3));
    fs::rename(cluster / "history", cluster / "run/history.jsonl");
    check_whole(cluster);
}

TEST_CASE("mpirun: ranks with other data or settings are told apart before the first step") {
    NEEDS_MPI();
    struct Case {
        std::string first, message;
    };
    const Cluster cluster;
    cluster.write_music(9, "elsewhere/data");
    cluster.write_music(8, "changed/data", 2);
    fs::create_directories(cluster / "empty");
    for (const Case& one : {
             Case{"more='--seed 2'", "seed is 2, and 1 on rank 0"},
             Case{"more='--set discriminator.layers=1'",
                  "discriminator.layers is 1, and 2 on rank 0"},
             Case{"cd elsewhere", "the number of songs is 9, and 8 on rank 0"},
             Case{"cd changed", "the fingerprint of the songs is "},
             Case{"cd empty", "data: "},
         }) {
        CAPTURE(one.first);
        cluster.write_text("first.1", one.first + "\n");
        const process::Result result =
            cluster.mgan_on(3, "train data --threads 1 --preset numeric --out run" + kShards);
        CHECK(result.status == 1);
        CHECK(messages(result.error) == 1);
        CHECK_THAT(result.error, Contains("mgan: rank 1") && Contains(one.message));
        CHECK(cluster.all_ended(3));
        CHECK_FALSE(cluster.has("run/config.json"));
    }
}

TEST_CASE("mpirun: a rank with another build is told apart before anything is read") {
    NEEDS_MPI();
    const Cluster cluster;
    // A copy of the program that says of itself that another compiler has made it.
    std::ifstream file(MGAN_PROGRAM, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::string name(__VERSION__);
    name = '\0' + name + '\0';
    std::size_t place = bytes.find(name);
    if (place == std::string::npos) MGAN_SKIP("the program does not hold the version as a text");
    for (; place != std::string::npos; place = bytes.find(name, place + 1)) bytes[place + 1] = '_';
    cluster.write_text("other", bytes);
    fs::permissions(cluster / "other", fs::perms::owner_all);
    cluster.write_text("first.1", "program=./other\n");
    const process::Result result = cluster.mgan_on(3, "train nowhere --out run" + kShards);
    CHECK(result.status == 1);
    CHECK(messages(result.error) == 1);
    CHECK_THAT(result.error, Contains("mgan: rank 1") && Contains("the compiler is _") &&
                                 Contains(__VERSION__ " on rank 0"));
    CHECK(cluster.all_ended(3));
}

TEST_CASE("mpirun: an error that all ranks meet is said once") {
    NEEDS_MPI();
    const Cluster cluster;
    for (const char* line : {"train nowhere --out run", "train data --out run --preset poetic",
                             "train --resume --out nowhere"}) {
        CAPTURE(line);
        const process::Result result = cluster.mgan_on(2, line);
        CHECK(result.status != 0);
        CHECK(messages(result.error) == 1);
        CHECK_FALSE(cluster.has("run/config.json"));
    }
}
