"""The debugger without a screen: step a real backward pass node by node, forwards and backwards."""

from microgpt.debugger.conditions import Condition
from microgpt.debugger.console import Console
from microgpt.debugger.inspection import NodeView, OperandView
from microgpt.debugger.origin import Origin
from microgpt.debugger.session import DebugSession
from microgpt.debugger.state import GradChange, State, Stop
from microgpt.debugger.stops import StopPoint

__all__ = [
    "Condition",
    "Console",
    "DebugSession",
    "GradChange",
    "NodeView",
    "OperandView",
    "Origin",
    "State",
    "Stop",
    "StopPoint",
]
