#!/usr/bin/env python3
"""Follows every link of a built site: each file is there, and each anchor.

    scripts/check_site.py FOLDER [BROWSER]

With a browser (chromium) the pages of chapters are opened in it, headless and without a network,
and the links are those that its scripts have left there. Status 1 if a link leads nowhere.
"""
import html.parser
import pathlib
import subprocess
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.links.append(value)


def shown(path, browser):
    """What a browser has made of a page once its scripts have run."""
    run = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu",
                          "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=3000",
                          "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120)
    return run.stdout


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    browser = sys.argv[2] if len(sys.argv) > 2 else None
    pages, broken, followed, opened = {}, [], 0, 0
    for path in sorted(root.rglob("*.html")):
        text = path.read_text()
        if browser and path.parent == root:
            text = shown(path, browser)
            opened += 1
            if "<article" not in text:
                broken.append(f"{path.relative_to(root)}: the browser shows nothing")
        pages[path] = Page(text)
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                if tag_loads(link):
                    broken.append(f"{path.relative_to(root)}: loads {link} from elsewhere")
                continue
            followed += 1
            target = path
            if parts.path:
                target = (path.parent / urllib.parse.unquote(parts.path)).resolve()
            if target.is_dir():
                target /= "index.html"
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.exists():
                broken.append(f"{path.relative_to(root)}: {link}")
            elif (anchor not in ("", "__search") and target in pages
                  and anchor not in pages[target].anchors):
                broken.append(f"{path.relative_to(root)}: {link}: no such anchor")
    print(f"{len(pages)} pages ({opened} in a browser), {followed} links, {len(broken)} broken")
    print("\n".join(broken[:50]))
    return 1 if broken else 0


def tag_loads(link):
    """Whether a link to another machine is a file that a page would load."""
    return urllib.parse.urlsplit(link).path.endswith((".js", ".css", ".woff", ".woff2"))


if __name__ == "__main__":
    sys.exit(main())
