"""The parameters of one graph over its boxes: a script's, a document's, anyone's."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container

from tui.dialogs.dialog import Dialog
from tui.training.shown_parameters import ShownParameters
from tui.widgets.parameters_pane import ParametersPane


class ProgramParametersScreen(Dialog[str | None]):
    """Its result is the name of a number to be shown among the boxes, None for none."""

    BINDINGS = [Binding("escape,6,q", "dismiss(None)", "Close")]

    def __init__(self, shown: ShownParameters, chosen: str = "") -> None:
        """Shows matrices.

        Args:
            chosen: name of the number or matrix that the cursor begins on, if there is one.
        """
        super().__init__()
        self._shown, self._chosen = shown, chosen

    def compose(self) -> ComposeResult:
        """The same panes as in the mode of a training."""
        with Container(id="program-parameters") as around:
            around.border_title = "parameters"
            around.border_subtitle = (
                "v view · PgUp PgDn matrix · W all of it · ⏎ its box · Y copy · esc"
            )
            yield ParametersPane()

    def on_mount(self) -> None:
        """They are there from the start."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        for pane in self.query(ParametersPane):  # none, where it is closed already
            pane.show(self._shown)
            pane.go_to(self._chosen)

    def key_Y(self) -> None:  # noqa: N802  # Textual's name for the key
        """Copies the number at hand."""
        told = self.query_one(ParametersPane).number_at_hand()
        if told:
            self.app.copy_to_clipboard(told)
            self.notify(told, title="copied", timeout=2, markup=False)

    @on(ParametersPane.Opened)
    def _open(self, event: ParametersPane.Opened) -> None:
        self.dismiss(event.entry)
