#pragma once
/// \file
/// First values of a step-quantile generator and of its discriminator.
///
/// Weights as everywhere (layers/initialisation.hpp), but for three kinds:
///
///     embeddings          normal: 0.5 for what the LSTM reads, 0.1 for what a head adds, so that
///                         values differ from the first step on
///     rows by role        nearly or exactly 0 (step_head.hpp): each value begins with the
///                         probability that its own row gives it, and a role has to be learnt
///     "sounds already"    -1: a key that sounds is seldom struck

#include <mgan/layers/initialisation.hpp>
#include <mgan/models/step_discriminator.hpp>
#include <mgan/models/step_generator.hpp>

namespace mgan::inline MGAN_ABI {

namespace step_initialisation_detail {

/// Normal numbers, one after the other.
class Normals {
public:
    explicit Normals(const Random& random) noexcept : random_(random) {}
    template <typename Parameter>
    void fill(Parameter&& parameter, double deviation) {
        using Scalar = typename std::remove_cvref_t<Parameter>::Scalar;
        for (Index c = 0; c < parameter.cols(); ++c)
            for (Index r = 0; r < parameter.rows(); ++r)
                parameter(r, c) = Scalar(static_cast<RealOf<Scalar>>(
                    deviation == 0.0 ? 0.0 : deviation * random_.normal(drawn_++)));
    }

private:
    Random random_;
    std::uint64_t drawn_ = 0;
};

template <typename Scalar>
void fill_embeddings(std::vector<Matrix<Scalar>>& tables, Normals& normals) {
    for (Matrix<Scalar>& table : tables) normals.fill(table, 0.5);
}

}  // namespace step_initialisation_detail

/// Fills all parameters; `random` must be meant for this alone.
template <typename Scalar>
void initialise_steps(StepGenerator<Scalar>& generator, const Random& random) {
    initialise(generator, random);
    using namespace step_initialisation_detail;
    Normals normals(random.at(1));
    fill_embeddings(generator.embedding, normals);
    normals.fill(generator.phase_embedding, 0.5);
    normals.fill(generator.next_phase_embedding, 0.5);
    for (StepHead<Scalar>& head : generator.heads) {
        for (Matrix<Scalar>& table : head.earlier) normals.fill(table, 0.1);
        normals.fill(head.arrival, 0.1);
        normals.fill(head.agreement, 0.05);
        normals.fill(head.sounding, 0.0);
        const auto rows = head.rows();
        const Index copies = rows.used - rows.copy, rest = rows.end - rows.used;
        normals.fill(head.write.weight.middleRows(rows.copy, copies), 0.02);
        head.write.bias.segment(rows.copy, copies).setZero();
        head.write.weight.bottomRows(rest).setZero();
        head.write.bias.tail(rest).setZero();
        if (rows.interval > rows.sounding) head.write.bias(rows.sounding) = Scalar(-1);
    }
}

template <typename Scalar>
void initialise_steps(StepDiscriminator<Scalar>& discriminator, const Random& random) {
    initialise(discriminator, random);
    using namespace step_initialisation_detail;
    Normals normals(random.at(1));
    fill_embeddings(discriminator.embedding, normals);
    normals.fill(discriminator.phase_embedding, 0.5);
}

}  // namespace mgan::inline MGAN_ABI
