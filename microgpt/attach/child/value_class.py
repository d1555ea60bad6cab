"""`ValueClass`: a Value-like class of the script, and the hook that records how its nodes are made.

Recording is switched on only for the computations that are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CodeType, FrameType
from typing import Any

from microgpt.attach.child.anatomy import Store, Subject, held_in, own_attribute, read
from microgpt.attach.child.calls_around import CallsAround
from microgpt.attach.child.function_objects import FunctionObjects, name_of_function
from microgpt.attach.child.hooked_inits import HookedInits
from microgpt.attach.child.init_hook import hooked_init
from microgpt.attach.child.makers import Makers
from microgpt.attach.child.node_notes import (
    NOTE,
    More,
    Origins,
    give_number,
    noted,
    number_in,
    origin_in,
)
from microgpt.attach.child.op_names import exponent, op_name
from microgpt.attach.child.operand_notes import (
    captured_by,
    in_order,
    nodes_in,
    noted_operands,
)
from microgpt.attach.child.operators import Operator
from microgpt.attach.child.recorded import NO_ARGUMENTS, Arguments, Call, Label, Node, arguments_of
from microgpt.attach.child.shapes import (
    Shape,
    codes_of,
    functions_of,
    only_helps,
)
from microgpt.autograd.call_paths import CallPaths
from microgpt.autograd.scopes import Scope, Site

DERIVED = 2
"""A class with more of them, itself included, has one for each op."""


def _raised(error: Exception) -> None:
    raise error


class ValueClass:
    """A Value-like class of the script."""

    has_records = False
    """Whether its nodes say themselves what else is noted of them."""

    def __init__(self, cls: type, shape: Shape | None, base: FrameType) -> None:
        self.cls = cls
        self.shape = shape  # where its nodes keep what; None until that is learnt
        self.base = base  # the frame that runs the script
        # A `__getattr__` of the class's own would invent what is not there.
        reads: Any = cls.__getattribute__
        self.is_plain = reads is object.__getattribute__ and not hasattr(cls, "__getattr__")
        self._own: Any = getattr if self.is_plain else lambda n, name, _: own_attribute(n, name)
        self.origins = Origins()
        self.asked_until = 0  # the newest origin when unused ones were asked for
        self.types = {cls}  # of its nodes, those derived from it included
        self.is_free = False  # whether its passes are loops of the script, and no function
        self.holds_arrays: bool | None = None  # of numpy; None: not known
        self.is_slow = False  # whether these can only be seen by watching all that is written
        self.n_seen = 0  # nodes made while it was watched
        self.sample: Node = None  # one of them
        self.result: Node = None  # an earlier one, if that has older ones in its attributes
        self.written_other = ""  # in words, what was written to one that is no float
        self.is_numberless = False  # whether one was given a number that had none
        self.failed: Callable[[Exception], None] = _raised  # is told what fails in our hooks
        self._functions = FunctionObjects(self.is_node)
        self._calls_around = CallsAround(self.is_node)
        self._makers = Makers(self.types, self._calls_around)
        self.free: list[CodeType] = []  # of operators that are no methods
        self.codes: list[CodeType] = []  # of all that it defines
        # By id, since hashing a code object compares all of it. True for mere parts of an op.
        self._is_part: dict[int, bool] = {}
        self._methods: set[int] = set()  # by id of their code, which those inside them are not
        self._inits = HookedInits()
        self.add_code(cls)

    def add_operators(self, operators: Sequence[Operator]) -> None:
        """Counts functions that are no methods as the class's own: they make its nodes."""
        self._is_part.update((id(code), helps) for code, helps in operators)
        self.free += [code for code, _ in operators]

    def add_code(self, cls: type) -> None:
        """Counts the code of a class derived from this one as the class's own."""
        self.types.add(cls)
        self._methods.update(id(function.__code__) for function in functions_of(cls))
        for code in codes_of(cls):
            if id(code) not in self._is_part:
                self.codes.append(code)
                self._is_part[id(code)] = only_helps(code.co_name)
        for member in vars(cls).values():
            if isinstance(member, (classmethod, staticmethod)):  # `from_op` makes, but is no op
                self._is_part[id(getattr(member.__func__, "__code__", None))] = True

    # -- recording ---------------------------------------------------------------------------------

    @property
    def known_shape(self) -> Shape:
        """The shape of a class that is known."""
        assert self.shape is not None
        return self.shape

    @property
    def is_armed(self) -> bool:
        """Whether nodes are recorded."""
        return self.records(self.cls)

    def records(self, cls: type) -> bool:
        """Whether instances of this class, or of one derived from it, are recorded."""
        return self._inits.are_on(cls, self.cls)

    def arm(self, base: FrameType) -> None:
        """Records every node made from now on; their scopes are the calls below a frame."""
        self.disarm()
        self.origins.forget_unused(self.types)
        self._inits.put_on(self.cls, self.types, lambda cls: self._recording_init(cls, base))

    def disarm(self) -> None:
        """Records no more: the class is as the script built it."""
        self._inits.take_off()
        self._calls_around.forget()

    def _recording_init(self, cls: type, base: FrameType) -> Any:
        hook = hooked_init(
            cls,
            self._is_part.get,
            CallPaths(base, calls_in_scopes=True).site_of,
            self.origins,
            self._arguments_of,
            self._calls_around.given_to,
            in_order if self.shape is not None and self.shape.is_closure else None,
            self.failed,
            notes_all=self._notes_all,
            listed_in=self.shape.listed_in if self.shape and self.is_plain else "",
        )
        if code := getattr(hook, "__code__", None):
            self._is_part[id(code)] = True  # of a base's, called by a derived class's
        return hook

    @property
    def uses_tape(self) -> bool:
        """Whether its nodes hold no operands themselves."""
        store = self.shape.store if self.shape else None
        return store is not None and not store.paths

    @property
    def _notes_all(self) -> bool:
        """Whether what sums and products are called with has to be noted, too."""
        if self.shape is None or self.holds_arrays:
            return True
        store = self.shape.store
        return store is not None and (not store.paths or store.is_unordered)

    def _arguments_of(self, maker: FrameType) -> tuple[CodeType, Arguments | None]:
        """The code of the op that a method is which makes a node, and what that was called with.

        The op is the operator that has called this method with its own operands: `__mul__` where
        all operators call one `combine`.
        """
        arguments = arguments_of(maker)
        if arguments is None:
            return maker.f_code, None
        outer = maker.f_back
        if outer is not None and maker.f_code.co_name[:2] != "__" and self._is_operator(outer):
            called = arguments_of(outer)
            given = list(map(id, filter(self.is_node, arguments.all())))
            if called and given == list(map(id, filter(self.is_node, called.all()))):
                maker, arguments = outer, called
        return maker.f_code, arguments

    def _is_operator(self, call: FrameType) -> bool:
        code = call.f_code
        return code.co_name[:2] == "__" and self._is_part.get(id(code)) is False

    # -- the class ---------------------------------------------------------------------------------

    def owns(self, code: CodeType) -> bool:
        """Whether code is of the class itself."""
        return id(code) in self._is_part

    def replaced(self, cls: type) -> None:
        """A decorator made another class of it, as `dataclass(slots=True)` does."""
        self.disarm()
        self.cls = cls
        self.types.add(cls)

    # -- what is known of a node -------------------------------------------------------------------

    def is_node(self, thing: object) -> bool:
        """Whether something is an instance of the class."""
        return isinstance(thing, self.cls)

    def operands(self, node: Node) -> tuple[Node, ...]:
        """A node's operands, in call order; `x * x` has x twice.

        From the class's own sequence, else as recorded, else from the variables of its closure.
        """
        assert self.shape is not None
        if self.shape.store is not None:
            return self._stored(node, self.shape.store)
        held = getattr(node, self.shape.operands, None) or ()
        if isinstance(held, (tuple, list)):
            return tuple(held)
        ids = set(map(id, held))
        noted = noted_operands(node, held)
        if set(map(id, noted)) == ids:
            return noted
        closure = getattr(node, self.shape.visited, None)
        captured = tuple(value for value in captured_by(closure) if id(value) in ids)
        return captured if set(map(id, captured)) == ids else tuple(held)

    def _stored(self, node: Node, store: Store) -> tuple[Node, ...]:
        """The operands that lie where the class was seen to keep them."""
        if not store.paths:
            return self.made_from(node) or ()
        if len(store.paths) == 1 and len(store.paths[0]) == 1 and not store.only_older:
            only = self._own(node, store.paths[0][0], None)
            if only.__class__ in (tuple, list) and self.types.issuperset(map(type, only)):
                return tuple(only)
        held: list[Node] = []
        for path in store.paths:
            value = read(node, path)
            held += (each for each in held_in(value, self.is_node) if each is not node)
        if store.only_older:
            age = self._age(node)
            held = [each for each in held if self._age(each) < age]
        if store.is_unordered and held:
            noted = self.made_from(node) or ()
            if set(map(id, noted)) == set(map(id, held)):
                return noted
        return tuple(held)

    def made_from(self, node: Node) -> tuple[Node, ...] | None:
        """The nodes that the method which made it was called with, None if that was not noted."""
        maker, given = self.maker(node), self._arguments(node)
        if maker is None or given is None:
            return None
        if not self.owns(maker):  # any function: those count that list what is made of them
            return self._calls_around.consumed_by(node, self._age(node), given)
        found = nodes_in(given.all(), self.is_node)
        return tuple(each for each in found if each is not node)

    def sets_first(self, name: str) -> bool:
        """Whether its `__init__` sets an attribute."""
        return any(name in c.co_names for c in self.codes if c.co_name == "__init__")

    def give_number(self, node: Node) -> None:
        """Notes that a node was made, where its `__init__` was not hooked yet."""
        if self.note_of(node) is None:
            give_number(node)

    def is_making(self, node: Node, code: CodeType) -> bool:
        """Whether this code of the class's own is what makes a node."""
        return self.maker(node) is code and self.owns(code)

    def is_method(self, thing: Any) -> bool:
        """Whether something to call is a method of the class."""
        return id(getattr(thing, "__code__", None)) in self._methods

    def subject(self) -> Subject:
        """The class as one that is to be learnt."""
        return Subject(self.is_node, self._age, self.made_from, self._called)

    def _age(self, node: Node) -> int:
        number = self.number(node)
        return -1 if number is None else number

    def _called(self, node: Node) -> str:
        maker = self.maker(node)
        return "" if maker is None else maker.co_name.strip("_")

    def below_one(self, node: Node, store: Store) -> tuple[Node, ...]:
        """A node's operands, if they lie where a store says."""
        return self._stored(node, store)

    def below(self, root: Node, store: Store) -> list[Node]:
        """A node and all that it was made of, itself first."""
        found, seen = [root], {id(root)}
        for node in found:
            for each in self._stored(node, store):
                if id(each) not in seen:
                    seen.add(id(each))
                    found.append(each)
        return found

    # -- its numbers -------------------------------------------------------------------------------

    def data(self, node: Node) -> Any:
        """A node's number."""
        name = self.shape.data if self.shape else ""
        return getattr(node, name) if name else float(node)

    def set_data(self, node: Node, number: Any) -> None:
        """Gives it another one."""
        if not self.known_shape.data:
            raise AttributeError("its nodes are numbers themselves, which nothing can change")
        setattr(node, self.known_shape.data, number)

    def grad(self, node: Node) -> Any:
        """Its gradient, 0 if it has none yet."""
        name = self.known_shape.grad
        return own_attribute(node, name) if name else 0.0

    def note_of(self, node: Node) -> Any:
        """What is noted of a node, None until it is made."""
        return getattr(node, NOTE, None) if self.is_plain else noted(node)

    def number(self, node: Node) -> int | None:
        """Its creation number, None if it was made while nothing was recorded."""
        return number_in(self.note_of(node))

    def maker(self, node: Node) -> CodeType | None:
        """The code that made it."""
        return self.origins.maker(origin_in(self.note_of(node)))

    def source(self, node: Node, *, is_leaf: bool) -> CodeType | None:
        """The code that computes its number: of its function object, if it has one."""
        function = None if is_leaf else self._functions.of(node)
        forward = getattr(function, "forward", None)
        return getattr(forward, "__code__", None) or self.maker(node)

    def _arguments(self, node: Node) -> Arguments | None:
        note = self.note_of(node)
        return note.arguments if isinstance(note, More) else None

    def site(self, node: Node) -> Site | Scope | None:
        """Where the script made it, as far as was recorded."""
        return self.origins.site(origin_in(self.note_of(node)))

    def op(self, node: Node, is_leaf: bool) -> str:
        """Its op's name: of the method that made it, else what the class calls it."""
        maker = self.maker(node)
        is_own = maker is not None and self.owns(maker)
        if is_leaf:
            return "const" if is_own else "input"
        function = self._functions.of(node)
        if function is not None:
            return name_of_function(function)
        told = "" if is_own else self.origins.called(origin_in(self.note_of(node)))
        called = told or self._own(node, "_op", None)
        if not is_own and not called and type(node) is not self.cls and len(self.types) > DERIVED:
            return name_of_function(type(node))  # each op is a class derived from it
        return op_name(maker, called, is_own=is_own)

    def immediate(self, node: Node) -> float | None:
        """The exponent of a pow by a plain number, if it is known."""
        given = (self._arguments(node) or NO_ARGUMENTS).positional
        return exponent(self.maker(node), given, self._own(node, "_op", None))

    def call(self, node: Node, operands: tuple[Node, ...]) -> Call | str:
        """How to make a node again; or in words why that is not known.

        Args:
            node: the node.
            operands: what it was made from, which is what its method was called with if nothing
                else was noted.
        """
        maker = self.maker(node)
        functions = (f for above in type(node).__mro__ for f in functions_of(above))
        own = next((f for f in functions if f.__code__ is maker), None)
        if own is None or self._arguments(node) is None:
            apply = self._functions.maker_of(node)
            if apply is not None:
                return Call(apply, operands, {})
        if maker is None:
            return "it was made while nothing was recorded"
        given = self._arguments(node)
        function = own or self._makers.found(self.cls, maker, given, is_op=self.owns(maker))
        return (
            function
            if isinstance(function, str)
            else Call(function, *(given or Arguments(operands, {})))
        )

    def label(self, node: Node) -> Label | None:
        """What a node says that it is called."""

    def maximum_of(self, node: Node) -> tuple[Node, ...]:  # noqa: ARG002
        """The nodes whose largest value a leaf stands for, as far as it says."""
        return ()
