#pragma once
/// \file
/// The discrete Fourier transform of real samples, and its adjoint. FFTW does the work.
///
///     X_c = sum over n of x_n e^(-2 pi i c n / N),      c = 0 .. N/2                       (1)
///
/// (n counts from 0). The other half is not computed: for real x, X_{N-c} is the conjugate of X_c.
/// Let G_c = dL/dRe X_c + i dL/dIm X_c be the gradient of the half that is. By (1), Re X_c holds
/// x_n cos(2 pi c n / N) and Im X_c holds -x_n sin(2 pi c n / N), so
///
///     dx_n = sum over c = 0 .. N/2 of  Re(G_c e^(2 pi i c n / N))                          (2)
///
/// which is nearly FFTW's inverse transform. That one lets X_c stand for its mirror as well and
/// counts it twice, except for c = 0 and c = N/2, which are their own mirrors. So the adjoint is
/// the inverse transform of G_c / 2, or of G_c itself at those two places.
///
/// Plans must not be made by two threads at a time, so all plans of a program are made under one
/// mutex; they may be executed by any number, and one `RealFft` serves them all. With FFTW_ESTIMATE
/// the plan is the same each time, so the bits are, too, and nothing waits for measurements.
///
/// FFTW is under the GPL: a program that links it is, as a whole, too.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <fftw3.h>

#include <complex>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace mgan::inline MGAN_ABI {

namespace fft_detail {

/// One for the whole program: FFTW's planner keeps its state in global variables.
inline std::mutex& planner_mutex() {
    static std::mutex mutex;
    return mutex;
}

/// FFTW's functions, whose names have an `f` for float: `Api<float>::r2c`.
template <typename Real>
struct Api {
    static constexpr bool kFloat = std::is_same_v<Real, float>;
    template <auto kInFloat, auto kInDouble>
    static constexpr auto choose() noexcept {
        if constexpr (kFloat) {
            return kInFloat;
        } else {
            return kInDouble;
        }
    }
    using Plan = std::conditional_t<kFloat, fftwf_plan, fftw_plan>;
    using Complex = std::conditional_t<kFloat, fftwf_complex, fftw_complex>;
    static constexpr auto r2c = choose<&fftwf_plan_dft_r2c_1d, &fftw_plan_dft_r2c_1d>();
    static constexpr auto c2r = choose<&fftwf_plan_dft_c2r_1d, &fftw_plan_dft_c2r_1d>();
    static constexpr auto execute_r2c = choose<&fftwf_execute_dft_r2c, &fftw_execute_dft_r2c>();
    static constexpr auto execute_c2r = choose<&fftwf_execute_dft_c2r, &fftw_execute_dft_c2r>();
    static constexpr auto destroy = choose<&fftwf_destroy_plan, &fftw_destroy_plan>();
    static constexpr auto alignment = choose<&fftwf_alignment_of, &fftw_alignment_of>();
};

/// Owns the plans of one length.
template <typename Real>
class Plans {
public:
    using Complex = typename Api<Real>::Complex;

    /// Throws Error if FFTW makes no plan.
    explicit Plans(int samples) {
        // ESTIMATE writes nothing there; plans for aligned memory need aligned addresses.
        AlignedVector<Real> x(static_cast<std::size_t>(samples));
        AlignedVector<Real> spectrum(static_cast<std::size_t>(samples / 2 + 1) * 2);
        Complex* const bins = reinterpret_cast<Complex*>(spectrum.data());
        const std::lock_guard<std::mutex> lock(planner_mutex());
        for (const bool aligned : {true, false}) {
            const unsigned flags = FFTW_ESTIMATE | (aligned ? 0U : FFTW_UNALIGNED);
            forward_[aligned] = Api<Real>::r2c(samples, x.data(), bins, flags);
            inverse_[aligned] = Api<Real>::c2r(samples, bins, x.data(), flags);
            if (forward_[aligned] == nullptr || inverse_[aligned] == nullptr) {
                destroy();
                fail<Error>("RealFft: FFTW makes no plan for ", samples,
                            " samples (out of memory, or a crippled build of FFTW)");
            }
        }
    }
    Plans(const Plans&) = delete;
    Plans& operator=(const Plans&) = delete;
    ~Plans() {
        const std::lock_guard<std::mutex> lock(planner_mutex());
        destroy();
    }

    void forward(const Real* x, Real* spectrum) const {
        // r2c leaves its input alone, though the interface has no const.
        Api<Real>::execute_r2c(forward_[aligned(x, spectrum)], const_cast<Real*>(x),
                               reinterpret_cast<Complex*>(spectrum));
    }
    void inverse(Real* spectrum, Real* x) const {
        Api<Real>::execute_c2r(inverse_[aligned(x, spectrum)], reinterpret_cast<Complex*>(spectrum),
                               x);
    }

private:
    [[nodiscard]] static bool aligned(const Real* x, const Real* spectrum) {
        return Api<Real>::alignment(const_cast<Real*>(x)) == 0 &&
               Api<Real>::alignment(const_cast<Real*>(spectrum)) == 0;
    }
    void destroy() noexcept {
        for (const bool aligned : {true, false}) {
            if (forward_[aligned] != nullptr) Api<Real>::destroy(forward_[aligned]);
            if (inverse_[aligned] != nullptr) Api<Real>::destroy(inverse_[aligned]);
        }
    }

    typename Api<Real>::Plan forward_[2] = {}, inverse_[2] = {};
};

}  // namespace fft_detail

/// Equations (1) and (2) for one length. A spectrum is a 2 x (N/2 + 1) matrix whose column c holds
/// Re X_c and Im X_c: for real scalars the layout of std::complex. Const and safe for threads;
/// copies share the plans. Allocates nothing for real scalars. `Scalar`: float, double, or
/// std::complex<double> for the complex step: the transform is linear, so real and imaginary parts
/// are transformed one after the other.
template <typename Scalar>
class RealFft {
public:
    using Real = RealOf<Scalar>;

    RealFft() = default;

    /// Throws ConfigError for a length below 1 or above 2^30, Error if FFTW makes no plan.
    explicit RealFft(Index samples) : samples_(samples) {
        require<ConfigError>(samples >= 1 && samples <= (Index{1} << 30), "RealFft: ", samples,
                             " samples, it must be from 1 to 2^30");
        plans_ = std::make_shared<const fft_detail::Plans<Real>>(static_cast<int>(samples));
    }

    [[nodiscard]] Index samples() const noexcept { return samples_; }  ///< N
    [[nodiscard]] Index bins() const noexcept { return samples_ / 2 + 1; }

    /// Equation (1). x: N, left as it is; spectrum: 2 x (N/2 + 1), written. No overlap.
    void forward(const Scalar* x, Scalar* spectrum) const {
        if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
            part_by_part(x, samples_, spectrum, 2 * bins(),
                         [&](Real* in, Real* out) { plans_->forward(in, out); });
        } else {
            plans_->forward(x, spectrum);
        }
    }

    /// Equation (2). d_spectrum: 2 x (N/2 + 1), both parts of G_c, *destroyed*; d_x: N,
    /// written.
    void adjoint(Scalar* d_spectrum, Scalar* d_x) const {
        const Index last = 2 * (samples_ - samples_ / 2);  // c = N/2 is its own mirror if N is even
        VectorMap<Scalar>(d_spectrum + 2, last - 2) *= Real(0.5);
        // What is its own mirror is real, whatever the loss says about its imaginary part.
        d_spectrum[1] = Scalar(0);
        if (samples_ % 2 == 0) d_spectrum[samples_ + 1] = Scalar(0);
        if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
            part_by_part(d_spectrum, 2 * bins(), d_x, samples_,
                         [&](Real* in, Real* out) { plans_->inverse(in, out); });
        } else {
            plans_->inverse(d_spectrum, d_x);
        }
    }

private:
    template <typename Transform>
    static void part_by_part(const Scalar* in, Index in_size, Scalar* out, Index out_size,
                             Transform&& transform) {
        Vector<Real> in_part(in_size), out_part(out_size);
        for (const bool imaginary : {false, true}) {
            for (Index i = 0; i < in_size; ++i)
                in_part(i) = imaginary ? in[i].imag() : in[i].real();
            transform(in_part.data(), out_part.data());
            for (Index i = 0; i < out_size; ++i)
                out[i] = imaginary ? Scalar(out[i].real(), out_part(i)) : Scalar(out_part(i), 0);
        }
    }

    Index samples_ = 0;
    std::shared_ptr<const fft_detail::Plans<Real>> plans_;
};

}  // namespace mgan::inline MGAN_ABI
