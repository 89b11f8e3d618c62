#include <mgan/settings/presets.hpp>
#include <support/catch.hpp>
#include <support/training_lab.hpp>

using namespace mgan;

namespace {

Settings settings_of(Variant variant) {
    Settings settings = lab::small_settings();
    use_variant(settings, variant);
    return settings;
}

}  // namespace

TEST_CASE("Training: the model has the same bytes for one, two and three threads") {
    const DataSet data = lab::small_data();
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_mgan}) {
        const Settings settings = settings_of(variant);
        const std::string one = lab::trained_model(settings, data, 1);
        CHECK(one == lab::trained_model(settings, data, 2));
        CHECK(one == lab::trained_model(settings, data, 3));
    }
}

TEST_CASE("Training: the same seed gives the same bytes, another seed others") {
    const DataSet data = lab::small_data();
    Settings settings = lab::small_settings();
    const std::string first = lab::trained_model(settings, data);
    CHECK(first == lab::trained_model(settings, data));
    settings.seed = 2;
    CHECK(first != lab::trained_model(settings, data));
}

TEST_CASE(
    "Training: stopped after any minibatch and resumed with other threads, the bytes are those "
    "of a training that never stopped") {
    const DataSet data = lab::small_data();
    const Settings settings = lab::small_settings();
    const std::string whole = lab::trained_model(settings, data, 1);
    lab::Training probe(settings, data);
    const std::int64_t steps = 4 * probe.steps_per_epoch();
    REQUIRE(steps == 12);
    const lab::TemporaryFolder folder;
    for (std::int64_t stop = 1; stop < steps; ++stop) {
        lab::Training before(settings, data, static_cast<int>(1 + stop % 3));
        before.run(stop);
        REQUIRE(before.total_steps() == stop);
        before.save_checkpoint(folder / "checkpoint");
        lab::Training after(settings, data, static_cast<int>(1 + (stop + 1) % 3));
        after.restore_checkpoint(folder / "checkpoint");
        CHECK(after.total_steps() == stop);
        after.run();
        CHECK(after.finished());
        CHECK(after.model_bytes() == whole);
    }
}

TEST_CASE("Training: stopped and resumed again and again, every checkpoint is that of one go") {
    const DataSet data = lab::small_data();
    Settings settings = settings_of(Variant::carnn_gan);
    settings.optimiser.kind = OptimiserKind::sgd;
    settings.optimiser.momentum = 0.5;
    settings.adversarial.freezing = FreezingRule::winner;
    lab::Training whole(settings, data, 2);
    const lab::TemporaryFolder folder;
    auto broken = std::make_unique<lab::Training>(settings, data, 1);
    for (std::int64_t step = 1; step <= 12; ++step) {
        whole.run(step);
        broken->run(step);
        CHECK(broken->checkpoint_bytes() == whole.checkpoint_bytes());
        broken->save_checkpoint(folder / "checkpoint");
        broken = std::make_unique<lab::Training>(settings, data, static_cast<int>(1 + step % 3));
        broken->restore_checkpoint(folder / "checkpoint");
        CHECK(broken->checkpoint_bytes() == whole.checkpoint_bytes());
    }
    CHECK(broken->finished());
}

TEST_CASE(
    "Training: more adversarial epochs, asked for afterwards, give the bytes of asking at once") {
    const DataSet data = lab::small_data();
    Settings settings = lab::small_settings();
    settings.adversarial.schedule = RateSchedule::anneal;
    Settings longer = settings;
    longer.adversarial.epochs = 4;
    const std::string whole = lab::trained_model(longer, data);
    const lab::TemporaryFolder folder;
    lab::Training first(settings, data);
    first.run();
    first.save_checkpoint(folder / "checkpoint");
    lab::Training second(longer, data);
    second.restore_checkpoint(folder / "checkpoint");
    second.run();
    CHECK(second.model_bytes().size() == whole.size());
    CHECK(second.model_bytes() == whole);
}
