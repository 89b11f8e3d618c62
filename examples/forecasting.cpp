// Forecasting: an LSTM learns a series, and is asked for the next step and for the next thirty.
//
//     forecasting SERIES.csv [FORECAST.csv [EPOCHS]]
//
// The last column of the table is the series; fetch_series.py fetches one of 300 years. The last
// fifth is kept from the net. The file has a line "row,value,one step ahead,free run" for each row:
// the third number was told every value before it, the fourth no value of the last thirty.

#include <mgan/layers/chain.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/training/fit.hpp>
#include <mgan/training/sequence_tasks.hpp>

#include <cmath>
#include <fstream>
#include <iostream>

using mgan::Index, mgan::Matrix;
using Net = decltype(mgan::chain(mgan::Lstm<float>(1, 1), mgan::Dense<float>(1, 1)));
constexpr Index kWindow = 48;
constexpr std::size_t kAhead = 30;

int main(int argc, char** argv) try {
    mgan::require<mgan::Error>(argc > 1, "usage: forecasting SERIES.csv [FORECAST.csv [EPOCHS]]");
    const mgan::NumberTable table = mgan::read_number_table(argv[1]);
    mgan::NumberTable series{{table.names.back()}, {}, {0}};
    for (std::size_t row = 0; row < table.rows(); ++row)
        series.values.push_back(table.at(row, table.columns() - 1));
    const std::size_t rows = series.rows(), known = rows * 4 / 5;
    const mgan::ChannelScale scale = mgan::channel_scale(series, known);

    Net net = mgan::chain(mgan::Lstm<float>(1, 32), mgan::Dense<float>(32, 1));
    mgan::initialise(net, mgan::Random(1, "forecast"));
    mgan::FitSettings settings{.epochs = argc > 3 ? std::atoi(argv[3]) : 60, .batch = 16};
    settings.learning_rate = 5e-3;
    settings.schedule = mgan::RateSchedule::cosine;
    settings.optimiser.beta1 = 0.9;
    mgan::Fit fit(net, mgan::NextStep<Net>{mgan::windows_of(series, scale, kWindow, known)},
                  settings);
    while (!fit.finished()) (void)fit.run_epoch();

    // The net reads the whole series, a number a step; `free` stops listening thirty rows before
    // the end and hears what it said itself.
    std::ofstream file(argc > 2 ? argv[2] : "forecast.csv");
    Net::State told, free;
    fit.net().start(told, 1), fit.net().start(free, 1);
    Matrix<float> x(1, 1), y(1, 1), own(1, 1);
    double net_error = 0.0, last_error = 0.0, free_error = 0.0;
    for (std::size_t row = 0; row + 1 < rows; ++row) {
        x(0) = static_cast<float>(scale.scaled(series.values[row], 0));
        fit.net().step(x, told, y);
        fit.net().step(row + kAhead < rows ? x : Matrix<float>(own), free, own);
        const double truth = series.values[row + 1];
        const double one = scale.unscaled(static_cast<double>(y(0)), 0);
        const double many = scale.unscaled(static_cast<double>(own(0)), 0);
        file << row + 1 << ',' << truth << ',' << one << ',' << many << '\n';
        if (row + 1 >= known) {
            net_error += std::abs(one - truth);
            last_error += std::abs(series.values[row] - truth);
        }
        if (row + kAhead >= rows - 1) free_error += std::abs(many - truth);
    }
    const auto asked = static_cast<double>(rows - known);
    std::cout << "thirty steps without being told any: mean error "
              << free_error / static_cast<double>(kAhead) << '\n'
              << "the next step: mean error " << net_error / asked
              << "; the last value again: " << last_error / asked << '\n';
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
