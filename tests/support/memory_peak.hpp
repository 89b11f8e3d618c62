#pragma once
// Counts the bytes that `new` has handed out: what is live, and the most that ever was since
// `MemoryPeak` was made. Include it in exactly one source file of a program: it replaces the global
// operators. Every block carries its size in front.

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace memory_peak {
inline std::atomic<std::size_t> live{0};
inline std::atomic<std::size_t> peak{0};
inline constexpr std::size_t kFront = alignof(std::max_align_t);

inline void* allocate(std::size_t size) {
    void* block = std::malloc(size + kFront);
    if (block == nullptr) throw std::bad_alloc();
    *static_cast<std::size_t*>(block) = size;
    const std::size_t now = live += size;
    std::size_t most = peak;
    while (now > most && !peak.compare_exchange_weak(most, now)) {
    }
    return static_cast<std::byte*>(block) + kFront;
}

inline void release(void* pointer) noexcept {
    if (pointer == nullptr) return;
    void* block = static_cast<std::byte*>(pointer) - kFront;
    live -= *static_cast<std::size_t*>(block);
    std::free(block);
}
}  // namespace memory_peak

// Over-aligned blocks keep the library's own operators: nothing measured here uses them.
void* operator new(std::size_t size) {
    return memory_peak::allocate(size);
}
void* operator new[](std::size_t size) {
    return memory_peak::allocate(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    try {
        return memory_peak::allocate(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
    return operator new(size, tag);
}
void operator delete(void* pointer, const std::nothrow_t&) noexcept {
    memory_peak::release(pointer);
}
void operator delete[](void* pointer, const std::nothrow_t&) noexcept {
    memory_peak::release(pointer);
}
void operator delete(void* pointer) noexcept {
    memory_peak::release(pointer);
}
void operator delete[](void* pointer) noexcept {
    memory_peak::release(pointer);
}
void operator delete(void* pointer, std::size_t) noexcept {
    memory_peak::release(pointer);
}
void operator delete[](void* pointer, std::size_t) noexcept {
    memory_peak::release(pointer);
}

class MemoryPeak {
public:
    MemoryPeak() : start_(memory_peak::live) { memory_peak::peak = start_; }
    [[nodiscard]] std::size_t bytes() const { return memory_peak::peak - start_; }

private:
    std::size_t start_;
};
