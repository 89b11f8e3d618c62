/// \file
/// Does the PF classifier hear? Trains its network alone, without a generator to please, to tell
/// real crops from (a) the songs of a trained model and (b) the same crops with their pitches
/// shuffled among the notes, for three bands of the spectrum; prints its accuracy on songs that it
/// has not seen.
///
///     pf_hearing MODEL CORPUS [--steps N] [--seeds N] [--threads N] [--length N]
///
/// MODEL: a run directory or a model file; CORPUS: the folder that it was trained on. Real songs
/// pass through the model's codec, so that both sides lie on one grid and in one key. One line a
/// row: band <tab> task <tab> seed <tab> accuracy on the training songs <tab> on held-out songs
/// <tab> loss.

#include <mgan/core/parallel.hpp>
#include <mgan/dataset/crops.hpp>
#include <mgan/dataset/load_data_set.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/hearing/frequency_ear.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/models/pf_classifier.hpp>
#include <mgan/optimisation/optimiser.hpp>
#include <mgan/optimisation/schedule.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using namespace mgan;

struct Options {
    std::string model, corpus;
    std::int64_t steps = 300, seeds = 3, length = 100;
    int threads = available_threads();
};

/// Events of songs, [T, B, 4], normalised.
using Songs = Sequence<float>;

constexpr std::size_t kCrops = 3;  ///< of each real song

/// Crops of a part's songs.
Songs real_crops(const DataSet& data, const std::vector<std::size_t>& part,
                 const encoding::Codec& codec, Index length, std::uint64_t seed) {
    const CropSource<float> source(data.songs, part, codec, length);
    Songs songs(length, static_cast<Index>(kCrops * source.size()), 4);
    for (std::size_t copy = 0; copy < kCrops; ++copy) {
        const Random random(seed, "hearing crop", copy);
        for (std::size_t song = 0; song < source.size(); ++song) {
            const auto b = static_cast<Index>(copy * source.size() + song);
            const std::size_t begin = source.crop_begin(song, random, song);
            for (Index t = 0; t < length; ++t) {
                std::copy_n(source.event(song, begin, static_cast<std::size_t>(t)).data(), 4,
                            songs.step(t).col(b).data());
            }
        }
    }
    return songs;
}

/// Task (a): songs of a model, as they are played.
Songs generated_songs(const Model& model, Index count, Index length, std::uint64_t seed,
                      int threads) {
    const std::vector<midi::Song> generated = model.songs(count, length, seed, threads);
    Songs songs(length, count, 4);
    for (Index b = 0; b < count; ++b) {
        const auto events = model.codec.encode<float>(generated[static_cast<std::size_t>(b)]);
        for (Index t = 0; t < length; ++t) {
            const std::size_t from = static_cast<std::size_t>(t) % events.size();
            std::copy_n(events[from].data(), 4, songs.step(t).col(b).data());
        }
    }
    return songs;
}

/// Task (b): the pitches of each song in a random order; rhythm and velocities stay.
Songs shuffled_pitches(const Songs& real, std::uint64_t seed) {
    Songs songs = real;
    for (Index b = 0; b < songs.batch(); ++b) {
        const Random random(seed, "hearing shuffle", static_cast<std::uint64_t>(b));
        for (Index t = songs.steps(); t > 1; --t) {
            const auto other = static_cast<Index>(
                random.integer(static_cast<std::uint64_t>(t), static_cast<std::uint64_t>(t)));
            std::swap(songs(t - 1, b, 2), songs(other, b, 2));
        }
    }
    return songs;
}

/// Spectra of all songs, some at a time.
Matrix<float> spectra_of(const FrequencyEar<float>& ear, const Songs& songs, int threads) {
    constexpr Index kGroup = 10;
    Matrix<float> spectra(ear.values(), songs.batch());
    parallel_for(shard_count(songs.batch(), kGroup), threads, [&](std::ptrdiff_t group) {
        const Index begin = group * kGroup, end = std::min(songs.batch(), begin + kGroup);
        Songs some;
        copy_samples(songs, begin, end, some);
        FrequencyEar<float> own = ear;
        Matrix<float> heard;
        own.listen(std::as_const(some).view(), heard);
        spectra.middleCols(begin, end - begin) = heard;
    });
    return spectra;
}

/// Share of columns on the right side, and mean loss.
struct Result {
    double accuracy = 0.0, loss = 0.0;
};
Result measure_on(const PfClassifier<float>& classifier, const Matrix<float>& real,
                  const Matrix<float>& other) {
    constexpr Index kGroup = 20;
    PfClassifier<float>::Cache cache;
    Result result;
    for (const bool is_real : {true, false}) {
        const Matrix<float>& side = is_real ? real : other;
        for (Index begin = 0; begin < side.cols(); begin += kGroup) {
            const Index count = std::min(kGroup, side.cols() - begin);
            const Matrix<float>& logit = classifier.forward(side.middleCols(begin, count), cache);
            for (Index b = 0; b < count; ++b) {
                const double share = 0.5 / static_cast<double>(side.cols());
                if ((logit(0, b) > 0.0f) == is_real) result.accuracy += share;
                result.loss +=
                    share * static_cast<double>(
                                logit_cross_entropy(logit(0, b), is_real ? 1.0f : 0.0f).value);
            }
        }
    }
    return result;
}

/// Steps of Adam on minibatches of 20 real and 20 other songs, in two shards.
PfClassifier<float> train(const PfSettings& settings, const Matrix<float>& real,
                          const Matrix<float>& other, std::int64_t steps, std::uint64_t seed,
                          int threads) {
    constexpr Index kBatch = 20;
    PfClassifierSettings config = settings.classifier;
    config.inputs = real.rows();
    PfClassifier<float> classifier(config), gradient(config);
    initialise(classifier, Random(seed, "hearing weights"));
    Optimiser<float> optimiser(OptimiserSettings{.beta1 = 0.9});
    struct Side {
        Matrix<float> x, d_logit;
        PfClassifier<float>::Cache cache;
        PfHead<float> gradient;
    };
    std::array<Side, 2> sides;
    for (Side& side : sides) side.gradient = classifier.head;
    for (std::int64_t step = 0; step < steps; ++step) {
        const Random pick(seed, "hearing minibatch", static_cast<std::uint64_t>(step));
        parallel_for(2, threads, [&](std::ptrdiff_t which) {
            Side& side = sides[static_cast<std::size_t>(which)];
            const Matrix<float>& from = which == 0 ? real : other;
            side.x.resize(from.rows(), kBatch);
            side.d_logit.resize(1, kBatch);
            for (Index b = 0; b < kBatch; ++b) {
                const auto place = static_cast<std::uint64_t>(which * kBatch + b);
                side.x.col(b) = from.col(static_cast<Index>(
                    pick.integer(place, static_cast<std::uint64_t>(from.cols()))));
            }
            const Matrix<float>& logit = classifier.forward(side.x, side.cache);
            for (Index b = 0; b < kBatch; ++b) {
                side.d_logit(0, b) =
                    logit_cross_entropy(logit(0, b), which == 0 ? 1.0f : 0.0f).derivative /
                    static_cast<float>(2 * kBatch);
            }
            set_zero(side.gradient);
            classifier.backward_head(side.d_logit, side.cache, side.gradient);
        });
        constexpr Index kRows = 100;
        set_zero(gradient.wide);
        parallel_for(shard_count(gradient.wide.out(), kRows), threads, [&](std::ptrdiff_t block) {
            const Index begin = block * kRows;
            for (const Side& side : sides) {
                PfClassifier<float>::wide_gradient(side.x, side.cache, begin,
                                                   std::min(kRows, gradient.wide.out() - begin),
                                                   gradient.wide);
            }
        });
        gradient.head = sides[0].gradient;
        add_parameters(gradient.head, sides[1].gradient, 1.0f);
        const double rate =
            settings.learning_rate *
            rate_factor(RateSchedule::cosine, 1,
                        static_cast<double>(step) / static_cast<double>(steps), {0, 1.0, 0.05});
        optimiser.step(classifier, gradient, rate, "pf_hearing");
    }
    return classifier;
}

int run(const Options& options) {
    const Model model = load_model(options.model);
    const DataSet data = load_data_set(options.corpus);
    const auto parts = split_songs(data.names, 0.15, 0.15, 1);
    std::vector<std::size_t> held_out = parts[1];
    held_out.insert(held_out.end(), parts[2].begin(), parts[2].end());
    const auto length = static_cast<Index>(options.length);
    const Songs real = real_crops(data, parts[0], model.codec, length, 1),
                real_test = real_crops(data, held_out, model.codec, length, 2);
    const std::array<std::pair<const char*, std::array<Songs, 2>>, 2> tasks = {
        {{"songs of the model",
          {generated_songs(model, real.batch(), length, 1, options.threads),
           generated_songs(model, real_test.batch(), length, 2, options.threads)}},
         {"shuffled pitches", {shuffled_pitches(real, 1), shuffled_pitches(real_test, 2)}}}};

    PfSettings paper, half, full;
    paper.converter.band = FrequencyBand::low_pass;
    paper.converter.logarithm = false;
    half.converter.highest = 500.0;
    const std::pair<const char*, PfSettings> bands[] = {
        {"paper (to 39.8 Hz)", paper}, {"20 to 500 Hz", half}, {"full (20 to 2000 Hz)", full}};
    std::fprintf(stderr, "%td crops to learn from, %td held out\n", real.batch(),
                 real_test.batch());
    for (const auto& [band, settings] : bands) {
        FrequencyEar<float> ear(settings, model.codec);
        Songs some;
        copy_samples(real, 0, std::min<Index>(real.batch(), 200), some);
        ear.fit(std::as_const(some).view());
        const Matrix<float> x = spectra_of(ear, real, options.threads),
                            x_test = spectra_of(ear, real_test, options.threads);
        for (const auto& [task, other] : tasks) {
            const Matrix<float> y = spectra_of(ear, other[0], options.threads),
                                y_test = spectra_of(ear, other[1], options.threads);
            for (std::int64_t seed = 1; seed <= options.seeds; ++seed) {
                const PfClassifier<float> classifier =
                    train(settings, x, y, options.steps, static_cast<std::uint64_t>(seed),
                          options.threads);
                const Result learnt = measure_on(classifier, x, y),
                             unseen = measure_on(classifier, x_test, y_test);
                std::printf("%s\t%s\t%td\t%.3f\t%.3f\t%.3f\n", band, task,
                            static_cast<std::ptrdiff_t>(seed), learnt.accuracy, unseen.accuracy,
                            unseen.loss);
                std::fflush(stdout);
            }
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    std::vector<std::string> places;
    for (int i = 1; i < argc; ++i) {
        const auto is = [&](const char* name) {
            return std::strcmp(argv[i], name) == 0 && i + 1 < argc;
        };
        if (is("--steps"))
            options.steps = std::atoll(argv[++i]);
        else if (is("--seeds"))
            options.seeds = std::atoll(argv[++i]);
        else if (is("--length"))
            options.length = std::atoll(argv[++i]);
        else if (is("--threads"))
            options.threads = std::atoi(argv[++i]);
        else
            places.emplace_back(argv[i]);
    }
    if (places.size() != 2 || places[0].starts_with("--") || options.steps < 1 ||
        options.seeds < 1 || options.length < 2 || options.threads < 1) {
        std::fprintf(stderr,
                     "usage: pf_hearing MODEL CORPUS [--steps N] [--seeds N] [--threads N] "
                     "[--length N]\n");
        return 2;
    }
    options.model = places[0];
    options.corpus = places[1];
    try {
        return run(options);
    } catch (const mgan::Error& error) {
        std::fprintf(stderr, "pf_hearing: %s\n", error.what());
        return 1;
    }
}
