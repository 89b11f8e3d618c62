// dL_{G,F} / d(every parameter of the generator), equation (6) of the paper, through everything
// that a training step goes through: the generator's BPTT with output feedback, the smooth
// decoding, the synthesiser, the Fourier transform, the converter, the classifier; and D beside it.
// By complex step and central differences.

#include <mgan/hearing/make_ear.hpp>
#include <mgan/settings/presets.hpp>
#include <mgan/training/pf_step.hpp>
#include <support/gradient_proof.hpp>

#if MGAN_HAS_FFTW

using namespace mgan_test;
using namespace mgan;

namespace {

/// Low and slow music: 65 samples a second are enough for 10 to 26 Hz.
std::vector<midi::Song> low_songs() {
    std::vector<midi::Song> songs(6);
    for (std::size_t i = 0; i < songs.size(); ++i) {
        const Random random(3, "low songs", i);
        std::int64_t onset = 0;
        for (std::uint64_t n = 0; n < 30; ++n) {
            const auto draw = [&](std::uint64_t what, std::uint64_t options) {
                return static_cast<std::int64_t>(random.integer(4 * n + what, options));
            };
            onset += 96 * draw(0, 5);
            songs[i].notes.push_back({onset, 96 * (1 + draw(1, 5)),
                                      static_cast<int>(4 + draw(2, 16)),
                                      static_cast<int>(40 + draw(3, 80)), 0});
        }
        std::sort(songs[i].notes.begin(), songs[i].notes.end(), midi::note_order);
    }
    return songs;
}

/// All that is constant in L_{G,F}.
struct Path {
    Path(Settings s, PfKind kind)
        : settings(std::move(s)),
          codec(encoding::Codec::fit(settings.encoding.events, low_songs())) {
        settings.pf.classifier.kind = kind;
        const auto some = codec.encode<double>(low_songs()[0]);
        Sequence<double> songs(kSteps, 1, 4);
        for (Index t = 0; t < kSteps; ++t)
            std::copy_n(some[static_cast<std::size_t>(t)].data(), 4, songs.step(t).data());
        FrequencyEar<double> ear(settings.pf, codec);
        ear.fit(std::as_const(songs).view());
        scale = ear.scale();
        discriminator = Discriminator<double>(settings.discriminator_settings());
        initialise(discriminator, Random(5, "D"));
        PfClassifierSettings config = settings.pf.classifier;
        config.inputs = ear.values();
        classifier = PfClassifier<double>(config);
        initialise(classifier, Random(6, "F"), Initialisation::glorot);
        scale_parameters(classifier, 2.0);  // sure enough of itself that its gradient counts
    }

    static constexpr Index kSteps = 3, kBatch = 2;
    Settings settings;
    encoding::Codec codec;
    SpectrumScale scale;
    Discriminator<double> discriminator;
    PfClassifier<double> classifier;
};

/// The same net over another scalar.
template <typename Scalar, template <typename> typename Net>
Net<Scalar> cast_net(const Net<double>& net) {
    Net<Scalar> other(net.settings());
    const auto flat = flat_parameters<double>(net);
    assign_parameters(other, std::span<const double>(flat));
    return other;
}

template <typename Scalar>
struct PathSubject {
    struct Cache {
        typename Generator<Scalar>::Cache generator;
    };

    explicit PathSubject(const Path* p)
        : path(p),
          generator(p->settings.generator_settings()),
          noise(Path::kSteps, Path::kBatch, 4),
          first(Matrix<Scalar>::Zero(4, Path::kBatch)) {}
    template <typename Other>
    PathSubject<Other> cast() const {
        return PathSubject<Other>(path);
    }
    std::string name() const {
        return path->settings.pf.classifier.kind == PfKind::dense
                   ? "generator to PF classifier, dense"
                   : "generator to PF classifier";
    }
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(generator, visitor);
        visitor("noise", noise, Role::kInput);
        visitor("first", first, Role::kInput);
    }

    /// L_{G,F}, from its parts.
    Vector<Scalar> forward(Cache& cache) const {
        const Sequence<Scalar>& generated =
            generator.forward(std::as_const(noise).view(), first, cache.generator);
        typename Discriminator<Scalar>::Cache of_d;
        const auto discriminator = cast_net<Scalar>(path->discriminator);
        const Vector<Scalar>& d = discriminator.forward(generated.view(), of_d);
        FrequencyEar<Scalar> ear(path->settings.pf, path->codec, path->scale);
        Matrix<Scalar> spectra;
        ear.listen(generated.view(), spectra);
        typename PfClassifier<Scalar>::Cache of_f;
        const auto classifier = cast_net<Scalar>(path->classifier);
        const Matrix<Scalar>& f = classifier.forward(spectra, of_f);
        const AdversarialSettings& adversarial = path->settings.adversarial;
        Scalar sum(0);
        for (Index b = 0; b < Path::kBatch; ++b)
            sum += generator_loss(d(b), adversarial.loss).value +
                   adversarial.lambda * logit_generator_loss(f(0, b), adversarial.loss).value;
        return Vector<Scalar>::Constant(1, sum / static_cast<double>(Path::kBatch));
    }

    /// By the functions of the training.
    void backward(const Vector<Scalar>& dy, Cache&, PathSubject& gradients) const {
        AdversarialShard<Scalar> songs;
        songs.inputs.noise = noise;
        songs.inputs.first = first;
        songs.inputs.target = Sequence<Scalar>(Path::kSteps, Path::kBatch, 4);
        songs.inputs.styles.resize(Path::kBatch);
        songs.feedback = CodecFeedback<Scalar>(path->codec, path->settings.encoding.context, false);
        songs.generator_gradient = Generator<Scalar>(generator.settings());
        PfShard<Scalar> pf;
        pf.ear =
            std::make_unique<FrequencyEar<Scalar>>(path->settings.pf, path->codec, path->scale);
        const Random mix(1, "mix");
        const AdversarialStep<Scalar> step{path->settings.adversarial,
                                           PretrainLoss::mse,
                                           {false, false},
                                           path->codec,
                                           Path::kBatch,
                                           path->settings.discriminator,
                                           mix};
        generate_songs(generator, step, songs);
        hear_songs(songs, pf);
        pf_generator_pass(path->classifier, step, false, songs, pf, true);
        generator_pass(generator, path->discriminator, step, songs, true,
                       std::as_const(pf.d_event).view());
        add_parameters(gradients.generator, songs.generator_gradient, dy(0));
        gradients.noise.all() = dy(0) * songs.generated_cache.d_noise.all();
        gradients.first = dy(0) * songs.generated_cache.d_input.step(0).bottomRows(4);
    }

    const Path* path;
    Generator<Scalar> generator;
    Sequence<Scalar> noise;
    Matrix<Scalar> first;
};

Settings small_path(encoding::NormalisationKind normalisation) {
    Settings s = paper_settings(Variant::carnn_pf_mgan);
    s.length = Path::kSteps;
    s.encoding.events.normalisation = normalisation;
    s.generator.hidden = 4;
    s.generator.head = 5;
    s.generator.mapping_layers = 2;
    s.discriminator.hidden = 3;
    s.adversarial.feature_matching = FeatureMatching::none;
    s.adversarial.lambda = 1.0;
    s.pf.synthesiser.samples = 4096;
    s.pf.converter.band = FrequencyBand::full;
    s.pf.converter.lowest = 9.0;
    s.pf.converter.highest = 28.0;
    s.pf.converter.logarithm = true;
    s.pf.classifier = {.inputs = 40, .hidden_1 = 12, .hidden_2 = 8, .steps = 4, .hidden = 3};
    return s;
}

}  // namespace

TEST_CASE("PF path: the gradient of L_{G,F} by every parameter of the generator is right") {
    for (const PfKind kind : {PfKind::bilstm, PfKind::dense}) {
        for (const GeneratorLoss loss :
             {GeneratorLoss::saturating, GeneratorLoss::non_saturating}) {
            Settings settings = small_path(encoding::NormalisationKind::zscore);
            settings.adversarial.loss = loss;
            const Path path(settings, kind);
            PathSubject<double> subject(&path);
            fill(subject, Point::kRandom, 1);
            prove_by_differentiation(subject, 3);
        }
    }
}

TEST_CASE("PF path: the gradient is right for every kind of scaling, and in the paper's band") {
    using encoding::NormalisationKind;
    for (const NormalisationKind kind :
         {NormalisationKind::minmax, NormalisationKind::log, NormalisationKind::cdf}) {
        // A point at which no feature lies in one of the steepest parts of the table of `cdf`: a
        // slope of thousands multiplies the rounding errors of a phase, too.
        const Path path(small_path(kind), PfKind::bilstm);
        PathSubject<double> subject(&path);
        fill(subject, Point::kRandom, 7);
        prove_by_differentiation<DerivativeMethods::complex_step>(subject, 3);
    }
    Settings paper = small_path(NormalisationKind::zscore);
    paper.pf.converter.band = FrequencyBand::low_pass;
    paper.pf.converter.cutoff = 160.0;
    paper.pf.converter.logarithm = false;
    paper.pf.classifier.inputs = 0;
    paper.encoding.events.pitch_in_hz = true;
    const Path path(paper, PfKind::bilstm);
    PathSubject<double> subject(&path);
    fill(subject, Point::kRandom, 3);
    prove_by_differentiation<DerivativeMethods::complex_step>(subject, 3);
}

TEST_CASE("PF path: eq. 1 gives a gradient to pitches and velocities, and it is right") {
    Settings settings = small_path(encoding::NormalisationKind::zscore);
    settings.encoding.events.kind = encoding::EncodingKind::event;
    const Path path(settings, PfKind::bilstm);
    PathSubject<double> subject(&path);
    fill(subject, Point::kRandom, 4);
    prove_by_differentiation<DerivativeMethods::complex_step>(subject, 3);
}

#endif
