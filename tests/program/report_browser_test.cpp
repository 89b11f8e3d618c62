// The report in a browser, without a screen. The page itself holds no script: another page shows it
// in a frame and writes what it sees there, which the test reads back.

#include "mgan.hpp"

#include <nlohmann/json.hpp>

#include <support/catch.hpp>

using Catch::Matchers::Contains;
using nlohmann::json;
using program::kSmall;
using program::Workshop;

namespace {

std::string browser() {
    for (const char* path :
         {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"})
        if (std::filesystem::exists(path)) return path;
    return "";
}

/// Shows the page in a frame as wide as a phone or a screen, and writes what is to be seen there.
constexpr const char* kProbe =
    R"(<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,">
<iframe id="frame" height="1000"></iframe><script>
const frame = document.getElementById('frame');
frame.width = WIDTH;
frame.style.border = '0';
frame.onload = async () => {
  const view = frame.contentWindow, page = frame.contentDocument;
  const images = [...page.images];
  await Promise.all(images.map(image => image.decode().catch(() => 0)));
  const sounds = await Promise.all([...page.querySelectorAll('audio')].map(element =>
    new Promise(done => {
      const sound = new Audio();
      sound.onloadedmetadata = () => done(sound.duration);
      sound.onerror = () => done(-1);
      sound.src = element.src;
    })));
  const wide = [...page.body.querySelectorAll('*')].filter(element =>
    !element.closest('.scroll') && element.getBoundingClientRect().right > view.innerWidth + 0.5);
  const style = view.getComputedStyle(page.body);
  const out = document.createElement('pre');
  out.textContent = 'SEEN' + JSON.stringify({
    width: view.innerWidth, scroll: page.documentElement.scrollWidth,
    wide: wide.map(element => element.tagName), images: images.length,
    broken: images.filter(image => !image.complete || image.naturalWidth == 0).length,
    sounds: sounds, paper: style.backgroundColor, ink: style.color }) + 'NEES';
  document.body.append(out);
};
frame.src = 'run/report.html';
</script>)";

struct Seen {
    json what;
    std::string console;
};

/// What a browser sees of run/report.html.
Seen look(const Workshop& shop, int width, bool dark) {
    std::string probe = kProbe;
    probe.replace(probe.find("WIDTH"), 5, std::to_string(width));
    shop.write_text("probe.html", probe);
    const process::Result result = process::run(
        {"/usr/bin/timeout", "120", browser(), "--headless", "--no-sandbox", "--disable-gpu",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--allow-file-access-from-files",
         "--enable-logging=stderr", "--virtual-time-budget=10000",
         "--user-data-dir=" + (shop / "profile").string(),
         std::string("--blink-settings=preferredColorScheme=") + (dark ? "0" : "1"),
         "--window-size=1300,1100", "--dump-dom", "file://" + (shop / "probe.html").string()},
        shop.path());
    Seen seen;
    // The last ones: the script of the page holds the words as well.
    const std::size_t begin = result.out.rfind("SEEN"), end = result.out.rfind("NEES");
    INFO(result.error.substr(0, 2000));
    REQUIRE(begin != std::string::npos);
    REQUIRE(end > begin);
    seen.what = json::parse(result.out.substr(begin + 4, end - begin - 4));
    std::istringstream lines(result.error);
    for (std::string line; std::getline(lines, line);)
        if (line.find("CONSOLE") != std::string::npos) seen.console += line + "\n";
    return seen;
}

}  // namespace

TEST_CASE("A report in a browser: all pictures and sounds, at any width, light and dark") {
    if (browser().empty()) MGAN_SKIP("no chromium");
    const Workshop shop;
    shop.write_music();
    REQUIRE(shop.mgan("train data --quiet --out run" + kSmall).status == 0);
    for (const auto& [width, dark] : {std::pair(390, false), std::pair(1200, true)}) {
        const Seen seen = look(shop, width, dark);
        INFO(seen.what.dump(1));
        CHECK(seen.console.empty());
        CHECK(seen.what["width"] == width);
        CHECK(seen.what["scroll"] <= width);
        CHECK(seen.what["wide"].empty());
        CHECK(seen.what["images"] >= 6);
        CHECK(seen.what["broken"] == 0);
        for (const json& seconds : seen.what["sounds"]) CHECK(seconds > 1.0);
        const bool dark_paper = seen.what["paper"] == "rgb(20, 23, 27)";
        CHECK(dark_paper == dark);
        CHECK(seen.what["ink"] != seen.what["paper"]);
    }
}
