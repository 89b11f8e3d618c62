#pragma once
/// \file
/// A training as one file, from which it continues bit for bit.
///
/// Random numbers are functions of the place (core/random.hpp), so there is no generator state to
/// store. What is left is what the steps have changed:
///
///     generator. average. best. discriminator.        the nets, parameter by parameter, named as
///                                                     PyTorch names them
///     optimiser.generator. optimiser.discriminator.   steps; first and second moments, flat
///     pf_classifier. optimiser.pf_classifier.         the same of a PF classifier
///     state.integers, state.numbers                   where the training is (TrainingState)
///     state.rollbacks                                 if there were any (training/rollback.hpp)
///     epoch_start. and the names above                within an epoch: where that began
///     codec. styles ear.                              what was computed from the songs, to compare
///     vocabulary. scale. starts.                      the same with step heads
///
///     __metadata__:   mgan.kind       checkpoint
///                     mgan.settings   config.json as text
///                     mgan.data       fingerprint of the songs
///
/// One file holds it all, so states of two moments cannot mix. Times and paths are left out, so
/// equal trainings give equal files. A file is checked as a whole before the trainer changes.

#include <mgan/generation/model_file.hpp>
#include <mgan/runs/resumable_settings.hpp>
#include <mgan/training/optimiser_file.hpp>
#include <mgan/training/step_trainer.hpp>
#include <mgan/training/trainer.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The metadata key of the songs' fingerprint.
inline constexpr const char* kFingerprintKey = "mgan.data";

/// A fingerprint as text: 16 hexadecimal digits.
[[nodiscard]] inline std::string fingerprint_text(std::uint64_t fingerprint) {
    std::string text(16, '0');
    for (std::size_t i = 16; i-- > 0; fingerprint >>= 4)
        text[i] = "0123456789abcdef"[fingerprint & 15];
    return text;
}

namespace checkpoint_detail {

/// Calls use(prefix, net) for each net. `nets`: TrainingNets or StepNets, const or not.
template <typename Nets, typename Use>
void for_each_net(Nets& nets, Use&& use) {
    use("generator.", nets.generator.net);
    use("average.", nets.average);
    use("best.", nets.best);
    use("discriminator.", nets.discriminator.net);
    if (parameter_count(nets.pf_classifier.net) > 0) use("pf_classifier.", nets.pf_classifier.net);
}

/// Calls use(prefix, optimiser, number of parameters that it moves) for each optimiser.
template <typename Nets, typename Use>
void for_each_optimiser(Nets& nets, Use&& use) {
    const auto use_learner = [&](const char* prefix, auto& learner) {
        use(prefix, learner.optimiser, parameter_count(learner.net));
    };
    use_learner("optimiser.generator.", nets.generator);
    use_learner("optimiser.discriminator.", nets.discriminator);
    if (parameter_count(nets.pf_classifier.net) > 0)
        use_learner("optimiser.pf_classifier.", nets.pf_classifier);
}

/// The members of a state as two lists of places. The binding names every member, so that a member
/// that is added to the state and forgotten here does not compile.
struct StatePlaces {
    std::vector<std::int64_t*> integers;
    std::vector<double*> numbers;

    StatePlaces(TrainingState& state, HeadKind heads) {
        auto& [epoch, step, total_steps, warmup_done, last_loss_d, last_loss_g, last_loss_f,
               last_loss_g_f, d_accuracy, best_score, best_epoch, rollbacks, sums] = state;
        static_cast<void>(rollbacks);  // in a tensor of its own, where there were some
        integers = {&epoch, &step, &total_steps, &warmup_done, &best_epoch};
        numbers = {&last_loss_d, &last_loss_g, &last_loss_f, &last_loss_g_f, &best_score};
        if (heads == HeadKind::steps) numbers.push_back(&d_accuracy);
        sums.visit([&](double& number) { numbers.push_back(&number); });
    }
};

/// In front of the names of what a checkpoint says of the beginning of its epoch.
inline constexpr const char* kEpochStart = "epoch_start.";
inline constexpr const char* kRollbacks = "state.rollbacks";

inline void store_state(TensorFile& file, const std::string& prefix, TrainingState state,
                        HeadKind heads) {
    const StatePlaces places(state, heads);
    std::vector<std::int64_t> integers;
    for (const std::int64_t* place : places.integers) integers.push_back(*place);
    std::vector<double> numbers;
    for (const double* place : places.numbers) numbers.push_back(*place);
    file.add(prefix + "state.integers", {static_cast<std::int64_t>(integers.size())},
             std::span<const std::int64_t>(integers));
    file.add(prefix + "state.numbers", {static_cast<std::int64_t>(numbers.size())},
             std::span<const double>(numbers));
    if (state.rollbacks > 0)
        file.add(prefix + kRollbacks, {}, std::span<const std::int64_t>(&state.rollbacks, 1));
}

/// Reads a state and checks that a training of `steps` minibatches an epoch can be there.
[[nodiscard]] inline TrainingState read_state(const TensorFile& file, const std::string& prefix,
                                              const Settings& settings, std::int64_t steps) {
    TrainingState state;
    const StatePlaces places(state, settings.generator.heads);
    const auto integers = file.get<std::int64_t>(
        prefix + "state.integers", {static_cast<std::int64_t>(places.integers.size())});
    for (std::size_t i = 0; i < integers.size(); ++i) *places.integers[i] = integers[i];
    const auto numbers = file.get<double>(prefix + "state.numbers",
                                          {static_cast<std::int64_t>(places.numbers.size())});
    for (std::size_t i = 0; i < numbers.size(); ++i) *places.numbers[i] = numbers[i];
    if (file.contains(prefix + kRollbacks))
        state.rollbacks = file.get<std::int64_t>(prefix + kRollbacks, {}).front();

    const std::int64_t epochs = settings.pretrain.epochs + settings.adversarial.epochs;
    const bool possible =
        state.epoch >= 1 && state.epoch <= epochs + 1 && state.step >= 0 && state.step <= steps &&
        (state.step == 0 || state.epoch <= epochs) &&
        state.total_steps == (state.epoch - 1) * steps + state.step &&
        state.sums.steps == static_cast<double>(state.step) && state.warmup_done >= 0 &&
        state.warmup_done <= settings.adversarial.discriminator_warmup && state.best_epoch >= 0 &&
        state.best_epoch < state.epoch && state.rollbacks >= 0 && state.rollbacks <= kMostRollbacks;
    require<DataError>(possible, file.source(), ": the training cannot be at epoch ", state.epoch,
                       ", step ", state.step, " (", state.total_steps, " in all, ", steps,
                       " an epoch, ", epochs, " epochs)");
    return state;
}

/// Adds what the steps have changed.
template <typename Nets>
void store_training(TensorFile& file, const std::string& prefix, const TrainingState& state,
                    const Nets& nets, HeadKind heads) {
    store_state(file, prefix, state, heads);
    for_each_net(
        nets, [&](const char* net, const auto& of) { store_parameters(file, prefix + net, of); });
    for_each_optimiser(nets, [&](const char* optimiser, const auto& of, Index) {
        store_optimiser(file, prefix + optimiser, of);
    });
}

/// The names of what `store_training` adds. (The weights need not be copied for that.)
template <typename Nets>
void add_names(std::vector<std::string>& names, const std::string& prefix,
               const TrainingState& state, const Nets& nets, HeadKind heads) {
    TensorFile file;
    store_state(file, prefix, state, heads);
    for_each_optimiser(nets, [&](const char* optimiser, const auto& of, Index) {
        store_optimiser(file, prefix + optimiser, of);
    });
    for (const TensorEntry& entry : file.entries()) names.push_back(entry.name);
    for_each_net(nets, [&](const char* net, const auto& of) {
        for_each_parameter(of, [&](const ParameterName& name, const auto&) {
            names.push_back(prefix + net + name.text());
        });
    });
}

/// The reverse of `store_training`, into nets of the same shapes.
template <typename Nets>
void read_nets(const TensorFile& file, const std::string& prefix, Nets& nets) {
    for_each_net(nets, [&](const char* net, auto& to) { read_parameters(file, prefix + net, to); });
    for_each_optimiser(nets, [&](const char* optimiser, auto& to, Index parameters) {
        read_optimiser(file, prefix + optimiser, parameters, to);
    });
}

/// Whether two numbers are the same but for the rounding of another compiler.
[[nodiscard]] inline bool nearly_equal(double a, double b) noexcept {
    return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

/// Compares what was computed from the songs when the file was written with the same of now.
inline void compare_codecs(const TensorFile& file, const encoding::Codec& codec,
                           const std::vector<encoding::Style>& styles) {
    const auto same = [](const std::vector<double>& a, const std::vector<double>& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), nearly_equal);
    };
    const encoding::Codec stored = read_codec(file, codec.settings());
    const auto &was = stored.normalisation().tables(), &is = codec.normalisation().tables();
    bool fits = true;
    for (std::size_t f = 0; f < is.size(); ++f) {
        fits = fits && nearly_equal(was[f].low, is[f].low) &&
               nearly_equal(was[f].high, is[f].high) && nearly_equal(was[f].offset, is[f].offset) &&
               nearly_equal(was[f].scale, is[f].scale) && same(was[f].values, is[f].values) &&
               same(was[f].upper, is[f].upper);
    }
    const std::vector<encoding::Style> was_styles = read_styles(file);
    fits = fits && was_styles.size() == styles.size();
    for (std::size_t i = 0; fits && i < styles.size(); ++i)
        fits = std::equal(styles[i].begin(), styles[i].end(), was_styles[i].begin(), nearly_equal);
    require<DataError>(fits, file.source(),
                       ": its normalisation is not that of these songs; give the data that the "
                       "run was started with");
}

/// The same with step heads.
inline void compare_step_data(const TensorFile& file, const StepData& data) {
    const encoding::StepVocabulary vocabulary = read_vocabulary(file);
    bool fits = vocabulary == data.vocabulary;
    if (fits) {
        const auto [scale, starts] = read_starts(file, vocabulary);
        fits = std::equal(scale.mean.begin(), scale.mean.end(), data.scale.mean.begin(),
                          nearly_equal) &&
               std::equal(scale.sd.begin(), scale.sd.end(), data.scale.sd.begin(), nearly_equal) &&
               starts.size() == data.starts.size();
        for (std::size_t i = 0; fits && i < starts.size(); ++i)
            fits = starts[i].phase == data.starts[i].phase &&
                   std::equal(starts[i].style.begin(), starts[i].style.end(),
                              data.starts[i].style.begin(), nearly_equal);
    }
    require<DataError>(fits, file.source(),
                       ": its lists of values, or its styles, are not those of these songs; give "
                       "the data that the run was started with");
}

/// The tensor of `Ear::constants`.
inline constexpr const char* kEarKey = "ear.constants";

/// The same for what the PF classifier's ear has measured; `constants` is empty where none hears.
inline void compare_ears(const TensorFile& file, const std::vector<double>& constants) {
    if (constants.empty()) return;
    const std::vector<double> was =
        file.get<double>(kEarKey, {static_cast<std::int64_t>(constants.size())});
    // Measured in float, over a quarter of a million samples of each song.
    const auto alike = [](double a, double b) { return std::abs(a - b) <= 1e-4 * std::abs(a); };
    require<DataError>(std::equal(was.begin(), was.end(), constants.begin(), alike), file.source(),
                       ": the scale of its spectra is not that of these songs; give the data that "
                       "the run was started with");
}

inline void store_ear(TensorFile& file, const std::vector<double>& constants) {
    if (!constants.empty())
        file.add(kEarKey, {static_cast<std::int64_t>(constants.size())},
                 std::span<const double>(constants));
}

/// Adds what a trainer computed from its songs.
template <typename Scalar>
void store_computed(TensorFile& file, const Trainer<Scalar>& trainer) {
    store_codec(file, trainer.codec());
    store_styles(file, trainer.styles());
    store_ear(file, trainer.ear_constants());
}
template <typename Scalar>
void store_computed(TensorFile& file, const StepTrainer<Scalar>& trainer) {
    store_vocabulary(file, trainer.data().vocabulary);
    store_starts(file, trainer.data().scale, trainer.data().starts);
    store_ear(file, trainer.ear_constants());
}

/// Compares it with what a file holds. Throws DataError.
template <typename Scalar>
void compare_computed(const TensorFile& file, const Trainer<Scalar>& trainer) {
    compare_codecs(file, trainer.codec(), trainer.styles());
    compare_ears(file, trainer.ear_constants());
}
template <typename Scalar>
void compare_computed(const TensorFile& file, const StepTrainer<Scalar>& trainer) {
    compare_step_data(file, trainer.data());
    compare_ears(file, trainer.ear_constants());
}

}  // namespace checkpoint_detail

/// The tensors of a checkpoint of a `Trainer` or `StepTrainer`. `fingerprint`: of the songs
/// (DataSet::fingerprint).
template <typename AnyTrainer>
[[nodiscard]] TensorFile make_checkpoint(const AnyTrainer& trainer, std::uint64_t fingerprint) {
    TensorFile file("checkpoint");
    file.set_metadata(kKindKey, "checkpoint");
    file.set_metadata(kSettingsKey, settings_to_json(trainer.settings()));
    file.set_metadata(kFingerprintKey, fingerprint_text(fingerprint));
    const HeadKind heads = trainer.settings().generator.heads;
    checkpoint_detail::store_training(file, "", trainer.state(), trainer.nets(), heads);
    if (const auto* const start = trainer.epoch_start())
        checkpoint_detail::store_training(file, checkpoint_detail::kEpochStart, start->state,
                                          start->nets, heads);
    checkpoint_detail::store_computed(file, trainer);
    return file;
}

/// Replaces the file by a checkpoint of `trainer`, all or nothing. Throws IoError, and
/// NumericalError that names the tensor if a number is not finite; then the old file is as it was.
template <typename AnyTrainer>
void save_checkpoint(const std::filesystem::path& path, const AnyTrainer& trainer,
                     std::uint64_t fingerprint) {
    const TensorFile file = make_checkpoint(trainer, fingerprint);
    file.require_finite();
    write_safetensors(path, file);
}

/// Compares a checkpoint with the settings of its run before a trainer is made for them: nothing is
/// allocated for nets that the file does not hold. Throws ShapeError, DataError or ConfigError.
inline void require_fitting_checkpoint(const TensorFile& file, const Settings& settings) {
    if (settings.has_pf_classifier()) {
        PfClassifierSettings sizes = settings.pf.classifier;
        sizes.inputs = 1;  // those of its ear; the file says how many there were
        for (const TensorEntry& entry : file.entries())
            if (entry.name == "pf_classifier.dense_1.weight" && entry.shape.size() == 2)
                sizes.inputs = entry.shape[1];
        require_parameters(file, "pf_classifier.", parameter_count(sizes));
    }
    if (settings.has_step_heads()) {
        const StepShape shape = step_shape(read_vocabulary(file));
        require_parameters(file, "generator.",
                           parameter_count(shape, settings.step_generator_settings()));
        require_parameters(file, "discriminator.",
                           parameter_count(shape, settings.step_discriminator_settings()));
        return;
    }
    require_parameters(file, "generator.", parameter_count(settings.generator_settings()));
    require_parameters(file, "discriminator.", parameter_count(settings.discriminator_settings()));
}
/// The same of a file; throws what `read_safetensors` throws, too.
inline void require_fitting_checkpoint(const std::filesystem::path& path,
                                       const Settings& settings) {
    require_fitting_checkpoint(read_safetensors(path), settings);
}

/// Brings `trainer` (prepared with the same songs, and settings that `reason_against` accepts) to
/// where a checkpoint was written. Throws DataError, ConfigError, ShapeError or NumericalError that
/// names what does not fit; then the trainer is as it was.
template <typename AnyTrainer>
void restore_checkpoint(const TensorFile& file, AnyTrainer& trainer, std::uint64_t fingerprint) {
    using namespace checkpoint_detail;
    const Settings before = read_settings(file, "checkpoint");
    const std::string songs = fingerprint_text(fingerprint);
    if (file.metadata_at(kFingerprintKey) != songs)
        fail<DataError>(file.source(), ": the run was started with other songs (fingerprint ",
                        in_quotes(file.metadata_at(kFingerprintKey)), ", these have ", songs, ")");

    const TrainingState state = read_state(file, "", before, trainer.steps_per_epoch());
    // Files of 0.1.0 do not say where their epoch began.
    const bool has_start = file.contains(concat(kEpochStart, "state.integers"));
    const std::string against = reason_against(before, trainer.settings(), state.place());
    require<ConfigError>(against.empty(), file.source(), ": ", against);

    auto nets = trainer.nets();
    using Start = EpochStart<decltype(nets)>;
    std::optional<Start> start;
    if (has_start) {
        start.emplace(
            Start{read_state(file, kEpochStart, before, trainer.steps_per_epoch()), nets});
        require<DataError>(state.step > 0 && start->state.step == 0 &&
                               start->state.epoch == state.epoch &&
                               start->state.rollbacks <= state.rollbacks,
                           file.source(), ": epoch ", state.epoch, " cannot have begun at epoch ",
                           start->state.epoch, ", step ", start->state.step);
    }

    std::vector<std::string> names;
    add_names(names, "", state, nets, before.generator.heads);
    if (start) add_names(names, kEpochStart, start->state, nets, before.generator.heads);
    TensorFile computed;
    store_computed(computed, trainer);
    for (const TensorEntry& entry : computed.entries()) names.push_back(entry.name);
    file.require_names(names);
    file.require_finite();
    read_nets(file, "", nets);
    if (start) read_nets(file, kEpochStart, start->nets);
    compare_computed(file, trainer);

    trainer.restore(state, std::move(nets), std::move(start));
}

}  // namespace mgan::inline MGAN_ABI
