// A program with an LSTM in it, and with no library but Eigen.
#include <mgan/layers/lstm.hpp>

#ifdef NLOHMANN_JSON_VERSION_MAJOR
#error "nets do not read files: nlohmann/json has no business here"
#endif

#include <cstdio>

int main() {
    mgan::Lstm<float> lstm(3, 5);
    lstm.bias_ih.setConstant(0.5F);
    mgan::LstmState<float> state;
    state.set_zero(5, 1);
    mgan::Matrix<float> gates(20, 1);
    const mgan::Matrix<float> x = mgan::Matrix<float>::Ones(3, 1);
    lstm.step(x, state, gates);
    // sigmoid(0.5) tanh(sigmoid(0.5) tanh(0.5))
    const float h = state.hidden(4, 0);
    std::printf("h = %g\n", static_cast<double>(h));
    return h > 0.1742F && h < 0.1744F ? 0 : 1;
}
