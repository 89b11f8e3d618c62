#pragma once
// Method 4 of the gradient proofs: numbers that PyTorch has computed (tests/oracles/gradients.py).

#include <support/gradient_proof.hpp>

#include <fstream>
#include <map>
#include <sstream>

namespace mgan_test {

/// The matrices of one file of tests/data/oracles, by name.
class OracleFile {
public:
    explicit OracleFile(const std::string& name) {
        const std::string path =
            std::string(MGAN_SOURCE_DIR "/tests/data/oracles/") + name + ".txt";
        std::ifstream file(path);
        INFO(path);
        REQUIRE(file.good());
        for (std::string line; std::getline(file, line);) {
            if (line.empty() || line[0] == '#') continue;
            std::istringstream head(line);
            std::string entry;
            Index rows = -1, cols = -1;
            head >> entry >> rows >> cols;
            REQUIRE((head && rows >= 0 && cols >= 0));
            Matrix<double> matrix(rows, cols);
            for (Index i = 0; i < rows; ++i) {
                std::getline(file, line);
                const char* text = line.c_str();  // strtod rounds right, whatever the stream does
                for (Index j = 0; j < cols; ++j) {
                    char* end = nullptr;
                    matrix(i, j) = std::strtod(text, &end);
                    REQUIRE(end != text);
                    text = end;
                }
            }
            REQUIRE(matrices_.emplace(entry, std::move(matrix)).second);
        }
    }

    [[nodiscard]] const Matrix<double>& operator[](std::string_view name) const {
        const auto found = matrices_.find(std::string(name));
        INFO("the oracle file has no '" << name << "'");
        REQUIRE(found != matrices_.end());
        return found->second;
    }
    /// One of the sizes.
    [[nodiscard]] Index size(std::string_view name) const {
        return static_cast<Index>((*this)[name](0, 0));
    }

    /// Copies matrix `prefix + name` into a block of the same shape.
    void copy(const std::string& name, Block<double> block) const {
        const Matrix<double>& matrix = (*this)[name];
        INFO(name << " is " << matrix.rows() << " x " << matrix.cols());
        REQUIRE((matrix.rows() == block.rows && matrix.cols() == block.cols));
        for (Index i = 0; i < block.size(); ++i) block.data[i] = matrix(block.row(i), block.col(i));
    }

private:
    std::map<std::string, Matrix<double>> matrices_;
};

/// Sets the subject to PyTorch's numbers; output and gradients are PyTorch's to 1e-10.
template <typename Subject>
void prove_by_oracle(Subject subject, const OracleFile& oracle) {
    subject.visit([&](std::string_view name, auto&& numbers, Role) {
        oracle.copy(std::string(name), mgan::as_block(numbers));
    });
    typename Subject::Cache cache;
    const Vector<double> output = subject.forward(cache);
    const Matrix<double>& expected_output = oracle["output"];
    REQUIRE(output.size() == expected_output.size());
    CHECK((output - expected_output).cwiseAbs().maxCoeff() <=
          1e-12 * expected_output.cwiseAbs().maxCoeff());

    const Subject gradients = gradient_of(subject, Vector<double>(oracle["weights"]));
    Subject expected = subject;
    expected.visit([&](std::string_view name, auto&& numbers, Role) {
        oracle.copy("gradient/" + std::string(name), mgan::as_block(numbers));
    });
    std::string where;
    const double error = largest_error(numbers_of(gradients), numbers_of(expected), where);
    INFO(where);
    CHECK(error <= 1e-10);
    record_error(subject.name(), "PyTorch", error);
}

}  // namespace mgan_test
