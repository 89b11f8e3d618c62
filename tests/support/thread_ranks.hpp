#pragma once
// Ranks without MPI: threads of one process, which send bytes through memory.

#include <mgan/distributed/communicator.hpp>

#include <support/sanitizers.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#ifdef MGAN_TEST_ADDRESS_SANITIZER
#include <sanitizer/lsan_interface.h>
#endif

namespace ranks {

/// LLVM's OpenMP 14 loses memory of its own where many threads that begin teams come and go. What
/// such a thread allocates is not searched for leaks meanwhile; tests of one process do that.
struct NoLeakSearch {
#ifdef MGAN_TEST_ADDRESS_SANITIZER
    NoLeakSearch() {
        __lsan_disable();
    }
    ~NoLeakSearch() {
        __lsan_enable();
    }
#else
    NoLeakSearch() {}
    ~NoLeakSearch() {}
#endif
    NoLeakSearch(const NoLeakSearch&) = delete;
    NoLeakSearch& operator=(const NoLeakSearch&) = delete;
};

/// Thrown in ranks that wait for one that has ended.
struct Abandoned : std::runtime_error {
    Abandoned() : std::runtime_error("another rank has ended") {}
};

/// What the ranks share.
class World {
public:
    explicit World(int size) : size_(size), boxes_(static_cast<std::size_t>(size * size)) {}

    void put(int from, int to, std::span<const std::byte> bytes) {
        const std::lock_guard lock(mutex_);
        sent_ += bytes.size();
        box(from, to).emplace_back(bytes.begin(), bytes.end());
        changed_.notify_all();
    }
    void get(int from, int to, std::span<std::byte> bytes) {
        std::unique_lock lock(mutex_);
        auto& messages = box(from, to);
        changed_.wait(lock, [&] { return !messages.empty() || ended_; });
        if (messages.empty()) throw Abandoned();
        if (messages.front().size() != bytes.size())
            throw std::logic_error("a message of another size is waited for");
        std::copy(messages.front().begin(), messages.front().end(), bytes.begin());
        messages.pop_front();
    }
    /// Wakes all who wait in vain.
    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] int size() const noexcept { return size_; }
    /// Bytes that were sent so far, by all.
    [[nodiscard]] std::size_t sent() const noexcept { return sent_; }
    [[nodiscard]] bool all_received() const {
        return std::all_of(boxes_.begin(), boxes_.end(),
                           [](const auto& box) { return box.empty(); });
    }

private:
    std::deque<std::vector<std::byte>>& box(int from, int to) {
        return boxes_[static_cast<std::size_t>(from * size_ + to)];
    }

    int size_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::deque<std::vector<std::byte>>> boxes_;
    std::size_t sent_ = 0;
    bool ended_ = false;
};

class ThreadRank final : public mgan::Communicator {
public:
    ThreadRank(World& world, int rank) : world_(world), rank_(rank) {}
    [[nodiscard]] int rank() const noexcept override { return rank_; }
    [[nodiscard]] int size() const noexcept override { return world_.size(); }
    [[nodiscard]] std::string host() const override { return "here"; }
    void send(std::span<const std::byte> bytes, int to) override { world_.put(rank_, to, bytes); }
    void settle() override {}
    void receive(std::span<std::byte> bytes, int from) override { world_.get(from, rank_, bytes); }
    void broadcast(std::span<std::byte> bytes, int from) override {
        if (rank_ != from) return receive(bytes, from);
        for (int to = 0; to < size(); ++to)
            if (to != from) send(bytes, to);
    }
    void gather(std::span<std::byte> all, std::span<const std::size_t> sizes) override {
        std::size_t begin = 0;
        for (int rank = 0; rank < size(); ++rank) {
            const std::size_t part = sizes[static_cast<std::size_t>(rank)];
            broadcast(all.subspan(begin, part), rank);
            begin += part;
        }
        if (begin != all.size()) throw std::logic_error("gather: the parts are not the whole");
    }
    [[noreturn]] void abort(int) override {
        world_.end();
        throw Abandoned();
    }

private:
    World& world_;
    int rank_;
};

/// Calls body(communicator) on `size` ranks at once, and returns what each threw (null: nothing).
/// Bytes that were sent and not received are an error.
inline std::vector<std::exception_ptr> run(int size,
                                           const std::function<void(mgan::Communicator&)>& body) {
    World world(size);
    std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(size));
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank) {
        threads.emplace_back([&, rank] {
            const NoLeakSearch openmp_leaks;
            ThreadRank communicator(world, rank);
            try {
                body(communicator);
            } catch (...) {
                thrown[static_cast<std::size_t>(rank)] = std::current_exception();
                if (!communicator.parted()) world.end();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    const bool failed = std::any_of(thrown.begin(), thrown.end(), [](const auto& e) { return e; });
    if (!failed && !world.all_received()) throw std::logic_error("bytes were not received");
    return thrown;
}

/// The same where no rank may throw.
inline void run_well(int size, const std::function<void(mgan::Communicator&)>& body) {
    for (const std::exception_ptr& failure : run(size, body))
        if (failure) std::rethrow_exception(failure);
}

/// The message of what was thrown; "" for nothing.
inline std::string message(const std::exception_ptr& failure) {
    if (!failure) return "";
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    }
}

}  // namespace ranks
