"""A network as GraphML, which networkx, Gephi, yEd and Cytoscape read."""

from __future__ import annotations

from io import BytesIO

from microgpt.printable import printable
from viz.drawn import Drawn
from viz.network import Attribute, Network


def drawn_graphml(drawn: Drawn) -> bytes:
    """The nodes and edges of what is drawn, as a directed graph that may have parallel edges.

    Floats are in full precision; a text's characters that XML has none of are shown as codes.
    """
    import networkx as nx  # noqa: PLC0415  # takes longer than to draw most pictures

    network: Network = drawn.part("network")
    graph = nx.MultiDiGraph(title=printable(network.title))
    for node in network.nodes:
        about = {"label": node.label, "namespace": node.namespace, **node.attributes}
        graph.add_node(printable(node.key), **_writable(about))
    for number, edge in enumerate(network.edges):
        about = {"slot": edge.slot, **edge.attributes}
        graph.add_edge(
            printable(edge.source), printable(edge.target), key=str(number), **_writable(about)
        )
    file = BytesIO()
    nx.write_graphml_xml(graph, file)  # not write_graphml: what that writes depends on lxml
    return file.getvalue()


def _writable(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in attributes.items()
    }
