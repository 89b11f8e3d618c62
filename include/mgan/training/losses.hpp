#pragma once
/// \file
/// The losses and decisions of a training step, listed once.
///
/// Sums over shards, means over an epoch, checkpoints and the lines of history.jsonl all walk
/// through `Losses::visit`. A new loss is a member here and a line there.

#include <mgan/core/version.hpp>

#include <string_view>

namespace mgan::inline MGAN_ABI {

/// What a loss is called, and where it appears.
struct LossName {
    std::string_view key;        ///< in history.jsonl
    bool of_classifier = false;  ///< only with a PF classifier
    bool has_validation = true;  ///< there is a `validation_KEY` as well
};

/// Losses and decisions of some songs: each a sum over them, divided by the songs of the whole
/// batch. Of the PF classifier F (pf_step.hpp), none is multiplied by lambda.
struct Losses {
    double loss_pretrain = 0.0;
    double loss_d = 0.0;               ///< L_D
    double loss_g = 0.0;               ///< L_G, the one that is minimised
    double loss_non_saturating = 0.0;  ///< -log D(G(z)), always reported
    double loss_feature_matching = 0.0;
    double d_real = 0.0;    ///< D(real)
    double d_fake = 0.0;    ///< D(generated)
    double accuracy = 0.0;  ///< share of songs on the right side of 1/2

    double f_loss = 0.0;                   ///< -log F(x) - log(1 - F(G(z)))
    double f_loss_g = 0.0;                 ///< F's part of L_{G,F}
    double f_loss_non_saturating = 0.0;    ///< -log F(G(z))
    double f_loss_feature_matching = 0.0;  ///< inside F
    double f_real = 0.0;                   ///< F(real)
    double f_fake = 0.0;                   ///< F(generated)
    double f_accuracy = 0.0;               ///< share of songs on the right side of 1/2

    /// Calls visitor(name, member) for each, in the order of the history.
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        list(*this, visitor);
    }
    template <typename Visitor>
    void visit(Visitor&& visitor) const {
        list(*this, visitor);
    }

    Losses& operator+=(const Losses& other) noexcept {
        // Both lists are the same: what `visit` calls i-th here, it calls i-th there.
        const double* from[kCount];
        int i = 0;
        other.visit([&](const LossName&, const double& x) { from[i++] = &x; });
        i = 0;
        visit([&](const LossName&, double& x) { x += *from[i++]; });
        return *this;
    }

private:
    static constexpr int kCount = 15;

    template <typename Self, typename Visitor>
    static void list(Self& self, Visitor& visitor) {
        static_assert(sizeof(Losses) == kCount * sizeof(double), "list every member, and count");
        constexpr bool kOfF = true, kUnvalidated = false;
        visitor(LossName{"loss_pretrain"}, self.loss_pretrain);
        visitor(LossName{"loss_d"}, self.loss_d);
        visitor(LossName{"loss_g"}, self.loss_g);
        visitor(LossName{"loss_non_saturating"}, self.loss_non_saturating);
        visitor(LossName{"loss_feature_matching", !kOfF, kUnvalidated}, self.loss_feature_matching);
        visitor(LossName{"d_real"}, self.d_real);
        visitor(LossName{"d_fake"}, self.d_fake);
        visitor(LossName{"accuracy"}, self.accuracy);
        visitor(LossName{"f_loss", kOfF}, self.f_loss);
        visitor(LossName{"f_loss_g", kOfF}, self.f_loss_g);
        visitor(LossName{"f_loss_non_saturating", kOfF, kUnvalidated}, self.f_loss_non_saturating);
        visitor(LossName{"f_loss_feature_matching", kOfF, kUnvalidated},
                self.f_loss_feature_matching);
        visitor(LossName{"f_real", kOfF}, self.f_real);
        visitor(LossName{"f_fake", kOfF}, self.f_fake);
        visitor(LossName{"f_accuracy", kOfF}, self.f_accuracy);
    }
};

}  // namespace mgan::inline MGAN_ABI
