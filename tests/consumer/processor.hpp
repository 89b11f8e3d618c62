#pragma once
#include <string>
#include <vector>

// What a translation unit computed, and for which instruction set it was compiled.
struct Steps {
    std::string simd;
    std::vector<float> hidden;
};

Steps lstm_for_any_processor(int steps);
Steps lstm_for_this_processor(int steps);
