#pragma once
// Bytes of files, made by hand.
#include <mgan/core/error.hpp>
#include <mgan/io/safetensors.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace mgan_test {

using Bytes = std::vector<std::byte>;

inline Bytes to_bytes(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// A file with this header, as it is, and `data` bytes of value 0.
inline Bytes with_header(const std::string& header, std::size_t data) {
    Bytes bytes;
    for (unsigned i = 0; i < 8; ++i) {
        bytes.push_back(static_cast<std::byte>(std::uint64_t{header.size()} >> (8 * i)));
    }
    const Bytes text = to_bytes(header);
    bytes.insert(bytes.end(), text.begin(), text.end());
    bytes.resize(bytes.size() + data);
    return bytes;
}

/// The message of the error that `action` throws, or "" if it throws none.
template <typename Exception, typename Action>
std::string message_of(Action&& action) {
    try {
        action();
    } catch (const Exception& error) {
        return error.what();
    }
    return "";
}

/// A folder for one test, removed at its end.
class TemporaryFolder {
public:
    explicit TemporaryFolder(const std::string& name)
        : path_(std::filesystem::temp_directory_path() /
                ("mgan_test_io_" + name + "_" + std::to_string(process()))) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
    std::size_t file_count() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                      std::filesystem::directory_iterator()));
    }

private:
    static long process() {
#if __has_include(<unistd.h>)
        return static_cast<long>(::getpid());
#else
        return 0;
#endif
    }
    std::filesystem::path path_;
};

}  // namespace mgan_test
