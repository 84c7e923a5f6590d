"""Which node took what from which, by the digests that a run keeps."""

import dataclasses
from collections.abc import Mapping

from pipeline.history.past import Past
from pipeline.history.showing import ShownArtifact, ShownNode
from pipeline.local.record import Record

_SIZE = 8  # characters of a digest that tell it from others


@dataclasses.dataclass(frozen=True)
class Place:
    """A node of the DAG, and what it takes."""

    node: ShownNode
    takes: dict[str, list[str]]  # by input: `Node.output`, or the digest of what no node made
    artifacts: list[ShownArtifact]
    digests: dict[str, str]  # by URI of an output
    key: str  # what decided what comes out, as a digest; empty if it did not end well
    sources: list[str]  # nodes that it takes something from, but for those that these take from

    @property
    def state(self) -> str:
        """In a word."""
        return "cached" if self.node.cached else self.node.state


def places(run: Past, nodes: list[ShownNode]) -> list[Place]:
    """The nodes in the order of the run.

    What those would have taken that did not end well is not known.
    """
    made = _made(run.records)
    found: dict[str, Place] = {}
    above: dict[str, set[str]] = {}  # all that a node takes from, near and far
    for node in nodes:
        record = run.records.get(node.name)
        if record is None:
            found[node.name] = Place(node, {}, node.artifacts, {}, "", [])
            continue
        takes = _takes(record, made)
        named = (each.partition(".")[0] for sources in takes.values() for each in sources)
        sources = [each for each in dict.fromkeys(named) if each in found]
        above[node.name] = {*sources, *(each for one in sources for each in above[one])}
        found[node.name] = Place(
            node=node,
            takes=takes,
            artifacts=node.artifacts,
            digests=_digests(record),
            key=record.key[:_SIZE],
            sources=[
                each for each in sources if not any(each in above[other] for other in sources)
            ],
        )
    return list(found.values())


def _made(records: Mapping[str, Record]) -> dict[str, str]:
    """By digest, the output that has it; what a node only looked up is its maker's."""
    found: dict[str, str] = {}
    for node, record in sorted(records.items(), key=lambda pair: pair[1].execution):
        for key, outputs in record.outputs.items():
            for one in outputs:
                found.setdefault(one.digest, f"{node}.{key}")
    return found


def _takes(record: Record, made: Mapping[str, str]) -> dict[str, list[str]]:
    return {
        key: [made.get(digest, f".{digest[:_SIZE]}") for digest in digests]
        for key, digests in record.parts.inputs.items()
        if digests
    }


def _digests(record: Record) -> dict[str, str]:
    return {one.uri: one.contents[:_SIZE] for each in record.outputs.values() for one in each}
