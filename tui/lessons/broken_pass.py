"""The lesson on faults: a program with a wrong backward pass, to be mended in an editor."""

from __future__ import annotations

from pathlib import Path
from threading import Timer

from microgpt.attach import ScriptProcess
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.watching import LONGEST, Watching, diagnosis_of
from microgpt.errors import MicrogptError
from tui.lessons.lesson import NOT_YET, Lesson, Situation, TaskVerdict

FILE_NAME = "microgpt-lesson.py"
PASSES = 5
LEAST_NODES = 15
"""So much computation a mended program has left; three of its passes' 43 nodes would be."""


def check(situation: Situation) -> TaskVerdict:
    """Done when the doctor finds every gradient of the program right. Runs the program."""
    if not situation.file:
        return NOT_YET
    watching = Watching(Program(), PASSES)
    try:
        with ScriptProcess(Path(situation.file)) as script:
            timer = Timer(LONGEST, script.break_off)
            timer.daemon = True
            timer.start()
            try:
                watching.watch(script)
            finally:
                timer.cancel()
    except MicrogptError as error:
        return TaskVerdict(is_done=False, said=str(error))
    evidence = watching.evidence
    diagnosis = diagnosis_of(evidence)
    if diagnosis.findings and diagnosis.verdict != "sound":
        finding = diagnosis.findings[0]
        if finding.was is None or finding.should is None:
            return TaskVerdict(is_done=False, said=f"Still ill: {finding.what}")
        return TaskVerdict(
            is_done=False,
            said=f"Still ill: {finding.spoils or 0} gradients of a pass are wrong. One is "
            f"{finding.was:.4g} and should be {finding.should:.4g}.",
        )
    if not evidence.passes:
        ended = watching.ended.reason if watching.ended else "it ended before one"
        return TaskVerdict(is_done=False, said=f"No backward pass was seen: {ended}")
    if diagnosis.verdict != "sound" or len(evidence.passes[0].graph) < LEAST_NODES:
        return TaskVerdict(is_done=False, said="There is too little left of it to be checked.")
    return TaskVerdict(
        is_done=True,
        said=f"All {diagnosis.n_gradients} gradients of {diagnosis.passes} passes are what they "
        "should be. A share is added, since a number may be used more than once; with = only the "
        "last one stays. The program had learned all the same, only worse: a falling loss proves "
        "little.",
    )


BROKEN_PASS = Lesson(
    "mend",
    "A broken backward pass",
    f"In the folder where you started lies {FILE_NAME} now: an autograd of your own, which "
    "learns, but with wrong gradients. Find the mistake, mend it in your editor, and answer with ! "
    "(the program is run then).",
    (
        (
            f"In another terminal: microgpt-tui run {FILE_NAME}   shows its graphs, like ours; "
            "n and s walk through its backward pass."
        ),
        f"microgpt diagnose {FILE_NAME}   says which gradients are wrong, and at which line.",
        "What does each rule do with a gradient that is there already?",
    ),
    check,
    course="",
    waits_for_answer=True,
    is_slow=True,
    file_name=FILE_NAME,
    file_text=Path(__file__).with_name("broken_pass_program.txt").read_text(encoding="utf-8"),
)
