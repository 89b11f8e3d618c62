#pragma once
/// \file
/// Element-wise expressions: many operations, one pass over memory.
///
///     c = sigmoid(f) * c_before + sigmoid(i) * tanh(g)
///
/// Six operations. Computed one after the other they would write five matrices that nobody looks at
/// again, and on the way back their five gradients. So an operation is at first only noted down.
/// When its value is needed (by a product, a sum, or whoever asks for it), the expression behind it
/// becomes a program,
///
///     line   0  load f            4  load i           7  load g
///            1  sigmoid(0)        5  sigmoid(4)       8  tanh(7)
///            2  load c_before                         9  5 * 8
///            3  1 * 2                                10  3 + 9     -> c
///
/// which runs over blocks of a few hundred entries: each line by a loop over one block, all blocks
/// in the nearest cache. Only c is stored. The way back runs over the same blocks: it computes the
/// lines that derivatives need once more, then goes from the last line to the first,
///
///     d(line a) = df/da * d(line),      d(line b) = df/db * d(line),
///
/// and adds the blocks of the loads to the gradients of f, c_before, i and g.
///
/// Which operations belong together? Those whose results were temporaries: nobody holds a handle,
/// so nobody can use them twice or ask for their value. `const auto c = ...` has a name; c is
/// computed and kept, and what follows loads it. (A handle knows whether it was copied, so that a
/// function that returns a copy of its member is safe.) Matrix products at the end of a chain of
/// additions join as well: they are added up in the memory of the result before the program runs.
///
/// A function is a type with `value` and slopes; from it the loops are made:
///
///     struct Square {                                      // of one number and a parameter
///         static constexpr const char* kName = "square";   // in messages
///         static constexpr unsigned kReads = kReadsArguments;
///         static auto value(const auto& a, const auto&) { return a * a; }
///         static auto slope(const auto& a, const auto&, const auto&) { return a + a; }
///     };
///     return element_detail::record<Square>(operand(std::forward<X>(x)));

#include <mgan/autodiff/tape.hpp>
#include <mgan/tensor/product.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace mgan::inline MGAN_ABI {

// Entries of a block do not depend on each other, though the result may lie in the memory of an
// argument: the compiler may use vectors without looking.
#if defined(__GNUC__) && !defined(__clang__)
#define MGAN_INDEPENDENT _Pragma("GCC ivdep")
#else
#define MGAN_INDEPENDENT
#endif

namespace element_detail {

inline constexpr unsigned kReadsNothing = 0, kReadsArguments = 1, kReadsResult = 2;

/// body(i) for 0 <= i < n. The inner loop has a fixed length, which compilers turn into vectors at
/// any level of optimisation.
template <typename Body>
inline void for_each_entry(Index n, const Body& body) {
    constexpr Index kRun = 16;
    Index i = 0;
    for (; i + kRun <= n; i += kRun) {
        MGAN_INDEPENDENT for (Index k = i; k < i + kRun; ++k) body(k);
    }
    for (; i < n; ++i) body(i);
}

/// The sum of n entries: sixteen sums side by side, then halves onto halves. The order depends on n
/// alone, and rounding errors grow as for sums of a sixteenth of the length.
template <typename Scalar>
[[nodiscard]] inline Scalar sum_of(const Scalar* x, Index n) {
    constexpr Index kLanes = 16;
    std::array<Scalar, std::size_t{kLanes}> lanes{};
    Scalar* const sums = lanes.data();
    Index i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        MGAN_INDEPENDENT for (Index k = 0; k < kLanes; ++k) sums[k] += x[i + k];
    }
    for (Index k = 0; i + k < n; ++k) sums[k] += x[i + k];
    for (Index half = kLanes / 2; half > 0; half /= 2)
        for (Index k = 0; k < half; ++k) sums[k] += sums[k + half];
    return sums[0];
}

template <typename Function, typename Scalar>
concept OfOne = requires(const Scalar& x) {
    Function::slope(x, x, x);
};
/// A function with a loop of its own, by vectors: `Function::run(a, y, n)`.
template <typename Function, typename Scalar>
concept Vectorised = requires(const Scalar* a, Scalar* y, Index n) {
    Function::run(a, y, n);
};

template <typename Function, typename Scalar>
void forward(const Scalar* a, const Scalar* b, Scalar* y, Index n, const Scalar& parameter) {
    if constexpr (Vectorised<Function, Scalar>) {
        Function::run(a, y, n);
    } else if constexpr (OfOne<Function, Scalar>) {
        const Scalar p = parameter;
        for_each_entry(n, [=](Index i) { y[i] = Function::value(a[i], p); });
    } else {
        for_each_entry(n, [=](Index i) { y[i] = Function::value(a[i], b[i]); });
    }
}

template <typename Function, typename Scalar>
void backward(const Scalar* a, const Scalar* b, const Scalar* y, const Scalar* dy, Scalar* da,
              Scalar* db, Index n, const Scalar& parameter) {
    // Blocks that are not read may not exist.
    constexpr bool kArguments = (Function::kReads & kReadsArguments) != 0;
    constexpr bool kResult = (Function::kReads & kReadsResult) != 0;
    const auto argument_a = [=](Index i) { return kArguments ? a[i] : Scalar(0); };
    const auto argument_b = [=](Index i) { return kArguments ? b[i] : Scalar(0); };
    const auto result = [=](Index i) { return kResult ? y[i] : Scalar(0); };
    if constexpr (OfOne<Function, Scalar>) {
        const Scalar p = parameter;
        for_each_entry(n, [=](Index i) {
            da[i] = dy[i] * Scalar(Function::slope(argument_a(i), result(i), p));
        });
    } else {
        if (da != nullptr) {
            for_each_entry(n, [=](Index i) {
                da[i] = dy[i] * Scalar(Function::slope_a(argument_a(i), argument_b(i), result(i)));
            });
        }
        if (db != nullptr) {
            for_each_entry(n, [=](Index i) {
                db[i] = dy[i] * Scalar(Function::slope_b(argument_a(i), argument_b(i), result(i)));
            });
        }
    }
}

/// Writes and runs the program of one node.
template <typename Scalar>
class Expression {
public:
    using Line = ElementLine<Scalar>;
    using Kind = typename Line::Kind;
    using Access = typename Line::Access;
    static constexpr int kMostLines = ElementPrograms<Scalar>::kMostLines;

    explicit Expression(Tape<Scalar>& tape) noexcept : tape_(tape), store_(tape.programs()) {}

    /// Writes the program of node `from` for node `to`, and keeps it with `to`.
    void write(NodeIndex from, NodeIndex to, bool reduces) {
        const Node<Scalar>& n = tape_.node(from);
        program_.first = static_cast<std::uint32_t>(store_.lines.size());
        program_.rows = n.rows;
        program_.cols = n.cols;
        program_.reduces = reduces;
        program_.root = add_lines(from);
        tape_.node(to).first_integer = static_cast<std::uint32_t>(store_.programs.size());
        store_.programs.push_back(program_);
    }
    /// Finds the program that was written for a node.
    void find(const Node<Scalar>& n) { program_ = store_.programs[n.first_integer]; }

    /// y = the result (or, of one that reduces, returns its sum).
    Scalar run(Scalar* y) {
        add_products(y);
        Scalar total(0);
        if (line(program_.root).kind == Kind::sum_so_far) return total;
        for_each_block([&](const Block& block) {
            for (int k = 0; k < program_.count; ++k) compute(k, block, y, true);
            if (program_.reduces) total += sum_of(values_[at(program_.root)], block.size());
        });
        return total;
    }

    /// Adds to the gradients of all that the program loads. dy: of node n, or of its sum times
    /// `factor`.
    void go_back(const Node<Scalar>& n, const Scalar& factor) {
        if (!find_needs(n)) return;
        for_each_block([&](const Block& block) {
            for (int k = 0; k < program_.count; ++k)
                if (value_needed_[at(k)]) compute(k, block, n.value, false);
            if (program_.reduces) {
                Scalar* const dy = store_.gradient_block(program_.root);
                std::fill_n(dy, block.size(), *n.gradient * factor);
                gradients_[at(program_.root)] = dy;
            } else {
                gradients_[at(program_.root)] = n.gradient + block.start;
            }
            for (int k = program_.count; k-- > 0;) {
                if (!gradient_needed_[at(k)]) continue;
                if (line(k).kind == Kind::operation) {
                    propagate(k, block.size());
                } else {
                    scatter(line(k), block, gradients_[at(k)]);
                }
            }
        });
    }

private:
    /// A part of the result: `cols` columns (or parts of one) from entry (row, col) on; `start`:
    /// where that lies in memory. The entries follow each other.
    struct Block {
        Index row, col, rows, cols, start;
        [[nodiscard]] Index size() const noexcept { return rows * cols; }
    };

    [[nodiscard]] static std::size_t at(int k) noexcept { return static_cast<std::size_t>(k); }
    [[nodiscard]] Line& line(int k) noexcept { return store_.lines[program_.first + at(k)]; }

    template <typename Body>
    void for_each_block(const Body& body) {
        constexpr Index kBlock = ElementPrograms<Scalar>::kBlock;
        const Index rows = program_.rows, cols = program_.cols, size = rows * cols;
        if (program_.flat) {
            for (Index start = 0; start < size; start += kBlock)
                body(Block{start, 0, std::min(kBlock, size - start), 1, start});
        } else if (rows <= kBlock) {
            const Index most = kBlock / std::max<Index>(rows, 1);
            for (Index j = 0; j < cols && rows > 0; j += most)
                body(Block{0, j, rows, std::min(most, cols - j), j * rows});
        } else {
            for (Index j = 0; j < cols; ++j)
                for (Index i = 0; i < rows; i += kBlock)
                    body(Block{i, j, std::min(kBlock, rows - i), 1, j * rows + i});
        }
    }

    // ---- Writing. ----

    /// The lines of a node and all that it took; the number of the last one, -1 if there is none.
    int add_lines(NodeIndex index) {
        const Node<Scalar>& n = tape_.node(index);
        Line next;
        if (!n.pending()) {
            next.kind = Kind::load;
            next.node = index;
            place(next, n, n.rows);
        } else if (n.kind == NodeKind::rows) {
            // Read where they lie.
            next.kind = Kind::load;
            next.node = parent_index(n, 0);
            next.offset = *tape_.integers(n.first_integer);
            place(next, n, tape_.node(next.node).rows);
        } else if (n.kind == NodeKind::product) {
            const bool first = !has_products_;
            has_products_ = true;
            next.kind = first ? Kind::sum_so_far : Kind::addend;
            next.node = index;
            const int k = add(next);
            return first ? k : -1;
        } else {
            next.kernel = static_cast<const ElementKernel<Scalar>*>(n.recipe);
            next.parameter = n.parameter;
            next.a = add_lines(parent_index(n, 0));
            if (n.parent_count > 1) {
                next.b = add_lines(parent_index(n, 1));
                if (next.a < 0 || next.b < 0) return std::max(next.a, next.b);
            }
        }
        return add(next);
    }

    int add(const Line& next) {
        store_.lines.push_back(next);
        return program_.count++;
    }
    [[nodiscard]] NodeIndex parent_index(const Node<Scalar>& n, std::uint32_t k) const {
        return tape_.parent_index(n, k);
    }

    /// How the entries of `n`, in columns that are `col_stride` apart, meet those of the result.
    void place(Line& next, const Node<Scalar>& n, Index col_stride) {
        const bool all_rows = n.rows == program_.rows, all_cols = n.cols == program_.cols;
        next.row_stride = n.rows == 1 && !all_rows ? 0 : 1;
        next.col_stride = n.cols == 1 && !all_cols ? 0 : col_stride;
        if (all_rows && all_cols && (col_stride == n.rows || n.cols == 1)) {
            next.access = Access::equal;
        } else if (n.size() == 1) {
            next.access = Access::single;
        } else {
            next.access = Access::strided;
            program_.flat = false;
        }
    }

    // ---- Running. ----

    /// y = the sum of all products of the program.
    void add_products(Scalar* y) {
        for (int k = 0; k < program_.count && has_products_; ++k) {
            const Line& l = line(k);
            if (l.kind != Kind::sum_so_far && l.kind != Kind::addend) continue;
            const Node<Scalar>& product = tape_.node(l.node);
            const Node<Scalar>& a = tape_.parent(product, 0);
            const Node<Scalar>& b = tape_.parent(product, 1);
            multiply<Scalar>(ConstMatrixMap<Scalar>(a.value, a.rows, a.cols),
                             ConstMatrixMap<Scalar>(b.value, b.rows, b.cols),
                             MatrixMap<Scalar>(y, program_.rows, program_.cols),
                             l.kind == Kind::addend ? Update::add : Update::assign);
        }
    }

    /// Makes the block of line k. The root's is a part of y: written the first time, there already
    /// on the way back.
    void compute(int k, const Block& block, Scalar* y, bool first_time) {
        const Line& l = line(k);
        if (l.kind == Kind::addend) return;
        if (l.kind == Kind::sum_so_far) {
            values_[at(k)] = y + block.start;
        } else if (l.kind == Kind::load) {
            values_[at(k)] = gather(k, l, block);
        } else {
            const bool stored = k == program_.root && !program_.reduces;
            Scalar* const to = stored ? y + block.start : store_.value_block(k);
            if (first_time || !stored) {
                l.kernel->forward(values_[at(l.a)], l.b < 0 ? nullptr : values_[at(l.b)], to,
                                  block.size(), l.parameter);
            }
            values_[at(k)] = to;
        }
    }

    [[nodiscard]] const Scalar* gather(int k, const Line& l, const Block& block) {
        const Scalar* const from = tape_.node(l.node).value + l.offset;
        if (l.access == Access::equal) return from + block.start;
        Scalar* const to = store_.value_block(k);
        if (l.access == Access::single) {
            std::fill_n(to, block.size(), *from);
            return to;
        }
        for (Index j = 0; j < block.cols; ++j) {
            const Scalar* const column =
                from + (block.col + j) * l.col_stride + block.row * l.row_stride;
            if (l.row_stride == 1) {
                std::copy_n(column, block.rows, to + j * block.rows);
            } else {
                std::fill_n(to + j * block.rows, block.rows, *column);
            }
        }
        return to;
    }

    /// Which lines need a gradient, and which values that takes. Makes the gradients of loads
    /// ready, and gives products theirs: it is that of the result. False if no line needs one.
    bool find_needs(const Node<Scalar>& n) {
        const auto reads = [&](int k, unsigned what) {
            return line(k).kind == Kind::operation && (line(k).kernel->reads & what) != 0;
        };
        for (int k = 0; k < program_.count; ++k) {
            const Line& l = line(k);
            value_needed_[at(k)] = false;
            bool& needed = gradient_needed_[at(k)];
            if (l.kind == Kind::operation) {
                needed = gradient_needed_[at(l.a)] || (l.b >= 0 && gradient_needed_[at(l.b)]);
                continue;
            }
            Node<Scalar>& source = tape_.node(l.node);
            needed = l.kind == Kind::load && source.needs_gradient;
            if (needed) tape_.reach(source);
            if (l.kind != Kind::load && source.needs_gradient) {
                source.gradient = n.gradient;
                source.reached = true;
            }
        }
        if (!gradient_needed_[at(program_.root)]) return false;
        for (int k = program_.count; k-- > 0;) {
            const Line& l = line(k);
            if (l.kind != Kind::operation) continue;
            if (gradient_needed_[at(k)] && reads(k, kReadsResult)) value_needed_[at(k)] = true;
            const bool stored = k == program_.root && !program_.reduces;
            if ((gradient_needed_[at(k)] && reads(k, kReadsArguments)) ||
                (value_needed_[at(k)] && !stored)) {
                value_needed_[at(l.a)] = true;
                if (l.b >= 0) value_needed_[at(l.b)] = true;
            }
        }
        return true;
    }

    /// From the gradient of line k to those of its arguments.
    void propagate(int k, Index size) {
        const Line& l = line(k);
        const auto gradient_of = [&](int argument) -> Scalar* {
            if (argument < 0 || !gradient_needed_[at(argument)]) return nullptr;
            Scalar* const to = store_.gradient_block(argument);
            gradients_[at(argument)] = to;
            return to;
        };
        Scalar* const da = gradient_of(l.a);
        Scalar* const db = gradient_of(l.b);
        l.kernel->backward(values_[at(l.a)], l.b < 0 ? nullptr : values_[at(l.b)], values_[at(k)],
                           gradients_[at(k)], da, db, size, l.parameter);
    }

    static void add(const Scalar* part, Index size, Scalar* to) {
        for_each_entry(size, [=](Index i) { to[i] += part[i]; });
    }

    /// Adds a block to the gradient of what was loaded. Entries that stand for many get the sum.
    void scatter(const Line& l, const Block& block, const Scalar* g) {
        Scalar* const to = tape_.node(l.node).gradient + l.offset;
        if (l.access == Access::equal) {
            add(g, block.size(), to + block.start);
            return;
        }
        if (l.access == Access::single) {
            *to += sum_of(g, block.size());
            return;
        }
        for (Index j = 0; j < block.cols; ++j) {
            Scalar* const column = to + (block.col + j) * l.col_stride + block.row * l.row_stride;
            const Scalar* const part = g + j * block.rows;
            if (l.row_stride == 1) {
                add(part, block.rows, column);
            } else {
                *column += sum_of(part, block.rows);
            }
        }
    }

    Tape<Scalar>& tape_;
    ElementPrograms<Scalar>& store_;
    ElementProgram program_;
    bool has_products_ = false;
    std::array<const Scalar*, std::size_t{kMostLines}> values_{};
    std::array<const Scalar*, std::size_t{kMostLines}> gradients_{};
    std::array<bool, std::size_t{kMostLines}> value_needed_{};
    std::array<bool, std::size_t{kMostLines}> gradient_needed_{};
};

/// The recipe of element-wise operations.
template <typename Scalar>
void compute(Tape<Scalar>& tape, NodeIndex index) {
    Expression<Scalar> expression(tape);
    expression.write(index, index, false);
    Node<Scalar>& y = tape.node(index);
    expression.run(tape.allocate_value(y));
    y.backward = [](Tape<Scalar>& t, const Node<Scalar>& n) {
        Expression<Scalar> again(t);
        again.find(n);
        again.go_back(n, Scalar(1));
    };
}

template <typename Function, typename Scalar>
[[nodiscard]] constexpr bool adds() noexcept {
    if constexpr (requires { Function::kAdds; }) {
        return Function::kAdds;
    } else {
        return false;
    }
}

template <typename Function, typename Scalar>
inline constexpr ElementKernel<Scalar> kKernel{{&compute<Scalar>},
                                               &forward<Function, Scalar>,
                                               &backward<Function, Scalar>,
                                               Function::kReads,
                                               adds<Function, Scalar>()};

/// Lines that node `index` would add to the program of whoever takes it.
template <typename Scalar>
[[nodiscard]] int lines_of(const Node<Scalar>& n) noexcept {
    return n.pending() && n.kind == NodeKind::element ? static_cast<int>(n.first_integer) : 1;
}

/// Takes an argument into the expression of a result of rows x cols, if it was computed for this
/// alone; otherwise computes it. `lines`: those of the expression so far; returns the new number.
template <typename Scalar>
int take(Tape<Scalar>& tape, NodeIndex index, bool temporary, Index rows, Index cols, bool adding,
         int lines) {
    Node<Scalar>& n = tape.node(index);
    if (!n.pending()) return lines + 1;
    const bool fits = n.rows == rows && n.cols == cols;
    const bool in_sum = adding || !(n.has_products || n.kind == NodeKind::product);
    const int together = lines + lines_of(n);
    if (temporary && fits && in_sum && together < ElementPrograms<Scalar>::kMostLines - 1) {
        n.taken = true;
        return together;
    }
    tape.compute(index);
    return lines + 1;
}

template <typename Function, typename Scalar>
[[nodiscard]] Variable<Scalar> add_node(Tape<Scalar>& tape, Index rows, Index cols,
                                        std::span<const NodeIndex> parents,
                                        const std::array<bool, 2>& temporary,
                                        const Scalar& parameter) {
    constexpr bool kAdds = adds<Function, Scalar>();
    int lines = 1;
    bool products = false;
    for (std::size_t k = 0; k < parents.size(); ++k) {
        // Room for one line of each argument that is still to come.
        const int rest = static_cast<int>(parents.size() - k) - 1;
        lines = take(tape, parents[k], temporary[k], rows, cols, kAdds, lines + rest) - rest;
        const Node<Scalar>& n = tape.node(parents[k]);
        products = products || (n.taken && (n.has_products || n.kind == NodeKind::product));
    }
    const NodeIndex index =
        tape.add_pending(NodeKind::element, rows, cols, parents, &kKernel<Function, Scalar>);
    Node<Scalar>& y = tape.node(index);
    y.parameter = parameter;
    y.has_products = products;
    y.first_integer = static_cast<std::uint32_t>(lines);
    return tape.handle(index);
}

template <typename Function, typename Scalar>
[[nodiscard]] MGAN_NOINLINE Variable<Scalar> record_matrix(Tape<Scalar>& tape,
                                                           const Operand<Scalar>& x,
                                                           const Scalar& parameter) {
    const NodeIndex argument = tape.node_of(x.variable, Function::kName);
    const Node<Scalar>& n = tape.node(argument);
    return add_node<Function>(tape, n.rows, n.cols, std::span(&argument, 1),
                              {x.temporary && x.variable.alone(), false}, parameter);
}

/// y_ij = f(x_ij; p).
template <typename Function, typename Scalar>
[[nodiscard]] Variable<Scalar> record(const Operand<Scalar>& x,
                                      const std::type_identity_t<Scalar>& parameter = Scalar(0)) {
    Tape<Scalar>& tape = x.variable.tape(Function::kName);
    if (x.variable.is_number()) {
        const Scalar a = x.variable.number();
        const Scalar y = Function::value(a, parameter);
        return tape.add_number(y, tape.argument(x, Function::slope(a, y, parameter)));
    }
    return record_matrix<Function>(tape, x, parameter);
}

/// The size of the result in one direction: equal, or one of the two is 1.
[[nodiscard]] inline bool broadcast(Index a, Index b, Index& result) noexcept {
    result = a == 1 ? b : a;
    return a == b || a == 1 || b == 1;
}

template <typename Function, typename Scalar>
[[nodiscard]] MGAN_NOINLINE Variable<Scalar> record_matrices(Tape<Scalar>& tape,
                                                             const Operand<Scalar>& left,
                                                             const Operand<Scalar>& right) {
    const std::array<NodeIndex, 2> arguments{tape.node_of(left.variable, Function::kName),
                                             tape.node_of(right.variable, Function::kName)};
    const Node<Scalar>& a = tape.node(arguments[0]);
    const Node<Scalar>& b = tape.node(arguments[1]);
    Index rows = 0, cols = 0;
    const bool fits = broadcast(a.rows, b.rows, rows) && broadcast(a.cols, b.cols, cols);
    require<ShapeError>(fits, Function::kName, ": a is ", a.rows, " x ", a.cols, ", b is ", b.rows,
                        " x ", b.cols, "; sizes must be equal, or 1 to be repeated");
    return add_node<Function>(
        tape, rows, cols, arguments,
        {left.temporary && left.variable.alone(), right.temporary && right.variable.alone()},
        Scalar(0));
}

/// y_ij = f(a_ij, b_ij), with broadcasting.
template <typename Function, typename Scalar>
[[nodiscard]] Variable<Scalar> record(const Operand<Scalar>& left, const Operand<Scalar>& right) {
    Tape<Scalar>& tape = left.variable.tape(Function::kName);
    const bool right_number = tape.is_number(right.variable, Function::kName);
    if (!right_number || !left.variable.is_number())
        return record_matrices<Function>(tape, left, right);
    const Scalar a = left.variable.number(), b = right.variable.number();
    const Scalar y = Function::value(a, b);
    return tape.add_number(y, tape.argument(left, Function::slope_a(a, b, y)),
                           tape.argument(right, Function::slope_b(a, b, y)));
}

/// The sum of all entries of x, times `factor`, where x was computed for this alone: no matrix is
/// stored.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> sum_of_expression(Tape<Scalar>& tape, NodeIndex x,
                                                 const Scalar& factor) {
    tape.node(x).taken = true;
    const NodeIndex index = tape.add(1, 1, {x}, [](Tape<Scalar>& t, const Node<Scalar>& n) {
        Expression<Scalar> again(t);
        again.find(n);
        again.go_back(n, n.parameter);
    });
    tape.node(index).kind = NodeKind::element;
    tape.node(index).parameter = factor;
    Expression<Scalar> expression(tape);
    expression.write(x, index, true);
    *tape.node(index).value = expression.run(nullptr) * factor;
    return tape.handle(index);
}

/// Whether `sum_of_expression` can be used.
template <typename Scalar>
[[nodiscard]] bool is_expression(const Operand<Scalar>& x, const Node<Scalar>& n) noexcept {
    return n.pending() && n.kind == NodeKind::element && !n.has_products && x.temporary &&
           x.variable.alone();
}

}  // namespace element_detail

}  // namespace mgan::inline MGAN_ABI
