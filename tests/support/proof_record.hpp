#pragma once
// The errors that the proofs see, for the table in docs/gradients.md.
//
// If the environment variable MGAN_GRADIENT_ERRORS names a file, every proof appends a line
// "layer <tab> method <tab> error"; scripts/gradient_table takes the largest of each pair.

#include <cstdlib>
#include <fstream>
#include <string>

namespace mgan_test {

inline void record_error(const std::string& layer, const char* method, double error) {
    const char* path = std::getenv("MGAN_GRADIENT_ERRORS");
    if (path == nullptr) return;
    std::ofstream file(path, std::ios::app);
    file << layer << '\t' << method << '\t' << error << '\n';
}

}  // namespace mgan_test
