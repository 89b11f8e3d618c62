#pragma once
/// \file
/// Reverse-mode automatic differentiation: a list of operations, read backwards.
///
/// A computation is a list of steps, each of which makes one matrix from earlier ones. Write the
/// list down while computing (a Wengert list):
///
///     L = sum(tanh(W x))          node  operation  parents    value
///                                  0    variable              W
///                                  1    variable              x
///                                  2    matmul     0, 1       a = W x
///                                  3    tanh       2          b = tanh(a)
///                                  4    sum        3          L
///
/// The chain rule says how the gradient of L reaches a node v: through every node u that used it,
///
///     dL/dv  =  sum over users u of  (du/dv)^T dL/du.
///
/// Users always come later in the list. So set dL/dL = 1, go through the list once from its end,
/// and let every node add its share to the gradients of its parents: when the walk reaches a
/// node, all its users have been there, and its gradient is complete. With db for dL/db, and so on:
///
///     4 -> 3:  db += 1              3 -> 2:  da += (1 - b^2) * db
///     2 -> 0:  dW += da x^T         2 -> 1:  dx += W^T da
///
/// One pass gives all gradients, for about twice the work of computing L itself, however many
/// parameters there are. A node used a thousand times is still visited once. (Walking from L
/// through the graph as if it were a tree visits a node once for each path that leads to it, and
/// paths double with every level: that is the classical mistake.)
///
///     Tape<double> tape;
///     const Variable<double> w = tape.variable(weight), x = tape.variable(input);
///     const Variable<double> loss = sum(tanh(matmul(w, x)));      // operations.hpp
///     tape.backward(loss);
///     w.gradient();                                               // dL/dW
///     tape.clear();                                               // the next recording
///
/// Three things make it fast, and none of them shows in what a user writes:
///   - A chain of element-wise operations is one step. `sigmoid(f) * c + sigmoid(i) * tanh(g)` is
///     only noted down, and computed in one pass over the entries when its value is needed
///     (element.hpp). What lies between is not kept; the way back computes it again.
///   - Products add up in place: `matmul(w, x) + matmul(u, h) + b` is one matrix (matmul.hpp).
///   - Single numbers are no matrices (number_list.hpp).
///
/// The layers of this library do not use the tape: their gradients are written by hand, and the
/// tape is the witness that they are right. Source: R. E. Wengert, "A simple automatic derivative
/// evaluation program", CACM 7 (1964); A. Griewank, A. Walther, "Evaluating Derivatives" (2008).

#include <mgan/autodiff/arena.hpp>
#include <mgan/autodiff/element_program.hpp>
#include <mgan/autodiff/number_list.hpp>
#include <mgan/core/error.hpp>
#include <mgan/tensor/kernels/transpose.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class Tape;

/// What a node is, as far as others must know.
enum class NodeKind : std::uint8_t {
    plain,    ///< a matrix that was computed when it was recorded
    element,  ///< a step of an element-wise expression; computed when it is needed (element.hpp)
    product,  ///< a matrix product; computed when it is needed, or added to others in place
    rows,     ///< rows of its parent: copied when that is needed, or read where they lie
    numbers,  ///< no matrix: here a run of single numbers was recorded (number_list.hpp)
    number,   ///< a single number, seen as a 1 x 1 matrix
};

/// One line of the list. Written by the operations; users hold a `Variable` instead.
template <typename Scalar>
struct Node {
    /// Adds this node's share to the gradients of its parents.
    using Backward = void (*)(Tape<Scalar>&, const Node&);

    Scalar* value = nullptr;     ///< rows x cols, column by column; null: not computed yet
    Scalar* gradient = nullptr;  ///< dL/d(value), of the same shape, during and after `backward`
    Backward backward = nullptr;
    union {
        void* object = nullptr;        ///< what a user's operation keeps
        const Recipe<Scalar>* recipe;  ///< how a value is computed that was not needed so far
    };
    Scalar parameter{};               ///< what an operation with one number keeps (an exponent)
    std::int32_t rows = 0;            ///< of the value
    std::int32_t cols = 0;            ///< of the value
    std::uint32_t first_parent = 0;   ///< into the tape's list of parents
    std::uint32_t parent_count = 0;   ///< arguments of the operation
    std::uint32_t first_integer = 0;  ///< into the tape's list of integers (sizes, indices)
    NodeKind kind = NodeKind::plain;
    bool needs_gradient : 1 = false;  ///< whether any variable lies behind it
    bool reached : 1 = false;         ///< whether a user has added to the gradient
    bool alias : 1 = false;           ///< value and gradient are parts of its parent's
    bool taken : 1 = false;           ///< became part of another node's expression
    bool has_products : 1 = false;    ///< a sum with matrix products among its terms

    [[nodiscard]] Index size() const noexcept { return Index{rows} * cols; }
    [[nodiscard]] bool pending() const noexcept { return value == nullptr; }
};

/// A matrix on a tape: what users compute with. A small handle that is passed by value; it holds
/// until its tape is cleared.
template <typename Scalar>
class Variable {
public:
    using ScalarType = Scalar;

    /// An empty handle, to be assigned later.
    Variable() = default;

    // A handle remembers whether it was copied: see `alone`.
    Variable(const Variable& other) noexcept
        : tape_(other.tape_),
          number_(other.number_),
          index_(other.index_),
          generation_(other.generation_),
          constant_(other.constant_) {
        other.alone_ = false;
    }
    Variable(Variable&& other) noexcept = default;
    Variable& operator=(const Variable& other) noexcept { return *this = Variable(other); }
    Variable& operator=(Variable&& other) noexcept = default;
    ~Variable() = default;

    [[nodiscard]] Index rows() const { return shape("rows").first; }
    [[nodiscard]] Index cols() const { return shape("cols").second; }
    [[nodiscard]] Index size() const {
        const std::pair<Index, Index> sizes = shape("size");
        return sizes.first * sizes.second;
    }

    /// rows x cols; a view of the tape's memory.
    [[nodiscard]] ConstMatrixMap<Scalar> value() const { return tape("value").value_of(index_); }
    /// The value of a 1 x 1 variable; throws ShapeError for any other.
    [[nodiscard]] Scalar scalar() const {
        const ConstMatrixMap<Scalar> x = tape("scalar").value_of(index_);
        require<ShapeError>(x.size() == 1, "Variable::scalar: the variable is ", x.rows(), " x ",
                            x.cols(), ", not 1 x 1");
        return *x.data();
    }
    /// dL/d(this), rows x cols, after `Tape::backward(L)`. Zero if L does not depend on it. Throws
    /// Error if there is none: before `backward`, for what was recorded after L, for constants and
    /// what was computed from nothing but constants, and for what was moved into an expression
    /// (`std::move`).
    [[nodiscard]] ConstMatrixMap<Scalar> gradient() const {
        return tape("gradient").gradient_of(index_);
    }

    /// Whether no copy was made of it: then a temporary is the only one who knows its node.
    [[nodiscard]] bool alone() const noexcept { return alone_; }

    /// Whether it is a single number, and not a matrix: then its value is known without a look at
    /// the tape, and whether it is constant.
    [[nodiscard]] bool is_number() const noexcept { return index_ < 0; }
    [[nodiscard]] const Scalar& number() const noexcept { return number_; }
    [[nodiscard]] bool is_constant_number() const noexcept { return constant_; }

    /// Its place in the list; negative for single numbers, which have a list of their own.
    [[nodiscard]] NodeIndex index() const noexcept { return index_; }
    /// Its tape; throws Error, naming `operation`, if it has none or was recorded before the last
    /// `clear`.
    [[nodiscard]] Tape<Scalar>& tape(const char* operation) const {
        require<Error>(tape_ != nullptr, operation, ": the variable was never recorded on a tape");
        require<Error>(tape_->generation() == generation_, operation,
                       ": the variable was recorded before the last clear() of its tape");
        return *tape_;
    }

private:
    friend class Tape<Scalar>;
    Variable(Tape<Scalar>* tape, NodeIndex index, std::uint32_t generation) noexcept
        : tape_(tape), index_(index), generation_(generation), alone_(true) {}
    /// Of a single number, which the handle knows.
    Variable(Tape<Scalar>* tape, NodeIndex index, std::uint32_t generation, const Scalar& number,
             bool constant) noexcept
        : tape_(tape),
          number_(number),
          index_(index),
          generation_(generation),
          constant_(constant),
          alone_(true) {}

    [[nodiscard]] std::pair<Index, Index> shape(const char* operation) const {
        const Tape<Scalar>& recorded = tape(operation);
        if (index_ < 0) return {1, 1};
        return {recorded.node(index_).rows, recorded.node(index_).cols};
    }

    Tape<Scalar>* tape_ = nullptr;
    Scalar number_{};  ///< of a single number: its value
    NodeIndex index_ = -1;
    std::uint32_t generation_ = 0;
    bool constant_ = false;  ///< of a single number: no variable lies behind it
    mutable bool alone_ = false;
};

/// Whether a type is `Variable<Scalar>`, or a reference to one.
template <typename Type>
inline constexpr bool kIsVariable = false;
template <typename Scalar>
inline constexpr bool kIsVariable<Variable<Scalar>> = true;
template <typename Type>
concept AnyVariable = kIsVariable<std::remove_cvref_t<Type>>;
template <AnyVariable Type>
using ScalarOf = typename std::remove_cvref_t<Type>::ScalarType;

/// An argument of an operation that takes over what was computed for it alone: a temporary, which
/// nobody can ask for its value any more.
template <typename Scalar>
struct Operand {
    const Variable<Scalar>& variable;
    bool temporary;
};
template <AnyVariable Type>
[[nodiscard]] Operand<ScalarOf<Type>> operand(Type&& variable) noexcept {
    return {variable, !std::is_lvalue_reference_v<Type>};
}

/// The list and its memory. Not copied or moved, since variables point to it; one thread at a time.
/// Once a graph has been recorded and differentiated, the same graph allocates nothing more.
template <typename Scalar>
class Tape {
public:
    Tape() = default;
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;
    ~Tape() { destroy_objects(); }

    /// Records a copy of `matrix` (any Eigen expression) as a variable, with respect to which
    /// `backward` differentiates.
    template <typename Derived>
    [[nodiscard]] Variable<Scalar> variable(const Eigen::MatrixBase<Derived>& matrix) {
        return leaf(matrix, true);
    }
    /// Records a copy of `matrix` that no gradient flows to.
    template <typename Derived>
    [[nodiscard]] Variable<Scalar> constant(const Eigen::MatrixBase<Derived>& matrix) {
        return leaf(matrix, false);
    }
    /// The same for a single number, as 1 x 1.
    [[nodiscard]] Variable<Scalar> variable(const Scalar& x) { return leaf(x, true); }
    [[nodiscard]] Variable<Scalar> constant(const Scalar& x) { return leaf(x, false); }
    /// A constant that is not copied: columns that lie side by side. They must stay where they are,
    /// unchanged, until `clear`. Throws ShapeError if there are gaps between them.
    [[nodiscard]] Variable<Scalar> constant_view(const ConstMatrixRef<Scalar>& matrix) {
        require<ShapeError>(matrix.outerStride() == matrix.rows() || matrix.cols() <= 1,
                            "Tape::constant_view: the columns of a ", matrix.rows(), " x ",
                            matrix.cols(), " block lie ", matrix.outerStride(), " entries apart");
        Node<Scalar>& n = add_without_value(matrix.rows(), matrix.cols(), {});
        n.value = const_cast<Scalar*>(matrix.data());  // NOLINT: nobody writes to a value twice
        return handle(static_cast<NodeIndex>(nodes_.size() - 1));
    }

    /// Computes dL/dv for every variable v of the tape. `loss` is 1 x 1 (ShapeError otherwise) and
    /// of this tape (Error otherwise). Gradients of an earlier call are replaced.
    void backward(const Variable<Scalar>& loss) {
        const Tape<Scalar>& recorded = loss.tape("Tape::backward");
        require<Error>(&recorded == this, "Tape::backward: the variable belongs to another tape");
        const Index rows = loss.rows(), cols = loss.cols();
        require<ShapeError>(rows * cols == 1, "Tape::backward: the loss is ", rows, " x ", cols,
                            ", it must be 1 x 1; reduce it with sum() or mean()");
        differentiate(loss.index(), Matrix<Scalar>::Constant(1, 1, Scalar(1)));
    }

    /// The same for L = sum of seed * y, with `seed` = dy of the shape of `y`, any matrix or
    /// expression: what a layer's `backward(dy)` does. Throws ShapeError if the shapes differ.
    template <typename Derived>
    void backward(const Variable<Scalar>& y, const Eigen::MatrixBase<Derived>& seed) {
        const Tape<Scalar>& recorded = y.tape("Tape::backward");
        require<Error>(&recorded == this, "Tape::backward: the variable belongs to another tape");
        require<ShapeError>(seed.rows() == y.rows() && seed.cols() == y.cols(),
                            "Tape::backward: y is ", y.rows(), " x ", y.cols(), ", its gradient ",
                            seed.rows(), " x ", seed.cols());
        differentiate(y.index(), seed);
    }

    /// Bytes of memory held, in use or not: of values, gradients and the list.
    [[nodiscard]] std::size_t bytes() const noexcept {
        const auto of = [](const auto& list) { return list.capacity() * sizeof(*list.data()); };
        const std::size_t numbers =
            values_.capacity() + gradients_.capacity() + scratch_.capacity();
        return numbers * sizeof(Scalar) + bytes_.capacity() + of(nodes_) + of(parents_) +
               of(integers_) + of(objects_) + of(programs_.lines) + of(programs_.programs) +
               of(programs_.blocks) + numbers_.bytes() + (inner_ ? inner_->bytes() : 0);
    }
    /// A tape within this one, for what is recorded only for a moment (recompute.hpp).
    [[nodiscard]] Tape& inner() {
        if (!inner_) inner_ = std::make_unique<Tape>();
        return *inner_;
    }

    /// Forgets the recording and keeps the memory. Variables recorded so far become invalid.
    void clear() noexcept {
        destroy_objects();
        nodes_.clear();
        parents_.clear();
        integers_.clear();
        values_.rewind();
        gradients_.rewind();
        bytes_.rewind();
        programs_.clear();
        numbers_.clear();
        differentiated_numbers_ = 0;
        hidden_nodes_ = 0;
        numbers_are_open_ = false;
        ++generation_;
    }

    /// Variables, constants and operations recorded since the last `clear`.
    [[nodiscard]] Index size() const noexcept {
        return static_cast<Index>(nodes_.size()) - hidden_nodes_ + Index{numbers_.size()} +
               numbers_.merged();
    }
    /// Backward functions that the last `backward` called: at most one for each operation, and one
    /// for all that became one step.
    [[nodiscard]] Index operations() const noexcept { return operations_; }
    /// Counts the calls of `clear`.
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }

    using NumberArgument = typename NumberList<Scalar>::Argument;

    // ---- For operations: how a node is recorded, and what its backward function may use. ----

    /// Adds a node of rows x cols with the given parents; its value is to be filled in. It needs a
    /// gradient if one of its parents does. References to nodes end here (the list may move);
    /// pointers to values do not.
    NodeIndex add(Index rows, Index cols, std::span<const NodeIndex> parents,
                  typename Node<Scalar>::Backward propagate) {
        Node<Scalar>& n = add_without_value(rows, cols, parents);
        n.backward = propagate;
        n.value = values_.allocate(static_cast<std::size_t>(n.size()));
        return static_cast<NodeIndex>(nodes_.size() - 1);
    }
    NodeIndex add(Index rows, Index cols, std::initializer_list<NodeIndex> parents,
                  typename Node<Scalar>::Backward propagate) {
        return add(rows, cols, std::span(parents.begin(), parents.size()), propagate);
    }

    /// Adds a node whose value and gradient are those of `parent` from entry `offset` on, under
    /// another shape: nothing is computed or copied in either direction.
    NodeIndex add_alias(NodeIndex parent, Index offset, Index rows, Index cols) {
        Node<Scalar>& n = add_without_value(rows, cols, std::span(&parent, 1));
        n.value = node(parent).value + offset;
        n.alias = true;
        return static_cast<NodeIndex>(nodes_.size() - 1);
    }

    /// Adds a node whose value is computed by `recipe` when somebody needs it.
    NodeIndex add_pending(NodeKind kind, Index rows, Index cols, std::span<const NodeIndex> parents,
                          const Recipe<Scalar>* recipe) {
        Node<Scalar>& n = add_without_value(rows, cols, parents);
        n.kind = kind;
        n.recipe = recipe;
        return static_cast<NodeIndex>(nodes_.size() - 1);
    }
    /// Gives a node that is being computed its memory.
    Scalar* allocate_value(Node<Scalar>& n) {
        return n.value = values_.allocate(static_cast<std::size_t>(n.size()));
    }
    /// Computes the value of a node, if that has not happened yet.
    void compute(NodeIndex index) {
        const Node<Scalar>& n = node(index);
        if (n.pending()) n.recipe->compute(*this, index);
    }

    /// Whether `v` is a single number of this tape; throws Error, naming `operation`, if it is of
    /// another tape or of none.
    [[nodiscard]] bool is_number(const Variable<Scalar>& v, const char* operation) const {
        require<Error>(&v.tape(operation) == this, operation,
                       ": the variable belongs to another tape");
        return v.index() < 0;
    }
    /// Number k of the list, as a handle stores it.
    [[nodiscard]] static std::uint32_t number_of(NodeIndex index) noexcept {
        return ~static_cast<std::uint32_t>(index) - 1;
    }
    [[nodiscard]] static NodeIndex number_index(std::uint32_t number) noexcept {
        return static_cast<NodeIndex>(~(number + 1));
    }
    /// Records a step among the numbers: its value, and its arguments.
    [[nodiscard]] Variable<Scalar> add_number(const Scalar& value, const NumberArgument& a) {
        if (!numbers_are_open_) open_numbers();
        return number_handle(numbers_.add(value, a), value, a.constant);
    }
    [[nodiscard]] Variable<Scalar> add_number(const Scalar& value, const NumberArgument& a,
                                              const NumberArgument& b) {
        if (!numbers_are_open_) open_numbers();
        return number_handle(numbers_.add(value, a, b), value, a.constant && b.constant);
    }
    /// An argument of such a step. A temporary is taken over within one run of numbers: those
    /// before a matrix stay before it.
    [[nodiscard]] NumberArgument argument(const Operand<Scalar>& x,
                                          const Scalar& slope) const noexcept {
        const std::uint32_t k = number_of(x.variable.index());
        return {k, x.variable.is_constant_number(),
                x.temporary && x.variable.alone() && k >= first_open_number_, slope};
    }

    /// The programs of element-wise expressions.
    [[nodiscard]] ElementPrograms<Scalar>& programs() noexcept { return programs_; }

    /// The handle of a node.
    [[nodiscard]] Variable<Scalar> handle(NodeIndex index) noexcept {
        return {this, index, generation_};
    }
    [[nodiscard]] Node<Scalar>& node(NodeIndex index) noexcept {
        return nodes_[static_cast<std::size_t>(index)];
    }
    [[nodiscard]] const Node<Scalar>& node(NodeIndex index) const noexcept {
        return nodes_[static_cast<std::size_t>(index)];
    }
    [[nodiscard]] NodeIndex parent_index(const Node<Scalar>& n, std::uint32_t k) const noexcept {
        return static_cast<NodeIndex>(parents_[n.first_parent + k]);
    }
    /// Parent k of a node.
    [[nodiscard]] const Node<Scalar>& parent(const Node<Scalar>& n,
                                             std::uint32_t k) const noexcept {
        return nodes_[parents_[n.first_parent + k]];
    }

    /// An empty list to collect parents in, for operations with any number of them.
    [[nodiscard]] std::vector<NodeIndex>& parent_list() noexcept {
        parent_list_.clear();
        return parent_list_;
    }

    /// Integers that a node keeps: `first_integer` of the node is their place.
    [[nodiscard]] std::uint32_t add_integers(std::size_t count) {
        const std::size_t first = integers_.size();
        integers_.resize(first + count);
        return static_cast<std::uint32_t>(first);
    }
    /// They are read and written here; the pointer holds until more are added.
    [[nodiscard]] Index* integers(std::uint32_t first) noexcept { return integers_.data() + first; }

    /// Memory that lasts for one backward function; not initialised.
    [[nodiscard]] Scalar* scratch(Index count) {
        return scratch_.allocate(static_cast<std::size_t>(count));
    }

    /// Keeps `object` until the tape is cleared, in the tape's own memory.
    template <typename Object>
    [[nodiscard]] Object* keep(Object&& object) {
        using Type = std::remove_cvref_t<Object>;
        static_assert(alignof(Type) <= kAlignment);
        // First grow the list: if that throws, no object is left without a destructor call.
        objects_.push_back({nullptr, [](void*) {}});
        // With room to move on to the next aligned address.
        auto* memory = bytes_.allocate(sizeof(Type) + kAlignment);
        const auto misfit = reinterpret_cast<std::uintptr_t>(memory) % kAlignment;
        if (misfit != 0) memory += kAlignment - misfit;
        Type* const kept = ::new (static_cast<void*>(memory)) Type(std::forward<Object>(object));
        objects_.back() = {kept, [](void* o) { static_cast<Type*>(o)->~Type(); }};
        return kept;
    }

    /// The node of `v`, whatever it is, computed or not; throws Error, naming `operation`, if it is
    /// not of this tape. References to nodes end here.
    [[nodiscard]] NodeIndex node_of(const Variable<Scalar>& v, const char* operation) {
        if (!is_number(v, operation)) {
            require_own(v.index(), operation);
            return v.index();
        }
        const std::uint32_t k = number_of(v.index());
        Node<Scalar>& n = add_without_value(1, 1, {});
        n.kind = NodeKind::number;
        n.first_integer = k;
        n.value = &numbers_.value(k);
        n.needs_gradient = numbers_.needs_gradient(k);
        ++hidden_nodes_;
        return static_cast<NodeIndex>(nodes_.size() - 1);
    }
    /// The same, with its value computed.
    [[nodiscard]] NodeIndex mine(const Variable<Scalar>& v, const char* operation) {
        const NodeIndex index = node_of(v, operation);
        compute(index);
        return index;
    }

    /// Makes the gradient of a node ready to be added to: zero, if nobody has added to it yet.
    void reach(Node<Scalar>& n) {
        if (n.reached || !n.needs_gradient) return;
        n.reached = true;
        if (n.alias) {
            reach(nodes_[parents_[n.first_parent]]);
        } else if (n.kind != NodeKind::number) {
            std::fill_n(n.gradient, n.size(), Scalar(0));
        }
    }

    /// The transpose of a node's value. That of a variable or constant is made once for each
    /// `backward`, however many products need it.
    [[nodiscard]] const Scalar* transposed(const Node<Scalar>& n) {
        for (const Transposed& known : transposed_)
            if (known.of == n.value && known.rows == n.rows) return known.values;
        const auto count = static_cast<std::size_t>(n.size());
        const bool keep_it = n.parent_count == 0;
        Scalar* const to = keep_it ? gradients_.allocate(count) : scratch_.allocate(count);
        kernels::transpose<Scalar>(n.value, n.rows, to, n.cols, n.rows, n.cols);
        if (keep_it) transposed_.push_back({n.value, n.rows, to});
        return to;
    }

    // ---- What a handle asks for. ----

    [[nodiscard]] ConstMatrixMap<Scalar> value_of(NodeIndex index) {
        if (index < 0) return {&numbers_.value(number_of(index)), 1, 1};
        require_own(index, "Variable::value");
        compute(index);
        const Node<Scalar>& n = node(index);
        return {n.value, n.rows, n.cols};
    }
    [[nodiscard]] ConstMatrixMap<Scalar> gradient_of(NodeIndex index) {
        if (index < 0) {
            const std::uint32_t k = number_of(index);
            require_gradient(index, numbers_.needs_gradient(k), k < differentiated_numbers_);
            return {numbers_.gradient(k), 1, 1};
        }
        Node<Scalar>& n = node(index);
        require_own(index, "Variable::gradient");
        require_gradient(index, n.needs_gradient, n.gradient != nullptr);
        reach(n);
        return {n.gradient, n.rows, n.cols};
    }

private:
    struct KeptObject {
        void* object;
        void (*destroy)(void*);
    };

    template <typename Derived>
    Variable<Scalar> leaf(const Eigen::MatrixBase<Derived>& matrix, bool needs_gradient) {
        const NodeIndex index = add(matrix.rows(), matrix.cols(), {}, nullptr);
        Node<Scalar>& n = node(index);
        n.needs_gradient = needs_gradient;
        MatrixMap<Scalar>(n.value, n.rows, n.cols) = matrix.template cast<Scalar>();
        return handle(index);
    }

    Variable<Scalar> leaf(const Scalar& x, bool needs_gradient) {
        if (!numbers_are_open_) open_numbers();
        return number_handle(numbers_.add(x, needs_gradient), x, !needs_gradient);
    }

    [[nodiscard]] Variable<Scalar> number_handle(std::uint32_t k, const Scalar& value,
                                                 bool constant) noexcept {
        return {this, number_index(k), generation_, value, constant};
    }

    /// From here on numbers follow, until the next node: the walk back finds them in their place.
    void open_numbers() {
        Node<Scalar>& n = add_without_value(0, 0, {});
        n.kind = NodeKind::numbers;
        n.first_integer = numbers_.size();
        ++hidden_nodes_;
        numbers_are_open_ = true;
        first_open_number_ = numbers_.size();
    }

    void require_own(NodeIndex index, const char* operation) const {
        require<Error>(!node(index).taken, operation, ": node ", index,
                       " was moved into another expression; use a copy of the variable there");
    }
    static void require_gradient(NodeIndex index, bool wanted, bool there) {
        require<Error>(wanted && there, "Variable::gradient: node ", index,
                       wanted ? " has no gradient yet; call Tape::backward with a loss that was "
                                "recorded after it"
                              : " is a constant and has no gradient");
    }

    Node<Scalar>& add_without_value(Index rows, Index cols, std::span<const NodeIndex> parents) {
        constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
        require<Error>(
            nodes_.size() < static_cast<std::size_t>(kMost) && rows <= kMost && cols <= kMost,
            "Tape: more than 2^31 nodes, or a matrix of more than 2^31 rows or columns");
        Node<Scalar> n;
        n.rows = static_cast<std::int32_t>(rows);
        n.cols = static_cast<std::int32_t>(cols);
        n.first_parent = static_cast<std::uint32_t>(parents_.size());
        n.parent_count = static_cast<std::uint32_t>(parents.size());
        for (const NodeIndex p : parents) {
            parents_.push_back(static_cast<std::uint32_t>(p));
            n.needs_gradient = n.needs_gradient || node(p).needs_gradient;
        }
        nodes_.push_back(n);
        numbers_are_open_ = false;
        return nodes_.back();
    }

    /// Goes back from y with dL/dy = seed.
    template <typename Derived>
    void differentiate(NodeIndex y, const Eigen::MatrixBase<Derived>& seed) {
        operations_ = 0;
        if (y >= 0) {
            require_own(y, "Tape::backward");
            compute(y);
        }
        // The last node and the numbers before it: of a number, the run that it lies in.
        std::uint32_t numbers = y < 0 ? number_of(y) + 1 : numbers_.size();
        auto last = static_cast<NodeIndex>(nodes_.size() - 1);
        for (; y < 0 || last > y; --last) {
            const Node<Scalar>& n = node(last);
            if (n.kind != NodeKind::numbers) continue;
            if (y < 0 && n.first_integer < numbers) break;
            if (y >= 0) numbers = n.first_integer;
        }
        prepare_gradients(last, numbers);
        if (y < 0) {
            const std::uint32_t k = number_of(y);
            if (numbers_.needs_gradient(k)) *numbers_.gradient(k) += seed.sum();
        } else if (Node<Scalar>& end = node(y); end.needs_gradient) {
            reach(end);
            MatrixMap<Scalar>(end.gradient, end.rows, end.cols) += seed;
        }
        go_back_from(last, numbers);
    }

    /// Gradients for the nodes 0 .. last that need one, and for so many numbers. Each is set to
    /// zero when the first share is added to it.
    void prepare_gradients(NodeIndex last, std::uint32_t numbers) {
        gradients_.rewind();
        transposed_.clear();
        numbers_.prepare_gradients();
        differentiated_numbers_ = numbers;
        for (NodeIndex i = 0; i < static_cast<NodeIndex>(nodes_.size()); ++i) {
            Node<Scalar>& n = node(i);
            n.reached = false;
            n.gradient = nullptr;
            if (!n.needs_gradient || n.taken || i > last) continue;
            if (n.kind == NodeKind::number) {
                n.gradient = numbers_.gradient(n.first_integer);
            } else if (n.alias) {
                const Node<Scalar>& whole = parent(n, 0);
                n.gradient = whole.gradient + (n.value - whole.value);
            } else {
                n.gradient = gradients_.allocate(static_cast<std::size_t>(n.size()));
            }
        }
    }

    /// The reverse loop. It skips nodes that no node after them has added a gradient to.
    void go_back_from(NodeIndex last, std::uint32_t numbers) {
        for (NodeIndex i = last; i >= 0; --i) {
            const Node<Scalar>& n = node(i);
            if (n.kind == NodeKind::numbers) {
                operations_ += numbers_.go_back(n.first_integer, numbers);
                numbers = n.first_integer;
                continue;
            }
            if (!n.reached || n.backward == nullptr) continue;
            // An element-wise expression knows best what it adds to; others add to all parents.
            for (std::uint32_t k = 0; k < n.parent_count && n.kind != NodeKind::element; ++k)
                reach(nodes_[parents_[n.first_parent + k]]);
            ++operations_;
            scratch_.rewind();
            n.backward(*this, n);
        }
    }

    void destroy_objects() noexcept {
        // The last one first, as variables on a stack.
        for (auto o = objects_.rbegin(); o != objects_.rend(); ++o) o->destroy(o->object);
        objects_.clear();
    }

    /// A matrix and its transpose, within one `backward`.
    struct Transposed {
        const Scalar* of;
        Index rows;
        const Scalar* values;
    };

    std::vector<Node<Scalar>> nodes_;
    std::vector<std::uint32_t> parents_;
    std::vector<NodeIndex> parent_list_;
    std::vector<Index> integers_;
    std::vector<KeptObject> objects_;
    Arena<Scalar> values_;
    Arena<Scalar> gradients_;
    Arena<Scalar> scratch_;
    Arena<std::byte> bytes_;
    std::vector<Transposed> transposed_;
    ElementPrograms<Scalar> programs_;
    NumberList<Scalar> numbers_;
    std::uint32_t differentiated_numbers_ = 0;  ///< those before the loss of the last `backward`
    Index hidden_nodes_ = 0;                    ///< nodes that stand for numbers
    bool numbers_are_open_ = false;             ///< the last node is the current run of numbers
    std::uint32_t first_open_number_ = 0;       ///< where that run begins
    Index operations_ = 0;
    std::uint32_t generation_ = 0;
    std::unique_ptr<Tape> inner_;
};

}  // namespace mgan::inline MGAN_ABI
