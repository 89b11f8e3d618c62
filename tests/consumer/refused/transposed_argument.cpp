// A product of a transposed matrix would copy it in every call.
// Message: deleted
// Message: needs_a_copy
#include <mgan/tensor/product.hpp>

void product(const mgan::Matrix<float>& w, const mgan::Matrix<float>& x, mgan::Matrix<float>& y) {
#ifdef REFUSED
    mgan::multiply<float>(w.transpose(), x, y, mgan::Update::assign);
#else
    mgan::multiply<float>(mgan::Matrix<float>(w.transpose()), x, y, mgan::Update::assign);
    mgan::multiply<float>(w.middleCols(1, 2), x.middleRows(1, 2), y, mgan::Update::assign);
    mgan::multiply<float>(w, x.col(0), y.col(0), mgan::Update::assign);
#endif
}
