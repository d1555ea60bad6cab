"""`help`: the table of verbs, or a row of it. The row of `help` itself stands with the table."""

from __future__ import annotations

from dataclasses import dataclass, field

from microgpt.debugger.verbs.verb import Answer, Json, Verb, verb_called


@dataclass(frozen=True, slots=True)
class Help(Answer):
    """Verbs explained.

    Raises:
        InputError: there is no such verb.
    """

    word: str  # the verb's, as it was typed; `""` for all of them
    table: tuple[Verb, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if self.word:
            verb_called(self.word, self.table)

    def lines(self) -> list[str]:
        """What it takes and does, with an example."""
        if self.word:
            verb = verb_called(self.word, self.table)
            return [_signature(verb), f"  {verb.help}", f"  example: {verb.example}"]
        told: list[str] = []
        for group in dict.fromkeys(verb.group for verb in self.table):
            told.append(group)
            for verb in self.table:
                if verb.group == group:
                    told.append(f"  {_signature(verb):<34}  {verb.help}")
                    told.append(f"  {'':<34}  {verb.example}")
        told.append("a beginning of a verb that no other has is enough: goto is g, go or got")
        return told

    def as_json(self) -> Json:
        """The word."""
        return {"help": self.word}


def _signature(verb: Verb) -> str:
    short = f" ({', '.join(verb.short)})" if verb.short else ""
    return f"{verb.name}{short} {verb.usage}".rstrip()
