#include <mgan/generation/parameter_file.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/generator.hpp>
#include <mgan/models/pf_classifier.hpp>
#include <mgan/models/step_discriminator.hpp>
#include <mgan/models/step_generator.hpp>
#include <mgan/runs/checkpoint.hpp>
#include <mgan/runs/resumable_settings.hpp>
#include <mgan/settings/presets.hpp>
#include <mgan/training/step_data.hpp>

#include <support/catch.hpp>
#include <support/training_lab.hpp>
#include <training/arpeggios.hpp>
#include <training/small_step_settings.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

/// A training that has just begun its adversarial phase, and its checkpoint.
struct Fixture : lab::SmallTraining {
    std::filesystem::path path = folder / "checkpoint.safetensors";
    lab::Training training{settings, data};
    Fixture() {
        training.run(8);
        training.save_checkpoint(path);
    }

    /// Rewrites the checkpoint without `left_out`, then with what `change` adds, and expects that
    /// it is refused with `message` and that the trainer which refuses it stays as it is.
    template <typename Exception, typename Change>
    void expect_refused(const std::string& left_out, Change&& change, const std::string& message) {
        expect_refused_without<Exception>({left_out}, change, message);
    }
    template <typename Exception, typename Change>
    void expect_refused_without(const std::set<std::string>& left_out, Change&& change,
                                const std::string& message) {
        const TensorFile file = read_safetensors(path);
        TensorFile changed("changed");
        for (const auto& [key, text] : file.metadata()) changed.set_metadata(key, text);
        for (const TensorEntry& entry : file.entries()) {
            if (left_out.contains(entry.name)) continue;
            const auto copy = [&]<typename T>(T) {
                const std::vector<T> values = file.get<T>(entry.name, entry.shape);
                changed.add(entry.name, entry.shape, std::span<const T>(values));
            };
            if (entry.dtype == DType::f32) copy(float{});
            if (entry.dtype == DType::f64) copy(double{});
            if (entry.dtype == DType::i64) copy(std::int64_t{});
        }
        change(file, changed);
        const std::filesystem::path other = folder / "changed.safetensors";
        write_safetensors(other, changed);
        lab::Training target(settings, data);
        target.run(2);
        const std::string before = target.checkpoint_bytes();
        CHECK_THROWS_AS(target.restore_checkpoint(other), Exception);
        CHECK_THROWS_WITH(target.restore_checkpoint(other), Contains(message));
        CHECK(target.checkpoint_bytes() == before);
    }
};

const auto nothing = [](const TensorFile&, TensorFile&) {};

/// Replaces one number of a tensor that was left out.
template <typename T>
auto with(const std::string& name, std::size_t index, T value) {
    return [=](const TensorFile& file, TensorFile& changed) {
        std::vector<T> values = file.get<T>(name, file.entry(name).shape);
        values.at(index) = value;
        changed.add(name, file.entry(name).shape, std::span<const T>(values));
    };
}

}  // namespace

TEST_CASE_METHOD(Fixture, "A checkpoint brings back every bit of a training") {
    lab::Training other(settings, data);
    CHECK(other.checkpoint_bytes() != training.checkpoint_bytes());
    other.restore_checkpoint(path);
    CHECK(other.checkpoint_bytes() == training.checkpoint_bytes());
    CHECK(other.total_steps() == 8);
    CHECK(other.epoch() == 3);
}

TEST_CASE("A checkpoint of a training that has not begun is one, too") {
    const DataSet data = lab::small_data();
    const lab::TemporaryFolder folder;
    lab::Training fresh(lab::small_settings(), data);
    fresh.save_checkpoint(folder / "c");
    lab::Training other(lab::small_settings(), data);
    other.run(4);
    other.restore_checkpoint(folder / "c");
    CHECK(other.checkpoint_bytes() == fresh.checkpoint_bytes());
}

TEST_CASE_METHOD(Fixture, "A checkpoint of other songs is refused") {
    lab::Training other(settings, lab::small_data(8, 2));
    const std::string before = other.checkpoint_bytes();
    CHECK_THROWS_AS(other.restore_checkpoint(path), DataError);
    CHECK_THROWS_WITH(other.restore_checkpoint(path), Contains("other songs"));
    CHECK(other.checkpoint_bytes() == before);
}

TEST_CASE_METHOD(Fixture, "A checkpoint of other settings is refused, and the setting named") {
    Settings changed = settings;
    changed.adversarial.label_smoothing = 0.1;
    lab::Training other(changed, data);
    CHECK_THROWS_AS(other.restore_checkpoint(path), ConfigError);
    CHECK_THROWS_WITH(other.restore_checkpoint(path),
                      Contains("adversarial.label_smoothing = 0.0, not 0.1"));
}

TEST_CASE_METHOD(Fixture, "A file that is no checkpoint is refused") {
    expect_refused<DataError>(
        "", [](const TensorFile&, TensorFile& file) { file.set_metadata("mgan.kind", "model"); },
        "not an mgan checkpoint");
}

TEST_CASE_METHOD(Fixture, "A checkpoint with a tensor too few, too many or not finite is refused") {
    expect_refused<DataError>("best.lstm.weight_hh_l1", nothing, "best.lstm.weight_hh_l1");
    expect_refused<DataError>("optimiser.generator.second", nothing, "optimiser.generator.second");
    expect_refused<DataError>(
        "",
        [](const TensorFile&, TensorFile& file) {
            const float one = 1.0F;
            file.add("stray", {1}, std::span<const float>(&one, 1));
        },
        "stray");
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::string weight = "discriminator." + training.discriminator_names().front();
    expect_refused<NumericalError>(weight, with(weight, 3, nan), weight);
    expect_refused<NumericalError>("optimiser.discriminator.first",
                                   with("optimiser.discriminator.first", 0, nan),
                                   "optimiser.discriminator.first");
}

TEST_CASE_METHOD(Fixture, "A checkpoint with a tensor of another shape is refused") {
    const auto shorter = [](const std::string& name) {
        return [name](const TensorFile& file, TensorFile& changed) {
            std::vector<float> values = file.get<float>(name, file.entry(name).shape);
            values.pop_back();
            changed.add(name, {static_cast<std::int64_t>(values.size())},
                        std::span<const float>(values));
        };
    };
    expect_refused<ShapeError>("generator.head_2.bias", shorter("generator.head_2.bias"),
                               "generator.head_2.bias");
    expect_refused<ShapeError>("optimiser.generator.first", shorter("optimiser.generator.first"),
                               "optimiser.generator.first");
}

TEST_CASE_METHOD(Fixture, "A checkpoint at a place where no training can be is refused") {
    // epoch, step, total_steps, warmup_done, best_epoch
    const std::pair<std::size_t, std::int64_t> impossible[] = {{0, 0},  {0, 6}, {0, 5},  {0, 2},
                                                               {1, -1}, {1, 4}, {2, 9},  {2, -8},
                                                               {3, -1}, {3, 3}, {4, -1}, {4, 3}};
    for (const auto& [index, value] : impossible) {
        INFO(index << " = " << value);
        expect_refused<DataError>("state.integers", with("state.integers", index, value),
                                  "cannot be at epoch");
    }
    // Sums of other steps than those of the epoch: means over none of them would follow.
    for (const double steps : {-1.0, 0.0, 3.0}) {
        expect_refused<DataError>("state.numbers", with("state.numbers", 5, steps),
                                  "cannot be at epoch");
    }
    const auto rolled_back = [](const char* name, std::int64_t times) {
        return [=](const TensorFile&, TensorFile& changed) {
            changed.add(name, {}, std::span<const std::int64_t>(&times, 1));
        };
    };
    for (const std::int64_t times : {-1, 4})
        expect_refused<DataError>("", rolled_back("state.rollbacks", times), "cannot be at epoch");
    expect_refused<DataError>("", rolled_back("epoch_start.state.rollbacks", 1),
                              "cannot have begun at epoch");
    // A training between two epochs remembers no beginning.
    expect_refused_without<DataError>(
        {"state.integers", "state.numbers"},
        [](const TensorFile& file, TensorFile& changed) {
            auto integers = file.get<std::int64_t>("state.integers", {5});
            integers[1] = 0;
            integers[2] = 6;
            changed.add("state.integers", {5}, std::span<const std::int64_t>(integers));
            with("state.numbers", 5, 0.0)(file, changed);
        },
        "cannot have begun at epoch");
    expect_refused<DataError>("optimiser.generator.steps",
                              with("optimiser.generator.steps", 0, std::int64_t{-1}),
                              "optimiser.generator.steps is -1");
    // Where the epoch began: (epoch, step, total_steps) of a training, but not of this one.
    const auto begun_at = [](std::array<std::int64_t, 3> place) {
        return [=](const TensorFile& file, TensorFile& changed) {
            const std::string name = "epoch_start.state.integers";
            auto values = file.get<std::int64_t>(name, file.entry(name).shape);
            std::copy(place.begin(), place.end(), values.begin());
            changed.add(name, file.entry(name).shape, std::span<const std::int64_t>(values));
        };
    };
    expect_refused<DataError>("epoch_start.state.integers", begun_at({4, 0, 9}),
                              "cannot have begun at epoch");
    expect_refused_without<DataError>(
        {"epoch_start.state.integers", "epoch_start.state.numbers"},
        [&](const TensorFile& file, TensorFile& changed) {
            begun_at({3, 1, 7})(file, changed);
            with("epoch_start.state.numbers", 5, 1.0)(file, changed);
        },
        "cannot have begun at epoch");
}

TEST_CASE("A checkpoint whose PF classifier has other sizes than its settings is refused") {
    Settings s = lab::small_preset(false, Variant::carnn_pf_mgan);
    const auto with = [&](auto&& add) {
        TensorFile file("checkpoint");
        store_parameters(file, "generator.", Generator<float>(s.generator_settings()));
        store_parameters(file, "discriminator.", Discriminator<float>(s.discriminator_settings()));
        add(file);
        require_fitting_checkpoint(file, s);
    };
    PfClassifierSettings sizes = s.pf.classifier;
    // How many numbers the ear gives, the file knows.
    for (const Index inputs : {60, 7}) {
        sizes.inputs = inputs;
        CHECK_NOTHROW(with([&](TensorFile& file) {
            store_parameters(file, "pf_classifier.", PfClassifier<float>(sizes));
        }));
    }
    // A tensor of another form is named when it is read.
    CHECK_NOTHROW(with([&](TensorFile& file) {
        const std::vector<float> flat(60 * 16);
        file.add("pf_classifier.dense_1.weight", {60 * 16}, std::span<const float>(flat));
    }));
    s.pf.classifier.hidden_1 = 1000;
    CHECK_THROWS_AS(with([&](TensorFile& file) {
                        store_parameters(file, "pf_classifier.", PfClassifier<float>(sizes));
                    }),
                    ShapeError);
}

TEST_CASE("A checkpoint of step heads is compared with its settings and the songs of now") {
    Settings s = mgan_test::small_step_settings(Variant::c_rnn_gan);
    const std::vector<midi::Song> songs = mgan_test::arpeggios(4);
    const StepData data(s, songs, {{{0, 1, 2, 3}, {}, {}}});
    TensorFile file("checkpoint");
    store_vocabulary(file, data.vocabulary);
    store_starts(file, data.scale, data.starts);
    CHECK_NOTHROW(checkpoint_detail::compare_step_data(file, data));
    store_parameters(file, "generator.",
                     StepGenerator<float>(data.shape, s.step_generator_settings()));
    store_parameters(file, "discriminator.",
                     StepDiscriminator<float>(data.shape, s.step_discriminator_settings()));
    CHECK_NOTHROW(require_fitting_checkpoint(file, s));
    s.generator.hidden = 500;
    CHECK_THROWS_AS(require_fitting_checkpoint(file, s), ShapeError);

    std::vector<StepStart> fewer = data.starts;
    fewer.pop_back();
    TensorFile shorter("checkpoint");
    store_vocabulary(shorter, data.vocabulary);
    store_starts(shorter, data.scale, fewer);
    CHECK_THROWS_AS(checkpoint_detail::compare_step_data(shorter, data), DataError);

    std::vector<midi::Song> others = songs;
    for (midi::Note& note : others.front().notes) note.length = 100 * (1 + note.pitch % 3);
    const StepData other(s, others, {{{0, 1, 2, 3}, {}, {}}});
    REQUIRE_FALSE(other.vocabulary == data.vocabulary);
    CHECK_THROWS_WITH(checkpoint_detail::compare_step_data(file, other),
                      Contains("its lists of values"));
}

TEST_CASE_METHOD(Fixture, "A checkpoint with another normalisation is refused") {
    for (std::size_t i = 0; i < 4; ++i) {
        expect_refused<DataError>(
            "codec.2.constants",
            [&](const TensorFile& file, TensorFile& changed) {
                const double was = file.get<double>("codec.2.constants", {4})[i];
                with("codec.2.constants", i, was + 1e-4)(file, changed);
            },
            "normalisation");
    }
    for (const char* name : {"codec.2.values", "codec.2.upper", "styles"}) {
        expect_refused<DataError>(
            name,
            [&](const TensorFile& file, TensorFile& changed) {
                TensorShape shape = file.entry(name).shape;
                std::vector<double> values = file.get<double>(name, shape);
                REQUIRE(values.size() > 1);
                if (shape.size() == 2) {  // a style less
                    values.resize(values.size() - static_cast<std::size_t>(shape[1]));
                    --shape[0];
                } else {
                    values.front() += 1e-4;
                }
                changed.add(name, shape, std::span<const double>(values));
            },
            "normalisation");
    }
}

TEST_CASE_METHOD(Fixture, "A checkpoint that is not finite is not written, and the old one stays") {
    const std::string before = lab::read_text(path);
    training.poke_discriminator(training.discriminator_names().front(), 0,
                                std::numeric_limits<float>::infinity());
    CHECK_THROWS_AS(training.save_checkpoint(path), NumericalError);
    CHECK_THROWS_WITH(training.save_checkpoint(path),
                      Contains("discriminator." + training.discriminator_names().front()));
    CHECK(lab::read_text(path) == before);
}

TEST_CASE("A run may get more adversarial epochs, and nothing else") {
    Settings before = lab::small_settings();
    before.adversarial.schedule = RateSchedule::constant;
    const TrainingPlace ended{.epoch = 5, .step = 0};
    CHECK(reason_against(before, before, ended).empty());
    Settings after = before;
    after.adversarial.epochs = 7;
    CHECK(reason_against(before, after, ended).empty());

    SECTION("fewer, but not fewer than were begun") {
        after.adversarial.epochs = 1;
        CHECK_THAT(reason_against(before, after, ended), Contains("under way"));
        CHECK(reason_against(before, after, {.epoch = 4, .step = 0}).empty());
        CHECK_THAT(reason_against(before, after, {.epoch = 4, .step = 1}), Contains("under way"));
    }
    SECTION("not under a cosine schedule, which knows the end") {
        Settings cosine = before;
        cosine.adversarial.schedule = after.adversarial.schedule = RateSchedule::cosine;
        CHECK_THAT(reason_against(cosine, after, ended), Contains("cosine"));
    }
    SECTION("not if the last epoch was compared because it was the last") {
        Settings every = before;
        every.evaluation.every = after.evaluation.every = 3;
        CHECK_THAT(reason_against(every, after, ended), Contains("evaluation.every"));
        CHECK(reason_against(every, after, {.epoch = 4, .step = 2}).empty());
        every.evaluation.keep_best = after.evaluation.keep_best = false;  // nothing depends on it
        CHECK(reason_against(every, after, ended).empty());
        every.evaluation.keep_best = after.evaluation.keep_best = true;
        // Nor if the end is moved to an epoch that was not compared.
        after.adversarial.epochs = 2;
        every.adversarial.epochs = 9;
        CHECK_THAT(reason_against(every, after, ended), Contains("evaluation.every"));
    }
    SECTION("not to or from none, if judges were to look at the end of pretraining") {
        Settings steps = recommended_settings(Variant::c_rnn_gan);
        steps.pretrain.epochs = 2;
        steps.adversarial.epochs = 0;
        steps.adversarial.schedule = RateSchedule::constant;
        Settings more = steps;
        more.adversarial.epochs = 3;
        CHECK_THAT(reason_against(steps, more, {.epoch = 3, .step = 0}),
                   Contains("was not judged"));
        CHECK_THAT(reason_against(more, steps, {.epoch = 3, .step = 0}), Contains("was judged"));
        CHECK(reason_against(steps, more, {.epoch = 2, .step = 1}).empty());
        steps.length = more.length = 99;  // too short for them
        CHECK(reason_against(steps, more, {.epoch = 3, .step = 0}).empty());
    }
    SECTION("no other setting") {
        after.pretrain.epochs = 3;
        CHECK_THAT(reason_against(before, after, ended), Contains("pretrain.epochs = 2, not 3"));
    }
}
