#include "same_net.hpp"

#include <mgan/autodiff/operations.hpp>

#include <vector>

using Matrix = mgan::Matrix<float>;
using Variable = mgan::Variable<float>;

int main(int count, char** arguments) {
    using namespace same_net;
    std::vector<Matrix> w{Matrix(kHidden, kInputs), Matrix(kHidden, 1), Matrix(kHidden, kHidden),
                          Matrix(kHidden, 1),       Matrix(1, kHidden), Matrix(1, 1)};
    for (int part = 0; part < 6; ++part) {
        Matrix& m = w[static_cast<std::size_t>(part)];
        for (int n = 0; n < m.size(); ++n)
            m(n / m.cols(), n % m.cols()) = static_cast<float>(start(part, n));
    }
    Matrix x(kInputs, kBatch), y(1, kBatch);
    for (int b = 0; b < kBatch; ++b) {
        for (int k = 0; k < kInputs; ++k) x(k, b) = static_cast<float>(input(k, b));
        y(0, b) = static_cast<float>(target(b));
    }
    mgan::Tape<float> tape;
    return run(count, arguments, [&] {
        tape.clear();
        std::vector<Variable> v;
        for (const Matrix& m : w) v.push_back(tape.variable(m));
        const Variable h1 = tanh(matmul(v[0], tape.constant(x)) + v[1]);
        const Variable h2 = tanh(matmul(v[2], h1) + v[3]);
        const Variable loss = mean(pow(matmul(v[4], h2) + v[5] - tape.constant(y), 2.0f));
        tape.backward(loss);
        for (std::size_t k = 0; k < 6; ++k) w[k] -= static_cast<float>(kRate) * v[k].gradient();
        return static_cast<double>(loss.scalar());
    });
}
