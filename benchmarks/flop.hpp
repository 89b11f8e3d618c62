#pragma once
// The work of a workload: floating-point operations of its matrix products, with a multiplication
// and an addition counted as two. Not counted are gates, activations, losses, optimisers and
// Fourier transforms, nor what an implementation does beyond the equations (a weight gradient that
// nobody reads, scores computed twice). So GF/s compare implementations, and unneeded work does not
// raise the share of the FMA peak.
//
//     product  M x K times K x N          2 M K N
//     LSTM     T steps, B samples         forward     2 * 4H (F + H) * T B
//                                         backward    dW the same; dh 2 * 4H H * T B;
//                                                     dx 2 * 4H F * T B, where it is needed
//     dense    N columns                  forward     2 in out N;  backward twice that
//     attention, causal, T steps of B     projections 2 * 3 H H * T B; scores and values
//                                         2 * 2 H * B T (T + 1) / 2;  backward twice that
//     convolution I x J on T x W          forward     2 I J T W B;  backward twice that

#include <cstddef>

namespace bench::flop {

using Size = std::ptrdiff_t;

[[nodiscard]] constexpr double product(Size m, Size k, Size n) noexcept {
    return 2.0 * static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n);
}

/// columns: T B.
[[nodiscard]] constexpr double lstm_forward(Size features, Size hidden, Size columns) noexcept {
    return product(4 * hidden, features + hidden, columns);
}
[[nodiscard]] constexpr double lstm_backward_input(Size features, Size hidden, Size columns,
                                                   bool dx) noexcept {
    return product(4 * hidden, hidden + (dx ? features : 0), columns);
}
[[nodiscard]] constexpr double lstm_backward(Size features, Size hidden, Size columns,
                                             bool dx) noexcept {
    return lstm_forward(features, hidden, columns) +
           lstm_backward_input(features, hidden, columns, dx);
}

/// Two layers, F -> H -> H.
[[nodiscard]] constexpr double stack_forward(Size features, Size hidden, Size columns) noexcept {
    return lstm_forward(features, hidden, columns) + lstm_forward(hidden, hidden, columns);
}
[[nodiscard]] constexpr double stack_backward(Size features, Size hidden, Size columns,
                                              bool dx) noexcept {
    return lstm_backward(features, hidden, columns, dx) +
           lstm_backward(hidden, hidden, columns, true);
}

/// Two layers of two directions, F -> 2H -> 2H.
[[nodiscard]] constexpr double bilstm_forward(Size features, Size hidden, Size columns) noexcept {
    return 2.0 *
           (lstm_forward(features, hidden, columns) + lstm_forward(2 * hidden, hidden, columns));
}
[[nodiscard]] constexpr double bilstm_backward_input(Size features, Size hidden, Size columns,
                                                     bool dx) noexcept {
    return 2.0 * (lstm_backward_input(features, hidden, columns, dx) +
                  lstm_backward_input(2 * hidden, hidden, columns, true));
}
[[nodiscard]] constexpr double bilstm_backward(Size features, Size hidden, Size columns,
                                               bool dx) noexcept {
    return bilstm_forward(features, hidden, columns) +
           bilstm_backward_input(features, hidden, columns, dx);
}

/// H -> H -> 4, forward; backward is twice that.
[[nodiscard]] constexpr double head_forward(Size hidden, Size columns) noexcept {
    return product(hidden, hidden, columns) + product(4, hidden, columns);
}

[[nodiscard]] constexpr double attention_forward(Size hidden, Size steps, Size batch) noexcept {
    return product(3 * hidden, hidden, steps * batch) +
           2.0 * product(hidden, steps * (steps + 1) / 2, batch);
}

// Counted by hand, at T = 100, B = 20, H = 100 (columns = 2000), in MFLOP:
//   W1 forward: (400 x 108 + 400 x 200) x 2 x 2000 = 246 400 x 2000           =  492.8
//   W2 forward: 2 x (400 x 104 + 400 x 300) x 2 x 2000                        = 1292.8
//   W1 backward: 492.8 + (400 x 100 + 400 x 200) x 2 x 2000                   =  972.8
static_assert(stack_forward(8, 100, 2000) == 492.8e6);
static_assert(bilstm_forward(4, 100, 2000) == 1292.8e6);
static_assert(stack_backward(8, 100, 2000, false) == 972.8e6);
static_assert(head_forward(100, 2000) == 41.6e6);

}  // namespace bench::flop
