#pragma once
/// \file
/// One head of a step-quantile generator: the distribution of one component of an event.
///
/// The head of component k reads what the recurrent net knows, h, the style that is asked for, and
/// the components of this event that are drawn already, v_0 .. v_{k-1}:
///
///     a = W [h ; style] + b  +  sum over j < k of  E_j(v_j)  +  P(phase of the new onset)
///           +  sum over sources s, j < k of  A_{j,s} [source s has v_j]
///           +  sum over keys that sound of  S(key)                     (pitch alone)        (1)
///     r = R relu(a) + c                                                                     (2)
///     logit(v) = sum of the rows of r that speak for v                                      (3)
///     q(v) = softmax of the logits of the open values                                       (4)
///            (within the limits; see `close_values` for what else the style leaves no room for)
///
/// Why more rows than values? Music repeats itself, and a value that just came is likely whatever
/// it is. So r has, below one row for each value, rows that speak for a value by its *role*:
///
///     copy        one a source      "the value that source s has"
///     used        two               "a value that came before"; the second times log(1 + n) / 2
///     sounding    one               "a key that sounds already"                       pitch
///     interval    25 a source       "-12 .. 12 semitones from the pitch of source s"  pitch
///     used class  two               "a pitch class that came before", as of `used`    pitch
///     harmony     12 a voice        "0 .. 11 semitones above it, in any octave"       pitch
///     keys        one a set         "a key of that set"                                pitch
///     arrival     Q                 "arrives at phase i of the quarter"               gap, length
///     release     one an end        "when that sounding note ends"                    gap, length
///     legato      9                 "-4 .. 4 values from the gap"                     length
///     loudness    13 a voice        "-6 .. 6 values from its velocity"                velocity
///
/// A voice is a source for which a part stands: the last event, the highest and the lowest note of
/// the onset before.
///
/// (3) is linear, so its backward pass sends each logit's gradient to the rows that spoke for it:
///
///     dlogit(v) = g (q(v) - [v = drawn]),      g: weight of this event's -log q(drawn)      (5)
///     dr_i = sum over the values v that row i spoke for of  dlogit(v)                        (6)
///     da = [a > 0] * R^T dr,       dR += dr relu(a)^T,    dc += dr                           (7)
///     dh = (rows of h in) W^T da,  dE_j(v_j) += da, dA_{j,s} += da where they agree, ...     (8)
///
/// The recurrent net is run once an event, the head as often as there are values to try.

#include <mgan/layers/activation.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/models/step_inputs.hpp>
#include <mgan/models/step_rows.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class StepHead {
public:
    using ScalarType = Scalar;

    /// Closes a value: its probability becomes 0.
    static constexpr RealOf<Scalar> kClosed = RealOf<Scalar>(-1e30);

    /// State saved for backward, plus scratch, of the N columns of one call.
    struct Cache {
        Matrix<Scalar> hidden;        ///< relu(a), A x N
        Matrix<Scalar> rows;          ///< r, then dr
        Matrix<Scalar> probability;   ///< q, values x N
        Vector<Scalar> negative_log;  ///< -log q(v) of the v in `event`, where it holds one: N
        Matrix<Scalar> d_hidden;      ///< A x N
        Matrix<Scalar> input;         ///< [h ; style]
        Matrix<Scalar> d_input;
        typename Dense<Scalar>::Cache read, write;
    };

    StepHead() = default;

    /// The head of component `component`: H + M_style numbers in, `width` hidden units; all
    /// parameters zero (`initialise_step_head` gives them their first values).
    StepHead(const StepShape& shape, Index component, Index hidden, Index width)
        : shape_(shape),
          component_(component),
          rows_(shape, component),
          read(hidden + shape.style, width),
          write(width, rows_.end) {
        if (rows_.loudness > rows_.legato) legato_ = nearest_lengths(shape, component);
        for (Index j = 0; j < component; ++j)
            earlier.push_back(
                Matrix<Scalar>::Zero(width, shape.components[static_cast<std::size_t>(j)].size()));
        if (component > 0) {
            arrival = Matrix<Scalar>::Zero(width, shape.quarter);
            agreement = Matrix<Scalar>::Zero(width, component * shape.sources);
        }
        if (kind() == StepKind::pitch) {
            sounding = Matrix<Scalar>::Zero(width, kKeys);
            value_of_key_.assign(kKeys, -1);
            for (const std::int32_t key : own().values) {
                value_of_key_[static_cast<std::size_t>(key)] =
                    static_cast<std::int16_t>(classes_.size());
                classes_.push_back(static_cast<std::uint8_t>(key % StepRows::kClasses));
            }
        }
        if (rows_.legato > rows_.arrival) {
            for (const std::int32_t steps : own().values)
                phases_.push_back(static_cast<std::int32_t>(steps % shape.quarter));
        }
    }

    [[nodiscard]] StepKind kind() const noexcept { return own().kind; }
    [[nodiscard]] Index values() const noexcept { return own().size(); }
    [[nodiscard]] Index component() const noexcept { return component_; }
    [[nodiscard]] Index width() const noexcept { return read.out(); }
    [[nodiscard]] const StepRows& rows() const noexcept { return rows_; }

    /// Equations (1) to (4) for the columns first .. first + N - 1 of `in`, whose `event` holds the
    /// values of the earlier components. h: H x N. q goes to cache.probability. For playing, not
    /// for `backward`: `sharpness`, 1 / temperature of each column, multiplies the logits; then
    /// `bias`, values x N, is added to them: q times exp(bias), made to sum to 1 again. A value is
    /// closed by `kClosed`; one at least within the limits must stay open.
    void forward(const StepInputs<Scalar>& in, Index first, const ConstMatrixRef<Scalar>& h,
                 Cache& cache, std::span<const RealOf<Scalar>> sharpness = {},
                 std::span<const RealOf<Scalar>> bias = {}) const {
        const Index n = h.cols();
        cache.input.resize(read.in(), n);
        cache.input.topRows(h.rows()) = h;
        cache.input.bottomRows(shape_.style) =
            in.numbers.middleCols(first, n).bottomRows(shape_.style);
        cache.hidden.resize(width(), n);
        read.forward(cache.input, cache.hidden);
        for (Index i = 0; i < n; ++i) add_context(in, first + i, cache.hidden.col(i).data());
        activate<Scalar>(Activation::relu, cache.hidden);
        cache.rows.resize(rows_.end, n);
        write.forward(cache.hidden, cache.rows);
        cache.probability.resize(values(), n);
        cache.negative_log.resize(n);
        for (Index i = 0; i < n; ++i) {
            Scalar* logit = cache.probability.col(i).data();
            const Scalar* r = cache.rows.col(i).data();
            std::copy_n(r, values(), logit);
            const auto add_run = [&](Index row, Index value, Index count, Scalar factor) {
                for (Index k = 0; k < count; ++k) logit[value + k] += factor * r[row + k];
            };
            const auto add_classes = [&](Index row, Index from) {
                Classes of_class;
                for (Index above = 0; above < StepRows::kClasses; ++above)
                    of_class[class_above(from, above)] = r[row + above];
                for (Index v = 0; v < values(); ++v)
                    logit[v] += of_class[classes_[static_cast<std::size_t>(v)]];
            };
            for_each_row(in, first + i, add_run, add_classes);
            if (!sharpness.empty())
                cache.probability.col(i) *= Scalar(sharpness[static_cast<std::size_t>(i)]);
            for (std::size_t v = 0; v < bias.size() / static_cast<std::size_t>(n); ++v)
                logit[v] += bias[static_cast<std::size_t>(i * values()) + v];
            auto [low, high] = in.limit(first + i, component_);
            const Index drawn = in.value(first + i, component_);
            if (drawn >= 0) {  // what is there was possible
                low = std::min(low, in.value(first + i, component_));
                high = std::max(high, in.value(first + i, component_));
            }
            close_values(in, first + i, logit);
            cache.negative_log(i) = drawn >= 0 ? -logit[drawn] : Scalar(0);
            const Scalar total = softmax(logit, low, high + 1);
            if (drawn >= 0) cache.negative_log(i) += total;
        }
    }

    /// The value whose part of the cumulative distribution holds the level z, 0 <= z < 1, in column
    /// i of the last `forward`: F^-1(z). Never a value that is closed.
    [[nodiscard]] std::int16_t quantile(const Cache& cache, Index i, double z) const noexcept {
        double below = 0.0;
        Index chosen = -1;
        for (Index v = 0; v < values(); ++v) {
            const auto q = static_cast<double>(real_part(cache.probability(v, i)));
            if (q <= 0.0) continue;
            chosen = v;  // the last one, where rounding leaves the sum of all below z
            below += q;
            if (z < below) break;
        }
        return static_cast<std::int16_t>(chosen);
    }

    /// Equations (5) to (8). weight(i): g of column i, for the value that `event` holds (a column
    /// of weight zero takes no part). dh: H x N, added to. `gradients` is added to.
    void backward(const StepInputs<Scalar>& in, Index first, const ConstVectorMap<Scalar>& weight,
                  Cache& cache, MatrixRef<Scalar> dh, StepHead& gradients) const {
        const Index n = weight.size();
        for (Index i = 0; i < n; ++i) {
            Scalar* d_logit = cache.probability.col(i).data();  // q becomes (5)
            d_logit[in.value(first + i, component_)] -= Scalar(1);
            cache.probability.col(i) *= weight(i);
            Scalar* dr = cache.rows.col(i).data();
            std::copy_n(d_logit, values(), dr);
            std::fill(dr + values(), dr + rows_.end, Scalar(0));
            const auto add_run = [&](Index row, Index value, Index count, Scalar factor) {
                for (Index k = 0; k < count; ++k) dr[row + k] += factor * d_logit[value + k];
            };
            const auto add_classes = [&](Index row, Index from) {
                Classes of_class{};
                for (Index v = 0; v < values(); ++v)
                    of_class[classes_[static_cast<std::size_t>(v)]] += d_logit[v];
                for (Index above = 0; above < StepRows::kClasses; ++above)
                    dr[row + above] += of_class[class_above(from, above)];
            };
            for_each_row(in, first + i, add_run, add_classes);
        }
        write.prepare_backward(cache.write);
        cache.d_hidden.resize(width(), n);
        write.backward_input(cache.rows, cache.write, cache.d_hidden);
        write.backward_parameters(cache.hidden, cache.rows, gradients.write);
        activate_backward<Scalar>(Activation::relu, cache.hidden, cache.d_hidden);
        read.prepare_backward(cache.read);
        cache.d_input.resize(read.in(), n);
        read.backward_input(cache.d_hidden, cache.read, cache.d_input);
        dh += cache.d_input.topRows(dh.rows());
        read.backward_parameters(cache.input, cache.d_hidden, gradients.read);
        for (Index i = 0; i < n; ++i)
            gradients.learn_context(in, first + i, cache.d_hidden.col(i).data());
    }

    /// See `Dense::pack_half`.
    void pack_half() {
        read.pack_half();
        write.pack_half();
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        Dense<Scalar>::visit(self.read, visitor, prefix / "read.");
        for (std::size_t j = 0; j < self.earlier.size(); ++j)
            visitor(prefix.numbered("earlier.", static_cast<Index>(j), ".weight"), self.earlier[j]);
        if (self.component_ > 0) {
            visitor(prefix / "arrival.weight", self.arrival);
            visitor(prefix / "agreement.weight", self.agreement);
        }
        if (self.kind() == StepKind::pitch) visitor(prefix / "sounding.weight", self.sounding);
        Dense<Scalar>::visit(self.write, visitor, prefix / "write.");
    }

private:
    static constexpr Index kKeys = 128;
    /// What takes a value out of reach, but leaves the order of those that all are: then what a
    /// director wants, who closes values altogether (`kClosed`), comes first.
    static constexpr RealOf<Scalar> kOutside = RealOf<Scalar>(1e4);

    [[nodiscard]] const StepComponentShape& own() const noexcept {
        return shape_.components[static_cast<std::size_t>(component_)];
    }

    [[nodiscard]] static Index gap_of(const StepShape& shape) noexcept {
        return shape.find(StepKind::gap);
    }

    /// For each value of the gap: the index of the length nearest to it.
    [[nodiscard]] static std::vector<std::int16_t> nearest_lengths(const StepShape& shape,
                                                                   Index component) {
        const auto& lengths = shape.components[static_cast<std::size_t>(component)].values;
        std::vector<std::int16_t> nearest;
        for (const std::int32_t gap :
             shape.components[static_cast<std::size_t>(gap_of(shape))].values) {
            const auto at = std::min_element(lengths.begin(), lengths.end(),
                                             [&](std::int32_t a, std::int32_t b) {
                                                 return std::abs(a - gap) < std::abs(b - gap);
                                             });
            nearest.push_back(static_cast<std::int16_t>(at - lengths.begin()));
        }
        return nearest;
    }

    /// A number for each pitch class.
    using Classes = std::array<Scalar, StepRows::kClasses>;
    [[nodiscard]] static std::size_t class_above(Index from, Index above) noexcept {
        return static_cast<std::size_t>((from + above) % StepRows::kClasses);
    }

    /// Calls f(row, value, count, factor) for every run of rows of r that speaks for a run of
    /// values: row + k for value + k, k < count. And `by_class(row, c)` for every twelve rows that
    /// speak for all pitches: row + k for those of the class that is k semitones above c.
    template <typename Visit, typename VisitClasses>
    void for_each_row(const StepInputs<Scalar>& in, Index column, Visit&& f,
                      VisitClasses&& by_class) const {
        const Index size = values();
        for (Index s = 0; s < shape_.sources; ++s) {
            const Index value = in.source(column, s, component_);
            if (value >= 0) f(rows_.copy + s, value, Index(1), Scalar(1));
        }
        if (rows_.sounding > rows_.used) {
            const Scalar* count = in.counts.col(column).data() + shape_.counts_before(component_);
            for (Index v = 0; v < size; ++v) {
                if (real_part(count[v]) <= RealOf<Scalar>(0)) continue;
                f(rows_.used, v, Index(1), Scalar(1));
                f(rows_.used + 1, v, Index(1), count[v]);
            }
        }
        if (kind() == StepKind::pitch) for_each_pitch_row(in, column, f, by_class);
        if (rows_.legato > rows_.arrival) for_each_time_row(in, column, f);
        if (kind() == StepKind::velocity)
            for_each_row_around(in, column, shape_.voice_sources, rows_.loudness,
                                StepRows::kLoudness, f);
    }

    /// 2 reach + 1 rows a source: its value, and those up to `reach` below and above.
    template <typename Visit>
    void for_each_row_around(const StepInputs<Scalar>& in, Index column,
                             const std::vector<Index>& sources, Index row, Index reach,
                             Visit&& f) const {
        for (const Index s : sources) {
            const Index centre = in.source(column, s, component_);
            if (centre >= 0) spread(f, row, reach, centre, values());
            row += 2 * reach + 1;
        }
    }

    /// "Sounding", "interval", "used class", "harmony" and "keys".
    template <typename Visit, typename VisitClasses>
    void for_each_pitch_row(const StepInputs<Scalar>& in, Index column, Visit&& f,
                            VisitClasses&& by_class) const {
        const Index size = values();
        const auto for_each_of = [&](const typename StepInputs<Scalar>::Keys& keys, Index row) {
            for_each_key(keys, [&](Index key) {
                const Index v = value_of_key_[static_cast<std::size_t>(key)];
                if (v >= 0) f(row, v, Index(1), Scalar(1));
            });
        };
        for_each_of(in.sounding[static_cast<std::size_t>(column)], rows_.sounding);
        for_each_row_around(in, column, shape_.interval_sources, rows_.interval,
                            StepRows::kIntervals, f);
        Classes used{};
        const Scalar* count = in.counts.col(column).data() + shape_.counts_before(component_);
        for (Index v = 0; v < size; ++v) used[classes_[static_cast<std::size_t>(v)]] += count[v];
        for (Index v = 0; v < size; ++v) {
            const Scalar uses = used[classes_[static_cast<std::size_t>(v)]];
            if (real_part(uses) <= RealOf<Scalar>(0)) continue;
            f(rows_.used_class, v, Index(1), Scalar(1));
            f(rows_.used_class + 1, v, Index(1), uses);
        }
        Index row = rows_.harmony;
        for (const Index s : shape_.voice_sources) {
            const Index from = in.source(column, s, component_);
            if (from >= 0) by_class(row, Index{classes_[static_cast<std::size_t>(from)]});
            row += StepRows::kClasses;
        }
        for (Index k = 0; k < shape_.key_sets; ++k)
            for_each_of(in.key_set(column, k), rows_.keys + k);
    }

    /// "Arrival", "release" and "legato".
    template <typename Visit>
    void for_each_time_row(const StepInputs<Scalar>& in, Index column, Visit&& f) const {
        const Index size = values(), phase = in.new_phase[static_cast<std::size_t>(column)];
        for (Index v = 0; v < size; ++v) {
            const Index at = phase + phases_[static_cast<std::size_t>(v)];
            f(rows_.arrival + (at < shape_.quarter ? at : at - shape_.quarter), v, Index(1),
              Scalar(1));
        }
        for (Index e = 0; e < shape_.releases; ++e) {
            const auto end = in.release(column, e);
            const Index value = kind() == StepKind::length ? end.length : end.gap;
            if (value >= 0) f(rows_.release + e, value, Index(1), Scalar(1));
        }
        if (rows_.loudness == rows_.legato) return;
        const Index gap = in.value(column, gap_of(shape_));
        spread(f, rows_.legato, StepRows::kLegato, legato_[static_cast<std::size_t>(gap)], size);
    }

    /// Rows row .. row + 2 reach speak for the values centre - reach .. centre + reach that exist.
    template <typename Visit>
    static void spread(Visit&& f, Index row, Index reach, Index centre, Index size) {
        const Index begin = std::max<Index>(0, centre - reach);
        const Index end = std::min(size, centre + reach + 1);
        f(row + begin - (centre - reach), begin, end - begin, Scalar(1));
    }

    /// Calls f(key) for each key of a set, from the lowest.
    template <typename Visit>
    static void for_each_key(const typename StepInputs<Scalar>::Keys& keys, Visit&& f) {
        for (std::size_t half = 0; half < keys.size(); ++half) {
            for (std::uint64_t left = keys[half]; left != 0; left &= left - 1)
                f(static_cast<Index>(64 * half) + static_cast<Index>(std::countr_zero(left)));
        }
    }

    /// Calls f(matrix, column of it) for every column that (1) adds besides W and b. `Self` may be
    /// a head or its gradients.
    template <typename Self, typename Visit>
    static void for_each_embedding(Self& self, const StepInputs<Scalar>& in, Index column,
                                   Visit&& f) {
        const Index component = self.component_, sources = self.shape_.sources;
        for (Index j = 0; j < component; ++j) {
            const Index value = in.value(column, j);
            f(self.earlier[static_cast<std::size_t>(j)], value);
            for (Index s = 0; s < sources; ++s)
                if (in.source(column, s, j) == value) f(self.agreement, j * sources + s);
        }
        if (component > 0) f(self.arrival, in.new_phase[static_cast<std::size_t>(column)]);
        if (self.kind() == StepKind::pitch) {
            for_each_key(in.sounding[static_cast<std::size_t>(column)],
                         [&](Index key) { f(self.sounding, key); });
        }
    }

    void add_context(const StepInputs<Scalar>& in, Index column, Scalar* a) const {
        for_each_embedding(*this, in, column, [&](const Matrix<Scalar>& weight, Index at) {
            VectorMap<Scalar>(a, width()) += weight.col(at);
        });
    }
    void learn_context(const StepInputs<Scalar>& in, Index column, const Scalar* da) {
        for_each_embedding(*this, in, column, [&](Matrix<Scalar>& weight, Index at) {
            weight.col(at) += ConstVectorMap<Scalar>(da, width());
        });
    }

    /// Takes out of reach what the style leaves no room for: a further key where enough sound, a
    /// pitch of a closed class, a length beyond the next onset.
    void close_values(const StepInputs<Scalar>& in, Index column, Scalar* logit) const noexcept {
        const auto at = static_cast<std::size_t>(column);
        const std::vector<std::int32_t>& value = own().values;
        if (kind() == StepKind::move && in.full[at] != 0)
            close_where(in, column, logit, [&](std::size_t v) { return value[v] == 0; });
        if (kind() == StepKind::pitch && in.classes[at] != kEveryClass)
            close_where(in, column, logit,
                        [&](std::size_t v) { return (in.classes[at] >> value[v] % 12 & 1) == 0; });
        if (kind() != StepKind::length || in.hold[at] == 0) return;
        const Index gap = gap_of(shape_);
        const std::int32_t steps = shape_.components[static_cast<std::size_t>(gap)]
                                       .values[static_cast<std::size_t>(in.value(column, gap))];
        if (steps < in.hold[at])
            close_where(in, column, logit, [&](std::size_t v) { return value[v] > steps; });
    }

    /// ... unless the event has such a value: what is there was possible.
    template <typename Closed>
    void close_where(const StepInputs<Scalar>& in, Index column, Scalar* logit,
                     Closed&& closed) const noexcept {
        const Index drawn = in.value(column, component_);
        if (drawn >= 0 && closed(static_cast<std::size_t>(drawn))) return;
        for (std::size_t v = 0; v < own().values.size(); ++v)
            if (closed(v)) logit[v] -= Scalar(kOutside);
    }

    /// logit[low, high) := softmax; 0 elsewhere. Returns log sum exp of the logits.
    Scalar softmax(Scalar* logit, Index low, Index high) const {
        using std::exp;
        using std::log;
        RealOf<Scalar> peak = real_part(logit[low]);
        for (Index v = low + 1; v < high; ++v) peak = std::max(peak, real_part(logit[v]));
        Scalar sum(0);
        for (Index v = 0; v < values(); ++v) {
            logit[v] = v < low || v >= high ? Scalar(0) : exp(logit[v] - Scalar(peak));
            sum += logit[v];
        }
        const Scalar inverse = Scalar(1) / sum;
        for (Index v = low; v < high; ++v) logit[v] *= inverse;
        return Scalar(peak) + log(sum);
    }

    StepShape shape_;
    Index component_ = 0;
    StepRows rows_;
    std::vector<std::int16_t> legato_;
    // Of pitches: the class of each, and the value of each key, or -1.
    std::vector<std::uint8_t> classes_;
    std::vector<std::int16_t> value_of_key_;
    std::vector<std::int32_t> phases_;  // of gaps and lengths: what remains of quarters

public:
    Dense<Scalar> read;                   ///< W, b: A x (H + style)
    std::vector<Matrix<Scalar>> earlier;  ///< E_j: A x values of component j
    Matrix<Scalar> arrival;               ///< P: A x Q
    Matrix<Scalar> agreement;             ///< A x (k S), columns j S + s
    Matrix<Scalar> sounding;              ///< S: A x 128
    Dense<Scalar> write;                  ///< R, c: rows x A
};

}  // namespace mgan::inline MGAN_ABI
