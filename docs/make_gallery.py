"""Trains a model, draws each view of it once, and writes docs/gallery.md.

    make docs-gallery

A picture is a row of `PICTURES`: the command that draws it, and how it is read. To show another
view, give it a row.
"""

import contextlib
import io
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tui.cli.main import main

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gallery.md"
PICTURES_IN = ROOT / "docs" / "img" / "gallery"
RUN = "names.run"
STEP = 300
TRAIN = f"microgpt train --steps {STEP} --run {RUN}"
AT = f"--run {RUN} --step {STEP}"


@dataclass(frozen=True)
class Picture:
    """One picture of the gallery."""

    name: str  # of its file
    question: str  # that it answers
    command: str  # what draws it, without -o
    how: str  # to read it, in two sentences
    suffix: str = ".svg"

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.name}{self.suffix}"


PICTURES = (
    Picture(
        "map", "Where is the gradient large, and which head reads what?",
        f"microgpt map emma {AT}",
        "Columns are positions under their tokens and rows are blocks, so a step goes down and "
        "its gradient comes up; a cell is as dark as the gradient of what leaves it. The bands "
        "are the residual stream, and the ribbons what heads send back to the positions they "
        "read.",
    ),
    Picture(
        "learning", "What does training do to one word?",
        f"microgpt map emma --run {RUN} --steps 1,30,{STEP}",
        "Three steps on one scale, so that a darker cell is a larger gradient wherever it stands. "
        "At step 1 all heads read all positions alike and the losses are near ln 27 = 3.30; later "
        "heads have chosen, and what is still dark is what this word gets wrong.",
    ),
    Picture(
        "why", "Through which blocks does one weight get its gradient?",
        f"microgpt map emma {AT} --lens why --node 'layer0.attn_wq[3][7]'",
        "Each cell shows what of that one weight's gradient comes along the edges that leave it, "
        "orange where it adds and blue where it takes away. Numbers of one row sum to the whole "
        "wherever no path goes around the row.",
    ),
    Picture(
        "script", "The same of a program that knows nothing of this one",
        "microgpt map examples/train3.py",
        "Columns and rows are found in what the program computes: the k-th time that parameters "
        "are read is column k, and a row is a place in the code. It is read as the first picture.",
    ),
    Picture(
        "graph", "What is the whole computation made of?",
        f"microgpt graph emma {AT}",
        "Boxes are parts, as dark as the gradient of what leaves them, and edges run from "
        "operands to results, as wide as what they contribute. The numbers at the wider ones say "
        "how many scalar edges they bundle and the sum of their contributions' sizes.",
    ),
    Picture(
        "scope", "And one position's attention?",
        f"microgpt graph emma {AT} --scope pos1/layer0/attn",
        "The same one level down, with what the block is connected to in dashed boxes around it. "
        "Alike parts that do not depend on each other, such as the heads, stand in one column.",
    ),
    Picture(
        "scalars", "How does a softmax come about, scalar by scalar?",
        f"microgpt graph emma {AT} --scope pos2/layer0/attn/head0/softmax",
        "A box is one number with its gradient, a circle the op that made it of its operands. An "
        "edge is orange or blue by the sign of what it contributes to its operand's gradient, "
        "which is the sum of what its edges bring.",
    ),
    Picture(
        "around", "What is around one weight?",
        f"microgpt graph emma {AT} --around 'layer0.attn_wq[3][7]' --hops 2",
        "The weight has a thick frame; each product that it goes into is one position's, and its "
        "gradient is the sum over them. A box with dots has operands that are not drawn.",
    ),
    Picture(
        "panels", "Who reads from whom in a short text?",
        f"microgpt attention emma {AT}",
        "A panel is a head: sources on the left, readers on the right, and a line as wide as the "
        "weight it is read with. The lines that end in one reader sum to 1.",
    ),
    Picture(
        "attention", "Who reads from whom, and which weight ought to change?",
        f"microgpt view attention emma {AT}",
        "Rows read and columns are read: on the left a head's weights, on the right the gradient "
        "of the loss by each weight, blue where more of it would lower the loss. Below stand the "
        "strongest sources of one reader as arcs; long texts are drawn so, too.",
    ),
    Picture(
        "scores", "How does a head come to its weights?",
        f"microgpt view scores emma {AT} --head 1 --position 3",
        "A row is a source: its key under the query at the left, then their products, whose sum "
        "over √4 is the score, and the weight that the softmax makes of it. A product that stands "
        "out is the feature by which the head chose.",
    ),
    Picture(
        "residual", "What does each block write to the residual stream?",
        f"microgpt view residual emma {AT}",
        "For each block and position: the vector that the block adds, the stream after it, and "
        "what that adds to the logit of the token that comes next. So one sees which block spoke "
        "for that token, and which against it.",
    ),
    Picture(
        "lens", "What would be predicted after each block?",
        f"microgpt view lens emma {AT}",
        "Each cell takes the stream after a block as if no other came, and shows the likeliest "
        "tokens. Where the last row has the token that comes next and upper ones have not, the "
        "block between made the difference.",
    ),
    Picture(
        "paths", "By which paths does the loss reach one weight?",
        f"microgpt view paths emma {AT} --node 'layer0.attn_wq[3][7]'",
        "Down is towards the loss: columns are the heaviest paths, with what each brings to the "
        "weight's gradient, and what several paths go through is drawn once. On a line stands the "
        "local gradient that a path is multiplied by there; dashed lines take away.",
    ),
    Picture(
        "nodes", "What does the whole computation look like, every scalar at once?",
        f"microgpt view nodes emma {AT}",
        "Down and across are all nodes in the order in which they were made, and a dot is an "
        "edge: the node at its height is made of the operand at its column, as dark as the "
        "gradient that comes back along it. On the diagonal is what is made of what was just "
        "made, at the left what reads parameters, and between them the positions that attention "
        "reads.",
    ),
    Picture(
        "embeddings", "Which letters has the model found alike?",
        f"microgpt view embeddings {AT}",
        "Each token stands where the two directions lie in which the rows of its matrix differ "
        "most, so that tokens near each other are read alike. The axes say how much of all "
        "differences these two directions hold.",
    ),
    Picture(
        "training", "How did this word fare while the model learnt?",
        f"microgpt view training emma --run {RUN}",
        "From left to right the model is trained: above the word's loss and that of each of its "
        "positions, below the gradient of each row of its Map, on one scale. A row that grows "
        "dark late is a block that began to matter then.",
    ),
    Picture(
        "parameters", "Which parameters are large, and which still move?",
        f"microgpt view parameters {AT}",
        "Every matrix three times: its numbers, its gradient at this step, and what Adam's update "
        "does with it. Rows of the embedding whose gradient is 0 belong to tokens that the step's "
        "document has not.",
    ),
)  # fmt: skip

_HEAD = f"""\
# Gallery

Each view once, of one small training: `{TRAIN}`. A program
made this page and its pictures (`make docs-gallery`). [Pictures into files](formats.md) says what
else they can be than SVG, and any of them can be [a film](formats.md#films); in
[a page to send](map.md#a-page-to-send) one walks in the first of them.
"""


def page() -> str:
    """The text of the page."""
    return "\n".join((_HEAD, *map(_section, PICTURES)))


def _section(picture: Picture) -> str:
    return (
        f"## {picture.question}\n\n`{picture.command}`\n\n{picture.how}\n\n"
        f"![{picture.question}](img/gallery/{picture.file})\n"
    )


def draw() -> None:
    """Trains, and draws all pictures."""
    PICTURES_IN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _run(f"{TRAIN} --samples 0", folder)
        for picture in PICTURES:
            command = f"{picture.command} --force -o {PICTURES_IN / picture.file}"
            _run(command.replace(" examples/", f" {ROOT}/examples/"), folder)
            print(f"drew {picture.file}")  # noqa: T201
    stray = {path.name for path in PICTURES_IN.iterdir()} - {each.file for each in PICTURES}
    for name in sorted(stray):
        (PICTURES_IN / name).unlink()


def _run(command: str, folder: str) -> None:
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        status = main(shlex.split(command)[1:])
    if status:
        raise SystemExit(f"{command}: exit status {status}")


if __name__ == "__main__":
    draw()
    PAGE.write_text(page(), encoding="utf-8")
