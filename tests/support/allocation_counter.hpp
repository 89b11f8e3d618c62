#pragma once
// Counts heap allocations of the calling thread, so that "allocates nothing" can be tested.
//
// Two ways lead to the heap: `operator new`, and `malloc`, which Eigen calls for its matrices and
// temporaries. Both are counted where that is possible: replaced `operator new` everywhere, and
// with glibc a `malloc` that stands in front of its own. (Under a sanitizer, which stands there
// itself, and in a program that is linked statically, only `operator new` is left;
// `counts_malloc()` says so.)
//
// Replacements can exist once in a program, so exactly one test file of a program says
//
//     #define MGAN_COUNT_ALLOCATIONS
//     #include <support/allocation_counter.hpp>

#include <cstddef>
#include <cstdint>

namespace mgan_test {

/// Allocations of this thread since it started.
[[nodiscard]] std::uint64_t allocation_count() noexcept;
/// Whether calls of malloc are among them.
[[nodiscard]] bool counts_malloc() noexcept;

/// The number of heap allocations that `function()` makes.
template <typename Function>
[[nodiscard]] std::uint64_t allocations_in(Function&& function) {
    const std::uint64_t before = allocation_count();
    function();
    return allocation_count() - before;
}

/// The same for the second call: the first one may make room.
template <typename Function>
[[nodiscard]] std::uint64_t allocations_in_second(const Function& function) {
    function();
    return allocations_in(function);
}

}  // namespace mgan_test

#ifdef MGAN_COUNT_ALLOCATIONS

#include <support/sanitizers.hpp>

#include <cstdlib>
#include <new>

namespace mgan_test {
inline thread_local std::uint64_t allocations_of_thread = 0;
std::uint64_t allocation_count() noexcept {
    return allocations_of_thread;
}
}  // namespace mgan_test

// MGAN_TEST_ONE_PROGRAM: scripts/platforms, which links statically.
#if defined(__GLIBC__) && !defined(MGAN_TEST_SANITIZED) && !defined(MGAN_TEST_ONE_PROGRAM)

// operator new of the standard library ends here too.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
    ++mgan_test::allocations_of_thread;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    ++mgan_test::allocations_of_thread;
    return __libc_calloc(count, size);
}
void* realloc(void* pointer, std::size_t size) noexcept {
    ++mgan_test::allocations_of_thread;
    return __libc_realloc(pointer, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    ++mgan_test::allocations_of_thread;
    return __libc_memalign(alignment, size);
}
}
bool mgan_test::counts_malloc() noexcept {
    return true;
}

#else

bool mgan_test::counts_malloc() noexcept {
    return false;
}

#if !defined(MGAN_TEST_SANITIZED)
void* operator new(std::size_t size) {
    ++mgan_test::allocations_of_thread;
    if (void* pointer = std::malloc(size > 0 ? size : 1)) return pointer;
    throw std::bad_alloc();
}
void operator delete(void* pointer) noexcept {
    std::free(pointer);
}
void operator delete(void* pointer, std::size_t) noexcept {
    std::free(pointer);
}
#if !defined(_WIN32)  // which has no aligned_alloc
void* operator new(std::size_t size, std::align_val_t alignment) {
    ++mgan_test::allocations_of_thread;
    const auto a = static_cast<std::size_t>(alignment);
    if (void* pointer = std::aligned_alloc(a, (size + a - 1) / a * a)) return pointer;
    throw std::bad_alloc();
}
void operator delete(void* pointer, std::align_val_t) noexcept {
    std::free(pointer);
}
void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept {
    std::free(pointer);
}
#endif
#endif

#endif
#endif  // MGAN_COUNT_ALLOCATIONS
