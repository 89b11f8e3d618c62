#pragma once
/// \file
/// Memory that is handed out piece by piece and taken back all at once.
///
/// A tape records many small matrices and forgets them together. An arena gives each a piece of a
/// large chunk, by moving one pointer; `rewind` moves it back to the start and keeps the chunks, so
/// that the same recording made again finds all its memory there. Chunks never move: a pointer
/// holds until the next `rewind`.

#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Hands out arrays of `Type`, a type without constructor and destructor of consequence.
template <typename Type>
class Arena {
public:
    /// `count` values, not initialised. Long arrays start at a cache line, short ones lie side by
    /// side.
    [[nodiscard]] Type* allocate(std::size_t count) {
        constexpr std::size_t kLine = std::max<std::size_t>(kAlignment / sizeof(Type), 1);
        if (count >= 2 * kLine) used_ = (used_ + kLine - 1) / kLine * kLine;
        while (chunk_ < chunks_.size() && used_ + count > chunks_[chunk_].size()) {
            ++chunk_;
            used_ = 0;
        }
        if (chunk_ == chunks_.size()) {
            // Twice as large each time, so that there are few chunks however much is asked for.
            const std::size_t last = chunks_.empty() ? kFirstChunk / 2 : chunks_.back().size();
            chunks_.emplace_back(std::max(2 * last, count));
        }
        Type* const result = chunks_[chunk_].data() + used_;
        used_ += count;
        return result;
    }

    /// Takes everything back; the memory is kept for the next time.
    void rewind() noexcept {
        chunk_ = 0;
        used_ = 0;
    }

    /// Values that fit into the chunks held so far.
    [[nodiscard]] std::size_t capacity() const noexcept {
        std::size_t sum = 0;
        for (const AlignedVector<Type>& chunk : chunks_) sum += chunk.size();
        return sum;
    }

private:
    static constexpr std::size_t kFirstChunk = 4096;

    std::vector<AlignedVector<Type>> chunks_;
    std::size_t chunk_ = 0;
    std::size_t used_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
