// Songs in a program without exceptions and without RTTI, as plug-ins and consoles build them; and
// what cannot go on ends with a message.
#include "mgan.hpp"

#ifdef __cpp_exceptions
#error "compile this with -fno-exceptions"
#endif

#include <csignal>
#include <cstdio>
#include <cstdlib>

int main() {
    mgan::Generator<float> generator{mgan::GeneratorSettings{.hidden = 8, .head = 8}};
    float next = 0.0F;
    mgan::for_each_parameter(generator, [&](const mgan::ParameterName&, auto& parameter) {
        for (mgan::Index i = 0; i < parameter.size(); ++i) {
            parameter.data()[i] = next - 0.5F;
            next = next < 1.0F ? next + 0.17F : next - 0.93F;
        }
    });
    mgan::midi::Song scale;
    for (int i = 0; i < 20; ++i) scale.notes.push_back({96 * i, 96, 50 + i, 60 + i});
    const auto codec = mgan::encoding::Codec::fit({}, std::vector{scale});
    const auto songs =
        mgan::sample_songs(generator, codec, {}, {}, {}, true, 1, 50, 1, /*threads=*/1);
    mgan::midi::save_song("no_exceptions.mid", songs[0]);
    const auto again = mgan::midi::load_song("no_exceptions.mid");
    std::remove("no_exceptions.mid");
    std::printf("%d notes\n", static_cast<int>(again.notes.size()));
    std::fflush(stdout);
    if (again.notes != songs[0].notes) return 1;

    std::signal(SIGABRT, [](int) { std::_Exit(0); });
    mgan::Matrix<float> y(8, 1);
    generator.head_1.forward(mgan::Matrix<float>(7, 1), y);  // 7 rows, not 8: aborts
    return 2;
}
