// The program of docs/attention.md: the sums written out, compared with the layer.

#include "print.hpp"

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/attention.hpp>

#include <cmath>
#include <cstdio>

namespace {

using mgan::Index;
using Mat = mgan::Matrix<double>;  // H x T: one column a step

/// What step t may see.
bool sees(Index t, Index j) {
    return j <= t;
}

/// One head, W_q, W_k, W_v of H x H.
struct Attention {
    Mat w_q, w_k, w_v;

    /// Equation (3): p(j, t), the weight that step t gives to step j.
    Mat weights(const Mat& x) const {
        const Mat q = w_q * x, k = w_k * x;  // (1)
        Mat p = Mat::Zero(x.cols(), x.cols());
        for (Index t = 0; t < x.cols(); ++t) {
            for (Index j = 0; j < x.cols(); ++j) {
                if (!sees(t, j)) continue;
                const double score = q.col(t).cwiseProduct(k.col(j)).sum() / root(x);  // (2)
                p(j, t) = std::exp(score);
            }
            p.col(t) /= p.col(t).sum();  // (3)
        }
        return p;
    }
    Mat forward(const Mat& x) const { return w_v * x * weights(x); }  // (4): m_t = sum p_tj v_j

    /// Equations (6) to (9): dL/dx of L = sum of d_m * m.
    Mat backward(const Mat& x, const Mat& d_m) const {
        const Mat q = w_q * x, k = w_k * x, v = w_v * x, p = weights(x);
        Mat d_q = Mat::Zero(q.rows(), q.cols()), d_k = d_q, d_v = d_q;
        for (Index t = 0; t < x.cols(); ++t) {
            const Mat d_p = v.transpose() * d_m.col(t);  // gradient of each weight
            const double mean = p.col(t).cwiseProduct(d_p).sum();
            for (Index j = 0; j < x.cols(); ++j) {
                const double d_score = p(j, t) * (d_p(j) - mean);  // (6)
                d_q.col(t) += d_score / root(x) * k.col(j);        // (7)
                d_k.col(j) += d_score / root(x) * q.col(t);        // (8)
                d_v.col(j) += p(j, t) * d_m.col(t);
            }
        }
        return w_q.transpose() * d_q + w_k.transpose() * d_k + w_v.transpose() * d_v;  // (9)
    }

    static double root(const Mat& x) { return std::sqrt(static_cast<double>(x.rows())); }
};

/// The largest difference between the sums and the layer of the library.
double difference(const mgan::AttentionSettings& config) {
    constexpr Index kSteps = 9;
    const Index h = config.features;
    const Attention sums{mgan::random_matrix(h, h, 1), mgan::random_matrix(h, h, 2),
                         mgan::random_matrix(h, h, 3)};
    const Mat x = mgan::random_matrix(h, kSteps, 4), d_m = mgan::random_matrix(h, kSteps, 5);

    mgan::Attention<double> layer(config), gradients(config);
    layer.in_proj << sums.w_q, sums.w_k, sums.w_v;
    mgan::Sequence<double> in(kSteps, 1, h), out(kSteps, 1, h), d_out(kSteps, 1, h), d_in = d_out;
    in.all() = x;
    d_out.all() = d_m;
    mgan::Attention<double>::Cache cache;
    layer.forward(std::as_const(in).view(), out.view(), cache);
    layer.backward(std::as_const(d_out).view(), d_in.view(), cache, gradients);
    return std::max((out.all() - sums.forward(x)).cwiseAbs().maxCoeff(),
                    (d_in.all() - sums.backward(x, d_m)).cwiseAbs().maxCoeff());
}

/// The numbers of docs/oracles/attention.py.
void print_numbers() {
    Attention sums{Mat(2, 2), Mat(2, 2), Mat(2, 2)};
    sums.w_q << 1.0, 0.5, -0.5, 1.0;
    sums.w_k << 0.5, -1.0, 1.0, 0.0;
    sums.w_v << 2.0, 0.0, 1.0, -1.0;
    Mat x(2, 3), d_m(2, 3);
    x << 1.0, 0.5, -0.5, 0.0, -1.0, 2.0;
    d_m << 1.0, 0.5, -1.0, 0.0, 1.0, 2.0;
    print_row("m", sums.forward(x).transpose());
    print_row("dx", sums.backward(x, d_m).transpose());
}

}  // namespace

int main() {
    print_numbers();
    const bool same = difference({.features = 4}) < 1e-12;
    std::printf("the sums and the layer %s\n", same ? "agree" : "DIFFER");
    return same ? 0 : 1;
}
