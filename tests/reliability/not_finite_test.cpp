// NaN and infinities, put into every tensor of a model and of a checkpoint, and into every weight
// of a training: nothing takes them over, nothing writes them, and each is named.
#include <mgan/generation/model_file.hpp>
#include <mgan/io/safetensors.hpp>

#include <support/campaign_size.hpp>
#include <support/catch.hpp>
#include <support/training_lab.hpp>

#include <cmath>
#include <limits>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Settings tiny_settings(Variant variant) {
    Settings settings = lab::small_settings();
    settings.variant = variant;
    settings.length = 6;
    settings.batch = 4;
    settings.epoch_songs = 8;
    settings.generator.hidden = 4;
    settings.generator.head = 3;
    settings.discriminator.hidden = 3;
    return settings;
}

TensorFile parse(const std::string& bytes) {
    const auto span = std::as_bytes(std::span(bytes));
    return safetensors::parse({span.begin(), span.end()}, "file");
}

/// `file` with one number replaced.
TensorFile with(const TensorFile& file, const std::string& name, std::size_t index, double value) {
    TensorFile changed("changed");
    for (const auto& [key, text] : file.metadata()) changed.set_metadata(key, text);
    for (const TensorEntry& entry : file.entries()) {
        const auto copy = [&]<typename T>(T) {
            std::vector<T> values = file.get<T>(entry.name, entry.shape);
            if constexpr (std::floating_point<T>)
                if (entry.name == name) values.at(index) = static_cast<T>(value);
            changed.add(entry.name, entry.shape, std::span<const T>(values));
        };
        if (entry.dtype == DType::f32) copy(float{});
        if (entry.dtype == DType::f64) copy(double{});
        if (entry.dtype == DType::i64) copy(std::int64_t{});
    }
    return changed;
}

/// Calls use(tensor's name, index of a number, NaN or an infinity) for first and last numbers.
template <typename Use>
void for_each_place(const TensorFile& file, Use&& use) {
    std::size_t turn = 0;
    for (const TensorEntry& entry : file.entries()) {
        if (entry.dtype != DType::f32 && entry.dtype != DType::f64) continue;
        const std::size_t size =
            static_cast<std::size_t>((entry.end - entry.begin) / item_size(entry.dtype));
        if (size == 0) continue;
        const double values[] = {kNan, kInfinity, -kInfinity};
        for (std::size_t i = 0; i < std::size(values); ++i) {
            // All three in a campaign, else one after the other.
            if (!mgan_test::is_campaign() && i != turn % std::size(values)) continue;
            use(entry.name, std::size_t{0}, values[i]);
            if (size > 1) use(entry.name, size - 1, values[i]);
        }
        ++turn;
    }
}

}  // namespace

TEST_CASE("No NaN and no infinity is taken from a model's file, and the tensor is named") {
    std::uint64_t places = 0;
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        lab::Training training(tiny_settings(variant), lab::small_data());
        training.run(1);
        const TensorFile file = parse(training.model_bytes());
        for_each_place(file, [&](const std::string& name, std::size_t index, double value) {
            INFO(name << "[" << index << "] = " << value);
            const TensorFile changed = with(file, name, index, value);
            CHECK_THROWS_AS(read_model<float>(changed), Error);
            // The tables of the codec are checked one by one: a table is named by its feature.
            if (!name.starts_with("codec."))
                CHECK_THROWS_WITH(read_model<float>(changed), Contains(name));
            CHECK_THROWS_WITH(changed.require_finite(), Contains(name));
            ++places;
        });
    }
    CHECK(places > 100);
    mgan_test::tell_tried(places);
}

TEST_CASE("No NaN and no infinity is taken from a checkpoint, and the tensor is named") {
    std::uint64_t places = 0;
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_mgan}) {
        lab::Training training(tiny_settings(variant), lab::small_data());
        training.run(6);
        const std::string before = training.checkpoint_bytes();
        const TensorFile file = parse(before);
        for_each_place(file, [&](const std::string& name, std::size_t index, double value) {
            INFO(name << "[" << index << "] = " << value);
            const TensorFile changed = with(file, name, index, value);
            CHECK_THROWS_AS(training.restore_checkpoint(changed), NumericalError);
            CHECK_THROWS_WITH(training.restore_checkpoint(changed), Contains(name));
            ++places;
        });
        CHECK(training.checkpoint_bytes() == before);
    }
    CHECK(places > 150);
    mgan_test::tell_tried(places);
}

TEST_CASE("No NaN and no infinity in a weight is ever saved, whatever the training does about it") {
    const lab::TemporaryFolder folder;
    const std::filesystem::path path = folder / "checkpoint.safetensors";
    std::uint64_t places = 0;
    const std::vector<Variant> variants =
        mgan_test::is_campaign()
            ? std::vector{Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}
            : std::vector{Variant::carnn_mgan};
    for (const Variant variant : variants) {
        lab::Training training(tiny_settings(variant), lab::small_data());
        training.run(6);
        training.save_checkpoint(path);
        const std::string before = lab::read_text(path);
        const TensorFile file = parse(before);
        const auto inject = [&](bool of_discriminator, const std::string& name, double value) {
            const std::string full = (of_discriminator ? "discriminator." : "generator.") + name;
            INFO(full << " = " << value);
            training.restore_checkpoint(file);
            if (of_discriminator)
                training.poke_discriminator(name, 0, static_cast<float>(value));
            else
                training.poke_generator(name, 0, static_cast<float>(value));
            CHECK_THROWS_WITH(training.save_checkpoint(path), Contains(full));
            CHECK(lab::read_text(path) == before);
            // A training stops and names what is wrong, or is sound again.
            try {
                training.run(7);
            } catch (const NumericalError& error) {
                CHECK_THAT(error.what(), Contains("epoch") && Contains("step"));
            }
            try {
                training.save_checkpoint(folder / "after");
                CHECK_NOTHROW(read_safetensors(folder / "after").require_finite());
            } catch (const NumericalError& error) {
                CHECK_THAT(error.what(), Contains(full));
            }
            ++places;
        };
        for (const double value : {kNan, kInfinity, -kInfinity}) {
            if (!mgan_test::is_campaign() && value == kInfinity) continue;
            for (const std::string& name : training.generator_names()) inject(false, name, value);
            for (const std::string& name : training.discriminator_names())
                inject(true, name, value);
        }
    }
    CHECK(places > 30);
    mgan_test::tell_tried(places);
}
