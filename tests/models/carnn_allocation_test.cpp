// A CARNN training step allocates nothing once it has run once, and a generator step never does.

#include <mgan/core/random.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/generator.hpp>
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>

using namespace mgan;
using mgan_test::allocations_in;

namespace {

GeneratorSettings config_of(Index heads, Index window) {
    GeneratorSettings config = carnn_settings(40);
    config.hidden = 20;
    config.head = 16;
    config.mapping_layers = 2;
    config.attention_heads = heads;
    config.attention_window = window;
    config.attention_residual = heads > 1;
    config.noise_to_head = heads > 1;
    return config;
}

template <typename Scalar>
void check_training_step(Index heads, Index window) {
    Generator<Scalar> generator(config_of(heads, window));
    initialise(generator, Random(1, "weights"));
    Generator<Scalar> gradients(generator.settings());
    const Sequence<Scalar> z(40, 3, 4), before(40, 3, 4), dy(40, 3, 4);
    const Matrix<Scalar> first = Matrix<Scalar>::Zero(4, 3);
    typename Generator<Scalar>::Cache cache;
    const auto step = [&] {
        set_zero(gradients);
        generator.forward_teacher_forced(z.view(), before.view(), cache);
        generator.backward(dy.view(), cache, gradients, false);
        generator.forward(z.view(), first, cache);
        generator.backward(dy.view(), cache, gradients, true);
        // A shorter song in the same workspace.
        generator.forward(z.view(), first, cache, IdentityFeedback{}, 20);
    };
    step();
    CHECK(allocations_in(step) == 0);
}

}  // namespace

TEST_CASE("CARNN generator: a training step allocates nothing once it has run once") {
    for (const Index heads : {1, 2}) {
        for (const Index window : {0, 5}) {
            check_training_step<float>(heads, window);
            check_training_step<double>(heads, window);
        }
    }
}

TEST_CASE("CARNN generator: a step of a stream allocates nothing, not even the first") {
    for (const Index heads : {1, 2}) {
        for (const Index window : {0, 5}) {
            Generator<float> generator(config_of(heads, window));
            initialise(generator, Random(1, "weights"));
            Generator<float>::Stream stream;
            generator.start(stream, Matrix<float>::Zero(4, 1), 200);
            const Matrix<float> w = Matrix<float>::Constant(4, 1, 0.5f);
            CHECK(allocations_in([&] {
                      for (int t = 0; t < 200; ++t) {
                          const Matrix<float>& event = generator.step(w, w, stream);
                          generator.fed_back(stream) = event;
                      }
                  }) == 0);
        }
    }
}

TEST_CASE("CARNN generator: the counter counts what the preparation of a stream allocates") {
    Generator<float> generator(config_of(1, 0));
    Generator<float>::Stream stream;
    const Matrix<float> first = Matrix<float>::Zero(4, 1);
    CHECK(allocations_in([&] { generator.start(stream, first, 200); }) > 0);
}
