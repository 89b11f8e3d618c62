#pragma once
/// \file
/// How songs become numbers, and what the generator is told of them beside its last event.

#include <mgan/core/setting.hpp>
#include <mgan/encoding/context.hpp>

namespace mgan::inline MGAN_ABI {

struct RepresentationSettings {
    encoding::EncodingSettings events{.pitch_contrast = 1.3};
    encoding::ContextSettings context{
        .pitch_class = true, .beat = true, .recent = 0, .recall = true, .style = true};

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        using encoding::EncodingKind;
        using encoding::NormalisationKind;
        visitor("kind", events.kind,
                Choices<EncodingKind>{{"tone", EncodingKind::tone}, {"event", EncodingKind::event}},
                "tone: time since the last onset, length, pitch, velocity; event: the paper's "
                "equation 1");
        visitor("normalisation", events.normalisation,
                Choices<NormalisationKind>{{"none", NormalisationKind::none},
                                           {"minmax", NormalisationKind::minmax},
                                           {"zscore", NormalisationKind::zscore},
                                           {"log", NormalisationKind::log},
                                           {"cdf", NormalisationKind::cdf}},
                "how features are scaled; cdf: by their distribution in the training songs");
        visitor("normalise_key", events.normalise_key,
                "transpose each song so that most notes are white keys");
        visitor("pitch_contrast", events.pitch_contrast, Range{1.0, 4.0},
                "cdf: rare pitches get narrower parts of the scale, so that they are hit on "
                "purpose; 1: as frequent");
        visitor("pitch_in_hz", events.pitch_in_hz,
                "the pitch feature is a frequency, not a MIDI number");
        visitor("grid_ticks", events.grid_ticks, Range{1, 1536},
                "onsets and lengths snap to multiples of it (384 a quarter); 1: no grid");
        visitor("step_ticks", events.step_ticks, Range{1, 1536},
                "kind event: ticks from one event to the next");
        visitor("context_pitch_class", context.pitch_class,
                "the generator is told the pitch class of its last event");
        visitor("context_beat", context.beat, "the generator is told where in the beat it is");
        visitor("context_recent", context.recent, Range{0, 16},
                "number of earlier events shown to the generator, beside its last one");
        visitor("context_recall", context.recall,
                "the generator is told what followed when the last two pitches occurred before");
        visitor("context_style", context.style,
                "the generator is told the character of the song, drawn from the training songs");
    }
};

}  // namespace mgan::inline MGAN_ABI
