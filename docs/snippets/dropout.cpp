// The program of docs/dropout.md: masks.

#include "print.hpp"

#include <mgan/layers/dropout.hpp>

#include <array>
#include <cstdio>

namespace {

using mgan::Index;

void print(const char* what, mgan::SequenceView<const float> y) {
    std::printf("%s\n", what);
    for (Index b = 0; b < y.batch(); ++b) {
        std::printf("   ");
        for (Index t = 0; t < y.steps(); ++t) {
            for (Index f = 0; f < y.features(); ++f)
                std::printf("%c", y.step(t)(f, b) == 0.0f ? '.' : '#');
            std::printf(" ");
        }
        std::printf("\n");
    }
}

/// Ones after dropout: samples first_sample, first_sample + 1, ... of a batch.
mgan::Sequence<float> dropped(mgan::DropoutMask form, Index first_sample, Index samples) {
    mgan::Sequence<float> x(4, samples, 6);
    x.all().setOnes();
    const mgan::Dropout<float> dropout(0.4, form);
    mgan::Dropout<float>::Cache cache;
    const mgan::Random random(/*seed*/ 1, "dropout of the head", /*step of the training*/ 17);
    dropout.forward(std::as_const(x).view(), x.view(), random, first_sample, cache);
    return x;
}

/// Zoneout of one unit, (4) and (5): the numbers of docs/oracles/dropout.py.
void print_zoneout() {
    constexpr std::array<double, 3> m = {1, 0, 1}, proposal = {0.5, -1.0, 2.0}, dy = {1, 2, 4};
    mgan::Vector<double> h(3), d_proposal(3), dh_0(1);
    for (std::size_t t = 0; t < 3; ++t) {
        const auto at = static_cast<Index>(t);
        h(at) = m[t] * (t > 0 ? h(at - 1) : 0.25) + (1 - m[t]) * proposal[t];  // (4)
    }
    double from_later = 0.0;
    for (std::size_t t = 3; t-- > 0;) {
        const double dh = dy[t] + from_later;
        d_proposal(static_cast<Index>(t)) = (1 - m[t]) * dh;  // (5)
        from_later = m[t] * dh;
    }
    dh_0(0) = from_later;
    print_row("h", h.transpose());
    print_row("dh~", d_proposal.transpose());
    print_row("dh_0", dh_0);
}

}  // namespace

int main() {
    print_zoneout();
    const auto each = dropped(mgan::DropoutMask::each_step, 0, 3);
    const auto shard = dropped(mgan::DropoutMask::each_step, 2, 1);
    const auto whole = dropped(mgan::DropoutMask::whole_sequence, 0, 3);
    print("three songs of four steps:", std::as_const(each).view());
    print("the third alone, on another thread:", std::as_const(shard).view());
    print("one mask for the whole sequence:", std::as_const(whole).view());
    for (Index t = 0; t < 4; ++t)
        if (shard.step(t).col(0) != each.step(t).col(2)) return 1;
    return 0;
}
