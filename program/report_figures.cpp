#include "report_figures.hpp"

#include "data.hpp"
#include "html.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace mgan::program {

namespace {

/// A quantity of the history and how it is called.
struct Quantity {
    std::string key;
    std::string label;
};

/// A metric of the paper's figures 5 to 7: the colour is that of its line there (a little more
/// muted, so that yellow is seen on white and dark blue on black).
struct PaperMetric {
    const char* key;
    const char* title;
    const char* brief;
    const char* colour;
    const char* what;
};

constexpr std::array<PaperMetric, 6> kPaperMetrics = {
    {{"scale_consistency", "Scale consistency", "scale", "#9a66d0",
      "share of notes in the best-fitting scale"},
     {"tone_span", "Tone span", "span", "#2e9e6b", "semitones from lowest to highest note"},
     {"unique_tones", "Unique tones", "tones", "#2aa9c9", "number of different pitches"},
     {"intensity_span", "Number of units (intensity span)", "intensity", "#e07b28",
      "loudest minus softest velocity"},
     {"polyphony", "Polyphony", "polyphony", "#c79a00", "share of onsets with two or more notes"},
     {"repetitions_3", "3-tone repetitions", "rep. 3", "#4a6fd4",
      "pairs of equal runs of three pitches"}}};

std::string number_text(double x) {
    if (!std::isfinite(x)) return "-";
    return fixed(x, std::abs(x) >= 100.0 ? 1 : 3);
}

/// Where a curve begins far above all that follows, as an untrained model's often does, the range
/// that shows what follows; none where everything fits into one picture.
std::optional<std::pair<double, double>> range_without_start(const LinePlot& plot) {
    constexpr double kFar = 3.0;
    std::vector<double> all;
    for (const Curve& curve : plot.curves) {
        for (const auto& [x, y] : curve.points)
            if (std::isfinite(y)) all.push_back(y);
    }
    if (all.size() < 8) return std::nullopt;
    std::sort(all.begin(), all.end());
    double low = all.front(), high = all[all.size() * 9 / 10];
    if (plot.band) {
        low = std::min(low, plot.band->mean - plot.band->sd);
        high = std::max(high, plot.band->mean + plot.band->sd);
    }
    if (!(all.back() - low > kFar * (high - low)) || !(high > low)) return std::nullopt;
    return std::pair(low - 0.05 * (high - low), high + 0.15 * (high - low));
}

/// The numbers of a picture, at most some forty epochs of them.
std::string as_table(const LinePlot& plot) {
    constexpr std::size_t kRows = 40;
    std::set<double> places;
    for (const Curve& curve : plot.curves)
        for (const auto& [x, y] : curve.points) places.insert(x);
    const std::vector<double> all(places.begin(), places.end());
    const std::size_t step = (all.size() + kRows - 1) / kRows;
    std::vector<std::string> heads = {plot.x_label};
    for (std::size_t i = 0; i < plot.curves.size(); ++i)
        heads.push_back(plot.curves[i].label.empty() ? "value" : plot.curves[i].label);
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i % step != 0 && i + 1 != all.size()) continue;
        std::vector<std::string> row = {fixed(all[i], 0)};
        for (const Curve& curve : plot.curves) {
            const auto at = std::find_if(curve.points.begin(), curve.points.end(),
                                         [&](const auto& point) { return point.first == all[i]; });
            row.push_back(at == curve.points.end() ? "-" : number_text(at->second));
        }
        rows.push_back(std::move(row));
    }
    return table(heads, rows);
}

/// A picture of the plot, or its table; "" where there is nothing to show.
std::string show(Plotter& plotter, LinePlot plot, const std::string& title, std::string what) {
    const auto finite = [](const Curve& curve) {
        return std::any_of(curve.points.begin(), curve.points.end(),
                           [](const auto& point) { return std::isfinite(point.second); });
    };
    if (std::none_of(plot.curves.begin(), plot.curves.end(), finite)) return "";
    if (!plot.y_range) {
        plot.y_range = range_without_start(plot);
        if (plot.y_range) what += " (some epochs are above the picture)";
    }
    const std::string svg = plotter.draw(plot);
    const std::string caption =
        concat("<b>", escaped(title), "</b>", what.empty() ? "" : ": ", escaped(what));
    if (svg.empty()) return figure(as_table(plot), caption);
    // In words, for those who do not see it: where each curve begins and ends.
    std::string alt = concat("Curves of ", title, " by ", plot.x_label);
    for (const Curve& curve : plot.curves) {
        if (!finite(curve)) continue;
        alt += concat("; ", curve.label.empty() ? title : curve.label, " from ",
                      number_text(curve.points.front().second), " to ",
                      number_text(curve.points.back().second));
    }
    if (plot.band)
        alt += concat("; real songs ", number_text(plot.band->mean), " plus or minus ",
                      number_text(plot.band->sd));
    return figure(picture(svg, alt), caption);
}

std::string section(const std::string& title, const std::string& intro,
                    const std::string& figures) {
    if (figures.empty()) return "";
    return concat("<section>\n<h2>", escaped(title), "</h2>\n<p class=\"soft\">", intro,
                  "</p>\n<div class=\"grid\">\n", figures, "</div>\n</section>\n");
}

/// Curves of some quantities for all runs. One run: the colours tell quantities apart; several:
/// runs. `validation`: the same under "validation_" + key, dashed.
std::vector<Curve> curves_of(std::span<const RunStory> stories,
                             const std::vector<Quantity>& quantities, bool validation,
                             std::string_view phase = "") {
    std::vector<Curve> curves;
    for (std::size_t run = 0; run < stories.size(); ++run) {
        for (std::size_t q = 0; q < quantities.size(); ++q) {
            const Quantity& quantity = quantities[q];
            const bool alone = stories.size() == 1;
            const std::string colour = kColours[(alone ? q : run) % kColours.size()];
            std::string label = alone ? quantity.label : run_letter(run);
            if (!alone && quantities.size() > 1) label += " " + quantity.label;
            Curve trained{label, colour, false, stories[run].series(quantity.key, phase)};
            if (!trained.points.empty()) curves.push_back(std::move(trained));
            if (!validation) continue;
            Curve held{"", colour, true,  // dashed lines are explained once, above the pictures
                       stories[run].series("validation_" + quantity.key, phase)};
            if (!held.points.empty()) curves.push_back(std::move(held));
        }
    }
    return curves;
}

/// Adds a picture of one or more quantities; several runs get one for each quantity.
std::string show_quantities(std::span<const RunStory> stories, Plotter& plotter,
                            const std::vector<Quantity>& quantities, const std::string& title,
                            const std::string& what, bool validation, std::string_view phase,
                            std::optional<std::pair<double, double>> y_range = std::nullopt) {
    LinePlot plot;
    plot.y_range = y_range;
    if (stories.size() == 1) {
        plot.curves = curves_of(stories, quantities, validation, phase);
        return show(plotter, plot, title, what);
    }
    std::string out;
    for (const Quantity& quantity : quantities) {
        plot.curves = curves_of(stories, {quantity}, validation, phase);
        out += show(plotter, plot,
                    quantities.size() == 1 ? title : concat(title, ", ", quantity.label), what);
    }
    return out;
}

/// The losses that a history has beyond those that have pictures of their own, in the order of the
/// file; those that are always zero, or the same as G's, are left out.
std::vector<Quantity> other_losses(std::span<const RunStory> stories) {
    const std::set<std::string, std::less<>> known = {"loss_pretrain", "loss_d", "loss_g"};
    std::vector<Quantity> found;
    for (const RunStory& story : stories) {
        if (story.history.empty()) continue;
        for (const auto& [key, value] : story.history.back().items()) {
            const bool taken =
                std::any_of(found.begin(), found.end(),
                            [&name = key](const Quantity& q) { return q.key == name; });
            if (!key.starts_with("loss_") || known.contains(key) || taken) continue;
            const auto points = story.series(key);
            const auto same = story.series("loss_g");
            const bool zero = std::all_of(points.begin(), points.end(),
                                          [](const auto& point) { return point.second == 0.0; });
            if (zero || points == same) continue;
            std::string label = key.substr(5);
            std::replace(label.begin(), label.end(), '_', ' ');
            found.push_back({key, label});
        }
    }
    return found;
}

}  // namespace

std::string run_letter(std::size_t run) {
    return run < 26 ? std::string(1, static_cast<char>('A' + run)) : std::to_string(run + 1);
}

std::string loss_section(std::span<const RunStory> stories, Plotter& plotter) {
    std::string figures = show_quantities(
        stories, plotter, {{"loss_pretrain", "G"}}, "Pretraining loss",
        "how far the generator is from the next event of real songs (continues in the adversarial "
        "phase)",
        true, "");
    figures += show_quantities(stories, plotter, {{"loss_g", "G"}, {"loss_d", "D"}},
                               "Generator and discriminator",
                               "their losses in the adversarial phase", true, "adversarial");
    figures += show_quantities(
        stories, plotter, {{"f_loss", "PF"}, {"f_loss_g", "part of G"}}, "PF classifier",
        "its loss, and what it adds to the generator's (before lambda)", true, "adversarial");
    for (const Quantity& quantity : other_losses(stories))
        figures += show_quantities(stories, plotter, {quantity}, "Loss: " + quantity.label, "",
                                   true, "adversarial");
    return section("Losses",
                   "Solid: on the training songs. Dashed: on songs that are not learnt from.",
                   figures);
}

std::string discriminator_section(std::span<const RunStory> stories, Plotter& plotter) {
    const std::pair<double, double> share{0.0, 1.0};
    std::string figures =
        show_quantities(stories, plotter, {{"accuracy", "D"}}, "Accuracy of D",
                        "share of songs, or of pairs, that it tells correctly; 0.5 is guessing",
                        true, "adversarial", share);
    figures +=
        show_quantities(stories, plotter, {{"d_real", "real songs"}, {"d_fake", "generated songs"}},
                        "What D says", "mean of D; 1 means real", true, "adversarial", share);
    figures += show_quantities(
        stories, plotter, {{"f_accuracy", "PF classifier"}}, "Accuracy of the PF classifier",
        "share of songs that it classifies correctly, by their sound", true, "adversarial", share);
    figures += show_quantities(
        stories, plotter, {{"f_real", "real songs"}, {"f_fake", "generated songs"}},
        "What the PF classifier says", "its mean; 1 means real", true, "adversarial", share);
    const std::vector<Quantity> freezes = {
        {"freezes_g", "G"}, {"freezes_d", "D"}, {"freezes_f", "PF"}};
    std::string rested =
        show_quantities(stories, plotter, freezes, "Freezes",
                        "minibatches of an epoch in which one side rested", false, "adversarial");
    const bool any = std::any_of(stories.begin(), stories.end(), [&](const RunStory& story) {
        for (const Quantity& quantity : freezes)
            for (const auto& [epoch, count] : story.series(quantity.key))
                if (count > 0.0) return true;
        return false;
    });
    std::string intro = "How well D and the PF classifier tell real songs from generated ones.";
    if (!any && !rested.empty()) {
        rested.clear();
        intro += " Freezes: none, neither side ever rested.";
    }
    return section("Discriminator", intro, figures + rested);
}

std::string metric_section(std::span<const RunStory> stories, Plotter& plotter) {
    const auto known = std::find_if(stories.begin(), stories.end(), [](const RunStory& story) {
        return story.real_metric(kPaperMetrics.front().key).has_value();
    });
    std::string figures;
    for (const PaperMetric& metric : kPaperMetrics) {
        LinePlot plot;
        for (std::size_t run = 0; run < stories.size(); ++run) {
            const bool alone = stories.size() == 1;
            plot.curves.push_back({alone ? "" : run_letter(run),
                                   alone ? metric.colour : kColours[run % kColours.size()], false,
                                   stories[run].series(metric.key)});
        }
        if (known != stories.end()) {
            if (const auto real = known->real_metric(metric.key))
                plot.band = {real->first, real->second};
        }
        figures += show(plotter, plot, metric.title, metric.what);
    }
    std::string intro =
        "The six metrics of the paper's Figures 5 to 7 (with the colours of its lines): means over "
        "the songs that were generated after each epoch.";
    if (known != stories.end()) {
        intro +=
            " Dashed: the mean of real songs, cut to the same length; shaded: one standard "
            "deviation around it.";
        const bool other = std::any_of(stories.begin(), stories.end(), [&](const RunStory& story) {
            const auto note = story.notes.find("data_fingerprint");
            const auto first = known->notes.find("data_fingerprint");
            return note != story.notes.end() && first != known->notes.end() &&
                   note->second != first->second;
        });
        if (other)
            intro += concat(" The runs had different data; the real songs are those of ",
                            run_letter(static_cast<std::size_t>(known - stories.begin())), ".");
    }
    return section("Metrics by epoch", intro, figures);
}

std::string overlap_section(std::span<const RunStory> stories, Plotter& plotter) {
    BarPlot bars;
    std::vector<std::string> heads = {"metric"};
    std::vector<std::vector<std::string>> rows;
    for (const PaperMetric& metric : kPaperMetrics) {
        bars.groups.emplace_back(metric.brief);
        rows.push_back({metric.title});
    }
    std::string alt = "Bars of overlap areas";
    bool any = false;
    for (std::size_t run = 0; run < stories.size(); ++run) {
        const HistoryRecord* record = stories[run].kept();
        if (record == nullptr) continue;
        const std::string prefix = stories.size() == 1 ? "" : run_letter(run) + ": ";
        BarPlot::Series series{
            stories.size() == 1 ? "" : run_letter(run), kColours[run % kColours.size()], {}};
        heads.insert(heads.end(), {prefix + "real (sd)", prefix + "generated", prefix + "overlap",
                                   prefix + "gap"});
        for (std::size_t m = 0; m < kPaperMetrics.size(); ++m) {
            const std::string key = kPaperMetrics[m].key;
            const auto text = [&](const std::optional<double>& x) {
                return x ? number_text(*x) : std::string("-");
            };
            const auto overlap = record->number("overlap_area_" + key);
            series.heights.push_back(overlap.value_or(std::nan("")));
            any = any || overlap;
            const auto real = stories[run].real_metric(key);
            rows[m].push_back(
                real ? concat(number_text(real->first), " (", number_text(real->second), ")")
                     : "-");
            rows[m].push_back(text(record->number(key)));
            rows[m].push_back(text(overlap));
            rows[m].push_back(text(record->number("gap_" + key)));
            alt += concat("; ", prefix, kPaperMetrics[m].title, " ", text(overlap));
        }
        bars.series.push_back(std::move(series));
    }
    if (!any) return "";
    const std::string svg = plotter.draw(bars);
    std::string figures;
    if (!svg.empty())
        figures +=
            figure(picture(svg, alt), "<b>Overlap areas</b> of the model that is kept; 1 is best");
    figures += show_quantities(stories, plotter, {{"mean_overlap_area", ""}}, "Mean overlap area",
                               "over the six metrics, by epoch; 1 is best", false, "",
                               std::pair(0.0, 1.0));
    figures += show_quantities(stories, plotter, {{"mean_gap", ""}}, "Mean gap",
                               "difference of the means in standard deviations of real songs; 0 "
                               "is best",
                               false, "");
    return section(
               "Likeness to real songs",
               "Overlap area: the shared area of the distances among real songs and of those "
               "between "
               "real and generated ones (Yang and Lerch). It is lenient: notes drawn at "
               "random reach 0.8, so see the gap as well. Both are measured with more songs than "
               "the means are.",
               figures) +
           table(heads, rows);
}

}  // namespace mgan::program
