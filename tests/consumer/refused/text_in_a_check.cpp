// The parts of a message must cost nothing where nothing is wrong.
// Message: this part builds a text even where nothing is wrong
#include <mgan/core/error.hpp>

void check(int steps) {
#ifdef REFUSED
    mgan::require<mgan::Error>(steps > 0, "no steps: ", std::to_string(steps));
#else
    mgan::require<mgan::Error>(steps > 0, "no steps: ", steps);
#endif
}
