#pragma once
/// \file
/// What element-wise expressions are made of: kernels, and programs of them. See element.hpp for
/// the idea, and for the code that writes and runs programs.

#include <mgan/tensor/matrix.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class Tape;

/// Place of a node in its tape.
using NodeIndex = std::int32_t;

/// How the value of a node is computed, once it is needed.
template <typename Scalar>
struct Recipe {
    void (*compute)(Tape<Scalar>&, NodeIndex);
};

/// A function of one or two numbers, y = f(a, b; p), over n entries. b is null where f takes one
/// argument; p is a number that belongs to f, such as an exponent.
template <typename Scalar>
struct ElementKernel : Recipe<Scalar> {
    void (*forward)(const Scalar* a, const Scalar* b, Scalar* y, Index n, const Scalar& p);
    /// Writes da = df/da dy and db = df/db dy; each may be null, if nobody wants it.
    void (*backward)(const Scalar* a, const Scalar* b, const Scalar* y, const Scalar* dy,
                     Scalar* da, Scalar* db, Index n, const Scalar& p);
    unsigned reads;  ///< what `backward` reads beside dy: see kReadsArguments, kReadsResult
    bool adds;       ///< y = a + b
};

/// One line of a program. A line's result is a block of entries; other lines name it by the line's
/// number within the program.
template <typename Scalar>
struct ElementLine {
    enum class Kind : std::uint8_t {
        operation,   ///< kernel of lines a and b
        load,        ///< entries of a node that has been computed
        sum_so_far,  ///< entries of the result itself, where products have been added up
        addend,      ///< no block: a product that is among those
    };
    /// How entries of a load lie in memory, compared with those of the result.
    enum class Access : std::uint8_t { equal, single, strided };

    Kind kind = Kind::operation;
    Access access = Access::equal;
    int a = -1;
    int b = -1;
    NodeIndex node = -1;  ///< whose value is read, and who receives the gradient
    const ElementKernel<Scalar>* kernel = nullptr;
    Scalar parameter{};
    Index offset = 0;      ///< of entry (0, 0) within the node's value
    Index row_stride = 0;  ///< 0: one row for all
    Index col_stride = 0;  ///< 0: one column for all
};

/// Lines first .. first + count - 1 compute a matrix of rows x cols, block by block.
struct ElementProgram {
    std::uint32_t first = 0;
    int count = 0;
    int root = -1;  ///< the line whose block is the result
    Index rows = 0;
    Index cols = 0;
    bool flat = true;      ///< blocks need not know rows and columns
    bool reduces = false;  ///< only the sum of the result is kept
};

/// The programs of one tape, and room for the blocks of the one that runs.
template <typename Scalar>
struct ElementPrograms {
    /// Of one program; a longer expression becomes several.
    static constexpr int kMostLines = 24;
    /// Entries of a block: all blocks of a usual program fit into the nearest cache.
    static constexpr Index kBlock = 2048 / static_cast<Index>(sizeof(Scalar));

    std::vector<ElementLine<Scalar>> lines;
    std::vector<ElementProgram> programs;
    AlignedVector<Scalar> blocks;

    void clear() noexcept {
        lines.clear();
        programs.clear();
    }
    [[nodiscard]] Scalar* value_block(int line) { return block(line); }
    [[nodiscard]] Scalar* gradient_block(int line) { return block(kMostLines + line); }

private:
    [[nodiscard]] Scalar* block(int k) {
        if (blocks.empty()) blocks.resize(std::size_t{2} * kMostLines * kBlock);
        return blocks.data() + Index{k} * kBlock;
    }
};

}  // namespace mgan::inline MGAN_ABI
