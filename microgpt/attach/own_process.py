"""`OwnProcess`: the passes of the program that runs us, followed as a script's are.

Classes that it has built before are found, and are given back as they were in the end.
"""

from __future__ import annotations

import gc
import math
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

from microgpt.attach.built_classes import NotesBeside, built_classes
from microgpt.attach.child.answers import answer
from microgpt.attach.child.channel import Channel, Instruction
from microgpt.attach.child.conversation import Conversation
from microgpt.attach.child.node_notes import NOTE, next_note, noted
from microgpt.attach.child.operators import Operator
from microgpt.attach.child.reading import Methods
from microgpt.attach.child.recorded import Recorded, Watched
from microgpt.attach.child.shapes import Shape, watch_classes
from microgpt.attach.ending import fault_in_words
from microgpt.attach.evaluators import ScriptMethods
from microgpt.attach.foreign_graph import graph_of
from microgpt.attach.messages import name_of_class, stop_of
from microgpt.attach.stop_rule import NEVER
from microgpt.attach.tensor_methods import AskScript, TakenApart
from microgpt.attach.wire import Field, Message
from microgpt.errors import InputError
from microgpt.graph.debuggee import Stop


class OwnChannel(Channel):
    """What would go through pipes is handed over."""

    def __init__(self) -> None:
        self.is_open = True
        self.is_wanted = True  # whether to stop at the next pass
        self.stop: Mapping[str, Field] = {}
        self.asked: Message = ("", {})
        self.answered: Mapping[str, Field] = {}
        self.classes: list[str] = []  # that are known
        self.lacking: list[str] = []  # classes of which no pass was seen, and what they lack

    def close(self) -> None:
        """Says and hears nothing any more."""
        self.is_open = False

    def question(self) -> Message:
        """What is asked about the graph at hand."""
        return self.asked

    @contextmanager
    def leaving_ctrl_c(self) -> Iterator[None]:
        """Ctrl-C is the program's own affair."""
        yield

    def order(self, about: int) -> Instruction:
        """What to do after a pass."""
        quiet = 0 if self.is_wanted else NEVER
        return Instruction(about, self.is_wanted, quiet, 0, math.inf, -math.inf)

    def may_look(self) -> bool:
        """Whether there may be an order that nobody asked for."""
        return True

    def unasked_order(self) -> Instruction:
        """That order."""
        return self.order(0)

    def send(self, kind: str, /, **fields: Field) -> None:
        """Takes what is said."""
        if kind == "stop":
            self.stop = fields
        elif kind == "evaluated":
            self.answered = fields
        elif kind in {"class", "candidate"}:
            name = name_of_class(fields)
            if kind == "class":
                self.classes.append(name)
            else:
                self.lacking.append(f"{name}: {fields['reason'][0]}")


class OwnProcess(Conversation):
    """Follows all classes of this process that may be Value-like.

    Args:
        take: is handed each stop, at which nodes can be asked for until it returns.
    """

    def __init__(self, take: Callable[[Stop], None]) -> None:
        self.channel = OwnChannel()
        super().__init__(self.channel)
        self._take = take
        self._patience = NEVER  # other classes may have passes later
        self._notes: list[tuple[NotesBeside, type]] = []
        self._made_before: list[type] = []  # classes of nodes that there were at the beginning

    def begin(self, frame: FrameType) -> None:
        """From now on.

        Args:
            frame: whose calls are looked at.
        """
        self._base, self._beyond = frame, frame.f_back
        self._rebuild = watch_classes(Recorded, Watched, self)
        for cls, shape, operators in built_classes():
            if any(issubclass(cls, kind.cls) for kind in self._classes):
                self.derived(cls)
            elif Recorded in cls.__mro__:
                self.found(cls, shape, operators)  # built in an earlier block
            else:
                self._found_built(cls, shape, operators)
        self._number_those_made()

    def _number_those_made(self) -> None:
        """Notes of nodes that were made before that they were: all by one number.

        Sorted by it they keep the order of the graph that they are in.
        """
        types = {each for kind in self._classes if not kind.has_records for each in kind.types}
        number, met = next_note(), set()
        for thing in gc.get_objects() if types else ():
            if type(thing) in types and noted(thing) is None:
                object.__setattr__(thing, NOTE, number)
                met.add(type(thing))
        self._made_before = [kind.cls for kind in self._classes if kind.types & met]

    def _found_built(self, cls: type, shape: Shape | None, operators: Sequence[Operator]) -> None:
        notes = NotesBeside()
        if cls.__module__ != "microgpt.autograd.value" and not notes.put_on(cls):
            return
        self._notes.append((notes, cls))
        self.found(cls, shape, operators)

    def finish_pass(self) -> None:
        """Ends the pass that is under way in free code, if there is one."""
        self._learner.end(None)

    def end(self, error: BaseException | None = None) -> None:
        """Up to now: all is given back as it was.

        Args:
            error: what ended the code that was looked at.
        """
        self._rebuild()
        if isinstance(error, Exception) and self.channel.is_wanted:
            self.failed(error)
        else:
            self.ended([])
        self._watch_no_more()
        self.channel.close()
        for notes, cls in self._notes:
            notes.take_off(cls)

    def wake(self, wanted: bool) -> None:
        """Whether passes are to be looked at from here on."""
        self.channel.is_wanted = wanted
        if wanted:
            self._obey(self.channel.order(0))
        else:
            self._learner.stop()

    @property
    def fault(self) -> str:
        """What is to be told of an error of ours; `""` for none."""
        return fault_in_words(self.guard.fault)

    def used_without_pass(self) -> list[str]:
        """Classes whose instances were made and whose passes were not seen, and what they lack."""
        before = [
            f"{cls.__qualname__}: its nodes were made before the block, which has to make them"
            for cls in self._made_before
        ]
        return [each for each in self.channel.lacking if not each.endswith(_UNUSED)] or before

    # -- at a stop ---------------------------------------------------------------------------------

    def _stand_still(self, methods: Methods | None) -> Instruction:
        fields = self.channel.stop
        try:
            stop = _stop_at(fields, partial(self._asked, methods))
        except InputError as error:  # arrays that cannot be taken apart
            stop = replace(stop_of(fields, None, None), problem=str(error))
        self._take(stop)
        return self.channel.order(0)

    def _asked(
        self, methods: Methods | None, kind: str, fields: Mapping[str, Field]
    ) -> Mapping[str, Field]:
        if methods is None:
            raise InputError("there is no graph to ask about")
        self.channel.asked = (kind, {"question": array("q", [0]), **fields})
        answer(self.channel, self._learner, methods)
        return self.channel.answered


_UNUSED = "no instance of it was made"


def _stop_at(fields: Mapping[str, Field], ask: AskScript) -> Stop:
    if "dims" in fields:
        apart = TakenApart(fields, ask)
        return stop_of(fields, apart.graph(fields), apart.methods(ask))
    methods: Any = ScriptMethods(partial(ask, "evaluate"))
    return stop_of(fields, graph_of(fields, methods) if "data" in fields else None, methods)
