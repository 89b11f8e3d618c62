#pragma once
// WAV files of 16 bits, read back.

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace sound {

struct Wave {
    std::uint32_t rate = 0;
    std::uint16_t channels = 0;
    std::uint16_t bits = 0;
    std::vector<std::int16_t> samples;

    [[nodiscard]] double seconds() const { return double(samples.size()) / channels / rate; }
    /// Largest sample between two times, of 32768.
    [[nodiscard]] int peak(double begin = 0.0, double end = 1e9) const {
        int largest = 0;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const double t = double(i) / channels / rate;
            if (t >= begin && t < end) largest = std::max(largest, std::abs(int{samples[i]}));
        }
        return largest;
    }
};

inline Wave read_wave(const std::string& bytes) {
    const auto number = [&](std::size_t at, auto value) {
        if (at + sizeof value > bytes.size()) throw std::runtime_error("WAV: too short");
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return value;
    };
    if (bytes.substr(0, 4) != "RIFF" || bytes.substr(8, 4) != "WAVE")
        throw std::runtime_error("WAV: no RIFF header");
    if (number(4, std::uint32_t{}) + 8 != bytes.size())
        throw std::runtime_error("WAV: the header has another size than the file");
    Wave wave;
    for (std::size_t at = 12; at + 8 <= bytes.size();) {
        const std::string id = bytes.substr(at, 4);
        const std::size_t size = number(at + 4, std::uint32_t{});
        if (id == "fmt ") {
            if (number(at + 8, std::uint16_t{}) != 1) throw std::runtime_error("WAV: not PCM");
            wave.channels = number(at + 10, std::uint16_t{});
            wave.rate = number(at + 12, std::uint32_t{});
            wave.bits = number(at + 22, std::uint16_t{});
        } else if (id == "data") {
            wave.samples.resize(size / 2);
            if (at + 8 + size > bytes.size()) throw std::runtime_error("WAV: the data are cut");
            std::memcpy(wave.samples.data(), bytes.data() + at + 8, size);
        }
        at += 8 + size + size % 2;
    }
    return wave;
}

}  // namespace sound
