"""The debugger's panes: one graph, its boxes, both of its passes, and the verbs that move there."""
