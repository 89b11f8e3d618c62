// What the PF classifier adds to a training step allocates nothing once it has run once.

#define MGAN_COUNT_ALLOCATIONS
#include <mgan/settings/presets.hpp>
#include <support/allocation_counter.hpp>

#include <mgan/hearing/make_ear.hpp>
#include <mgan/training/pf_step.hpp>
#include <support/catch.hpp>
#include <support/training_lab.hpp>

#if MGAN_HAS_FFTW

using namespace mgan;

TEST_CASE("PF step: hearing, learning, and the way back to the events allocate nothing when warm") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    constexpr Index kSteps = 30, kBatch = 6;
    for (const encoding::EncodingKind kind :
         {encoding::EncodingKind::tone, encoding::EncodingKind::event}) {
        Settings settings = numeric_settings(Variant::carnn_pf_mgan);
        settings.encoding.events.kind = kind;
        settings.pf.synthesiser.samples = 1 << 16;
        settings.pf.converter.highest = 500.0;
        settings.pf.classifier = {
            .inputs = 200, .hidden_1 = 100, .hidden_2 = 60, .steps = 20, .hidden = 10};
        const encoding::Codec codec =
            encoding::Codec::fit(settings.encoding.events, lab::small_data().songs);
        AdversarialShard<float> songs;
        songs.inputs.target = Sequence<float>(kSteps, kBatch, 4);
        songs.generated_cache.event = Sequence<float>(kSteps, kBatch, 4);
        PfShard<float> pf;
        pf.ear = make_ear<float>(settings.pf, codec, std::as_const(songs.inputs.target).view());
        PfClassifier<float> classifier(settings.pf.classifier);
        initialise(classifier, Random(1, "F"));
        PfClassifier<float> gradient = classifier;
        pf.gradient = classifier.head;
        const Random mix(1, "mix");
        const AdversarialStep<float> step{settings.adversarial,
                                          PretrainLoss::pinball,
                                          {true, false},
                                          codec,
                                          kBatch,
                                          settings.discriminator,
                                          mix};
        std::uint64_t minibatch = 0;
        const auto pass = [&] {
            // Other songs in every step: of `event`, with other numbers of notes.
            const Random random(2, "events", minibatch++);
            for (Index i = 0; i < songs.generated_cache.event.size(); ++i) {
                const double x = random.uniform(static_cast<std::uint64_t>(i), -1.5, 1.5);
                songs.generated_cache.event.data()[i] = static_cast<float>(x);
                songs.inputs.target.data()[i] = static_cast<float>(-x);
            }
            hear_songs(songs, pf);
            pf_classifier_pass(classifier, settings.adversarial, kBatch, pf, songs.losses, true);
            wide_gradients<float>(
                1, [&](Index) -> const PfShard<float>& { return pf; }, 1, gradient.wide);
            pf_generator_pass(classifier, step, false, songs, pf, true);
        };
        pass();
        CHECK(mgan_test::allocations_in([&] {
                  pass();
                  pass();
              }) == 0);
        CHECK(pf.d_event.all().norm() > 0.0f);
    }
}

#endif
