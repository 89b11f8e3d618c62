#pragma once
/// \file
/// Between the listener and the nets: a context becomes a column of `StepInputs`.
///
/// The listener counts in the words of music (encoding/), the nets in columns of numbers (models/);
/// neither knows the other.

#include <mgan/encoding/step_listener.hpp>
#include <mgan/generation/step_facts.hpp>
#include <mgan/models/step_inputs.hpp>

#include <array>
#include <cmath>
#include <utility>

namespace mgan::inline MGAN_ABI {

/// The sizes of nets for a vocabulary and a listener.
[[nodiscard]] inline StepShape step_shape(const encoding::StepVocabulary& vocabulary) {
    StepShape shape;
    for (const encoding::StepComponent& component : vocabulary.components()) {
        StepKind kind = StepKind::label;
        switch (component.kind) {
            case encoding::ComponentKind::move:
                kind = StepKind::move;
                break;
            case encoding::ComponentKind::gap:
                kind = StepKind::gap;
                break;
            case encoding::ComponentKind::pitch:
                kind = StepKind::pitch;
                break;
            case encoding::ComponentKind::length:
                kind = StepKind::length;
                break;
            case encoding::ComponentKind::velocity:
                kind = StepKind::velocity;
                break;
            case encoding::ComponentKind::label:
                break;
        }
        shape.components.push_back({kind, component.values});
    }
    shape.quarter = vocabulary.quarter_steps();
    shape.sources = encoding::kStepSources;
    shape.input_sources = encoding::kStepInputs;
    shape.numbers = encoding::step_numbers::kCount;
    shape.style = encoding::kStyleAxes + encoding::step_numbers::kEndingCount;
    shape.so_far = encoding::step_numbers::kAsked - encoding::step_numbers::kRunning;
    shape.facts = step_facts::kCount;
    shape.sets = step_sets::kCount;
    shape.releases = encoding::kStepReleases;
    shape.key_sets = encoding::kStepKeySets;
    const auto add = [](std::vector<Index>& to, std::size_t first, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) to.push_back(static_cast<Index>(first + i));
    };
    shape.voice_sources = {0};
    add(shape.voice_sources, encoding::kFirstVoice, encoding::kStepVoices);
    shape.interval_sources = {0};
    add(shape.interval_sources, encoding::kStepInputs, encoding::kStepRecent);
    add(shape.interval_sources, encoding::kFirstVoice, encoding::kStepVoices);
    return shape;
}

/// Writes what was heard before an event into a column; the event itself is not known yet.
template <typename Scalar>
void put_context(const encoding::StepContext& context, bool first, const StepShape& shape,
                 Index column, StepInputs<Scalar>& in) {
    const auto at = static_cast<std::size_t>(column);
    const Index count = shape.count();
    for (Index s = 0; s < shape.sources; ++s)
        for (Index c = 0; c < count; ++c)
            in.source(column, s, c) =
                context.sources[static_cast<std::size_t>(s)].value[static_cast<std::size_t>(c)];
    in.phase[at] = static_cast<std::int16_t>(context.last_phase);
    in.next_phase[at] = static_cast<std::int16_t>(context.next_phase);
    in.first[at] = first ? 1 : 0;
    in.classes[at] = context.classes;
    in.full[at] = context.full ? 1 : 0;
    for (Index m = 0; m < shape.numbers; ++m)
        in.numbers(m, column) = static_cast<Scalar>(context.numbers[static_cast<std::size_t>(m)]);
    Scalar* counts = in.counts.col(column).data();
    for (Index c = 0; c < count; ++c) {
        const auto component = static_cast<std::size_t>(c);
        for (const std::uint16_t n : context.counts[component])
            *counts++ = n == 0 ? Scalar(0) : static_cast<Scalar>(0.5 * std::log1p(n));
        in.limit(column, c) = {context.least[component], context.greatest[component]};
        in.value(column, c) = kNoValue;
    }
}

/// What is known once the move is drawn.
template <typename Scalar>
void put_arrival(const encoding::StepArrival& arrival, Index column, StepInputs<Scalar>& in) {
    in.new_phase[static_cast<std::size_t>(column)] = static_cast<std::int16_t>(arrival.phase);
    in.sounding[static_cast<std::size_t>(column)] = arrival.sounding;
    in.hold[static_cast<std::size_t>(column)] = arrival.hold;
    for (std::size_t e = 0; e < encoding::kStepReleases; ++e)
        in.release(column, static_cast<Index>(e)) = {arrival.release_gap[e],
                                                     arrival.release_length[e]};
    for (std::size_t k = 0; k < encoding::kStepKeySets; ++k)
        in.key_set(column, static_cast<Index>(k)) = arrival.keys[k];
    for (std::size_t v = 0; v < encoding::kStepVoices; ++v)
        for (Index c = 0; c < in.components(); ++c)
            in.source(column, static_cast<Index>(encoding::kFirstVoice + v), c) =
                arrival.voices[v].value[static_cast<std::size_t>(c)];
}

/// The event of a column.
template <typename Scalar>
void put_event(const encoding::StepEvent& event, const StepShape& shape, Index column,
               StepInputs<Scalar>& in) {
    for (Index c = 0; c < shape.count(); ++c)
        in.value(column, c) = event.value[static_cast<std::size_t>(c)];
}
template <typename Scalar>
[[nodiscard]] encoding::StepEvent event_of(const StepInputs<Scalar>& in, const StepShape& shape,
                                           Index column) {
    encoding::StepEvent event;
    for (Index c = 0; c < shape.count(); ++c)
        event.value[static_cast<std::size_t>(c)] = in.value(column, c);
    return event;
}

/// What a discriminator is told of the event of a column, beside what was heard before it.
template <typename Scalar>
void put_judged(const encoding::StepContext& context, const encoding::StepArrival& arrival,
                const HeardSets& sets, const encoding::StepEvent& event,
                const encoding::StepVocabulary& vocabulary, Index column, StepInputs<Scalar>& in) {
    write_facts(context, arrival, event, vocabulary, in.facts.col(column).data());
    sets.write_with(event, vocabulary, in.sets.col(column).data());
}

/// Who reads the columns: a generator alone, or a discriminator as well.
enum class StepReader { generator, discriminator };

/// Teacher forcing: hears `events` with a listener that was just reset, or has heard what went
/// before them, and writes what it is told before each of them, and the events, into the columns
/// first, first + stride, ...
/// `also(t, context, listener)` is called before event t is heard.
template <typename Scalar, typename Also>
void listen_to(std::span<const encoding::StepEvent> events, const StepShape& shape,
               encoding::StepListener& listener, StepReader reader, Index first, Index stride,
               StepInputs<Scalar>& in, Also&& also) {
    encoding::StepContext context;
    HeardSets sets;
    for (std::size_t t = 0; t < events.size(); ++t) {
        const Index column = first + static_cast<Index>(t) * stride;
        listener.context(context);
        put_context(context, listener.silent(), shape, column, in);
        const encoding::StepArrival arrival =
            listener.after(events[t].value[encoding::StepVocabulary::move()]);
        put_arrival(arrival, column, in);
        put_event(events[t], shape, column, in);
        if (reader == StepReader::discriminator) {
            sets.read(context, listener.vocabulary(), listener.meter().size());
            put_judged(context, arrival, sets, events[t], listener.vocabulary(), column, in);
        }
        also(t, context, std::as_const(listener));
        listener.hear(events[t]);
    }
}
template <typename Scalar>
void listen_to(std::span<const encoding::StepEvent> events, const StepShape& shape,
               encoding::StepListener& listener, StepReader reader, Index first, Index stride,
               StepInputs<Scalar>& in) {
    listen_to(events, shape, listener, reader, first, stride, in,
              [](std::size_t, const encoding::StepContext&, const encoding::StepListener&) {});
}

}  // namespace mgan::inline MGAN_ABI
