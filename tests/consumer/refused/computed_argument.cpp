// An expression as the input of a streaming step would be computed into a copy on the heap.
// Message: deleted
// Message: needs_a_copy
#include <mgan/models/generator.hpp>

void play(const mgan::Generator<float>& generator, mgan::Generator<float>::Stream& stream,
          mgan::Matrix<float>& noise) {
    static_assert(noexcept(generator.step(noise, stream)));
#ifdef REFUSED
    (void)generator.step(noise * 0.5f, stream);
#else
    noise *= 0.5f;
    (void)generator.step(noise, stream);
#endif
}
