"""What `microgpt runs` tells of a run. Imports SQLite, so it is imported late."""

from __future__ import annotations

from pathlib import Path

from microgpt.runs import Run, is_being_written, size_on_disk

VOUCHES_FOR_LITTLE = "of keyframes alone: begun by an older microgpt, it vouches for nothing else"


def lines_of(recorded: Run) -> list[str]:
    """The lines about a run."""
    info = recorded.info
    model, config = info.model, info.config
    latest = recorded.losses(since=recorded.last_step - 1)
    sizes = (
        f"n_embd {model.n_embd}, n_head {model.n_head}, n_layer {model.n_layer}, "
        f"block_size {model.block_size}"
    )
    rates = f"lr {config.lr}, beta1 {config.beta1}, beta2 {config.beta2}, seed {config.seed}"
    lines = [
        f"{recorded.path}",
        f"  run        {info.run_id}, begun {info.created}, microgpt {info.version}",
        f"  corpus     {info.corpus}, {info.num_documents:,} documents",
        f"  model      {sizes}",
        f"  training   {rates}",
        f"  steps      {recorded.last_step} / {config.num_steps}, {_state(recorded)}",
        f"  last loss  {latest[0].loss:.4f}" if latest else "  last loss  -",
        *_validation(recorded),
        f"  size       {size_of(recorded.path)}",
    ]
    if recorded.seal is None:
        lines.append(f"  checksums  {VOUCHES_FOR_LITTLE}")
    if info.parent_id:
        lines.insert(2, f"  branched   from {info.parent_id} at step {info.parent_step}")
    return lines


def _validation(recorded: Run) -> list[str]:
    """What the documents held out came to, if any are."""
    count = recorded.info.config.validation
    if not count:
        return []
    measured = recorded.rows.validations()
    held_out = f"{count} documents held out" if count > 1 else "1 document held out"
    if not measured:
        return [f"  validation -, {held_out}"]
    last = max(measured)
    best = min(measured, key=lambda step: (measured[step], step))
    told = f"loss {measured[last]:.4f} after step {last}"
    if best != last:
        told += f", lowest {measured[best]:.4f} after step {best}"
    return [f"  validation {told}; {held_out}"]


def _state(recorded: Run) -> str:
    if recorded.is_finished:
        return "finished"
    return "being written" if is_being_written(recorded.path) else "not finished"


def size_of(path: Path) -> str:
    """How large a run is on disk, in words."""
    return f"{size_on_disk(path) / 1e6:.1f} MB"
