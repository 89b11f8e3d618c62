// Memory runs out, at each allocation: an exception, never the end of the program, and what was
// there before is there again.
#include <support/failing_allocation.hpp>

#include <mgan/generation/model_file.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/runs/history.hpp>
#include <mgan/score/parser.hpp>
#include <mgan/score/performance.hpp>

#include <support/campaign_size.hpp>
#include <support/catch.hpp>
#include <support/training_lab.hpp>

#include <fstream>
#include <functional>

using namespace mgan;
using failing_allocation::End;

namespace {

const auto nothing = [] {};

/// Lets each allocation of `operation` fail (in a quick test: about `most` of them). `check` is
/// called after each failure.
void fail_each(const std::string& what, const std::function<void()>& operation,
               const std::function<void()>& check, std::uint64_t most = 150) {
    if (!failing_allocation::can_fail()) return;
    operation();  // what is made once and kept
    const std::uint64_t all = failing_allocation::count(operation);
    std::uint64_t tried = 0, refused = 0;
    for (std::int64_t n = 1; n <= static_cast<std::int64_t>(all);
         n += mgan_test::stride(all, most)) {
        for (const bool for_ever : {false, true}) {
            INFO(what << ": allocation " << n << " of " << all
                      << (for_ever ? " and all later" : ""));
            const End end = failing_allocation::fail_at(n, operation, for_ever);
            CHECK(end != End::other);
            ++tried;
            if (end == End::out_of_memory) ++refused;
            check();
        }
    }
    INFO(what);
    CHECK(all > 0);
    CHECK(refused > 0);
    mgan_test::tell_tried(tried);
}

std::vector<std::byte> midi_bytes() {
    midi::Song song;
    song.title = "A title that is longer than a short string";
    song.tempo = {{0, 500'000}, {480, 400'000}};
    for (int i = 0; i < 40; ++i) song.notes.push_back({i * 96, 96, 60 + i % 12, 64, 0});
    return midi::serialise(midi::to_midi_file(song));
}

Settings tiny_settings(Variant variant) {
    Settings settings = lab::small_settings();
    settings.variant = variant;
    settings.length = 6;
    settings.batch = 4;
    settings.shard_songs = 2;
    settings.epoch_songs = 8;
    settings.generator.hidden = 4;
    settings.generator.head = 3;
    settings.discriminator.hidden = 3;
    return settings;
}

std::size_t files_in(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                  std::filesystem::directory_iterator()));
}

}  // namespace

TEST_CASE("Memory that runs out while music is read or written is an exception") {
    const std::vector<std::byte> bytes = midi_bytes();
    fail_each(
        "parse", [&] { (void)midi::to_songs(midi::parse(bytes).file); }, nothing);
    std::vector<std::byte> damaged = bytes;
    damaged[60] ^= std::byte{0x80};
    damaged.resize(damaged.size() - 7);
    fail_each(
        "parse, damaged", [&] { (void)midi::to_songs(midi::parse(damaged).file); }, nothing);
    const midi::Song song = midi::to_song(midi::parse(bytes).file);
    fail_each(
        "write", [&] { (void)midi::serialise(midi::to_midi_file(song)); }, nothing);
    const std::string text = "T:Title\nC:Me\nM:3/4\nL:1/4\nQ:1/4=90\nK:G\n!p! G A B | [GBd]3 |\n";
    fail_each(
        "score", [&] { (void)score::perform(score::parse_score(text, "a score")); }, nothing);
}

TEST_CASE("Memory that runs out while a file of tensors is read or written changes nothing") {
    const lab::SmallTraining small;
    const Settings settings = tiny_settings(Variant::carnn_mgan);
    lab::Training training(settings, small.data);
    training.run(2);
    const std::string before = training.checkpoint_bytes();
    const auto span = std::as_bytes(std::span(before));
    const std::vector<std::byte> bytes(span.begin(), span.end());
    fail_each(
        "parse", [&] { (void)safetensors::parse(bytes, "file"); }, nothing);
    const TensorFile file = safetensors::parse(bytes, "file");
    fail_each(
        "serialise", [&] { (void)safetensors::serialize(file); }, nothing);

    TensorFile grown = file;
    const std::vector<float> values(64, 1.0f);
    int added = 0;
    fail_each(
        "add",
        [&] {
            grown.add("a tensor with a longer name, number " + std::to_string(added), {8, 8},
                      std::span<const float>(values));
            ++added;
        },
        [&] {
            CHECK(grown.entries().size() ==
                  file.entries().size() + static_cast<std::size_t>(added));
            CHECK_NOTHROW(safetensors::parse(safetensors::serialize(grown), "grown"));
        });

    const std::filesystem::path path = small.folder / "checkpoint.safetensors";
    training.save_checkpoint(path);
    fail_each(
        "save", [&] { training.save_checkpoint(path); },
        [&] {
            CHECK(lab::read_text(path) == before);
            CHECK(files_in(small.folder.path()) == 1);
        });

    lab::Training later(settings, small.data);
    later.run(4);
    const std::string later_bytes = later.checkpoint_bytes();
    const TensorFile later_file = safetensors::parse(
        [&] {
            const auto s = std::as_bytes(std::span(later_bytes));
            return std::vector<std::byte>(s.begin(), s.end());
        }(),
        "later");
    // Each time from the earlier to the later place: it gets there, or it stays.
    fail_each(
        "restore",
        [&] {
            training.restore_checkpoint(later_file);
            const std::int64_t armed = std::exchange(failing_allocation::left, 0);
            training.restore_checkpoint(file);
            failing_allocation::left = armed;
        },
        [&] {
            const std::string now = training.checkpoint_bytes();
            CHECK((now == before || now == later_bytes));
            training.restore_checkpoint(file);
        });
}

TEST_CASE("Memory that runs out while settings are read leaves them as they were") {
    const std::string json = settings_to_json(tiny_settings(Variant::carnn_gan));
    Settings settings;
    const std::string before = settings_to_json(settings);
    fail_each(
        "settings",
        [&] {
            Settings target = settings;
            settings_from_json(std::as_bytes(std::span(json)), "settings", target);
        },
        nothing);
    fail_each(
        "settings in place",
        [&] {
            settings_from_json(std::as_bytes(std::span(json)), "settings", settings);
            const std::int64_t armed = std::exchange(failing_allocation::left, 0);
            settings = Settings{};
            failing_allocation::left = armed;
        },
        [&] {
            CHECK(settings_to_json(settings) == before);
            settings = Settings{};
        });
    const std::string history = "{\"epoch\": 1, \"loss\": 0.5, \"phase\": \"pretraining\"}\n";
    fail_each(
        "history", [&] { (void)parse_history(std::as_bytes(std::span(history)), "history"); },
        nothing);
}

TEST_CASE("Memory that runs out while a model is loaded, saved or plays is an exception") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        const lab::SmallTraining small;
        lab::Training training(tiny_settings(variant), small.data);
        training.run(2);
        const std::filesystem::path path = small.folder / "model.safetensors";
        const std::string bytes = training.model_bytes();
        std::ofstream(path, std::ios::binary) << bytes;
        fail_each(
            "load", [&] { (void)load_model(path); }, nothing);
        const Model model = load_model(path);
        fail_each(
            "save", [&] { save_model(path, model); },
            [&] {
                CHECK(lab::read_text(path) == bytes);
                CHECK(files_in(small.folder.path()) == 1);
            });
        fail_each(
            "play", [&] { (void)model.songs(3, 8, 1, 1); }, nothing);
    }
}

TEST_CASE(
    "Memory that runs out in a training is an exception, and its checkpoint goes on from there") {
    for (const Variant variant :
         {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan, Variant::carnn_pf_mgan}) {
#ifndef MGAN_HAS_FFTW
        if (variant == Variant::carnn_pf_mgan) continue;
#endif
        const lab::SmallTraining small;
        const Settings settings = tiny_settings(variant);
        const std::filesystem::path path = small.folder / "checkpoint.safetensors";
        lab::Training first(settings, small.data);
        // From the last step of pretraining into the adversarial phase: every kind of step.
        const std::int64_t begin = settings.pretrain.epochs * first.steps_per_epoch() - 1;
        first.run(begin);
        first.save_checkpoint(path);
        first.run(begin + 2);
        const std::string expected = first.checkpoint_bytes();
        const TensorFile file = read_safetensors(path);
        fail_each(
            "train",
            [&] {
                const std::int64_t armed = std::exchange(failing_allocation::left, 0);
                lab::Training training(settings, small.data);
                training.restore_checkpoint(file);
                failing_allocation::left = armed;
                training.run(begin + 2);
                failing_allocation::left = 0;
            },
            nothing, 12);
        lab::Training training(settings, small.data);
        training.restore_checkpoint(file);
        const std::uint64_t all = failing_allocation::count([&] { training.run(begin + 2); });
        // One trainer, again and again: restored, it forgets the failure.
        std::uint64_t tried = 0;
        for (std::int64_t n = 1; n <= static_cast<std::int64_t>(all);
             n += mgan_test::stride(all, 4)) {
            training.restore_checkpoint(file);
            if (failing_allocation::can_fail())
                CHECK(failing_allocation::fail_at(n, [&] { training.run(begin + 2); }) !=
                      End::other);
            training.restore_checkpoint(file);
            training.run(begin + 2);
            CHECK(training.checkpoint_bytes() == expected);
            ++tried;
        }
        mgan_test::tell_tried(tried);
    }
}
