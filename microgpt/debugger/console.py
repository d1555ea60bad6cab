"""Reads lines and carries them out on a session; says what could be typed next.

The prompt, scripts and a screen's command line differ only in where lines come from and where
outcomes go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from microgpt.debugger import saved_stops, verbs
from microgpt.debugger.condition_syntax import TEXT_TESTS
from microgpt.debugger.condition_terms import FUNCTIONS, TERMS
from microgpt.debugger.node_references import NodeNames
from microgpt.debugger.outcome import Outcome
from microgpt.debugger.session import DebugSession
from microgpt.debugger.verbs import TypedLine, find_verb, parse
from microgpt.errors import InputError, repeating_little
from microgpt.graph.graph import Graph

MOST_COMPLETIONS = 200

PROMPT = "(microgpt) "
"""Stands before every verb, typed or echoed."""


class Console:
    """A session that takes lines.

    >>> from microgpt import Graph, Value
    >>> a = Value(2.0, name="a")
    >>> loss = a * a
    >>> loss.backward()
    >>> console = Console(DebugSession(Graph.from_value(loss)))
    >>> outcome = console.execute("w a")
    >>> outcome.verb, console.execute("c").state.event
    ('watch', 1)
    """

    def __init__(self, session: DebugSession) -> None:
        self.session = session
        self._names: tuple[Graph, NodeNames] | None = None

    def execute(self, line: str) -> Outcome | None:
        """Carries out a line; None of an empty one or a comment.

        Raises:
            MicrogptError: the line was not understood, or cannot be done here; the session stands
                where it stood.
        """
        typed = parse(line)
        return None if typed is None else self.carry_out(typed)

    def carry_out(self, typed: TypedLine) -> Outcome:
        """Carries out a line that was understood.

        Raises:
            MicrogptError: it cannot be done here; the session stands where it stood.
        """
        session = self.session
        if typed.verb.needs_whole:
            session.check_whole(typed.verb.name)
        with repeating_little(typed.argument):
            answer = typed.verb.run(session, typed.argument)
        return Outcome(typed.verb.name, session.state, answer, session.timeline)

    def completions(self, line: str) -> tuple[int, list[str]]:
        """What could stand at the end of a line that is being typed.

        Returns:
            How many characters at the end are being completed, and what could stand there.
        """
        word, space, argument = line.lstrip().partition(" ")
        if not space:
            return len(word), [verb.name for verb in verbs.VERBS if verb.name.startswith(word)]
        try:
            kind = find_verb(word).argument
        except InputError:
            return 0, []
        argument = argument.lstrip()
        last = argument
        if kind == "condition":  # the last name in it, be it in quotes or parentheses
            last = re.split(r"""[\s"'(,]""", argument)[-1]
        return len(last), list(islice(self._candidates(kind, last), MOST_COMPLETIONS))

    def _candidates(self, kind: str, prefix: str) -> Iterator[str]:
        session, words = self.session, list[str]()
        if kind == "condition":
            words = [*TERMS, *FUNCTIONS, *TEXT_TESTS, "and", "or", "not", *session.graph.op_names]
        elif kind == "place":
            words = ["start", "end", "forward", "backward"]
        elif kind == "stop":
            words = [str(point.number) for point in session.stops.listed()]
        elif kind == "name":
            words = list(saved_stops.saved_names())
        elif kind == "verb":
            words = [verb.name for verb in verbs.VERBS]
        yield from (word for word in words if word.startswith(prefix))
        if kind == "scope":
            paths = (scope.path for scope in session.graph.scopes if scope.path)
            yield from (path for path in paths if path.startswith(prefix))
        elif kind in {"condition", "place", "node", "nodes"}:
            yield from self._node_names().starting_with(prefix)

    def _node_names(self) -> NodeNames:
        graph = self.session.graph
        if self._names is None or self._names[0] is not graph:
            self._names = graph, NodeNames(graph)
        return self._names[1]
