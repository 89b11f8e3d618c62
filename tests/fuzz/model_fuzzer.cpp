// Models and checkpoints that are forged: valid files with right checksums, whose settings, shapes,
// types and numbers are what an input makes of them. Such a file is refused with an mgan::Error, or
// plays; a refused checkpoint leaves the trainer as it was, and an accepted one can be trained on.
// An input is a byte that chooses one of sixteen small trainings and what is done with its file,
// and a list of changes to it. Nets of two units and songs of four events: what is tried is what a
// loader believes, and that has no more to do with large ones. scripts/campaign fuzz-model builds
// and runs it.

#include <mgan/generation/model_file.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/player.hpp>
#include <mgan/runs/checkpoint.hpp>
#include <mgan/runs/run_directory.hpp>

#include <support/training_bits.hpp>
#include <support/training_lab.hpp>
#include <training/arpeggios.hpp>
#include <training/small_step_settings.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace mgan;

void require_that(bool condition) {
    if (!condition) std::abort();
}

/// The numbers of an input, one after the other; zeros when they are used up.
class Instructions {
public:
    Instructions(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    [[nodiscard]] bool more() const { return at_ < size_; }
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : byte() % limit; }
    /// Of two bytes, for what may be more than 256.
    std::size_t far_below(std::size_t limit) {
        const std::size_t high = byte();
        return limit == 0 ? 0 : (high << 8 | byte()) % limit;
    }
    std::uint8_t byte() { return at_ < size_ ? data_[at_++] : std::uint8_t{0}; }
    std::uint64_t word() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | byte();
        return value;
    }
    std::string text() {
        std::string text;
        for (std::size_t left = byte() % 24; left > 0 && more(); --left)
            text += static_cast<char>(byte());
        return text;
    }

private:
    const std::uint8_t* data_;
    std::size_t size_, at_ = 0;
};

/// A tensor that may be changed at will; every number in 64 bits.
struct Tensor {
    std::string name;
    DType dtype = DType::f32;
    TensorShape shape;
    std::vector<double> numbers;
    std::vector<std::int64_t> integers;
};

/// A file of a training, taken apart once.
struct Base {
    std::map<std::string, std::string> metadata;  // but the settings
    std::vector<std::string> keys, values;        // of the settings, values as JSON
    std::vector<bool> is_default;                 // which a file may leave out
    std::vector<Tensor> tensors;
    std::vector<TensorEntry> entries;  // of the same, in `bytes`
    std::vector<std::byte> bytes;

    explicit Base(const TensorFile& file) : metadata(file.metadata()) {
        const std::string settings = metadata.at(kSettingsKey);
        metadata.erase(kSettingsKey);
        for_each_line(settings, [&](std::string key, std::string value) {
            keys.push_back(std::move(key));
            values.push_back(std::move(value));
        });
        std::size_t line = 0;
        for_each_line(settings_to_json(Settings{}), [&](const std::string&, std::string value) {
            is_default.push_back(value == values.at(line++));
        });
        require_that(is_default.size() == keys.size() && keys.size() > 100);
        for (const TensorEntry& entry : file.entries()) {
            Tensor tensor{entry.name, entry.dtype, entry.shape, {}, {}};
            if (entry.dtype == DType::i64)
                tensor.integers = file.get<std::int64_t>(entry.name, entry.shape);
            else
                tensor.numbers = file.get<double>(entry.name, entry.shape);
            tensors.push_back(std::move(tensor));
            const auto held = file.bytes(entry);
            entries.push_back(
                {entry.name, entry.dtype, entry.shape, bytes.size(), bytes.size() + held.size()});
            bytes.insert(bytes.end(), held.begin(), held.end());
        }
    }

private:
    /// Calls use(key, value) for each line of flat JSON.
    template <typename Use>
    static void for_each_line(const std::string& json, Use&& use) {
        for (std::size_t begin = json.find("\n  "); begin != json.npos;
             begin = json.find("\n  ", begin + 1)) {
            const std::size_t colon = json.find(": ", begin), end = json.find('\n', begin + 1);
            const bool comma = json[end - 1] == ',';
            use(json.substr(begin + 3, colon - begin - 3),
                json.substr(colon + 2, end - colon - 2 - (comma ? 1 : 0)));
        }
    }
};

/// What an input makes of a base. Only what it changes is copied.
class Forgery {
public:
    Forgery(const Base& base, Instructions& in) : base_(base), metadata_(base.metadata) {
        for (std::size_t i = 0; i < base.tensors.size(); ++i) places_.push_back({i, nullptr});
        for (int i = 0; i < 12 && in.more(); ++i) change(in);
    }

    /// As a file; `all_settings`: those too that have their defaults. What was not changed is
    /// copied in one piece.
    [[nodiscard]] TensorFile file(bool all_settings) const {
        TensorFile changed("input");
        for (const Tensor& tensor : own_) add(changed, tensor);
        std::map<std::string, std::string> metadata = metadata_;
        metadata.emplace(kSettingsKey, settings(all_settings));
        std::vector<std::byte> bytes;
        std::size_t size = base_.bytes.size();
        for (const TensorEntry& entry : changed.entries())
            size += static_cast<std::size_t>(entry.end - entry.begin);
        bytes.reserve(size);
        bytes = base_.bytes;
        std::vector<TensorEntry> entries;
        entries.reserve(places_.size());
        for (const Place& place : places_) {
            if (place.own == nullptr) {
                entries.push_back(base_.entries[place.base]);
                if (!own_.empty())
                    require<Error>(!changed.contains(entries.back().name), "input: a name twice");
                continue;
            }
            const TensorEntry& entry = changed.entry(place.own->name);
            const auto held = changed.bytes(entry);
            entries.push_back(
                {entry.name, entry.dtype, entry.shape, bytes.size(), bytes.size() + held.size()});
            bytes.insert(bytes.end(), held.begin(), held.end());
        }
        return TensorFile("input", std::move(bytes), 0, std::move(entries), std::move(metadata),
                          false);
    }

private:
    [[nodiscard]] std::string settings(bool all) const {
        std::string json = "{";
        for (std::size_t i = 0; i < base_.keys.size(); ++i) {
            const auto changed = values_.find(i);
            if (changed == values_.end() && base_.is_default[i] && !all) continue;
            json += json.size() > 1 ? ",\n  " : "\n  ";
            json += base_.keys[i] + ": ";
            json += changed == values_.end() ? base_.values[i] : changed->second;
        }
        json += "\n}\n";
        for (const auto& [place, text] : damage_) {
            const std::size_t at = place % (json.size() + 1);
            json.replace(at, std::min(text.size(), json.size() - at), text);
        }
        return json;
    }

    static void add(TensorFile& file, const Tensor& tensor) {
        const auto narrow = [&](double limit) {
            std::vector<float> values;
            values.reserve(tensor.numbers.size());
            for (const double x : tensor.numbers)
                values.push_back(std::abs(x) > limit ? std::numeric_limits<float>::infinity()
                                                     : static_cast<float>(x));
            return values;
        };
        if (tensor.dtype == DType::f32)
            file.add(tensor.name, tensor.shape,
                     std::span<const float>(
                         narrow(static_cast<double>(std::numeric_limits<float>::max()))));
        else if (tensor.dtype == DType::bf16)
            file.add_half(tensor.name, tensor.shape, narrow(3e38));
        else if (tensor.dtype == DType::f64)
            file.add(tensor.name, tensor.shape, std::span<const double>(tensor.numbers));
        else
            file.add(tensor.name, tensor.shape, std::span<const std::int64_t>(tensor.integers));
    }

    /// A tensor that is this file's own.
    Tensor& own(std::size_t index) {
        Place& place = places_[index];
        if (place.own == nullptr) place.own = &own_.emplace_back(base_.tensors[place.base]);
        return *place.own;
    }

    void change(Instructions& in) {
        static const char* const kValues[] = {"0",
                                              "1",
                                              "2",
                                              "3",
                                              "4",
                                              "5",
                                              "7",
                                              "8",
                                              "16",
                                              "48",
                                              "100",
                                              "1000",
                                              "4096",
                                              "1000000",
                                              "1000000000000",
                                              "-1",
                                              "-3",
                                              "0.0",
                                              "0.25",
                                              "1.0",
                                              "1e-300",
                                              "1e300",
                                              "true",
                                              "false",
                                              "\"none\"",
                                              "\"tones\"",
                                              "\"carnn-gan\"",
                                              "\"c-rnn-gan\"",
                                              "\"paper\"",
                                              "null"};
        static const double kNumbers[] = {0.0,
                                          -0.0,
                                          1.0,
                                          -1.0,
                                          0.5,
                                          1e30,
                                          -1e30,
                                          1e308,
                                          1e-308,
                                          std::numeric_limits<double>::infinity(),
                                          -std::numeric_limits<double>::infinity(),
                                          std::numeric_limits<double>::quiet_NaN(),
                                          1e9,
                                          -1e9,
                                          127.0};
        static const std::int64_t kIntegers[] = {0,
                                                 1,
                                                 -1,
                                                 2,
                                                 3,
                                                 5,
                                                 100,
                                                 1'000'000'000'000,
                                                 std::numeric_limits<std::int64_t>::max(),
                                                 std::numeric_limits<std::int64_t>::min()};
        const std::size_t what = in.below(10);
        if (what <= 2) {  // a setting
            const std::size_t which = in.below(base_.keys.size());
            values_[which] = what < 2 ? kValues[in.below(std::size(kValues))] : in.text();
        } else if (what == 3) {  // any place of their text
            const std::string text = in.text();
            damage_.emplace_back(in.word() & 0xFFFF, text);
        } else if (what == 9) {
            change_metadata(in);
        } else if (!places_.empty()) {
            change_tensor(what, in.far_below(places_.size()), in, kNumbers, kIntegers);
        }
    }

    void change_metadata(Instructions& in) {
        switch (in.below(4)) {
            case 0: {
                const std::string key = in.text();
                metadata_[key] = in.text();
                break;
            }
            case 1:
                if (!metadata_.empty())
                    metadata_.erase(std::next(metadata_.begin(), static_cast<std::ptrdiff_t>(
                                                                     in.below(metadata_.size()))));
                break;
            case 2:
                metadata_[kPhaseKey] = in.text();
                break;
            default:
                metadata_[kFingerprintKey] = in.text();
        }
    }

    template <std::size_t kA, std::size_t kB>
    void change_tensor(std::size_t what, std::size_t index, Instructions& in,
                       const double (&numbers)[kA], const std::int64_t (&integers)[kB]) {
        if (what == 4) {
            Tensor* const gone = places_[index].own;
            places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(index));
            if (gone != nullptr)
                own_.remove_if([&](const Tensor& tensor) { return &tensor == gone; });
            return;
        }
        Tensor& tensor = own(index);
        switch (what) {
            case 5: {
                const double value =
                    in.below(4) > 0 ? numbers[in.below(kA)] : std::bit_cast<double>(in.word());
                if (!tensor.numbers.empty())
                    tensor.numbers[in.below(tensor.numbers.size())] = value;
                if (in.below(8) == 1)
                    std::fill(tensor.numbers.begin(), tensor.numbers.end(), value);
                break;
            }
            case 6:
                if (!tensor.integers.empty())
                    tensor.integers[in.below(tensor.integers.size())] =
                        in.below(2) > 0 ? integers[in.below(kB)]
                                        : std::bit_cast<std::int64_t>(in.word());
                break;
            case 7: {  // another shape; sometimes of as many numbers
                TensorShape shape;
                std::size_t size = 1;
                for (std::size_t left = in.below(4); left > 0; --left) {
                    shape.push_back(static_cast<std::int64_t>(in.below(13)));
                    size *= static_cast<std::size_t>(shape.back());
                }
                tensor.shape = shape;
                if (tensor.dtype == DType::i64)
                    tensor.integers.resize(size, 1);
                else
                    tensor.numbers.resize(size, 0.25);
                break;
            }
            default:
                if (tensor.dtype == DType::i64 || in.below(4) == 3)
                    tensor.name = in.text();
                else
                    tensor.dtype = tensor.dtype == DType::f32   ? DType::f64
                                   : tensor.dtype == DType::f64 ? DType::bf16
                                                                : DType::f32;
        }
    }

    const Base& base_;
    std::map<std::string, std::string> metadata_;
    std::map<std::size_t, std::string> values_;
    std::vector<std::pair<std::size_t, std::string>> damage_;
    struct Place {
        std::size_t base;
        Tensor* own;  // nullptr: that of the base
    };
    std::vector<Place> places_;
    std::list<Tensor> own_;
};

/// A training of a few numbers, of either family of heads.
class Training {
public:
    virtual ~Training() = default;
    [[nodiscard]] virtual TensorFile checkpoint() const = 0;
    [[nodiscard]] virtual TensorFile model() const = 0;
    [[nodiscard]] virtual std::string bits() const = 0;  ///< support/training_bits.hpp
    virtual void restore(const TensorFile& file) = 0;
    virtual void go_on() = 0;    ///< by a minibatch
    virtual void go_back() = 0;  ///< to where it was at first
};

void make_small(Settings& s) {
    s.length = 4;
    s.batch = s.shard_songs = 2;
    s.epoch_songs = 4;
    s.generator.hidden = s.generator.head = 2;
    s.discriminator.hidden = 2;
    if (s.generator.mapping_layers > 0) s.generator.mapping_layers = 2;
    s.pretrain.epochs = s.adversarial.epochs = 1;
    s.adversarial.discriminator_warmup = 1;
    s.evaluation.songs = s.evaluation.selection_songs = 1;
    mgan_test::make_ear_small(s.pf);
    s.pf.classifier = {.inputs = 6, .hidden_1 = 2, .hidden_2 = 2, .steps = 2, .hidden = 2};
}

class NumericTraining final : public Training {
public:
    NumericTraining(Variant variant, bool of_events) {
        Settings settings = lab::small_preset(false, variant);
        make_small(settings);
        if (of_events) {
            settings.encoding.events.kind = encoding::EncodingKind::event;
            settings.encoding.events.normalisation = encoding::NormalisationKind::minmax;
        }
        training_ = std::make_unique<lab::Training>(settings, lab::small_data(4));
        training_->run(training_->steps_per_epoch() + 1);  // into the adversarial epoch
        training_->remember();
    }
    [[nodiscard]] TensorFile checkpoint() const override { return training_->checkpoint(); }
    [[nodiscard]] TensorFile model() const override {
        const std::string bytes = training_->model_bytes();
        const auto span = std::as_bytes(std::span(bytes));
        return safetensors::parse({span.begin(), span.end()}, "base");
    }
    [[nodiscard]] std::string bits() const override { return training_->bits(); }
    void restore(const TensorFile& file) override { training_->restore_checkpoint(file); }
    void go_on() override { (void)training_->run(training_->total_steps() + 1); }
    void go_back() override { training_->go_back(); }

private:
    std::unique_ptr<lab::Training> training_;
};

class StepTraining final : public Training {
public:
    /// `windowed`: the attention sees a few steps, and the training is at its end.
    StepTraining(Variant variant, bool windowed) {
        Settings settings = mgan_test::small_step_settings(variant);
        make_small(settings);
        settings.generator.embedding = settings.discriminator.embedding = 1;
        settings.generator.input = settings.discriminator.input = 2;
        settings.discriminator.answer = 2;
        settings.adversarial.songs = settings.adversarial.moments = 2;
        if (windowed) settings.generator.attention_window = 3;
        trainer_ = std::make_unique<StepTrainer<float>>(settings, mgan_test::arpeggios(3), 1);
        while (!trainer_->finished())
            if (!trainer_->run_epoch(
                    [&](const StepReport&) { return windowed || trainer_->state().epoch == 1; }))
                break;
        memory_ = mgan_test::memory_of(*trainer_);
    }
    [[nodiscard]] TensorFile checkpoint() const override {
        return make_checkpoint(*trainer_, kFingerprint);
    }
    [[nodiscard]] TensorFile model() const override {
        Model model = model_of(*trainer_);
        model.steps->starts.resize(4);  // of 1500, nine tenths of the file
        return safetensors::parse(save_model(model), "base");
    }
    [[nodiscard]] std::string bits() const override { return mgan_test::training_bits(*trainer_); }
    void restore(const TensorFile& file) override {
        restore_checkpoint(file, *trainer_, kFingerprint);
    }
    void go_on() override {
        if (!trainer_->finished())
            (void)trainer_->run_epoch([](const StepReport&) { return false; });
    }
    void go_back() override { mgan_test::go_back(*trainer_, *memory_); }

private:
    static constexpr std::uint64_t kFingerprint = 5;
    std::unique_ptr<StepTrainer<float>> trainer_;
    std::optional<mgan_test::TrainingMemory<StepNets<float>>> memory_;
};

/// What the highest three bits of an input say.
enum class Use {
    songs,         ///< the model plays four events; or it is a checkpoint
    load,          ///< and is not asked to play
    few_songs,     ///< as `songs`
    player,        ///< note by note
    load_too,      ///< as `load`
    long_songs,    ///< more events than a song of the training has, and songs in between
    directed,      ///< note by note, told what to play
    through_bytes  ///< as strangers send it: the bytes of a file that names every setting
};

class Bench {
public:
    explicit Bench(std::unique_ptr<Training> training)
        : training_(std::move(training)),
          bits_(training_->bits()),
          checkpoint_(training_->checkpoint()),
          model_(training_->model()),
          settings_(read_settings(training_->checkpoint(), "checkpoint")) {}

    void try_model(Use use, Instructions& in) const {
        TensorFile file = Forgery(model_, in).file(use == Use::through_bytes);
        if (use == Use::through_bytes) file = through_bytes(file);
        Model read = read_model<float>(file);
        // A thousand candidates are a thousand times the same; few inputs shall wait for them.
        PlayingSettings& how = read.settings.playing;
        if (use != Use::long_songs) {
            how.guide = std::min<std::int64_t>(how.guide, 4);
            how.particles = std::min<std::int64_t>(how.particles, 4);
        }
        switch (use) {
            case Use::songs:
            case Use::few_songs:
            case Use::through_bytes:
                write(read.songs(1, 4, 1, 1));
                break;
            case Use::long_songs:
                write(read.songs(1, 7, 1, 1));
                if (!read.steps) write(read.interpolate(2, 4, 1, 1));
                break;
            case Use::player:
            case Use::directed:
                // To look ahead takes hundreds of events a note; few inputs shall wait for it.
                play(PlayerModel(std::move(read)), use == Use::directed, in.below(8) == 1);
                break;
            default:
                break;
        }
    }

    void try_checkpoint(Instructions& in) {
        const std::size_t how = in.below(8);
        TensorFile file = Forgery(checkpoint_, in).file(false);
        if (how == 1 && !settings_.has_step_heads()) file = through_bytes(file);
        try {
            require_fitting_checkpoint(file, settings_);
            training_->restore(file);
        } catch (const Error&) {
            require_that(training_->bits() == bits_);
            return;
        }
        try {
            if (how == 0) training_->go_on();
        } catch (const Error&) {  // numbers that no training survives
        }
        training_->go_back();
    }

private:
    static TensorFile through_bytes(const TensorFile& file) {
        return safetensors::parse(safetensors::serialize(file), "input");
    }
    static void write(const std::vector<midi::Song>& songs) {
        for (const midi::Song& song : songs) (void)midi::serialise(midi::to_midi_file(song));
    }
    static void play(const PlayerModel& model, bool directed, bool looks_ahead) {
        PlayerOptions options;
        options.looks_ahead = looks_ahead;
        options.candidates = std::min(model.room_for_guidance(), 4);
        Player player(model, 1, 0, options);
        PlayerControls controls;
        controls.scale = *scale_of("D dorian");
        for (int i = 0; i < 6; ++i) {
            if (directed && i == 2) (void)player.direct(controls);
            if (directed && i == 3) player.feed(Note{});
            const PlayedNote note =
                directed && i == 4 ? player.next_within(0, 1 << 20) : player.next();
            require_that(note.pitch >= 0 && note.pitch <= 127);
            require_that(note.velocity >= 1 && note.velocity <= 127);
        }
    }
    std::unique_ptr<Training> training_;
    std::string bits_;
    Base checkpoint_, model_;
    Settings settings_;
};

/// The bench for the lowest five bits of an input, made when the first input wants it.
Bench& bench_of(std::uint8_t kind) {
    static std::array<std::unique_ptr<Bench>, 16> all;
    const bool carnn = (kind & 1) != 0, steps = (kind & 4) != 0, other = (kind & 8) != 0;
    const bool special = (kind & 16) != 0;
    std::unique_ptr<Bench>& bench = all[(kind & 1u) | (kind & 28u) >> 1];
    if (bench == nullptr) {
        const Variant variant = carnn ? (other ? Variant::carnn_gan : Variant::carnn_mgan)
                                : other && kHasEar ? Variant::carnn_pf_mgan
                                                   : Variant::c_rnn_gan;
        std::unique_ptr<Training> training;
        if (steps)
            training = std::make_unique<StepTraining>(variant, special);
        else
            training = std::make_unique<NumericTraining>(variant, special);
        bench = std::make_unique<Bench>(std::move(training));
    }
    return *bench;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Instructions in(data, size);
    const std::uint8_t kind = in.byte();
    const Use use = static_cast<Use>(kind >> 5);
    try {
        // A checkpoint takes the time of ten models: one input of sixteen.
        if ((kind & 2) != 0 && use == Use::songs)
            bench_of(kind).try_checkpoint(in);
        else
            bench_of(kind).try_model(use, in);
    } catch (const Error&) {  // anything else is a finding
    }
    return 0;
}
