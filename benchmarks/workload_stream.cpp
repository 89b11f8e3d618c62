// W7: one song, event by event, as a program that plays would ask for it. Every run goes on with
// the same song: nothing is started anew, nothing is allocated.

#include "flop.hpp"
#include "workload.hpp"

#include <mgan/models/generator.hpp>

#include <memory>

namespace {

using bench::Index;
using bench::Prepared;
using bench::Shape;

struct Song {
    Song(const Shape& shape, bool half) : noise(bench::uniform(shape.steps, shape.batch, 4, 2)) {
        mgan::GeneratorSettings config;
        config.hidden = config.head = shape.hidden;
        generator = mgan::Generator<float>(config);
        mgan::initialise(generator, mgan::Random(1, "weights"));
        if (half) bench::halve(generator);
        generator.start(stream, mgan::Matrix<float>::Constant(4, shape.batch, 0.5f));
    }

    void play() {
        for (Index t = 0; t < noise.steps(); ++t) {
            const mgan::Matrix<float>& y = generator.step(noise.step(t), stream);
            generator.fed_back(stream) = y;
        }
    }

    mgan::Generator<float> generator;
    mgan::Generator<float>::Stream stream;
    mgan::Sequence<float> noise;
};

template <bool Half>
Prepared w7(const Shape& s) {
    namespace flop = bench::flop;
    const Index columns = s.steps * s.batch;
    const auto song = std::make_shared<Song>(s, Half);
    return {[song] { song->play(); },
            [song] { return static_cast<double>(song->stream.event.squaredNorm()); },
            flop::stack_forward(8, s.hidden, columns) + flop::head_forward(s.hidden, columns),
            s.steps,
            (Half ? 2.0 : 4.0) * static_cast<double>(mgan::parameter_count(song->generator))};
}

}  // namespace

std::vector<bench::Workload> bench::stream_workloads() {
    return {{"W7", "event", {1000, 1, 100}, w7<false>},
            {"W7", "half weights", {1000, 1, 100}, w7<true>}};
}
