// The program of docs/dropout.md: masks.

#include <mgan/layers/dropout.hpp>

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

}  // namespace

int main() {
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
