"""The tree of boxes beside the canvas; a branch is filled when it is opened."""

from __future__ import annotations

from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tui.debugger.layout import title_of
from viz.boxes import Box, Folding
from viz.style import SCOPE_GLYPH


class ScopeTree(Tree[Box], inherit_bindings=False):
    """Scopes, parameters and groups of a graph, down to single scalars."""

    BINDINGS = [
        Binding("up", "cursor_up", "Up", show=False),
        Binding("down", "cursor_down", "Down", show=False),
        Binding("right", "toggle_node", "Unfold", show=False),
        Binding("left", "cursor_parent", "Parent", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("enter", "select_cursor", "Look into", show=False),
    ]

    class BoxChosen(Message):
        """A box was chosen in the tree."""

        def __init__(self, box: Box) -> None:
            super().__init__()
            self.box = box

    def __init__(self) -> None:
        super().__init__("graph")
        self.show_root = False
        self.guide_depth = 2
        self._folding: Folding | None = None

    def show(self, folding: Folding, focus: Box, selected: str) -> None:
        """Shows a graph's boxes, opened down to the focus, with the cursor on the selection."""
        opened = folding is not self._folding
        if opened:
            self._folding = folding
            self.clear()
            self.root.data = folding.root
            self._fill(self.root)
        branch = self.root
        for box in (*focus.ancestors[1:], focus)[: None if focus.parent else 0]:
            found = self._child(branch, box.key)
            if found is None:
                break
            branch = found
            self._fill(branch)
            if not branch.is_expanded:  # to expand it again would draw every line anew
                branch.expand()
                opened = True
        at = self._child(branch, selected) or branch
        if opened:  # its lines exist only after the next refresh
            self.call_after_refresh(self._put_cursor, at)
        else:
            self._put_cursor(at)

    def _put_cursor(self, node: TreeNode[Box]) -> None:
        if node is not self.root and node.line >= 0:
            with self.prevent(Tree.NodeSelected):
                self.move_cursor(node)

    @staticmethod
    def _child(branch: TreeNode[Box], key: str) -> TreeNode[Box] | None:
        return next((c for c in branch.children if c.data and c.data.key == key), None)

    def _fill(self, branch: TreeNode[Box]) -> None:
        if branch.children or branch.data is None or self._folding is None:
            return
        for box in self._folding.children(branch.data):
            # The tree's own arrow already says that a branch opens.
            label = title_of(self._folding.graph, box).removeprefix(f"{SCOPE_GLYPH} ")
            if box.parent and box.kind != "node":  # fc1 holds [0…7], not fc1[0…7] again
                label = label.replace(box.parent.label, "", 1) or label
            title = Text(label, no_wrap=True)
            branch.add(title, box, allow_expand=box.kind != "node")

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Box]) -> None:
        """Fills a branch that is opened for the first time."""
        self._fill(event.node)

    def on_tree_node_selected(self, event: Tree.NodeSelected[Box]) -> None:
        """Enter or a click on a line."""
        event.stop()
        if event.node.data is not None:
            self.post_message(self.BoxChosen(event.node.data))
