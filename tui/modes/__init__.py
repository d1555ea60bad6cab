"""The modes, one a file: screens that show a frame of the run each in their own way.

To add a mode, write a `ModeScreen` in a file of its own here, and give it a row in `MODES`.
"""

from tui.modes.attention_mode import AttentionScreen
from tui.modes.generate_mode import GenerateScreen
from tui.modes.graph_mode import GraphScreen
from tui.modes.map_mode import MapScreen
from tui.modes.mode_screen import ModeScreen
from tui.modes.parameters_mode import ParametersScreen
from tui.modes.train_mode import TrainScreen

MODES: tuple[type[ModeScreen], ...] = (
    TrainScreen,
    MapScreen,
    GraphScreen,
    AttentionScreen,
    GenerateScreen,
    ParametersScreen,
)
"""In the order of their tabs and number keys; the first is there from the start."""
