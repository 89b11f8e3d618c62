#pragma once
// The step-quantile generator as a subject of support/gradient_proof.hpp: its outputs are the
// -log q of every component of every event.

#include <mgan/models/step_discriminator.hpp>
#include <mgan/models/step_generator.hpp>
#include <proofs/subjects/lstm_subject.hpp>

namespace mgan_test {

struct StepGeneratorSizes {
    Index steps = 3, batch = 2;
    Index attention_heads = 0;
    Index noise = 0;
    bool sharpened = false;   ///< at temperatures other than 1
    bool noise_path = false;  ///< w is what mapping network and convolution make of z
    bool closed_loop = true;
    bool outside = false;  ///< every event lies outside the limits of its components
};

/// A small vocabulary in which every kind of component occurs.
[[nodiscard]] inline mgan::StepShape small_step_shape() {
    mgan::StepShape shape;
    shape.components = {{mgan::StepKind::move, {0, 1}},
                        {mgan::StepKind::gap, {0, 1, 2, 3, 6}},
                        {mgan::StepKind::pitch, {58, 59, 60, 61, 62, 63, 64}},
                        {mgan::StepKind::length, {1, 2, 3, 5}},
                        {mgan::StepKind::velocity, {40, 60, 90}},
                        {mgan::StepKind::label, {0, 1}}};
    shape.quarter = 4;
    shape.sources = 4;
    shape.input_sources = 2;
    shape.interval_sources = {0, 3};
    shape.voice_sources = {0, 2};
    shape.releases = 2;
    shape.key_sets = 2;
    shape.numbers = 5;
    shape.style = 2;
    shape.so_far = 1;
    shape.facts = 3;
    shape.sets = 2;
    return shape;
}

/// Random contexts and events that fit a shape, the same for every scalar.
template <typename Scalar>
void fill_step_inputs(const mgan::StepShape& shape, Index steps, Index batch, std::uint64_t seed,
                      mgan::StepInputs<Scalar>& in) {
    const mgan::Random random(seed, "step inputs");
    std::uint64_t drawn = 0;
    const auto draw = [&](Index count) {
        return static_cast<std::int16_t>(
            random.integer(drawn++, static_cast<std::uint64_t>(count)));
    };
    in.resize(shape, steps * batch);
    for (Index i = 0; i < in.columns(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        in.first[at] = i < batch ? 1 : 0;
        in.phase[at] = draw(shape.quarter);
        in.next_phase[at] = draw(shape.quarter);
        in.new_phase[at] = draw(shape.quarter);
        in.sounding[at] = {std::uint64_t{draw(4) == 0 ? 0u : 5u} << 58, 1};
        for (Index c = 0; c < shape.count(); ++c) {
            const Index size = shape.components[static_cast<std::size_t>(c)].size();
            for (Index s = 0; s < shape.sources; ++s)
                in.source(i, s, c) = static_cast<std::int16_t>(draw(size + 1) - 1);
            const auto low = static_cast<std::int16_t>(draw(2));
            in.limit(i, c) = {low, static_cast<std::int16_t>(size - 1)};
            in.value(i, c) = static_cast<std::int16_t>(low + draw(size - low));
            for (Index v = 0; v < size; ++v)
                in.counts(shape.counts_before(c) + v, i) =
                    Scalar(static_cast<mgan::RealOf<Scalar>>(0.5 * std::log1p(double(draw(3)))));
        }
        // Of two columns out of three a pitch class is closed: another than that of the event, or
        // the event's own, which opens all.
        const auto pitch = static_cast<std::size_t>(shape.find(mgan::StepKind::pitch));
        const auto& pitches = shape.components[pitch].values;
        const auto event = static_cast<std::size_t>(in.value(i, static_cast<Index>(pitch)));
        if (i % 3 > 0) {
            const auto closed = static_cast<std::uint16_t>(
                1u << pitches[(event + (i % 3 == 1 ? 1 : 0)) % pitches.size()] % 12);
            in.classes[at] = mgan::kEveryClass & static_cast<std::uint16_t>(~closed);
        }
        in.full[at] = i % 4 == 1 ? 1 : 0;
        in.hold[at] = i % 4 == 2 ? 3 : 0;
        for (Index e = 0; e < shape.releases; ++e)
            in.release(i, e) = {static_cast<std::int16_t>(draw(6) - 1),
                                static_cast<std::int16_t>(draw(5) - 1)};
        for (Index k = 0; k < shape.key_sets; ++k)
            in.key_set(i, k) = {static_cast<std::uint64_t>(draw(64)) << 58,
                                static_cast<std::uint64_t>(draw(2))};
        for (auto* numbers : {&in.numbers, &in.facts, &in.sets}) {
            for (Index m = 0; m < numbers->rows(); ++m)
                (*numbers)(m, i) =
                    Scalar(static_cast<mgan::RealOf<Scalar>>(random.uniform(drawn++, -1.0, 1.0)));
        }
    }
}

template <typename Scalar>
struct StepGeneratorSubject {
    using Cache = typename mgan::StepGenerator<Scalar>::Cache;

    StepGeneratorSubject(StepGeneratorSizes s)
        : sizes(s),
          generator(small_step_shape(), {.embedding = 2,
                                         .input = 5,
                                         .hidden = 4,
                                         .layers = 2,
                                         .head = 5,
                                         .noise = s.noise,
                                         .mapping_layers = s.noise_path ? 1 : 0,
                                         .plane_length = s.noise_path ? s.steps : 0,
                                         .convolution = s.noise_path ? 3 : 0,
                                         .attention_heads = s.attention_heads,
                                         .closed_loop = s.closed_loop}),
          w(s.steps, s.batch, s.noise),
          mask(s.steps, s.batch, 4) {
        fill_step_inputs(generator.shape(), s.steps, s.batch, 11, in);
        if (s.outside) put_outside();
        const mgan::Random random(12, "mask");
        for (Index i = 0; i < mask.size(); ++i)
            mask.data()[i] =
                random.uniform(static_cast<std::uint64_t>(i)) < 0.2 ? Scalar(0) : Scalar(1.25);
        if (!s.sharpened) return;
        sharpness.resize(generator.shape().count(), in.columns());
        for (Index i = 0; i < sharpness.size(); ++i)
            sharpness(i) = static_cast<mgan::RealOf<Scalar>>(
                random.uniform(static_cast<std::uint64_t>(1000 + i), 0.5, 2.0));
    }
    void put_outside() {
        for (Index i = 0; i < in.columns(); ++i) {
            for (Index c = 0; c < generator.shape().count(); ++c) {
                const auto size = generator.shape().components[static_cast<std::size_t>(c)].size();
                const std::int16_t drawn = in.value(i, c);
                if (drawn + 1 < size)
                    in.limit(i, c)[0] = static_cast<std::int16_t>(drawn + 1);
                else
                    in.limit(i, c)[1] = static_cast<std::int16_t>(drawn - 1);
            }
        }
    }
    template <typename Other>
    StepGeneratorSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const {
        if (sizes.noise_path) return "step generator, noise path";
        return sizes.attention_heads > 0 ? "step generator, attention" : "step generator";
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(generator, visitor);
        if (sizes.noise > 0) visitor("w", w, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        const auto given =
            sizes.noise_path ? generator.noise_path.forward(w.view(), path).view() : w.view();
        generator.forward(in, sizes.steps, sizes.batch, given, mask.view(), cache);
        const Matrix<Scalar> none = Matrix<Scalar>::Zero(generator.shape().count(), in.columns());
        generator.learn_heads(in, cache.output.data(), none, sharpness, cache, nullptr, nullptr);
        return cache.negative_log.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, StepGeneratorSubject& gradients) const {
        const Matrix<Scalar> weights = dy.reshaped(generator.shape().count(), in.columns());
        if (sizes.sharpened) {
            cache.d_output.resize(sizes.steps, sizes.batch, 4);
            cache.d_output.set_zero();
            generator.learn_heads(in, cache.output.data(), weights, sharpness, cache,
                                  cache.d_output.data(), &gradients.generator);
        } else {
            generator.learn_heads(in, weights, cache, &gradients.generator);
        }
        if (!sizes.noise_path) {
            generator.backward(in, gradients.w.view(), mask.view(), cache, gradients.generator);
            return;
        }
        Sequence<Scalar> dw(sizes.steps, sizes.batch, sizes.noise);
        generator.backward(in, dw.view(), mask.view(), cache, gradients.generator);
        generator.noise_path.backward(std::as_const(dw).view(), gradients.w.view(), path,
                                      gradients.generator.noise_path);
    }

    StepGeneratorSizes sizes;
    mgan::StepGenerator<Scalar> generator;
    mgan::StepInputs<Scalar> in;
    Sequence<Scalar> w, mask;
    Matrix<mgan::RealOf<Scalar>> sharpness;
    mutable typename mgan::NoisePath<Scalar>::Cache path;
};

/// The discriminator that answers after every event; its outputs are the logits.
template <typename Scalar>
struct StepDiscriminatorSubject {
    using Cache = typename mgan::StepDiscriminator<Scalar>::Cache;

    StepDiscriminatorSubject(StepGeneratorSizes s)
        : sizes(s),
          discriminator(small_step_shape(),
                        {.embedding = 2, .input = 5, .hidden = 4, .layers = 1, .answer = 6}),
          mask(s.steps, s.batch, 2 * (5 + 4)) {
        fill_step_inputs(small_step_shape(), s.steps, s.batch, 21, in);
        const mgan::Random random(22, "mask");
        for (Index i = 0; i < mask.size(); ++i)
            mask.data()[i] =
                random.uniform(static_cast<std::uint64_t>(i)) < 0.2 ? Scalar(0) : Scalar(1.25);
    }
    template <typename Other>
    StepDiscriminatorSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "step discriminator"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(discriminator, visitor);
    }
    Vector<Scalar> forward(Cache& cache) const {
        return discriminator.forward(in, sizes.steps, sizes.batch, mask.view(), cache)
            .all()
            .reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache,
                  StepDiscriminatorSubject& gradients) const {
        const Sequence<Scalar> d_logit = as_sequence<Scalar>(dy, sizes.steps, sizes.batch, 1);
        discriminator.backward(in, d_logit.view(), mask.view(), cache, gradients.discriminator);
    }

    StepGeneratorSizes sizes;
    mgan::StepDiscriminator<Scalar> discriminator;
    mgan::StepInputs<Scalar> in;
    Sequence<Scalar> mask;
};

}  // namespace mgan_test
