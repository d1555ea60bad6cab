"""The model looked at before time goes into training: it is like the one that comes of it."""

from __future__ import annotations

import pytest

from microgpt import InputError, ModelSnapshot, Training, load_corpus
from tests.tui.cli.command import TINY_MODEL
from tui.cli.main import command_parser
from tui.cli.options import trained_model
from tui.cli.options.model_options import model_config_from


def test_a_document_is_checked_without_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["graph", "anna", "-o", "a.svg", "--train", "3", "--engine", "kernel", *TINY_MODEL]
    arguments = command_parser().parse_args(words)
    trained = Training(load_corpus(arguments.data), model_config_from(arguments))
    monkeypatch.setattr(trained_model, "Training", None)
    model = trained_model.untrained_model(arguments)
    assert model
    assert (model.config, model.tokenizer) == (trained.model, trained.tokenizer)
    graph, expected = model.graph("anna"), ModelSnapshot.of(trained).graph("anna")
    assert graph.op_codes.tolist() == expected.op_codes.tolist()
    assert graph.operands.tolist() == expected.operands.tolist()
    assert graph.names == expected.names
    arguments.text = "Anna"
    with pytest.raises(InputError, match="'A'"):
        trained_model.untrained_model(arguments)
