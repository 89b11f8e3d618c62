#pragma once
/// \file
/// Training anything: a net, a loss and data of your own.
///
///     struct Digits {                                   // the task: data and loss
///         struct Memory { Net::Cache cache; ... };      // what one thread needs, kept for reuse
///         std::size_t size() const;                     // samples
///         double learn(const Net& net, std::span<const std::size_t> samples, double share,
///                      std::uint64_t minibatch, Net& gradients, Memory& memory) const;
///     };
///     Fit fit(net, Digits{...}, {.epochs = 20, .batch = 32, .learning_rate = 1e-3});
///     while (!fit.finished()) std::cout << fit.run_epoch()->loss << '\n';
///
/// `learn` computes the loss of some samples and its gradient:
///
///     returns                       share * sum over samples of loss(net, sample)
///     adds to `gradients`           d(that)/dW
///
/// A minibatch is cut into shards, one call each, with share = 1 / batch; so losses and gradients
/// add up to means over the minibatch, in the order of the shards, and threads change no bit.
/// `minibatch` counts from the start of the training: make random numbers (dropout, noise) a
/// function of it and of the sample, `Random(seed, "purpose", minibatch)`, and a training that
/// stops and goes on ends in the bits of one that never stopped.
///
/// The net is any object with `visit` (layers/parameters.hpp), whose copy is its gradient: a layer,
/// a chain, a ParameterList. What is not finite stops the training with a NumericalError that names
/// it, before a weight changes.

#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/dataset/epoch_order.hpp>
#include <mgan/generation/parameter_file.hpp>
#include <mgan/optimisation/optimiser.hpp>
#include <mgan/optimisation/schedule.hpp>
#include <mgan/training/optimiser_file.hpp>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Data and loss of a training: see the head of the file.
template <typename Task, typename Net>
concept TrainingTask = requires(const Task& task, const Net& net,
                                std::span<const std::size_t> samples, Net& gradients,
                                typename Task::Memory& memory) {
    { task.size() } -> std::convertible_to<std::size_t>;
    {
        task.learn(net, samples, 1.0, std::uint64_t{0}, gradients, memory)
        } -> std::convertible_to<double>;
};

/// How `Fit` trains.
struct FitSettings {
    std::int64_t epochs = 10;
    Index batch = 32;  ///< samples of a minibatch; the last may have fewer
    Index shard = 32;  ///< of these, how many one call computes
    double learning_rate = 1e-3;
    RateSchedule schedule = RateSchedule::constant;
    std::uint64_t seed = 1;         ///< of the order of samples
    OptimiserSettings optimiser{};  ///< kind, decays, clipping
};

/// An epoch that is done: means over its minibatches.
struct FitReport {
    std::int64_t epoch = 0;  ///< from 1
    double loss = 0.0;
    double gradient = 0.0;  ///< norm, before clipping
    double learning_rate = 0.0;
};

/// The training. Owns net and task.
template <typename Net, TrainingTask<Net> Task>
class Fit {
public:
    using Scalar = typename Net::ScalarType;
    /// Called after each minibatch with its loss, the minibatches of the epoch that are done, and
    /// all of them; false stops before the next.
    using Progress = std::function<bool(double loss, std::int64_t done, std::int64_t of)>;

    /// Throws ConfigError for settings that cannot be, and DataError if there is no sample.
    Fit(Net net, Task task, const FitSettings& settings, int threads = 1)
        : net_(std::move(net)),
          task_(std::move(task)),
          settings_(settings),
          threads_(threads),
          optimiser_(settings.optimiser) {
        require<ConfigError>(settings.epochs >= 0 && settings.batch > 0 && settings.shard > 0 &&
                                 settings.learning_rate > 0.0,
                             "Fit: ", settings.epochs, " epochs, batch ", settings.batch,
                             ", shard ", settings.shard, ", learning rate ", settings.learning_rate,
                             "; all but the first must be above 0");
        require<DataError>(task_.size() > 0, "Fit: the task has no samples");
        // In one go: memory that holds a tape does not move.
        shards_ =
            std::vector<Shard>(static_cast<std::size_t>((settings.batch - 1) / settings.shard + 1));
        for (Shard& shard : shards_) shard.gradients = net_;
    }

    [[nodiscard]] const Net& net() const noexcept { return net_; }
    [[nodiscard]] const Task& task() const noexcept { return task_; }
    [[nodiscard]] std::int64_t steps_per_epoch() const noexcept {
        const auto samples = static_cast<Index>(task_.size());
        return (samples - 1) / settings_.batch + 1;
    }
    /// Minibatches that are done.
    [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }
    [[nodiscard]] bool finished() const noexcept {
        return steps_ >= settings_.epochs * steps_per_epoch();
    }

    /// Trains to the end of the epoch and reports it; nothing, if `progress` stopped it before or
    /// the training is finished. Throws NumericalError, and what the task throws.
    std::optional<FitReport> run_epoch(const Progress& progress = {}) {
        while (!finished()) {
            const double loss = step();
            const std::int64_t done = (steps_ - 1) % steps_per_epoch() + 1;
            const bool stop = progress && !progress(loss, done, steps_per_epoch());
            if (done == steps_per_epoch()) {
                const auto count = static_cast<double>(done);
                const FitReport report{steps_ / steps_per_epoch(), sum_loss_ / count,
                                       sum_gradient_ / count, rate_};
                sum_loss_ = sum_gradient_ = 0.0;
                return report;
            }
            if (stop) break;
        }
        return std::nullopt;
    }

    /// Writes net, optimiser and place, at any minibatch: a safetensors file in which the net's
    /// tensors are "net." and their names.
    void save(const std::filesystem::path& path) const {
        TensorFile file;
        store_parameters(file, "net.", net_);
        store_optimiser(file, "optimiser.", optimiser_);
        const double sums[] = {sum_loss_, sum_gradient_};
        file.add("place.sums", {2}, std::span<const double>(sums));
        file.add("place.steps", {}, std::span<const std::int64_t>(&steps_, 1));
        write_safetensors(path, file);
    }
    /// Goes on from there: under the same settings and data, to the bits of a training that never
    /// stopped. Throws DataError or ShapeError if the file is of another net; then nothing changes.
    void restore(const std::filesystem::path& path) {
        const TensorFile file = read_safetensors(path);
        Net net = net_;
        read_parameters(file, "net.", net);
        Optimiser<Scalar> optimiser(settings_.optimiser);
        read_optimiser(file, "optimiser.", parameter_count(net), optimiser);
        const auto sums = file.get<double>("place.sums", {2});
        const std::int64_t steps = file.get<std::int64_t>("place.steps", {}).front();
        require<DataError>(steps >= 0, file.source(), ": place.steps is ", steps);
        net_ = std::move(net);
        optimiser_ = std::move(optimiser);
        steps_ = steps;
        sum_loss_ = sums[0];
        sum_gradient_ = sums[1];
    }

private:
    struct Shard {
        Net gradients;
        typename Task::Memory memory;
        double loss = 0.0;
    };

    /// One minibatch. Returns its loss.
    double step() {
        const std::int64_t epoch = steps_ / steps_per_epoch(),
                           of_epoch = steps_ % steps_per_epoch();
        if (epoch != ordered_epoch_) {
            order_ = EpochOrder(task_.size(), Random(settings_.seed, "fit order",
                                                     static_cast<std::uint64_t>(epoch)));
            ordered_epoch_ = epoch;
        }
        const Index begin = of_epoch * settings_.batch;
        const Index count = std::min(settings_.batch, static_cast<Index>(task_.size()) - begin);
        minibatch_.resize(static_cast<std::size_t>(count));
        order_.copy(static_cast<std::size_t>(begin), minibatch_);
        const Index shards = (count - 1) / settings_.shard + 1;
        parallel_for(shards, threads_, [&](std::ptrdiff_t index) {
            Shard& shard = shards_[static_cast<std::size_t>(index)];
            const Index first = index * settings_.shard;
            const std::span<const std::size_t> samples(
                minibatch_.data() + first,
                static_cast<std::size_t>(std::min(settings_.shard, count - first)));
            set_zero(shard.gradients);
            shard.loss =
                task_.learn(net_, samples, 1.0 / static_cast<double>(count),
                            static_cast<std::uint64_t>(steps_), shard.gradients, shard.memory);
        });
        Net& gradients = shards_.front().gradients;
        double loss = shards_.front().loss;
        for (Index i = 1; i < shards; ++i) {
            add_parameters(gradients, shards_[static_cast<std::size_t>(i)].gradients, Scalar(1));
            loss += shards_[static_cast<std::size_t>(i)].loss;
        }
        if (!std::isfinite(loss)) {
            fail<NumericalError>("epoch ", epoch + 1, ", minibatch ", of_epoch + 1,
                                 ": the loss is not finite; the weights are those before it. Try a "
                                 "lower learning rate.");
        }
        const double progress =
            static_cast<double>(steps_) / static_cast<double>(settings_.epochs * steps_per_epoch());
        rate_ = settings_.learning_rate *
                rate_factor(settings_.schedule, epoch + 1, progress, settings_.optimiser.schedule);
        sum_gradient_ +=
            optimiser_.step(net_, gradients, rate_,
                            concat("epoch ", epoch + 1, ", minibatch ", of_epoch + 1), threads_);
        sum_loss_ += loss;
        ++steps_;
        return loss;
    }

    Net net_;
    Task task_;
    FitSettings settings_;
    int threads_;
    Optimiser<Scalar> optimiser_;
    std::vector<Shard> shards_;
    EpochOrder order_;                 ///< of the samples, in epoch `ordered_epoch_`
    std::int64_t ordered_epoch_ = -1;  ///< from 0; none yet
    std::vector<std::size_t> minibatch_;
    std::int64_t steps_ = 0;
    double sum_loss_ = 0.0, sum_gradient_ = 0.0, rate_ = 0.0;
};

}  // namespace mgan::inline MGAN_ABI
