#include "report_plots.hpp"

#include "child_process.hpp"

#include <mgan/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <tuple>

namespace mgan::program {

namespace {

/// A number in gnuplot's language.
std::string gp(double x) {
    char text[40];
    std::snprintf(text, sizeof text, "%.10g", x);
    return text;
}

/// A text in gnuplot's language: within single quotes nothing but a single quote is special.
std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "'";
}

/// What all pictures share. Small on purpose: pages scale them, and on a phone, where one fills the
/// width, its letters are still of reading size.
std::string opening() {
    return "set terminal svg size 440,270 dynamic enhanced font 'sans-serif,13'\n"
           "set encoding utf8\n"
           "set border 3 lw 0.8\nset rmargin 2\n"
           "set tics nomirror out scale 0.6\n"
           "set grid ytics lc rgb '#888888' lt 1 lw 0.4\n"
           "set key above left horizontal Left reverse noenhanced samplen 2 spacing 1.0\n"
           "set datafile missing 'NaN'\n";
}

struct Extent {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    void take(double x) {
        if (!std::isfinite(x)) return;
        low = std::min(low, x);
        high = std::max(high, x);
    }
    [[nodiscard]] bool empty() const { return !(low <= high); }
    /// A little more on both sides: gnuplot refuses a range of no width.
    void widen(double share, double least) {
        const double margin = std::max(share * (high - low), least);
        low -= margin;
        high += margin;
    }
};

}  // namespace

std::string Plotter::run(const std::string& script) {
    if (!problem_.empty()) return "";
    try {
        const ChildResult result =
            run_child({"gnuplot", "-d", "-"}, script, std::chrono::seconds(30));
        if (!result.found) {
            problem_ =
                "gnuplot is not installed, so tables replace its pictures (Debian: "
                "apt-get install gnuplot-nox)";
        } else if (result.timed_out) {
            problem_ = "gnuplot took too long, so tables replace its pictures";
        } else if (!result.good() || result.out.find("</svg>") == std::string::npos) {
            problem_ = concat("gnuplot failed, so tables replace its pictures: ",
                              result.error.empty() ? "it said nothing, and drew nothing"
                                                   : result.error.substr(0, 300));
        } else {
            return adaptive_svg(result.out);
        }
    } catch (const Error& error) {
        problem_ =
            concat("gnuplot cannot be started, so tables replace its pictures: ", error.what());
    }
    return "";
}

std::string Plotter::draw(const LinePlot& plot) {
    Extent x, y;
    std::size_t longest = 0;
    for (const Curve& curve : plot.curves) {
        std::size_t points = 0;
        for (const auto& [px, py] : curve.points) {
            if (!std::isfinite(px) || !std::isfinite(py)) continue;
            x.take(px);
            y.take(py);
            ++points;
        }
        longest = std::max(longest, points);
    }
    if (longest == 0) return "";
    if (plot.band) {
        y.take(plot.band->mean - plot.band->sd);
        y.take(plot.band->mean + plot.band->sd);
    }
    y.widen(0.06, 1e-3 * std::max(1.0, std::abs(y.high)));
    x.widen(0.0, x.low == x.high ? 0.5 : 0.0);
    if (plot.y_range) std::tie(y.low, y.high) = *plot.y_range;

    std::string script = opening();
    script += concat("set xlabel ", quoted(plot.x_label), "\nset xrange [", gp(x.low), ":",
                     gp(x.high), "]\nset yrange [", gp(y.low), ":", gp(y.high), "]\n");
    if (x.high - x.low < 8.0) script += "set xtics 1\n";
    if (plot.band) {
        const RealBand& band = *plot.band;
        script += concat("set object 1 rectangle from graph 0, first ", gp(band.mean - band.sd),
                         " to graph 1, first ", gp(band.mean + band.sd),
                         " fc rgb '#808890' fs transparent solid 0.25 noborder behind\n"
                         "set arrow 1 from graph 0, first ",
                         gp(band.mean), " to graph 1, first ", gp(band.mean),
                         " nohead dt 2 lw 1.5 lc rgb '#808890' back\n");
    }
    std::string lines;
    for (std::size_t i = 0; i < plot.curves.size(); ++i) {
        const Curve& curve = plot.curves[i];
        script += concat("$c", i, " << EOD\n");
        for (const auto& [px, py] : curve.points)
            script += concat(gp(px), " ", std::isfinite(py) ? gp(py) : "NaN", "\n");
        script += "EOD\n";
        // A lone point makes no line.
        lines += concat(lines.empty() ? "plot " : ", ", "$c", i, " using 1:2 with ",
                        longest < 12 ? "linespoints pt 7 ps 0.5" : "lines", " lw 2 lc rgb '",
                        curve.colour, "' ", curve.dashed ? "dt 2 " : "",
                        curve.label.empty() ? "notitle" : "title " + quoted(curve.label));
    }
    return run(script + lines + "\n");
}

std::string Plotter::draw(const BarPlot& plot) {
    if (plot.groups.empty() || plot.series.empty()) return "";
    std::string script = opening();
    script += concat(
        "set style data histograms\nset style histogram clustered gap 1\n"
        "set style fill solid 0.9 noborder\nset boxwidth 0.9\nset yrange [0:",
        gp(plot.top), "]\nset xtics rotate by -28 scale 0 noenhanced\n$d << EOD\n");
    for (std::size_t g = 0; g < plot.groups.size(); ++g) {
        script += concat("\"", plot.groups[g], "\"");
        for (const BarPlot::Series& series : plot.series)
            script += concat(" ", std::isfinite(series.heights.at(g)) ? gp(series.heights[g])
                                                                      : std::string("NaN"));
        script += "\n";
    }
    script += "EOD\n";
    std::string bars;
    for (std::size_t s = 0; s < plot.series.size(); ++s) {
        const BarPlot::Series& series = plot.series[s];
        bars += concat(bars.empty() ? "plot " : ", ", "$d using ", s + 2, s == 0 ? ":xtic(1)" : "",
                       " lc rgb '", series.colour, "' ",
                       series.label.empty() ? "notitle" : "title " + quoted(series.label));
    }
    return run(script + bars + "\n");
}

std::string adaptive_svg(std::string svg) {
    // Dark pages turn what is black to light grey; the colours of curves stay.
    constexpr const char* kRules =
        "<style>:root{color:#30343a}g[color=\"black\"]{color:inherit}"
        "g[fill=\"black\"],text{fill:currentColor}"
        "g[stroke=\"black\"],path[stroke=\"black\"]{stroke:currentColor}"
        "@media (prefers-color-scheme:dark){:root{color:#c9ced6}}</style>\n";
    // What stands in front of the document's own tag has no place inside a page.
    const std::size_t begin = svg.find("<svg");
    if (begin == svg.npos) return svg;
    svg.erase(0, begin);
    const std::size_t end = svg.find('>');
    if (end != svg.npos) svg.insert(end + 1, kRules);
    return svg;
}

}  // namespace mgan::program
