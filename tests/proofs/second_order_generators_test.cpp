// Second derivatives of every generator: the baseline and each variant of the paper, through every
// event that was fed back; and the one with step heads.

#include <proofs/subjects/carnn_subject.hpp>
#include <proofs/subjects/step_generator_subject.hpp>
#include <support/second_order_proof.hpp>

using namespace mgan_test;

namespace {
constexpr Extent kSome[] = {{1, 1}, {3, 2}, {7, 3}};
}  // namespace

TEST_CASE("Second derivatives: the generator's are right, through the feedback and without") {
    for (const bool teacher_forced : {false, true}) {
        for (const Extent extent : kSome) {
            GeneratorSizes sizes;
            sizes.steps = extent.steps;
            sizes.batch = extent.batch;
            sizes.teacher_forced = teacher_forced;
            sizes.config.noise_to_head = true;
            sizes.config.context = 2;
            GeneratorSubject<double> subject(sizes);
            fill(subject, Point::kRandom, 1);
            prove_second_order(subject);
        }
    }
}

TEST_CASE("Second derivatives: the CARNN generator's are right, with each of its parts") {
    for (const bool teacher_forced : {false, true}) {
        for (int parts = 0; parts < 16; ++parts) {
            CarnnSizes sizes;
            sizes.steps = 4;
            sizes.batch = 2;
            sizes.plane = 6;
            sizes.teacher_forced = teacher_forced;
            sizes.config.mapping_layers = (parts & 1) != 0 ? 2 : 0;
            sizes.config.convolution = (parts & 2) != 0 ? 3 : 0;
            sizes.config.attention_heads = (parts & 4) != 0 ? 2 : 0;
            sizes.config.attention_residual = (parts & 8) != 0;
            if (sizes.config.mapping_layers + sizes.config.convolution == 0) sizes.plane = 0;
            CarnnSubject<double> subject(sizes);
            fill(subject, Point::kRandom, 2);
            prove_second_order(subject);
        }
    }
}

TEST_CASE("Second derivatives: the step generator's are right, with each of its parts") {
    for (const StepGeneratorSizes& sizes :
         {StepGeneratorSizes{.steps = 1, .batch = 1}, StepGeneratorSizes{.steps = 4, .noise = 2},
          StepGeneratorSizes{.steps = 5, .attention_heads = 2},
          StepGeneratorSizes{.steps = 4, .sharpened = true},
          StepGeneratorSizes{.steps = 4, .noise = 2, .noise_path = true}}) {
        CAPTURE(sizes.steps, sizes.noise, sizes.sharpened);
        StepGeneratorSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 4);
        prove_second_order(subject);
    }
}
