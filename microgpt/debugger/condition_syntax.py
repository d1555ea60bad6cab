"""The grammar of conditions: text in, a small checked syntax tree out. Nothing is ever evaluated.

A condition is written as a Python expression with five words added, `scope within "pos2/layer0"`.
Python's own parser reads it once those words stand as comparisons: `scope within x` is handed over
as `scope in within in x`, which nobody can write by hand, since `in` is refused before. Of the tree
only a few kinds of node are let through, so that whatever else Python can say is an error here.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
import warnings

from microgpt.errors import ConditionError

TEXT_TESTS = ("within", "startswith", "endswith", "contains", "matches")
"""Words that stand between a text term and a quoted text."""

MAX_LENGTH = 500
"""Units: characters."""
MAX_DEPTH = 40
"""How deep parentheses and operators may be nested."""

_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Compare, ast.Eq, ast.NotEq,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.Call, ast.Name, ast.Load, ast.Constant,
)  # fmt: skip
_WORDS = {
    ast.Attribute: "a dot",
    ast.Subscript: "a subscript",
    ast.Lambda: "lambda",
    ast.Mod: "%",
    ast.MatMult: "@",
    ast.FloorDiv: "//",
    ast.NamedExpr: ":=",
    ast.IfExp: "if … else",
    ast.JoinedStr: "an f-string",
    ast.Starred: "*",
    ast.keyword: "a named argument",
    ast.Invert: "~",
    ast.BitAnd: "&; write `and`",
    ast.BitOr: "|; write `or`",
}
_REFUSED_WORDS = {"in", "is", "lambda", "await", "yield", "for", "if", "else"}


def parse(text: str) -> ast.expr:
    """The syntax tree of a condition.

    Raises:
        ConditionError: it is not one; the message quotes it and says what is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"a condition has at most {MAX_LENGTH} characters, not {len(text)}")
    if not text.strip():
        raise ConditionError('a condition is needed, such as op == "exp" and abs(grad) > 1')
    try:
        tree = ast.parse(_with_tests_as_comparisons(text), mode="eval")
    except ConditionError:
        raise
    except (SyntaxError, ValueError, tokenize.TokenError, MemoryError, RecursionError) as error:
        raise ConditionError(f"{_shown(text)} is not a condition: {_reason(error)}") from None
    _check(tree, text)
    return tree.body


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression for `matches`, of a kind that cannot take forever.

    Raises:
        ConditionError: it is not a regular expression, repeats a group or has too many choices.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of what a later Python will read otherwise
            compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise ConditionError(f"{_shown(text)} is not a pattern: {error}") from None
    bare = re.sub(r"\\[^0-9]", "x", text)  # an escaped character stands for itself
    bare = re.sub(r"\[\^?\]?[^]]*\]", "x", bare)  # and a class of characters for one
    if found := re.search(r"\(\?|\)[*+?{]|\{|\\[0-9]", bare):
        raise ConditionError(
            f"{_shown(text)} is too much of a pattern: {found[0]!r} is not taken here; there are "
            "characters, [classes], (groups|choices) and after single characters * + ?"
        )
    if len(re.findall(r"[*+]", bare)) > 3 or len(re.findall(r"[*+?|]", bare)) > 4:
        raise ConditionError(
            f"{_shown(text)} is too much of a pattern: at most 3 of * and +, and 4 with ? and |"
        )
    return compiled


def quoted(text: str) -> str:
    """The text as a condition quotes it, where backslashes are themselves."""
    return f"'{text}'" if '"' in text else f'"{text}"'


def _with_tests_as_comparisons(text: str) -> str:
    tokens = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind, string = token.type, token.string
        if kind == tokenize.NAME and string in _REFUSED_WORDS:
            raise ConditionError(f"{_shown(text)}: {string!r} is not part of a condition")
        if kind == tokenize.NAME and string in TEXT_TESTS:
            tokens += [(tokenize.NAME, "in"), (kind, string), (tokenize.NAME, "in")]
        elif kind == tokenize.STRING and string[0] in "'\"":
            tokens.append((kind, f"r{string}"))  # a pattern's backslashes are its own
        elif kind not in {tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER}:
            tokens.append((kind, string))
        elif kind == tokenize.COMMENT:
            raise ConditionError(f"{_shown(text)}: '#' is not part of a condition; id == 1234 is")
    return tokenize.untokenize(tokens)


def _check(tree: ast.AST, text: str, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ConditionError(f"{_shown(text)} is nested more than {MAX_DEPTH} deep")
    if not isinstance(tree, _ALLOWED):
        word = _WORDS.get(type(tree), type(tree).__name__)
        raise ConditionError(f"{_shown(text)}: {word} is not part of a condition")
    if isinstance(tree, ast.Constant):
        _check_constant(tree, text)
    for child in ast.iter_child_nodes(tree):
        _check(child, text, depth + 1)


def _check_constant(tree: ast.Constant, text: str) -> None:
    value = tree.value
    if isinstance(value, str):
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConditionError(f"{_shown(text)}: {value!r} is not part of a condition")
    try:
        finite = math.isfinite(float(value))
    except OverflowError:
        finite = False
    if not finite:
        raise ConditionError(f"{_shown(text)}: a number in it is too large for a float")


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.msg:
        return error.msg
    if isinstance(error, MemoryError | RecursionError):
        return "it is nested too deep"
    return str(error.args[0]) if error.args else type(error).__name__


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "…")
