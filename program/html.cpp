#include "html.hpp"

#include "data.hpp"

#include <mgan/core/error.hpp>

#include <cstdint>

namespace mgan::program {

namespace {

// No script, nothing from elsewhere. Numbers are chosen so that the page has one column at the
// width of a phone, and nothing in it is wider than that.
constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--ink:#1d2126;--soft:#5b636e;--paper:#fff;--card:#f4f5f7;--line:#d9dde3;
--accent:#3b82c4;--note:#fff6e0}
@media (prefers-color-scheme:dark){:root{--ink:#e4e7eb;--soft:#9aa3ae;--paper:#14171b;--card:#1d2126;
--line:#343a42;--accent:#6aa9e0;--note:#33290f}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:1180px;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:.4rem 0}
h2{font-size:1.2rem;margin:2rem 0 .6rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1.2rem 0 .4rem}
p{margin:.4rem 0;max-width:70ch}
.soft,figcaption{color:var(--soft);font-size:.9rem}
.note{background:var(--note);border-radius:.5rem;padding:.5rem .9rem;margin:.8rem 0}
.note ul{margin:.2rem 0;padding-left:1.2rem}
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr))}
.pairs{display:grid;gap:1rem;grid-template-columns:1fr}
@media (min-width:700px){.pairs{grid-template-columns:1fr 1fr}}
.cards{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fill,minmax(165px,1fr));margin:.8rem 0}
.cards div{background:var(--card);border-radius:.5rem;padding:.5rem .8rem}
.cards b{display:block;font-size:1.15rem}
figure{margin:0;background:var(--card);border-radius:.5rem;padding:.6rem}
figure img{display:block;width:100%;height:auto}
figcaption{margin-top:.3rem}
audio{display:block;width:100%;height:2.2rem;margin-top:.4rem}
.scroll{overflow-x:auto;margin:.8rem 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .7rem;text-align:right;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left;padding-left:0}
td.text{text-align:left}
summary{cursor:pointer;color:var(--accent);margin:.6rem 0}
.dot{display:inline-block;width:.8em;height:.8em;border-radius:50%;margin-right:.4em}
)";

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : printable(text)) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t k) -> std::uint32_t {
            return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0;
        };
        const std::uint32_t three = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (std::size_t k = 0; k < 4; ++k)
            out += i + k > bytes.size() ? '=' : kDigits[three >> (18 - 6 * k) & 63];
    }
    return out;
}

std::string picture(std::string_view svg, std::string_view alt) {
    return concat("<img alt=\"", escaped(alt), "\" src=\"data:image/svg+xml;base64,", base64(svg),
                  "\">");
}

std::string figure(std::string_view content, std::string_view caption) {
    return concat("<figure>", content, "<figcaption>", caption, "</figcaption></figure>\n");
}

std::string table(const std::vector<std::string>& heads,
                  const std::vector<std::vector<std::string>>& rows) {
    std::string out = "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>";
    for (const std::string& head : heads)
        out += concat("<th scope=\"col\">", escaped(head), "</th>");
    out += "</tr></thead><tbody>\n";
    for (const std::vector<std::string>& row : rows) {
        out += "<tr>";
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += i == 0 ? concat("<th scope=\"row\">", escaped(row[i]), "</th>")
                          : concat("<td>", escaped(row[i]), "</td>");
        }
        out += "</tr>\n";
    }
    return out + "</tbody></table></div>\n";
}

std::string html_document(std::string_view title, std::string_view body) {
    // The icon is empty: a browser that looks for one would ask the network.
    return concat(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" "
        "content=\"mgan\">\n<link rel=\"icon\" href=\"data:,\">\n<title>",
        escaped(title), "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n", body,
        "</body>\n</html>\n");
}

}  // namespace mgan::program
