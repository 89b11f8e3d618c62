#pragma once
/// \file
/// A small LV2 host for tests: loads the plug-in through the C API, gives it events and time, works
/// for it on a thread of its own, keeps its state, and counts what its audio thread must not do.

#include "ports.hpp"

#include <dlfcn.h>
#include <lv2/atom/atom.h>
#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <lv2/core/lv2.h>
#include <lv2/log/log.h>
#include <lv2/midi/midi.h>
#include <lv2/patch/patch.h>
#include <lv2/state/state.h>
#include <lv2/time/time.h>
#include <lv2/urid/urid.h>
#include <lv2/worker/worker.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace mgan_lv2_test {

using namespace mgan_lv2;

/// What was called between `true` and `false` of `watched`, on this thread (host_test.cpp).
struct Calls {
    long allocations = 0, frees = 0, locks = 0;
};
extern thread_local Calls calls;
extern thread_local bool watched;

/// Not the plug-in's own doing.
class Unwatched {
public:
    Unwatched() : before_(watched) { watched = false; }
    ~Unwatched() { watched = before_; }

private:
    bool before_;
};

/// A note-on or note-off, with its frame since the host began.
struct Heard {
    std::int64_t frame;
    bool on;
    int pitch, velocity, channel;
    friend bool operator==(const Heard&, const Heard&) = default;
};

/// What a session keeps of a plug-in.
struct State {
    struct Property {
        std::vector<char> bytes;
        std::uint32_t type, flags;
    };
    std::map<std::uint32_t, Property> properties;
};

/// Names and their numbers, for all hosts of the process.
class Names {
public:
    static std::uint32_t of(const char* name) {
        static std::mutex mutex;
        static std::map<std::string, std::uint32_t> numbers;
        const std::scoped_lock lock(mutex);
        return numbers.emplace(name, static_cast<std::uint32_t>(numbers.size()) + 1).first->second;
    }
};

class Host {
public:
    /// `capacity`: bytes of the port of events that come out.
    explicit Host(double rate = 48000.0, std::size_t capacity = 32768) : out_(capacity / 8) {
        library_ = dlopen(MGAN_LV2_BUNDLE "/mgan.so", RTLD_NOW | RTLD_LOCAL);
        if (library_ == nullptr) throw std::runtime_error(dlerror());
        const auto describe =
            reinterpret_cast<LV2_Descriptor_Function>(dlsym(library_, "lv2_descriptor"));
        descriptor_ = describe(0);
        const std::array<const LV2_Feature*, 4> features = {&map_, &schedule_, &log_, nullptr};
        instance_ =
            descriptor_->instantiate(descriptor_, rate, MGAN_LV2_BUNDLE "/", features.data());
        if (instance_ == nullptr) throw std::runtime_error("the plug-in does not start");
        worker_ = static_cast<const LV2_Worker_Interface*>(
            descriptor_->extension_data(LV2_WORKER__interface));
        state_ = static_cast<const LV2_State_Interface*>(
            descriptor_->extension_data(LV2_STATE__interface));
        lv2_atom_forge_init(&forge_, &urid_map_);
        values = initial_values();
        descriptor_->connect_port(instance_, kEventsIn, in_.data());
        descriptor_->connect_port(instance_, kEventsOut, out_.data());
        for (const PortInfo& port : kPorts)
            descriptor_->connect_port(instance_, static_cast<std::uint32_t>(index_of(port.control)),
                                      &values[port.control]);
        descriptor_->activate(instance_);
        thread_ = std::thread([this] { work(); });
        clear_input();
    }
    ~Host() {
        {
            const std::scoped_lock lock(mutex_);
            ends_ = true;
        }
        wakes_.notify_all();
        thread_.join();
        if (descriptor_->deactivate != nullptr) descriptor_->deactivate(instance_);
        descriptor_->cleanup(instance_);
        dlclose(library_);
    }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    Values values;
    std::vector<Heard> heard;
    std::int64_t frame = 0;            ///< since the host began
    std::string told_model;            ///< what the plug-in said last
    int told = 0, errors = 0;          ///< how often; messages of errors
    std::vector<double> microseconds;  ///< of the processor, for each `run`

    // ---- events for the next block, in order of frames ------------------------------------------

    struct Position {
        std::optional<float> speed{}, tempo{}, bar_beat{}, beats_per_bar{};
        std::optional<std::int64_t> bar{}, frame{};
        std::optional<int> beat_unit{};
        std::optional<double> beat{};
    };
    void say(const Position& position, int at = 0) {
        lv2_atom_forge_frame_time(&forge_, at);
        lv2_atom_forge_object(&forge_, &object_, 0, Names::of(LV2_TIME__Position));
        const auto key = [&](const char* name) { lv2_atom_forge_key(&forge_, Names::of(name)); };
        if (position.speed) key(LV2_TIME__speed), lv2_atom_forge_float(&forge_, *position.speed);
        if (position.tempo)
            key(LV2_TIME__beatsPerMinute), lv2_atom_forge_float(&forge_, *position.tempo);
        if (position.bar_beat)
            key(LV2_TIME__barBeat), lv2_atom_forge_float(&forge_, *position.bar_beat);
        if (position.beats_per_bar)
            key(LV2_TIME__beatsPerBar), lv2_atom_forge_float(&forge_, *position.beats_per_bar);
        if (position.bar) key(LV2_TIME__bar), lv2_atom_forge_long(&forge_, *position.bar);
        if (position.frame) key(LV2_TIME__frame), lv2_atom_forge_long(&forge_, *position.frame);
        if (position.beat_unit)
            key(LV2_TIME__beatUnit), lv2_atom_forge_int(&forge_, *position.beat_unit);
        if (position.beat) key(LV2_TIME__beat), lv2_atom_forge_double(&forge_, *position.beat);
        lv2_atom_forge_pop(&forge_, &object_);
    }
    void say_midi(int at, std::array<std::uint8_t, 3> bytes) {
        lv2_atom_forge_frame_time(&forge_, at);
        lv2_atom_forge_atom(&forge_, 3, Names::of(LV2_MIDI__MidiEvent));
        lv2_atom_forge_write(&forge_, bytes.data(), 3);
    }
    void choose_model(const std::string& path, int at = 0) {
        lv2_atom_forge_frame_time(&forge_, at);
        lv2_atom_forge_object(&forge_, &object_, 0, Names::of(LV2_PATCH__Set));
        lv2_atom_forge_key(&forge_, Names::of(LV2_PATCH__property));
        lv2_atom_forge_urid(&forge_, Names::of(kModelUri));
        lv2_atom_forge_key(&forge_, Names::of(LV2_PATCH__value));
        lv2_atom_forge_path(&forge_, path.c_str(), static_cast<std::uint32_t>(path.size()));
        lv2_atom_forge_pop(&forge_, &object_);
    }
    void ask_for_model() {
        lv2_atom_forge_frame_time(&forge_, 0);
        lv2_atom_forge_object(&forge_, &object_, 0, Names::of(LV2_PATCH__Get));
        lv2_atom_forge_pop(&forge_, &object_);
    }

    // ---- the audio thread -----------------------------------------------------------------------

    void run(int frames) {
        lv2_atom_forge_pop(&forge_, &sequence_);
        auto* out = reinterpret_cast<LV2_Atom_Sequence*>(out_.data());
        out->atom = {static_cast<std::uint32_t>(8 * out_.size() - sizeof(LV2_Atom)), 0};
        const double begin = processor_time();
        watched = true;
        descriptor_->run(instance_, static_cast<std::uint32_t>(frames));
        answer();
        watched = false;
        microseconds.push_back(processor_time() - begin);
        LV2_ATOM_SEQUENCE_FOREACH(out, event) read(*event);
        frame += frames;
        clear_input();
    }

    /// Waits until the worker has nothing to do; its answers come with the next `run`.
    void wait_for_worker() {
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [this] { return jobs_.empty() && !works_; });
    }
    /// Chooses a model and runs until it is there (or refused).
    void load(const std::string& path) {
        const int before = told;
        choose_model(path);
        run(64);
        wait_for_worker();
        run(64);  // the answer comes after this block
        run(64);  // and is told in the next one
        if (told == before) throw std::runtime_error("no word about " + path);
    }
    void roll(float tempo = 120.0F, double beat = 0.0) {
        say({.speed = 1.0F, .tempo = tempo, .beat_unit = 4, .beat = beat});
    }
    void halt() { say({.speed = 0.0F}); }

    [[nodiscard]] std::vector<Heard> onsets() const {
        std::vector<Heard> found;
        for (const Heard& event : heard)
            if (event.on) found.push_back(event);
        return found;
    }

    // ---- the session ----------------------------------------------------------------------------

    /// Paths become "abstract:PATH" and back, so that a plug-in that forgets to map is seen.
    [[nodiscard]] State save() {
        State state;
        const std::array<const LV2_Feature*, 3> features = {&map_path_, &free_path_, nullptr};
        const auto store = [](void* to, std::uint32_t key, const void* value, std::size_t size,
                              std::uint32_t type, std::uint32_t flags) {
            const auto* bytes = static_cast<const char*>(value);
            static_cast<State*>(to)->properties[key] = {{bytes, bytes + size}, type, flags};
            return LV2_STATE_SUCCESS;
        };
        if (state_->save(instance_, store, &state, 0, features.data()) != LV2_STATE_SUCCESS)
            throw std::runtime_error("the plug-in does not save its state");
        return state;
    }
    [[nodiscard]] bool restore(const State& state) {
        const std::array<const LV2_Feature*, 3> features = {&map_path_, &free_path_, nullptr};
        const auto retrieve = [](void* from, std::uint32_t key, std::size_t* size,
                                 std::uint32_t* type, std::uint32_t* flags) -> const void* {
            const auto& properties = static_cast<const State*>(from)->properties;
            const auto found = properties.find(key);
            if (found == properties.end()) return nullptr;
            *size = found->second.bytes.size();
            *type = found->second.type;
            *flags = found->second.flags;
            return found->second.bytes.data();
        };
        return state_->restore(instance_, retrieve, const_cast<State*>(&state), 0,
                               features.data()) == LV2_STATE_SUCCESS;
    }

private:
    void clear_input() {
        lv2_atom_forge_set_buffer(&forge_, reinterpret_cast<std::uint8_t*>(in_.data()),
                                  8 * in_.size());
        lv2_atom_forge_sequence_head(&forge_, &sequence_, 0);
    }

    void read(const LV2_Atom_Event& event) {
        if (event.body.type == Names::of(LV2_MIDI__MidiEvent)) {
            const auto* bytes = static_cast<const std::uint8_t*>(LV2_ATOM_BODY_CONST(&event.body));
            heard.push_back({frame + event.time.frames, (bytes[0] & 0xF0) == 0x90, bytes[1],
                             bytes[2], bytes[0] & 0x0F});
            return;
        }
        const auto& object = reinterpret_cast<const LV2_Atom_Object&>(event.body);
        const LV2_Atom* value = nullptr;
        lv2_atom_object_get(&object, Names::of(LV2_PATCH__value), &value, 0);
        if (value == nullptr || object.body.otype != Names::of(LV2_PATCH__Set)) return;
        told_model = static_cast<const char*>(LV2_ATOM_BODY_CONST(value));
        ++told;
    }

    // ---- the worker -----------------------------------------------------------------------------

    void work() {
        for (;;) {
            std::vector<char> job;
            {
                std::unique_lock lock(mutex_);
                wakes_.wait(lock, [this] { return ends_ || !jobs_.empty(); });
                if (ends_) return;
                job = std::move(jobs_.front());
                jobs_.pop_front();
                works_ = true;
            }
            worker_->work(
                instance_,
                [](void* to, std::uint32_t size, const void* data) {
                    auto& host = *static_cast<Host*>(to);
                    const auto* bytes = static_cast<const char*>(data);
                    const std::scoped_lock lock(host.mutex_);
                    host.answers_.emplace_back(bytes, bytes + size);
                    return LV2_WORKER_SUCCESS;
                },
                this, static_cast<std::uint32_t>(job.size()), job.data());
            const std::scoped_lock lock(mutex_);
            works_ = false;
            idle_.notify_all();
        }
    }
    void answer() {
        for (;;) {
            std::vector<char> one;
            {
                const Unwatched unwatched;
                const std::scoped_lock lock(mutex_);
                if (answers_.empty()) return;
                one = std::move(answers_.front());
                answers_.pop_front();
            }
            worker_->work_response(instance_, static_cast<std::uint32_t>(one.size()), one.data());
            const Unwatched unwatched;
            std::vector<char>().swap(one);
        }
    }

    /// Of this thread, so that a busy machine does not count.
    [[nodiscard]] static double processor_time() {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return 1e6 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_nsec);
    }

    static int log(void* to, std::uint32_t, const char*, ...) {
        return ++static_cast<Host*>(to)->errors;
    }
    static int log_list(void* to, std::uint32_t, const char*, std::va_list) {
        return ++static_cast<Host*>(to)->errors;
    }

    void* library_ = nullptr;
    const LV2_Descriptor* descriptor_ = nullptr;
    LV2_Handle instance_ = nullptr;
    const LV2_Worker_Interface* worker_ = nullptr;
    const LV2_State_Interface* state_ = nullptr;

    LV2_URID_Map urid_map_{nullptr, [](void*, const char* name) { return Names::of(name); }};
    LV2_Worker_Schedule scheduling_{this, [](void* to, std::uint32_t size, const void* data) {
                                        const Unwatched unwatched;
                                        auto& host = *static_cast<Host*>(to);
                                        const auto* bytes = static_cast<const char*>(data);
                                        {
                                            const std::scoped_lock lock(host.mutex_);
                                            host.jobs_.emplace_back(bytes, bytes + size);
                                        }
                                        host.wakes_.notify_one();
                                        return LV2_WORKER_SUCCESS;
                                    }};
    LV2_Log_Log logging_{this, log, log_list};
    LV2_State_Map_Path mapping_{
        nullptr,
        [](void*, const char* path) { return strdup((std::string("abstract:") + path).c_str()); },
        [](void*, const char* path) {
            const bool is_abstract = std::strncmp(path, "abstract:", 9) == 0;
            return strdup(is_abstract ? path + 9 : "not an abstract path");
        }};
    LV2_State_Free_Path freeing_{nullptr, [](void*, char* path) { std::free(path); }};
    LV2_Feature map_{LV2_URID__map, &urid_map_}, schedule_{LV2_WORKER__schedule, &scheduling_},
        log_{LV2_LOG__log, &logging_}, map_path_{LV2_STATE__mapPath, &mapping_},
        free_path_{LV2_STATE__freePath, &freeing_};

    LV2_Atom_Forge forge_{};
    LV2_Atom_Forge_Frame sequence_{}, object_{};
    std::vector<std::uint64_t> in_ = std::vector<std::uint64_t>(1024), out_;

    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable wakes_, idle_;
    std::deque<std::vector<char>> jobs_, answers_;
    bool ends_ = false, works_ = false;
};

}  // namespace mgan_lv2_test
