/// \file
/// mgan as an LV2 plug-in: a trained model plays MIDI notes in time with its host.
///
///     audio thread          run: events in -> Instrument -> notes out; no heap, no lock, no system
///     worker of the host    work: loads models, frees those that were replaced
///     anybody               save, restore
///
/// A model goes from the worker to the audio thread as a pointer (`Prepared`), and back to be
/// freed.

#include "instrument.hpp"
#include "ports.hpp"
#include "transport.hpp"

#include <lv2/atom/atom.h>
#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>
#include <lv2/log/logger.h>
#include <lv2/midi/midi.h>
#include <lv2/patch/patch.h>
#include <lv2/state/state.h>
#include <lv2/time/time.h>
#include <lv2/urid/urid.h>
#include <lv2/worker/worker.h>

#include <mgan/core/file.hpp>
#include <mgan/player.hpp>
#include <mgan/player/handover.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan_lv2 {
namespace {

/// The numbers of a host for the names that are used here.
struct Urids {
    explicit Urids(LV2_URID_Map* map)
        : midi(of(map, LV2_MIDI__MidiEvent)),
          position(of(map, LV2_TIME__Position)),
          bar(of(map, LV2_TIME__bar)),
          bar_beat(of(map, LV2_TIME__barBeat)),
          beat(of(map, LV2_TIME__beat)),
          beat_unit(of(map, LV2_TIME__beatUnit)),
          beats_per_bar(of(map, LV2_TIME__beatsPerBar)),
          beats_per_minute(of(map, LV2_TIME__beatsPerMinute)),
          frame(of(map, LV2_TIME__frame)),
          speed(of(map, LV2_TIME__speed)),
          get(of(map, LV2_PATCH__Get)),
          set(of(map, LV2_PATCH__Set)),
          property(of(map, LV2_PATCH__property)),
          value(of(map, LV2_PATCH__value)),
          chunk(of(map, LV2_ATOM__Chunk)),
          model(of(map, kModelUri)),
          model_bytes(of(map, kModelBytesUri)),
          played(of(map, kPlayedUri)) {
        for (const PortInfo& port : kPorts)
            controls[port.control] = of(map, (std::string(kUri) + "#" + port.symbol).c_str());
    }

    LV2_URID midi, position, bar, bar_beat, beat, beat_unit, beats_per_bar, beats_per_minute, frame,
        speed, get, set, property, value, chunk, model, model_bytes, played;
    std::array<LV2_URID, kControls> controls{};

private:
    static LV2_URID of(LV2_URID_Map* map, const char* uri) { return map->map(map->handle, uri); }
};

/// What the audio thread asks the worker for: a model to load, or one to free.
struct Job {
    static constexpr std::size_t kLongestPath = 2048;

    Prepared* to_free = nullptr;
    Values values{};
    std::array<char, kLongestPath> path{};  // with its closing zero

    [[nodiscard]] std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(offsetof(Job, path) + std::strlen(path.data()) + 1);
    }
};

/// What is told to whoever saves the session.
struct Moment {
    Values values = initial_values();
    std::int64_t played = 0;
};

/// A file of a model, as the session may keep it.
struct ModelFile {
    std::string path;
    std::vector<std::byte> bytes;
};

/// Of a file, or of a run's folder. Throws mgan::IoError.
ModelFile read_model_file(std::string path) {
    std::filesystem::path file(path);
    if (std::filesystem::is_directory(file)) file /= "model.safetensors";
    std::vector<std::byte> bytes = mgan::read_file_bytes(file);
    if (bytes.empty())
        throw mgan::IoError(file.string() + ": is empty; choose a model.safetensors");
    return {std::move(path), std::move(bytes)};
}

class Plugin {
public:
    Plugin(double rate, const char* bundle, const LV2_Feature* const* features)
        : map_(static_cast<LV2_URID_Map*>(lv2_features_data(features, LV2_URID__map))),
          schedule_(
              static_cast<LV2_Worker_Schedule*>(lv2_features_data(features, LV2_WORKER__schedule))),
          bundle_(bundle),
          rate_(rate),
          urids_(map_),
          transport_(rate),
          own_clock_(rate) {
        lv2_atom_forge_init(&forge_, map_);
        lv2_log_logger_init(&log_, map_,
                            static_cast<LV2_Log_Log*>(lv2_features_data(features, LV2_LOG__log)));
        own_clock_.roll();
        load_bundled_model();
    }

    void connect(std::uint32_t port, void* data) noexcept {
        if (port == kEventsIn)
            events_in_ = static_cast<const LV2_Atom_Sequence*>(data);
        else if (port == kEventsOut)
            events_out_ = static_cast<LV2_Atom_Sequence*>(data);
        else if (port - kFirstControl < std::size_t{kControls})
            ports_[port - kFirstControl] = static_cast<const float*>(data);
    }

    void activate() noexcept { instrument_.stop(); }

    // ---- the audio thread -----------------------------------------------------------------------

    void run(int frames) noexcept {
        lv2_atom_forge_set_buffer(&forge_, reinterpret_cast<std::uint8_t*>(events_out_),
                                  events_out_->atom.size);
        LV2_Atom_Forge_Frame sequence;
        lv2_atom_forge_sequence_head(&forge_, &sequence, 0);
        read_ports();
        for (std::size_t key = 0; key < 128; ++key)
            if (owed_[key]) end(0, static_cast<int>(key));
        if (tells_) tell_model(0);
        tells_ = false;

        int done = 0;
        LV2_ATOM_SEQUENCE_FOREACH(events_in_, event) {
            const int frame =
                static_cast<int>(std::clamp<std::int64_t>(event->time.frames, done, frames));
            play(done, frame);
            done = frame;
            hear(frame, event->body);
        }
        play(done, frames);
        lv2_atom_forge_pop(&forge_, &sequence);
        moment_.put({values_, instrument_.played()});
    }

    LV2_Worker_Status answer(const void* body, std::uint32_t size) noexcept {
        Prepared* next = nullptr;
        if (size != sizeof next) return LV2_WORKER_ERR_UNKNOWN;
        std::memcpy(&next, body, sizeof next);
        tells_ = true;  // what plays now, whether it is what was asked for or not
        if (next == nullptr) return LV2_WORKER_SUCCESS;
        instrument_.install(*next);
        Job job;
        job.to_free = next;
        return schedule_->schedule_work(schedule_->handle, job.size(), &job);
    }

    // ---- the worker -----------------------------------------------------------------------------

    LV2_Worker_Status work(LV2_Worker_Respond_Function respond, LV2_Worker_Respond_Handle handle,
                           const void* data, std::uint32_t size) {
        Job job;
        if (size > sizeof job) return LV2_WORKER_ERR_NO_SPACE;
        std::memcpy(static_cast<void*>(&job), data, size);
        if (job.to_free != nullptr) {
            forget(job.to_free);
            return LV2_WORKER_SUCCESS;
        }
        Prepared* prepared = nullptr;
        try {
            prepared = make(read_model_file(job.path.data()), job.values, 0);
        } catch (const std::exception& error) {
            lv2_log_error(&log_, "mgan: %s\n", error.what());
        }
        return respond(handle, sizeof prepared, &prepared);
    }

    // ---- the session ----------------------------------------------------------------------------

    LV2_State_Status save(LV2_State_Store_Function store, LV2_State_Handle handle,
                          const LV2_Feature* const* features) {
        const std::scoped_lock lock(mutex_);
        (void)moment_.take(saved_);
        for (const PortInfo& port : kPorts)
            store(handle, urids_.controls[port.control], &saved_.values[port.control],
                  sizeof(float), forge_.Float, LV2_STATE_IS_POD | LV2_STATE_IS_PORTABLE);
        store(handle, urids_.played, &saved_.played, sizeof saved_.played, forge_.Long,
              LV2_STATE_IS_POD | LV2_STATE_IS_PORTABLE);
        if (file_.bytes.empty()) return LV2_STATE_SUCCESS;
        const Paths paths(features);
        const std::string path = paths.abstract(file_.path);
        if (!path.empty())
            store(handle, urids_.model, path.c_str(), path.size() + 1, forge_.Path,
                  LV2_STATE_IS_POD);
        if (saved_.values[kKeepModel] != 0.0F)
            store(handle, urids_.model_bytes, file_.bytes.data(), file_.bytes.size(), urids_.chunk,
                  LV2_STATE_IS_POD | LV2_STATE_IS_PORTABLE);
        return LV2_STATE_SUCCESS;
    }

    /// Never while `run` runs.
    LV2_State_Status restore(LV2_State_Retrieve_Function retrieve, LV2_State_Handle handle,
                             const LV2_Feature* const* features) {
        const auto find = [&](LV2_URID key, LV2_URID type) {
            std::size_t size = 0;
            std::uint32_t kind = 0, flags = 0;
            const auto* data =
                static_cast<const std::byte*>(retrieve(handle, key, &size, &kind, &flags));
            return data != nullptr && kind == type ? std::span(data, size)
                                                   : std::span<const std::byte>();
        };
        Moment moment;
        moment.values = initial_values();
        for (const PortInfo& port : kPorts)
            if (const auto value = find(urids_.controls[port.control], forge_.Float);
                value.size() == sizeof(float))
                std::memcpy(&moment.values[port.control], value.data(), sizeof(float));
        moment.values = sane(moment.values);
        if (const auto played = find(urids_.played, forge_.Long);
            played.size() == sizeof(std::int64_t))
            std::memcpy(&moment.played, played.data(), sizeof moment.played);
        // Only who goes on needs a past; and nobody waits for ever.
        const std::int64_t played = on_jump_of(moment.values) == mgan::OnJump::go_on
                                        ? std::clamp<std::int64_t>(moment.played, 0, kMostPlayed)
                                        : 0;
        try {
            ModelFile file;
            if (const auto path = find(urids_.model, forge_.Path); !path.empty()) {
                const auto* text = reinterpret_cast<const char*>(path.data());
                const Paths paths(features);
                file.path = paths.absolute(std::string(text, strnlen(text, path.size())));
            }
            if (const auto bytes = find(urids_.model_bytes, urids_.chunk); !bytes.empty())
                file.bytes.assign(bytes.begin(), bytes.end());
            else if (!file.path.empty())
                file = read_model_file(std::move(file.path));
            if (file.bytes.empty()) {
                load_bundled_model();
                return LV2_STATE_SUCCESS;
            }
            install_now(std::move(file), moment.values, played);
            const std::scoped_lock lock(mutex_);
            saved_ = moment;
        } catch (const std::exception& error) {
            lv2_log_error(&log_, "mgan: %s\n", error.what());
            return LV2_STATE_ERR_UNKNOWN;
        }
        tells_ = true;
        return LV2_STATE_SUCCESS;
    }

private:
    /// Two seconds of drawing, at most, for a session that goes on.
    static constexpr std::int64_t kMostPlayed = 100'000;

    /// The host's way to name files of a session; without one a path is itself.
    class Paths {
    public:
        explicit Paths(const LV2_Feature* const* features)
            : map_(static_cast<LV2_State_Map_Path*>(
                  lv2_features_data(features, LV2_STATE__mapPath))),
              free_(static_cast<LV2_State_Free_Path*>(
                  lv2_features_data(features, LV2_STATE__freePath))) {}
        [[nodiscard]] std::string abstract(const std::string& path) const {
            if (map_ == nullptr || path.empty()) return path;
            return taken(map_->abstract_path(map_->handle, path.c_str()));
        }
        [[nodiscard]] std::string absolute(const std::string& path) const {
            if (map_ == nullptr || path.empty()) return path;
            return taken(map_->absolute_path(map_->handle, path.c_str()));
        }

    private:
        [[nodiscard]] std::string taken(char* text) const {
            if (text == nullptr) return {};
            std::string path(text);
            if (free_ != nullptr)
                free_->free_path(free_->handle, text);
            else
                std::free(text);
            return path;
        }
        LV2_State_Map_Path* map_;
        LV2_State_Free_Path* free_;
    };

    /// Loads a model and keeps what it is made of.
    Prepared* make(ModelFile file, const Values& values, std::int64_t played) {
        const mgan::PlayerModel model(file.bytes,
                                      file.path.empty() ? "the session's model" : file.path);
        std::unique_ptr<Prepared> prepared = prepare(model, file.path, values, rate_, played);
        const std::scoped_lock lock(mutex_);
        file_ = std::move(file);
        made_.push_back(std::move(prepared));
        return made_.back().get();
    }

    void forget(const Prepared* prepared) {
        const std::scoped_lock lock(mutex_);
        std::erase_if(made_, [&](const auto& one) { return one.get() == prepared; });
    }

    /// The same, and lets it play; what played before is freed. Never while `run` runs.
    void install_now(ModelFile file, const Values& values, std::int64_t played) {
        Prepared* prepared = make(std::move(file), values, played);
        instrument_.install(*prepared);
        forget(prepared);
    }

    void load_bundled_model() {
        const std::filesystem::path path = std::filesystem::path(bundle_) / kBundledModel;
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored)) return;
        try {
            install_now(read_model_file(path.string()), initial_values(), 0);
        } catch (const std::exception& error) {
            lv2_log_error(&log_, "mgan: %s\n", error.what());
        }
    }

    void read_ports() noexcept {
        for (std::size_t i = 0; i < kControls; ++i)
            if (ports_[i] != nullptr) values_[i] = *ports_[i];
        values_ = sane(values_);
        const auto tempo = static_cast<double>(values_[kTempo]);
        transport_.set_own_tempo(tempo);
        own_clock_.set_own_tempo(tempo);
        instrument_.turn(values_);
    }

    /// Time from here on.
    [[nodiscard]] mgan::BlockTime time(int frames) const noexcept {
        const Transport& clock = whole(values_[kClock]) == kAlways ? own_clock_ : transport_;
        return {frames, clock.quarters(), clock.tempo(),
                clock.rolls() && values_[kEnabled] != 0.0F};
    }

    /// Frames `from` to `until` of the block.
    void play(int from, int until) noexcept {
        const int frames = until - from;
        if (frames <= 0) return;
        for (const mgan::BlockEvent& event : instrument_.process(time(frames))) {
            if (event.on)
                begin(from + event.frame, event.pitch, event.velocity);
            else
                end(from + event.frame, event.pitch);
        }
        transport_.advance(frames);
        own_clock_.advance(frames);
    }

    void hear(int frame, const LV2_Atom& body) noexcept {
        if (body.type == urids_.midi) {
            const auto* bytes = static_cast<const std::uint8_t*>(LV2_ATOM_BODY_CONST(&body));
            const bool begins = body.size >= 3 && (bytes[0] & 0xF0U) == 0x90U && bytes[2] > 0;
            if (begins && values_[kListen] != 0.0F)
                instrument_.feed(bytes[1] & 0x7F, bytes[2] & 0x7F, time(0));
        } else if (lv2_atom_forge_is_object_type(&forge_, body.type)) {
            const auto& object = reinterpret_cast<const LV2_Atom_Object&>(body);
            if (object.body.otype == urids_.position) transport_.hear(position_of(object));
            if (object.body.otype == urids_.set) hear_of_model(object);
            if (object.body.otype == urids_.get) tell_model(frame);
        }
    }

    /// A number of any type; nothing where there is none.
    [[nodiscard]] std::optional<double> number(const LV2_Atom* atom) const noexcept {
        if (atom == nullptr) return std::nullopt;
        const void* body = LV2_ATOM_BODY_CONST(atom);
        if (atom->type == forge_.Double) return *static_cast<const double*>(body);
        if (atom->type == forge_.Float)
            return static_cast<double>(*static_cast<const float*>(body));
        if (atom->type == forge_.Long)
            return static_cast<double>(*static_cast<const std::int64_t*>(body));
        if (atom->type == forge_.Int) return *static_cast<const std::int32_t*>(body);
        return std::nullopt;
    }

    [[nodiscard]] HostPosition position_of(const LV2_Atom_Object& object) const noexcept {
        const LV2_Atom *bar = nullptr, *bar_beat = nullptr, *beat = nullptr, *beat_unit = nullptr,
                       *beats_per_bar = nullptr, *beats_per_minute = nullptr, *speed = nullptr,
                       *frame = nullptr;
        lv2_atom_object_get(&object, urids_.bar, &bar, urids_.bar_beat, &bar_beat, urids_.beat,
                            &beat, urids_.beat_unit, &beat_unit, urids_.beats_per_bar,
                            &beats_per_bar, urids_.beats_per_minute, &beats_per_minute,
                            urids_.speed, &speed, urids_.frame, &frame, 0);
        HostPosition said{number(bar),       number(bar_beat),      number(beat),
                          number(beat_unit), number(beats_per_bar), number(beats_per_minute),
                          number(speed),     std::nullopt};
        if (const auto frames = number(frame)) said.frame = static_cast<std::int64_t>(*frames);
        return said;
    }

    /// A host asks for another model.
    void hear_of_model(const LV2_Atom_Object& object) noexcept {
        const LV2_Atom *property = nullptr, *value = nullptr;
        lv2_atom_object_get(&object, urids_.property, &property, urids_.value, &value, 0);
        if (property == nullptr || property->type != forge_.URID || value == nullptr) return;
        if (reinterpret_cast<const LV2_Atom_URID*>(property)->body != urids_.model) return;
        if (value->type != forge_.Path && value->type != forge_.String) return;
        Job job;
        const auto* text = static_cast<const char*>(LV2_ATOM_BODY_CONST(value));
        const std::size_t size = strnlen(text, value->size);
        if (size == 0 || size >= job.path.size()) return;
        std::memcpy(job.path.data(), text, size);
        job.values = values_;
        (void)schedule_->schedule_work(schedule_->handle, job.size(), &job);
    }

    void tell_model(int frame) noexcept {
        const std::string& path = instrument_.path();
        if (forge_.offset + path.size() + 128 > forge_.size) return;
        LV2_Atom_Forge_Frame object;
        lv2_atom_forge_frame_time(&forge_, frame);
        lv2_atom_forge_object(&forge_, &object, 0, urids_.set);
        lv2_atom_forge_key(&forge_, urids_.property);
        lv2_atom_forge_urid(&forge_, urids_.model);
        lv2_atom_forge_key(&forge_, urids_.value);
        lv2_atom_forge_path(&forge_, path.c_str(), static_cast<std::uint32_t>(path.size()));
        lv2_atom_forge_pop(&forge_, &object);
    }

    void begin(int frame, int pitch, int velocity) noexcept {
        const auto key = static_cast<std::size_t>(pitch);
        if (!send(frame, 0x90, channel(), pitch, velocity)) return;
        channels_[key] = channel();
    }
    /// A note-off that finds no room is owed to the next block.
    void end(int frame, int pitch) noexcept {
        const auto key = static_cast<std::size_t>(pitch);
        owed_[key] = !send(frame, 0x80, channels_[key], pitch, 0);
    }
    [[nodiscard]] int channel() const noexcept { return whole(values_[kChannel]) - 1; }
    [[nodiscard]] bool send(int frame, int status, int channel, int pitch, int velocity) noexcept {
        const std::array<std::uint8_t, 3> bytes = {static_cast<std::uint8_t>(status | channel),
                                                   static_cast<std::uint8_t>(pitch),
                                                   static_cast<std::uint8_t>(velocity)};
        if (forge_.offset + sizeof(LV2_Atom_Event) + 8 > forge_.size) return false;
        lv2_atom_forge_frame_time(&forge_, frame);
        lv2_atom_forge_atom(&forge_, bytes.size(), urids_.midi);
        lv2_atom_forge_write(&forge_, bytes.data(), bytes.size());
        return true;
    }

    LV2_URID_Map* map_;
    LV2_Worker_Schedule* schedule_;
    std::string bundle_;
    double rate_;
    Urids urids_;
    LV2_Log_Logger log_{};
    LV2_Atom_Forge forge_{};

    // Of the audio thread.
    const LV2_Atom_Sequence* events_in_ = nullptr;
    LV2_Atom_Sequence* events_out_ = nullptr;
    std::array<const float*, kControls> ports_{};
    Values values_ = initial_values();
    Transport transport_, own_clock_;
    Instrument instrument_;
    std::array<int, 128> channels_{};
    std::array<bool, 128> owed_{};
    bool tells_ = false;

    // Of the others.
    mgan::Handover<Moment> moment_;
    std::mutex mutex_;
    Moment saved_;
    ModelFile file_;
    std::vector<std::unique_ptr<Prepared>> made_;  // at the audio thread, or on the way back
};

// ---- the C interface of LV2: no exception leaves it ---------------------------------------------

Plugin& of(LV2_Handle handle) noexcept {
    return *static_cast<Plugin*>(handle);
}

LV2_Handle instantiate(const LV2_Descriptor*, double rate, const char* bundle,
                       const LV2_Feature* const* features) {
    if (lv2_features_data(features, LV2_URID__map) == nullptr ||
        lv2_features_data(features, LV2_WORKER__schedule) == nullptr)
        return nullptr;
    try {
        return new Plugin(rate, bundle, features);
    } catch (const std::exception&) {
        return nullptr;
    }
}

const void* extension_data(const char* uri) {
    static const LV2_Worker_Interface worker = {
        [](LV2_Handle handle, LV2_Worker_Respond_Function respond, LV2_Worker_Respond_Handle to,
           std::uint32_t size, const void* data) {
            try {
                return of(handle).work(respond, to, data, size);
            } catch (const std::exception&) {
                return LV2_WORKER_ERR_UNKNOWN;
            }
        },
        [](LV2_Handle handle, std::uint32_t size, const void* body) {
            return of(handle).answer(body, size);
        },
        nullptr};
    static const LV2_State_Interface state = {
        [](LV2_Handle handle, LV2_State_Store_Function store, LV2_State_Handle to, std::uint32_t,
           const LV2_Feature* const* features) {
            try {
                return of(handle).save(store, to, features);
            } catch (const std::exception&) {
                return LV2_STATE_ERR_UNKNOWN;
            }
        },
        [](LV2_Handle handle, LV2_State_Retrieve_Function retrieve, LV2_State_Handle from,
           std::uint32_t, const LV2_Feature* const* features) {
            try {
                return of(handle).restore(retrieve, from, features);
            } catch (const std::exception&) {
                return LV2_STATE_ERR_UNKNOWN;
            }
        }};
    if (std::string_view(uri) == LV2_WORKER__interface) return &worker;
    if (std::string_view(uri) == LV2_STATE__interface) return &state;
    return nullptr;
}

const LV2_Descriptor kDescriptor = {
    kUri,
    instantiate,
    [](LV2_Handle handle, std::uint32_t port, void* data) { of(handle).connect(port, data); },
    [](LV2_Handle handle) { of(handle).activate(); },
    [](LV2_Handle handle, std::uint32_t frames) { of(handle).run(static_cast<int>(frames)); },
    nullptr,
    [](LV2_Handle handle) { delete static_cast<Plugin*>(handle); },
    extension_data};

}  // namespace
}  // namespace mgan_lv2

LV2_SYMBOL_EXPORT const LV2_Descriptor* lv2_descriptor(std::uint32_t index) {
    return index == 0 ? &mgan_lv2::kDescriptor : nullptr;
}
