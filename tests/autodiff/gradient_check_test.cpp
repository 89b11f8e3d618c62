#include <mgan/autodiff/gradient_check.hpp>
#include <support/catch.hpp>

#include <sstream>
#include <string>

using mgan::check_gradients;
using mgan::DerivativeMethod;
using mgan::DerivativeMethods;
using mgan::GradientCheckOptions;
using mgan::GradientReport;
using mgan::Index;
using mgan::Matrix;
using mgan::random_matrix;
using mgan::ShapeError;
using mgan::Vector;
using mgan::weighted_sum;
using mgan::wrt;

namespace {

using Complex = std::complex<double>;

/// A layer as a user would write one: y = beta x sigmoid(x) with a factor for each feature.
template <typename Scalar>
struct Swish {
    Vector<Scalar> beta;  // F

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("beta", beta);
    }
    template <typename Other>
    Swish<Other> cast() const {
        return {beta.template cast<Other>()};
    }

    Matrix<Scalar> forward(const Matrix<Scalar>& x) const {
        const Matrix<Scalar> s = (Scalar(1) / (Scalar(1) + (-x.array()).exp())).matrix();
        return beta.asDiagonal() * x.cwiseProduct(s);
    }
    Matrix<Scalar> backward(const Matrix<Scalar>& x, const Matrix<Scalar>& dy,
                            Swish& gradients) const {
        const Matrix<Scalar> s = (Scalar(1) / (Scalar(1) + (-x.array()).exp())).matrix();
        gradients.beta += dy.cwiseProduct(x.cwiseProduct(s)).rowwise().sum();
        const Matrix<Scalar> slope =
            (s.array() + x.array() * s.array() * (Scalar(1) - s.array())).matrix();
        return beta.asDiagonal() * dy.cwiseProduct(slope);
    }
};

/// A name in parts and a layer with a static `visit`, as in layers/.
struct Name {
    std::string part;
    std::string text() const { return "scaling." + part; }
};
template <typename Scalar>
struct Scaling {
    Matrix<Scalar> weight;
    Vector<Scalar> bias;
    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const Name&) {
        visitor(Name{"weight"}, self.weight);
        visitor(Name{"bias"}, self.bias);
    }
    Scalar value() const {  // sum of weight^2 * bias
        return weight.cwiseProduct(weight).cwiseProduct(bias.replicate(1, weight.cols())).sum();
    }
};

/// Two types that share no template.
struct Real {
    Vector<double> w = random_matrix(2, 1, 1);
    void visit(const auto& visitor) { visitor("w", w); }
};

struct Imaginary {
    Vector<Complex> w = Vector<Complex>::Zero(2);  // the values are copied from the object
    void visit(const auto& visitor) { visitor("w", w); }
};

std::string text_of(const GradientReport& report) {
    std::ostringstream text;
    text << report;
    return text.str();
}

/// Everything of the check of `Swish`, so that each test can spoil one thing.
struct SwishCheck {
    Swish<double> layer{random_matrix(3, 1, 1)};
    Matrix<double> x = random_matrix(3, 5, 2, -2, 2);
    Matrix<double> weights = random_matrix(3, 5, 3);
    Swish<double> gradients{Vector<double>::Zero(3)};
    Matrix<double> dx = layer.backward(x, weights, gradients);

    GradientReport run(const GradientCheckOptions& options = {}) const {
        return check_gradients(
            [&](const auto& l, const auto& in) { return weighted_sum(l.forward(in), weights); },
            options, wrt("swish", layer, gradients), wrt("x", x, dx));
    }
};

}  // namespace

TEST_CASE("The gradient check accepts a right layer, by both methods") {
    const SwishCheck check;
    const GradientReport report = check.run();
    INFO(report);
    CHECK(report.ok());
    CHECK(report.ok(1e-14, 1e-9));
    REQUIRE(report.blocks.size() == 2);
    CHECK(report.blocks[0].name == "swish.beta");
    CHECK(report.blocks[0].checked == 3);
    CHECK(report.blocks[1].name == "x");
    CHECK(report.blocks[1].checked == 15);
}

TEST_CASE("The gradient check finds an error in one entry, by both methods, and names the entry") {
    for (const double fault : {1.0, 1e-3, 1e-5}) {
        SwishCheck check;
        check.dx(1, 4) += fault * check.dx.cwiseAbs().maxCoeff();
        const GradientReport report = check.run();
        INFO(report);
        CHECK_FALSE(report.ok());
        CHECK(report.worst().name == "x");
        CHECK(report.worst().entry.row == 1);
        CHECK(report.worst().entry.col == 4);
        CHECK(report.error(DerivativeMethod::complex_step) > 0.1 * fault);
        CHECK(report.error(DerivativeMethod::central_difference) > 0.1 * fault);
        CHECK(text_of(report).find("worst of all: x(1, 4)") != std::string::npos);
    }
    SwishCheck check;
    check.gradients.beta(2) *= 1 + 1e-10;  // below what differences can see
    const GradientReport report = check.run();
    INFO(report);
    CHECK_FALSE(report.ok());
    CHECK(report.worst().name == "swish.beta");
    CHECK(report.worst().entry.row == 2);
    CHECK(report.error(DerivativeMethod::central_difference) < 1e-7);
}

TEST_CASE("The gradient check finds an error of a block that matters little to the loss") {
    const Matrix<double> x = random_matrix(4, 1, 1), y = random_matrix(4, 1, 2);
    const Matrix<double> dx = 1e6 * y;
    Matrix<double> dy = 1e6 * x;
    const Vector<double> small = random_matrix(2, 1, 3);
    Vector<double> dsmall(2);
    dsmall << 1.0, 2.0;
    const auto loss = [](const auto& a, const auto& b, const auto& s) {
        return 1e6 * a.cwiseProduct(b).sum() + s(0) + 2.0 * s(1);
    };
    const auto run = [&] {
        return check_gradients(loss, wrt("x", x, dx), wrt("y", y, dy), wrt("small", small, dsmall));
    };
    CHECK(run().ok());
    dsmall(1) *= 1 + 1e-6;
    INFO(run());
    CHECK(run().error(DerivativeMethod::complex_step) > 1e-12);
    CHECK_FALSE(run().ok());
}

TEST_CASE("The gradient check calls a gradient that is not finite wrong") {
    for (const double value : {std::nan(""), HUGE_VAL}) {
        SwishCheck check;
        check.dx(0, 2) = value;
        const GradientReport report = check.run();
        CHECK_FALSE(report.ok(1e300, 1e300));
        CHECK(report.worst().entry.col == 2);
    }
}

TEST_CASE("The gradient check of a sample of entries sees an error in any entry") {
    GradientCheckOptions options;
    options.entries_per_block = 2;
    for (Index i = 0; i < 15; ++i) {
        SwishCheck check;
        CHECK(check.run(options).ok());
        check.dx(i) *= 1.01;
        const GradientReport report = check.run(options);
        INFO(report);
        CHECK(report.blocks[1].checked == 2);
        CHECK_FALSE(report.ok());
    }
}

TEST_CASE("The gradient check leaves its arguments as they were") {
    const SwishCheck check;
    const SwishCheck same = check;
    (void)check.run();
    CHECK(check.x == same.x);
    CHECK(check.layer.beta == same.layer.beta);
    CHECK(check.dx == same.dx);
    // A view of the caller's memory is not perturbed either.
    Matrix<double> memory = random_matrix(2, 2, 1);
    const Matrix<double> before = memory;
    const mgan::MatrixMap<double> view(memory.data(), 2, 2);
    bool touched = false;
    const auto loss = [&](const auto& v) {
        touched = touched || memory != before;
        return v.sum();
    };
    CHECK(check_gradients(loss, wrt("view", view, Matrix<double>::Ones(2, 2).eval())).ok());
    CHECK_FALSE(touched);
}

TEST_CASE("The gradient check serves numbers, standard vectors, row-major matrices, sequences") {
    const double a = 1.5;
    const std::vector<double> v{0.5, -2.0};
    const Eigen::Matrix<double, 2, 3, Eigen::RowMajor> r = random_matrix(2, 3, 1);
    mgan::Sequence<double> s(2, 3, 4);
    s.all() = random_matrix(4, 6, 2);
    const Matrix<double> w = random_matrix(4, 6, 3), u = random_matrix(2, 3, 4);
    const auto loss = [&](auto a_, const auto& v_, const auto& r_, const auto& s_) {
        return a_ * a_ * v_[0] * v_[1] + weighted_sum(r_, u) * v_[0] + weighted_sum(s_, w);
    };
    const double ru = weighted_sum(r, u);
    const double da = 2 * a * v[0] * v[1];
    const std::vector<double> dv{a * a * v[1] + ru, a * a * v[0]};
    const Matrix<double> dr = v[0] * u;  // column-major: the check goes by row and column
    mgan::Sequence<double> ds(2, 3, 4);
    ds.all() = w;
    const GradientReport report =
        check_gradients(loss, wrt("a", a, da), wrt("v", v, dv), wrt("r", r, dr), wrt("s", s, ds));
    INFO(report);
    CHECK(report.ok());
}

TEST_CASE("The gradient check serves layers with a static visit, without a cast") {
    Scaling<double> layer, gradient;
    layer.weight = random_matrix(2, 3, 1);
    layer.bias = random_matrix(2, 1, 2);
    gradient.weight = 2 * layer.weight.cwiseProduct(layer.bias.replicate(1, 3));
    gradient.bias = layer.weight.cwiseProduct(layer.weight).rowwise().sum();
    const auto loss = [](const auto& l) { return l.value(); };
    const GradientReport report = check_gradients(loss, wrt("", layer, gradient));
    INFO(report);
    CHECK(report.ok());
    REQUIRE(report.blocks.size() == 2);
    CHECK(report.blocks[0].name == "scaling.weight");
    CHECK(report.blocks[1].name == "scaling.bias");
}

TEST_CASE("The gradient check takes a complex twin for a type that cannot be cast") {
    const Real object;
    Real gradient;
    gradient.w << 2 * object.w(0), object.w(1) * object.w(1) * 3;
    const auto loss = [](const auto& o) { return o.w(0) * o.w(0) + o.w(1) * o.w(1) * o.w(1); };
    const GradientReport report = check_gradients(loss, wrt("o", object, gradient, Imaginary{}));
    INFO(report);
    CHECK(report.ok());
}

TEST_CASE("The gradient check by differences alone needs no complex version of the code") {
    const Vector<double> x = random_matrix(3, 1, 1);
    const Vector<double> dx = 2 * x;
    const auto loss = [](const Vector<double>& v) { return v.squaredNorm(); };
    const GradientReport report =
        check_gradients<DerivativeMethods::central_difference>(loss, wrt("x", x, dx));
    INFO(report);
    CHECK(report.ok());
    CHECK(report.blocks[0].errors.size() == 1);
}

TEST_CASE("Central differences shrink their step beside a kink, and reach 1e-9 elsewhere") {
    const auto relu = [](const auto& x) {
        auto sum = x(0) * 0.0;
        for (Index i = 0; i < x.size(); ++i)
            if (mgan::real_part(x(i)) > 0) sum += x(i) * static_cast<double>(i + 1);
        return sum;
    };
    Vector<double> x(4), dx(4);
    x << 1e-5, -3e-5, 1e-4, -1.5e-4;  // all within reach of the first step of 1e-4
    dx << 1, 0, 3, 0;
    const GradientReport kinks = check_gradients(relu, wrt("x", x, dx));
    INFO(kinks);
    CHECK(kinks.ok());

    const Vector<double> y = random_matrix(6, 1, 1, -3, 3);
    const Vector<double> dy = (y.array().sin().exp() * y.array().cos()).matrix();
    const GradientReport smooth =
        check_gradients([](const auto& v) { return v.array().sin().exp().sum(); }, wrt("y", y, dy));
    INFO(smooth);
    CHECK(smooth.ok(1e-14, 1e-9));
}

TEST_CASE("The gradient check is not content with nothing, nor with the wrong shapes") {
    const Vector<double> none(0);
    CHECK_FALSE(
        check_gradients([](const auto& v) { return v.sum(); }, wrt("none", none, none)).ok());

    const Vector<double> x = random_matrix(3, 1, 1), short_gradient = random_matrix(2, 1, 1);
    const auto sum = [](const auto& v) { return v.sum(); };
    CHECK_THROWS_AS(check_gradients(sum, wrt("x", x, short_gradient)), ShapeError);
    try {
        (void)check_gradients(sum, wrt("x", x, short_gradient));
    } catch (const ShapeError& error) {
        CHECK(std::string(error.what()).find("x [3 x 1]") != std::string::npos);
    }
    const Matrix<double> gaps = random_matrix(4, 4, 1);
    const Matrix<double> g = random_matrix(2, 2, 1);
    CHECK_THROWS_AS(mgan::as_block(gaps.topRows(2)), ShapeError);
    CHECK_THROWS_AS(weighted_sum(g, gaps), ShapeError);
}
