"""What is read in a program's text: operators written with others, operands left out, lines."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from microgpt.diagnosis.composites import other_operators
from microgpt.diagnosis.pass_lines import line_that_compares_values
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.update_lines import line_that_names, line_that_repeats

NUMBER = """
class Num:
    def __init__(self, x, below=()):
        self.x, self.below, self.dx = x, below, 0.0
    def __add__(self, o):
        o = o if isinstance(o, Num) else Num(o)
        return Num(self.x + o.x, (self, o))
    def __mul__(self, o):
        o = o if isinstance(o, Num) else Num(o)
        return Num(self.x * o.x, (self, o))
    def __pow__(self, n):
        return Num(self.x ** n, (self,))
    def __neg__(self):
        return self * -1
    def __sub__(self, o):
        return {minus}
    def __rsub__(self, o):
        return {minus_from}
    def __truediv__(self, o):
        return {over}
a, b = Num(1.0), Num(2.0)
print((a - b) / b, 1 - a, -a)
"""
RIGHT = {"minus": "self + (-o)", "minus_from": "o + (-self)", "over": "self * o ** -1"}


@pytest.mark.parametrize(
    ("method", "text", "op", "was", "should"),
    [
        ("minus", "o + (-self)", "sub", -1.75, 1.75),
        ("minus", "self + o", "sub", 3.25, 1.75),
        ("minus_from", "self + (-o)", "rsub", 1.75, -1.75),
        ("over", "self ** -1 * o", "truediv", 0.3, 2.5 / 0.75),
    ],
)
def test_an_operator_that_comes_to_something_else(
    method: str, text: str, op: str, was: float, should: float
) -> None:
    assert list(other_operators(ast.parse(NUMBER.format(**RIGHT)))) == []
    tree = ast.parse(NUMBER.format(**{**RIGHT, method: text}))
    (found,) = [other for other in other_operators(tree) if other.op == op]
    assert found.was == pytest.approx(was)
    assert found.should == pytest.approx(should)
    assert text in NUMBER.format(**{**RIGHT, method: text}).splitlines()[found.line - 1]


def test_an_operator_that_nobody_uses_is_left_alone() -> None:
    text = NUMBER.format(**{**RIGHT, "over": "self ** -1 * o"}).replace(" / b", "")
    assert list(other_operators(ast.parse(text))) == []


def program(folder: Path, text: str) -> tuple[Program, str]:
    path = folder / "train.py"
    path.write_text(text, encoding="utf-8")
    return Program(), str(path)


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("made", "is_sure"),
    [("Num(self.x * o.x, (self,))", True), ("Num(self.x * o.x, [(self, o.x)])", True)],
)
def test_an_operand_that_a_node_does_not_remember(made: str, is_sure: bool, tmp_path: Path) -> None:
    text = f"""class Num:
    def __init__(self, x, below=()):
        self.x, self.below, self.dx = x, below, 0.0
    def __add__(self, o):
        return Num(self.x + o.x, (self, o))
    def __mul__(self, o):
        return {made}
"""
    known, file = program(tmp_path, text)
    found = known.forgotten_operand(file, line_of(text, "__mul__"))
    assert found is not None
    assert (found.name, found.line, found.is_surely_a_node) == (
        "o", line_of(text, made), is_sure,
    )  # fmt: skip
    assert known.forgotten_operand(file, line_of(text, "__add__")) is None


SLOPES = {
    "a closure": ("""class N:
    def __init__(self, x, b=()):
        self.x, self.b, self.g = x, b, 0.0
    def __add__(self, o): return N(self.x + o.x)
    def __mul__(self, o):
        out = N(self.x * o.x, (self, o))
        def back():
            self.g += o.x * out.g
            o.g += self.x * out.g
        out.back = back
        return out
""", "__mul__", "o.g += "),
    "a rule in a table": ("""class N:
    def __init__(self, x, op=""):
        self.x, self.op, self.g = x, op, 0.0
    def __add__(self, o): return N(self.x + o.x, "plus")
    def __mul__(self, o):
        return N(self.x * o.x, "times")
RULES = {
    "plus": lambda g, a, b: (g, g),
    "times": lambda g, a, b: (g * b, g * a),
}
""", "__mul__", '"times": lambda'),
    "a record on a tape": ("""class N:
    def __init__(self, x):
        self.x, self.g = x, 0.0
    def __add__(self, o): return N(self.x + o.x)
    def __mul__(self, o):
        out = N(self.x * o.x)
        tape.append((out, (self, o), (o.x, self.x)))
        return out
tape = []
""", "__mul__", "tape.append"),
    "a function object": ("""class N:
    def __init__(self, x):
        self.x, self.g = x, 0.0
    def __add__(self, o): return apply(Plus, self, o)
class Plus:
    def forward(ctx, a, b):
        return a + b
    def backward(ctx, g):
        return g, g
""", "def forward", "return g, g"),
}  # fmt: skip


@pytest.mark.parametrize("style", SLOPES)
def test_the_line_that_computes_the_slopes(style: str, tmp_path: Path) -> None:
    text, function, wanted = SLOPES[style]
    known, file = program(tmp_path, text)
    assert known.line_of_slopes(file, line_of(text, function), 1) == line_of(text, wanted)


def test_lines_that_repeat_and_name_parameters(tmp_path: Path) -> None:
    text = (
        NUMBER.format(**RIGHT)
        + """
def drawn(n):
    return [Num(0.1 * k) for k in range(n)]
bias = drawn(3)
rows = [drawn(2)] * 3
table = {"out": drawn(4)}
"""
    )
    known, file = program(tmp_path, text)
    made = (file, line_of(text, "return [Num(0.1"))
    assert line_that_repeats(known, *made) == line_of(text, "rows = ")
    assert line_that_names(known, made, "bias[2]") == (file, line_of(text, "bias = "))
    assert line_that_names(known, made, "out[2]") == (file, line_of(text, "table = "))
    assert line_that_repeats(*program(tmp_path, text.replace(" * 3", "")), made[1]) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    def __neg__", "    def __eq__(self, o):\n        pass\n    def __neg__", "__eq__"),
        ("class Num:", "@dataclass(unsafe_hash=True)\nclass Num:", "@dataclass"),
        ("if node in seen", "if node.x in seen", "if node.x in seen"),
    ],
)  # fmt: skip
def test_nodes_told_apart_by_their_numbers(old: str, new: str, told: str, tmp_path: Path) -> None:
    text = (
        NUMBER.format(**RIGHT)
        + """
def back(root):
    seen = []
    def walk(node):
        if node in seen: return
        seen.append(node)
    walk(root)
back(a)
"""
    )
    known, file = program(tmp_path, text)
    assert line_that_compares_values(known, (file, line_of(text, "back(a)")), [file]) is None
    text = text.replace(old, new)
    known, file = program(tmp_path, text)
    place = (file, line_of(text, "back(a)"))
    assert line_that_compares_values(known, place, [file]) == (file, line_of(text, told))
