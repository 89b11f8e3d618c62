/// \file
/// `mgan convert`: a model written again, in full or with half the bytes.

#include "data.hpp"
#include "interrupt.hpp"
#include "program.hpp"

#include <mgan/generation/model_file.hpp>

#include <CLI/CLI.hpp>

#include <iostream>

namespace mgan::program {

namespace {

struct ConvertOptions {
    std::string model;
    std::string out;
    bool half = false, no_openings = false;
};

int convert(const ConvertOptions& options) {
    const std::filesystem::path out(options.out);
    if (out.extension() != ".safetensors")
        throw UsageError("OUT is " + printable(options.out) +
                         "; the name of a model file ends in .safetensors");
    Model model = load_model(options.model);
    if (options.no_openings && model.steps) model.steps->openings.clear();
    // What is there already may be a checkpoint, which no model replaces.
    if (is_there(out)) (void)read_settings(read_safetensors(out), "model");
    remove_drafts(out.parent_path(), temporary_stem(out));
    const DraftGuard guard(temporary_path(out));
    save_model(out, model, options.half ? WeightFormat::half : WeightFormat::full);
    std::cout << printable(options.out) << ": " << grouped(std::filesystem::file_size(out))
              << " bytes, weights " << (options.half ? "BF16" : "F32")
              << (model.half_weights && !options.half
                      ? ", with the values that they had in 16 bits: what was rounded stays so"
                      : "")
              << '\n';
    return kDone;
}

}  // namespace

Run add_convert(CLI::App& app) {
    app.description("Writes a model again, with --half in half the bytes.");
    auto options = std::make_shared<ConvertOptions>();
    app.add_option("MODEL", options->model, "a run's folder, or a .safetensors file")
        ->type_name("")
        ->required();
    app.add_option("OUT", options->out, "the file to write; its name ends in .safetensors")
        ->type_name("")
        ->required();
    app.add_flag("--half", options->half, "weights as BF16: 16 bits, rounded to the nearest");
    app.add_flag("--no-openings", options->no_openings,
                 "leave out the first notes of training pieces (generate --opening)");
    app.footer(
        "A model with half the bytes is taken wherever a model is. Its songs are others, because\n"
        "its weights have three digits. A training goes on from its checkpoint alone, which is\n"
        "never halved.\n\n"
        "Examples:\n"
        "  mgan convert run small.safetensors --half\n"
        "  mgan generate small.safetensors --count 20\n"
        "  mgan convert old.safetensors new.safetensors     a model of an earlier version");
    return [options] { return convert(*options); };
}

}  // namespace mgan::program
