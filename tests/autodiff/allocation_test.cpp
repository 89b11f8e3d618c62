// Recording and differentiating a graph a second time allocates nothing.
#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>
#define MGAN_COUNT_ALLOCATIONS
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>

#include <array>
#include <cmath>
#include <cstdint>

using namespace mgan;

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
    std::array<std::uint64_t, 4> counts{};
    std::array<Scalar, 4> results{};
    for (std::size_t pass = 0; pass < counts.size(); ++pass) {
        tape.clear();
        counts[pass] =
            mgan_test::allocations_in([&] { results[pass] = record_all(tape, weight, input); });
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
    // A compiler may leave out a new that is deleted at once.
    CHECK(mgan_test::allocations_in([] { const AlignedVector<double> aligned(3); }) >= 1);
    CHECK(mgan_test::allocations_in([] { const Sequence<float> sequence(1, 2, 3); }) >= 1);
}

TEST_CASE("A graph that was recorded and differentiated once allocates nothing the next times") {
    check_allocations<float>();
    check_allocations<double>();
    check_allocations<std::complex<double>>();
}

TEST_CASE("A long graph allocates nothing the second time") {
    Tape<double> tape;
    std::array<std::uint64_t, 3> counts{};
    for (std::uint64_t& count : counts) {
        tape.clear();
        count = mgan_test::allocations_in([&] {
            const Variable<double> x = tape.variable(0.5);
            Variable<double> y = x;
            for (int k = 0; k < 20000; ++k) y = sin(y) + x;
            tape.backward(y);
        });
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
