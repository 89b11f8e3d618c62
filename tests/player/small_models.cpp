#include "small_models.hpp"

#include <mgan/generation/model_file.hpp>
#include <mgan/runs/run_directory.hpp>

#include <support/training_lab.hpp>
#include <training/arpeggios.hpp>
#include <training/small_step_settings.hpp>

#include <span>

namespace mgan_test {

mgan::Model small_step_model(mgan::Variant variant, bool attention_window, int epochs) {
    using namespace mgan;
    Settings s = small_step_settings(variant);
    if (attention_window) s.generator.attention_window = 8;
    s.pretrain.epochs = epochs;
    s.pretrain.dropout = 0.0;  // so few minibatches shall teach something
    s.pretrain.augmentation = 0.0;
    s.playing.guide = 0;
    StepTrainer<float> trainer(s, arpeggios(8), 2);
    while (!trainer.finished()) (void)trainer.run_epoch({});
    return model_of(trainer);
}

mgan::Model small_numeric_model(mgan::Variant variant, bool event) {
    using namespace mgan;
    Settings settings = lab::small_settings();
    settings.variant = variant;
    if (event) {
        settings.encoding.events.kind = encoding::EncodingKind::event;
        settings.encoding.events.normalisation = encoding::NormalisationKind::minmax;
    }
    lab::Training training(settings, lab::small_data());
    training.run(event ? 1 : 4);
    const std::string bytes = training.model_bytes();
    Model model = load_model<float>(std::as_bytes(std::span(bytes)));
    // A net that has hardly learnt anything begins no notes; larger weights do something.
    if (event)
        Generator<float>::visit(
            model.generator, [](const auto&, auto& weights) { weights *= 4.0f; }, ParameterName());
    return model;
}

const std::vector<std::pair<std::string, mgan::Model>>& small_models() {
    using mgan::Variant;
    static const std::vector<std::pair<std::string, mgan::Model>> models = [] {
        std::vector<std::pair<std::string, mgan::Model>> all;
        all.emplace_back("steps, c-rnn-gan", small_step_model(Variant::c_rnn_gan));
        all.emplace_back("steps, carnn-gan", small_step_model(Variant::carnn_gan));
        all.emplace_back("steps, carnn-gan, window", small_step_model(Variant::carnn_gan, true));
        all.emplace_back("steps, carnn-mgan", small_step_model(Variant::carnn_mgan));
        for (const bool event : {false, true}) {
            const std::string kind = event ? "events, " : "tones, ";
            all.emplace_back(kind + "c-rnn-gan", small_numeric_model(Variant::c_rnn_gan, event));
            all.emplace_back(kind + "carnn-gan", small_numeric_model(Variant::carnn_gan, event));
            all.emplace_back(kind + "carnn-mgan", small_numeric_model(Variant::carnn_mgan, event));
#ifdef MGAN_HAS_FFTW
            all.emplace_back(kind + "carnn-pf-mgan",
                             small_numeric_model(Variant::carnn_pf_mgan, event));
#endif
        }
        return all;
    }();
    return models;
}

}  // namespace mgan_test
