#include "same_net.hpp"

#include <XAD/XAD.hpp>

#include <vector>

using Mode = xad::adj<float>;
using Number = Mode::active_type;
using Numbers = std::vector<Number>;

/// W x + b, of one sample.
Numbers linear(const Numbers& w, const Numbers& b, const Numbers& x) {
    Numbers y(b);
    for (std::size_t i = 0; i < y.size(); ++i)
        for (std::size_t j = 0; j < x.size(); ++j) y[i] += w[i * x.size() + j] * x[j];
    return y;
}

int main(int count, char** arguments) {
    using namespace same_net;
    const std::size_t sizes[6] = {kHidden * kInputs, kHidden, kHidden * kHidden,
                                  kHidden,           kHidden, 1};
    std::vector<std::vector<float>> values(6);
    for (int part = 0; part < 6; ++part)
        for (std::size_t n = 0; n < sizes[part]; ++n)
            values[static_cast<std::size_t>(part)].push_back(
                static_cast<float>(start(part, static_cast<int>(n))));
    Mode::tape_type tape;
    return run(count, arguments, [&] {
        tape.clearAll();
        std::vector<Numbers> w;
        for (const auto& part : values) w.emplace_back(part.begin(), part.end());
        for (Numbers& part : w) tape.registerInputs(part);
        tape.newRecording();
        Number loss = 0.0f;
        for (int b = 0; b < kBatch; ++b) {
            Numbers h{static_cast<float>(input(0, b)), static_cast<float>(input(1, b))};
            h = linear(w[0], w[1], h);
            for (Number& entry : h) entry = tanh(entry);
            h = linear(w[2], w[3], h);
            for (Number& entry : h) entry = tanh(entry);
            const Number e = linear(w[4], w[5], h)[0] - static_cast<float>(target(b));
            loss += e * e / static_cast<float>(kBatch);
        }
        tape.registerOutput(loss);
        derivative(loss) = 1.0f;
        tape.computeAdjoints();
        for (std::size_t k = 0; k < 6; ++k)
            for (std::size_t n = 0; n < sizes[k]; ++n)
                values[k][n] -= static_cast<float>(kRate) * derivative(w[k][n]);
        return static_cast<double>(value(loss));
    });
}
