"""Every kind of picture that `viz` makes, for one document, into a folder.

From the whole graph down to a softmax of single scalars; then a parameter's surroundings, the
attention weights, and the first picture's boxes and edges as JSON.

python examples/export_figures.py emma figures
python examples/export_figures.py emma figures --train 100 --suffix .png
"""

import argparse
from pathlib import Path

import viz
from microgpt import InputError, ModelSnapshot, Training, load_corpus
from viz.attention_panels import AttentionPattern, attention_dot
from viz.export import write_view
from viz.formats import suffixes

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("document", nargs="?", default="emma", help="what to compute (emma)")
parser.add_argument("folder", nargs="?", type=Path, default="figures", help="made if missing")
parser.add_argument("--train", type=int, default=0, metavar="N", help="steps to train before (0)")
parser.add_argument("--suffix", default=".svg", choices=suffixes(), help="kind of file")
parser.add_argument("--data", default="names", metavar="NAME|FILE", help="the corpus (names)")
arguments = parser.parse_args()
try:
    run = Training(load_corpus(arguments.data))
    ModelSnapshot.of(run).check_document(arguments.document)
    if arguments.train:
        for result in run.results(arguments.train):
            print(f"step {result.step:4d} | loss {result.loss:.4f}")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    viz.check_output(arguments.folder / f"graph{arguments.suffix}")
except (InputError, OSError) as error:
    parser.error(str(error))

model = ModelSnapshot.of(run)
graph = model.graph(arguments.document)
folding = viz.Folding(graph)
last = f"pos{len(arguments.document)}"
weight = "layer0.attn_wq[0][0]"
folded_views = {
    "1-overview": viz.folded(folding),
    "2-position": viz.folded(folding, folding.scope(last)),
    "3-attention": viz.folded(folding, folding.scope(f"{last}/layer0/attn")),
    "4-head": viz.folded(folding, folding.scope(f"{last}/layer0/attn/head0"), depth=2),
    "5-softmax": viz.folded(folding, folding.scope(f"{last}/layer0/attn/head0/softmax"), depth=3),
    "6-parameter": viz.neighbourhood(graph, graph.find(weight), hops=2),
}
caption = f"“{arguments.document}” after {run.step} steps"
for name, view in folded_views.items():
    path = arguments.folder / f"{name}{arguments.suffix}"
    viz.write_picture(viz.to_dot(view, caption), path)
    print(f"wrote {path}: {view.title}, {len(view.boxes)} boxes")

tokens = tuple(map(model.tokenizer.label, model.tokenizer.encode(arguments.document)[:-1]))
pattern = AttentionPattern(tokens, model.computed(arguments.document).attention_weights())
path = arguments.folder / f"7-attention-weights{arguments.suffix}"
viz.write_picture(attention_dot(pattern, caption), path)
print(f"wrote {path}: a panel for each head")

path = arguments.folder / "8-overview.json"
write_view(folded_views["1-overview"], path, caption)
print(f"wrote {path}: the same boxes and edges for other programs")
