#pragma once
// How the programs of docs/snippets print numbers that PyTorch prints, too (docs/oracles).

#include <mgan/tensor/matrix.hpp>

#include <cstdio>

/// A name and all entries, row after row.
template <typename Derived>
void print_row(const char* name, const Eigen::DenseBase<Derived>& numbers) {
    std::printf("%-6s", name);
    for (mgan::Index i = 0; i < numbers.rows(); ++i)
        for (mgan::Index j = 0; j < numbers.cols(); ++j)
            std::printf("%11.6f", static_cast<double>(numbers.derived().coeff(i, j)));
    std::printf("\n");
}
