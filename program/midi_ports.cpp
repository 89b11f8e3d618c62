/// \file
/// MIDI ports, by RtMidi where the build found it.

#include "midi_ports.hpp"

#include <mgan/core/error.hpp>
#include <mgan/core/quote.hpp>

#include <cstdio>
#include <utility>

#if MGAN_PROGRAM_HAS_RTMIDI
#include <RtMidi.h>

#if __has_include(<unistd.h>)
#include <fcntl.h>
#include <unistd.h>
#endif
#endif

namespace mgan::program {

#if MGAN_PROGRAM_HAS_RTMIDI

namespace {

/// Libraries of sound systems that are absent write to standard error of themselves; while this
/// lives, nothing is heard of it. The reason is in our own message.
class Hush {
public:
#if __has_include(<unistd.h>)
    Hush() : saved_(::dup(2)) {
        std::fflush(stderr);
        const int nowhere = ::open("/dev/null", O_WRONLY);
        if (nowhere >= 0) {
            ::dup2(nowhere, 2);
            ::close(nowhere);
        }
    }
    ~Hush() {
        if (saved_ < 0) return;
        std::fflush(stderr);
        ::dup2(saved_, 2);
        ::close(saved_);
    }
#else
    Hush() = default;
#endif
    Hush(const Hush&) = delete;
    Hush& operator=(const Hush&) = delete;

private:
#if __has_include(<unistd.h>)
    int saved_ = -1;
#endif
};

/// RtMidi reports some failures by calling back, others by an exception.
void keep_error(RtMidiError::Type, const std::string& text, void* where) {
    *static_cast<std::string*>(where) = text;
}

std::string list(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += concat(text.empty() ? "" : ", ", in_quotes(name));
    return text.empty() ? "none" : text;
}

/// The ports of one system (API) of RtMidi.
template <typename Midi>
std::vector<std::string> names_of(Midi& midi) {
    std::vector<std::string> names;
    for (unsigned i = 0; i < midi.getPortCount(); ++i) names.push_back(midi.getPortName(i));
    return names;
}

/// Opens a port by name, or one of our own, in the first system that has it.
template <typename Midi, typename Make>
std::pair<std::unique_ptr<Midi>, std::string> open(const std::string& name, const char* what,
                                                   Make&& make) {
    std::vector<RtMidi::Api> systems;
    RtMidi::getCompiledApi(systems);
    std::string reasons;
    std::vector<std::string> all;
    bool found = false;
    const Hush hush;
    for (const RtMidi::Api system : systems) {
        if (system == RtMidi::RTMIDI_DUMMY) continue;
        const std::string display = RtMidi::getApiDisplayName(system);
        std::string error;  // outlives the port, which may write to it
        try {
            std::unique_ptr<Midi> midi = make(system);
            midi->setErrorCallback(&keep_error, &error);
            std::string port = "mgan";
            if (name.empty()) {
                midi->openVirtualPort(port);
            } else {
                unsigned chosen = 0;
                const std::vector<std::string> names = names_of(*midi);
                while (chosen < names.size() && names[chosen].find(name) == std::string::npos)
                    ++chosen;
                all.insert(all.end(), names.begin(), names.end());
                if (chosen == names.size()) continue;
                found = true;
                midi->openPort(chosen, port);
                port = names[chosen];
            }
            if (error.empty()) {
                midi->setErrorCallback(nullptr, nullptr);
                return {std::move(midi), display + " port " + port};
            }
        } catch (const RtMidiError& failure) {
            error = failure.getMessage();
        }
        reasons += concat(reasons.empty() ? "" : "; ", display, ": ", error);
    }
    if (found)
        fail<ConfigError>("the MIDI ", what, " port ", in_quotes(name), " cannot be opened (",
                          reasons, ")");
    if (!name.empty())
        fail<ConfigError>("no MIDI ", what, " port has ", in_quotes(name), " in its name; there ",
                          "are: ", list(all));
    fail<ConfigError>("no MIDI system takes a port of ours (", reasons.empty() ? "none" : reasons,
                      "); start JACK or load ALSA's sequencer (modprobe snd-seq)");
}

}  // namespace

std::string midi_ports_missing() {
    return "";
}

MidiPortNames midi_port_names() {
    std::vector<RtMidi::Api> systems;
    RtMidi::getCompiledApi(systems);
    MidiPortNames names;
    const Hush hush;
    for (const RtMidi::Api system : systems) {
        try {
            RtMidiOut out(system, "mgan");
            RtMidiIn in(system, "mgan");
            for (std::string& name : names_of(out)) names.outputs.push_back(std::move(name));
            for (std::string& name : names_of(in)) names.inputs.push_back(std::move(name));
        } catch (const RtMidiError&) {
            continue;  // a system that does not run has no ports
        }
    }
    return names;
}

struct MidiOutput::Port {
    std::unique_ptr<RtMidiOut> midi;
};

MidiOutput::MidiOutput(const std::string& name) : port_(std::make_unique<Port>()) {
    std::tie(port_->midi, where_) = open<RtMidiOut>(name, "output", [](RtMidi::Api system) {
        return std::make_unique<RtMidiOut>(system, "mgan");
    });
}

void MidiOutput::send(std::span<const unsigned char> message) {
    port_->midi->sendMessage(message.data(), message.size());
}

struct MidiInput::Port {
    std::unique_ptr<RtMidiIn> midi;
    std::vector<unsigned char> message;
};

MidiInput::MidiInput(const std::string& name) : port_(std::make_unique<Port>()) {
    std::tie(port_->midi, where_) = open<RtMidiIn>(name, "input", [](RtMidi::Api system) {
        return std::make_unique<RtMidiIn>(system, "mgan", 1024);
    });
}

std::span<const unsigned char> MidiInput::next() {
    port_->midi->getMessage(&port_->message);
    return port_->message;
}

#else

std::string midi_ports_missing() {
    return "this mgan was built without RtMidi (Debian: librtmidi-dev), so it has no MIDI ports";
}

MidiPortNames midi_port_names() {
    return {};
}

struct MidiOutput::Port {};
MidiOutput::MidiOutput(const std::string&) {
    throw ConfigError(midi_ports_missing());
}
void MidiOutput::send(std::span<const unsigned char>) {}

struct MidiInput::Port {};
MidiInput::MidiInput(const std::string&) {
    throw ConfigError(midi_ports_missing());
}
std::span<const unsigned char> MidiInput::next() {
    return {};
}

#endif

MidiOutput::~MidiOutput() = default;
MidiOutput::MidiOutput(MidiOutput&&) noexcept = default;
MidiOutput& MidiOutput::operator=(MidiOutput&&) noexcept = default;
MidiInput::~MidiInput() = default;
MidiInput::MidiInput(MidiInput&&) noexcept = default;
MidiInput& MidiInput::operator=(MidiInput&&) noexcept = default;

}  // namespace mgan::program
