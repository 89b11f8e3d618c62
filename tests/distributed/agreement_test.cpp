#include <mgan/distributed/agreement.hpp>

#include <support/catch.hpp>
#include <support/thread_ranks.hpp>

using namespace mgan;

namespace {

template <typename Exception>
bool is(const std::exception_ptr& failure) {
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const Exception&) {
        return true;
    } catch (...) {
    }
    return false;
}

}  // namespace

TEST_CASE("Texts of all ranks are gathered in their order") {
    ranks::run_well(3, [](Communicator& communicator) {
        const std::string own(static_cast<std::size_t>(2 - communicator.rank()), 'x');
        if (gather_texts(communicator, own) != std::vector<std::string>{"xx", "x", ""})
            throw Error("other texts");
        if (broadcast_text(communicator, concat("text ", communicator.rank()), 1) != "text 1")
            throw Error("another text");
    });
}

TEST_CASE("Together: if one rank fails, it says why, and all others leave with its words") {
    const auto thrown = ranks::run(3, [](Communicator& communicator) {
        together(communicator, [] {});
        together(communicator, [&] {
            if (communicator.rank() == 1) throw IoError("disk: full");
        });
    });
    CHECK(is<RankError>(thrown[0]));
    CHECK(is<IoError>(thrown[1]));
    CHECK(is<RankError>(thrown[2]));
    CHECK(ranks::message(thrown[2]) == "rank 1: disk: full");
}

TEST_CASE("Together: if all fail alike, one of them says why") {
    const auto thrown = ranks::run(3, [](Communicator& communicator) {
        together(communicator, [] { throw DataError("no song"); });
    });
    CHECK(is<DataError>(thrown[0]));
    CHECK(is<RankError>(thrown[1]));
    CHECK(is<RankError>(thrown[2]));
}

TEST_CASE("Ranks with equal facts go on, and a difference is named with rank and values") {
    ranks::run_well(3, [](Communicator& communicator) {
        require_alike(communicator, {{"the seed", "1"}, {"batch", "20"}});
    });
    const auto thrown = ranks::run(3, [](Communicator& communicator) {
        const bool last = communicator.rank() == 2;
        require_alike(
            communicator,
            {{"the seed", "1"}, {"batch", last ? "30" : "20"}, {"length", last ? "1" : ""}});
    });
    CHECK(is<ConfigError>(thrown[0]));
    CHECK(is<RankError>(thrown[1]));
    CHECK(is<RankError>(thrown[2]));
    CHECK(ranks::message(thrown[0]).starts_with(
        "rank 2 (here): batch is 30, and 20 on rank 0; all ranks need the same"));
}

TEST_CASE("Ranks with other lists of facts are told apart") {
    const auto thrown = ranks::run(2, [](Communicator& communicator) {
        std::vector<Fact> facts = {{"the seed", "1"}};
        if (communicator.rank() == 1) facts.push_back({"new", "2"});
        require_alike(communicator, facts);
    });
    CHECK(is<ConfigError>(thrown[0]));
    CHECK(is<RankError>(thrown[1]));
}

TEST_CASE("One writer: others learn of its failure when they agree, and a wish to stop is common") {
    for (const int wishes : {-1, 0, 2}) {
        ranks::run_well(3, [&](Communicator& communicator) {
            OneWriter writer(communicator);
            int written = 0;
            writer.write([&] { ++written; });
            if (written != (communicator.rank() == 0 ? 1 : 0)) throw Error("written by others");
            if (writer.agree(communicator.rank() == wishes) != (wishes >= 0))
                throw Error("no agreement");
        });
    }
    const auto thrown = ranks::run(3, [](Communicator& communicator) {
        OneWriter writer(communicator);
        writer.write([] { throw IoError("disk: full"); });
        writer.write([] { throw Error("nothing is written after a failure"); });
        (void)writer.agree(false);
        throw Error("gone on");
    });
    CHECK(ranks::message(thrown[0]) == "disk: full");
    CHECK(is<IoError>(thrown[0]));
    CHECK(is<RankError>(thrown[1]));
    CHECK(is<RankError>(thrown[2]));
}

TEST_CASE("One writer alone throws at once") {
    OneWriter writer(one_process());
    CHECK_THROWS_AS(writer.write([] { throw IoError("disk: full"); }), IoError);
    CHECK(writer.agree(true));
    CHECK_FALSE(writer.agree(false));
}

TEST_CASE("One writer decides for all") {
    for (const bool decision : {false, true}) {
        ranks::run_well(3, [&](Communicator& communicator) {
            OneWriter writer(communicator);
            const bool own = communicator.rank() == 0 ? decision : !decision;
            if (writer.decide(own) != decision) throw Error("another decision");
        });
    }
    OneWriter alone(one_process());
    CHECK(alone.decide(true));
    CHECK_FALSE(alone.decide(false));
}

TEST_CASE("Lists of any length are gathered in the order of the ranks") {
    using Lists = std::vector<std::vector<int>>;
    ranks::run_well(4, [](Communicator& communicator) {
        const int rank = communicator.rank();
        const std::vector<int> own(static_cast<std::size_t>(3 * (rank % 2)), rank);
        if (gather_lists(communicator, own) != Lists{{}, {1, 1, 1}, {}, {3, 3, 3}})
            throw Error("other lists");
        if (gather_lists(communicator, std::vector<int>()) != Lists{{}, {}, {}, {}})
            throw Error("lists of nothing");
    });
    CHECK(gather_lists(one_process(), std::vector<int>{1, 2}) == Lists{{1, 2}});
}
