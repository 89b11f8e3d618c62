// Every other entry of a column is not a column in memory.
// Message: deleted
// Message: needs_a_copy
#include <mgan/layers/dense.hpp>

void read(const mgan::Dense<double>& layer, double* data, mgan::Matrix<double>& y) {
    using Stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
#ifdef REFUSED
    const Eigen::Map<mgan::Matrix<double>, 0, Stride> x(data, 3, 4, Stride(6, 2));
#else
    const Eigen::Map<mgan::Matrix<double>, 0, Eigen::OuterStride<>> x(data, 3, 4,
                                                                      Eigen::OuterStride<>(6));
#endif
    layer.step(x, y);
}
