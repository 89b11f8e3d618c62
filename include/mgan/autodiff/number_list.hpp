#pragma once
/// \file
/// Single numbers on a tape: values and slopes, without matrices.
///
/// Where every value is a number, the derivative of a step by each of its arguments is a number as
/// well, known as soon as the step is computed. So a step stores no function, only
///
///     y = f(a, b):       value y         terms  (a, dy/da), (b, dy/db)
///
/// and the way back is the same line for all functions:
///
///     for each term (a, slope) of y:     da += slope * dy
///
/// An argument that was a temporary, recorded just before, leaves no step of its own: its terms
/// become terms of y, times dy/da. So a whole statement is one step,
///
///     z = (y + x) * w - y / d            terms  (y, w), (x, w), (w, y + x), (y, -1/d), (d, y/d^2)
///
/// and an argument that is constant leaves no term. The tape (tape.hpp) records a number here as
/// long as all that it is computed from are numbers; a matrix operation sees a 1 x 1 matrix.

#include <mgan/tensor/matrix.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI {

// Steps have few terms: loops over them are shortest as they stand. What happens rarely stays out
// of the way.
#if defined(__GNUC__) || defined(__clang__)
#define MGAN_NOINLINE __attribute__((noinline))
#else
#define MGAN_NOINLINE
#endif
#if defined(__GNUC__) && !defined(__clang__)
#define MGAN_NOT_UNROLLED _Pragma("GCC unroll 1")
#else
#define MGAN_NOT_UNROLLED
#endif

/// The steps in the order in which they were recorded.
template <typename Scalar>
class NumberList {
public:
    /// An argument of a step.
    struct Argument {
        std::uint32_t number;
        bool constant;   ///< no variable lies behind it
        bool temporary;  ///< the step may take over its terms
        Scalar slope;    ///< the derivative of the step by it
    };

    /// Steps in the list.
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    /// Steps that became part of others.
    [[nodiscard]] Index merged() const noexcept { return merged_; }

    /// Bytes of memory held.
    [[nodiscard]] std::size_t bytes() const noexcept {
        return values_.size() * kChunk * sizeof(Scalar) + ends_.capacity() * sizeof(ends_[0]) +
               terms_.capacity() * sizeof(Term) + gradients_.capacity() * sizeof(Scalar);
    }

    /// The value of number k. It does not move.
    [[nodiscard]] Scalar& value(std::uint32_t k) noexcept {
        return values_[k / kChunk][k % kChunk];
    }

    /// Whether a variable lies behind number k.
    [[nodiscard]] bool needs_gradient(std::uint32_t k) const noexcept {
        return ends_[k] != ends_[k + 1];
    }

    /// Adds a variable or a constant, and returns its number.
    std::uint32_t add(const Scalar& value, bool is_variable) {
        make_room();
        // A variable has one term, which says that it is not constant.
        terms_[end_] = {Scalar(0), kNowhere};
        end_ += is_variable ? 1 : 0;
        return finish(value);
    }

    /// Adds a step of one argument.
    std::uint32_t add(const Scalar& value, const Argument& a) {
        make_room();
        if (a.temporary && a.number + 1 == size_) {
            scale(a);
            merge(1);
        } else {
            append(a);
        }
        return finish(value);
    }

    /// Adds a step of two.
    std::uint32_t add(const Scalar& value, const Argument& a, const Argument& b) {
        make_room();
        if (!a.temporary && !b.temporary) {
            append(a);
            append(b);
            return finish(value);
        }
        // The last number, or the last two, in either order: C++ does not say which comes first.
        const bool a_is_last = a.temporary && a.number + 1 == size_;
        const bool b_is_last = b.temporary && b.number + 1 == size_;
        bool take_a = a_is_last || (b_is_last && a.temporary && a.number + 2 == size_);
        bool take_b = b_is_last || (a_is_last && b.temporary && b.number + 2 == size_);
        const std::uint32_t taken = std::uint32_t{take_a} + std::uint32_t{take_b};
        if (end_ - ends_[size_ - taken] >= kMostTerms) take_a = take_b = false;
        if (take_a) scale(a);
        if (take_b) scale(b);
        merge(std::uint32_t{take_a} + std::uint32_t{take_b});
        if (!take_a) append(a);
        if (!take_b) append(b);
        return finish(value);
    }

    /// Forgets the steps and keeps the memory.
    void clear() noexcept {
        size_ = end_ = 0;
        merged_ = 0;
    }

    /// Zero gradients for all numbers.
    void prepare_gradients() { gradients_.assign(std::size_t{size_} + kFirst, Scalar(0)); }
    [[nodiscard]] Scalar* gradient(std::uint32_t k) noexcept {
        return gradients_.data() + k + kFirst;
    }

    /// Goes through numbers first .. end - 1 from the last to the first. Those that no number after
    /// them has given a gradient other than 0 add nothing. Returns how many steps did.
    Index go_back(std::uint32_t first, std::uint32_t end) noexcept {
        Index steps = 0;
        Scalar* const gradients = gradients_.data();
        for (std::uint32_t k = end; k-- > first;) {
            const Scalar dy = gradients[k + kFirst];
            if (dy == Scalar(0)) continue;
            const std::uint32_t begin = ends_[k], stop = ends_[k + 1];
            if (begin == stop || terms_[begin].argument == kNowhere) continue;
            MGAN_NOT_UNROLLED for (std::uint32_t t = begin; t < stop; ++t)
                gradients[terms_[t].argument] += terms_[t].slope * dy;
            ++steps;
        }
        return steps;
    }

private:
    static constexpr std::uint32_t kChunk = 4096;
    static constexpr std::uint32_t kMostTerms = 12;  ///< of a step that takes over others
    static constexpr std::uint32_t kNowhere = 0;     ///< the place of a gradient that nobody reads
    static constexpr std::uint32_t kFirst = 1;       ///< the place of number 0's gradient

    /// A share of dy that goes to an argument's gradient.
    struct Term {
        Scalar slope;
        std::uint32_t argument;
    };

    /// For one more step with two terms of its own.
    void make_room() {
        if (size_ == most_numbers_ || end_ >= most_terms_) grow();
    }
    MGAN_NOINLINE void grow() {
        if (size_ == most_numbers_) {
            values_.emplace_back(kChunk);
            most_numbers_ += kChunk;
            ends_.resize(std::size_t{most_numbers_} + 1);
        } else {
            terms_.resize(2 * terms_.size() + 2 * kChunk);
            most_terms_ = static_cast<std::uint32_t>(terms_.size() - 2);
        }
        make_room();
    }
    void append(const Argument& a) noexcept {
        terms_[end_] = {a.slope, a.number + kFirst};
        end_ += a.constant ? 0 : 1;
    }
    void scale(const Argument& a) noexcept {
        Term* const stop = terms_.data() + ends_[a.number + 1];
        MGAN_NOT_UNROLLED for (Term* t = terms_.data() + ends_[a.number]; t != stop; ++t)
            t->slope *= a.slope;
    }
    void merge(std::uint32_t count) noexcept {
        size_ -= count;
        merged_ += count;
    }
    std::uint32_t finish(const Scalar& y) noexcept {
        value(size_) = y;
        ends_[size_ + 1] = end_;
        return size_++;
    }

    std::vector<AlignedVector<Scalar>> values_;
    std::vector<std::uint32_t> ends_;  ///< terms of number k: ends[k] .. ends[k + 1] - 1
    std::vector<Term> terms_;
    AlignedVector<Scalar> gradients_;
    std::uint32_t size_ = 0;
    std::uint32_t end_ = 0;           ///< terms in use
    std::uint32_t most_numbers_ = 0;  ///< that there is memory for
    std::uint32_t most_terms_ = 0;    ///< for a step that begins here, at the latest
    Index merged_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
