// Every kind of optimiser takes PyTorch's steps (tests/oracles/optimisers.py); Lion those of its
// equations.

#include <mgan/layers/parameter_list.hpp>
#include <mgan/optimisation/optimiser.hpp>
#include <support/oracle_file.hpp>

using mgan::OptimiserKind;
using namespace mgan_test;

namespace {

Vector<double> after_six_steps(const OracleFile& oracle, OptimiserKind kind) {
    mgan::ParameterList<double> net;
    net.add("w", 5, 1) = oracle["start"];
    mgan::ParameterList<double> gradient = net;
    mgan::OptimiserSettings settings{.kind = kind, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.99};
    settings.weight_decay = 0.1;
    settings.clip = 0.0;
    mgan::Optimiser<double> optimiser(settings);
    for (Index step = 0; step < 6; ++step) {
        gradient[0] = oracle["gradients"].col(step);
        (void)optimiser.step(net, gradient, 0.05, "test");
    }
    CHECK(optimiser.second().size() == (mgan::has_second_moment(kind) ? 5 : 0));
    return net[0];
}

}  // namespace

TEST_CASE("Optimiser: SGD with momentum, Adam, AdamW and RMSprop take PyTorch's steps") {
    const OracleFile oracle("optimisers");
    for (const auto& [name, kind] :
         {std::pair{"sgd", OptimiserKind::sgd}, std::pair{"adam", OptimiserKind::adam},
          std::pair{"adamw", OptimiserKind::adamw}, std::pair{"rmsprop", OptimiserKind::rmsprop}}) {
        INFO(name);
        CHECK((after_six_steps(oracle, kind) - oracle[name].col(0)).cwiseAbs().maxCoeff() <= 1e-13);
    }
}

TEST_CASE("Optimiser: Lion steps by the sign of a mean, and decays") {
    const OracleFile oracle("optimisers");
    Vector<double> w = oracle["start"], m = Vector<double>::Zero(5);
    for (Index step = 0; step < 6; ++step) {
        const Vector<double> g = oracle["gradients"].col(step);
        for (Index i = 0; i < 5; ++i) {
            const double c = 0.9 * m(i) + 0.1 * g(i);
            w(i) -= 0.05 * ((c > 0 ? 1.0 : -1.0) + 0.1 * w(i));
            m(i) = 0.99 * m(i) + 0.01 * g(i);
        }
    }
    CHECK((after_six_steps(oracle, OptimiserKind::lion) - w).cwiseAbs().maxCoeff() <= 1e-15);
}
