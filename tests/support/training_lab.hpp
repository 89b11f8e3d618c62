#pragma once
// A small training for tests, behind functions that are compiled once: Trainer<float> takes half a
// minute to compile, so that only support/training_lab.cpp includes it.

#include <mgan/dataset/data_set.hpp>
#include <mgan/distributed/communicator.hpp>
#include <mgan/settings/settings.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI {
template <typename Scalar>
class Trainer;
class TensorFile;
}

namespace lab {

/// `count` songs of 20 to 40 notes with chords, on the grid.
[[nodiscard]] mgan::DataSet small_data(std::size_t count = 8, std::uint64_t seed = 1);

/// Settings under which a training takes a tenth of a second: length 12, batch 5 in shards of 2,
/// hidden 8, two epochs of each phase, three minibatches an epoch.
[[nodiscard]] mgan::Settings small_settings();

/// Those of a preset for numeric heads, `paper` or `numeric`, made as small.
[[nodiscard]] mgan::Settings small_preset(bool paper, mgan::Variant variant);

/// A folder that is empty at first and gone at the end.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

/// What most tests of a training begin with.
struct SmallTraining {
    mgan::DataSet data = small_data();
    mgan::Settings settings = small_settings();
    TemporaryFolder folder;
};

/// All bytes of a file as text.
[[nodiscard]] std::string read_text(const std::filesystem::path& path);

/// What an epoch's report says, as far as tests ask.
struct Epoch {
    std::int64_t epoch = 0;
    bool adversarial = false;
    double pretrain = 0.0, validation_pretrain = 0.0;
    double loss_d = 0.0, loss_g = 0.0;
    double freezes_g = 0.0, freezes_d = 0.0, freezes_f = 0.0;
    bool has_pf_classifier = false;  ///< and these are of it
    double f_loss = 0.0, f_accuracy = 0.0, validation_f_accuracy = 0.0;
    double learning_rate = 0.0;
    double mean_overlap_area = 0.0;
    bool best = false;
    std::int64_t rollbacks = 0;
};

class Training {
public:
    Training(const mgan::Settings& settings, const mgan::DataSet& data, int threads = 1,
             mgan::Communicator& ranks = mgan::one_process());
    ~Training();

    /// Trains until `total` minibatches are done, or to the end. Returns the epochs that ended.
    std::vector<Epoch> run(std::int64_t total = 1'000'000);

    /// Trains until D, learning alone, has done `done` minibatches, and stops there. Returns
    /// whether it came to that.
    bool stop_in_warmup(std::int64_t done);

    [[nodiscard]] bool finished() const;
    [[nodiscard]] std::int64_t steps_per_epoch() const;
    [[nodiscard]] std::int64_t total_steps() const;
    [[nodiscard]] std::int64_t epoch() const;
    [[nodiscard]] std::int64_t best_epoch() const;

    /// Weights, one after the other.
    [[nodiscard]] std::vector<float> generator() const;
    [[nodiscard]] std::vector<float> discriminator() const;
    [[nodiscard]] std::vector<float> pf_classifier() const;
    [[nodiscard]] std::vector<float> kept() const;
    [[nodiscard]] std::vector<float> current_generator() const;

    /// Sets entry `index` of the parameter with that name.
    void poke_generator(const std::string& name, std::ptrdiff_t index, float value);
    void poke_discriminator(const std::string& name, std::ptrdiff_t index, float value);
    void poke_pf_classifier(const std::string& name, std::ptrdiff_t index, float value);

    /// Makes all weights of G, or of D, NaN within an epoch whose beginning stays known.
    void harm(bool discriminator);
    [[nodiscard]] std::int64_t rollbacks() const;

    /// Names of all parameters.
    [[nodiscard]] std::vector<std::string> generator_names() const;
    [[nodiscard]] std::vector<std::string> discriminator_names() const;

    /// The bytes of model.safetensors and checkpoint.safetensors, as they would be written now.
    [[nodiscard]] std::string model_bytes() const;
    [[nodiscard]] std::string checkpoint_bytes() const;
    /// The tensors of that checkpoint.
    [[nodiscard]] mgan::TensorFile checkpoint() const;
    /// What the steps have changed: support/training_bits.hpp.
    [[nodiscard]] std::string bits() const;
    /// Remembers where the training is; goes back there.
    void remember();
    void go_back();

    void save_checkpoint(const std::filesystem::path& path) const;
    void restore_checkpoint(const std::filesystem::path& path);
    void restore_checkpoint(const mgan::TensorFile& file);

    /// What the program does in a run directory: `start` or `resume`, then train. `stop_after`:
    /// minibatches, as of Ctrl-C; -1: none. Returns whether the end was reached.
    bool run_in(const std::filesystem::path& folder, bool resume, std::int64_t stop_after = -1);

    /// A new run that writes a checkpoint after every minibatch and dies within number `step`,
    /// whose work is lost.
    void crash_in(const std::filesystem::path& folder, std::int64_t step);

private:
    mgan::DataSet data_;
    int threads_;
    std::unique_ptr<mgan::Trainer<float>> trainer_;
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

/// The bytes of the model at the end of a training in one go.
[[nodiscard]] std::string trained_model(const mgan::Settings& settings, const mgan::DataSet& data,
                                        int threads = 1);

}  // namespace lab
