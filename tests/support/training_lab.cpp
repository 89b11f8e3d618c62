#include "training_lab.hpp"

#include "training_bits.hpp"

#include <mgan/dataset/fingerprint.hpp>
#include <mgan/runs/run_directory.hpp>
#include <mgan/settings/presets.hpp>

#include <atomic>

#include <unistd.h>

namespace lab {

using namespace mgan;

DataSet small_data(std::size_t count, std::uint64_t seed) {
    DataSet data;
    data.files = count;
    for (std::size_t i = 0; i < count; ++i) {
        const Random random(seed, "small data", i);
        midi::Song song;
        std::int64_t onset = 0;
        for (std::uint64_t n = 0; n < 20 + random.integer(0, 21); ++n) {
            const auto draw = [&](std::uint64_t what, std::uint64_t options) {
                return static_cast<std::int64_t>(random.integer(10 + 5 * n + what, options));
            };
            if (draw(0, 4) > 0) onset += 96 * (1 + draw(1, 4));
            song.notes.push_back({onset, 96 * (1 + draw(2, 4)), static_cast<int>(55 + draw(3, 20)),
                                  static_cast<int>(50 + 10 * draw(4, 5)), 0});
        }
        std::sort(song.notes.begin(), song.notes.end(), midi::note_order);
        data.songs.push_back(std::move(song));
        data.names.push_back(concat("folder", i % 2, "/song", i, ".mid"));
    }
    return data;
}

Settings small_settings() {
    Settings settings;
    settings.length = 12;
    settings.batch = 5;
    settings.shard_songs = 2;
    settings.epoch_songs = 15;
    settings.generator.hidden = 8;
    settings.generator.head = 8;
    settings.discriminator.hidden = 8;
    settings.pretrain.epochs = 2;
    settings.adversarial.epochs = 2;
    settings.adversarial.discriminator_warmup = 2;
    settings.evaluation.songs = 3;
    settings.evaluation.selection_songs = 5;
    return settings;
}

Settings small_preset(bool paper, Variant variant) {
    const Settings small = small_settings();
    Settings settings = paper ? paper_settings(variant) : numeric_settings(variant);
    settings.length = small.length;
    settings.batch = small.batch;
    settings.shard_songs = small.shard_songs;
    settings.epoch_songs = small.epoch_songs;
    settings.generator.hidden = small.generator.hidden;
    settings.generator.head = small.generator.head;
    settings.discriminator.hidden = small.discriminator.hidden;
    settings.pretrain.epochs = 2;
    settings.pretrain.curriculum_start = 0;
    settings.adversarial.epochs = 2;
    settings.adversarial.discriminator_warmup = paper ? 0 : 2;
    settings.evaluation = small.evaluation;
    settings.pf.synthesiser.samples = 1 << 16;
    settings.pf.converter.highest = 500.0;
    settings.pf.classifier = {
        .inputs = 60, .hidden_1 = 16, .hidden_2 = 12, .steps = 4, .hidden = 5};
    return settings;
}

TemporaryFolder::TemporaryFolder() {
    static std::atomic<int> number = 0;
    path_ =
        std::filesystem::temp_directory_path() / concat("mgan-test-", ::getpid(), "-", ++number);
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
}
TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

namespace {

std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename Model>
std::vector<float> flat(const Model& model) {
    const AlignedVector<float> values = flat_parameters<float>(model);
    return {values.begin(), values.end()};
}

template <typename Model>
void poke(Model& model, const std::string& wanted, std::ptrdiff_t index, float value) {
    bool found = false;
    for_each_parameter(model, [&](const ParameterName& name, auto& parameter) {
        if (name.text() != wanted) return;
        parameter.data()[index] = value;
        found = true;
    });
    require<Error>(found, "no parameter ", wanted);
}

template <typename Model>
std::vector<std::string> names(const Model& model) {
    std::vector<std::string> list;
    for_each_parameter(
        model, [&](const ParameterName& name, const auto&) { list.push_back(name.text()); });
    return list;
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
    return text_of(read_file_bytes(path));
}

struct Training::Memory : mgan_test::TrainingMemory<TrainingNets<float>> {};

Training::Training(const Settings& settings, const DataSet& data, int threads, Communicator& ranks)
    : data_(data),
      threads_(threads),
      trainer_(std::make_unique<Trainer<float>>(settings, data_, threads, ranks)) {}
Training::~Training() = default;

std::vector<Epoch> Training::run(std::int64_t total) {
    std::vector<Epoch> epochs;
    while (!trainer_->finished() && trainer_->state().total_steps < total) {
        const auto report = trainer_->run_epoch(
            [&](const StepReport&) { return trainer_->state().total_steps < total; });
        if (!report) break;
        Epoch epoch{.epoch = report->epoch,
                    .adversarial = report->adversarial,
                    .pretrain = report->mean.losses.loss_pretrain,
                    .validation_pretrain = report->validation.loss_pretrain,
                    .loss_d = report->mean.losses.loss_d,
                    .loss_g = report->mean.losses.loss_g,
                    .freezes_g = report->mean.freezes_g,
                    .freezes_d = report->mean.freezes_d,
                    .freezes_f = report->mean.freezes_f,
                    .has_pf_classifier = report->has_pf_classifier,
                    .f_loss = report->mean.losses.f_loss,
                    .f_accuracy = report->mean.losses.f_accuracy,
                    .validation_f_accuracy = report->validation.f_accuracy,
                    .learning_rate = report->learning_rate,
                    .best = report->best,
                    .rollbacks = report->rollbacks};
        if (report->comparison) epoch.mean_overlap_area = report->comparison->mean_overlap_area;
        epochs.push_back(epoch);
    }
    return epochs;
}

bool Training::stop_in_warmup(std::int64_t done) {
    while (!trainer_->finished()) {
        const auto goes_on = [&](const WarmupReport& warmup) { return warmup.done < done; };
        if (!trainer_->run_epoch({}, {}, goes_on)) return true;
    }
    return false;
}

bool Training::finished() const {
    return trainer_->finished();
}
std::int64_t Training::steps_per_epoch() const {
    return trainer_->steps_per_epoch();
}
std::int64_t Training::total_steps() const {
    return trainer_->state().total_steps;
}
std::int64_t Training::epoch() const {
    return trainer_->state().epoch;
}
std::int64_t Training::best_epoch() const {
    return trainer_->state().best_epoch;
}
std::vector<float> Training::generator() const {
    return flat(trainer_->nets().generator.net);
}
std::vector<float> Training::discriminator() const {
    return flat(trainer_->nets().discriminator.net);
}
std::vector<float> Training::pf_classifier() const {
    return flat(trainer_->nets().pf_classifier.net);
}
std::vector<float> Training::kept() const {
    return flat(trainer_->kept());
}
std::vector<float> Training::current_generator() const {
    return flat(trainer_->current_generator());
}

void Training::poke_generator(const std::string& name, std::ptrdiff_t index, float value) {
    TrainingNets<float> nets = trainer_->nets();
    poke(nets.generator.net, name, index, value);
    trainer_->restore(trainer_->state(), std::move(nets));
}
void Training::harm(bool discriminator) {
    TrainingNets<float> nets = trainer_->nets();
    std::optional<EpochStart<TrainingNets<float>>> start;
    if (const auto* const known = trainer_->epoch_start()) start = *known;
    const auto harm_all = [](auto& net) {
        for_each_parameter(net, [](const ParameterName&, auto& weights) {
            weights.setConstant(std::numeric_limits<float>::quiet_NaN());
        });
    };
    if (discriminator) {
        harm_all(nets.discriminator.net);
    } else {
        harm_all(nets.generator.net);
    }
    trainer_->restore(trainer_->state(), std::move(nets), std::move(start));
}
std::int64_t Training::rollbacks() const {
    return trainer_->state().rollbacks;
}
void Training::poke_discriminator(const std::string& name, std::ptrdiff_t index, float value) {
    TrainingNets<float> nets = trainer_->nets();
    poke(nets.discriminator.net, name, index, value);
    trainer_->restore(trainer_->state(), std::move(nets));
}
void Training::poke_pf_classifier(const std::string& name, std::ptrdiff_t index, float value) {
    TrainingNets<float> nets = trainer_->nets();
    poke(nets.pf_classifier.net, name, index, value);
    trainer_->restore(trainer_->state(), std::move(nets));
}
std::vector<std::string> Training::generator_names() const {
    return names(trainer_->nets().generator.net);
}
std::vector<std::string> Training::discriminator_names() const {
    return names(trainer_->nets().discriminator.net);
}

std::string Training::model_bytes() const {
    const TemporaryFolder folder;
    save_model(folder / "model", model_of(*trainer_));
    return read_text(folder / "model");
}
std::string Training::checkpoint_bytes() const {
    return text_of(safetensors::serialize(checkpoint()));
}
TensorFile Training::checkpoint() const {
    return make_checkpoint(*trainer_, fingerprint(data_));
}
std::string Training::bits() const {
    return mgan_test::training_bits(*trainer_);
}
void Training::remember() {
    memory_ = std::make_unique<Memory>(Memory{mgan_test::memory_of(*trainer_)});
}
void Training::go_back() {
    mgan_test::go_back(*trainer_, *memory_);
}
void Training::save_checkpoint(const std::filesystem::path& path) const {
    mgan::save_checkpoint(path, *trainer_, fingerprint(data_));
}
void Training::restore_checkpoint(const std::filesystem::path& path) {
    restore_checkpoint(read_safetensors(path));
}
void Training::restore_checkpoint(const TensorFile& file) {
    mgan::restore_checkpoint(file, *trainer_, fingerprint(data_));
}

bool Training::run_in(const std::filesystem::path& folder, bool resume, std::int64_t stop_after) {
    RunDirectory directory(folder);
    Communicator& ranks = trainer_->ranks();
    together(ranks, [&] {
        if (!ranks.writes()) return;
        if (resume) {
            directory.resume(*trainer_, data_, "small data");
        } else {
            directory.start(trainer_->settings(), data_, "small data");
        }
    });
    if (resume) share_state(*trainer_, fingerprint(data_));
    require_same_start(*trainer_);
    RunOptions options;
    options.threads = threads_;
    std::int64_t done = 0;
    options.on_step = [&](const StepReport&) { return ++done != stop_after; };
    return run_training(*trainer_, directory, options);
}

void Training::crash_in(const std::filesystem::path& folder, std::int64_t step) {
    struct Crash {};
    RunDirectory directory(folder);
    directory.start(trainer_->settings(), data_, "small data");
    RunOptions options;
    options.checkpoint_seconds = -1.0;
    options.on_step = [&](const StepReport&) -> bool {
        if (trainer_->state().total_steps == step) throw Crash{};
        return true;
    };
    try {
        run_training(*trainer_, directory, options);
    } catch (const Crash&) {
    }
}

std::string trained_model(const Settings& settings, const DataSet& data, int threads) {
    Training training(settings, data, threads);
    training.run();
    return training.model_bytes();
}

}  // namespace lab
