#pragma once
/// \file
/// The parameters of a layer or a model: by name, and as one flat vector.
///
/// A layer offers one function,
///
///     template <typename Self, typename Visitor>
///     static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix);
///
/// that calls `visitor(name, matrix)` for each of its parameters in a fixed order. Everything else
/// follows from it: counting, initialising, copying to and from a flat vector (for the optimiser,
/// gradient checks and all-reduce), saving by name, adding gradients. Gradients are objects of the
/// layer's own type, so both sides of `for_each_pair` always match.
///
/// Weights are `Matrix`, biases are `Vector`: a visitor that treats them differently (weight decay
/// does) asks `kIsBias<decltype(parameter)>`.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

/// A name in parts, such as "lstm." and "weight_ih_l0": a chain of views, so that visiting
/// allocates nothing; `text()` joins the parts where the name is read.
class ParameterName {
public:
    ParameterName() = default;
    explicit ParameterName(std::string_view part) noexcept : part_(part) {}

    /// The name of something inside. The parent and the text must outlive the result.
    [[nodiscard]] ParameterName operator/(std::string_view part) const noexcept {
        ParameterName name(part);
        name.parent_ = this;
        return name;
    }
    /// The same for entry `number` of a list: prefix "layers." and number 2 give "layers.2.".
    [[nodiscard]] ParameterName numbered(std::string_view part, Index number,
                                         std::string_view suffix) const noexcept {
        ParameterName name(part);
        name.parent_ = this;
        name.number_ = number;
        name.suffix_ = suffix;
        return name;
    }

    /// The same name with the shape that the parameter has in files, where that is not rows x
    /// columns. The numbers must outlive the result; their product is the parameter's size, and its
    /// entries row by row are those of the shape, last axis fastest.
    [[nodiscard]] ParameterName shaped(std::span<const Index> shape) const noexcept {
        ParameterName name = *this;
        name.shape_ = shape;
        return name;
    }
    /// Empty: rows x columns.
    [[nodiscard]] std::span<const Index> shape() const noexcept { return shape_; }

    /// The same name of a matrix whose transpose stands in files, [columns, rows]: a table in which
    /// each row is a vector (layers/embedding.hpp), while here a vector is a column.
    [[nodiscard]] ParameterName transposed() const noexcept {
        ParameterName name = *this;
        name.transposed_ = true;
        return name;
    }
    [[nodiscard]] bool is_transposed() const noexcept { return transposed_; }

    /// The same name of a parameter of a recurrent layer with so many gates, stacked in its rows.
    [[nodiscard]] ParameterName of_gates(Index count) const noexcept {
        ParameterName name = *this;
        name.gates_ = count;
        return name;
    }
    /// 4, as in an LSTM, unless another number was said.
    [[nodiscard]] Index gates() const noexcept { return gates_; }

    [[nodiscard]] std::string text() const {
        std::string joined = parent_ != nullptr ? parent_->text() : std::string();
        joined += part_;
        if (number_ >= 0) joined += std::to_string(number_);
        joined += suffix_;
        return joined;
    }

private:
    const ParameterName* parent_ = nullptr;
    std::string_view part_;
    std::string_view suffix_;
    std::span<const Index> shape_;
    Index number_ = -1;
    Index gates_ = 4;
    bool transposed_ = false;
};

/// Whether a parameter is a bias (a vector) rather than a weight (a matrix).
template <typename Parameter>
inline constexpr bool kIsBias = std::remove_cvref_t<Parameter>::ColsAtCompileTime == 1;

/// Calls `visitor(const ParameterName&, parameter)` for each parameter of `model`.
template <typename Model, typename Visitor>
void for_each_parameter(Model& model, Visitor&& visitor) {
    std::remove_const_t<Model>::visit(model, visitor, ParameterName());
}

/// Number of scalars in all parameters.
template <typename Model>
[[nodiscard]] Index parameter_count(const Model& model) {
    Index count = 0;
    for_each_parameter(
        model, [&](const ParameterName&, const auto& parameter) { count += parameter.size(); });
    return count;
}

/// Sets every parameter to zero: a fresh gradient.
template <typename Model>
void set_zero(Model& model) {
    for_each_parameter(model, [](const ParameterName&, auto& parameter) { parameter.setZero(); });
}

/// Writes all parameters, one after the other, to `flat`. Throws ShapeError if the sizes differ.
template <typename Model, typename Scalar>
void copy_parameters(const Model& model, std::span<Scalar> flat) {
    if (!(static_cast<Index>(flat.size()) == parameter_count(model)))
        fail<ShapeError>("copy_parameters: the vector has ", flat.size(), " entries, the model ",
                         parameter_count(model));
    Index offset = 0;
    for_each_parameter(model, [&](const ParameterName&, const auto& parameter) {
        VectorMap<Scalar>(flat.data() + offset, parameter.size()) =
            parameter.reshaped().template cast<Scalar>();
        offset += parameter.size();
    });
}

/// The reverse: sets all parameters from `flat`.
template <typename Model, typename Scalar>
void assign_parameters(Model& model, std::span<const Scalar> flat) {
    if (!(static_cast<Index>(flat.size()) == parameter_count(model)))
        fail<ShapeError>("assign_parameters: the vector has ", flat.size(), " entries, the model ",
                         parameter_count(model));
    Index offset = 0;
    for_each_parameter(model, [&](const ParameterName&, auto& parameter) {
        using Own = typename std::remove_cvref_t<decltype(parameter)>::Scalar;
        parameter.reshaped() =
            ConstVectorMap<Scalar>(flat.data() + offset, parameter.size()).template cast<Own>();
        offset += parameter.size();
    });
}

/// All parameters as one flat vector.
template <typename Scalar, typename Model>
[[nodiscard]] AlignedVector<Scalar> flat_parameters(const Model& model) {
    AlignedVector<Scalar> flat(static_cast<std::size_t>(parameter_count(model)));
    copy_parameters(model, std::span<Scalar>(flat));
    return flat;
}

/// Sum of the squares of all parameters (of a gradient, usually), in double whatever the scalar.
template <typename Model>
[[nodiscard]] double squared_norm(const Model& model) {
    double sum = 0.0;
    for_each_parameter(model, [&](const ParameterName&, const auto& parameter) {
        sum += parameter.template cast<double>().cwiseAbs2().sum();
    });
    return sum;
}

/// Multiplies every parameter by `factor`.
template <typename Model, typename Scalar>
void scale_parameters(Model& model, Scalar factor) {
    for_each_parameter(model, [&](const ParameterName&, auto& parameter) { parameter *= factor; });
}

namespace parameters_detail {
/// Remembers where the parameters of a model lie, to walk over two models side by side.
template <typename Scalar>
struct Blocks {
    static constexpr std::size_t kMost = 256;
    std::size_t count = 0;
    Scalar* data[kMost];
    Index size[kMost];
};
}  // namespace parameters_detail

/// Calls `visitor(name, a's parameter, view of b's parameter of the same size)`; `a` and `b` are
/// models of one kind (b may have another scalar or be const). Throws ShapeError if they do not
/// match.
template <typename ModelA, typename ModelB, typename Visitor>
void for_each_pair(ModelA& a, ModelB& b, Visitor&& visitor) {
    using ScalarB = std::conditional_t<std::is_const_v<ModelB>, const typename ModelB::ScalarType,
                                       typename ModelB::ScalarType>;
    parameters_detail::Blocks<ScalarB> blocks;
    for_each_parameter(b, [&](const ParameterName&, auto& parameter) {
        require<Error>(blocks.count < blocks.kMost, "for_each_pair: more than ", blocks.kMost,
                       " parameter blocks");
        blocks.data[blocks.count] = parameter.data();
        blocks.size[blocks.count++] = parameter.size();
    });
    std::size_t next = 0;
    for_each_parameter(a, [&](const ParameterName& name, auto& parameter) {
        if (next >= blocks.count || blocks.size[next] != parameter.size()) {
            fail<ShapeError>("for_each_pair: the two models differ at ", name.text());
        }
        using Plain = std::remove_const_t<ScalarB>;
        using Column =
            std::conditional_t<std::is_const_v<ScalarB>, ConstVectorMap<Plain>, VectorMap<Plain>>;
        Column other(blocks.data[next], blocks.size[next]);
        ++next;
        visitor(name, parameter, other);
    });
    require<ShapeError>(next == blocks.count,
                        "for_each_pair: the two models have different numbers of parameters");
}

/// A part of one parameter of a model `a`, and the same part of `b`.
template <typename ScalarA, typename ScalarB>
struct ParameterPiece {
    ScalarA* a;
    ScalarB* b;
    Index size;    ///< scalars
    Index offset;  ///< of the first, in the order of `copy_parameters`
    bool bias;     ///< of a vector, not a matrix
};

/// The parameters of two models of one kind side by side, cut into pieces whose size depends on the
/// model alone, so that threads may take them in any order. A piece of each of four arrays (weight,
/// gradient, two moments) fits into a level 2 cache. Both models must outlive it, unchanged in
/// size.
template <typename ModelA, typename ModelB>
class ParameterPieces {
    template <typename Model>
    using ScalarOf = std::conditional_t<std::is_const_v<Model>, const typename Model::ScalarType,
                                        typename Model::ScalarType>;

public:
    using Piece = ParameterPiece<ScalarOf<ModelA>, ScalarOf<ModelB>>;
    static constexpr Index kScalars = 1 << 14;

    /// Throws ShapeError if the models do not match.
    ParameterPieces(ModelA& a, ModelB& b) {
        Index offset = 0;
        for_each_pair(a, b, [&](const ParameterName&, auto& parameter, auto& other) {
            blocks_[count_] = {parameter.data(), other.data(), parameter.size(), offset,
                               kIsBias<decltype(parameter)>};
            first_[count_++] = pieces_;
            pieces_ += (parameter.size() + kScalars - 1) / kScalars;
            offset += parameter.size();
        });
    }

    [[nodiscard]] Index size() const noexcept { return pieces_; }

    [[nodiscard]] Piece operator[](Index index) const noexcept {
        const Index* end = first_ + count_;
        const Index block = std::upper_bound(first_, end, index) - first_ - 1;
        Piece piece = blocks_[block];
        const Index begin = (index - first_[block]) * kScalars;
        return {piece.a + begin, piece.b + begin, std::min(kScalars, piece.size - begin),
                piece.offset + begin, piece.bias};
    }

private:
    static constexpr std::size_t kMost = parameters_detail::Blocks<ScalarOf<ModelA>>::kMost;
    Piece blocks_[kMost];
    Index first_[kMost];  ///< index of a block's first piece
    Index count_ = 0, pieces_ = 0;
};

/// a += factor * b, parameter by parameter.
template <typename Model, typename Scalar>
void add_parameters(Model& a, const Model& b, Scalar factor) {
    for_each_pair(a, b, [&](const ParameterName&, auto& parameter, const auto& other) {
        parameter.reshaped() += factor * other;
    });
}

}  // namespace mgan::inline MGAN_ABI
