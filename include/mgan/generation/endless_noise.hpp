#pragma once
/// \file
/// The noise of songs that never end, step by step, through the noise path of a generator.
///
///     steps  0 ......... N - 1 | N ......... | ...        N = plane_steps(length of the song)
///            plane of the song   chunk         chunk
///
/// The plane of the first N steps is that of a song of `length` steps, to the bit
/// (`NoisePath::forward_long`), so an endless song begins as the song does. What follows comes in
/// chunks. With a mapping network of T steps a chunk has T - T/4: windows of T steps overlap by T/4
/// and fade into each other there, as in noise_path.hpp. With a convolution each chunk knows the
/// steps beside it: w has no seam but the one at N, where the song ended.
///
/// Uniform numbers are a function of the step, so no chunk depends on when it is computed. After
/// `start` nothing allocates.

#include <mgan/core/random.hpp>
#include <mgan/models/noise_path.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Which numbers the noise is: feature f of step t of song b is number skip + t Z + f of
/// `of_song[b]`, on [low, high).
struct NoiseNumbers {
    std::vector<Random> of_song;
    std::uint64_t skip = 0;
    double low = 0.0;
    double high = 1.0;
};

/// z of the steps first, first + 1, ...: [T, B, Z]. `level(b, f, u)` gives the number to be used
/// for u in [0, 1), feature f of song b.
template <typename Scalar, typename Level>
void draw_noise(const NoiseNumbers& numbers, Index first, SequenceView<Scalar> z, Level&& level) {
    for (Index t = 0; t < z.steps(); ++t) {
        auto step = z.step(t);
        for (Index b = 0; b < z.batch(); ++b) {
            const Random& random = numbers.of_song[static_cast<std::size_t>(b)];
            for (Index f = 0; f < z.features(); ++f) {
                const std::uint64_t index =
                    numbers.skip + static_cast<std::uint64_t>((first + t) * z.features() + f);
                step(f, b) = static_cast<Scalar>(std::fma(
                    numbers.high - numbers.low, level(b, f, random.uniform(index)), numbers.low));
            }
        }
    }
}

template <typename Scalar>
class EndlessNoise {
public:
    /// Begins songs of `features` (Z) numbers a step. `path` may be null or empty: w is z then; it
    /// must outlive this object. Allocates the first time, or where sizes grow.
    void start(const NoisePath<Scalar>* path, Index features, Index length,
               const NoiseNumbers& numbers) {
        path_ = path != nullptr && !path->empty() ? path : nullptr;
        features_ = features;
        numbers_ = numbers;
        plane_ = std::max<Index>(1, path_ != nullptr ? path_->plane_steps(length) : length);
        begin_ = end_ = 0;
        const Index batch = songs();
        hop_ = maps() ? window() - path_->overlap() : kBlock;
        const Index most = std::max(plane_, hop_);
        now_.resize(1, batch, features_);
        if (path_ == nullptr) return;
        for (Sequence<Scalar>* one : {&z_, &w_}) one->resize(most, batch, features_);
        joined_.resize(hop_ + 2 * reach(), batch, features_);
        filtered_.resize(hop_ + 2 * reach(), batch, features_);
        edge_.resize(std::max<Index>(1, reach()), batch, features_);
        if (!maps()) return;
        for (Sequence<Scalar>* one : {&window_z_, &window_, &next_window_})
            one->resize(window(), batch, features_);
    }

    /// Makes step t ready; steps are asked for in order, from 0. `level(b, f, u)` gives the number
    /// in [0, 1) to be used for the number u that was drawn: u itself where nobody directs. z is
    /// that of the step, w that of the plane or chunk, whose noise is drawn when its first step is
    /// asked for.
    template <typename Level>
    void prepare(Index t, Level&& level) {
        while (t >= end_) {
            if (end_ == 0)
                first_plane(level);
            else
                next_chunk(level);
        }
        at_ = t - begin_;
        draw(t, now_.view(), level);
    }
    void prepare(Index t) {
        prepare(t, [](Index, Index, double u) { return u; });
    }

    /// Song `to` becomes as song `from`. Allocates nothing.
    void copy_song(Index from, Index to) noexcept {
        numbers_.of_song[static_cast<std::size_t>(to)] =
            numbers_.of_song[static_cast<std::size_t>(from)];
        for (Sequence<Scalar>* steps : {&now_, &w_, &edge_, &window_, &next_window_})
            for (Index t = 0; t < steps->steps(); ++t)
                steps->step(t).col(to) = steps->step(t).col(from);
    }

    /// w and z of the step that `prepare` was asked for, [1, B, Z].
    [[nodiscard]] SequenceView<const Scalar> w() const noexcept {
        return path_ != nullptr ? w_.view().steps(at_, 1) : now_.view();
    }
    [[nodiscard]] SequenceView<const Scalar> z() const noexcept { return now_.view(); }

private:
    /// Steps of a chunk where no mapping network asks for more.
    static constexpr Index kBlock = 64;

    [[nodiscard]] Index songs() const noexcept {
        return static_cast<Index>(numbers_.of_song.size());
    }
    [[nodiscard]] bool maps() const noexcept { return path_ != nullptr && path_->maps(); }
    [[nodiscard]] Index window() const noexcept { return path_->settings().plane_length; }
    /// Steps that the convolution sees to each side.
    [[nodiscard]] Index reach() const noexcept {
        return path_ != nullptr ? path_->settings().convolution / 2 : 0;
    }

    template <typename Level>
    void draw(Index first, SequenceView<Scalar> z, Level&& level) const {
        draw_noise<Scalar>(numbers_, first, z, level);
    }

    template <typename Level>
    void first_plane(Level&& level) {
        end_ = plane_;
        if (path_ == nullptr) return;
        z_.resize(plane_, songs(), features_);
        draw(0, z_.view(), level);
        const Sequence<Scalar>& w = path_->forward_long(std::as_const(z_).view(), cache_);
        w_.resize(plane_, songs(), features_);
        w_.all() = w.all();
        // The convolution's input, as far as the next chunk sees it.
        const Sequence<Scalar>& input = path_->convolves() ? cache_.mapped : w;
        for (Index i = 0; i < reach(); ++i) {
            const Index t = plane_ - reach() + i;
            if (t >= 0)
                edge_.step(i) = input.step(t);
            else
                edge_.step(i).setZero();
        }
    }

    template <typename Level>
    void next_chunk(Level&& level) {
        const bool follows_plane = end_ == plane_;
        begin_ = end_;
        end_ += hop_;
        if (path_ == nullptr) return;
        const Index side = reach();
        for (Index i = 0; i < side; ++i) joined_.step(i) = edge_.step(i);
        if (maps()) {
            const Index fade = path_->overlap();
            if (follows_plane) map_window(begin_ - fade, next_window_, level);
            std::swap(window_, next_window_);
            map_window(end_ - fade, next_window_, level);
            for (Index i = 0; i < hop_; ++i) joined_.step(side + i) = window_.step(fade + i);
            path_->fade_into(joined_, side + hop_ - fade, next_window_, fade);
            for (Index i = 0; i < side; ++i)
                joined_.step(side + hop_ + i) = next_window_.step(std::min(fade + i, window() - 1));
        } else {
            draw(begin_, joined_.view().steps(side, hop_ + side), level);
        }
        for (Index i = 0; i < side; ++i) edge_.step(i) = joined_.step(hop_ + i);
        w_.resize(hop_, songs(), features_);
        if (path_->convolves()) {
            path_->convolution.forward(std::as_const(joined_).view(), filtered_.view(),
                                       cache_.convolution);
            w_.all() = filtered_.range(side, hop_);
        } else {
            w_.all() = joined_.range(side, hop_);
        }
    }

    template <typename Level>
    void map_window(Index first, Sequence<Scalar>& mapped, Level&& level) {
        draw(first, window_z_.view(), level);
        path_->mapping.forward(std::as_const(window_z_).view(), mapped.view(), cache_.mapping);
    }

    const NoisePath<Scalar>* path_ = nullptr;
    Index features_ = 0, plane_ = 1, hop_ = kBlock;
    Index begin_ = 0, end_ = 0, at_ = 0;  // the steps that are ready, and which of them was asked
    NoiseNumbers numbers_;
    Sequence<Scalar> now_;    // z of the step that was asked for
    Sequence<Scalar> z_, w_;  // of the plane, of the plane or chunk
    typename NoisePath<Scalar>::Cache cache_;
    Sequence<Scalar> joined_, filtered_, edge_;
    Sequence<Scalar> window_z_, window_, next_window_;
};

}  // namespace mgan::inline MGAN_ABI
