// Weights of 16 bits, expanded in registers: the bits of the product with floats.
#include <mgan/core/random.hpp>
#include <mgan/tensor/half_matrix.hpp>

#include <support/catch.hpp>

using namespace mgan;

namespace {

Matrix<float> normals(Index rows, Index columns, const char* purpose) {
    const Random random(3, purpose);
    Matrix<float> m(rows, columns);
    for (Index i = 0; i < m.size(); ++i)
        m.data()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    return m;
}

Matrix<float> rounded(Matrix<float> m) {
    for (Index i = 0; i < m.size(); ++i) m.data()[i] = from_bfloat16(bfloat16_of(m.data()[i]));
    return m;
}

}  // namespace

TEST_CASE("Half weights: the product has the bits of the one with floats, and stays in its rows") {
    constexpr Index kPad = 3;
    std::size_t packed = 0;
    for (const Index rows : {1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 63, 100, 112, 113, 163, 400}) {
        for (const Index depth : {1, 2, 3, 8, 99, 100, 257, 590}) {
            const Matrix<float> w = rounded(normals(rows, depth, "w")), x = normals(depth, 1, "x");
            const HalfMatrix<float> half(w);
            if (!half.empty()) ++packed;
            for (const Update update : {Update::assign, Update::add}) {
                Matrix<float> expected = normals(rows + kPad, 1, "y"), y = expected;
                multiply<float>(w, x, expected.topRows(rows), update);
                multiply<float>(w, half, x, y.topRows(rows), update);
                REQUIRE(y == expected);
            }
        }
    }
#if defined(MGAN_COMPILER_VECTORS)
    CHECK(packed > 0);
#else
    CHECK(packed == 0);
#endif
}

TEST_CASE("Half weights: several columns take the product with floats") {
    const Matrix<float> w = rounded(normals(100, 30, "w")), x = normals(30, 4, "x");
    Matrix<float> expected(100, 4), y(100, 4);
    multiply<float>(w, x, expected, Update::assign);
    multiply<float>(w, HalfMatrix<float>(w), x, y, Update::assign);
    CHECK(y == expected);
}

TEST_CASE("Half weights: what is no bfloat16 is not packed") {
    Matrix<float> w = rounded(normals(100, 30, "w"));
    w(99, 29) = 0.1F;
    CHECK(HalfMatrix<float>(w).empty());
    w(99, 29) = std::numeric_limits<float>::quiet_NaN();
    CHECK(HalfMatrix<float>(w).empty());
    CHECK(HalfMatrix<float>(Matrix<float>(100, 0)).empty());
    CHECK(HalfMatrix<double>(Matrix<double>::Ones(100, 30)).empty());
}
