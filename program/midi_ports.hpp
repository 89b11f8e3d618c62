#pragma once
/// \file
/// MIDI ports of the system: ALSA, JACK, CoreMIDI or Windows, through RtMidi.

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mgan::program {

/// Why this program has no MIDI ports, or "" if it has.
[[nodiscard]] std::string midi_ports_missing();

/// The names of the ports that one can play to, and listen to.
struct MidiPortNames {
    std::vector<std::string> outputs, inputs;
};
[[nodiscard]] MidiPortNames midi_port_names();

/// A port to play to.
class MidiOutput {
public:
    /// The first port whose name contains `name`; with "", a port of our own, "mgan", to which
    /// others connect. Throws ConfigError, with the names that there are.
    explicit MidiOutput(const std::string& name);
    ~MidiOutput();
    MidiOutput(MidiOutput&&) noexcept;
    MidiOutput& operator=(MidiOutput&&) noexcept;

    void send(std::span<const unsigned char> message);
    /// "ALSA port mgan".
    [[nodiscard]] const std::string& where() const noexcept { return where_; }

private:
    struct Port;
    std::unique_ptr<Port> port_;
    std::string where_;
};

/// A port to listen to. What comes waits until it is asked for.
class MidiInput {
public:
    /// As for MidiOutput.
    explicit MidiInput(const std::string& name);
    ~MidiInput();
    MidiInput(MidiInput&&) noexcept;
    MidiInput& operator=(MidiInput&&) noexcept;

    /// The next message that came, or nothing.
    [[nodiscard]] std::span<const unsigned char> next();
    [[nodiscard]] const std::string& where() const noexcept { return where_; }

private:
    struct Port;
    std::unique_ptr<Port> port_;
    std::string where_;
};

}  // namespace mgan::program
