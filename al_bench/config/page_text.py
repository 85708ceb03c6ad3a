"""The pages of strategies as text for a terminal and as Markdown, and generated parts of pages between their marks."""

from __future__ import annotations

import re
import shutil
import textwrap

from al_bench.config.strategy_pages import Key, Page

LETTERS = (
    "N candidate rows, L labelled points, B batch, C classes, D features, K draws of the posterior, M members of it, "
    "T target points. One pass is one forward pass."
)


def described(key: Key) -> str:
    """A key's text, with the values it may have."""
    return f"{key.text} ({', '.join(key.choices)})".strip() if key.choices else key.text


def as_text(pages: list[Page]) -> str:
    """The pages for a terminal."""
    width = max(60, min(100, shutil.get_terminal_size().columns))
    lines = [*textwrap.wrap(f"Letters: {LETTERS}", width), ""]

    def entry(label: str, text: str, indent: int = 2, hang: int = 14) -> None:
        lines.extend(
            textwrap.wrap(
                text,
                width,
                initial_indent=f"{'':{indent}}{label:<{hang - indent}}",
                subsequent_indent=" " * hang,
                break_on_hyphens=False,
            )
        )

    for each in pages:
        lines += [each.name, *textwrap.wrap(each.line, width, initial_indent="  ", subsequent_indent="  ")]
        for paragraph in filter(None, [each.formula, *each.text.split("\n\n")]):
            lines += ["", *textwrap.wrap(paragraph, width, initial_indent="  ", subsequent_indent="  ")]
        lines.append("")
        for number, need in enumerate(each.needs):
            entry("" if number else "needs", need.replace("`", ""))
        for number, key in enumerate(each.keys):
            entry("" if number else "keys", f"strategy.{key.name}={key.value}")
            entry("", described(key), hang=16)
        for title, text in each.sections.items():
            entry(title.lower(), text)
        lines += [""] if each.needs else []
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text for Markdown: what is in backticks stays."""
    parts = text.split("`")
    return "`".join(part if number % 2 else re.sub(r"([*_<|\\])", r"\\\1", part) for number, part in enumerate(parts))


def as_markdown(pages: list[Page]) -> str:
    """A table of the strategies, and a section for each."""
    lines = [
        "# Strategies",
        "",
        escaped(LETTERS),
        "",
        "| strategy | formula | needs | cost |",
        "| --- | --- | --- | --- |",
    ]
    for each in pages:
        products = ", ".join(part for need in each.needs for part in re.findall(r"^`\w+` \[[^]]*\]", need)) or "nothing"
        formula = " ".join([each.formula or each.line, *(f"`{setting}`" for setting in each.given)])
        cells = (formula, products, each.sections.get("Cost", ""))
        lines.append(f"| [{escaped(each.name)}](#{each.name}) | " + " | ".join(map(escaped, cells)) + " |")
    for each in pages:
        lines += ["", f"## {escaped(each.name)}", "", escaped(each.line)]
        for paragraph in filter(None, [each.formula, *each.text.split("\n\n")]):
            lines += ["", escaped(paragraph)]
        if each.needs:
            lines += ["", "Needs:", "", *(f"- {escaped(need)}" for need in each.needs)]
        if each.keys:
            lines += [
                "",
                "Keys:",
                "",
                *(f"- `strategy.{k.name}={k.value}` {escaped(described(k))}".rstrip() for k in each.keys),
            ]
        for title, text in each.sections.items():
            lines += ["", f"{title}: {escaped(text)}"]
    return "\n".join(lines)


def between_marks(page: str, marks: tuple[str, str], part: str, what: str) -> str:
    """A page with a generated part in the place of what stands between its marks.

    Args:
        page: Its text.
        marks: Two lines; each stands in the page.
        part: The new part.
        what: It is, for the message.

    Raises:
        ValueError: the page has lost its marks.
    """
    begin, end = marks
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"the page has lost its marks of {what}: {begin.strip()} and {end.strip()}")
    return f"{before}{begin}{part}{end}{after}"
