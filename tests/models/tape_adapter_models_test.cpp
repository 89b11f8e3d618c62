// Models as nodes of a tape: the feedback of a generator, and errors.

#include "tape_adapter_support.hpp"

#include <mgan/layers/layer_norm.hpp>

using namespace mgan_test;

TEST_CASE("Feedback of a generator on a tape may round events and give context") {
    GeneratorSettings config{.features = 3, .noise = 3, .context = 1, .hidden = 4, .head = 5};
    const Generator<double> generator = started(Generator<double>(config));
    const GeneratorFeedback<double> feedback = [](Index, const ConstMatrixRef<double>& y,
                                                  MatrixRef<double> fed_back,
                                                  MatrixRef<double> context) {
        fed_back = y.array().round().matrix();
        context.setConstant(0.25);
    };
    Generator<double> gradients = zeros_like(generator), expected = gradients;
    const Matrix<double> first = random_matrix(4, 2, 6), dy = random_matrix(3, 6, 7);
    Tape<double> tape;
    const LayerOnTape node(generator, gradients);
    const auto z = tape.variable(kX);
    GeneratorRun<double> run{.steps = 3, .batch = 2, .feedback = &feedback};
    const auto song = node.record({z, tape.constant(first)}, run);
    tape.backward(song, dy);

    Sequence<double> noise(3, 2, 3), d_song(3, 2, 3);
    noise.all() = kX;
    d_song.all() = dy;
    Generator<double>::Cache cache;
    CHECK(generator.forward(noise.view(), first, cache, feedback).all() == song.value());
    generator.backward(d_song.view(), cache, expected, true);
    CHECK(flat(gradients) == flat(expected));
    CHECK(Matrix<double>(z.gradient()) == cache.d_input.all().topRows(3));
    run.feedback = nullptr;
    CHECK_THROWS_AS(node.record({z, tape.constant(first)}, run), ConfigError);
}

TEST_CASE("The PF classifier on a tape has its own gradients") {
    const PfClassifierSettings config{
        .inputs = 3, .hidden_1 = 5, .hidden_2 = 4, .steps = 2, .hidden = 3, .layers = 1};
    const PfClassifier<double> model = started(PfClassifier<double>(config));
    PfClassifier<double> gradients = zeros_like(model), expected = gradients;
    Tape<double> tape;
    const LayerOnTape node(model, gradients);
    const auto x = tape.variable(kX);
    const auto logit = node.record(x);
    const Matrix<double> d_logit = random_matrix(1, 6, 8);
    tape.backward(logit, d_logit);

    PfClassifier<double>::Cache cache;
    CHECK(model.forward(kX, cache) == logit.value());
    Matrix<double> dx(3, 6);
    model.backward(d_logit, kX, dx, cache, expected);
    CHECK(flat(gradients) == flat(expected));
    CHECK(Matrix<double>(x.gradient()) == dx);
    CHECK(message_of([&] { (void)node.record(tape.variable(random_matrix(2, 6, 9))); }) ==
          "PfClassifier on a tape: x is 2 x 6, expected 3 x 6");
}

TEST_CASE("Layer norm on a tape has its own gradients, though it names its features once") {
    const LayerNorm<double> layer(3);
    LayerNorm<double> gradients = zeros_like(layer), expected = gradients;
    Tape<double> tape;
    const LayerOnTape node(layer, gradients);
    const auto x = tape.variable(kX);
    const auto y = node.record(x);
    const Matrix<double> dy = random_matrix(3, 6, 8);
    tape.backward(y, dy);

    LayerNorm<double>::Cache cache;
    Matrix<double> own(3, 6), dx(3, 6);
    layer.forward(kX, own, cache);
    layer.backward(dy, dx, cache, expected);
    CHECK(Matrix<double>(y.value()) == own);
    CHECK(flat(gradients) == flat(expected));
    CHECK(Matrix<double>(x.gradient()) == dx);
}

TEST_CASE("Inputs that do not fit a model are refused by name and size") {
    const Discriminator<double> judge(DiscriminatorSettings{3, 4, 2, false});
    const Generator<double> generator(
        GeneratorSettings{.features = 3, .noise = 3, .hidden = 4, .head = 5});
    Tape<double> tape;
    const auto x = tape.variable(kX);
    const LayerOnTape on_judge(judge);
    const LayerOnTape on_generator(generator);
    CHECK(message_of([&] { (void)on_judge.record(x, {.steps = 5, .batch = 2}); }) ==
          "Discriminator on a tape: x is 3 x 6, expected 3 x 10 (F x T B with T = 5, B = 2)");
    CHECK(message_of([&] {
              (void)on_generator.record({x, x}, {.steps = 3, .batch = 2});
          }) == "Generator on a tape: the first event is 3 x 6, expected 3 x 2");
}
