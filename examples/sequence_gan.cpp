// The paper's three GANs on sequences that are not music.
//
//     sequence_gan sines|RECORDINGS.csv [SEQUENCES.csv [STEPS]]
//
// C-RNN-GAN; with mapping network, convolution and attention; and with a classifier beside D that
// sees the spectrum of a sequence. They learn windows of 24 steps of all channels, and two scores
// say how like the generated ones are. The file has a line "gan,sample,step,channels..." for each
// step of some of them; gan 0 is real. draw.py draws it, fetch_series.py fetches a recording.

#include <mgan/training/sequence_gan.hpp>
#include <mgan/training/sequence_scores.hpp>

#include <fstream>
#include <iostream>

using mgan::Index, mgan::Sequence;
constexpr Index kSteps = 24, kShown = 20;

/// The sines of Yoon et al. (2019), 0 .. 1: in every sequence each of five channels has a frequency
/// and a phase of its own, both uniform in 0 .. 0.1 radians.
Sequence<float> sines(Index count) {
    Sequence<float> x(kSteps, count, 5);
    const mgan::Random random(1, "sines");
    for (Index t = 0; t < kSteps; ++t)
        for (Index n = 0; n < count; ++n)
            for (Index c = 0; c < 5; ++c) {
                const auto wave = 2 * static_cast<std::uint64_t>(n * 5 + c);
                const double frequency = random.uniform(wave, 0.0, 0.1);
                const double phase = random.uniform(wave + 1, 0.0, 0.1);
                x(t, n, c) = float(0.5 + 0.5 * std::sin(frequency * double(t) + phase));
            }
    return x;
}

/// Windows of all recordings of a file, two steps apart.
Sequence<float> recorded(const char* path) {
    const mgan::NumberTable table = mgan::read_number_table(path);
    const mgan::ChannelScale scale = mgan::channel_scale(table, table.rows());
    return mgan::windows_of(table, scale, kSteps, table.rows(), 2);
}

mgan::SequenceGanSettings settings_of(int gan) {
    mgan::SequenceGanSettings settings;
    mgan::GeneratorSettings& g = settings.generator;
    if (gan > 1) g.mapping_layers = 4, g.convolution = 5, g.attention_heads = 1;
    if (gan > 2)
        settings.classifier = mgan::PfClassifierSettings{
            .hidden_1 = 64, .hidden_2 = 40, .steps = 5, .hidden = 16, .layers = 1};
    return settings;
}

void write(std::ofstream& file, int gan, const Sequence<float>& x) {
    for (Index n = 0; n < kShown; ++n)
        for (Index t = 0; t < kSteps; ++t) {
            file << gan << ',' << n << ',' << t;
            for (Index c = 0; c < x.features(); ++c)
                file << ',' << x(t, n * (x.batch() / kShown), c);
            file << '\n';
        }
}

int main(int argc, char** argv) try {
    mgan::require<mgan::Error>(argc > 1,
                               "usage: sequence_gan sines|RECORDINGS.csv [SEQUENCES.csv [STEPS]]");
    const Sequence<float> data =
        std::string_view(argv[1]) == "sines" ? sines(2000) : recorded(argv[1]);
    std::ofstream file(argc > 2 ? argv[2] : "sequences.csv");
    const int steps = argc > 3 ? std::atoi(argv[3]) : 3000;
    write(file, 0, data);
    std::cout << "real sequences: predictive score " << mgan::predictive_score(data, data)
              << std::endl;
    const char* const names[] = {"C-RNN-GAN", "CARNN mGAN", "CARNN PF mGAN"};
    for (int gan = 1; gan <= 3; ++gan) {
        mgan::SequenceGan nets(data, settings_of(gan));
        for (int step = 0; step < steps / 2; ++step) (void)nets.pretrain();
        for (int step = 0; step < steps; ++step) (void)nets.step();
        const Sequence<float> y = nets.generate(data.batch(), 2);
        write(file, gan, y);
        std::cout << names[gan - 1] << ": discriminative score "
                  << mgan::discriminative_score(data, y) << ", predictive score "
                  << mgan::predictive_score(y, data) << std::endl;
    }
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
