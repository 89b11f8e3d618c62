#pragma once
/// \file
/// How ranks find out that they cannot go on, and that all know it.
///
///     together(ranks, work)      all ranks do something; if one fails, all stop
///     require_alike(...)         all ranks have the same data, settings and build
///     OneWriter                  rank 0 writes while the others go on; they learn of it later
///
/// In each case one rank throws the error itself, and the others throw RankError: a program prints
/// what is no RankError, so there is one message. `Communicator::parted` then says that all ranks
/// know. Any other exception while ranks work together is one that nobody else knows of; the
/// program has to call `Communicator::abort`, or the others wait for ever.

#include <mgan/core/quote.hpp>
#include <mgan/core/version.hpp>
#include <mgan/distributed/dealing.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Another rank has failed, and says why.
class RankError : public Error {
public:
    RankError(int rank, const std::string& message)
        : Error(concat("rank ", rank, ": ", message)), rank_(rank) {}
    /// The one that failed.
    [[nodiscard]] int rank() const noexcept { return rank_; }

private:
    int rank_;
};

/// Collective: the texts of all ranks, in their order.
[[nodiscard]] inline std::vector<std::string> gather_texts(Communicator& ranks,
                                                           const std::string& own) {
    std::vector<std::string> texts;
    for (const std::vector<char>& text :
         gather_lists(ranks, std::vector<char>(own.begin(), own.end())))
        texts.emplace_back(text.begin(), text.end());
    return texts;
}

/// Collective: the text of one rank, on every rank.
[[nodiscard]] inline std::string broadcast_text(Communicator& ranks, std::string text,
                                                int from = 0) {
    std::uint64_t length = text.size();
    ranks.broadcast(bytes_of(std::span(&length, 1)), from);
    text.resize(static_cast<std::size_t>(length));
    ranks.broadcast(bytes_of(std::span(text)), from);
    return text;
}

/// Collective: calls work() on every rank. If it throws anywhere, all ranks leave: the first of
/// those where it did throws what it threw, the others RankError.
template <typename Work>
void together(Communicator& ranks, Work&& work) {
    if (ranks.size() == 1) {
        work();
        return;
    }
    std::exception_ptr failure;
    std::string text;
    try {
        work();
    } catch (const std::exception& error) {
        failure = std::current_exception();
        text = error.what();
    } catch (...) {
        failure = std::current_exception();
    }
    const std::vector<std::string> texts = gather_texts(ranks, failure ? "-" + text : "");
    for (int rank = 0; rank < ranks.size(); ++rank) {
        const std::string& found = texts[static_cast<std::size_t>(rank)];
        if (found.empty()) continue;
        ranks.part();
        if (rank == ranks.rank()) std::rethrow_exception(failure);
        throw RankError(rank, found.substr(1));
    }
}

/// Something that must be the same on all ranks: what it is, and its value as text.
struct Fact {
    std::string what, value;
};

/// What the program of this rank was built from.
[[nodiscard]] inline std::vector<Fact> build_facts() {
    std::vector<Fact> facts = {
        {"the version of mgan", kVersion},
        {"the instruction set", kSimdName},
        {"the byte order",
         std::endian::native == std::endian::little ? "little-endian" : "big-endian"}};
#ifdef __VERSION__
    facts.push_back({"the compiler", __VERSION__});
#endif
    return facts;
}

/// Collective: compares the facts of each rank with those of rank 0. Where one differs, rank 0
/// throws ConfigError that names rank, machine, fact and both values, and the others RankError.
inline void require_alike(Communicator& ranks, const std::vector<Fact>& facts) {
    if (ranks.size() == 1) return;
    std::string all;
    for (const Fact& fact : facts) all += concat(fact.what, '\0', fact.value, '\0');
    const std::string first = broadcast_text(ranks, all);
    std::string difference;
    if (first != all) {
        std::size_t begin = 0;
        const auto next = [&] {
            const std::size_t end = std::min(first.find('\0', begin), first.size());
            const std::string word = first.substr(std::min(begin, first.size()), end - begin);
            begin = std::min(end + 1, first.size());
            return word;
        };
        difference = "its facts are others";  // more of them, or fewer: another version
        for (const Fact& fact : facts) {
            const std::string what = next(), value = next();
            if (what == fact.what && value == fact.value) continue;
            if (what == fact.what)
                difference = concat(what, " is ", fact.value, ", and ", value, " on rank 0");
            break;
        }
        difference = concat(ranks.host().empty() ? "" : " (", ranks.host(),
                            ranks.host().empty() ? "" : ")", ": ", difference);
    }
    const std::vector<std::string> found = gather_texts(ranks, difference);
    for (int rank = 1; rank < ranks.size(); ++rank) {
        const std::string& text = found[static_cast<std::size_t>(rank)];
        if (text.empty()) continue;
        ranks.part();
        const std::string message =
            concat("rank ", rank, text,
                   "; all ranks need the same program, data and settings, and processors that "
                   "compute the same");
        if (ranks.writes()) fail<ConfigError>(message);
        throw RankError(0, message);
    }
}

/// What rank 0 does for all: it writes. The others do not wait for it; if it fails, they learn of
/// it at the next `agree`. A process that is alone throws at once.
class OneWriter {
public:
    explicit OneWriter(Communicator& ranks) : ranks_(ranks) {}

    /// Calls work() on rank 0; not collective.
    template <typename Work>
    void write(Work&& work) {
        if (!ranks_.writes() || failure_) return;
        if (ranks_.size() == 1) {
            work();
            return;
        }
        try {
            work();
        } catch (...) {
            failure_ = std::current_exception();
        }
    }

    /// Collective: whether any rank wishes to stop. If rank 0 has failed, it throws what it met,
    /// and the others RankError.
    [[nodiscard]] bool agree(bool stop) {
        if (ranks_.size() == 1) return stop;
        constexpr std::uint8_t kGoOn = 0, kStop = 1, kFailed = 2;
        std::vector<std::uint8_t> wishes(static_cast<std::size_t>(ranks_.size()));
        wishes[static_cast<std::size_t>(ranks_.rank())] = failure_ ? kFailed : stop ? kStop : kGoOn;
        gather_shares(ranks_, ranks_.size(), 1, std::span(wishes));
        if (wishes[0] == kFailed) {
            ranks_.part();
            if (failure_) std::rethrow_exception(failure_);
            throw RankError(0, "it could not write");
        }
        return std::find(wishes.begin(), wishes.end(), kStop) != wishes.end();
    }

    /// Collective: what rank 0 has decided.
    [[nodiscard]] bool decide(bool own) {
        std::uint8_t decision = own ? 1 : 0;
        ranks_.broadcast(bytes_of(std::span(&decision, 1)), 0);
        return decision != 0;
    }

private:
    Communicator& ranks_;
    std::exception_ptr failure_;
};

}  // namespace mgan::inline MGAN_ABI
