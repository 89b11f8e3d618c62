#pragma once
/// \file
/// Tensors to and from safetensors files: the one header that users need.
///
///     TensorFile tensors;
///     tensors.add("dense.weight", {2, 3}, values);
///     write_safetensors("model.safetensors", tensors);
///
///     const TensorFile model = read_safetensors("model.safetensors");
///     const std::vector<float> weight = model.get<float>("dense.weight", {2, 3});

#include <mgan/core/atomic_file.hpp>
#include <mgan/io/safetensors_reader.hpp>
#include <mgan/io/safetensors_writer.hpp>

#include <filesystem>

namespace mgan::inline MGAN_ABI {

/// Reads a safetensors file. Every rule of the format is checked before anything is returned, and
/// so are mgan's checksums, where there are any. \throws IoError, FormatError
[[nodiscard]] inline TensorFile read_safetensors(const std::filesystem::path& path) {
    return safetensors::parse(read_file_bytes(path), path.string());
}

/// Replaces the file by one with these tensors, all or nothing.
/// \throws IoError (then the old file is as it was), Error where a name cannot be written
inline void write_safetensors(const std::filesystem::path& path, const TensorFile& tensors) {
    write_file_atomically(path, safetensors::serialize(tensors));
}

}  // namespace mgan::inline MGAN_ABI
