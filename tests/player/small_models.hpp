#pragma once
// Models of small nets for tests of players: of every variant, with both families of heads. They
// are compiled once, with the trainings that make them: support/training_lab.hpp says why.

#include <mgan/generation/model_file.hpp>

#include <string>
#include <utility>
#include <vector>

namespace mgan_test {

/// With step heads, after a few minibatches, with its discriminator.
[[nodiscard]] mgan::Model small_step_model(mgan::Variant variant, bool attention_window = false,
                                           int epochs = 3);

/// With numeric heads; `event`: with the paper's encoding, which has no time.
[[nodiscard]] mgan::Model small_numeric_model(mgan::Variant variant, bool event = false);

/// All of them, with names.
[[nodiscard]] const std::vector<std::pair<std::string, mgan::Model>>& small_models();

}  // namespace mgan_test
