#pragma once
/// \file
/// Gradient-boosted trees on histograms: the judge of a song's statistics.
///
/// A song is real with probability p = sigmoid(f). f is a sum of small trees; each is fitted to
/// what the trees before it leave over (Friedman 2001), by the loss's first and second derivative
/// with respect to f (Chen and Guestrin 2016):
///
///     L = -label log p - (1 - label) log(1 - p)
///     g = p - label,    h = p (1 - p)                                                    (1)
///     f += -rate sum(g) / (sum(h) + l2)          the sums over the samples of a leaf     (2)
///     gain of a split = GL^2 / (HL + l2) + GR^2 / (HR + l2) - G^2 / (H + l2)             (3)
///
/// Two ideas make it fast (LightGBM, Ke et al. 2017). Each feature is cut once into at most 255
/// bins, so the best threshold is found in one pass over sums of g and h per bin. And a tree grows
/// leaf by leaf, always where (3) is greatest, to a fixed number of leaves.
///
/// Each split sees a random share of the features, by the seed alone. Sums run in the order of the
/// samples: a seed always gives the same bits.

#include <mgan/core/error.hpp>
#include <mgan/core/random.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

struct BoostingOptions {
    int rounds = 150;  ///< trees
    double rate = 0.08;
    int leaves = 15;
    double l2 = 1.0;
    double feature_share = 0.3;  ///< of the features, for each split
    int bins = 255;              ///< at most, of a feature; 2 to 255
    int least_samples = 20;      ///< of a leaf
};

class Boosting {
public:
    /// Learns from x (features x N, all finite) and labels (N; 1 real, 0 generated). Throws
    /// ShapeError if the sizes do not match, DataError unless both labels occur.
    [[nodiscard]] static Boosting fit(const Matrix<double>& x, std::span<const int> labels,
                                      std::uint64_t seed, const BoostingOptions& options = {}) {
        require<ShapeError>(static_cast<std::size_t>(x.cols()) == labels.size(),
                            "Boosting::fit: ", x.cols(), " samples with ", labels.size(),
                            " labels");
        const auto ones = std::count(labels.begin(), labels.end(), 1);
        const auto zeros = std::count(labels.begin(), labels.end(), 0);
        require<DataError>(ones > 0 && zeros > 0 && ones + zeros == x.cols(),
                           "Boosting::fit: the labels must be 0 and 1, and both must occur");
        require<DataError>(x.allFinite(), "Boosting::fit: a feature is not finite");
        Boosting model;
        model.start_ = std::log(static_cast<double>(ones) / static_cast<double>(zeros));
        Grower(x, labels, seed, options).run(model);
        return model;
    }

    /// The logit f of each column of x (features x N).
    [[nodiscard]] Vector<double> logits(const Matrix<double>& x) const {
        Vector<double> f = Vector<double>::Constant(x.cols(), start_);
        for (const Tree& tree : trees_) {
            for (Index i = 0; i < x.cols(); ++i) f(i) += tree.value(x.col(i).data());
        }
        return f;
    }

    [[nodiscard]] std::size_t trees() const noexcept { return trees_.size(); }

private:
    struct Node {
        Index feature = 0;
        double threshold = 0.0;  ///< left where x <= threshold
        int left = -1;           ///< -1: a leaf
        int right = -1;
        double value = 0.0;  ///< of a leaf: (2)
    };

    struct Tree {
        std::vector<Node> nodes;

        [[nodiscard]] double value(const double* x) const {
            int at = 0;
            while (nodes[static_cast<std::size_t>(at)].left >= 0) {
                const Node& node = nodes[static_cast<std::size_t>(at)];
                at = x[node.feature] <= node.threshold ? node.left : node.right;
            }
            return nodes[static_cast<std::size_t>(at)].value;
        }
    };

    struct Sums {
        double g = 0.0;
        double h = 0.0;
        int count = 0;

        void operator+=(const Sums& other) noexcept {
            g += other.g;
            h += other.h;
            count += other.count;
        }
        [[nodiscard]] Sums minus(const Sums& other) const noexcept {
            return {g - other.g, h - other.h, count - other.count};
        }
        [[nodiscard]] double score(double l2) const noexcept { return g * g / (h + l2); }
    };

    /// The samples order[begin, end) that reached a node, and the best way to part them.
    struct Leaf {
        int node = 0;
        std::size_t begin = 0;
        std::size_t end = 0;
        Sums sums;
        double gain = 0.0;  ///< 0: no split is worth it
        Index feature = 0;
        int bin = 0;  ///< left where the sample's bin <= bin
    };

    class Grower {
    public:
        Grower(const Matrix<double>& x, std::span<const int> labels, std::uint64_t seed,
               const BoostingOptions& options)
            : labels_(labels),
              options_(options),
              random_(seed, "boosting features"),
              samples_(labels.size()),
              f_(samples_),
              derivatives_(samples_),
              order_(samples_),
              features_(static_cast<std::size_t>(x.rows())) {
            thresholds_.resize(features_.size());
            bins_.resize(features_.size() * samples_);
            std::iota(features_.begin(), features_.end(), Index{0});
            for (Index feature = 0; feature < x.rows(); ++feature) cut(x, feature);
        }

        void run(Boosting& model) {
            std::fill(f_.begin(), f_.end(), model.start_);
            for (int round = 0; round < options_.rounds; ++round) {
                for (std::size_t i = 0; i < samples_; ++i) {  // (1)
                    const double p = 1.0 / (1.0 + std::exp(-f_[i]));
                    derivatives_[i] = {p - labels_[i], p * (1.0 - p), 1};
                }
                model.trees_.push_back(grow());
            }
        }

    private:
        /// Thresholds between the values of a feature: all of them, or quantiles if they are many.
        void cut(const Matrix<double>& x, Index feature) {
            std::vector<double> sorted(samples_);
            for (std::size_t i = 0; i < samples_; ++i)
                sorted[i] = x(feature, static_cast<Index>(i));
            std::sort(sorted.begin(), sorted.end());
            std::vector<double> distinct = sorted;
            distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
            std::vector<double>& thresholds = thresholds_[static_cast<std::size_t>(feature)];
            const auto between = [](double a, double b) { return a + (b - a) / 2.0; };
            const auto bins = static_cast<std::size_t>(options_.bins);
            if (distinct.size() <= bins) {
                for (std::size_t i = 1; i < distinct.size(); ++i)
                    thresholds.push_back(between(distinct[i - 1], distinct[i]));
            } else {
                for (std::size_t k = 1; k < bins; ++k) {
                    const std::size_t i = k * samples_ / bins;
                    const double threshold = between(sorted[i - 1], sorted[i]);
                    if (thresholds.empty() || threshold > thresholds.back())
                        thresholds.push_back(threshold);
                }
            }
            for (std::size_t i = 0; i < samples_; ++i) {
                const auto found = std::lower_bound(thresholds.begin(), thresholds.end(),
                                                    x(feature, static_cast<Index>(i)));
                bins_[static_cast<std::size_t>(feature) * samples_ + i] =
                    static_cast<std::uint8_t>(found - thresholds.begin());
            }
        }

        [[nodiscard]] const std::uint8_t* bins_of(Index feature) const {
            return bins_.data() + static_cast<std::size_t>(feature) * samples_;
        }

        Tree grow() {
            std::iota(order_.begin(), order_.end(), std::uint32_t{0});
            Tree tree;
            tree.nodes.emplace_back();
            std::vector<Leaf> leaves = {make_leaf(0, 0, samples_)};
            while (leaves.size() < static_cast<std::size_t>(options_.leaves)) {
                // The first of equally good leaves, so that nothing but the seed decides.
                const auto best =
                    std::max_element(leaves.begin(), leaves.end(),
                                     [](const Leaf& a, const Leaf& b) { return a.gain < b.gain; });
                if (!(best->gain > 0.0)) break;
                const Leaf parent = *best;
                const std::uint8_t* bins = bins_of(parent.feature);
                const auto middle = std::stable_partition(
                    order_.begin() + static_cast<std::ptrdiff_t>(parent.begin),
                    order_.begin() + static_cast<std::ptrdiff_t>(parent.end),
                    [&](std::uint32_t sample) { return bins[sample] <= parent.bin; });
                const auto cut = static_cast<std::size_t>(middle - order_.begin());
                const int left = static_cast<int>(tree.nodes.size());
                tree.nodes.resize(tree.nodes.size() + 2);
                Node& node = tree.nodes[static_cast<std::size_t>(parent.node)];
                node.feature = parent.feature;
                node.threshold = thresholds_[static_cast<std::size_t>(parent.feature)]
                                            [static_cast<std::size_t>(parent.bin)];
                node.left = left;
                node.right = left + 1;
                *best = make_leaf(left, parent.begin, cut);
                leaves.push_back(make_leaf(left + 1, cut, parent.end));
            }
            for (const Leaf& leaf : leaves) {
                const double value =
                    -options_.rate * leaf.sums.g / (leaf.sums.h + options_.l2);  // (2)
                tree.nodes[static_cast<std::size_t>(leaf.node)].value = value;
                for (std::size_t i = leaf.begin; i < leaf.end; ++i) f_[order_[i]] += value;
            }
            return tree;
        }

        Leaf make_leaf(int node, std::size_t begin, std::size_t end) {
            Leaf leaf{node, begin, end, {}, 0.0, 0, 0};
            for (std::size_t i = begin; i < end; ++i) leaf.sums += derivatives_[order_[i]];
            draw_features();
            for (std::size_t k = 0; k < drawn(); ++k) consider(features_[k], leaf);
            return leaf;
        }

        [[nodiscard]] std::size_t drawn() const {
            const double share = options_.feature_share * static_cast<double>(features_.size());
            return std::clamp<std::size_t>(static_cast<std::size_t>(share), 1, features_.size());
        }
        /// Puts a random choice of features in front. (Fisher and Yates, the first places only.)
        void draw_features() {
            const Random random = random_.at(draws_++);
            for (std::size_t k = 0; k < drawn(); ++k)
                std::swap(features_[k], features_[k + random.integer(k, features_.size() - k)]);
        }

        /// Equation (3) for every threshold of a feature.
        void consider(Index feature, Leaf& leaf) {
            const std::size_t thresholds = thresholds_[static_cast<std::size_t>(feature)].size();
            if (thresholds == 0) return;
            std::fill_n(histogram_.begin(), thresholds + 1, Sums{});
            const std::uint8_t* bins = bins_of(feature);
            for (std::size_t i = leaf.begin; i < leaf.end; ++i)
                histogram_[bins[order_[i]]] += derivatives_[order_[i]];
            const double whole = leaf.sums.score(options_.l2);
            Sums left;
            for (std::size_t bin = 0; bin < thresholds; ++bin) {
                left += histogram_[bin];
                const Sums right = leaf.sums.minus(left);
                if (left.count < options_.least_samples) continue;
                if (right.count < options_.least_samples) break;
                const double gain = left.score(options_.l2) + right.score(options_.l2) - whole;
                if (gain <= leaf.gain) continue;
                leaf.gain = gain;
                leaf.feature = feature;
                leaf.bin = static_cast<int>(bin);
            }
        }

        std::span<const int> labels_;
        BoostingOptions options_;
        Random random_;
        std::uint64_t draws_ = 0;
        std::size_t samples_;
        std::vector<double> f_;
        std::vector<Sums> derivatives_;     ///< of the samples, count 1
        std::vector<std::uint32_t> order_;  ///< samples, those of a leaf side by side
        std::vector<Index> features_;
        std::vector<std::vector<double>> thresholds_;  ///< of each feature, ascending
        std::vector<std::uint8_t> bins_;               ///< feature by feature
        std::array<Sums, 256> histogram_;
    };

    double start_ = 0.0;
    std::vector<Tree> trees_;
};

}  // namespace mgan::inline MGAN_ABI::judging
