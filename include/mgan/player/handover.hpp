#pragma once
/// \file
/// The latest value of something from one thread to another, without a lock: controls from a window
/// to the audio thread.
///
///     writer owns a slot      middle slot (+ "new")      reader owns a slot
///          put: write, exchange with the middle     take: if new, exchange with the middle
///
/// Three slots, and no slot ever has two owners. Neither side waits; values that were not taken are
/// replaced by later ones.

#include <mgan/core/version.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <type_traits>

namespace mgan::inline MGAN_BOUNDARY {

/// For one writing and one reading thread.
template <typename T>
class Handover {
    static_assert(std::is_trivially_copyable_v<T>, "Handover: T must be plain numbers");

public:
    /// By the writer: `value` is what `take` gives from now on.
    void put(const T& value) noexcept {
        slots_[written_] = value;
        written_ = middle_.exchange(written_ | kNew, std::memory_order_acq_rel) & kSlot;
    }

    /// By the reader: the latest value, if one was put since the last call.
    [[nodiscard]] bool take(T& value) noexcept {
        if ((middle_.load(std::memory_order_relaxed) & kNew) == 0) return false;
        read_ = middle_.exchange(read_, std::memory_order_acq_rel) & kSlot;
        value = slots_[read_];
        return true;
    }

private:
    static constexpr std::uint32_t kSlot = 3, kNew = 4;

    std::array<T, 3> slots_{};
    std::uint32_t written_ = 0, read_ = 1;
    std::atomic<std::uint32_t> middle_{2};
};

}  // namespace mgan::inline MGAN_BOUNDARY
