// Models as nodes of a tape: the feedback of a generator, and errors.

#include "tape_adapter_support.hpp"

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
