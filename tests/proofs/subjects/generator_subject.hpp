#pragma once
// The whole generator as a subject of support/gradient_proof.hpp: the baseline, or with the parts
// of CARNN GAN (carnn_subject.hpp); with output feedback or under teacher forcing.

#include <mgan/models/generator.hpp>
#include <proofs/subjects/lstm_subject.hpp>

namespace mgan_test {

struct GeneratorSizes {
    Index steps = 3, batch = 3;
    bool teacher_forced = false;
    mgan::GeneratorSettings config{.features = 3,
                                   .noise = 2,
                                   .context = 0,
                                   .hidden = 4,
                                   .layers = 2,
                                   .head = 5,
                                   .noise_to_head = false};
    bool rounded_feedback = false;  ///< what is fed back is rounded to a grid (straight-through)
    Index plane = 0;                ///< steps of the noise; 0: those of the song

    [[nodiscard]] Index plane_steps() const { return plane > 0 ? plane : steps; }
    [[nodiscard]] mgan::GeneratorSettings full_config() const {
        mgan::GeneratorSettings full = config;
        full.plane_length = plane_steps();
        return full;
    }
};

template <typename Scalar>
struct GeneratorSubject {
    using Cache = typename mgan::Generator<Scalar>::Cache;

    GeneratorSubject(GeneratorSizes s)
        : sizes(s),
          generator(s.full_config()),
          noise(s.plane_steps(), s.batch, s.config.noise),
          before(s.teacher_forced ? s.steps : 0, s.batch, s.config.features + s.config.context),
          first(Matrix<Scalar>::Zero(s.config.features + s.config.context,
                                     s.teacher_forced ? 0 : s.batch)),
          context(s.teacher_forced ? 0 : s.steps - 1, s.batch, s.config.context) {}
    template <typename Other>
    GeneratorSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const {
        const bool baseline = generator.noise_path.empty() && !generator.attends();
        return std::string(baseline ? "" : "CARNN ") +
               (sizes.teacher_forced ? "generator, teacher forcing" : "generator, output feedback");
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(generator, visitor);
        visitor("noise", noise, Role::kInput);
        if (sizes.teacher_forced) {
            visitor("before", before, Role::kInput);
        } else {
            visitor("first", first, Role::kInput);
            if (!context.empty()) visitor("context", context, Role::kInput);
        }
    }
    Vector<Scalar> forward(Cache& cache) const {
        if (sizes.teacher_forced) {
            return generator.forward_teacher_forced(noise.view(), before.view(), cache)
                .all()
                .reshaped();
        }
        return generator.forward(noise.view(), first, cache, feedback(), sizes.steps)
            .all()
            .reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, GeneratorSubject& gradients) const {
        const mgan::GeneratorSettings& c = sizes.config;
        const Sequence<Scalar> dy_sequence = as_sequence(dy, sizes.steps, sizes.batch, c.features);
        generator.backward(dy_sequence.view(), cache, gradients.generator, !sizes.teacher_forced);
        if (generator.noise_path.empty()) {
            gradients.noise.all() = cache.d_input.all().topRows(c.noise);
        } else {
            gradients.noise.all() = cache.d_noise.all();
        }
        if (sizes.teacher_forced) {
            gradients.before.all() = cache.d_input.all().bottomRows(c.features + c.context);
            return;
        }
        gradients.first = cache.d_input.step(0).bottomRows(c.features + c.context);
        for (Index t = 0; t + 1 < sizes.steps; ++t)
            gradients.context.step(t) = cache.d_input.step(t + 1).bottomRows(c.context);
    }

    GeneratorSizes sizes;
    mgan::Generator<Scalar> generator;
    Sequence<Scalar> noise;
    Sequence<Scalar> before;   ///< teacher forcing: [y_{t-1} ; k_{t-1}], [T, B, F + K]
    Matrix<Scalar> first;      ///< free running: [y_0 ; k_0], (F + K) x B
    Sequence<Scalar> context;  ///< free running: k_1 .. k_{T-1}

private:
    [[nodiscard]] auto feedback() const {
        return [this](Index t, const auto& y, auto&& fed_back, auto&& constants) {
            fed_back = y;
            if (sizes.rounded_feedback) {
                // To the nearest half: a step function, plus the identity for the derivative.
                for (Index i = 0; i < y.size(); ++i) {
                    const RealOf<Scalar> value = mgan::real_part(y.data()[i]);
                    fed_back(i % y.rows(), i / y.rows()) +=
                        Scalar(std::round(value * 2) / 2 - value);
                }
            }
            if (sizes.config.context > 0) constants = context.step(t);
        };
    }
};

}  // namespace mgan_test
