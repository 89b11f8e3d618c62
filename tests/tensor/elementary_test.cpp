#include <mgan/tensor/kernels/elementary.hpp>
#include <mgan/tensor/kernels/gates.hpp>
#include <support/catch.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

using namespace mgan;

#if defined(MGAN_COMPILER_VECTORS)

namespace {

/// Units in the last place of `exact` between it and `value`.
double ulps(float value, long double exact) {
    const float rounded = static_cast<float>(std::fabs(exact));
    const float next = std::nextafter(rounded, std::numeric_limits<float>::infinity());
    const long double unit = static_cast<long double>(next) - static_cast<long double>(rounded);
    return static_cast<double>(std::fabs(static_cast<long double>(value) - exact) / unit);
}

/// The largest error of `function` over floats of both signs with |x| in [low, high], in ulp.
template <typename Function, typename Exact>
double worst_error(float low, float high, Function function, Exact exact) {
    constexpr std::uint32_t kStride = 1499;  // a prime: all patterns of low bits come by
    double worst = 0.0;
    std::vector<float> at;
    const auto look = [&] {
        kernels::FloatVector x{};
        for (std::size_t i = 0; i < at.size(); ++i) x[i] = at[i];
        const kernels::FloatVector y = function(x);
        for (std::size_t i = 0; i < at.size(); ++i)
            worst = std::max(worst, ulps(y[i], exact(static_cast<long double>(at[i]))));
        at.clear();
    };
    for (std::uint32_t bits = std::bit_cast<std::uint32_t>(low);
         bits <= std::bit_cast<std::uint32_t>(high); bits += kStride) {
        at.push_back(std::bit_cast<float>(bits));
        if (static_cast<int>(at.size()) == kernels::kFloats) look();
        at.push_back(-std::bit_cast<float>(bits));
        if (static_cast<int>(at.size()) == kernels::kFloats) look();
    }
    look();
    return worst;
}

float first(kernels::FloatVector x) {
    return x[0];
}
kernels::FloatVector all(float x) {
    return kernels::FloatVector{} + x;
}

}  // namespace

TEST_CASE("Elementary: tanh of floats is within 4 ulp up to 1, and 3e-7 relative beyond") {
    const auto exact = [](long double x) { return std::tanh(x); };
    const auto fast = [](kernels::FloatVector x) { return kernels::tanh_of(x); };
    CHECK(worst_error(1e-30F, 1e-3F, fast, exact) <= 4.0);
    CHECK(worst_error(1e-3F, 1.0F, fast, exact) <= 4.0);
    // Units of 2^-24 here: five of them are 3e-7.
    CHECK(worst_error(1.0F, 30.0F, fast, exact) <= 5.0);
}

TEST_CASE("Elementary: sigmoid of floats is within 4 ulp from -86 to 86") {
    const auto exact = [](long double x) { return 1.0L / (1.0L + std::exp(-x)); };
    const auto fast = [](kernels::FloatVector x) { return kernels::sigmoid_of(x); };
    CHECK(worst_error(1e-30F, 1e-3F, fast, exact) <= 4.0);
    CHECK(worst_error(1e-3F, 10.0F, fast, exact) <= 4.0);
    CHECK(worst_error(10.0F, 86.0F, fast, exact) <= 4.0);
}

TEST_CASE("Elementary: exp of floats is within 2 ulp from -86 to 86") {
    const auto exact = [](long double x) { return std::exp(x); };
    const auto fast = [](kernels::FloatVector x) { return kernels::exp_of(x); };
    CHECK(worst_error(1e-30F, 1.0F, fast, exact) <= 2.0);
    CHECK(worst_error(1.0F, 86.0F, fast, exact) <= 2.0);
}

TEST_CASE("Elementary: the ends of the number line are where they belong") {
    const float infinity = std::numeric_limits<float>::infinity();
    CHECK(first(kernels::tanh_of(all(0.0F))) == 0.0F);
    CHECK(first(kernels::tanh_of(all(infinity))) == 1.0F);
    CHECK(first(kernels::tanh_of(all(-infinity))) == -1.0F);
    CHECK(first(kernels::sigmoid_of(all(0.0F))) == 0.5F);
    CHECK(first(kernels::sigmoid_of(all(infinity))) == 1.0F);
    CHECK(first(kernels::sigmoid_of(all(-infinity))) >= 0.0F);
    CHECK(first(kernels::sigmoid_of(all(-infinity))) < 1e-37F);
    CHECK(first(kernels::exp_of(all(0.0F))) == 1.0F);
}

TEST_CASE("Elementary: NaN stays NaN, in its own lane") {
    kernels::FloatVector x = all(0.25F);
    x[1] = std::numeric_limits<float>::quiet_NaN();
    for (const kernels::FloatVector y :
         {kernels::tanh_of(x), kernels::sigmoid_of(x), kernels::exp_of(x)}) {
        CHECK(std::isnan(y[1]));
        CHECK_FALSE(std::isnan(y[0]));
        CHECK_FALSE(std::isnan(y[2]));
    }
}

TEST_CASE("Elementary: neither function leaves its range") {
    for (float x = -12.0F; x < 12.0F; x += 1.0F / 1024.0F) {
        REQUIRE(std::fabs(first(kernels::tanh_of(all(x)))) <= 1.0F);
        REQUIRE(first(kernels::sigmoid_of(all(x))) <= 1.0F);
    }
}

#endif

namespace {

/// The gates of one sample in buffers with canaries around each part.
template <typename Scalar>
struct GateBuffers {
    static constexpr std::size_t kMargin = 40;
    explicit GateBuffers(std::size_t hidden)
        : gates(4 * hidden + 2 * kMargin, Scalar(7)),
          cell(hidden + 2 * kMargin, Scalar(7)),
          output(hidden + 2 * kMargin, Scalar(7)) {}
    std::vector<Scalar> gates, cell, output;

    static bool intact(const std::vector<Scalar>& buffer) {
        for (std::size_t i = 0; i < kMargin; ++i) {
            if (buffer[i] != Scalar(7) || buffer[buffer.size() - 1 - i] != Scalar(7)) return false;
        }
        return true;
    }
};

}  // namespace

TEMPLATE_TEST_CASE("Gates: every width is computed whole and nothing beyond it is touched", "",
                   float, double) {
    using Buffers = GateBuffers<TestType>;
    const auto real = [](TestType x) { return static_cast<long double>(x); };
    for (std::size_t hidden = 1; hidden <= 40; ++hidden) {
        Buffers b(hidden);
        TestType* gates = b.gates.data() + Buffers::kMargin;
        TestType* cell = b.cell.data() + Buffers::kMargin;
        std::vector<TestType> before(hidden), pre(4 * hidden);
        for (std::size_t k = 0; k < 4 * hidden; ++k)
            gates[k] = pre[k] = TestType(0.37) * TestType(static_cast<double>(k % 13) - 6.0);
        for (std::size_t k = 0; k < hidden; ++k)
            cell[k] = before[k] = TestType(static_cast<double>(k % 5) - 2.0);
        // In place, as the streaming form has it.
        kernels::lstm_gates_forward<TestType>(gates, cell, cell, b.output.data() + Buffers::kMargin,
                                              static_cast<Index>(hidden));
        const long double tolerance = std::is_same_v<TestType, float> ? 1e-6L : 1e-14L;
        for (std::size_t k = 0; k < hidden; ++k) {
            const auto sigmoid = [](long double x) { return 1.0L / (1.0L + std::exp(-x)); };
            const long double i = sigmoid(real(pre[k])), f = sigmoid(real(pre[hidden + k])),
                              g = std::tanh(real(pre[2 * hidden + k])),
                              o = sigmoid(real(pre[3 * hidden + k]));
            const long double c = f * real(before[k]) + i * g;
            REQUIRE(std::fabs(real(gates[k]) - i) <= tolerance);
            REQUIRE(std::fabs(real(gates[hidden + k]) - f) <= tolerance);
            REQUIRE(std::fabs(real(gates[2 * hidden + k]) - g) <= tolerance);
            REQUIRE(std::fabs(real(gates[3 * hidden + k]) - o) <= tolerance);
            REQUIRE(std::fabs(real(cell[k]) - c) <= tolerance);
            REQUIRE(std::fabs(real(b.output[Buffers::kMargin + k]) - o * std::tanh(c)) <=
                    tolerance);
        }
        REQUIRE(Buffers::intact(b.gates));
        REQUIRE(Buffers::intact(b.cell));
        REQUIRE(Buffers::intact(b.output));
    }
}

TEMPLATE_TEST_CASE("Gates: the backward pass is right for every width, and stays within it", "",
                   float, double) {
    using Buffers = GateBuffers<TestType>;
    const long double tolerance = std::is_same_v<TestType, float> ? 2e-6L : 1e-14L;
    for (std::size_t hidden = 1; hidden <= 40; ++hidden) {
        std::vector<TestType> gates(4 * hidden), before(hidden), cell(hidden), dh(hidden);
        for (std::size_t k = 0; k < 4 * hidden; ++k)
            gates[k] =
                TestType(0.05) + TestType(0.9) * TestType(static_cast<double>(k % 11) / 11.0);
        for (std::size_t k = 0; k < hidden; ++k) {
            before[k] = TestType(static_cast<double>(k % 5) - 2.0);
            cell[k] = TestType(static_cast<double>(k % 7) / 3.0 - 1.0);
            dh[k] = TestType(static_cast<double>(k % 3) - 1.0);
        }
        Buffers b(hidden);
        TestType* dc = b.cell.data() + Buffers::kMargin;
        for (std::size_t k = 0; k < hidden; ++k) dc[k] = TestType(0.5);
        TestType* d_gates = b.gates.data() + Buffers::kMargin;
        kernels::lstm_gates_backward<TestType>(gates.data(), before.data(), cell.data(), dh.data(),
                                               dc, d_gates, static_cast<Index>(hidden));
        const auto real = [](TestType x) { return static_cast<long double>(x); };
        for (std::size_t k = 0; k < hidden; ++k) {
            const long double i = real(gates[k]), f = real(gates[hidden + k]),
                              g = real(gates[2 * hidden + k]), o = real(gates[3 * hidden + k]);
            const long double t = std::tanh(real(cell[k]));
            const long double d_cell = 0.5L + real(dh[k]) * o * (1 - t * t);
            REQUIRE(std::fabs(real(d_gates[k]) - d_cell * g * i * (1 - i)) <= tolerance);
            REQUIRE(std::fabs(real(d_gates[hidden + k]) - d_cell * real(before[k]) * f * (1 - f)) <=
                    tolerance);
            REQUIRE(std::fabs(real(d_gates[2 * hidden + k]) - d_cell * i * (1 - g * g)) <=
                    tolerance);
            REQUIRE(std::fabs(real(d_gates[3 * hidden + k]) - real(dh[k]) * t * o * (1 - o)) <=
                    tolerance);
            REQUIRE(std::fabs(real(dc[k]) - d_cell * f) <= tolerance);
        }
        REQUIRE(Buffers::intact(b.gates));
        REQUIRE(Buffers::intact(b.cell));
    }
}
