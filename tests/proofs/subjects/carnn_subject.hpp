#pragma once
// The CARNN generator as a subject of support/gradient_proof.hpp: mapping network, convolution,
// LSTMs, attention and head, with output feedback or under teacher forcing. The song may be shorter
// than its noise plane.

#include <mgan/models/generator.hpp>
#include <proofs/subjects/lstm_subject.hpp>

namespace mgan_test {

struct CarnnSizes {
    Index steps = 3, batch = 3;
    Index plane = 0;  ///< steps of the noise; 0: those of the song
    bool teacher_forced = false;
    mgan::GeneratorSettings config = small();

    /// Mapping, convolution, attention with two heads, all small.
    static mgan::GeneratorSettings small() {
        mgan::GeneratorSettings config;
        config.features = 3;
        config.noise = 2;
        config.hidden = 4;
        config.head = 5;
        config.mapping_layers = 2;
        config.convolution = 5;
        config.attention_heads = 2;
        return config;
    }
    [[nodiscard]] Index plane_steps() const { return plane > 0 ? plane : steps; }
    [[nodiscard]] mgan::GeneratorSettings full_config() const {
        mgan::GeneratorSettings full = config;
        full.plane_length = plane_steps();
        return full;
    }
};

template <typename Scalar>
struct CarnnSubject {
    using Cache = typename mgan::Generator<Scalar>::Cache;

    CarnnSubject(CarnnSizes s)
        : sizes(s),
          generator(s.full_config()),
          noise(s.plane_steps(), s.batch, s.config.noise),
          before(s.teacher_forced ? s.steps : 0, s.batch, s.config.features),
          first(Matrix<Scalar>::Zero(s.config.features, s.teacher_forced ? 0 : s.batch)) {}
    template <typename Other>
    CarnnSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const {
        return sizes.teacher_forced ? "CARNN generator, teacher forcing"
                                    : "CARNN generator, output feedback";
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(generator, visitor);
        visitor("noise", noise, Role::kInput);
        if (sizes.teacher_forced) {
            visitor("before", before, Role::kInput);
        } else {
            visitor("first", first, Role::kInput);
        }
    }
    Vector<Scalar> forward(Cache& cache) const {
        if (sizes.teacher_forced) {
            return generator.forward_teacher_forced(noise.view(), before.view(), cache)
                .all()
                .reshaped();
        }
        return generator.forward(noise.view(), first, cache, mgan::IdentityFeedback{}, sizes.steps)
            .all()
            .reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, CarnnSubject& gradients) const {
        const mgan::GeneratorSettings& c = sizes.config;
        const Sequence<Scalar> dy_sequence = as_sequence(dy, sizes.steps, sizes.batch, c.features);
        generator.backward(dy_sequence.view(), cache, gradients.generator, !sizes.teacher_forced);
        if (generator.noise_path.empty()) {
            gradients.noise.all() = cache.d_input.all().topRows(c.noise);
        } else {
            gradients.noise.all() = cache.d_noise.all();
        }
        if (sizes.teacher_forced) {
            gradients.before.all() = cache.d_input.all().bottomRows(c.features);
        } else {
            gradients.first = cache.d_input.step(0).bottomRows(c.features);
        }
    }

    CarnnSizes sizes;
    mgan::Generator<Scalar> generator;
    Sequence<Scalar> noise;
    Sequence<Scalar> before;  ///< teacher forcing: y_{t-1}, [T, B, F]
    Matrix<Scalar> first;     ///< free running: y_0, F x B
};

}  // namespace mgan_test
