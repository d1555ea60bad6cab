"""A model's parameters as a safetensors file, which PyTorch and others load."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from microgpt.files import write_atomically
from microgpt.train.model_snapshot import ModelSnapshot


def export_weights(
    model: ModelSnapshot, path: Path, metadata: Mapping[str, str] | None = None
) -> dict[str, tuple[int, int]]:
    """Writes every matrix under its own name, as float64.

    Args:
        metadata: texts to put beside the model's sizes and its characters: all of it is one
            JSON text under `"microgpt"`, since several texts come in another order each time.

    Returns:
        Name and shape of what was written, `[rows][cols]`.

    Raises:
        InputError: the file cannot be written there.
    """
    shapes = model.config.shapes(model.tokenizer.vocab_size)
    matrices, start = {}, 0
    for name, (rows, cols) in shapes.items():
        matrices[name] = np.array(model.data[start : start + rows * cols]).reshape(rows, cols)
        start += rows * cols
    described = {
        "model": asdict(model.config),
        "chars": model.tokenizer.chars,
        **(metadata or {}),
    }
    write_atomically(path, save(matrices, {"microgpt": json.dumps(described)}))
    return shapes
