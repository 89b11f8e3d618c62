#pragma once
// Method 2 of the gradient proofs: the same equations, written with the primitives of the tape.

#include <mgan/autodiff/operations.hpp>
#include <support/gradient_proof.hpp>

#include <map>
#include <string>
#include <vector>

namespace mgan_test {

using Var = mgan::Variable<double>;

/// The numbers of a subject as variables of a tape, by name.
class TapeBlocks {
public:
    template <typename Subject>
    TapeBlocks(mgan::Tape<double>& tape, const Subject& subject) : tape_(tape) {
        for (const NamedNumbers& block : numbers_of(subject)) {
            const Index rows = block.rows;
            const Index cols = rows > 0 ? block.values.size() / rows : 0;
            variables_.emplace(block.name, tape.variable(mgan::ConstMatrixMap<double>(
                                               block.values.data(), rows, cols)));
        }
    }

    [[nodiscard]] const Var& operator[](const std::string& name) const {
        const auto found = variables_.find(name);
        INFO("the subject has no '" << name << "'");
        REQUIRE(found != variables_.end());
        return found->second;
    }
    [[nodiscard]] Var constant(const Matrix<double>& values) const {
        return tape_.constant(values);
    }
    [[nodiscard]] Var zeros(Index rows, Index cols) const {
        return tape_.constant(Matrix<double>::Zero(rows, cols));
    }
    /// Block `name`, F x (T B), as its T steps, F x B each.
    [[nodiscard]] std::vector<Var> steps(const std::string& name, Index count) const {
        const Var& all = (*this)[name];
        std::vector<Var> result;
        for (Index t = 0; t < count; ++t) {
            const Index batch = all.cols() / count;
            result.push_back(slice_columns(all, t * batch, batch));
        }
        return result;
    }

private:
    mgan::Tape<double>& tape_;
    std::map<std::string, Var> variables_;
};

/// Steps, F x B each, as one F x (T B).
[[nodiscard]] inline Var side_by_side(const std::vector<Var>& steps) {
    return mgan::concat_columns(std::span<const Var>(steps));
}

/// `equations(blocks)` computes the outputs of the subject on the tape, in the order of memory;
/// outputs and gradients are those of the layer to 1e-12.
template <typename Subject, typename Equations>
void prove_by_tape(const Subject& subject, const Equations& equations) {
    mgan::Tape<double> tape;
    const TapeBlocks blocks(tape, subject);
    const Var y = equations(blocks);
    const Vector<double> dy = loss_weights(y.size());
    tape.backward(y, dy.reshaped(y.rows(), y.cols()).eval());

    typename Subject::Cache cache;
    const Vector<double> output = subject.forward(cache);
    REQUIRE(output.size() == y.size());
    CHECK((output - y.value().reshaped()).cwiseAbs().maxCoeff() <=
          1e-12 * output.cwiseAbs().maxCoeff());

    const std::vector<NamedNumbers> gradients = numbers_of(gradient_of(subject, dy));
    std::vector<NamedNumbers> expected = gradients;
    for (NamedNumbers& block : expected)
        if (block.values.size() > 0) block.values = blocks[block.name].gradient().reshaped();
    std::string where;
    const double error = largest_error(gradients, expected, where);
    INFO(subject.name() << " " << where);
    CHECK(error <= 1e-12);
    record_error(subject.name(), "tape", error);
}

}  // namespace mgan_test
