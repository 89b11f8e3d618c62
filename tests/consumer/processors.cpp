// One program, two translation units, two instruction sets: a plug-in does this to be fast on new
// processors and to run on old ones. Were the functions of both one symbol, the linker would keep
// either one, and the program would stop with an illegal instruction where it promised to run.
#include "processor.hpp"

#include <cmath>
#include <cstddef>
#include <cstdio>

int main() {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        std::puts("skipped: this processor has no AVX2");
        return 0;
    }
    const Steps any = lstm_for_any_processor(20);
    const Steps here = lstm_for_this_processor(20);
    std::printf("%s and %s\n", any.simd.c_str(), here.simd.c_str());
    if (any.simd == here.simd || any.hidden.size() != here.hidden.size()) return 1;
    float apart = 0;
    for (std::size_t i = 0; i < any.hidden.size(); ++i)
        apart = std::fmax(apart, std::fabs(any.hidden[i] - here.hidden[i]));
    std::printf("apart by %g at the most\n", static_cast<double>(apart));
    return apart <= 1e-5F ? 0 : 1;
}
