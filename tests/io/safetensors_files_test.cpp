// Files of other programs, files of mgan, and damage.
#include "bytes.hpp"

#include <support/catch.hpp>

#include <array>
#include <cmath>
#include <limits>

using mgan::Conversion;
using mgan::DataError;
using mgan::DType;
using mgan::FormatError;
using mgan::ShapeError;
using mgan::TensorEntry;
using mgan::TensorFile;
using mgan::safetensors::parse;
using mgan::safetensors::serialize;
using mgan_test::Bytes;
using mgan_test::message_of;
using mgan_test::TemporaryFolder;

namespace {

const std::string kData = MGAN_SOURCE_DIR "/tests/data/";

// What tests/data/mgan.safetensors holds, see tests/oracles/make_safetensors.py.
TensorFile example() {
    TensorFile file;
    file.add("layer.weight", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6.5f});
    file.add("step", {}, std::vector<std::uint64_t>{(1ull << 53) + 1});
    file.add("optimiser", {3}, std::vector<double>{0.1, -0.0, 1e-308});
    file.add("index", {2}, std::vector<std::int64_t>{-1, 2});
    file.add("nothing", {3, 0}, std::vector<float>{});
    file.set_metadata("variant", "c-rnn-gan");
    file.set_metadata("note", "tab\there, caf\xc3\xa9");
    return file;
}

bool contains(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("safetensors: equal tensors give the bytes of the file that Python has read") {
    CHECK(serialize(example()) == mgan::read_file_bytes(kData + "mgan.safetensors"));
}

TEST_CASE("safetensors: what is written is read back, names, shapes, values and metadata") {
    const TensorFile file = parse(serialize(example()), "x.st");
    CHECK(file.has_checksums());
    CHECK(file.entries().size() == 5);
    CHECK(file.get<float>("layer.weight", {2, 3}) == std::vector<float>{1, 2, 3, 4, 5, 6.5f});
    CHECK(file.get<std::uint64_t>("step", {}).at(0) == (1ull << 53) + 1);
    const std::vector<double> optimiser = file.get<double>("optimiser", {3});
    CHECK(optimiser == std::vector<double>{0.1, 0.0, 1e-308});
    CHECK(std::signbit(optimiser[1]));
    CHECK(file.get<std::int64_t>("index", {2}) == std::vector<std::int64_t>{-1, 2});
    CHECK(file.get<float>("nothing", {3, 0}).empty());
    CHECK(file.metadata() == example().metadata());
    CHECK(file.metadata_at("variant") == "c-rnn-gan");
    CHECK_THROWS_AS(file.metadata_at("absent"), DataError);
    // A file that is read, extended and written again is like one made at once.
    TensorFile longer = file, at_once = example();
    longer.add("more", {1}, std::vector<float>{7});
    at_once.add("more", {1}, std::vector<float>{7});
    CHECK_FALSE(longer.has_checksums());
    const TensorFile a = parse(serialize(longer), "x.st"), b = parse(serialize(at_once), "x.st");
    for (const mgan::TensorEntry& entry : b.entries()) {
        CHECK(std::ranges::equal(a.bytes(a.entry(entry.name)), b.bytes(entry)));
    }
    CHECK(longer.get<float>("more", {1}) == std::vector<float>{7});
}

TEST_CASE("safetensors: every tensor that is written lies at a multiple of its numbers' size") {
    const Bytes bytes = serialize(example());
    const TensorFile file = parse(bytes, "x.st");
    std::uint64_t header = 0;
    for (unsigned i = 0; i < 8; ++i) header |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    for (const mgan::TensorEntry& entry : file.entries()) {
        CHECK((8 + header + entry.begin) % mgan::item_size(entry.dtype) == 0);
    }
}

TEST_CASE("safetensors: a file of NumPy is read") {
    const TensorFile file = mgan::read_safetensors(kData + "numpy.safetensors");
    CHECK_FALSE(file.has_checksums());
    CHECK(file.entries().size() == 6);
    CHECK(file.get<float>("float32", {2, 3}) ==
          std::vector<float>{0, 0.25f, 0.5f, 0.75f, 1, 1.25f});
    CHECK(file.get<double>("float64", {3}) == std::vector<double>{1.0 / 3, -1e300, 5e-324});
    using Limits = std::numeric_limits<std::int64_t>;
    CHECK(file.get<std::int64_t>("int64", {2, 1}) == std::vector{Limits::min(), Limits::max()});
    CHECK(file.get<std::uint64_t>("uint64", {1}) == std::vector{~std::uint64_t{0}});
    CHECK(file.get<float>("scalar", {}) == std::vector<float>{0.5f});
    CHECK(file.get<float>("empty", {0, 4}).empty());
    CHECK(file.metadata_at("made by") == "NumPy");
    CHECK(file.metadata_at("caf\xc3\xa9") == "\xe2\x9c\x93 \"quoted\" \\ \n");
    CHECK(file.metadata().size() == 2);
}

TEST_CASE("safetensors: a file of PyTorch is read, names and values") {
    const TensorFile file = mgan::read_safetensors(kData + "pytorch.safetensors");
    CHECK(file.metadata_at("format") == "pt");
    const std::vector<std::string> names = {"lstm.weight_ih_l0", "lstm.weight_hh_l0",
                                            "lstm.bias_ih_l0", "lstm.bias_hh_l0"};
    CHECK_NOTHROW(file.require_names(names));
    const std::vector<float> weight = file.get<float>("lstm.weight_ih_l0", {8, 3});
    CHECK(weight[0] == 0x1.9495fep-5f);  // printed by tests/oracles/make_safetensors.py
    CHECK(weight[23] == 0x1.1a2b5ap-2f);
    CHECK(file.get<float>("lstm.bias_hh_l0", {8})[7] == 0x1.3c8b8p-6f);
    CHECK_NOTHROW(file.require_finite());
}

TEST_CASE("safetensors: every single flipped bit of a file of mgan is found") {
    const Bytes good = serialize(example());
    Bytes bad = good;
    for (std::size_t i = 0; i < bad.size(); ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            bad[i] ^= static_cast<std::byte>(1u << bit);
            if (message_of<FormatError>([&] { (void)parse(bad, "x.st"); }).empty()) {
                FAIL_CHECK("bit " << bit << " of byte " << i << " of " << bad.size());
            }
            bad[i] = good[i];
        }
    }
    CHECK_NOTHROW(parse(bad, "x.st"));
}

TEST_CASE("safetensors: every flipped bit is found in a file without tensors, too") {
    const Bytes good = serialize(TensorFile());
    Bytes bad = good;
    for (std::size_t i = 0; i < bad.size(); ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            bad[i] ^= static_cast<std::byte>(1u << bit);
            if (message_of<FormatError>([&] { (void)parse(bad, "x.st"); }).empty()) {
                FAIL_CHECK("bit " << bit << " of byte " << i);
            }
            bad[i] = good[i];
        }
    }
}

TEST_CASE("safetensors: every truncation, and every byte too many, is found") {
    const Bytes good = serialize(example());
    for (std::size_t n = 0; n < good.size(); ++n) {
        CHECK_THROWS_AS(parse(Bytes(good.begin(), good.begin() + std::ptrdiff_t(n)), "x.st"),
                        FormatError);
    }
    Bytes longer = good;
    longer.push_back(std::byte{0});
    CHECK_THROWS_AS(parse(longer, "x.st"), FormatError);
}

TEST_CASE("safetensors: a damaged tensor is named, with its place") {
    Bytes bytes = serialize(example());
    bytes.at(bytes.size() - 1) ^= std::byte{0x80};  // the sign of layer.weight's last value
    try {
        (void)parse(bytes, "x.st");
        FAIL("no error");
    } catch (const FormatError& error) {
        CHECK(contains(error.what(), "tensor 'layer.weight' is damaged"));
        CHECK(error.offset() == bytes.size() - 24);
    }
}

TEST_CASE("safetensors: two damages that cancel in a weaker sum are found") {
    TensorFile file;
    file.add("x", {2}, std::vector<double>{1, 2});
    Bytes bytes = serialize(file);
    bytes.at(bytes.size() - 1) ^= std::byte{0x80};  // both signs
    bytes.at(bytes.size() - 9) ^= std::byte{0x80};
    CHECK_THROWS_AS(parse(bytes, "x.st"), FormatError);
}

TEST_CASE("safetensors: a file with some of mgan's checksums must have all of them") {
    using mgan_test::with_header;
    const auto error = [](const std::string& metadata) {
        return message_of<FormatError>(
            [&] { (void)parse(with_header("{\"__metadata__\":{" + metadata + "}}", 0), "x.st"); });
    };
    CHECK(contains(error("\"mgan.format\":\"1\""), "no 'mgan.checksum.header'"));
    CHECK(contains(error("\"mgan.checksum.other\":\"\""), "no 'mgan.checksum.header'"));
    CHECK(contains(error("\"mgan.checksum.header\":\"\""), "the header is damaged"));
    const auto signed_metadata = [](std::map<std::string, std::string> metadata) {
        metadata["mgan.checksum.header"] = mgan::safetensors::header_checksum({}, metadata).text();
        std::string text;
        for (const auto& [key, value] : metadata) {
            text += (text.empty() ? "\"" : ",\"") + key + "\":\"" + value + "\"";
        }
        return text;
    };
    CHECK(error(signed_metadata({{"mgan.format", "1"}})).empty());
    CHECK(contains(error(signed_metadata({{"mgan.format", "2"}})), "newer"));
    CHECK(contains(error(signed_metadata({})), "newer"));
    CHECK(error("\"mgan.variant\":\"x\"").empty());  // other keys are the caller's
}

TEST_CASE("TensorFile: a tensor is given only in the shape and type that is asked for") {
    const TensorFile file = parse(serialize(example()), "x.st");
    CHECK(contains(message_of<ShapeError>([&] {
                       (void)file.get<float>("layer.weight", {3, 2});
                   }),
                   "'layer.weight' has the shape [2, 3], expected [3, 2]"));
    CHECK_THROWS_AS(file.get<float>("layer.weight", {6}), ShapeError);
    CHECK_THROWS_AS(file.get<float>("absent", {6}), DataError);
    std::vector<float> five(5);
    CHECK_THROWS_AS(file.read("layer.weight", {2, 3}, std::span<float>(five)), ShapeError);
    // F32 as double loses nothing; the other way round only where it is asked for.
    CHECK(file.get<double>("layer.weight", {2, 3}).at(5) == 6.5);
    CHECK(contains(message_of<DataError>([&] { (void)file.get<float>("optimiser", {3}); }),
                   "holds F64, expected F32; Conversion::rounding"));
    CHECK(file.get<float>("optimiser", {3}, Conversion::rounding).at(0) == 0.1f);
    CHECK_THROWS_AS(file.get<double>("step", {}), DataError);
    CHECK_THROWS_AS(file.get<std::int64_t>("step", {}), DataError);
    CHECK_THROWS_AS(file.get<std::uint64_t>("layer.weight", {2, 3}), DataError);
    CHECK_THROWS_AS(file.get<float>("index", {2}, Conversion::rounding), DataError);
}

TEST_CASE("TensorFile: a double beyond the range of float is no float") {
    TensorFile file;
    const double inf = std::numeric_limits<double>::infinity();
    file.add("big", {1}, std::vector<double>{1e39});
    file.add("inf", {2}, std::vector<double>{-inf, std::nan("")});
    CHECK_THROWS_AS(file.get<float>("big", {1}, Conversion::rounding), mgan::NumericalError);
    const std::vector<float> special = file.get<float>("inf", {2}, Conversion::rounding);
    CHECK((std::isinf(special[0]) && special[0] < 0 && std::isnan(special[1])));
}

TEST_CASE("TensorFile: the first value that is not finite is named") {
    TensorFile file("m.st");
    file.add("good", {1}, std::vector<float>{1});
    file.add("whole", {1}, std::vector<std::int64_t>{-1});  // all bits set, but no NaN
    CHECK_NOTHROW(file.require_finite());
    TensorFile doubles = file;
    file.add("bad", {3}, std::vector<float>{1, std::nanf(""), 2});
    doubles.add("bad", {1}, std::vector<double>{std::numeric_limits<double>::infinity()});
    CHECK(contains(message_of<mgan::NumericalError>([&] { file.require_finite(); }),
                   "m.st: tensor 'bad': value 1 is not finite"));
    CHECK_THROWS_AS(doubles.require_finite(), mgan::NumericalError);
}

TEST_CASE("TensorFile: missing and unexpected names are listed") {
    const TensorFile file = example();
    std::vector<std::string> names = {"layer.weight", "step", "optimiser", "index", "nothing"};
    CHECK_NOTHROW(file.require_names(names));
    names[1] = "steps";
    const std::string message = message_of<DataError>([&] { file.require_names(names); });
    CHECK(contains(message, "missing: 'steps'"));
    CHECK(contains(message, "unexpected: 'step'"));
    names.push_back("step");
    CHECK_FALSE(contains(message_of<DataError>([&] { file.require_names(names); }), "unexpected"));
    names = {"layer.weight", "step", "optimiser", "index"};
    CHECK_FALSE(contains(message_of<DataError>([&] { file.require_names(names); }), "missing"));
}

TEST_CASE("TensorFile: what cannot be added or written is refused") {
    TensorFile file = example();
    const std::vector<float> one = {1};
    CHECK_THROWS_AS(file.add("", {1}, one), mgan::Error);
    CHECK_THROWS_AS(file.add("step", {1}, one), mgan::Error);
    CHECK_THROWS_AS(file.add("x", {2}, one), ShapeError);
    CHECK_THROWS_AS(file.add("x", {-1}, one), ShapeError);
    CHECK_THROWS_AS(file.add("x", {1ll << 62, 4}, std::vector<float>{}), ShapeError);
    CHECK(serialize(file) == serialize(example()));

    const auto refuses_name = [&](const std::string& name) {
        TensorFile bad;
        bad.add(name, {1}, one);
        CHECK_THROWS_AS(serialize(bad), mgan::Error);
    };
    refuses_name("__metadata__");
    refuses_name(std::string(1025, 'n'));
    refuses_name("\xff");
    refuses_name("\x01");
    TensorFile deep;
    deep.add("deep", {1, 1, 1, 1, 1, 1, 1, 1, 1}, one);
    CHECK_THROWS_AS(serialize(deep), mgan::Error);
    for (const char* key : {"mgan.format", "mgan.checksum.header", "mgan.checksum.tensor.x"}) {
        TensorFile reserved;
        reserved.set_metadata(key, "1");
        CHECK_THROWS_AS(serialize(reserved), mgan::Error);
    }
    TensorFile long_key;
    long_key.set_metadata(std::string(1025, 'k'), "1");
    CHECK_THROWS_AS(serialize(long_key), mgan::Error);
    // No reader would take such a header, ours neither.
    TensorFile long_header;
    long_header.set_metadata("note", std::string(mgan::safetensors::kMaxHeaderLength, 'x'));
    CHECK_THROWS_WITH(serialize(long_header),
                      Catch::Matchers::Contains("the header has") &&
                          Catch::Matchers::Contains("the limit is 100000000"));
}

TEST_CASE("write_safetensors: the file is replaced as a whole, or stays as it was") {
    const TemporaryFolder folder("write");
    mgan::write_safetensors(folder / "a.safetensors", example());
    const Bytes before = mgan::read_file_bytes(folder / "a.safetensors");
    TensorFile bad = example();
    bad.set_metadata("bad", "\xff");
    CHECK_THROWS_AS(mgan::write_safetensors(folder / "a.safetensors", bad), mgan::Error);
    CHECK(mgan::read_file_bytes(folder / "a.safetensors") == before);
    CHECK(folder.file_count() == 1);
    CHECK(mgan::read_safetensors(folder / "a.safetensors").entries().size() == 5);
    CHECK_THROWS_AS(mgan::write_safetensors(folder / "absent" / "a", example()), mgan::IoError);
    CHECK_THROWS_AS(mgan::read_safetensors(folder / "absent"), mgan::IoError);
}

TEST_CASE("write_safetensors: a full device is an error that names it") {
    if (!std::filesystem::exists("/dev/full")) MGAN_SKIP("there is no /dev/full");
    const std::string message =
        message_of<mgan::IoError>([&] { mgan::write_safetensors("/dev/full", example()); });
    CHECK(contains(message, "/dev/full"));
    CHECK(contains(message, "space"));
}

TEST_CASE("TensorFile: what a temporary hands out does not refer to it") {
    STATIC_REQUIRE(
        std::is_same_v<decltype(std::declval<TensorFile>().entries()), std::vector<TensorEntry>>);
    STATIC_REQUIRE_FALSE(std::is_reference_v<decltype(std::declval<TensorFile>().metadata())>);
    std::string names;
    const auto file = [] {
        TensorFile tensors;
        const std::array<float, 1> one = {1.0F};
        tensors.add("a", {1}, std::span<const float>(one));
        tensors.add("b", {0}, std::span<const float>());
        return tensors;
    };
    for (const TensorEntry& entry : file().entries()) names += entry.name;
    CHECK(names == "ab");
}

TEST_CASE("safetensors: weights of 16 bits are rounded once, and read as they were written") {
    TensorFile file;
    const std::vector<float> weights = {1.0F, -0.0F, 0.1F, -3.38e38F, 1e-40F, 0x1.01p0F, 0x1.03p0F};
    file.add_half("w", {7}, weights);
    file.add("b", {1}, std::vector<float>{0.1F});
    file.add("n", {1}, std::vector<double>{0.1});
    CHECK(file.entry("w").dtype == DType::bf16);
    const Bytes bytes = serialize(file);
    const TensorFile read = parse(bytes, "x.st");
    CHECK(read.has_checksums());
    CHECK(read.entries().back().name == "w");  // behind the wider ones, which stay aligned
    const std::vector<float> expanded = read.get<float>("w", {7}, Conversion::expanding);
    CHECK(expanded[0] == 1.0F);
    CHECK((expanded[1] == 0.0F && std::signbit(expanded[1])));
    CHECK(expanded[2] == 0x1.9ap-4F);
    CHECK(expanded[4] == 0x1p-133F);  // a denormal
    CHECK(expanded[5] == 1.0F);       // half way: the even neighbour, below
    CHECK(expanded[6] == 0x1.04p0F);  // half way: the even neighbour, above
    // Written again, it is the same file: expanded numbers round to themselves.
    TensorFile again;
    again.add_half("w", {7}, expanded);
    again.add("b", {1}, std::vector<float>{0.1F});
    again.add("n", {1}, std::vector<double>{0.1});
    CHECK(serialize(again) == bytes);
    CHECK(read.get<double>("w", {7}, Conversion::expanding)[2] == 0x1.9ap-4);
    CHECK(read.get<double>("b", {1}, Conversion::expanding)[0] == double(0.1F));
    // Every flipped bit is found here, too.
    Bytes bad = bytes;
    for (std::size_t i = 0; i < bad.size(); ++i) {
        bad[i] ^= std::byte{1};
        CHECK_THROWS_AS(parse(bad, "x.st"), FormatError);
        bad[i] = bytes[i];
    }
}

TEST_CASE("safetensors: whoever needs all bits is not given 16 of them") {
    TensorFile file("m.st");
    file.add_half("w", {1}, std::vector<float>{1});
    for (const Conversion conversion : {Conversion::lossless, Conversion::rounding}) {
        CHECK(contains(message_of<DataError>([&] { (void)file.get<float>("w", {1}, conversion); }),
                       "tensor 'w' holds BF16, expected F32; numbers of 16 bits serve as the "
                       "weights of a model"));
    }
    CHECK_THROWS_AS(file.get<std::int64_t>("w", {1}, Conversion::expanding), DataError);
    file.add("d", {1}, std::vector<double>{1});
    CHECK_THROWS_AS(file.get<float>("d", {1}, Conversion::expanding), DataError);
}

TEST_CASE("safetensors: a number of 16 bits that is not finite is found, and none is made") {
    const float inf = std::numeric_limits<float>::infinity();
    TensorFile file("m.st");
    file.add_half("good", {2}, std::vector<float>{1, 3.38e38F});
    CHECK_NOTHROW(file.require_finite());
    CHECK(contains(message_of<mgan::NumericalError>([&] {
                       file.add_half("bad", {2}, std::vector<float>{1, 3.4e38F});
                   }),
                   "tensor 'bad': value 1"));
    CHECK_FALSE(file.contains("bad"));
    file.add_half("bad", {3}, std::vector<float>{1, inf, std::nanf("")});
    CHECK(contains(message_of<mgan::NumericalError>([&] { file.require_finite(); }),
                   "m.st: tensor 'bad': value 1 is not finite"));
    const std::vector<float> special = file.get<float>("bad", {3}, Conversion::expanding);
    CHECK((special[1] == inf && std::isnan(special[2])));
}

TEST_CASE("safetensors: F16 of other programs is read") {
    // 1, -2, the largest, the smallest normal and denormal one, -0, infinity, a NaN.
    Bytes bytes = mgan_test::with_header(
        "{\"w\":{\"dtype\":\"F16\",\"shape\":[2,4],\"data_offsets\":[0,16]}}", 0);
    for (const unsigned half :
         {0x3C00U, 0xC000U, 0x7BFFU, 0x0400U, 0x0001U, 0x8000U, 0x7C00U, 0x7E01U}) {
        bytes.push_back(static_cast<std::byte>(half & 0xFFU));
        bytes.push_back(static_cast<std::byte>(half >> 8));
    }
    const TensorFile file = parse(bytes, "x.st");
    const std::vector<float> w = file.get<float>("w", {2, 4}, Conversion::expanding);
    CHECK(std::vector<float>(w.begin(), w.begin() + 5) ==
          std::vector<float>{1, -2, 65504, 0x1p-14F, 0x1p-24F});
    CHECK((w[5] == 0.0F && std::signbit(w[5]) && std::isinf(w[6]) && std::isnan(w[7])));
}
