"""Hooks of mkdocs.yml: what the documents link to outside docs/ becomes a page of the site.

A link to ../include/mgan/layers/lstm.hpp leads to a page with that file: the site needs no
repository.
"""
import pathlib
import posixpath
import re

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"(\]\()([^)#\s]+)((?:#[^)\s]*)?\))")
IMAGE = re.compile(r'(<img src=")([^"#]+)(())')
LANGUAGES = {".hpp": "cpp", ".cpp": "cpp", ".h": "c", ".py": "python", ".json": "json"}


def outside(source, target):
    """The path of a link's target in the repository, if it is a file outside docs/; or None."""
    if "://" in target or target.startswith("/"):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    inside = (path.startswith("docs/") and
              not path.startswith(("docs/snippets/", "docs/oracles/")) and
              path.endswith((".md", ".svg", ".png", ".ogg", ".mid")))
    return None if path.startswith("..") or inside else path


def place(path):
    """Where the site keeps a file from outside docs/."""
    return f"source/{path}" if path.endswith(".md") else f"source/{path}.md"


def rewritten(markdown, source, here):
    """Links of a page that lies at `source` in the repository and at `here` in the site."""
    def change(match):
        target = match.group(2)
        path = outside(source, target)
        if path is not None:
            if not (ROOT / path).is_file():
                return match.group(0)
            to = place(path)
        elif "://" in target or not here.startswith("source/"):
            return match.group(0)
        else:
            to = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
            to = to.removeprefix("docs/")
        to = posixpath.relpath(to, posixpath.dirname(here) or ".")
        return match.group(1) + to + match.group(3)
    return IMAGE.sub(change, LINK.sub(change, markdown))


def on_files(files, config):
    """Adds a page for each file that is linked to, and for what those link to."""
    waiting = [f"docs/{file.src_uri}" for file in files if file.is_documentation_page()]
    seen = set()
    while waiting:
        source = waiting.pop()
        for match in LINK.finditer((ROOT / source).read_text()):
            path = outside(source, match.group(2))
            if path is None or path in seen or not (ROOT / path).is_file():
                continue
            seen.add(path)
            text = (ROOT / path).read_text()
            if path.endswith(".md"):
                text = rewritten(text, path, place(path))
                waiting.append(path)
            else:
                otherwise = "bash" if text.startswith("#!") else "text"
                language = LANGUAGES.get(pathlib.Path(path).suffix, otherwise)
                text = f"# {path}\n\n````{language}\n{text}\n````\n"
            files.append(File.generated(config, place(path), content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links to files outside docs/ lead to their pages; a link to a folder becomes its text."""
    here = page.file.src_uri
    if config["extra"]["repository"]:
        markdown = markdown.replace("<address of this repository>", config["extra"]["repository"])
    markdown = re.sub(r"^(```+\w+) .*$", r"\1", markdown, flags=re.M)  # one word names the language
    if not here.startswith("source/"):
        markdown = rewritten(markdown, f"docs/{here}", here)
    def name(match):
        return match.group(1) if is_folder(here, match.group(2)) else match.group(0)
    return re.sub(r"\[([^\]]+)\]\(([^)#\s]+)\)", name, markdown)


def is_folder(here, target):
    """Whether a link of a page leads to a folder of the repository."""
    source = here.removeprefix("source/") if here.startswith("source/") else f"docs/{here}"
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    return "://" not in target and (ROOT / path).is_dir()
