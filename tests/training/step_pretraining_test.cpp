// The step-quantile generator learns from songs, plays what it learnt, and is stored.

#include <mgan/training/step_pretraining.hpp>

#include <support/catch.hpp>

#include <string>
#include <vector>

using namespace mgan;

namespace {

/// Songs of broken chords in eighths, each with a bass note that sounds through the bar.
std::vector<midi::Song> arpeggios(int count) {
    std::vector<midi::Song> songs;
    for (int i = 0; i < count; ++i) {
        const Random random(5, "arpeggios", static_cast<std::uint64_t>(i));
        midi::Song song;
        std::int64_t onset = 0;
        for (std::uint64_t bar = 0; bar < 16; ++bar) {
            const int root = 48 + std::vector<int>{0, 5, 7}[random.integer(bar, 3)];
            song.notes.push_back({onset, 1536, root - 12, 60, 0});
            for (const int step : {0, 4, 7, 12, 7, 4, 0, 7}) {
                song.notes.push_back({onset, 192, root + step, 80, 0});
                onset += 192;
            }
        }
        std::sort(song.notes.begin(), song.notes.end(), midi::note_order);
        songs.push_back(std::move(song));
    }
    return songs;
}

StepPretrainingOptions small_options() {
    StepPretrainingOptions options;
    options.length = 40;
    options.batch = 12;  // two shards, of which the second is smaller
    options.steps = 60;
    options.warmup = 5;
    options.learning_rate = 1e-2;
    options.starts = 20;
    options.generator = {.embedding = 6, .input = 24, .hidden = 24, .layers = 1, .head = 24};
    return options;
}

}  // namespace

TEST_CASE("Step pretraining: a generator learns the figure, and plays on its beats in its keys") {
    const std::vector<midi::Song> songs = arpeggios(12);
    StepPretraining<float> training(songs, small_options(), 1, 2);
    const double first = training.step();
    double last = first;
    while (!training.finished()) last = training.step();
    CHECK(last < 0.25 * first);
    const std::vector<double> losses = training.validate(arpeggios(2), 4);
    REQUIRE(losses.size() == 5);
    double sum = 0.0;
    for (const double loss : losses) sum += loss;
    CHECK(sum < 0.4 * first);

    int notes = 0, on_eighths = 0;
    for (const midi::Song& song : training.model().songs(8, 40, 3, 2)) {
        CHECK(song.notes.size() <= 40);
        const std::int64_t begin = song.notes.front().onset;
        for (const midi::Note& note : song.notes) {
            ++notes;
            on_eighths += (note.onset - begin) % 192 == 0 ? 1 : 0;
        }
    }
    CHECK(notes > 250);
    CHECK(on_eighths > 9 * notes / 10);
}

TEST_CASE("Step pretraining: the bits do not depend on the number of threads") {
    const std::vector<midi::Song> songs = arpeggios(5);
    StepPretrainingOptions options = small_options();
    options.steps = 3;
    std::vector<AlignedVector<float>> weights;
    std::vector<midi::Song> first;
    for (const int threads : {1, 2, 3}) {
        StepPretraining<float> training(songs, options, 7, threads);
        while (!training.finished()) (void)training.step();
        weights.push_back(flat_parameters<float>(training.generator()));
        const auto generated = training.model().songs(13, 20, 5, threads);
        if (first.empty()) first = generated;
        CHECK(generated == first);
    }
    CHECK(weights[1] == weights[0]);
    CHECK(weights[2] == weights[0]);
}

TEST_CASE("Step model: a song is the same whatever is generated beside it") {
    StepPretrainingOptions options = small_options();
    options.steps = 2;
    StepPretraining<float> training(arpeggios(3), options, 2, 1);
    (void)training.step();
    const StepModel model = training.model();
    const auto many = model.songs(12, 25, 9, 2);
    const auto few = model.songs(3, 25, 9, 1);
    for (std::size_t i = 0; i < few.size(); ++i) CHECK(few[i] == many[i]);
}

TEST_CASE("Step model: bytes keep it whole, and a file that lies about its sizes is refused") {
    StepPretrainingOptions options = small_options();
    options.steps = 2;
    StepPretraining<float> training(arpeggios(3), options, 2, 1);
    (void)training.step();
    const StepModel model = training.model();
    const TensorFile tensors = step_model_tensors(model);
    const StepModel read =
        step_model_from<float>(safetensors::parse(safetensors::serialize(tensors), "memory"));
    CHECK(read.vocabulary == model.vocabulary);
    CHECK(flat_parameters<float>(read.generator) == flat_parameters<float>(model.generator));
    CHECK(read.songs(3, 30, 4, 1) == model.songs(3, 30, 4, 1));

    // The same file, but the net claims to have 20,000 units.
    TensorFile lie("lie");
    for (const auto& [key, value] : tensors.metadata()) lie.set_metadata(key, value);
    for (const TensorEntry& entry : tensors.entries()) {
        if (entry.dtype == DType::i64) {
            std::vector<std::int64_t> values = tensors.get<std::int64_t>(entry.name, entry.shape);
            if (entry.name == "sizes") values[2] = 20'000;
            lie.add(entry.name, entry.shape, std::span<const std::int64_t>(values));
        } else if (entry.dtype == DType::f64) {
            const auto values = tensors.get<double>(entry.name, entry.shape);
            lie.add(entry.name, entry.shape, std::span<const double>(values));
        } else {
            const auto values = tensors.get<float>(entry.name, entry.shape);
            lie.add(entry.name, entry.shape, std::span<const float>(values));
        }
    }
    CHECK_THROWS_AS(step_model_from<float>(lie), DataError);
}

TEST_CASE("Step pretraining: without a song there is nothing to learn, and that is said") {
    CHECK_THROWS_AS(StepPretraining<float>({}, small_options(), 1, 1), DataError);
}
