// Fuzzing of everything that reads JSON or tensors from untrusted bytes.
//
//     clang++-14 -std=c++20 -O1 -g -fno-sanitize-recover=all -Iinclude
//         -fsanitize=fuzzer,address,undefined
//         -fsanitize=float-divide-by-zero,float-cast-overflow
//         tests/fuzz/safetensors_fuzzer.cpp -o safetensors_fuzzer
//     ./safetensors_fuzzer -max_len=4096 -timeout=2 -rss_limit_mb=512 CORPUS tests/data
//
// The first byte of an input says what it is: '{' settings, 'h' that a history follows, '-' that an
// override follows; anything else a safetensors file, so the files of tests/data can be used as
// they are.

#include <mgan/io/safetensors.hpp>
#include <mgan/io/settings_json.hpp>
#include <mgan/runs/history.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace {

enum class Kind { one, two };

struct Settings {
    std::int64_t whole = 1;
    int narrow = 0;
    std::uint64_t seed = 1;
    double number = 0.5;
    bool flag = false;
    Kind kind = Kind::one;
    std::string text;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("whole", whole, mgan::Range{1, 4096}, "");
        visitor("part.narrow", narrow, mgan::Range{-3, 3}, "");
        visitor("seed", seed, mgan::Range<std::uint64_t>{0, ~std::uint64_t{0}}, "");
        visitor("number", number, mgan::above(0.0, 1.0), "");
        visitor("part.flag", flag, "");
        visitor("kind", kind, mgan::Choices<Kind>{{"one", Kind::one}, {"two", Kind::two}}, "");
        visitor("text", text, "");
    }
    bool operator==(const Settings&) const = default;
};

void require(bool condition) {
    if (!condition) std::abort();
}

// What is read can be written, and what is written is read as the same.
void fuzz_tensors(std::span<const std::byte> input) {
    const mgan::TensorFile file = mgan::safetensors::parse({input.begin(), input.end()}, "input");
    std::uint64_t total = 0;
    for (const mgan::TensorEntry& entry : file.entries()) {
        total += entry.end - entry.begin;
        if (entry.dtype == mgan::DType::f64) {
            try {
                (void)file.get<float>(entry.name, entry.shape, mgan::Conversion::rounding);
            } catch (const mgan::NumericalError&) {
            }
        }
        if (entry.dtype == mgan::DType::f32) (void)file.get<double>(entry.name, entry.shape);
        if (mgan::is_half(entry.dtype))
            (void)file.get<float>(entry.name, entry.shape, mgan::Conversion::expanding);
    }
    require(total <= input.size());
    try {
        file.require_finite();
    } catch (const mgan::NumericalError&) {
    }
    std::vector<std::byte> bytes;
    try {
        bytes = mgan::safetensors::serialize(file);
    } catch (const mgan::FormatError&) {
        std::abort();
    } catch (const mgan::Error&) {
        return;  // a control character in a name: read, but not written
    }
    const mgan::TensorFile again = mgan::safetensors::parse(bytes, "again");
    require(again.has_checksums() && again.metadata() == file.metadata());
    require(again.entries().size() == file.entries().size());
    for (const mgan::TensorEntry& entry : file.entries()) {
        const mgan::TensorEntry& other = again.entry(entry.name);
        require(other.shape == entry.shape && other.dtype == entry.dtype);
        require(std::ranges::equal(file.bytes(entry), again.bytes(other)));
    }
}

void fuzz_settings(std::span<const std::byte> input) {
    Settings settings;
    (void)mgan::settings_from_json(input, "input", settings, {"note"});
    require(settings.whole >= 1 && settings.whole <= 4096 && settings.number > 0);
    std::string json;
    try {
        json = mgan::settings_to_json(settings);
    } catch (const mgan::Error&) {
        return;  // a control character in a text
    }
    Settings again;
    (void)mgan::settings_from_json(std::as_bytes(std::span(json)), "again", again);
    require(again == settings);
}

void fuzz_history(std::span<const std::byte> input) {
    for (const mgan::HistoryRecord& record : mgan::parse_history(input, "input")) {
        std::string line;
        try {
            line = record.line();
        } catch (const mgan::Error&) {
            continue;  // a control character in a text
        }
        const auto again = mgan::parse_history(std::as_bytes(std::span(line)), "again");
        require(again.size() == 1 && again[0].line() == line);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::byte> input = std::as_bytes(std::span(data, size));
    try {
        if (size > 0 && data[0] == '{') {
            fuzz_settings(input);
        } else if (size > 0 && data[0] == 'h') {
            fuzz_history(input.subspan(1));
        } else if (size > 0 && data[0] == '-') {
            Settings settings;
            mgan::apply_override(settings, {reinterpret_cast<const char*>(data) + 1, size - 1});
        } else {
            fuzz_tensors(input);
        }
    } catch (const mgan::Error&) {  // anything else is a finding
    }
    return 0;
}
