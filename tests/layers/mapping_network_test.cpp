#include <mgan/core/random.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/mapping_network.hpp>
#include <support/catch.hpp>

using namespace mgan;

namespace {

/// How much w differs from song to song: its standard deviation, averaged over the plane.
double spread(const MappingNetwork<double>& network) {
    constexpr Index kSongs = 50;
    const Random random(3, "mapping_network_test");
    Sequence<double> z(network.steps(), kSongs, network.features()), w = z;
    for (Index i = 0; i < z.size(); ++i)
        z.data()[i] = random.uniform(static_cast<std::uint64_t>(i));
    MappingNetwork<double>::Cache cache;
    network.forward(z.view(), w.view(), cache);
    double variance = 0.0;
    for (Index t = 0; t < w.steps(); ++t) {
        const Vector<double> mean = w.step(t).rowwise().mean();
        variance += (w.step(t).colwise() - mean).array().square().mean();
    }
    return std::sqrt(variance / static_cast<double>(w.steps()));
}

}  // namespace

TEST_CASE("MappingNetwork: the plane is flattened step by step, each song by itself") {
    MappingNetwork<double> network(3, 2, 1);
    // Output (t, f) reads input (t', f') alone: a permutation that exchanges first and last step.
    for (Index t = 0; t < 3; ++t)
        for (Index f = 0; f < 2; ++f) network.layers[0].weight(t * 2 + f, (2 - t) * 2 + f) = 1.0;
    Sequence<double> z(3, 2, 2), w(3, 2, 2);
    for (Index i = 0; i < z.size(); ++i) z.data()[i] = 1.0 + static_cast<double>(i);
    MappingNetwork<double>::Cache cache;
    network.forward(z.view(), w.view(), cache);
    for (Index t = 0; t < 3; ++t) CHECK((w.step(t) == z.step(2 - t)));
}

TEST_CASE("MappingNetwork: negative sums become zero in every layer") {
    MappingNetwork<double> network(1, 1, 2);
    network.layers[0].weight(0, 0) = -1.0;
    network.layers[1].weight(0, 0) = 1.0;
    network.layers[1].bias(0) = 0.25;
    Sequence<double> z(1, 1, 1), w(1, 1, 1);
    z(0, 0, 0) = 0.5;
    MappingNetwork<double>::Cache cache;
    network.forward(z.view(), w.view(), cache);
    CHECK(w(0, 0, 0) == 0.25);
}

TEST_CASE("MappingNetwork: 8 layers by default, named as PyTorch's ModuleList") {
    const MappingNetwork<float> network(100, 4);
    CHECK(network.layers.size() == 8);
    CHECK(parameter_count(network) == 8 * (400 * 400 + 400));
    std::string names;
    for_each_parameter(network, [&](const ParameterName& name, const auto&) {
        if (names.size() < 30) names += name.text() + " ";
    });
    CHECK(names.substr(0, 32) == "0.weight 0.bias 1.weight 1.bias ");
}

TEST_CASE("MappingNetwork: the error for a song of another length says what to do") {
    const MappingNetwork<float> network(100, 4, 2);
    MappingNetwork<float>::Cache cache;
    Sequence<float> z(50, 2, 4), w(50, 2, 4);
    CHECK_THROWS_WITH(network.forward(z.view(), w.view(), cache),
                      Catch::Matchers::Contains("built for songs of exactly 100 steps") &&
                          Catch::Matchers::Contains("Give a plane of 100 steps"));
    CHECK_THROWS_AS(MappingNetwork<float>(0, 4), ConfigError);
}

TEST_CASE(
    "MappingNetwork: its own initial values keep songs apart, the usual ones make them alike") {
    MappingNetwork<double> network(100, 4);
    initialise_mapping(network, Random(1, "weights"));
    CHECK(spread(network) > 0.1);  // the noise itself: sqrt(1/12) = 0.29
    initialise(network, Random(1, "weights"));
    CHECK(spread(network) < 0.001);
}
