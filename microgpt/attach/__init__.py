"""Attaching to anyone's code: run a script unmodified, and get the Graphs that it computes.

The script runs in a process of its own, with the rights of the user who starts it. `child` is what
runs inside that process; everything else is on our side.
"""

from microgpt.attach.output import OutputTail
from microgpt.attach.process import ScriptProcess
from microgpt.attach.stop_rule import Condition, StopRule
from microgpt.graph.debuggee import Ended, Stop

__all__ = ["Condition", "Ended", "OutputTail", "ScriptProcess", "Stop", "StopRule"]
