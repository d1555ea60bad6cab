"""`ProgramApp`: what apps around one `DebuggerPane` have in common, whoever computes the graphs."""

from __future__ import annotations

from tui.base.base_app import BaseApp
from tui.debugger.debugger_pane import DebuggerPane
from tui.doctor.doctor_panel import DoctorPanel


class ProgramApp(BaseApp):
    """Shows graphs in a `DebuggerPane`, with the keys of `ALONE`."""

    @property
    def _pane(self) -> DebuggerPane | None:
        """None while the app is left: its widgets go before its last messages come."""
        return next(iter(self.query(DebuggerPane)), None)

    def action_parameters(self) -> None:
        """The matrices of the graph at hand."""
        self.query_one(DebuggerPane).open_parameters(self)

    def action_findings(self) -> None:
        """The doctor's panel, or no more."""
        if not self.query_one(DoctorPanel).toggle():
            self.query_one(DebuggerPane).focus_view()
