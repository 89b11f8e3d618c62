// Generator and discriminator as nodes between operations of the tape.

#include "mixed_gradient_check.hpp"

using namespace mgan_test;

namespace {

enum class Kind { kBaseline, kCarnn, kRecall };
constexpr Kind kKinds[] = {Kind::kBaseline, Kind::kCarnn, Kind::kRecall};

GeneratorSettings small_config(Kind kind) {
    GeneratorSettings config;
    config.features = 3;
    config.noise = 2;
    config.hidden = 4;
    config.head = 5;
    config.noise_to_head = true;
    if (kind == Kind::kCarnn) {
        config.mapping_layers = 2;
        config.plane_length = kSteps + 1;
        config.convolution = 3;
        config.attention_heads = 2;
    }
    if (kind == Kind::kRecall) {
        config.context = 5;
        config.recall_gate = true;
    }
    return config;
}

/// A noise plane one step longer than the song where there is a mapping network.
Index noise_steps(Kind kind) {
    return kind == Kind::kCarnn ? kSteps + 1 : kSteps;
}

template <typename Scalar>
const GeneratorFeedback<Scalar> kFeedback = [](Index, const ConstMatrixRef<Scalar>& y,
                                               MatrixRef<Scalar> fed_back,
                                               MatrixRef<Scalar> context) {
    fed_back = y;
    context.setConstant(Scalar(0.75));
};

template <typename Scalar>
GeneratorRun<Scalar> run_of(Kind kind, bool teacher_forced) {
    return {.steps = kSteps,
            .batch = kBatch,
            .teacher_forced = teacher_forced,
            .noise_steps = noise_steps(kind),
            .feedback = &kFeedback<Scalar>};
}

void check_generator(Kind kind, bool teacher_forced) {
    const GeneratorSettings config = small_config(kind);
    check_layer([&]<typename Scalar>(Scalar) { return Generator<Scalar>(config); },
                [&]<typename Scalar>(Scalar) { return run_of<Scalar>(kind, teacher_forced); },
                {{2, noise_steps(kind) * kBatch},
                 {config.features + config.context, teacher_forced ? kColumns : kBatch}});
}

}  // namespace

TEST_CASE("Generator on a tape, free running: right gradients through the feedback") {
    for (const Kind kind : kKinds) check_generator(kind, false);
}

TEST_CASE("Generator on a tape, teacher forcing: right gradients") {
    for (const Kind kind : kKinds) check_generator(kind, true);
}

TEST_CASE("Discriminator on a tape has right gradients, through its decision and its features") {
    for (const bool deviation : {false, true}) {
        check_layer(
            [&]<typename Scalar>(Scalar) {
                return Discriminator<Scalar>(DiscriminatorSettings{3, 4, 2, deviation});
            },
            kSequence, {{3, kColumns}});
    }
}
