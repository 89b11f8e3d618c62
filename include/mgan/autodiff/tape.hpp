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
/// The layers of this library do not use the tape: their gradients are written by hand, and the
/// tape is the witness that they are right. Source: R. E. Wengert, "A simple automatic derivative
/// evaluation program", CACM 7 (1964); A. Griewank, A. Walther, "Evaluating Derivatives" (2008).

#include <mgan/autodiff/arena.hpp>
#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class Tape;

/// Place of a node in its tape.
using NodeIndex = std::int32_t;

/// One line of the list. Written by the operations; users hold a `Variable` instead.
template <typename Scalar>
struct Node {
    /// Adds this node's share to the gradients of its parents.
    using Backward = void (*)(Tape<Scalar>&, const Node&);

    Scalar* value = nullptr;     ///< rows x cols, column by column
    Scalar* gradient = nullptr;  ///< dL/d(value), of the same shape, during and after `backward`
    Backward backward = nullptr;
    void* object = nullptr;           ///< what a user's operation keeps
    Scalar parameter{};               ///< what an operation with one number keeps (an exponent)
    std::int32_t rows = 0;            ///< of the value
    std::int32_t cols = 0;            ///< of the value
    std::uint32_t first_parent = 0;   ///< into the tape's list of parents
    std::uint32_t parent_count = 0;   ///< arguments of the operation
    std::uint32_t first_integer = 0;  ///< into the tape's list of integers (sizes, indices)
    bool needs_gradient = false;      ///< whether any variable lies behind it
    bool reached = false;             ///< whether a user has added to the gradient
    bool alias = false;               ///< value and gradient are parts of its parent's

    [[nodiscard]] Index size() const noexcept { return Index{rows} * cols; }
};

/// A matrix on a tape: what users compute with. A small handle that is passed by value; it holds
/// until its tape is cleared.
template <typename Scalar>
class Variable {
public:
    using ScalarType = Scalar;

    /// An empty handle, to be assigned later.
    Variable() = default;

    [[nodiscard]] Index rows() const { return node("rows").rows; }
    [[nodiscard]] Index cols() const { return node("cols").cols; }
    [[nodiscard]] Index size() const { return node("size").size(); }

    /// rows x cols; a view of the tape's memory.
    [[nodiscard]] ConstMatrixMap<Scalar> value() const {
        const Node<Scalar>& n = node("value");
        return {n.value, n.rows, n.cols};
    }
    /// The value of a 1 x 1 variable; throws ShapeError for any other.
    [[nodiscard]] Scalar scalar() const {
        const Node<Scalar>& n = node("scalar");
        require<ShapeError>(n.size() == 1, "Variable::scalar: the variable is ", n.rows, " x ",
                            n.cols, ", not 1 x 1");
        return *n.value;
    }
    /// dL/d(this), rows x cols, after `Tape::backward(L)`. Zero if L does not depend on it. Throws
    /// Error if there is none: before `backward`, for what was recorded after L, and for constants
    /// and what was computed from nothing but constants.
    [[nodiscard]] ConstMatrixMap<Scalar> gradient() const {
        const Node<Scalar>& n = node("gradient");
        require<Error>(n.gradient != nullptr, "Variable::gradient: node ", index_,
                       n.needs_gradient ? " has no gradient yet; call Tape::backward with a loss "
                                          "that was recorded after it"
                                        : " is a constant and has no gradient");
        return {n.gradient, n.rows, n.cols};
    }

    /// Its place in the list.
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
        : tape_(tape), index_(index), generation_(generation) {}

    [[nodiscard]] const Node<Scalar>& node(const char* operation) const {
        return tape(operation).node(index_);
    }

    Tape<Scalar>* tape_ = nullptr;
    NodeIndex index_ = -1;
    std::uint32_t generation_ = 0;
};

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

    /// Computes dL/dv for every variable v of the tape. `loss` is 1 x 1 (ShapeError otherwise) and
    /// of this tape (Error otherwise). Gradients of an earlier call are replaced.
    void backward(const Variable<Scalar>& loss) {
        const NodeIndex last = mine(loss, "Tape::backward");
        const Node<Scalar>& end = node(last);
        require<ShapeError>(end.size() == 1, "Tape::backward: the loss is ", end.rows, " x ",
                            end.cols, ", it must be 1 x 1; reduce it with sum() or mean()");
        prepare_gradients(last);
        if (end.needs_gradient) *end.gradient += Scalar(1);
        go_back_from(last);
    }

    /// The same for L = sum of seed * y, with `seed` = dy of the shape of `y`, any matrix or
    /// expression: what a layer's `backward(dy)` does. Throws ShapeError if the shapes differ.
    template <typename Derived>
    void backward(const Variable<Scalar>& y, const Eigen::MatrixBase<Derived>& seed) {
        const NodeIndex last = mine(y, "Tape::backward");
        const Node<Scalar>& end = node(last);
        require<ShapeError>(seed.rows() == end.rows && seed.cols() == end.cols,
                            "Tape::backward: y is ", end.rows, " x ", end.cols, ", its gradient ",
                            seed.rows(), " x ", seed.cols());
        prepare_gradients(last);
        if (end.needs_gradient) MatrixMap<Scalar>(end.gradient, end.rows, end.cols) += seed;
        go_back_from(last);
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
        ++generation_;
    }

    /// Nodes recorded since the last `clear`.
    [[nodiscard]] Index size() const noexcept { return static_cast<Index>(nodes_.size()); }
    /// Backward functions that the last `backward` called: at most one per node.
    [[nodiscard]] Index operations() const noexcept { return operations_; }
    /// Counts the calls of `clear`.
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }

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

    /// The index of `v`; throws Error, naming `operation`, if it is not of this tape.
    [[nodiscard]] NodeIndex mine(const Variable<Scalar>& v, const char* operation) const {
        require<Error>(&v.tape(operation) == this, operation,
                       ": the variable belongs to another tape");
        return v.index();
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
        const NodeIndex index = add(1, 1, {}, nullptr);
        node(index).needs_gradient = needs_gradient;
        *node(index).value = x;
        return handle(index);
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
        return nodes_.back();
    }

    /// Allocates zero gradients for the nodes 0 .. last that need one; clears the rest.
    void prepare_gradients(NodeIndex last) {
        gradients_.rewind();
        for (NodeIndex i = 0; i < static_cast<NodeIndex>(nodes_.size()); ++i) {
            Node<Scalar>& n = node(i);
            n.reached = false;
            n.gradient = nullptr;
            if (!n.needs_gradient || i > last) continue;
            if (n.alias) {
                const Node<Scalar>& whole = parent(n, 0);
                n.gradient = whole.gradient + (n.value - whole.value);
            } else {
                n.gradient = gradients_.allocate(static_cast<std::size_t>(n.size()));
                std::fill_n(n.gradient, n.size(), Scalar(0));
            }
        }
    }

    /// The reverse loop. It skips nodes that no node after them has added a gradient to.
    void go_back_from(NodeIndex last) {
        operations_ = 0;
        node(last).reached = node(last).needs_gradient;
        for (NodeIndex i = last; i >= 0; --i) {
            const Node<Scalar>& n = node(i);
            if (!n.reached) continue;
            for (std::uint32_t k = 0; k < n.parent_count; ++k) {
                Node<Scalar>& argument = nodes_[parents_[n.first_parent + k]];
                argument.reached = argument.needs_gradient;
            }
            if (n.backward == nullptr) continue;
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

    std::vector<Node<Scalar>> nodes_;
    std::vector<std::uint32_t> parents_;
    std::vector<NodeIndex> parent_list_;
    std::vector<Index> integers_;
    std::vector<KeptObject> objects_;
    Arena<Scalar> values_;
    Arena<Scalar> gradients_;
    Arena<Scalar> scratch_;
    Arena<std::byte> bytes_;
    Index operations_ = 0;
    std::uint32_t generation_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
