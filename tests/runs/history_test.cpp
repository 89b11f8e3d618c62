#include <io/bytes.hpp>

#include <mgan/runs/history.hpp>
#include <mgan/runs/history_record.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <limits>

using mgan::FormatError;
using mgan::HistoryRecord;
using mgan_test::message_of;
using mgan_test::TemporaryFolder;
using mgan_test::to_bytes;

namespace {

HistoryRecord record(int epoch, double loss) {
    return HistoryRecord().set("epoch", epoch).set("phase", "adversarial").set("loss", loss);
}

std::string content(const std::filesystem::path& path) {
    const auto bytes = mgan::read_file_bytes(path);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void put(const std::filesystem::path& path, std::string_view text) {
    mgan::write_file_atomically(path, to_bytes(text));
}

}  // namespace

TEST_CASE("History: a record is one line of JSON, in the order in which it was set") {
    HistoryRecord r = record(3, 0.1);
    r.set("d_real", std::nan("")).set("g", -std::numeric_limits<double>::infinity());
    r.set("loss", 2.0).set("frozen", true).set("n", std::uint64_t{7});
    CHECK(r.line() ==
          "{\"epoch\":3,\"phase\":\"adversarial\",\"loss\":2,\"d_real\":null,\"g\":null,"
          "\"frozen\":1,\"n\":7}\n");
    CHECK(HistoryRecord().line() == "{}\n");
    CHECK_THROWS_AS(HistoryRecord().set("x", "\xff").line(), mgan::Error);
}

TEST_CASE("History: what a record does not have, or has as another kind, is not there") {
    mgan::HistoryRecord record;
    record.set("a", 1.0).set("b", std::string("text"));
    CHECK(record.number("a") == 1.0);
    CHECK(record.text("b") == "text");
    CHECK_FALSE(record.number("b"));
    CHECK_FALSE(record.text("a"));
    CHECK_FALSE(record.number("c"));
    CHECK_FALSE(record.text("c"));
}

TEST_CASE("History: an epoch's record has what took part in it, and nothing else") {
    mgan::EpochReport report;
    report.epoch = 4;
    const HistoryRecord pretraining = mgan::history_record(report, 1.5);
    CHECK(pretraining.text("phase") == "pretrain");
    for (const char* key : {"loss_d", "f_accuracy", "freezes_f", "pf_learning_rate", "gradient_d",
                            "mean_gap", "judge_auc", "rollbacks"})
        CHECK_FALSE(pretraining.contains(key));
    report.adversarial = true;
    report.mean.losses.accuracy = 0.75;
    CHECK(mgan::history_record(report, 1.5).contains("loss_d"));
    CHECK_FALSE(mgan::history_record(report, 1.5).contains("freezes_f"));
    report.has_pf_classifier = true;
    report.pf_learning_rate = 0.01;
    report.comparison.emplace();
    report.judged.emplace();
    report.judged->network.accuracy = 0.6;
    report.judged->statistics.accuracy = 0.7;
    report.rollbacks = 2;
    const HistoryRecord all = mgan::history_record(report, 1.5);
    CHECK(all.number("d_accuracy") == 0.75);
    CHECK(all.number("pf_learning_rate") == 0.01);
    CHECK(all.contains("freezes_f"));
    CHECK(all.contains("mean_gap"));
    CHECK(all.number("judge_network") == 0.6);
    CHECK(all.number("judge_statistics") == 0.7);
    CHECK(all.contains("judge_auc"));
    CHECK(all.number("rollbacks") == 2.0);
}

TEST_CASE("History: lines that are appended are read back") {
    const TemporaryFolder folder("history");
    const auto path = folder / "history.jsonl";
    mgan::start_history(path, 0);
    CHECK(mgan::read_history(path).empty());
    for (int epoch = 1; epoch <= 3; ++epoch) {
        mgan::append_history(path, record(epoch, epoch == 2 ? std::nan("") : 1.0 / epoch));
    }
    const std::vector<HistoryRecord> history = mgan::read_history(path);
    REQUIRE(history.size() == 3);
    CHECK(history[2].number("epoch") == 3.0);
    CHECK(history[2].number("loss") == 1.0 / 3);
    CHECK(std::isnan(history[1].number("loss").value()));
    CHECK(history[0].text("phase") == "adversarial");
    CHECK_FALSE(history[0].number("phase"));
    CHECK_FALSE(history[0].text("loss"));
    CHECK_FALSE(history[0].number("absent"));
    CHECK(history[0].contains("epoch"));
    CHECK(history[0].items().at(1).first == "phase");
}

TEST_CASE("History: a resumed run keeps the lines up to its checkpoint's epoch") {
    const TemporaryFolder folder("resume");
    const auto path = folder / "history.jsonl";
    const std::string one = record(1, 0.5).line(), two = record(2, 0.25).line();
    const std::string three = record(3, 0.125).line();
    const auto kept = [&](const std::string& before, std::int64_t last_epoch) {
        put(path, before);
        mgan::start_history(path, last_epoch);
        return content(path);
    };
    CHECK(kept(one + two + three, 2) == one + two);
    CHECK(kept(one + two + three, 3) == one + two + three);
    CHECK(kept(one + two + three, 9) == one + two + three);
    CHECK(kept(one + two + three, 0).empty());
    CHECK(kept("", 5).empty());
    // Half a line of a killed run, at every length.
    for (std::size_t n = 0; n < three.size(); ++n) {
        CHECK(kept(one + two + three.substr(0, n), 3) == one + two);
    }
    // A damaged line, and everything behind it.
    CHECK(kept(one + "{\"epoch\":2,\n" + three, 3) == one);
    CHECK(kept(one + "{\"loss\":2}\n" + three, 3) == one);
    CHECK(kept(one + "{\"epoch\":null}\n" + three, 3) == one);
    CHECK(kept(one + std::string(64, '\0') + "\n", 3) == one);
    CHECK(folder.file_count() == 1);
    mgan::append_history(path, record(2, 0.25));
    CHECK(content(path) == one + two);
}

TEST_CASE("History: a reader drops an unfinished last line, and refuses a damaged one") {
    const auto parse = [](std::string_view text) {
        return mgan::parse_history(to_bytes(text), "h.jsonl");
    };
    CHECK(parse("{\"epoch\":1}\n{\"epoch\":2").size() == 1);
    CHECK(parse("{\"a\":{\"b\":1},\"t\":true}\n").at(0).number("a.b") == 1.0);
    for (const char* bad : {"\n", "x\n", "{\"a\":1}{\n", "{\"a\":[1]}\n", "{\"a\":{}}\n",
                            "{\"a\":1,\"a\":1}\n", "{\"a\":1}\n[]\n{\"a\":2}\n"}) {
        INFO(bad);
        CHECK_THROWS_AS(parse(bad), FormatError);
    }
    try {
        (void)parse("{\"a\":1}\n{\"a\":!}\n");
        FAIL("no error");
    } catch (const FormatError& error) {
        CHECK(error.offset() == 8 + 5);
        CHECK(std::string(error.what()).starts_with("h.jsonl: byte 13: not JSON"));
    }
    std::string many = "{\"k\":0";
    for (int i = 0; i < 1000; ++i) many += mgan::concat(",\"", i, "\":0");
    CHECK(message_of<FormatError>([&] { (void)parse(many + "}\n"); }).find("more than 1000") !=
          std::string::npos);
}

TEST_CASE("History: a line that cannot be written is an error that names file and cause") {
    const TemporaryFolder folder("fail");
    CHECK_THROWS_AS(mgan::append_history(folder / "absent" / "h", record(1, 1)), mgan::IoError);
    CHECK_THROWS_AS(mgan::start_history(folder / "absent" / "h", 1), mgan::IoError);
    // Where it cannot be known whether there is a file, reading says why.
    CHECK_THROWS_AS(mgan::start_history(folder / std::string(300, 'x'), 1), mgan::IoError);
    if (!std::filesystem::exists("/dev/full")) MGAN_SKIP("there is no /dev/full");
    const std::string message =
        message_of<mgan::IoError>([&] { mgan::append_history("/dev/full", record(1, 1)); });
    CHECK(message.find("/dev/full") != std::string::npos);
    CHECK(message.find("space") != std::string::npos);
}
