// Parts of a computation that are forgotten and computed again: the same numbers, less memory.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/autodiff/operations.hpp>
#include <mgan/autodiff/recompute.hpp>
#include <support/catch.hpp>

#include <vector>

using namespace mgan;

namespace {

using Var = Variable<double>;

/// h_t = tanh(W h_{t-1} + x_t) for the steps first .. first + count - 1, and 1/2 sum of h_t^2 below
/// it: a state that carries its loss along.
Var steps(const Var& weight, const Var& x, const Var& state, Index count, Index hidden) {
    Var h = slice_rows(state, 0, hidden), loss = slice_rows(state, hidden, 1);
    for (Index t = 0; t < count; ++t) {
        h = tanh(matmul(weight, h) + slice_columns(x, t, 1));
        loss = loss + 0.5 * sum(h * h);
    }
    return concat_rows({h, loss});
}

struct Result {
    double loss;
    Matrix<double> d_weight, d_x;
    std::size_t bytes;
};

/// T steps in parts of `part` steps, each recorded through `recompute` or as it is. `learns_x`:
/// inputs have a gradient; otherwise the tape does not even copy them.
Result run(Index total, Index part, bool forgets, bool learns_x = true) {
    const Index hidden = 6;
    const Matrix<double> weight = random_matrix(hidden, hidden, 1, -0.5, 0.5);
    const Matrix<double> inputs = random_matrix(hidden, total, 2);
    Tape<double> tape;
    const Var w = tape.variable(weight);
    const Var x = learns_x ? tape.variable(inputs) : tape.constant_view(inputs);
    Var state = tape.constant(Matrix<double>::Zero(hidden + 1, 1));
    for (Index first = 0; first < total; first += part) {
        const Index count = std::min(part, total - first);
        const Var own = slice_columns(x, first, count);
        if (forgets) {
            state = recompute(
                [=](std::span<const Var> v) { return steps(v[0], v[1], v[2], count, hidden); },
                {w, own, state});
        } else {
            state = steps(w, own, state, count, hidden);
        }
    }
    const Var loss = slice_rows(state, hidden, 1);
    tape.backward(loss);
    return {loss.scalar(), w.gradient(), learns_x ? Matrix<double>(x.gradient()) : Matrix<double>(),
            tape.bytes()};
}

}  // namespace

TEST_CASE("Recompute: values and gradients are those of the computation itself") {
    for (const Index part : {1, 4, 10, 25}) {
        const Result kept = run(25, part, false), forgotten = run(25, part, true);
        CHECK(forgotten.loss == kept.loss);
        CHECK(forgotten.d_x == kept.d_x);
        // One sum of T shares, added in another order.
        CHECK((forgotten.d_weight - kept.d_weight).norm() <= 1e-14 * kept.d_weight.norm());
    }
}

TEST_CASE("Recompute: ten thousand steps in parts of a hundred take O(sqrt T) of the memory") {
    const Index total = 10000, part = 100;
    const Result kept = run(total, part, false, false), forgotten = run(total, part, true, false);
    CHECK(forgotten.loss == kept.loss);
    CHECK((forgotten.d_weight - kept.d_weight).norm() <= 1e-12 * kept.d_weight.norm());
    // No more than four parts of a hundred steps as they are: the inside of one, the states of a
    // hundred, and what arenas hold in reserve.
    const Result one = run(part, part, false, false);
    INFO("kept: " << kept.bytes << " bytes, forgotten: " << forgotten.bytes
                  << ", a hundred steps: " << one.bytes);
    CHECK(forgotten.bytes < 4 * one.bytes);
    CHECK(forgotten.bytes < kept.bytes / 25);
    // A hundred times the steps in parts ten times as long: ten times the memory.
    const Result small = run(total / 100, part / 10, true, false);
    INFO("a hundred steps in parts of ten: " << small.bytes);
    CHECK(forgotten.bytes < 15 * small.bytes);
}

TEST_CASE("Recompute: parts within parts, constants, and inputs used twice are right") {
    const auto f = [](std::span<const Var> v) {
        const Var inside = recompute(
            [](std::span<const Var> u) { return tanh(matmul(u[0], u[1])) * u[1]; }, {v[0], v[1]});
        return sigmoid(inside) * v[2] + v[1];
    };
    const Matrix<double> a = random_matrix(3, 3, 1), b = random_matrix(3, 2, 2),
                         c = random_matrix(3, 2, 3);
    const auto run_once = [&](bool forgets) {
        Tape<double> tape;
        const std::vector<Var> v = {tape.variable(a), tape.variable(b), tape.constant(c)};
        const Var y = forgets ? recompute(f, std::span<const Var>(v)) : f(v);
        const Var loss = sum(y * y) + sum(v[1]);
        tape.backward(loss);
        return std::tuple(loss.scalar(), Matrix<double>(v[0].gradient()),
                          Matrix<double>(v[1].gradient()));
    };
    const auto [loss, d_a, d_b] = run_once(true);
    const auto [kept_loss, kept_d_a, kept_d_b] = run_once(false);
    CHECK(loss == kept_loss);
    CHECK((d_a - kept_d_a).norm() <= 1e-15 * kept_d_a.norm());
    CHECK((d_b - kept_d_b).norm() <= 1e-15 * kept_d_b.norm());
}

TEST_CASE("Recompute: what is not among the inputs is an error that says so") {
    Tape<double> tape;
    const Var w = tape.variable(random_matrix(2, 2, 1)), x = tape.variable(random_matrix(2, 1, 2));
    CHECK_THROWS_WITH(recompute([&](std::span<const Var>) { return w; }, {x}),
                      Catch::Contains("must be among its inputs"));
    CHECK_THROWS_AS(recompute([&](std::span<const Var> v) { return matmul(w, v[0]); }, {x}), Error);
}
