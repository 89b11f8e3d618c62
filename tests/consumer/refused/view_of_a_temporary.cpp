// A view of a sequence that is gone at the end of the line.
// Message: deleted
// Message: view() const&& = delete
#include <mgan/layers/lstm.hpp>

mgan::Sequence<float> song() {
    return {4, 1, 3};
}

void read(const mgan::Lstm<float>& lstm, mgan::Sequence<float>& h,
          mgan::Lstm<float>::Cache& cache) {
#ifdef REFUSED
    lstm.forward(song().view(), h.view(), cache);  // backward would read freed memory
#else
    const mgan::Sequence<float> x = song();
    lstm.forward(x.view(), h.view(), cache);
    const mgan::Matrix<float> first = song().step(0);  // a copy
#endif
}
