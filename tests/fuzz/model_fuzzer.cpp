// Models and checkpoints that are forged: valid files with right checksums, whose settings, shapes,
// types and numbers are what an input makes of them. Such a file is refused with an mgan::Error, or
// plays; a refused checkpoint leaves the trainer as it was. An input is a list of changes to a file
// of a small training. scripts/campaign fuzz-model builds and runs it.

#include <mgan/generation/model_file.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/runs/checkpoint.hpp>
#include <mgan/runs/run_directory.hpp>

#include <support/training_lab.hpp>
#include <training/arpeggios.hpp>
#include <training/small_step_settings.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
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
struct Parts {
    std::map<std::string, std::string> metadata;
    std::vector<Tensor> tensors;
};

Parts parts_of(const TensorFile& file) {
    Parts parts;
    parts.metadata = file.metadata();
    for (const TensorEntry& entry : file.entries()) {
        Tensor tensor{entry.name, entry.dtype, entry.shape, {}, {}};
        if (entry.dtype == DType::i64)
            tensor.integers = file.get<std::int64_t>(entry.name, entry.shape);
        else
            tensor.numbers = file.get<double>(entry.name, entry.shape);
        parts.tensors.push_back(std::move(tensor));
    }
    return parts;
}

TensorFile file_of(const Parts& parts) {
    TensorFile file("input");
    for (const auto& [key, text] : parts.metadata) file.set_metadata(key, text);
    for (const Tensor& tensor : parts.tensors) {
        if (tensor.dtype == DType::f32) {
            std::vector<float> values;
            for (const double x : tensor.numbers) {
                const bool fits =
                    !(std::abs(x) > static_cast<double>(std::numeric_limits<float>::max()));
                values.push_back(fits ? static_cast<float>(x)
                                      : std::numeric_limits<float>::infinity());
            }
            file.add(tensor.name, tensor.shape, std::span<const float>(values));
        } else if (tensor.dtype == DType::bf16) {
            std::vector<float> values;
            for (const double x : tensor.numbers)
                values.push_back(std::abs(x) > 3e38 ? std::numeric_limits<float>::infinity()
                                                    : static_cast<float>(x));
            file.add_half(tensor.name, tensor.shape, values);
        } else if (tensor.dtype == DType::f64) {
            file.add(tensor.name, tensor.shape, std::span<const double>(tensor.numbers));
        } else {
            file.add(tensor.name, tensor.shape, std::span<const std::int64_t>(tensor.integers));
        }
    }
    return file;
}

/// Replaces the value of the setting in line `line` of the flat JSON text.
void change_setting(std::string& json, std::size_t line, const std::string& value) {
    std::size_t begin = json.find('\n');
    for (; line > 0 && begin != json.npos; --line) begin = json.find('\n', begin + 1);
    if (begin == json.npos) return;
    const std::size_t colon = json.find(": ", begin), end = json.find('\n', begin + 1);
    if (colon == json.npos || end == json.npos || colon > end) return;
    const bool comma = json[end - 1] == ',';
    json.replace(colon + 2, end - colon - 2, value + (comma ? "," : ""));
}

void change(Parts& parts, Instructions& in) {
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
    Tensor none;
    Tensor& tensor = parts.tensors.empty() ? none : parts.tensors[in.below(parts.tensors.size())];
    std::string& settings = parts.metadata["mgan.settings"];
    switch (what) {
        case 0:
        case 1:
            change_setting(settings, in.below(250), kValues[in.below(std::size(kValues))]);
            break;
        case 2:
            change_setting(settings, in.below(250), in.text());
            break;
        case 3: {
            const std::string text = in.text();
            const std::size_t at = (in.word() & 0xFFFF) % (settings.size() + 1);
            settings.replace(at, std::min(text.size(), settings.size() - at), text);
            break;
        }
        case 4:
            if (!parts.tensors.empty())
                parts.tensors.erase(parts.tensors.begin() + (&tensor - parts.tensors.data()));
            break;
        case 5: {
            const double value = in.below(4) > 0 ? kNumbers[in.below(std::size(kNumbers))]
                                                 : std::bit_cast<double>(in.word());
            if (!tensor.numbers.empty()) tensor.numbers[in.below(tensor.numbers.size())] = value;
            if (in.below(8) == 1) std::fill(tensor.numbers.begin(), tensor.numbers.end(), value);
            break;
        }
        case 6:
            if (!tensor.integers.empty()) {
                tensor.integers[in.below(tensor.integers.size())] =
                    in.below(2) > 0 ? kIntegers[in.below(std::size(kIntegers))]
                                    : std::bit_cast<std::int64_t>(in.word());
            }
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
        case 8:
            if (tensor.dtype != DType::i64)
                tensor.dtype = tensor.dtype == DType::f32   ? DType::f64
                               : tensor.dtype == DType::f64 ? DType::bf16
                                                            : DType::f32;
            else
                tensor.name = in.text();
            break;
        default:
            if (in.below(2) == 0)
                parts.metadata[in.text()] = in.text();
            else
                parts.metadata["mgan.data"] = in.text();
    }
}

TensorFile changed(const Parts& base, Instructions& in) {
    Parts parts = base;
    for (int i = 0; i < 12 && in.more(); ++i) change(parts, in);
    // Through the bytes of a file, as strangers send it.
    return safetensors::parse(safetensors::serialize(file_of(parts)), "input");
}

/// A training with numeric heads.
struct NumericTraining {
    DataSet data = lab::small_data(6);
    std::unique_ptr<lab::Training> training;

    explicit NumericTraining(Variant variant) {
        Settings settings = lab::small_settings();
        settings.variant = variant;
        settings.length = 6;
        settings.batch = 4;
        settings.epoch_songs = 4;
        settings.generator.hidden = 4;
        settings.generator.head = 3;
        settings.discriminator.hidden = 3;
        training = std::make_unique<lab::Training>(settings, data);
        training->run(2);
    }
    [[nodiscard]] std::string checkpoint_bytes() const { return training->checkpoint_bytes(); }
    [[nodiscard]] std::string model_bytes() const { return training->model_bytes(); }
    void restore(const TensorFile& file) { training->restore_checkpoint(file); }
};

/// A training with step heads, in its adversarial phase.
struct StepTraining {
    static constexpr std::uint64_t kFingerprint = 5;
    std::unique_ptr<StepTrainer<float>> trainer;

    explicit StepTraining(Variant variant) {
        Settings settings = mgan_test::small_step_settings(variant);
        settings.length = 8;
        settings.generator.embedding = settings.discriminator.embedding = 2;
        settings.generator.input = settings.generator.hidden = settings.generator.head = 3;
        settings.discriminator.input = settings.discriminator.hidden = 3;
        settings.discriminator.answer = 3;
        trainer = std::make_unique<StepTrainer<float>>(settings, mgan_test::arpeggios(3), 1);
        while (!trainer->finished()) (void)trainer->run_epoch({});
    }
    [[nodiscard]] static std::string text_of(const std::vector<std::byte>& bytes) {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    [[nodiscard]] std::string checkpoint_bytes() const {
        return text_of(safetensors::serialize(make_checkpoint(*trainer, kFingerprint)));
    }
    [[nodiscard]] std::string model_bytes() const {
        return text_of(save_model(model_of(*trainer)));
    }
    void restore(const TensorFile& file) { restore_checkpoint(file, *trainer, kFingerprint); }
};

/// A small training with every part of a checkpoint, of one variant.
template <typename Training>
struct Bench {
    Training training;
    std::string bytes = training.checkpoint_bytes();
    TensorFile whole = parse(bytes);
    Parts checkpoint = parts_of(whole), model = parts_of(parse(training.model_bytes()));

    explicit Bench(Variant variant) : training(variant) {}
    static TensorFile parse(const std::string& bytes) {
        const auto span = std::as_bytes(std::span(bytes));
        return safetensors::parse({span.begin(), span.end()}, "base");
    }

    void try_model(Instructions& in) const {
        const Model read = read_model<float>(changed(model, in));
        for (const midi::Song& song : read.songs(1, 4, 1, 1))
            (void)midi::serialise(midi::to_midi_file(song));
    }
    void try_checkpoint(Instructions& in) {
        const TensorFile file = changed(checkpoint, in);
        try {
            training.restore(file);
        } catch (const Error&) {
            require_that(training.checkpoint_bytes() == bytes);
            return;
        }
        (void)training.checkpoint_bytes();
        training.restore(whole);
        require_that(training.checkpoint_bytes() == bytes);
    }
    void try_file(bool of_checkpoint, Instructions& in) {
        try {
            if (of_checkpoint)
                try_checkpoint(in);
            else
                try_model(in);
        } catch (const Error&) {  // anything else is a finding
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Bench<NumericTraining> plain(Variant::c_rnn_gan), attention(Variant::carnn_mgan);
    static Bench<StepTraining> steps(Variant::carnn_mgan);
    Instructions in(data, size);
    const std::uint8_t kind = in.byte();
    const bool of_checkpoint = (kind & 2) != 0;
    if (kind & 4)
        steps.try_file(of_checkpoint, in);
    else
        (kind & 1 ? attention : plain).try_file(of_checkpoint, in);
    return 0;
}
