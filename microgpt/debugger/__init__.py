"""The debugger without a screen: step a real backward pass node by node, forwards and backwards."""

from microgpt.debugger.conditions import NodeCondition
from microgpt.debugger.console import Console
from microgpt.debugger.inspection import NodeView, OperandView
from microgpt.debugger.session import DebugSession
from microgpt.debugger.session_state import GradChange, State, StopCause
from microgpt.debugger.stops import StopPoint
from microgpt.train.graph_origin import GraphOrigin

__all__ = [
    "Console",
    "DebugSession",
    "GradChange",
    "GraphOrigin",
    "NodeCondition",
    "NodeView",
    "OperandView",
    "State",
    "StopCause",
    "StopPoint",
]
