#pragma once
// Lets an allocation of the calling thread fail: the n-th from now, alone or with all that follow.
// Both ways to the heap count, `operator new` (which gets its memory from malloc) and the `malloc`
// of Eigen. Include it in exactly one source file of a program: with glibc, its malloc stands in
// front of the library's own. Under a sanitizer, which stands there itself, nothing fails;
// `can_fail()` says so.

#include <support/sanitizers.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

#if defined(__clang__) && __has_include(<mm_malloc.h>)
#include <mm_malloc.h>  // clang's declares posix_memalign without noexcept, so it has to come first
#endif

namespace failing_allocation {

inline thread_local std::int64_t left = 0;  // 0: none fails
inline thread_local bool for_ever = false;  // and all that follow
inline thread_local std::uint64_t counted = 0;

[[nodiscard]] inline bool is_due() noexcept {
    ++counted;
    if (left == 0) return false;
    if (left > 1) {
        --left;
        return false;
    }
    if (!for_ever) left = 0;
    return true;
}

[[nodiscard]] inline bool can_fail() noexcept {
#if defined(__GLIBC__) && !defined(MGAN_TEST_SANITIZED)
    return true;
#else
    return false;
#endif
}

/// The allocations that `function()` makes in this thread.
template <typename Function>
[[nodiscard]] std::uint64_t count(Function&& function) {
    const std::uint64_t before = counted;
    function();
    return counted - before;
}

/// How a call ended whose n-th allocation failed (and all that followed it).
enum class End { well, out_of_memory, other };

template <typename Function>
[[nodiscard]] End fail_at(std::int64_t n, Function&& function, bool all_that_follow = false) {
    struct Disarm {
        ~Disarm() { left = 0; }
    } disarm;
    left = n;
    for_ever = all_that_follow;
    try {
        function();
        left = 0;
        return End::well;
    } catch (const std::bad_alloc&) {
        left = 0;
        return End::out_of_memory;
    } catch (const std::exception&) {
        left = 0;
        return End::other;
    }
}

}  // namespace failing_allocation

#if defined(__GLIBC__) && !defined(MGAN_TEST_SANITIZED)
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
    return failing_allocation::is_due() ? nullptr : __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    return failing_allocation::is_due() ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* pointer, std::size_t size) noexcept {
    return failing_allocation::is_due() ? nullptr : __libc_realloc(pointer, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return failing_allocation::is_due() ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** place, std::size_t alignment, std::size_t size) noexcept {
    void* const block = failing_allocation::is_due() ? nullptr : __libc_memalign(alignment, size);
    if (block != nullptr) *place = block;
    return block != nullptr ? 0 : 12;  // ENOMEM
}
}
#endif
