#pragma once
/// \file
/// The sizes of an argument against those that a layer expects, with one form of message:
///
///     Lstm::forward: x has 3 features, the layer expects 8 (F)
///
/// The message is put together only where a size is wrong, so a check costs one comparison.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

namespace mgan::inline MGAN_ABI {

/// Throws ShapeError unless `what` (an argument of the function `where`) `has` as many `of`
/// (features, samples, ...) as the layer `expects`. `letter`: of this size in the equations, or
/// null.
inline void check_shape(const char* where, const char* what, const char* of, Index has,
                        Index expects, const char* letter = nullptr) {
    if (has == expects) return;
    if (letter == nullptr)
        fail<ShapeError>(where, ": ", what, " has ", has, " ", of, ", the layer expects ", expects);
    fail<ShapeError>(where, ": ", what, " has ", has, " ", of, ", the layer expects ", expects,
                     " (", letter, ")");
}

}  // namespace mgan::inline MGAN_ABI
