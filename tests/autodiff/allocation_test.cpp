// Counts what the global operator new hands out, in the whole test program.
#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>
#include <support/catch.hpp>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <new>

using namespace mgan;

namespace {
std::atomic<long> allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
    ++allocations;
    const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
    void* const memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
}  // namespace

void* operator new(std::size_t size) {
    return counted(size, alignof(std::max_align_t));
}
void* operator new[](std::size_t size) {
    return counted(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}

namespace {

/// Everything that the tape offers, in one graph. weight: 4 x 3, input: 3 x 5.
template <typename Scalar>
Scalar record_all(Tape<Scalar>& tape, const Matrix<Scalar>& weight, const Matrix<Scalar>& input) {
    const Variable<Scalar> w = tape.variable(weight), x = tape.variable(input);
    const std::array<Index, 3> picks{0, 2, 0};
    Variable<Scalar> y = matmul(w, x) + slice_columns(w, 0, 1);
    y = y * sigmoid(y) - tanh(y) / (2 + cos(y)) + max(relu(y), abs(y)) + softplus(sin(-y));
    y = concat_rows({y, transpose(reshape(slice_rows(y, 0, 2), 5, 2))});
    y = softmax(gather_columns<Scalar>(y, picks)) + sum(gather_rows<Scalar>(y, picks));
    y = y + pow(exp(y), RealOf<Scalar>(0.5)) + sqrt(log(1 + y * y) + 1) + stop_gradient(y);
    y = y * row_sums(y) + column_sums(y) * mean(y) + max(y);
    y = concat_columns({y, repeat_rows(slice_rows(y, 0, 1), y.rows())});
    const Conv2dShape shape{y.rows(), 1, 1, 1, 4, 1};
    y = conv2d(y, tape.constant(Matrix<Scalar>::Ones(1, 4)), tape.constant(Scalar(1)), shape);
    y = custom(
        {y}, {y.rows(), y.cols()}, [](auto& call) { call.output() = Scalar(2) * call.input(); },
        [](auto& call) { call.input_gradient() += Scalar(2) * call.output_gradient(); });
    const Variable<Scalar> loss = sum(y / (1 + abs(y)));
    tape.backward(loss);
    return w.gradient().sum();
}

template <typename Scalar>
void check_allocations() {
    const Matrix<Scalar> weight = random_matrix<Scalar>(4, 3, 1);
    const Matrix<Scalar> input = random_matrix<Scalar>(3, 5, 2);
    Tape<Scalar> tape;
    std::array<long, 4> counts{};
    std::array<Scalar, 4> results{};
    for (std::size_t pass = 0; pass < counts.size(); ++pass) {
        tape.clear();
        const long before = allocations;
        results[pass] = record_all(tape, weight, input);
        counts[pass] = allocations - before;
    }
    CHECK(counts[0] > 0);
    CHECK(counts[1] == 0);
    CHECK(counts[2] == 0);
    CHECK(counts[3] == 0);
    CHECK(results[0] == results[3]);
    CHECK(std::isfinite(real_part(results[0])));
}

}  // namespace

TEST_CASE("The allocation counter counts") {
    const long before = allocations;
    delete new int(1);
    { const AlignedVector<double> aligned(3); }
    { const Sequence<float> sequence(1, 2, 3); }
    CHECK(allocations - before >= 2);  // a compiler may leave out a new that is deleted at once
}

TEST_CASE("A graph that was recorded and differentiated once allocates nothing the next times") {
    check_allocations<float>();
    check_allocations<double>();
    check_allocations<std::complex<double>>();
}

TEST_CASE("A long graph allocates nothing the second time") {
    Tape<double> tape;
    std::array<long, 3> counts{};
    for (long& count : counts) {
        tape.clear();
        const long before = allocations;
        const Variable<double> x = tape.variable(0.5);
        Variable<double> y = x;
        for (int k = 0; k < 20000; ++k) y = sin(y) + x;
        tape.backward(y);
        count = allocations - before;
    }
    CHECK(counts[0] > 0);
    CHECK(counts[0] < 200);  // the chunks double
    CHECK(counts[1] == 0);
    CHECK(counts[2] == 0);
}

TEST_CASE("An arena keeps what it handed out where it is, and uses its memory again") {
    Arena<double> arena;
    double* const first = arena.allocate(3);
    first[0] = 7;
    for (int k = 0; k < 50; ++k) arena.allocate(1000)[999] = 1;
    CHECK(first[0] == 7);
    CHECK(reinterpret_cast<std::uintptr_t>(arena.allocate(64)) % kAlignment == 0);
    const std::size_t capacity = arena.capacity();
    arena.rewind();
    CHECK(arena.allocate(3) == first);
    for (int k = 0; k < 50; ++k) arena.allocate(1000)[999] = 1;
    CHECK(arena.capacity() == capacity);
    CHECK(arena.allocate(1000000)[0] == 0);
    CHECK(arena.capacity() >= capacity + 1000000);
}
