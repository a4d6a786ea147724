"""Every relative link in the documents has a target, every anchor a heading, and every page of the book is in its table."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page):
    """The page without blocks and spans of code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", lambda span: "" if "](" in span.group() else span.group(), text)


def anchors(page):
    """What the headings of a page are called in links."""
    titles = re.findall(r"^#+\s+(.*)$", text_of(page), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def faults():
    """One line for each link that leads nowhere."""
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/*.md"), *ROOT.glob("benches/**/*.md")])
    for page in pages:
        for link in LINK.findall(text_of(page)):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists():
                yield f"{page.relative_to(ROOT)}: no {link}"
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                yield f"{page.relative_to(ROOT)}: no heading {link}"
    table = (ROOT / "docs/SUMMARY.md").read_text(encoding="utf-8")
    for page in ROOT.glob("docs/*.md"):
        if page.name != "SUMMARY.md" and f"({page.name})" not in table:
            yield f"docs/SUMMARY.md: {page.name} is not in it"


found = list(faults())
print("\n".join(found) or "every link has a target")
sys.exit(bool(found))
