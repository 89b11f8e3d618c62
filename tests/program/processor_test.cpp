// A package has the program for several classes of processors.

#include "mgan.hpp"

#include <processor.hpp>
#include <support/catch.hpp>

using Catch::Matchers::Contains;
using mgan::ProcessorClass;
using program::Workshop;

namespace {

// What a user starts is for sse2; the others lie in `others`.
constexpr ProcessorClass kOld[] = {{"avx512", false}, {"avx2", false}, {"sse2", true}};
constexpr ProcessorClass kLaptop[] = {{"avx512", false}, {"avx2", true}, {"sse2", true}};
constexpr ProcessorClass kServer[] = {{"avx512", true}, {"avx2", true}, {"sse2", true}};

std::string goes_on_as(std::span<const ProcessorClass> classes, const Workshop& shop,
                       std::string_view asked = "", std::string_view own = "sse2") {
    return mgan::program::program_to_go_on_as(classes, shop / "others", asked, own)
        .filename()
        .string();
}

void write_script(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n" << text << '\n';
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

}  // namespace

TEST_CASE("Of a package, the fastest program runs that this processor can") {
    const Workshop shop;
    CHECK(goes_on_as(kServer, shop).empty());  // nothing is installed beside it
    write_script(shop / "others/mgan-avx2", "");
    CHECK(goes_on_as(kOld, shop).empty());
    CHECK(goes_on_as(kLaptop, shop) == "mgan-avx2");
    CHECK(goes_on_as(kServer, shop) == "mgan-avx2");
    write_script(shop / "others/mgan-avx512", "");
    CHECK(goes_on_as(kOld, shop).empty());
    CHECK(goes_on_as(kLaptop, shop) == "mgan-avx2");
    CHECK(goes_on_as(kServer, shop) == "mgan-avx512");
    // Those that were gone on as stay what they are.
    CHECK(goes_on_as(kServer, shop, "", "avx512").empty());
    CHECK(goes_on_as(kLaptop, shop, "", "avx2").empty());
    CHECK(goes_on_as({}, shop, "", "neon").empty());
}

TEST_CASE("Of a package, the program runs that MGAN_KERNELS asks for, or none") {
    const Workshop shop;
    write_script(shop / "others/mgan-avx2", "");
    write_script(shop / "others/mgan-avx512", "");
    CHECK(goes_on_as(kServer, shop, "avx2") == "mgan-avx2");
    CHECK(goes_on_as(kServer, shop, "sse2").empty());
    CHECK(goes_on_as(kServer, shop, "avx2", "avx2").empty());
    const auto refusal = [&](std::span<const ProcessorClass> classes, std::string_view asked) {
        try {
            return "goes on as " + goes_on_as(classes, shop, asked);
        } catch (const mgan::ConfigError& error) {
            return std::string(error.what());
        }
    };
    CHECK_THAT(refusal(kLaptop, "avx512"), Contains("'avx512'") && Contains("is sse2, avx2"));
    CHECK_THAT(refusal(kServer, "avx10"), Contains("is sse2, avx512, avx2"));
    CHECK_THAT(refusal({}, "avx2"), Contains("can run is sse2"));
}

TEST_CASE("mgan says what MGAN_KERNELS may be") {
    const Workshop shop;
    const process::Result result = process::run(
        {"/usr/bin/env", "MGAN_KERNELS=nonsense", MGAN_PROGRAM, "--version"}, shop.path());
    CHECK(result.status == 1);
    CHECK(program::lines(result.error) == 1);
    CHECK_THAT(result.error, Contains("'nonsense'") && Contains(mgan::kSimdName));
}

#ifdef MGAN_TEST_FRONT
TEST_CASE("The first program of a package goes on as another one, with its arguments") {
    const Workshop shop;
    const std::filesystem::path front = shop / "bin/mgan";
    std::filesystem::create_directories(front.parent_path());
    std::filesystem::copy_file(MGAN_TEST_FRONT, front);
    const auto said = [&](const std::string& asked) {
        return process::run({"/usr/bin/env", asked, front.string(), "generate", "two words"},
                            shop.path())
            .out;
    };
    CHECK(said("X=") == "sse2\n");  // alone
    std::string best = "sse2\n";
    for (const char* name : {"avx2", "avx512"}) {
        write_script(shop / (std::string("libexec/mgan/mgan-") + name),
                     std::string("echo ") + name + " $# \"$2\" $OMP_WAIT_POLICY");
        for (const ProcessorClass& one : mgan::processor_classes())
            if (one.name == name && one.here) best = std::string(name) + " 2 two words passive\n";
        CHECK(said("OMP_WAIT_POLICY=passive") == best);
    }
    CHECK(said("MGAN_KERNELS=sse2") == "sse2\n");
    CHECK_THAT(said("MGAN_KERNELS=nonsense"), Contains("'nonsense'"));
    // What cannot be started is no reason not to work.
    for (const char* name : {"avx2", "avx512"})
        std::filesystem::permissions(shop / (std::string("libexec/mgan/mgan-") + name),
                                     std::filesystem::perms::owner_read);
    CHECK(said("X=") == "sse2\n");
}
#endif
