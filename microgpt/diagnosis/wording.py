"""A diagnosis in lines of text, for a student."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from microgpt.code_places import place_called
from microgpt.diagnosis.finding import Diagnosis, Finding
from microgpt.diagnosis.program import Program
from microgpt.printable import printable

Paint: TypeAlias = Callable[[str, str], str]
"""Gives a text a style: `heading`, `certain`, `likely`, `note`, `code` or `muted`."""
PAGES = "docs/faults/"
"""Where each kind has a page of its own."""


def plain(text: str, _: str) -> str:
    """No style at all."""
    return text


def lines_of(
    diagnosis: Diagnosis, program: Program, paint: Paint = plain, go_to: str | None = ""
) -> list[str]:
    """What was found, and how much was looked at.

    Args:
        program: the lines to quote.
        go_to: how to open the debugger on what was diagnosed, `microgpt debug broken.py`; `""`
            within it; None where no debugger is at hand.
    """
    told = [paint(verdict_in_words(diagnosis), "heading")]
    for finding in diagnosis.findings:
        told += ["", *_finding(finding, program, paint, go_to)]
    told += ["", paint(_looked_at(diagnosis), "muted")]
    told += [paint(printable(f"  not checked: {why}"), "muted") for why in diagnosis.why_unchecked]
    return told


def verdict_in_words(diagnosis: Diagnosis) -> str:
    """The verdict, and of how much, in one line."""
    found = [finding for finding in diagnosis.findings if finding.certainty != "note"]
    passes = _counted(diagnosis.passes, "pass", "passes")
    if diagnosis.verdict == "sound":
        compared = _counted(diagnosis.n_gradients, "gradient")
        return f"sound: {compared} in {passes}, all as they should be"
    if not diagnosis.passes and diagnosis.verdict == "unverified":
        return "unverified: no backward pass could be looked at"
    if diagnosis.verdict == "unverified":
        return f"unverified: nothing wrong was found in {passes}, and not all could be checked"
    return f"{diagnosis.verdict}: {_counted(len(found), 'finding')} in {passes}"


def _finding(finding: Finding, program: Program, paint: Paint, go_to: str | None) -> Iterator[str]:
    place = place_of(finding)
    title = paint(f"{finding.kind} ({finding.certainty})", finding.certainty)
    yield f"{title}  {place}".rstrip()
    if text := program.text(finding.file, finding.line):
        yield f"    {paint(printable(text), 'code')}"
    for line in told_of(finding):
        yield f"  {line}"
    if go_to is not None and (way := way_to(finding, go_to)):
        yield f"  {paint(printable(f'to see it: {way}'), 'muted')}"
    yield f"  {paint(f'more: {PAGES}{finding.kind}.md', 'muted')}"


def told_of(finding: Finding, *, in_code: bool = True) -> Iterator[str]:
    """What is wrong, the two numbers, the innocent explanation, and what people do.

    Args:
        in_code: whether it is about code, where one can say that it is meant.
    """
    yield printable(finding.what)  # it may quote the program
    if finding.was is not None and finding.should is not None:
        told = f"it is {finding.was!r}, and should be {finding.should!r}"
        if finding.spoils:
            told += f"; {_counted(finding.spoils, 'gradient')} wrong by it"
        yield told
    if finding.unless:
        say_so = f": then say so, `# microgpt: ok {finding.kind}`" if in_code else ""
        yield f"unless {finding.unless}{say_so}"
    if finding.mend:
        yield f"what people do: {finding.mend}"


def place_of(finding: Finding) -> str:
    """The file's name and the line, `""` if there is none."""
    if finding.file is None or finding.line is None:
        return ""
    return place_called(finding.file, finding.line)


def way_to(finding: Finding, go_to: str = "") -> str:
    """How to go there in the debugger; see `lines_of`."""
    if finding.event is not None and finding.event >= 0:
        verb = f"goto backward {finding.event}"
    elif finding.nodes:
        verb = f"print #{finding.nodes[0]}"
    elif finding.pass_number is not None:
        verb = "updates"
    else:
        return ""
    if not go_to:
        return verb
    which = f" --pass {finding.pass_number}" if finding.pass_number is not None else ""
    return f"{go_to}{which} -c '{verb}'"


def _looked_at(diagnosis: Diagnosis) -> str:
    told = (
        f"checked: {_counted(diagnosis.n_gradients, 'gradient')} in "
        f"{_counted(diagnosis.passes, 'pass', 'passes')}, "
        f"{_counted(diagnosis.n_updates, 'update')} of parameters"
    )
    if diagnosis.n_unchecked:
        told += f"; {_counted(diagnosis.n_unchecked, 'gradient')} could not be checked"
    return told


def _counted(n: int, noun: str, many: str = "") -> str:
    return f"{n:,} {noun if n == 1 else many or noun + 's'}"
