// The gradients of the convolution over time, by six methods: complex step, central differences,
// float, PyTorch, the tape, and second derivatives.

#include <proofs/subjects/conv1d_subject.hpp>
#include <support/oracle_file.hpp>
#include <support/second_order_proof.hpp>
#include <support/tape_proof.hpp>

#include <optional>

using namespace mgan_test;

namespace {

/// Windows of one step, longer than the sequence, and with gaps.
std::vector<Conv1dSizes> all_sizes() {
    std::vector<Conv1dSizes> all;
    for (const Extent extent : {Extent{1, 1}, Extent{3, 2}, Extent{7, 3}})
        for (const auto& [window, dilation] : {std::pair{1, 1}, {2, 1}, {3, 2}, {4, 3}})
            all.push_back({extent.steps, extent.batch, 3, 4, window, dilation});
    return all;
}

}  // namespace

TEST_CASE("Conv1d: gradients of weight, bias and input are right") {
    for (const Conv1dSizes& sizes : all_sizes()) {
        for (const Point point : kAllPoints) {
            Conv1dSubject<double> subject(sizes);
            fill(subject, point, 1);
            prove_by_differentiation(subject, 8);
            prove_in_float(subject);
        }
    }
}

TEST_CASE("Conv1d: the tape, with a product for each step of the window, has the same gradients") {
    for (const Conv1dSizes& sizes : all_sizes()) {
        Conv1dSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 2);
        prove_by_tape(subject, [&](const TapeBlocks& in) {
            const Index columns = sizes.steps * sizes.batch;
            std::optional<Var> y;
            for (Index k = 0; k < sizes.window; ++k) {
                std::vector<Index> own;  // columns of W_k
                for (Index c = 0; c < sizes.features; ++c) own.push_back(c * sizes.window + k);
                const Index gap =
                    std::min(columns, (sizes.window - 1 - k) * sizes.dilation * sizes.batch);
                const Var zeros = in.constant(Matrix<double>::Zero(sizes.features, gap));
                const Var moved =
                    mgan::concat_columns({zeros, slice_columns(in["x"], 0, columns - gap)});
                const Var term = matmul(gather_columns(in["weight"], own), moved);
                y = y ? *y + term : term;
            }
            return *y + in["bias"];
        });
    }
}

TEST_CASE("Conv1d: output and gradients are PyTorch's, and so are second derivatives") {
    for (const char* name : {"conv1d", "conv1d_dilated"}) {
        const OracleFile oracle(name);
        prove_by_oracle(Conv1dSubject<double>({oracle.size("steps"), oracle.size("batch"),
                                               oracle.size("features"), oracle.size("out"),
                                               oracle.size("window"), oracle.size("dilation")}),
                        oracle);
    }
    for (const Conv1dSizes& sizes : all_sizes()) {
        Conv1dSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 3);
        prove_second_order(subject);
    }
}

TEST_CASE("Conv1d: gradients of parameters add up, and a used cache is as good as a new one") {
    Conv1dSubject<double> subject({3, 2}), before({9, 3});
    fill(subject, Point::kRandom, 4);
    fill(before, Point::kRandom, 5);
    prove_accumulation(subject, before);
}
