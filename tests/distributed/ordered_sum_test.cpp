#include <mgan/core/random.hpp>
#include <mgan/distributed/ordered_sum.hpp>

#include <support/catch.hpp>
#include <support/thread_ranks.hpp>

#include <cstring>

using namespace mgan;

namespace {

/// Vector `term` of some that cannot be added in another order without other bits: sizes of 1 to
/// 2^20, both signs.
std::vector<float> term(std::ptrdiff_t number, std::size_t size) {
    const Random random(7, "term", static_cast<std::uint64_t>(number));
    std::vector<float> values(size);
    for (std::size_t i = 0; i < size; ++i) {
        const double exponent = random.uniform(2 * i, 0.0, 20.0);
        values[i] = static_cast<float>(random.uniform(2 * i + 1, -1.0, 1.0) * std::exp2(exponent));
    }
    return values;
}

/// The vector in blocks of different sizes.
Blocks<float> in_blocks(std::vector<float>& values) {
    Blocks<float> blocks;
    std::size_t begin = 0;
    for (std::size_t size = 1; begin < values.size(); size = 3 * size + 1) {
        const std::size_t count = std::min(size, values.size() - begin);
        blocks.add(values.data() + begin, count);
        begin += count;
    }
    return blocks;
}

std::vector<float> sum_of(std::ptrdiff_t terms, std::size_t size) {
    std::vector<float> sum = term(0, size);
    for (std::ptrdiff_t i = 1; i < terms; ++i) {
        const std::vector<float> next = term(i, size);
        for (std::size_t k = 0; k < size; ++k) sum[k] += next[k];
    }
    return sum;
}

}  // namespace

TEST_CASE(
    "Dealing: every item is on one rank, in the order of the ranks, and shares differ by one") {
    for (int size = 1; size <= 9; ++size) {
        for (std::ptrdiff_t count = 0; count <= 20; ++count) {
            std::ptrdiff_t next = 0;
            for (int rank = 0; rank < size; ++rank) {
                const Shard share = share_of(count, size, rank);
                CHECK(share.begin == next);
                CHECK((share.size() == count / size || share.size() == count / size + 1));
                next = share.end;
            }
            CHECK(next == count);
        }
    }
}

TEST_CASE("A sum over ranks has the bits of the sum of one process, for any number of ranks") {
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{1000}, 2 * kSumPiece, 3 * kSumPiece + 5}) {
        for (const std::ptrdiff_t terms : {1, 2, 5, 8}) {
            const std::vector<float> expected = sum_of(terms, size);
            for (const int ranks : {1, 2, 3, 4, 7}) {
                ranks::run_well(ranks, [&](Communicator& communicator) {
                    const Shard mine = own_share(terms, communicator);
                    std::vector<std::vector<float>> values;
                    std::vector<Blocks<float>> own;
                    for (std::ptrdiff_t i = mine.begin; i < mine.end; ++i)
                        values.push_back(term(i, size));
                    for (std::vector<float>& one : values) own.push_back(in_blocks(one));
                    std::vector<float> sum(17, 1e30F);
                    sum_in_order(communicator, terms, size, std::span<const Blocks<float>>(own),
                                 sum);
                    if (sum.size() != size ||
                        std::memcmp(sum.data(), expected.data(), size * sizeof(float)) != 0)
                        throw Error(concat(terms, " terms of ", size, " on ", ranks, " ranks"));
                });
            }
        }
    }
}

TEST_CASE("The terms of that test have other sums in another order") {
    const std::vector<float> a = term(0, 1000), b = term(1, 1000), c = term(2, 1000);
    bool differs = false;
    for (std::size_t i = 0; i < 1000; ++i)
        differs = differs || (a[i] + b[i]) + c[i] != a[i] + (b[i] + c[i]);
    CHECK(differs);
}

TEST_CASE("A value is taken on from rank to rank in the order of the items, and is known to all") {
    for (const int size : {1, 2, 3, 5}) {
        ranks::run_well(size, [&](Communicator& communicator) {
            const std::ptrdiff_t items = 4;
            const double value = continue_in_order(communicator, items, 1.0, [&](double now) {
                const Shard mine = own_share(items, communicator);
                for (std::ptrdiff_t i = mine.begin; i < mine.end; ++i)
                    now = 10.0 * now + static_cast<double>(i);
                return now;
            });
            if (value != 10123.0) throw Error(concat("found ", value));
        });
    }
}

TEST_CASE("Gathered shares are whole on every rank") {
    for (const int size : {1, 2, 3, 6}) {
        ranks::run_well(size, [&](Communicator& communicator) {
            std::vector<int> numbers(10, -1);
            const Shard mine = own_share(5, communicator);
            for (std::ptrdiff_t i = 2 * mine.begin; i < 2 * mine.end; ++i)
                numbers[static_cast<std::size_t>(i)] = static_cast<int>(i);
            gather_shares(communicator, 5, 2, std::span(numbers));
            for (int i = 0; i < 10; ++i)
                if (numbers[static_cast<std::size_t>(i)] != i) throw Error("a number is missing");
        });
    }
}

TEST_CASE("One process alone has nobody to talk to") {
    CHECK(one_process().rank() == 0);
    CHECK(one_process().size() == 1);
    CHECK(one_process().writes());
    std::vector<std::byte> bytes(3);
    CHECK_THROWS_AS(one_process().send(bytes, 1), Error);
    CHECK_THROWS_AS(one_process().receive(std::span(bytes), 1), Error);
}
