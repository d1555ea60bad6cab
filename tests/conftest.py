"""What all tests share: Hypothesis without deadlines, one recorded step on "emma", a web server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from microgpt import Corpus, ModelSnapshot, Training, load_corpus
from microgpt.graph.graph import Graph
from microgpt.model.transformer import ForwardPass
from tests.corpus_server import CorpusServer

settings.register_profile("suite", deadline=None, print_blob=True)  # machines under load are slow
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def _cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests leave nothing in the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nor in the folder of their state, in which the tour of the first start has been seen."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "microgpt-tui").mkdir()
    (folder / "microgpt-tui" / "learned.json").write_text(
        '{"version": 1, "done": [], "tour": true}', encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield


@pytest.fixture(scope="session")
def names() -> Corpus:
    """The built-in corpus."""
    return load_corpus("names")


@pytest.fixture(scope="session")
def emma_pass(names: Corpus) -> ForwardPass:
    """The untrained default model's forward and backward pass on "emma", all of it `Value`s."""
    run = Training(names)
    return ModelSnapshot.of(run).computed("emma")


@pytest.fixture(scope="session")
def emma_graph(emma_pass: ForwardPass) -> Graph:
    """The same as a Graph: about 43,000 nodes in 136 leaf scopes."""
    return Graph.from_value(emma_pass.loss)


@pytest.fixture
def server() -> Iterator[CorpusServer]:
    """A web server on this machine."""
    with CorpusServer() as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, not yet made; and no proxy between it and `server`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)
    return tmp_path / "cache" / "microgpt-tui"
