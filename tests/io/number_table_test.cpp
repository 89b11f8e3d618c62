// Tables of numbers: what is read, what is refused and where, and any bytes at all.

#include <mgan/core/random.hpp>
#include <mgan/io/number_table.hpp>

#include <support/catch.hpp>

using Catch::Contains;
using mgan::NumberTable, mgan::parse_number_table;

TEST_CASE("NumberTable: names, comments, quotation marks and ends of lines are as people write") {
    const NumberTable table = parse_number_table(
        "\xEF\xBB\xBF# two buoys\r\n\"wave\", wind\r\n1.25, 7\r\n  +1.5,6.5e0\r\n-1e-3 ,0",
        "buoys");
    CHECK(table.names == std::vector<std::string>{"wave", "wind"});
    CHECK(table.values == std::vector<double>{1.25, 7, 1.5, 6.5, -1e-3, 0});
    CHECK(table.rows() == 3);
    CHECK(table.recordings == std::vector<std::size_t>{0});
    CHECK(parse_number_table("1,2\n3,4\n", "plain").names == std::vector<std::string>{"1", "2"});
}

TEST_CASE("NumberTable: an empty line begins another recording, a comment does not") {
    const NumberTable table =
        parse_number_table("\nx\n\n1\n2\n\n \n3\n# still the second\n4\n\n", "r");
    CHECK(table.values == std::vector<double>{1, 2, 3, 4});
    CHECK(table.recordings == std::vector<std::size_t>{0, 2});
}

TEST_CASE("NumberTable: a number stands at its row and column, tabs around it or not") {
    const NumberTable table = parse_number_table("a\t,b\n1\t,\t2\n3,4\t\n", "tabs");
    CHECK(table.columns() == 2);
    CHECK(table.at(0, 1) == 2.0);
    CHECK(table.at(1, 0) == 3.0);
    CHECK(NumberTable{}.rows() == 0);
    CHECK(NumberTable{}.columns() == 0);
}

TEST_CASE("NumberTable: what is no number is refused with its line and its column") {
    const auto message = [](const char* text) -> std::string {
        try {
            (void)parse_number_table(text, "F");
        } catch (const mgan::DataError& error) {
            return error.what();
        }
        return "";
    };
    CHECK_THAT(message("a,b\n1,2\n3,\n"), Contains("F: line 3, column 2 ('b'): ''"));
    CHECK_THAT(message("1,2\n3,4,5\n"),
               Contains("line 2 has 3 columns, the lines before it have 2"));
    for (const char* wrong : {"nan", "inf", "1e999", "1.2.3", "0x10", "1,5", "++1", "+-", "--"})
        CHECK(message((std::string("a\n") + wrong).c_str()) != "");
    CHECK_THAT(message(""), Contains("no line of numbers"));
    CHECK_THAT(message("a,b\n"), Contains("no line of numbers"));
    CHECK_THROWS_AS(mgan::read_number_table("no such file.csv"), mgan::IoError);
}

TEST_CASE("NumberTable: any bytes give a whole table or a DataError") {
    const std::string letters = "0123456789.,,\n\n-+e \r#\"xinf\0\xFF";
    std::size_t whole = 0;
    for (std::uint64_t k = 0; k < 20000; ++k) {
        const mgan::Random random(7, "tables", k);
        std::string text;
        for (std::uint64_t i = 0; i < random.integer(0, 24); ++i)
            text += letters[random.integer(i + 1, letters.size())];
        try {
            const NumberTable table = parse_number_table(text, "random");
            ++whole;
            REQUIRE(table.rows() * table.columns() == table.values.size());
            REQUIRE(!table.recordings.empty());
            REQUIRE(table.recordings.back() < table.rows());
        } catch (const mgan::DataError&) {  // NOLINT: one of the two
        }
    }
    CHECK(whole > 100);
}
