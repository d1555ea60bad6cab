"""The one table of the debugger's verbs, and the parser of lines that everyone shares.

The prompt, scripts, `-c`, and a screen's command line all read lines here; help and completion come
from the same rows. To add a verb, add a row here and its function in `commands.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from microgpt.debugger import commands
from microgpt.debugger.outcome import Answer
from microgpt.debugger.session import DebugSession
from microgpt.errors import InputError

ArgumentKind: TypeAlias = Literal[
    "", "count", "place", "condition", "node", "nodes", "scope", "stop", "name", "verb"
]
"""What a verb's argument is, for completion: a moment, a scope, a breakpoint's number, ..."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One row of the table.

    Attributes:
        name: its full name.
        short: what may be typed instead, before unique beginnings of names are tried.
        group: the heading it stands under.
        usage: its argument, in brackets if it can be left out; `""` if it takes none.
        help: what it does, a phrase.
        example: a whole line.
        argument: the kind of argument.
        run: does it.
    """

    name: str
    short: tuple[str, ...]
    group: str
    usage: str
    help: str
    example: str
    argument: ArgumentKind
    run: Callable[[DebugSession, str], Answer]

    @property
    def is_slow(self) -> bool:
        """Whether it may take longer than a key may: a screen does not wait for it."""
        return self.group not in (_GO, _BACK, _LOOK, _STOP, _SESSION)


_GO, _BACK, _LOOK = "go on", "go back", "look"
_STOP, _WHY, _WHAT_IF = "break and watch", "ask why", "what if"
_CHECK, _PROGRAM, _SESSION = "check", "script", "session"

VERBS: tuple[Verb, ...] = (
    Verb("step", ("s",), _GO, "[COUNT]", "on by one event, or by some",
         "step 10", "count", commands.step),
    Verb("next", ("n",), _GO, "", "over the scope at hand, to where the next begins",
         "next", "", commands.next_),
    Verb("finish", ("o", "f"), _GO, "[SCOPE]",
         "until the scope around the one at hand is done: from attn/q out of attn",
         "finish pos1", "scope", commands.finish),
    Verb("until", ("u",), _GO, "CONDITION", "on to the next visit for which it holds",
         'until op == "exp" and data > 1', "condition", commands.until),
    Verb("continue", ("c",), _GO, "", "on to the next breakpoint or watchpoint",
         "continue", "", commands.continue_),
    Verb("goto", ("g",), _GO, "EVENT|NODE|start|end",
         "to an event of the pass at hand or, as `backward 0`, of the other; or to a node's visit",
         "goto backward 0", "place", commands.goto),
    Verb("back", ("S", "rs", "reverse-step"), _BACK, "[COUNT]", "back by one event, or by some",
         "back 10", "count", commands.back),
    Verb("reverse-next", ("N", "rn"), _BACK, "",
         "to where the scope at hand began, or from there to the one before",
         "reverse-next", "", commands.reverse_next),
    Verb("reverse-finish", ("O", "rf"), _BACK, "[SCOPE]", "to before the scope was begun",
         "reverse-finish", "scope", commands.reverse_finish),
    Verb("reverse-until", ("ru",), _BACK, "CONDITION",
         "to the last visit before for which it holds",
         "reverse-until abs(grad) > 0.1", "condition", commands.reverse_until),
    Verb("reverse-continue", ("C", "rc"), _BACK, "",
         "to the last breakpoint or watchpoint before",
         "reverse-continue", "", commands.reverse_continue),
    Verb("print", ("p",), _LOOK, "[NODE]", "a node's data and grad, now and in the end",
         "print layer0.attn_wq[3][7]", "node", commands.print_),
    Verb("select", (), _LOOK, "NODE", "make a node the one that verbs without a NODE are about",
         "select pos1/layer0/attn/q[3]", "node", commands.select),
    Verb("where", (), _LOOK, "", "where the session stands", "where", "", commands.where),
    Verb("list", ("l",), _LOOK, "[NODE]", "the source line that made a node, with those around it",
         "list #3772", "node", commands.list_),
    Verb("search", ("/",), _LOOK, "CONDITION|NAME",
         "the nodes for which a condition holds in the end, or with such a name",
         "search fan_out > 20", "condition", commands.search),
    Verb("break", ("b",), _STOP, "CONDITION|OP|SCOPE|NODE", "stop at every visit of such a node",
         'break scope within "pos2/layer0" and data < -1', "condition", commands.break_),
    Verb("watch", ("w",), _STOP, "NODE|MATRIX|ROW|SCOPE",
         "stop at every event that changes a grad there",
         "watch layer0.attn_wq[3]", "nodes", commands.watch),
    Verb("breakpoints", ("info",), _STOP, "", "list breakpoints and watchpoints, and their hits",
         "breakpoints", "", commands.breakpoints),
    Verb("enable", (), _STOP, "[NUMBER]", "let one stop again, or all", "enable 2", "stop",
         commands.enable),
    Verb("disable", (), _STOP, "[NUMBER]", "let one stop nothing, or all", "disable 2", "stop",
         commands.disable),
    Verb("delete", ("d",), _STOP, "[NUMBER]", "take one away, or all", "delete 2", "stop",
         commands.delete),
    Verb("why", ("y",), _WHY, "[NODE]",
         "why a gradient has its value: by position, by head, by consumer, by path",
         "why layer0.attn_wq[3][7]", "node", commands.why),
    Verb("flow", (), _WHY, "[NODE]", "where a node goes: how losses and logits move with it",
         "flow wpe[1][2]", "node", commands.flow),
    Verb("set", ("e",), _WHAT_IF, "NODE = VALUE", "what if a node, a parameter say, had this value",
         "set layer0.attn_wq[3][7] = 0.5", "node", commands.set_),
    Verb("token", (), _WHAT_IF, "POSITION = CHARACTER",
         "what if another character were read at a position",
         "token 2 = a", "", commands.token),
    Verb("zero", ("z",), _WHAT_IF, "SCOPE", "what if a scope gave zeros to the rest",
         "zero pos1/layer0/attn/head2/mix", "scope", commands.zero),
    Verb("mean", (), _WHAT_IF, "SCOPE",
         "what if a scope gave its mean over the first 64 documents at its position",
         "mean pos1/layer0/attn/head2/mix", "scope", commands.mean),
    Verb("patch", (), _WHAT_IF, "SCOPE from DOCUMENT",
         "what if a scope gave what it gives in another document at the same position",
         "patch pos1/layer0/attn/head2/mix from olivia", "scope", commands.patch),
    Verb("undo", ("U",), _WHAT_IF, "", "take the last change back", "undo", "", commands.undo),
    Verb("changes", (), _WHAT_IF, "", "list the changes in force, and what they do together",
         "changes", "", commands.edits),
    Verb("gradcheck", ("G",), _CHECK, "[NODE|MATRIX|SCOPE|all] [step SIZE]",
         "compare gradients with central differences, worst first",
         "gradcheck layer0.attn_wq[3]", "nodes", commands.gradcheck),
    Verb("anomalies", (), _CHECK, "",
         "where a number first overflows or is not one: forward, backward, in the update",
         "anomalies", "", commands.anomalies),
    Verb("health", (), _CHECK, "",
         "dead units, saturated softmaxes, vanishing or exploding gradients, idle parameters",
         "health", "", commands.health),
    Verb("run", ("r",), _PROGRAM, "[COUNT]",
         "let the script go on to its next backward(), or some further, and debug that",
         "run 10", "count", commands.run),
    Verb("save", (), _SESSION, "NAME", "keep breakpoints and watchpoints under a name",
         "save heads", "name", commands.save),
    Verb("load", (), _SESSION, "NAME", "take the breakpoints and watchpoints kept under a name",
         "load heads", "name", commands.load),
    Verb("help", ("h", "?"), _SESSION, "[VERB]", "all verbs, or one", "help until", "verb",
         commands.help_),
    Verb("quit", ("q", "exit"), _SESSION, "", "leave the debugger", "quit", "", commands.quit_),
)  # fmt: skip
"""Every verb, by group."""

_BY_WORD = {word: verb for verb in VERBS for word in (verb.name, *verb.short)}


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line that was understood: a verb, and its argument as it was typed."""

    verb: Verb
    argument: str


def parse(line: str) -> TypedLine | None:
    """The verb and argument of a line; None of an empty one or a comment, which begins with `#`.

    Raises:
        InputError: there is no such verb, or several; or it wants an argument, or none.
    """
    line = line.strip()
    if not line or line.startswith("#"):
        return None
    word, argument = _split(line)
    verb = find_verb(word)
    if not verb.usage and argument:
        raise InputError(f"{verb.name} takes no argument, and {argument!r} was given")
    if verb.usage and not verb.usage.startswith("[") and not argument:
        raise InputError(f"{verb.name} needs {verb.usage}, as in: {verb.example}")
    return TypedLine(verb, argument)


def find_verb(word: str) -> Verb:
    """The verb of a name, a short form or an unmistakable beginning.

    Raises:
        InputError: there is none, or there are several.
    """
    if word in _BY_WORD:
        return _BY_WORD[word]
    found = [verb for verb in VERBS if verb.name.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{word!r} could be {', '.join(verb.name for verb in found)}")
    raise InputError(f"no verb {word!r}; `help` lists them")


def typed_verb(line: str) -> str:
    """What to call the verb of a line that was not understood: its full name, or as typed."""
    word, _ = _split(line.strip())
    try:
        return find_verb(word).name
    except InputError:
        return word


def _split(line: str) -> tuple[str, str]:
    if line.startswith("/"):
        return "/", line[1:].strip()
    word, *rest = line.split(maxsplit=1)
    return word, rest[0].strip() if rest else ""
