#pragma once
/// \file
/// Named tensors and a little text about them: what a safetensors file holds.
///
/// A tensor here is a name, a type of number, a shape, and bytes (row by row, the last index
/// fastest, the lowest byte first). The caller of read() states the expected shape; whoever loads a
/// model states the expected names. Nothing is silently skipped: a loader that drops what it cannot
/// place gives a model that runs and is wrong.

#include <mgan/core/error.hpp>
#include <mgan/core/half.hpp>
#include <mgan/core/quote.hpp>
#include <mgan/io/json_text.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The types of number that mgan stores. bf16 and f16 have 16 bits (core/half.hpp); mgan writes the
/// first of them and reads both.
enum class DType : std::uint8_t { f32, f64, i64, u64, bf16, f16 };

/// Whether numbers of this type have 16 bits.
[[nodiscard]] constexpr bool is_half(DType dtype) noexcept {
    return dtype == DType::bf16 || dtype == DType::f16;
}

/// A C++ type that tensors are read to, with its DType.
template <typename T>
concept TensorScalar = std::same_as<T, float> || std::same_as<T, double> ||
    std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t>;

template <TensorScalar T>
inline constexpr DType kDTypeOf = std::same_as<T, float>          ? DType::f32
                                  : std::same_as<T, double>       ? DType::f64
                                  : std::same_as<T, std::int64_t> ? DType::i64
                                                                  : DType::u64;

/// The word of the safetensors format: "F32", "F64", "I64", "U64", "BF16", "F16".
[[nodiscard]] constexpr std::string_view dtype_name(DType dtype) noexcept {
    constexpr std::string_view kNames[] = {"F32", "F64", "I64", "U64", "BF16", "F16"};
    return kNames[static_cast<std::size_t>(dtype)];
}

/// Bytes of one number.
[[nodiscard]] constexpr std::uint64_t item_size(DType dtype) noexcept {
    return is_half(dtype) ? 2 : dtype == DType::f32 ? 4 : 8;
}

/// Sizes of a tensor, the slowest index first; no sizes at all: one number.
using TensorShape = std::vector<std::int64_t>;

/// "[3, 4]".
[[nodiscard]] inline std::string shape_text(const TensorShape& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (i > 0) text += ", ";
        append_json_integer(text, shape[i]);
    }
    return text + "]";
}

/// size = item_size * shape[0] * shape[1] * ... in bytes; false where a size is negative or the
/// product (from the left) passes 2^63 - 1.
[[nodiscard]] inline bool byte_size(DType dtype, const TensorShape& shape,
                                    std::uint64_t& size) noexcept {
    constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
    size = item_size(dtype);
    for (const std::int64_t n : shape) {
        if (n < 0) return false;
        if (n > 0 && size > kMax / static_cast<std::uint64_t>(n)) return false;
        size *= static_cast<std::uint64_t>(n);
    }
    return true;
}

/// One tensor of a file. Its bytes are [begin, end) of the file's data.
struct TensorEntry {
    std::string name;
    DType dtype = DType::f32;
    TensorShape shape;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// What `TensorFile::read` may do if the file holds another type than the one asked for.
enum class Conversion {
    lossless,   ///< F32 may be read as double
    rounding,   ///< and F64 as float, to the nearest
    expanding,  ///< F32 as double, BF16 and F16 as float or double
};

/// Tensors in order, and metadata (text by key, sorted). A plain value: copies are deep.
class TensorFile {
public:
    /// \param source  the name for messages: a path
    explicit TensorFile(std::string source = "tensors") : source_(std::move(source)) {}

    /// Takes over bytes that have been checked: the reader's way in.
    /// \pre entries have different names and lie in `storage` behind `data_begin`
    TensorFile(std::string source, std::vector<std::byte> storage, std::size_t data_begin,
               std::vector<TensorEntry> entries, std::map<std::string, std::string> metadata,
               bool has_checksums)
        : source_(std::move(source)),
          storage_(std::move(storage)),
          data_begin_(data_begin),
          entries_(std::move(entries)),
          metadata_(std::move(metadata)),
          has_checksums_(has_checksums) {
        for (std::size_t i = 0; i < entries_.size(); ++i) index_.emplace(entries_[i].name, i);
    }

    /// Appends a tensor: shape, then its values row by row.
    /// \throws ShapeError where values and shape differ in size, Error where the name is empty or
    ///         taken; then nothing has changed
    void add(std::string name, TensorShape shape, std::span<const float> values) {
        add_values(std::move(name), std::move(shape), values);
    }
    void add(std::string name, TensorShape shape, std::span<const double> values) {
        add_values(std::move(name), std::move(shape), values);
    }
    void add(std::string name, TensorShape shape, std::span<const std::int64_t> values) {
        add_values(std::move(name), std::move(shape), values);
    }
    void add(std::string name, TensorShape shape, std::span<const std::uint64_t> values) {
        add_values(std::move(name), std::move(shape), values);
    }

    /// Appends a tensor of BF16: each value rounded to the nearest, a half to the even one. Throws
    /// as `add` does, and NumericalError where a finite value would become infinite.
    void add_half(std::string name, TensorShape shape, std::span<const float> values) {
        std::vector<std::uint16_t> bits(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            bits[i] = bfloat16_of(values[i]);
            if (std::isfinite(values[i]) && !std::isfinite(from_bfloat16(bits[i])))
                fail<NumericalError>(source_, ": tensor ", in_quotes(name), ": value ", i, " (",
                                     values[i], ") is beyond the range of BF16");
        }
        add_numbers(std::move(name), std::move(shape), DType::bf16,
                    std::span<const std::uint16_t>(bits));
    }

    /// Sets one text of the metadata.
    void set_metadata(std::string key, std::string text) {
        metadata_.insert_or_assign(std::move(key), std::move(text));
    }

    [[nodiscard]] const std::string& source() const noexcept { return source_; }
    [[nodiscard]] const std::vector<TensorEntry>& entries() const& noexcept { return entries_; }
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const& noexcept {
        return metadata_;
    }
    // Of a temporary they are moved out, so that a loop over them has something to walk over.
    [[nodiscard]] std::vector<TensorEntry> entries() && noexcept { return std::move(entries_); }
    [[nodiscard]] std::map<std::string, std::string> metadata() && noexcept {
        return std::move(metadata_);
    }
    /// Whether the bytes came with checksums. (They matched, or there would be no TensorFile.)
    [[nodiscard]] bool has_checksums() const noexcept { return has_checksums_; }

    /// One text of the metadata. \throws DataError where there is none under `key`
    [[nodiscard]] const std::string& metadata_at(const std::string& key) const {
        const auto found = metadata_.find(key);
        if (found == metadata_.end())
            fail<DataError>(source_, ": the metadata have no ", in_quotes(key));
        return found->second;
    }

    [[nodiscard]] bool contains(std::string_view name) const noexcept {
        return index_.find(name) != index_.end();
    }

    /// \throws DataError where no tensor has that name
    [[nodiscard]] const TensorEntry& entry(std::string_view name) const {
        const auto found = index_.find(name);
        if (found == index_.end())
            fail<DataError>(source_, ": there is no tensor ", in_quotes(name));
        return entries_[found->second];
    }

    /// The bytes of a tensor of this file, which must outlive them.
    [[nodiscard]] std::span<const std::byte> bytes(const TensorEntry& entry) const& noexcept {
        return std::span(storage_).subspan(data_begin_ + static_cast<std::size_t>(entry.begin),
                                           static_cast<std::size_t>(entry.end - entry.begin));
    }
    void bytes(const TensorEntry&) const&& = delete;

    /// Copies the values of a tensor to `out`, row by row.
    /// \throws DataError where it is absent or of a type that `conversion` does not allow,
    ///         ShapeError where its shape is not `shape` or `out` is of another size,
    ///         NumericalError where a finite F64 is beyond the range of float
    template <TensorScalar T>
    void read(std::string_view name, const TensorShape& shape, std::span<T> out,
              Conversion conversion = Conversion::lossless) const {
        const TensorEntry& tensor = entry(name);
        if (tensor.shape != shape)
            fail<ShapeError>(source_, ": tensor ", in_quotes(name), " has the shape ",
                             shape_text(tensor.shape), ", expected ", shape_text(shape));
        const std::span<const std::byte> from = bytes(tensor);
        if (out.size() != from.size() / item_size(tensor.dtype))
            fail<ShapeError>("TensorFile::read: ", out.size(), " values are asked for, tensor ",
                             in_quotes(name), " has ", from.size() / item_size(tensor.dtype));
        if (tensor.dtype == kDTypeOf<T>) {
            load(from, out);
            return;
        }
        if constexpr (std::floating_point<T>) {
            using Other = std::conditional_t<std::same_as<T, float>, double, float>;
            const bool allowed = std::same_as<T, double> || conversion == Conversion::rounding;
            if (tensor.dtype == kDTypeOf<Other> && allowed) {
                convert<Other>(tensor, from, out);
                return;
            }
            if (is_half(tensor.dtype) && conversion == Conversion::expanding) {
                for (std::size_t i = 0; i < out.size(); ++i)
                    out[i] = static_cast<T>(half_at(tensor.dtype, from, i));
                return;
            }
        }
        fail<DataError>(source_, ": tensor ", in_quotes(name), " holds ", dtype_name(tensor.dtype),
                        ", expected ", dtype_name(kDTypeOf<T>),
                        is_half(tensor.dtype)
                            ? "; numbers of 16 bits serve as the weights of a model, and only there"
                        : tensor.dtype == DType::f64 && std::same_as<T, float>
                            ? "; Conversion::rounding reads it as float"
                            : "");
    }

    /// The values of a tensor, row by row; throws as `read` does. The shape is compared before
    /// memory is asked for.
    template <TensorScalar T>
    [[nodiscard]] std::vector<T> get(std::string_view name, const TensorShape& shape,
                                     Conversion conversion = Conversion::lossless) const {
        std::vector<T> values;
        const TensorEntry& tensor = entry(name);
        if (tensor.shape == shape) {
            values.resize(bytes(tensor).size() / item_size(tensor.dtype));
        }
        read(name, shape, std::span<T>(values), conversion);
        return values;
    }

    /// Compares the names with those that are expected, in any order.
    /// \throws DataError that lists the missing and the unexpected ones
    void require_names(std::span<const std::string> expected) const {
        std::map<std::string_view, bool> present;
        for (const std::string& name : expected) present.emplace(name, contains(name));
        std::string missing, unexpected;
        for (const auto& [name, found] : present) {
            if (!found) missing += " " + in_quotes(name);
        }
        for (const TensorEntry& tensor : entries_) {
            if (!present.contains(tensor.name)) unexpected += " " + in_quotes(tensor.name);
        }
        require<DataError>(missing.empty() && unexpected.empty(), source_,
                           ": not the tensors that are expected",
                           missing.empty() ? "" : "; missing:", missing,
                           unexpected.empty() ? "" : "; unexpected:", unexpected);
    }

    /// \throws NumericalError that names the first tensor with a NaN or an infinity, and its place
    void require_finite() const {
        for (const TensorEntry& tensor : entries_) {
            if (tensor.dtype == DType::f32) require_finite_values<float>(tensor);
            if (tensor.dtype == DType::f64) require_finite_values<double>(tensor);
            if (is_half(tensor.dtype)) require_finite_halves(tensor);
        }
    }

private:
    /// Copies numbers between bytes (the lowest first) and the machine's order.
    template <typename T>
    static void load(std::span<const std::byte> from, std::span<T> to) noexcept {
        if (!to.empty()) std::memcpy(to.data(), from.data(), from.size());
        if constexpr (std::endian::native == std::endian::big) {
            for (T& x : to) reverse_bytes(x);
        }
    }
    template <typename T>
    static void store(std::span<const T> from, std::byte* to) noexcept {
        if (from.empty()) return;
        if constexpr (std::endian::native == std::endian::big) {
            for (T x : from) {
                reverse_bytes(x);
                std::memcpy(to, &x, sizeof(T));
                to += sizeof(T);
            }
        } else {
            std::memcpy(to, from.data(), from.size_bytes());
        }
    }
    template <typename T>
    static void reverse_bytes(T& x) noexcept {
        std::byte bytes[sizeof(T)], reversed[sizeof(T)];
        std::memcpy(bytes, &x, sizeof(T));
        for (std::size_t i = 0; i < sizeof(T); ++i) reversed[i] = bytes[sizeof(T) - 1 - i];
        std::memcpy(&x, reversed, sizeof(T));
    }

    /// Number i of a tensor of 16-bit numbers.
    [[nodiscard]] static float half_at(DType dtype, std::span<const std::byte> from,
                                       std::size_t i) noexcept {
        std::uint16_t bits = 0;
        load(from.subspan(2 * i, 2), std::span<std::uint16_t>(&bits, 1));
        return dtype == DType::bf16 ? from_bfloat16(bits) : from_float16(bits);
    }

    template <typename Stored, typename T>
    void convert(const TensorEntry& tensor, std::span<const std::byte> from,
                 std::span<T> out) const {
        for (std::size_t i = 0; i < out.size(); ++i) {
            Stored value;
            load(from.subspan(i * sizeof(Stored), sizeof(Stored)), std::span<Stored>(&value, 1));
            if constexpr (sizeof(T) < sizeof(Stored)) {
                // A finite value beyond the range would become an infinity (and the conversion is
                // undefined in C++).
                constexpr auto kMax = static_cast<Stored>(std::numeric_limits<T>::max());
                if (std::isfinite(value) && std::abs(value) > kMax) {
                    fail<NumericalError>(source_, ": tensor ", in_quotes(tensor.name), ": value ",
                                         i, " (", value, ") is beyond the range of float");
                }
            }
            out[i] = static_cast<T>(value);
        }
    }

    template <typename T>
    void require_finite_values(const TensorEntry& tensor) const {
        const std::span<const std::byte> from = bytes(tensor);
        for (std::size_t i = 0; i < from.size() / sizeof(T); ++i) {
            T value;
            load(from.subspan(i * sizeof(T), sizeof(T)), std::span<T>(&value, 1));
            if (!std::isfinite(value)) fail_not_finite(tensor, i);
        }
    }
    void require_finite_halves(const TensorEntry& tensor) const {
        const std::span<const std::byte> from = bytes(tensor);
        for (std::size_t i = 0; i < from.size() / 2; ++i)
            if (!std::isfinite(half_at(tensor.dtype, from, i))) fail_not_finite(tensor, i);
    }
    [[noreturn]] void fail_not_finite(const TensorEntry& tensor, std::size_t i) const {
        fail<NumericalError>(source_, ": tensor ", in_quotes(tensor.name), ": value ", i,
                             " is not finite");
    }

    /// Room for `count` more elements, at least doubled, so that many small additions stay linear.
    template <typename T>
    static void grow_for(std::vector<T>& vector, std::size_t count) {
        const std::size_t needed = vector.size() + count;
        if (needed > vector.capacity()) vector.reserve(std::max(needed, 2 * vector.capacity()));
    }

    template <typename T>
    void add_values(std::string&& name, TensorShape&& shape, std::span<const T> values) {
        add_numbers(std::move(name), std::move(shape), kDTypeOf<T>, values);
    }
    /// \pre T is what numbers of `dtype` are stored as
    template <typename T>
    void add_numbers(std::string&& name, TensorShape&& shape, DType dtype,
                     std::span<const T> values) {
        require<Error>(!name.empty(), "TensorFile::add: the name is empty");
        if (contains(name))
            fail<Error>("TensorFile::add: there is a tensor ", in_quotes(name), " already");
        std::uint64_t size = 0;
        if (!(byte_size(dtype, shape, size) && size == values.size_bytes()))
            fail<ShapeError>("TensorFile::add: tensor ", in_quotes(name), " has the shape ",
                             shape_text(shape), ", but ", values.size(), " values are given");
        // Whatever may throw comes before the first change that is seen from outside.
        const std::size_t begin = storage_.size() - data_begin_;
        const std::size_t bytes = values.size_bytes();
        TensorEntry entry{name, dtype, std::move(shape), begin, begin + bytes};
        grow_for(entries_, 1);
        grow_for(storage_, bytes);
        index_.emplace(std::move(name), entries_.size());
        entries_.push_back(std::move(entry));
        storage_.resize(storage_.size() + bytes);
        store(values, storage_.data() + storage_.size() - bytes);
        has_checksums_ = false;
    }

    std::string source_;
    std::vector<std::byte> storage_;
    std::size_t data_begin_ = 0;
    std::vector<TensorEntry> entries_;
    std::map<std::string, std::string> metadata_;
    std::map<std::string, std::size_t, std::less<>> index_;
    bool has_checksums_ = false;
};

}  // namespace mgan::inline MGAN_ABI
