// An operation of the tape changes nothing: it gives a new variable, which must be used.
// Flags: -Werror=unused-result
// Message: nodiscard
// Message: relu
#include <mgan/autodiff/operations.hpp>

mgan::Variable<double> record(const mgan::Variable<double>& x) {
#ifdef REFUSED
    mgan::relu(x);
    return x;
#else
    return mgan::relu(x);
#endif
}
