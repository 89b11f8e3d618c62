// W1 and W2: recurrent layers by themselves. The input needs no gradient.

#include "flop.hpp"
#include "workload.hpp"

#include <mgan/layers/bilstm.hpp>

#include <memory>

namespace {

using bench::Index;
using bench::Prepared;
using bench::Shape;

template <typename Layer>
struct Recurrent {
    struct Work {
        mgan::Sequence<float> x, dy;
        typename Layer::Cache cache;
        Layer gradient;
        double output = 0.0;
    };

    Recurrent(Layer generated, const Shape& shape, Index outputs)
        : layer(std::move(generated)), shards(shape.batch, shape.threads) {
        mgan::initialise(layer, mgan::Random(1, "weights"));
        const auto x = bench::uniform(shape.steps, shape.batch, layer.features(), 2, -1.0, 1.0);
        const auto dy = bench::uniform(shape.steps, shape.batch, outputs, 3, -1.0, 1.0);
        shards.for_each([&](mgan::Shard shard, Work& work) {
            mgan::copy_samples(x, shard.begin, shard.end, work.x);
            mgan::copy_samples(dy, shard.begin, shard.end, work.dy);
            work.gradient = layer;
        });
    }

    void forward() {
        shards.for_each([&](mgan::Shard, Work& work) {
            const auto& y = layer.forward(std::as_const(work.x).view(), work.cache);
            work.output = static_cast<double>(y.data()[y.size() - 1]);
        });
    }

    void both() {
        shards.for_each([&](mgan::Shard, Work& work) {
            mgan::set_zero(work.gradient);
            layer.forward(std::as_const(work.x).view(), work.cache);
            layer.backward(std::as_const(work.dy).view(), {}, work.cache, work.gradient);
        });
        shards.sum([](Work& work) -> Layer& { return work.gradient; });
    }

    Layer layer;
    bench::Shards<Work> shards;
};

template <typename Layer>
Prepared prepare(Layer layer, const Shape& shape, Index outputs, bool backward, double flop) {
    const auto work = std::make_shared<Recurrent<Layer>>(std::move(layer), shape, outputs);
    if (backward) {
        return {[work] { work->both(); },
                [work] { return std::sqrt(mgan::squared_norm(work->shards.work[0].gradient)); },
                flop, 0, 0.0};
    }
    return {[work] { work->forward(); }, [work] { return work->shards.work[0].output; }, flop, 0,
            0.0};
}

Prepared w1(const Shape& s, bool backward) {
    namespace flop = bench::flop;
    const Index columns = s.steps * s.batch;
    return prepare(mgan::StackedLstm<float>(8, s.hidden, 2), s, s.hidden, backward,
                   flop::stack_forward(8, s.hidden, columns) +
                       (backward ? flop::stack_backward(8, s.hidden, columns, false) : 0.0));
}

Prepared w2(const Shape& s, bool backward) {
    namespace flop = bench::flop;
    const Index columns = s.steps * s.batch;
    return prepare(mgan::BiLstm<float>(4, s.hidden, 2), s, 2 * s.hidden, backward,
                   flop::bilstm_forward(4, s.hidden, columns) +
                       (backward ? flop::bilstm_backward(4, s.hidden, columns, false) : 0.0));
}

}  // namespace

std::vector<bench::Workload> bench::lstm_workloads() {
    const Shape shape{100, 20, 100};
    return {{"W1", "forward", shape, [](const Shape& s) { return w1(s, false); }},
            {"W1", "forward+backward", shape, [](const Shape& s) { return w1(s, true); }},
            {"W2", "forward", shape, [](const Shape& s) { return w2(s, false); }},
            {"W2", "forward+backward", shape, [](const Shape& s) { return w2(s, true); }}};
}
