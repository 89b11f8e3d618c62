#include "same_net.hpp"

#include <torch/torch.h>

#include <vector>

int main(int count, char** arguments) {
    using namespace same_net;
    torch::set_num_threads(1);
    const std::vector<std::vector<long>> shapes{
        {kHidden, kInputs}, {kHidden}, {kHidden, kHidden}, {kHidden}, {1, kHidden}, {1}};
    std::vector<torch::Tensor> w;
    for (int part = 0; part < 6; ++part) {
        torch::Tensor m = torch::empty(shapes[static_cast<std::size_t>(part)]);
        for (int n = 0; n < m.numel(); ++n)
            m.data_ptr<float>()[n] = static_cast<float>(start(part, n));
        w.push_back(m.requires_grad_());
    }
    torch::Tensor x = torch::empty({kBatch, kInputs}), y = torch::empty({kBatch, 1});
    for (int b = 0; b < kBatch; ++b) {
        for (int k = 0; k < kInputs; ++k) x[b][k] = input(k, b);
        y[b][0] = target(b);
    }
    torch::optim::SGD optimiser(w, kRate);
    return run(count, arguments, [&] {
        optimiser.zero_grad();
        const torch::Tensor h1 = torch::tanh(torch::nn::functional::linear(x, w[0], w[1]));
        const torch::Tensor h2 = torch::tanh(torch::nn::functional::linear(h1, w[2], w[3]));
        const torch::Tensor loss =
            torch::mse_loss(torch::nn::functional::linear(h2, w[4], w[5]), y);
        loss.backward();
        optimiser.step();
        return loss.item<double>();
    });
}
