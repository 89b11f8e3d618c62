// Every rule of the safetensors format, broken by hand.
#include "bytes.hpp"

#include <support/catch.hpp>

using mgan::FormatError;
using mgan::safetensors::parse;
using mgan_test::Bytes;
using mgan_test::message_of;
using mgan_test::with_header;

namespace {

// The error of a file with this header and this many bytes of data.
std::string error(const std::string& header, std::size_t data = 0) {
    return message_of<FormatError>([&] { (void)parse(with_header(header, data), "x.st"); });
}

std::string tensor(const std::string& body) {
    return "{\"w\":{" + body + "}}";
}

// A tensor w of this shape and 4 bytes.
std::string shaped(const std::string& shape, const std::string& offsets = "[0,4]") {
    return tensor("\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":" + offsets);
}

void refuses(const std::string& message, const std::string& words) {
    INFO(message);
    CHECK(message.starts_with("x.st: "));
    CHECK(message.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("safetensors: the smallest files are read") {
    CHECK(parse(with_header("{}", 0), "x.st").entries().empty());
    CHECK(parse(with_header("{}      ", 0), "x.st").entries().empty());
    CHECK(parse(with_header("{\"__metadata__\":{}}", 0), "x.st").metadata().empty());
    const mgan::TensorFile one = parse(with_header(shaped("[1]"), 4), "x.st");
    CHECK(one.get<float>("w", {1}) == std::vector<float>{0.0f});
    CHECK_FALSE(one.has_checksums());
}

TEST_CASE("safetensors: the length of the header has bounds") {
    for (std::size_t n = 0; n < 8; ++n) {
        refuses(message_of<FormatError>([&] { (void)parse(Bytes(n), "x.st"); }), "8 more bytes");
    }
    Bytes file = with_header("{}", 0);
    file[0] = std::byte{3};
    refuses(message_of<FormatError>([&] { (void)parse(file, "x.st"); }), "only 2 follow");
    file[3] = std::byte{6};  // above 100 000 000
    refuses(message_of<FormatError>([&] { (void)parse(file, "x.st"); }), "limit is 100000000");
    file[7] = std::byte{255};
    refuses(message_of<FormatError>([&] { (void)parse(file, "x.st"); }), "limit is 100000000");
}

TEST_CASE("safetensors: the header begins with '{' and ends with '}' and spaces") {
    refuses(error(""), "begin with '{'");
    refuses(error(" {}"), "begin with '{'");
    refuses(error("[]"), "begin with '{'");
    refuses(error("\xEF\xBB\xBF{}"), "begin with '{'");
    refuses(error("{}\n"), "end with '}'");
    refuses(error("{} \t "), "end with '}'");
    refuses(error("{}{}"), "not JSON");
    refuses(error("{} }"), "not JSON");
    refuses(error(std::string("{}\0}", 4)), "zero byte");
    refuses(error(std::string("{\"a\0\":1}", 8)), "zero byte");
}

TEST_CASE("safetensors: a header that is no JSON is refused at its place") {
    for (const char* bad : {"{,}", "{\"w\"}", "{\"w\":}", "{w:1}", "{\"w\":NaN}", "{\"\xff\":1}",
                            "{\"\x01\":1}", "{\"\\ud800\":1}", "{/* */}", "{'w':1}"}) {
        refuses(error(bad), "not JSON");
    }
    try {
        (void)parse(with_header("{\"w\":!}", 0), "x.st");
        FAIL("no error");
    } catch (const FormatError& e) {
        CHECK(e.offset() == 8 + 5);
    }
    // A long text is not repeated in the message.
    CHECK(error("{\"w\":" + std::string(100000, 'x') + "}").size() < 400);
}

TEST_CASE("safetensors: no key occurs twice") {
    const std::string w = "\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
    CHECK(error("{" + w + "}").empty());
    refuses(error("{" + w + "," + w + "}"), "tensor name 'w' occurs twice");
    refuses(error("{" + w + ",\"\\u0077\":{}}"), "tensor name 'w' occurs twice");
    refuses(error("{\"__metadata__\":{},\"__metadata__\":{}}"), "__metadata__ occurs twice");
    refuses(error("{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}"), "'a' occurs twice");
    refuses(error(tensor("\"dtype\":\"F32\",\"dtype\":\"F32\"")), "two 'dtype'");
    refuses(error(tensor("\"shape\":[],\"shape\":[]")), "two 'shape'");
    refuses(error(tensor("\"data_offsets\":[0,0],\"data_offsets\":[0,0]")), "two 'data_offsets'");
}

TEST_CASE("safetensors: a tensor has dtype, shape and data_offsets, and nothing else") {
    refuses(error(tensor("")), "no 'dtype'");
    refuses(error(tensor("\"dtype\":\"F32\",\"data_offsets\":[0,0]")), "no 'shape'");
    refuses(error(tensor("\"dtype\":\"F32\",\"shape\":[0]")), "no 'data_offsets'");
    refuses(error(tensor("\"strides\":[1]")), "unknown key 'strides'");
    refuses(error("{\"w\":1}"), "expected an object");
    refuses(error("{\"w\":[1]}"), "expected an object");
    refuses(error("{\"w\":null}"), "expected an object");
}

TEST_CASE("safetensors: the dtype is F32, F64, BF16, F16, I64 or U64") {
    for (const char* known : {"F64", "I64", "U64"}) {
        CHECK(error(tensor("\"dtype\":\"" + std::string(known) +
                           "\",\"shape\":[1],\"data_offsets\":[0,8]"),
                    8)
                  .empty());
    }
    for (const char* half : {"BF16", "F16"}) {
        const auto of_size = [&](const char* shape, const char* offsets) {
            return tensor("\"dtype\":\"" + std::string(half) + "\",\"shape\":" + shape +
                          ",\"data_offsets\":" + offsets);
        };
        CHECK(error(of_size("[3]", "[0,6]"), 6).empty());
        refuses(error(of_size("[3]", "[0,12]"), 12), "needs 6 bytes, the offsets give 12");
        refuses(error(of_size("[4611686018427387904]", "[0,4]"), 4), "too large");
        refuses(error(of_size("[3]", "[0,6]"), 4), "ends at byte 6 of the data, which have 4");
    }
    for (const char* other :
         {"BF8", "F8_E4M3", "bf16", "I32", "U8", "BOOL", "f32", "F32 ", "", "F33"}) {
        refuses(error(tensor("\"dtype\":\"" + std::string(other) + "\"")), "mgan reads F32");
    }
    refuses(error(tensor("\"dtype\":32")), "dtype is not a text");
    refuses(error(tensor("\"dtype\":[\"F32\"]")), "dtype is an array, expected a text");
    refuses(error(tensor("\"dtype\":{}")), "dtype is an object, expected a text");
}

TEST_CASE("safetensors: sizes are whole numbers, and their product does not wrap") {
    CHECK(error(shaped("[]"), 4).empty());
    CHECK(error(shaped("[1,1,1,1,1,1,1,1]"), 4).empty());
    for (const char* bad :
         {"[-1]", "[-0]", "[1.0]", "[1.5]", "[1e0]", "[1e30]", "[true]", "[null]", "[\"1\"]",
          "[9223372036854775808]", "[18446744073709551615]", "[18446744073709551616]",
          "[-9223372036854775808]", "[99999999999999999999999999]"}) {
        refuses(error(shaped(bad), 4), "a size is not a whole number");
    }
    refuses(error(shaped("[1e999]"), 4), "not JSON");
    refuses(error(shaped("[01]"), 4), "not JSON");
    for (const char* wraps :
         {"[4611686018427387905]", "[2147483648,2147483648,4]", "[9223372036854775807,3]",
          "[4294967296,4294967296]", "[9223372036854775807,9223372036854775807,0]"}) {
        refuses(error(shaped(wraps), 4), "too large");
    }
    refuses(error(shaped("[1,1,1,1,1,1,1,1,1]"), 4), "more than 8 sizes");
    refuses(error(shaped("1"), 4), "shape is a plain value, expected an array");
    refuses(error(shaped("{}"), 4), "shape is an object, expected an array");
    refuses(error(shaped("[[1]]"), 4), "nested deeper than 3");
    refuses(error(shaped("[{}]"), 4), "nested deeper than 3");
}

TEST_CASE("safetensors: offsets are two whole numbers inside the data") {
    for (const char* bad :
         {"[0,-4]", "[0,4.0]", "[0,1e30]", "[\"0\",4]", "[null,4]", "[0,9223372036854775808]"}) {
        refuses(error(shaped("[1]", bad), 4), "an offset is not a whole number");
    }
    refuses(error(shaped("[1]", "[]"), 4), "has 0 numbers");
    refuses(error(shaped("[1]", "[0]"), 4), "has 1 numbers");
    refuses(error(shaped("[1]", "[0,4,4]"), 4), "more than 2 numbers");
    refuses(error(shaped("[1]", "4"), 4), "data_offsets is a plain value");
    refuses(error(shaped("[1]", "[0,8]"), 4), "ends at byte 8 of the data, which have 4");
    refuses(error(shaped("[1]", "[4,0]"), 4), "before it begins");
    refuses(error(shaped("[1]", "[0,9223372036854775807]"), 4), "ends at byte");
}

TEST_CASE("safetensors: the size of a tensor is that of its shape") {
    refuses(error(shaped("[2]"), 4), "needs 8 bytes, the offsets give 4");
    refuses(error(shaped("[0]"), 4), "needs 0 bytes, the offsets give 4");
    refuses(error(shaped("[1]", "[0,3]"), 3), "needs 4 bytes, the offsets give 3");
}

TEST_CASE("safetensors: tensors fill the data with no hole and no overlap, in any order") {
    const auto two = [](const std::string& a, const std::string& b) {
        return "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" + a +
               "},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" + b + "}}";
    };
    CHECK(error(two("[0,4]", "[4,8]"), 8).empty());
    CHECK(error(two("[4,8]", "[0,4]"), 8).empty());
    refuses(error(two("[0,4]", "[0,4]"), 8), "tensor 'b' overlaps");
    refuses(error(two("[2,6]", "[0,4]"), 8), "tensor 'a' overlaps");
    refuses(error(two("[0,4]", "[8,12]"), 12), "4 bytes before tensor 'b' belong to no tensor");
    refuses(error(two("[4,8]", "[8,12]"), 12), "4 bytes before tensor 'a' belong to no tensor");
    refuses(error(two("[0,4]", "[4,8]"), 9), "1 bytes behind the last tensor");
    refuses(error("{}", 1), "1 bytes behind the last tensor");
}

TEST_CASE("safetensors: names are not empty, not long, and harmless in a message") {
    const auto named = [](const std::string& name) {
        return "{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}";
    };
    CHECK(error(named(std::string(1024, 'n'))).empty());
    refuses(error(named("")), "without a name");
    refuses(error(named(std::string(1025, 'n'))), "1025 bytes, the limit is 1024");
    const std::string message = error("{\"\\u001b[2J\\u007f\":1}");
    refuses(message, "'?[2J?'");
    CHECK(error("{\"__metadata__\":{\"" + std::string(1045, 'k') + "\":\"\"}}").empty());
    refuses(error("{\"__metadata__\":{\"" + std::string(1046, 'k') + "\":\"\"}}"), "1046 bytes");
}

TEST_CASE("safetensors: metadata are texts") {
    refuses(error("{\"__metadata__\":1}"), "__metadata__ is a plain value");
    refuses(error("{\"__metadata__\":[]}"), "__metadata__ is an array");
    refuses(error("{\"__metadata__\":{\"a\":1}}"), "metadata 'a' are not a text");
    refuses(error("{\"__metadata__\":{\"a\":null}}"), "metadata 'a' are not a text");
    refuses(error("{\"__metadata__\":{\"a\":{}}}"), "metadata 'a' are an object");
    refuses(error("{\"__metadata__\":{\"a\":[]}}"), "metadata 'a' are an array");
}

TEST_CASE("safetensors: a header of deep brackets is refused at once") {
    refuses(error("{\"w\":" + std::string(1000000, '[') + "}"), "expected an object");
    refuses(error("{\"w\":{\"shape\":" + std::string(1000000, '[') + "}"), "nested deeper than 3");
}
