#pragma once
/// \file
/// Matrices under names, as one model: the parameters of a net that is written with the operations
/// of a tape.
///
///     ParameterList<float> net;
///     net.add("w", 4, 2);  net.add("b", 4, 1);
///     const auto v = net.record(tape);                          // a variable for each
///     tape.backward(mean(tanh(matmul(v[0], x) + v[1])));
///     gradients.add_gradients(v);                               // gradients: a copy of net
///     optimiser.step(net, gradients, 1e-3, "my net");
///
/// It has `visit`, so that optimisers, initialising, saving and loading take it like any layer.

#include <mgan/layers/parameters.hpp>

#include <string>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class ParameterList {
public:
    using ScalarType = Scalar;

    /// A matrix of zeros under a name of its own (ConfigError otherwise). Returns it; the reference
    /// holds until the next `add`.
    Matrix<Scalar>& add(std::string name, Index rows, Index cols) {
        for (const Entry& entry : entries_)
            require<ConfigError>(entry.name != name, "ParameterList: '", name,
                                 "' is there already");
        entries_.push_back({std::move(name), Matrix<Scalar>::Zero(rows, cols)});
        return entries_.back().values;
    }

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] Matrix<Scalar>& operator[](std::size_t k) noexcept { return entries_[k].values; }
    [[nodiscard]] const Matrix<Scalar>& operator[](std::size_t k) const noexcept {
        return entries_[k].values;
    }

    /// All as variables of a tape, in the order in which they were added.
    template <typename Tape>
    [[nodiscard]] auto record(Tape& tape) const {
        std::vector<decltype(tape.variable(std::declval<Matrix<Scalar>>()))> variables;
        for (const Entry& entry : entries_) variables.push_back(tape.variable(entry.values));
        return variables;
    }
    /// Adds the gradients of such variables, after `backward`.
    template <typename Variables>
    void add_gradients(const Variables& variables) {
        require<ShapeError>(variables.size() == size(), "ParameterList: gradients of ",
                            variables.size(), " variables for ", size(), " matrices");
        for (std::size_t k = 0; k < size(); ++k) entries_[k].values += variables[k].gradient();
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        for (auto& entry : self.entries_) visitor(prefix / entry.name, entry.values);
    }

private:
    struct Entry {
        std::string name;
        Matrix<Scalar> values;
    };
    std::vector<Entry> entries_;
};

}  // namespace mgan::inline MGAN_ABI
