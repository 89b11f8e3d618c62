#include "piano_roll.hpp"

#include "data.hpp"
#include "report_plots.hpp"

#include <mgan/core/error.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <cmath>

namespace mgan::program {

namespace {

std::string px(double x) {
    return fixed(x, 1);
}

/// A step of 1, 2, 4, 8, ... such that about eight fit into `whole`.
double tick_step(double whole) {
    double step = 1.0;
    while (whole / step > 9.0) step *= 2.0;
    return step;
}

}  // namespace

std::string piano_roll(const midi::Song& song, const std::string& colour) {
    constexpr double kWidth = 440.0, kHeight = 170.0, kLeft = 32.0, kBottom = 24.0, kTop = 6.0;
    constexpr double kQuarter = static_cast<double>(midi::kTicksPerQuarter);
    std::vector<midi::Note> notes = midi::sounding_notes(song);
    if (notes.size() > kMaxRollNotes) notes.resize(kMaxRollNotes);

    std::int64_t begin = notes.empty() ? 0 : notes.front().onset, end = begin;
    int low = 127, high = 0;
    for (const midi::Note& note : notes) {
        end = std::max(end, note.onset + note.length);
        low = std::min(low, note.pitch);
        high = std::max(high, note.pitch);
    }
    if (notes.empty()) low = high = 60;
    // At least an octave and a half, so that three notes do not look like skyscrapers.
    while (high - low < 18) {
        high = std::min(127, high + 1);
        low = std::max(0, low - 1);
    }
    const double quarters = std::max(1.0, static_cast<double>(end - begin) / kQuarter);
    const double wide = (kWidth - kLeft - 4.0) / quarters;
    const double tall = (kHeight - kBottom - kTop) / static_cast<double>(high - low + 1);
    const auto y_of = [&](int pitch) { return kTop + static_cast<double>(high - pitch) * tall; };

    std::string svg = concat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", px(kWidth),
                             " ", px(kHeight), "\" font-family=\"sans-serif\" font-size=\"12\">");
    for (int pitch = (low + 11) / 12 * 12; pitch <= high; pitch += 12) {
        const double y = y_of(pitch) + tall;
        svg += concat("<path d=\"M", px(kLeft), " ", px(y), "H", px(kWidth - 4.0),
                      "\" stroke=\"#888888\" stroke-width=\".4\"/><text x=\"", px(kLeft - 5.0),
                      "\" y=\"", px(y), "\" text-anchor=\"end\">C", pitch / 12 - 1, "</text>");
    }
    const double step = tick_step(quarters);
    for (double tick = 0.0; tick <= quarters; tick += step) {
        const double x = kLeft + tick * wide;
        svg += concat("<path d=\"M", px(x), " ", px(kTop), "V", px(kHeight - kBottom),
                      "\" stroke=\"#888888\" stroke-width=\".3\"/><text x=\"", px(x), "\" y=\"",
                      px(kHeight - kBottom + 15.0), "\" text-anchor=\"middle\">",
                      static_cast<long long>(tick), "</text>");
    }
    svg += concat("<g fill=\"", colour, "\">");
    for (const midi::Note& note : notes) {
        const double x = kLeft + static_cast<double>(note.onset - begin) / kQuarter * wide;
        const double width = static_cast<double>(note.length) / kQuarter * wide;
        svg += concat("<rect x=\"", px(x), "\" y=\"", px(y_of(note.pitch)), "\" width=\"",
                      px(std::max(1.5, width - 0.5)), "\" height=\"", px(std::max(1.5, tall - 0.4)),
                      "\" opacity=\"", px(0.4 + 0.6 * note.velocity / 127.0), "\"/>");
    }
    return adaptive_svg(svg + "</g></svg>");
}

}  // namespace mgan::program
