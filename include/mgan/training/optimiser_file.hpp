#pragma once
/// \file
/// The state of an optimiser as tensors of a file, from which it goes on bit for bit.

#include <mgan/core/error.hpp>
#include <mgan/io/tensor_file.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace mgan::inline MGAN_ABI {

/// Adds steps and moments: `prefix` steps, first and second.
template <typename Scalar>
void store_optimiser(TensorFile& file, const std::string& prefix,
                     const Optimiser<Scalar>& optimiser) {
    const auto add = [&](const char* name, const AlignedVector<Scalar>& values) {
        file.add(prefix + name, {static_cast<std::int64_t>(values.size())},
                 std::span<const Scalar>(values.data(), values.size()));
    };
    const std::int64_t steps = optimiser.steps();
    file.add(prefix + "steps", {}, std::span<const std::int64_t>(&steps, 1));
    add("first", optimiser.first());
    add("second", optimiser.second());
}

/// Reads them, the moments of `parameters` parameters; before the first step there are none. Throws
/// DataError, and what `TensorFile::read` throws; then `optimiser` is as it was.
template <typename Scalar>
void read_optimiser(const TensorFile& file, const std::string& prefix, Index parameters,
                    Optimiser<Scalar>& optimiser) {
    const std::int64_t steps = file.get<std::int64_t>(prefix + "steps", {}).front();
    require<DataError>(steps >= 0, file.source(), ": ", prefix, "steps is ", steps);
    const bool squares = has_second_moment(optimiser.settings().kind);
    const auto read = [&](const char* name, bool used) {
        const std::int64_t size = used && steps > 0 ? static_cast<std::int64_t>(parameters) : 0;
        AlignedVector<Scalar> values(static_cast<std::size_t>(size));
        file.read(prefix + name, {size}, std::span<Scalar>(values.data(), values.size()));
        return values;
    };
    AlignedVector<Scalar> first = read("first", true), second = read("second", squares);
    optimiser.restore(steps, std::move(first), std::move(second));
}

}  // namespace mgan::inline MGAN_ABI
