// W1, W2 and the LSTM part of W7 in oneDNN's RNN primitives, called directly.
//
//     bench_onednn --json [--threads N] [--filter W1] [--seconds S]
//
// At its best: memory formats are the ones oneDNN asks for ("any"), weights are brought into them
// once, outside the time that is measured (a training would have to do it after every step of the
// optimiser), and nothing is checked or copied. One primitive a layer, since the layers have inputs
// of different sizes. oneDNN always computes the gradient of the input, also that of the first
// layer, which nobody needs here (1 % of the work).
//
// oneDNN 2 and 3 both serve; their descriptors differ in spelling.

#include <oneapi/dnnl/dnnl.hpp>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

dnnl::engine& engine() {
    static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}
dnnl::stream& stream() {
    static dnnl::stream in_order(engine());
    return in_order;
}

memory::desc any(const memory::dims& dims) {
    return {dims, memory::data_type::f32, Tag::any};
}
memory::desc plain(const memory::dims& dims, Tag tag) {
    return {dims, memory::data_type::f32, tag};
}

/// Memory of that layout with uniform numbers on [-scale, scale).
memory random_memory(const memory::desc& layout, float scale) {
    static std::mt19937 engine_of_numbers(1);
    std::uniform_real_distribution<float> number(-scale, scale);
    memory made(layout, engine());
    float* values = static_cast<float*>(made.get_data_handle());
    std::generate_n(values, layout.get_size() / sizeof(float),
                    [&] { return number(engine_of_numbers); });
    return made;
}

#if DNNL_VERSION_MAJOR >= 3
template <typename Primitive, typename... Parts>
typename Primitive::primitive_desc describe(const Parts&... parts) {
    return typename Primitive::primitive_desc(engine(), parts...);
}
template <typename Primitive, typename Hint, typename... Parts>
typename Primitive::primitive_desc describe_backward(const Hint& hint, const Parts&... parts) {
    return typename Primitive::primitive_desc(engine(), parts..., hint);
}
#else
template <typename Primitive, typename... Parts>
typename Primitive::primitive_desc describe(const Parts&... parts) {
    return typename Primitive::primitive_desc(typename Primitive::desc(parts...), engine());
}
template <typename Primitive, typename Hint, typename... Parts>
typename Primitive::primitive_desc describe_backward(const Hint& hint, const Parts&... parts) {
    return typename Primitive::primitive_desc(typename Primitive::desc(parts...), engine(), hint);
}
#endif

/// One layer (both directions, if there are two): F -> H or 2 H.
class Layer {
public:
    Layer(long steps, long batch, long features, long hidden, bool both_directions, bool training,
          bool forward_only) {
        const long directions = both_directions ? 2 : 1;
        const auto direction = both_directions ? dnnl::rnn_direction::bidirectional_concat
                                               : dnnl::rnn_direction::unidirectional_left2right;
        const auto x = any({steps, batch, features});
        const auto y = any({steps, batch, directions * hidden});
        const auto state = any({1, directions, batch, hidden});
        const auto w_x = any({1, directions, features, 4, hidden});
        const auto w_h = any({1, directions, hidden, 4, hidden});
        const auto bias = any({1, directions, 4, hidden});
        const auto kind =
            training ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
        const auto pd = describe<dnnl::lstm_forward>(kind, direction, x, state, state, w_x, w_h,
                                                     bias, y, state, state);
        forward_ = dnnl::lstm_forward(pd);
        forward_arguments_ = {{DNNL_ARG_SRC_LAYER, random_memory(pd.src_layer_desc(), 1.0f)},
                              {DNNL_ARG_SRC_ITER, random_memory(pd.src_iter_desc(), 0.0f)},
                              {DNNL_ARG_SRC_ITER_C, random_memory(pd.src_iter_c_desc(), 0.0f)},
                              {DNNL_ARG_BIAS, random_memory(pd.bias_desc(), 0.1f)},
                              {DNNL_ARG_DST_LAYER, random_memory(pd.dst_layer_desc(), 0.0f)},
                              {DNNL_ARG_DST_ITER, random_memory(pd.dst_iter_desc(), 0.0f)},
                              {DNNL_ARG_DST_ITER_C, random_memory(pd.dst_iter_c_desc(), 0.0f)},
                              {DNNL_ARG_WORKSPACE, memory(pd.workspace_desc(), engine())}};
        const auto weights_x =
            random_memory(plain({1, directions, features, 4, hidden}, Tag::ldigo), 0.1f);
        const auto weights_h =
            random_memory(plain({1, directions, hidden, 4, hidden}, Tag::ldigo), 0.1f);
        forward_arguments_[DNNL_ARG_WEIGHTS_LAYER] = reordered(weights_x, pd.weights_layer_desc());
        forward_arguments_[DNNL_ARG_WEIGHTS_ITER] = reordered(weights_h, pd.weights_iter_desc());
        if (forward_only) return;

        const auto back = describe_backward<dnnl::lstm_backward>(
            pd, dnnl::prop_kind::backward, direction, x, state, state, w_x, w_h, bias, y, state,
            state, x, state, state, w_x, w_h, bias, y, state, state);
        backward_ = dnnl::lstm_backward(back);
        backward_arguments_ = forward_arguments_;
        backward_arguments_[DNNL_ARG_WEIGHTS_LAYER] =
            reordered(weights_x, back.weights_layer_desc());
        backward_arguments_[DNNL_ARG_WEIGHTS_ITER] = reordered(weights_h, back.weights_iter_desc());
        const auto add = [&](int which, const memory::desc& layout, float scale) {
            backward_arguments_[which] = random_memory(layout, scale);
        };
        add(DNNL_ARG_DIFF_SRC_LAYER, back.diff_src_layer_desc(), 0.0f);
        add(DNNL_ARG_DIFF_SRC_ITER, back.diff_src_iter_desc(), 0.0f);
        add(DNNL_ARG_DIFF_SRC_ITER_C, back.diff_src_iter_c_desc(), 0.0f);
        add(DNNL_ARG_DIFF_WEIGHTS_LAYER, back.diff_weights_layer_desc(), 0.0f);
        add(DNNL_ARG_DIFF_WEIGHTS_ITER, back.diff_weights_iter_desc(), 0.0f);
        add(DNNL_ARG_DIFF_BIAS, back.diff_bias_desc(), 0.0f);
        add(DNNL_ARG_DIFF_DST_LAYER, back.diff_dst_layer_desc(), 1.0f);
        add(DNNL_ARG_DIFF_DST_ITER, back.diff_dst_iter_desc(), 0.0f);
        add(DNNL_ARG_DIFF_DST_ITER_C, back.diff_dst_iter_c_desc(), 0.0f);
    }

    /// Reads what the layer below writes, in both passes.
    void connect(Layer& below) {
        forward_arguments_[DNNL_ARG_SRC_LAYER] = below.forward_arguments_[DNNL_ARG_DST_LAYER];
        backward_arguments_[DNNL_ARG_SRC_LAYER] = below.forward_arguments_[DNNL_ARG_DST_LAYER];
        if (below.backward_arguments_.count(DNNL_ARG_DIFF_DST_LAYER) > 0)
            below.backward_arguments_[DNNL_ARG_DIFF_DST_LAYER] =
                backward_arguments_[DNNL_ARG_DIFF_SRC_LAYER];
    }
    /// Carries the state from one call to the next.
    void carry_state() {
        forward_arguments_[DNNL_ARG_SRC_ITER] = forward_arguments_[DNNL_ARG_DST_ITER];
        forward_arguments_[DNNL_ARG_SRC_ITER_C] = forward_arguments_[DNNL_ARG_DST_ITER_C];
    }

    void forward() { forward_.execute(stream(), forward_arguments_); }
    /// Gradients of weights are added to: they are set to zero first, as a training would.
    void backward() {
        for (const int which :
             {DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER, DNNL_ARG_DIFF_BIAS}) {
            const memory& gradient = backward_arguments_[which];
            std::memset(gradient.get_data_handle(), 0, gradient.get_desc().get_size());
        }
        backward_.execute(stream(), backward_arguments_);
    }

private:
    static memory reordered(memory from, const memory::desc& layout) {
        memory to(layout, engine());
        dnnl::reorder(from, to).execute(stream(), from, to);
        stream().wait();
        return to;
    }

    dnnl::lstm_forward forward_;
    dnnl::lstm_backward backward_;
    Arguments forward_arguments_, backward_arguments_;
};

struct Measured {
    double median, least, cpu;
    std::size_t runs;
};

Measured time(const std::function<void()>& run, double seconds) {
    run();
    run();
    std::vector<double> times, cpu_times;
    double total = 0.0;
    while (times.size() < 5 || (total < seconds * 1e3 && times.size() < 1000)) {
        const auto begin = std::chrono::steady_clock::now();
        const std::clock_t cpu_begin = std::clock();
        run();
        cpu_times.push_back(1e3 * static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC);
        times.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
                .count());
        total += times.back();
    }
    std::sort(times.begin(), times.end());
    std::sort(cpu_times.begin(), cpu_times.end());
    return {times[times.size() / 2], times.front(), cpu_times[cpu_times.size() / 2], times.size()};
}

}  // namespace

int main(int count, char** arguments) {
    int threads = 1;
    double seconds = 1.0;
    std::string filter;
    for (int i = 1; i + 1 < count; ++i) {
        if (std::strcmp(arguments[i], "--threads") == 0) threads = std::atoi(arguments[i + 1]);
        if (std::strcmp(arguments[i], "--seconds") == 0) seconds = std::atof(arguments[i + 1]);
        if (std::strcmp(arguments[i], "--filter") == 0) filter = arguments[i + 1];
    }
#ifdef _OPENMP
    omp_set_num_threads(threads);
#endif
    bool first = true;
    std::printf("[");
    const auto report = [&](const char* name, const char* pass, long steps, long batch,
                            const std::function<void()>& run) {
        const Measured m = time(run, seconds);
        std::printf(
            "%s\n  {\"workload\": \"%s\", \"pass\": \"%s\", \"variant\": \"oneDNN %d.%d\", \"T\": "
            "%ld, \"B\": %ld, "
            "\"H\": 100, \"threads\": %d, \"ms_median\": %.6g, \"ms_min\": %.6g, \"ms_cpu\": %.6g, "
            "\"runs\": %zu",
            first ? "" : ",", name, pass, dnnl_version()->major, dnnl_version()->minor, steps,
            batch, threads, m.median, m.least, m.cpu, m.runs);
        if (std::strcmp(pass, "event") == 0)
            std::printf(", \"us_per_event\": %.6g", m.median * 1e3 / static_cast<double>(steps));
        std::printf("}");
        std::fflush(stdout);
        first = false;
    };
    const auto wanted = [&](const char* name) {
        return filter.empty() || filter.find(name) != std::string::npos;
    };

    constexpr long kHidden = 100;
    for (const bool both : {false, true}) {
        const char* name = both ? "W2" : "W1";
        if (!wanted(name)) continue;
        const long features = both ? 4 : 8, between = both ? 2 * kHidden : kHidden;
        {
            Layer below(100, 20, features, kHidden, both, false, true);
            Layer above(100, 20, between, kHidden, both, false, true);
            above.connect(below);
            report(name, "forward", 100, 20, [&] {
                below.forward();
                above.forward();
                stream().wait();
            });
        }
        Layer below(100, 20, features, kHidden, both, true, false);
        Layer above(100, 20, between, kHidden, both, true, false);
        above.connect(below);
        report(name, "forward+backward", 100, 20, [&] {
            below.forward();
            above.forward();
            above.backward();
            below.backward();
            stream().wait();
        });
    }
    if (wanted("W7")) {
        // No dense layers and no feedback: less work than W7, in oneDNN's favour.
        Layer below(1, 1, 8, kHidden, false, false, true);
        Layer above(1, 1, kHidden, kHidden, false, false, true);
        above.connect(below);
        below.carry_state();
        above.carry_state();
        report("W7", "event", 1000, 1, [&] {
            for (int t = 0; t < 1000; ++t) {
                below.forward();
                above.forward();
            }
            stream().wait();
        });
    }
    std::printf("\n]\n");
    return 0;
}
