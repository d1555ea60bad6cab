"""Runs on disk: recording one while it trains, and going to any of its steps afterwards."""

from microgpt.runs.recorder import RunRecorder
from microgpt.runs.run import RecordedStep, Run
from microgpt.runs.run_file import RunInfo, copy_run, is_being_written, size_on_disk

__all__ = [
    "RecordedStep",
    "Run",
    "RunInfo",
    "RunRecorder",
    "copy_run",
    "is_being_written",
    "size_on_disk",
]
