#include "same_net.hpp"

#include <autodiff/reverse/var.hpp>
#include <autodiff/reverse/var/eigen.hpp>

using autodiff::MatrixXvar, autodiff::var, autodiff::VectorXvar;
using RowMajor = Eigen::Matrix<var, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

int main(int count, char** arguments) {
    using namespace same_net;
    const int rows[6] = {kHidden, kHidden, kHidden, kHidden, 1, 1};
    const int cols[6] = {kInputs, 1, kHidden, 1, kHidden, 1};
    int begin[7] = {};
    for (int part = 0; part < 6; ++part) begin[part + 1] = begin[part] + rows[part] * cols[part];
    VectorXvar w(begin[6]);
    for (int part = 0; part < 6; ++part)
        for (int n = 0; n < rows[part] * cols[part]; ++n) w(begin[part] + n) = start(part, n);
    return run(count, arguments, [&] {
        const auto part = [&](int k) {
            return Eigen::Map<const RowMajor>(w.data() + begin[k], rows[k], cols[k]);
        };
        var loss = 0.0;
        for (int b = 0; b < kBatch; ++b) {
            VectorXvar h(kInputs);
            for (int k = 0; k < kInputs; ++k) h(k) = input(k, b);
            for (int layer = 0; layer < 3; ++layer) {
                h = (part(2 * layer) * h + part(2 * layer + 1)).eval();
                if (layer < 2)
                    for (var& entry : h) entry = tanh(entry);
            }
            const var e = h(0) - target(b);
            loss += e * e / kBatch;
        }
        const Eigen::VectorXd slope = gradient(loss, w);
        for (int n = 0; n < w.size(); ++n) w(n) = val(w(n)) - kRate * slope(n);
        return val(loss);
    });
}
