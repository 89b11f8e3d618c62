#pragma once
#include <string>
#include <vector>

// What a translation unit computed, and for which instruction set it was compiled.
struct Steps {
    std::string simd;
    std::vector<float> hidden;
};

#define MGAN_TEST_VISIBLE __attribute__((visibility("default")))
MGAN_TEST_VISIBLE Steps lstm_for_any_processor(int steps);
MGAN_TEST_VISIBLE Steps lstm_for_this_processor(int steps);
