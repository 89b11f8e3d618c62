#pragma once
/// \file
/// The curves and bars of a report, drawn by gnuplot as SVG.
///
/// The structs below describe a picture; the program gnuplot draws it. gnuplot's language can start
/// programs, so no text of a user (a file's name, a title) ever reaches it: curves have labels of
/// ours, and the page says the rest.

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mgan::program {

/// Colours that are distinct on white paper and on a dark screen. Run i of a report has colour i.
inline constexpr std::array<const char*, 8> kColours = {"#3b82c4", "#e07b28", "#2e9e6b", "#9a66d0",
                                                        "#d1495b", "#c79a00", "#2aa9c9", "#8a8f98"};

/// A line from point to point; points whose y is not finite are left out, and the line is broken
/// there.
struct Curve {
    std::string label;  ///< in the legend; "": none
    std::string colour;
    bool dashed = false;
    std::vector<std::pair<double, double>> points;
};

/// The range of the real songs: a dashed line at the mean, shaded one standard deviation to either
/// side.
struct RealBand {
    double mean = 0.0;
    double sd = 0.0;
};

/// A picture with curves.
struct LinePlot {
    std::string x_label = "epoch";
    std::vector<Curve> curves;
    std::optional<RealBand> band;
    std::optional<std::pair<double, double>> y_range;
};

/// A picture with groups of bars, from 0 to `top`.
struct BarPlot {
    struct Series {
        std::string label;
        std::string colour;
        std::vector<double> heights;  ///< one for each group
    };
    std::vector<std::string> groups;
    std::vector<Series> series;
    double top = 1.0;
};

/// Draws pictures, if gnuplot is installed.
class Plotter {
public:
    /// An SVG document, or "" where gnuplot is missing or fails, or there is nothing to draw; then
    /// `problem()` says why.
    [[nodiscard]] std::string draw(const LinePlot& plot);
    [[nodiscard]] std::string draw(const BarPlot& plot);

    /// Why there are no pictures; "" while all is well.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

private:
    [[nodiscard]] std::string run(const std::string& script);

    std::string problem_;
};

/// Style rules that adapt a picture to light and dark pages: put them after the opening tag of an
/// SVG document whose text and axes are black.
[[nodiscard]] std::string adaptive_svg(std::string svg);

}  // namespace mgan::program
