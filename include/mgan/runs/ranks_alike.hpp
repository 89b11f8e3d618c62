#pragma once
/// \file
/// Do all ranks train the same model? Before the first step, and after every epoch.
///
///     before the songs are read    program, settings          build_facts, setting_facts
///     before the first step        songs, split, all that was computed from them, every weight
///     after every epoch            every weight
///
/// All ranks compute all steps of the optimisers, each for itself. On processors that round in
/// different ways they would drift apart unseen, and the model would be that of nobody.

#include <mgan/core/checksum.hpp>
#include <mgan/dataset/fingerprint.hpp>
#include <mgan/distributed/agreement.hpp>
#include <mgan/runs/checkpoint.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Every setting.
[[nodiscard]] inline std::vector<Fact> setting_facts(const Settings& settings) {
    Settings copy = settings;  // `list_settings` wants an object that it may change
    std::vector<Fact> facts;
    for (const Setting& setting : list_settings(copy)) {
        std::string text;
        append_json_scalar(text, std::visit([](auto&& x) { return JsonScalar(x); }, setting.get()));
        facts.push_back({setting.key, text});
    }
    return facts;
}

/// The songs.
[[nodiscard]] inline std::vector<Fact> data_facts(const DataSet& data) {
    return {{"the number of songs", std::to_string(data.size())},
            {"the number of skipped files", std::to_string(data.skipped.size())},
            {"the fingerprint of the songs", fingerprint_text(fingerprint(data))}};
}

namespace ranks_alike_detail {

template <typename Model>
[[nodiscard]] std::string checksum_of(const Model& model) {
    Checksum sum;
    for_each_parameter(model, [&](const ParameterName&, const auto& parameter) {
        sum.add(
            std::as_bytes(std::span(parameter.data(), static_cast<std::size_t>(parameter.size()))));
    });
    return sum.text();
}

}  // namespace ranks_alike_detail

/// The nets, as checksums.
template <typename AnyTrainer>
[[nodiscard]] std::vector<Fact> net_facts(const AnyTrainer& trainer) {
    std::vector<Fact> facts;
    checkpoint_detail::for_each_net(trainer.nets(), [&](std::string_view prefix, const auto& net) {
        facts.push_back({concat("epoch ", trainer.state().epoch, ": the checksum of the weights ",
                                prefix.substr(0, prefix.size() - 1)),
                         ranks_alike_detail::checksum_of(net)});
    });
    return facts;
}

/// Collective, before the first step: which songs are for what, what was computed from them, and
/// the nets. Throws ConfigError or RankError that names what differs.
template <typename AnyTrainer>
void require_same_start(const AnyTrainer& trainer) {
    if (trainer.ranks().size() == 1) return;
    std::vector<Fact> facts;
    for (const Part part : {Part::train, Part::validation, Part::test}) {
        Checksum sum;
        for (const std::size_t song : trainer.part(part)) sum.add(std::uint64_t{song});
        facts.push_back({concat("the checksum of the list of songs for ", name(part)), sum.text()});
    }
    TensorFile file("facts");
    checkpoint_detail::store_computed(file, trainer);
    const std::vector<std::byte> bytes = safetensors::serialize(file);
    Checksum sum;
    sum.add(std::span(bytes));
    facts.push_back({"the checksum of what was computed from the songs", sum.text()});
    for (Fact& fact : net_facts(trainer)) facts.push_back(std::move(fact));
    require_alike(trainer.ranks(), facts);
}

/// Collective: throws where ranks have drifted apart.
template <typename AnyTrainer>
void require_same_nets(const AnyTrainer& trainer) {
    if (trainer.ranks().size() > 1) require_alike(trainer.ranks(), net_facts(trainer));
}

/// Collective: brings the trainers of all ranks to where that of rank 0 is. `fingerprint`: of the
/// songs. Throws what `restore_checkpoint` throws.
template <typename AnyTrainer>
void share_state(AnyTrainer& trainer, std::uint64_t fingerprint) {
    Communicator& ranks = trainer.ranks();
    if (ranks.size() == 1) return;
    std::vector<std::byte> bytes;
    if (ranks.writes()) bytes = safetensors::serialize(make_checkpoint(trainer, fingerprint));
    std::uint64_t size = bytes.size();
    ranks.broadcast(bytes_of(std::span(&size, 1)), 0);
    bytes.resize(static_cast<std::size_t>(size));
    ranks.broadcast(std::span(bytes), 0);
    if (!ranks.writes())
        restore_checkpoint(safetensors::parse(std::move(bytes), "the checkpoint of rank 0"),
                           trainer, fingerprint);
}

}  // namespace mgan::inline MGAN_ABI
