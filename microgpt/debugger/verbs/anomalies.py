"""`anomalies`: where numbers first go wrong, pass by pass; `checks/anomaly_searches.py` looks."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.debugger.checks.anomaly_searches import Anomaly, first_anomalies
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.verb import CHECK, Answer, Json, Verb
from microgpt.debugger.wording import called, file_and_line, made_at, number
from microgpt.model.place_names import spoken


@dataclass(frozen=True, slots=True)
class Anomalies(Answer):
    """The first anomalies there are, in order of time."""

    found: tuple[Anomaly, ...]

    def lines(self) -> list[str]:
        """What each is, and how to go there."""
        told = []
        for anomaly in self.found:
            step = "" if anomaly.step is None else f" of step {anomaly.step}"
            name = called(anomaly.told_id, anomaly.name, anomaly.place, anomaly.op, anomaly.scope)
            told += [f"{anomaly.where}{step}: {name}", f"  {anomaly.what}"]
            if anomaly.operands:
                operands = ", ".join(
                    f"{spoken(o.name, o.place)} = {number(o.data)}" for o in anomaly.operands
                )
                told.append(f"  operands: {operands}")
            told += made_at(anomaly.line)
            if anomaly.event is not None:
                told.append(f"  goto {anomaly.where} {anomaly.event}")
        return told or ["every number is in range: forward, backward, and in the update"]

    def as_json(self) -> Json:
        """A list."""
        return {
            "anomalies": [
                {"pass": a.where, "what": a.what, "node": a.node, "name": a.name, "place": a.place,
                 "op": a.op, "scope": a.scope, "moment": a.moment,
                 "operands": [
                     {"name": o.name, "place": o.place, "data": o.data} for o in a.operands
                 ],
                 "line": file_and_line(a.line), "step": a.step}
                for a in self.found
            ]
        }  # fmt: skip


def anomalies(session: SessionCore) -> tuple[Anomaly, ...]:
    """The first numbers of each pass, and of the updates around it, that are out of range."""
    return first_anomalies(session.timeline, session.step_number)


ROWS = (
    Verb("anomalies", (), CHECK, "",
         "where a number first overflows or is not one: forward, backward, in the update",
         "anomalies", "", lambda session, _: Anomalies(anomalies(session))),
)  # fmt: skip
