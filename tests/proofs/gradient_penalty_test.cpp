// The gradients of gradient penalties: R1 and WGAN-GP, of every discriminator.

#include <mgan/models/gradient_penalty.hpp>
#include <proofs/subjects/discriminator_subject.hpp>
#include <proofs/subjects/step_generator_subject.hpp>
#include <support/oracle_file.hpp>

using namespace mgan_test;
using mgan::GradientPenalty;

namespace {

constexpr GradientPenalty kBoth[] = {GradientPenalty::r1, GradientPenalty::wgan_gp};

const char* name_of(GradientPenalty kind) {
    return kind == GradientPenalty::r1 ? "r1" : "wgan_gp";
}

/// P as a function, analytic in all that it reads.
template <typename Scalar>
Scalar penalty_of(GradientPenalty kind, double weight, const Sequence<Scalar>& slopes) {
    using std::sqrt;
    Scalar penalty(0);
    for (Index b = 0; b < slopes.batch(); ++b) {
        Scalar square(0);
        for (Index t = 0; t < slopes.steps(); ++t)
            square += slopes.step(t).col(b).cwiseProduct(slopes.step(t).col(b)).sum();
        const Scalar rest = sqrt(square) - Scalar(1);
        penalty += Scalar(weight) * (kind == GradientPenalty::r1 ? square : Scalar(rest * rest));
    }
    return penalty;
}

template <typename Scalar>
Sequence<Scalar> ones(Index steps, Index batch) {
    Sequence<Scalar> seed(steps, batch, 1);
    seed.all().setConstant(Scalar(1.0 / static_cast<double>(steps)));
    return seed;
}

/// A discriminator on features as an object whose parameters the checker moves.
template <typename Scalar>
struct Moved {
    mgan::Discriminator<Scalar> net;
    template <typename Other>
    Moved<Other> cast() const {
        return {mgan::Discriminator<Other>(net.settings())};
    }
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(net, visitor);
    }
};

template <typename Scalar>
struct MovedSteps {
    mgan::StepDiscriminator<Scalar> net;
    template <typename Other>
    MovedSteps<Other> cast() const {
        return {mgan::StepDiscriminator<Other>(net.shape(), net.config())};
    }
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(net, visitor);
    }
};

/// The value is the loss at the net, and the gradients are its.
template <typename Loss, typename Net>
void check(GradientPenalty kind, double value, const Loss& loss, const Net& net,
           const Net& gradients) {
    CHECK(value == Approx(loss(net)).epsilon(1e-13));
    mgan::GradientCheckOptions options;
    options.entries_per_block = 6;
    const auto report =
        mgan::check_gradients(loss, options, mgan::wrt(name_of(kind), net, gradients));
    INFO(report);
    CHECK(report.ok());
}

}  // namespace

TEST_CASE(
    "Gradient penalty: the gradient is that of the penalty, of the discriminator on features") {
    for (const GradientPenalty kind : kBoth) {
        for (const bool deviation : {false, true}) {
            DiscriminatorSizes sizes;
            sizes.steps = 5;
            sizes.batch = 3;
            sizes.config.minibatch_deviation = deviation;
            DiscriminatorSubject<double> subject(sizes);
            fill(subject, Point::kRandom, 1);
            Moved<double> gradients{mgan::Discriminator<double>(sizes.config)};
            mgan::DiscriminatorPenalty<double> penalty;
            const double value =
                penalty.add(kind, 0.7, subject.discriminator, subject.x.view(), gradients.net);
            const auto loss = [&](const auto& moved) {
                using Scalar = typename std::remove_cvref_t<decltype(moved.net)>::ScalarType;
                typename mgan::Discriminator<Scalar>::Cache cache;
                Sequence<Scalar> x(5, 3, 3), slopes(5, 3, 3);
                x.all() = subject.x.all().template cast<Scalar>();
                const Sequence<Scalar> seed = ones<Scalar>(5, 3);
                moved.net.forward(x.view(), cache);
                moved.net.backward_logits(seed.view(), slopes.view(), cache, nullptr);
                return penalty_of(kind, 0.7, slopes);
            };
            const Moved<double> net{subject.discriminator};
            check(kind, value, loss, net, gradients);
        }
    }
}

TEST_CASE("Gradient penalty: the gradient is that of the penalty, of the step discriminator") {
    for (const GradientPenalty kind : kBoth) {
        StepDiscriminatorSubject<double> subject({.steps = 6, .batch = 3});
        fill(subject, Point::kRandom, 2);
        // Embeddings are part of x, so the whole gradient goes through both.
        MovedSteps<double> gradients{subject.discriminator};
        mgan::set_zero(gradients.net);
        typename mgan::StepDiscriminator<double>::Cache cache;
        subject.discriminator.forward(subject.in, 6, 3, {}, cache);
        mgan::StepDiscriminatorPenalty<double> penalty;
        const double value = penalty.add(kind, 0.7, subject.discriminator, cache.input,
                                         subject.in.sets, gradients.net);
        subject.discriminator.scatter_input(subject.in, penalty.d_input().view(), gradients.net);
        const auto loss = [&](const auto& moved) {
            using Scalar = typename std::remove_cvref_t<decltype(moved.net)>::ScalarType;
            StepDiscriminatorSubject<Scalar> same({.steps = 6, .batch = 3});
            typename mgan::StepDiscriminator<Scalar>::Cache own;
            const Sequence<Scalar> seed = ones<Scalar>(6, 3);
            moved.net.forward(same.in, 6, 3, {}, own);
            moved.net.backward_input(seed.view(), {}, own, nullptr);
            return penalty_of(kind, 0.7, own.d_input);
        };
        const MovedSteps<double> net{subject.discriminator};
        check(kind, value, loss, net, gradients);
    }
}

TEST_CASE("Gradient penalty: value and gradient are PyTorch's, of every discriminator") {
    const auto compare = [](const OracleFile& expected, GradientPenalty kind, double value,
                            auto& gradients) {
        INFO(name_of(kind));
        const std::string kind_name = name_of(kind);
        CHECK(value == Approx(expected[kind_name](0, 0)).epsilon(1e-12));
        double largest = 0.0, error = 0.0;
        mgan::for_each_parameter(gradients, [&](const mgan::ParameterName& name, auto& parameter) {
            if (name.text().find("embedding") == 0 || name.text().find("phase") == 0) return;
            const Matrix<double>& reference = expected[kind_name + "/" + name.text()];
            REQUIRE(reference.size() == parameter.size());
            largest = std::max(largest, reference.cwiseAbs().maxCoeff());
            error = std::max(error, (Matrix<double>(parameter) - reference).cwiseAbs().maxCoeff());
        });
        CHECK(largest > 1e-3);
        CHECK(error <= 1e-10 * largest);
    };
    for (const bool deviation : {false, true}) {
        const std::string name = deviation ? "discriminator_deviation" : "discriminator";
        const OracleFile oracle(name), expected("penalty_" + name);
        DiscriminatorSizes sizes;
        sizes.steps = oracle.size("steps");
        sizes.batch = oracle.size("batch");
        sizes.config.minibatch_deviation = deviation;
        DiscriminatorSubject<double> subject(sizes);
        subject.visit([&](std::string_view leaf, auto&& numbers, Role) {
            oracle.copy(std::string(leaf), mgan::as_block(numbers));
        });
        const auto batch = static_cast<double>(sizes.batch);
        mgan::DiscriminatorPenalty<double> penalty;
        for (const GradientPenalty kind : kBoth) {
            mgan::Discriminator<double> gradients(sizes.config);
            const double value =
                penalty.add(kind, kind == GradientPenalty::r1 ? 1.5 / batch : 5.0 / batch,
                            subject.discriminator, subject.x.view(), gradients);
            compare(expected, kind, value, gradients);
        }
    }
    const OracleFile oracle("step_discriminator"), expected("penalty_step_discriminator");
    StepDiscriminatorSubject<double> subject({.steps = 6, .batch = 3});
    mgan::for_each_parameter(
        subject.discriminator, [&](const mgan::ParameterName& name, auto& parameter) {
            if (name.text().find("embedding") != 0 && name.text().find("phase") != 0)
                oracle.copy(name.text(), mgan::as_block(parameter));
        });
    Sequence<double> x(6, 3, subject.discriminator.input_size());
    x.all() = oracle["x"];
    mgan::StepDiscriminatorPenalty<double> penalty;
    for (const GradientPenalty kind : kBoth) {
        mgan::StepDiscriminator<double> gradients(small_step_shape(),
                                                  subject.discriminator.config());
        const double value = penalty.add(kind, kind == GradientPenalty::r1 ? 1.5 / 3 : 5.0 / 3,
                                         subject.discriminator, x, oracle["sets"], gradients);
        compare(expected, kind, value, gradients);
        const Matrix<double>& d_input = expected[std::string(name_of(kind)) + "/x"];
        CHECK((penalty.d_input().all() - d_input).cwiseAbs().maxCoeff() <=
              1e-10 * d_input.cwiseAbs().maxCoeff());
    }
}

TEST_CASE("Gradient penalty: in float it is that in double, up to rounding") {
    DiscriminatorSizes sizes;
    sizes.steps = 7;
    sizes.batch = 3;
    sizes.config.hidden = 21;  // longer than a vector of floats
    DiscriminatorSubject<double> subject(sizes);
    fill(subject, Point::kRandom, 3);
    const DiscriminatorSubject<float> same = converted<float>(subject);
    for (const GradientPenalty kind : kBoth) {
        mgan::Discriminator<double> expected(sizes.config);
        mgan::Discriminator<float> gradients(sizes.config);
        mgan::DiscriminatorPenalty<double> in_double;
        mgan::DiscriminatorPenalty<float> in_float;
        const double value =
            in_double.add(kind, 0.7, subject.discriminator, subject.x.view(), expected);
        CHECK(in_float.add(kind, 0.7, same.discriminator, same.x.view(), gradients) ==
              Approx(value).epsilon(1e-4));
        mgan::add_parameters(
            expected,
            [&] {
                mgan::Discriminator<double> wide(sizes.config);
                mgan::for_each_pair(wide, gradients, [](const auto&, auto& to, const auto& from) {
                    to.reshaped() = from.template cast<double>();
                });
                return wide;
            }(),
            -1.0);
        mgan::Discriminator<double> zero(sizes.config);
        in_double.add(kind, 0.7, subject.discriminator, subject.x.view(), zero);
        CHECK(mgan::squared_norm(expected) <= 1e-8 * mgan::squared_norm(zero));
    }
}

TEST_CASE("Gradient penalty: gradients add up, and equal songs have equal shares") {
    DiscriminatorSizes sizes;
    sizes.steps = 4;
    sizes.batch = 2;
    DiscriminatorSubject<double> subject(sizes);
    fill(subject, Point::kRandom, 4);
    mgan::DiscriminatorPenalty<double> penalty;
    mgan::Discriminator<double> once(sizes.config), twice(sizes.config);
    const auto add = [&](double weight, auto& to) {
        return penalty.add(GradientPenalty::r1, weight, subject.discriminator, subject.x.view(),
                           to);
    };
    const double value = add(1.0, once);
    add(0.5, twice);
    add(0.5, twice);
    mgan::add_parameters(twice, once, -1.0);
    CHECK(mgan::squared_norm(twice) <= 1e-28 * mgan::squared_norm(once));
    // Each song alone: their penalties add up.
    double sum = 0.0;
    for (Index b = 0; b < 2; ++b) {
        Sequence<double> one;
        mgan::copy_samples(subject.x, b, b + 1, one);
        mgan::Discriminator<double> ignored(sizes.config);
        sum += penalty.add(GradientPenalty::r1, 1.0, subject.discriminator, one.view(), ignored);
    }
    CHECK(sum == Approx(value).epsilon(1e-13));
}
