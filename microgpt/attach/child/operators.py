"""Which functions make a class's nodes where it defines no arithmetic: `add(a, b)`, `x.dot(w)`.

They are told by what they do, not by what they are called: they make instances, and read of others
what these hold. Which class it is a pass shows then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import CodeType
from typing import NamedTuple

from microgpt.attach.child.code_words import ARITHMETIC, is_of_the_program, nested

LEAST = 2
"""A class has so many ops at least."""


class Operator(NamedTuple):
    """A function that makes a class's nodes."""

    code: CodeType
    only_helps: bool
    """Whether it only helps to make them, as `record(value, operands)` does for `add`."""


def free_operators(
    name: str,
    body: CodeType,
    bases: tuple[object, ...],
    around: CodeType,
    *,
    only_by_name: bool = False,
) -> list[Operator]:
    """The functions beside a class, and its methods, that make its instances of others.

    Args:
        name: of the class.
        body: of it; its instances get their attributes there, or by a decorator such as dataclass.
        bases: of it.
        around: the code that builds it.
        only_by_name: whether there is another class that may have nodes.
    """
    if not is_of_the_program(body, bases):
        return []
    beside = [c for c in around.co_consts if isinstance(c, CodeType)]
    found = operators_among(name, beside)
    has_arithmetic = any(ARITHMETIC & set(c.co_names) for c in beside if _is_class(c))
    if found or only_by_name or has_arithmetic:
        return found  # the nodes are those of a class that has arithmetic
    functions = [
        code for code in nested(around)
        if not _is_class(code) and code is not around and not _is_part(code)
    ]  # fmt: skip
    return _by_what_they_do(name, body, functions)


def operators_among(name: str, codes: Iterable[CodeType]) -> list[Operator]:
    """Those of some functions that make instances of a class, if they add and multiply."""
    codes = [c for c in codes if c.co_argcount]
    makers = [c for c in codes if name in (*c.co_names, *c.co_freevars)]
    if _add_and_multiply(makers):
        return [Operator(code, only_helps=False) for code in _ops_of(makers)]
    others = [code for code in codes if code not in makers]
    found = []
    for helper in makers:
        callers = [c for c in others if helper.co_name in (*c.co_names, *c.co_freevars)]
        helps = _add_and_multiply(callers)
        found.append(Operator(helper, only_helps=helps))
        if helps:
            found += [Operator(code, only_helps=False) for code in _ops_of(callers)]
    return list(dict.fromkeys(found)) if any(each.only_helps for each in found) else []


def _ops_of(makers: list[CodeType]) -> list[CodeType]:
    """Those that are ops; what calls such is none, though it makes nodes: a model's `cell(x)`."""
    ops = {c.co_name for c in makers if _is_called(c, "add") or _is_called(c, "mul")}
    return [c for c in makers if c.co_name in ops or not ops & {*c.co_names, *c.co_freevars}]


WORDS = {"add": ("add", "plus", "sum"), "mul": ("mul", "times", "prod")}
"""In the names of functions that do this."""


def _add_and_multiply(codes: list[CodeType]) -> bool:
    return all(any(_is_called(code, op) for code in codes) for op in WORDS)


def _is_called(code: CodeType, op: str) -> bool:
    """Whether a function of at least two operands is called like an op."""
    return code.co_argcount > 1 and any(word in code.co_name.lower() for word in WORDS[op])


# -- by what they do -------------------------------------------------------------------------------


def _by_what_they_do(name: str, body: CodeType, functions: Sequence[CodeType]) -> list[Operator]:
    """The functions that make instances of a class and read of others what instances hold."""
    held = _held(body)
    spoken = {id(code): _spoken(code) for code in functions}
    reads = {id(code): bool(_read(code) & held) for code in functions}
    takes = [c for c in functions if c.co_argcount or c.co_flags & (VARIABLE | KEYWORDS)]
    takes = [c for c in takes if c.co_name not in NO_OPS]
    makers = [c for c in takes if name in spoken[id(c)] or _makes_own(c, body)]
    helpers = []
    for helper in makers:
        if reads[id(helper)] and helper.co_name not in _names_in(body):
            continue
        callers = [c for c in takes if c not in makers and helper.co_name in spoken[id(c)]
                   and reads[id(c)]]  # fmt: skip
        if len(callers) >= LEAST:
            helpers.append(helper)
            makers = [*makers, *callers]
    names = {code.co_name for code in makers}
    ops = [
        code for code in makers
        if code not in helpers and reads[id(code)]
        and not (names - {code.co_name} - {h.co_name for h in helpers}) & spoken[id(code)]
    ]  # fmt: skip
    is_enough = len(ops) >= LEAST and any(
        c.co_argcount > 1 or c.co_flags & VARIABLE or (c.co_argcount and c in _methods(body))
        for c in ops
    )
    if not is_enough:
        return []
    inside = {id(c) for op in ops for c in nested(op) if c is not op}
    ops = [code for code in ops if id(code) not in inside]  # else it is an op's own backward code
    found = [Operator(code, only_helps=True) for code in helpers]
    return list(dict.fromkeys([*found, *(Operator(code, only_helps=False) for code in ops)]))


VARIABLE, KEYWORDS = 0x04, 0x08
"""The flags of code that takes `*args` or `**keywords`."""
NO_OPS = frozenset({"__init__", "__repr__", "__str__", "__post_init__"})


def _is_class(code: CodeType) -> bool:
    return "__qualname__" in code.co_names


def _is_part(code: CodeType) -> bool:
    """Whether it is a comprehension, which belongs to the function that it is in."""
    return code.co_name.startswith("<") and code.co_name != "<lambda>"


def _names_in(body: CodeType) -> set[str]:
    return {code.co_name for code in _methods(body)}


def _methods(body: CodeType) -> list[CodeType]:
    return [c for c in body.co_consts if isinstance(c, CodeType)]


def _makes_own(code: CodeType, body: CodeType) -> bool:
    """Whether a method makes an instance of its own class: `type(self)(...)`, `cls(...)`."""
    makes = "__class__" in code.co_names or "cls" in code.co_varnames[:1]
    return makes and code in _methods(body)


def _spoken(code: CodeType) -> set[str]:
    """All names that a function speaks of; not those that functions made in it do."""
    found = {*code.co_names, *code.co_freevars}
    for inner in code.co_consts:
        if isinstance(inner, CodeType) and _is_part(inner):
            found |= _spoken(inner)
    return found


def _read(code: CodeType) -> set[str]:
    """The attributes that a function reads."""
    return set(_attributes(code, "LOAD_ATTR"))


def _held(body: CodeType) -> set[str]:
    """The attributes that a class's instances may get: set in its methods, or told in its body."""
    found = {name for code in _methods(body) for name in _attributes(code, "STORE_ATTR")}
    for code in nested(body):
        if code is body or code.co_name.startswith("__annot"):
            texts = [c for c in code.co_consts if isinstance(c, (str, tuple))]
            words = [w for text in texts for w in (text if isinstance(text, tuple) else (text,))]
            found |= {word for word in words if isinstance(word, str) and word.isidentifier()}
    return found - {"self"}


def _attributes(code: CodeType, what: str) -> Iterator[str]:
    import dis  # noqa: PLC0415  # few programs ask, and it takes a while

    for inner in (code, *(c for c in code.co_consts if isinstance(c, CodeType) and _is_part(c))):
        for each in dis.get_instructions(inner):
            if each.opname == what:
                yield str(each.argval)
