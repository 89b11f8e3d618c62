/// \file
/// Writes what hosts read before they load the plug-in: manifest.ttl, mgan.ttl and presets.ttl,
/// from the table of ports.hpp.
///
///     describe FOLDER NAME-OF-THE-LIBRARY VERSION

#include "ports.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

namespace {

using namespace mgan_lv2;

constexpr const char* kPrefixes =
    "@prefix atom: <http://lv2plug.in/ns/ext/atom#> .\n"
    "@prefix doap: <http://usefulinc.com/ns/doap#> .\n"
    "@prefix log: <http://lv2plug.in/ns/ext/log#> .\n"
    "@prefix lv2: <http://lv2plug.in/ns/lv2core#> .\n"
    "@prefix midi: <http://lv2plug.in/ns/ext/midi#> .\n"
    "@prefix patch: <http://lv2plug.in/ns/ext/patch#> .\n"
    "@prefix pg: <http://lv2plug.in/ns/ext/port-groups#> .\n"
    "@prefix pprops: <http://lv2plug.in/ns/ext/port-props#> .\n"
    "@prefix pset: <http://lv2plug.in/ns/ext/presets#> .\n"
    "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n"
    "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    "@prefix rsz: <http://lv2plug.in/ns/ext/resize-port#> .\n"
    "@prefix state: <http://lv2plug.in/ns/ext/state#> .\n"
    "@prefix time: <http://lv2plug.in/ns/ext/time#> .\n"
    "@prefix units: <http://lv2plug.in/ns/extensions/units#> .\n"
    "@prefix urid: <http://lv2plug.in/ns/ext/urid#> .\n"
    "@prefix work: <http://lv2plug.in/ns/ext/worker#> .\n\n";

struct GroupInfo {
    Group group;
    const char* symbol;
    const char* name;
};
constexpr std::array<GroupInfo, 5> kGroups = {{
    {Group::playing, "playing", "Playing"},
    {Group::notes, "notes", "Notes"},
    {Group::boldness, "boldness", "Boldness"},
    {Group::style, "style", "Style"},
    {Group::noise, "noise", "Noise"},
}};

std::string uri(std::string_view fragment) {
    return "<" + std::string(kUri) + "#" + std::string(fragment) + ">";
}

std::string preset_uri(std::size_t i) {
    return uri("preset" + std::to_string(i + 1));
}

std::ofstream open(const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    file << kPrefixes;
    return file;
}

void write_manifest(std::ofstream file, std::string_view library) {
    file << "<" << kUri << ">\n    a lv2:Plugin ;\n    lv2:binary <" << library
         << "> ;\n    rdfs:seeAlso <mgan.ttl> .\n";
    for (std::size_t i = 0; i < kPresets.size(); ++i)
        file << "\n"
             << preset_uri(i) << "\n    a pset:Preset ;\n    lv2:appliesTo <" << kUri
             << "> ;\n    rdfs:seeAlso <presets.ttl> .\n";
}

/// A decimal number, also where it is whole.
std::string decimal(float value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    return text.back() == '.' ? text + "0" : text;
}

void write_control(std::ostream& file, const PortInfo& port) {
    const GroupInfo& group = kGroups[static_cast<std::size_t>(port.group)];
    file << " , [\n        a lv2:InputPort , lv2:ControlPort ;\n        lv2:index "
         << index_of(port.control) << " ;\n        lv2:symbol \"" << port.symbol
         << "\" ;\n        lv2:name \"" << port.name << "\" ;\n        rdfs:comment \""
         << port.comment << "\" ;\n        pg:group " << uri(group.symbol)
         << " ;\n        lv2:default " << decimal(port.initial) << " ;\n        lv2:minimum "
         << decimal(port.least) << " ;\n        lv2:maximum " << decimal(port.most);
    if (port.kind == Kind::toggle) file << " ;\n        lv2:portProperty lv2:toggled";
    if (port.kind == Kind::whole) file << " ;\n        lv2:portProperty lv2:integer";
    if (port.kind == Kind::factor) file << " ;\n        lv2:portProperty pprops:logarithmic";
    if (port.control == kTempo) file << " ;\n        units:unit units:bpm";
    if (port.control == kTranspose) file << " ;\n        units:unit units:semitone12TET";
    if (port.control == kLow || port.control == kHigh)
        file << " ;\n        units:unit units:midiNote";
    if (port.control == kEnabled) file << " ;\n        lv2:designation lv2:enabled";
    if (port.kind == Kind::choice) {
        file << " ;\n        lv2:portProperty lv2:integer , lv2:enumeration";
        for (float value = port.least; value <= port.most; value += 1.0F)
            file << " ;\n        lv2:scalePoint [ rdfs:label \""
                 << choice_of(port.choices, static_cast<std::size_t>(value)) << "\" ; rdf:value "
                 << decimal(value) << " ]";
    }
    file << "\n    ]";
}

void write_plugin(std::ofstream file, std::string_view version) {
    // LV2 counts releases by minor (even) and micro versions.
    const std::size_t dot = version.find('.'), second = version.find('.', dot + 1);
    const int minor = std::atoi(std::string(version.substr(dot + 1)).c_str());
    const int micro = std::atoi(std::string(version.substr(second + 1)).c_str());
    for (const GroupInfo& group : kGroups)
        file << uri(group.symbol) << "\n    a pg:Group ;\n    lv2:symbol \"" << group.symbol
             << "\" ;\n    lv2:name \"" << group.name << "\" .\n\n";
    file
        << uri("model")
        << "\n    a lv2:Parameter ;\n    rdfs:label \"Model\" ;\n    rdfs:comment \"A trained "
           "model: "
           "the file model.safetensors of a run.\" ;\n    rdfs:range atom:Path .\n\n"
        << "<" << kUri << ">\n    a lv2:Plugin , lv2:MIDIPlugin ;\n    doap:name \"mgan\" ;\n"
        << "    doap:license <https://spdx.org/licenses/MIT> ;\n"
        << "    rdfs:comment \"A trained model plays, in time with the host, and is directed.\" ;\n"
        << "    lv2:minorVersion " << 2 * minor << " ;\n    lv2:microVersion " << micro
        << " ;\n    lv2:requiredFeature urid:map , work:schedule ;\n"
        << "    lv2:optionalFeature lv2:hardRTCapable , log:log , state:mapPath , "
           "state:freePath ;\n"
        << "    lv2:extensionData state:interface , work:interface ;\n    patch:writable "
        << uri("model") << " ;\n    lv2:port [\n        a lv2:InputPort , atom:AtomPort ;\n"
        << "        atom:bufferType atom:Sequence ;\n"
        << "        atom:supports midi:MidiEvent , time:Position , patch:Message ;\n"
        << "        lv2:designation lv2:control ;\n        lv2:index " << kEventsIn
        << " ;\n        lv2:symbol \"events_in\" ;\n        lv2:name \"Events in\"\n    ] , [\n"
        << "        a lv2:OutputPort , atom:AtomPort ;\n        atom:bufferType atom:Sequence ;\n"
        << "        atom:supports midi:MidiEvent , patch:Message ;\n"
        << "        lv2:designation lv2:control ;\n        rsz:minimumSize 32768 ;\n"
        << "        lv2:index " << kEventsOut
        << " ;\n        lv2:symbol \"events_out\" ;\n        lv2:name \"Events out\"\n    ]";
    for (const PortInfo& port : kPorts) write_control(file, port);
    file << " .\n";
}

void write_presets(std::ofstream file) {
    for (std::size_t i = 0; i < kPresets.size(); ++i) {
        Values values = initial_values();
        for (const auto& [control, value] : kPresets[i].changes)
            if (is_musical(control)) values[control] = value;
        file << preset_uri(i) << "\n    a pset:Preset ;\n    lv2:appliesTo <" << kUri
             << "> ;\n    rdfs:label \"" << kPresets[i].name << "\"";
        const char* before = " ;\n    lv2:port ";
        for (const PortInfo& port : kPorts) {
            if (!is_musical(port.control)) continue;
            file << before << "[ lv2:symbol \"" << port.symbol << "\" ; pset:value "
                 << decimal(values[port.control]) << " ]";
            before = " ,\n        ";
        }
        file << " .\n\n";
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: describe FOLDER LIBRARY VERSION\n";
        return 2;
    }
    const std::string folder = std::string(argv[1]) + "/";
    write_manifest(open(folder + "manifest.ttl"), argv[2]);
    write_plugin(open(folder + "mgan.ttl"), argv[3]);
    write_presets(open(folder + "presets.ttl"));
    return 0;
}
