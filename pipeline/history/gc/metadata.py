"""What ML Metadata's database says of runs, and the removal of what no run needs from it.

ML Metadata has no call that removes anything, so this is plain SQL, for the one schema that it is
written for; docs/decisions/removing-runs.md says why.
"""

import contextlib
import dataclasses
import pathlib
import sqlite3
import urllib.parse
from collections.abc import Iterator, Set

from modules.errors import SpecError
from pipeline.console import near
from pipeline.lineage import DATABASE

_SCHEMA = 10  # of ml_metadata 1.21
# Values of enums in ml_metadata/proto/metadata_store.proto.
_LIVE, _DELETED = 2, 4  # Artifact.State
_COMPLETE, _CACHED = 3, 5  # Execution.State
_OUTPUTS = (1, 4)  # Event.Type: DECLARED_OUTPUT, OUTPUT


@dataclasses.dataclass(frozen=True)
class Execution:
    """A node of a run, under way or ended."""

    runs: frozenset[str]  # names of the runs it belongs to
    made: frozenset[int]  # artifacts that it gave, if it ended well
    linked: frozenset[int]  # all artifacts that it gave or was given
    is_cached: bool  # what it gave, another made


@dataclasses.dataclass(frozen=True)
class Blessed:
    """A model that was blessed."""

    pipeline: int
    model: int
    blessing: int


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What the database says."""

    executions: dict[int, Execution] = dataclasses.field(default_factory=dict)
    uris: dict[int, str] = dataclasses.field(default_factory=dict)  # by artifact
    live: frozenset[int] = frozenset()  # artifacts
    blessed: tuple[Blessed, ...] = ()  # models that are live, the newest first

    @property
    def runs(self) -> frozenset[str]:
        """The names of all runs that have executions."""
        return frozenset(run for each in self.executions.values() for run in each.runs)


@dataclasses.dataclass(frozen=True)
class Removal:
    """What is to be removed from the database."""

    executions: frozenset[int]  # rows
    artifacts: frozenset[int]  # rows
    deleted: frozenset[int]  # artifacts without files, of which executions that stay still tell
    runs: frozenset[str]

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.executions or self.artifacts or self.deleted)


def read(runs: pathlib.Path) -> Metadata:
    """What the database of a folder of runs says; nothing if there is none.

    Raises:
        SpecError: if it is damaged, or of another schema.
    """
    if not (runs / DATABASE).is_file():
        return Metadata()
    with _opened(runs) as database:
        artifacts = list(database.execute("SELECT id, coalesce(uri, ''), state FROM Artifact"))
        return Metadata(
            executions=_executions(database),
            uris={one: uri for one, uri, _ in artifacts},
            live=frozenset(one for one, _, state in artifacts if state == _LIVE),
            blessed=tuple(Blessed(*row) for row in database.execute(_BLESSED, {"live": _LIVE})),
        )


def _executions(database: sqlite3.Connection) -> dict[int, Execution]:
    runs: dict[int, set[str]] = {}
    for execution, run in database.execute(_RUNS):
        runs.setdefault(execution, set()).add(run)
    made: dict[int, set[int]] = {}
    linked: dict[int, set[int]] = {}
    for execution, artifact, kind in database.execute(
        "SELECT execution_id, artifact_id, type FROM Event"
    ):
        linked.setdefault(execution, set()).add(artifact)
        if kind in _OUTPUTS:
            made.setdefault(execution, set()).add(artifact)
    return {
        execution: Execution(
            runs=frozenset(runs.get(execution, ())),
            made=frozenset(made.get(execution, ()) if state in (_COMPLETE, _CACHED) else ()),
            linked=frozenset(linked.get(execution, ())),
            is_cached=state == _CACHED,
        )
        for execution, state in database.execute("SELECT id, last_known_state FROM Execution")
    }


def prune(runs: pathlib.Path, removal: Removal) -> None:
    """Removes rows, all or none of them.

    Raises:
        SpecError: if the database is damaged, of another schema, or in use.
    """
    with _opened(runs) as database:
        database.execute("PRAGMA temp_store = MEMORY")
        database.execute("BEGIN IMMEDIATE")
        for name in ("executions", "artifacts", "deleted", "runs"):
            database.execute(f"CREATE TEMP TABLE gone_{name} (id PRIMARY KEY)")
            values = ((value,) for value in getattr(removal, name))
            database.executemany(f"INSERT INTO gone_{name} VALUES (?)", values)  # noqa: S608  ours
        for statement in PRUNE:
            database.execute(statement, {"live": _LIVE, "deleted": _DELETED})
        database.execute("COMMIT")


@contextlib.contextmanager
def _opened(runs: pathlib.Path) -> Iterator[sqlite3.Connection]:
    """The database, if it is of the schema that we know."""
    path = runs / DATABASE
    uri = f"file:{urllib.parse.quote(str(path))}?mode=rw"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
            version = database.execute("SELECT schema_version FROM MLMDEnv").fetchone()
            if version != (_SCHEMA,):
                found = version[0] if version else "unknown"
                raise SpecError(
                    [
                        f"{near(path)}: is of ML Metadata's schema {found}, expected {_SCHEMA}; "
                        "nothing was removed. Take the Headrace that wrote it"
                    ]
                )
            yield database
    except sqlite3.Error as error:
        raise SpecError(
            [f"{near(path)}: cannot be used: {error}; nothing was removed from it"]
        ) from None


def removal(
    metadata: Metadata, executions: Set[int], artifacts: Set[int], runs: Set[str]
) -> Removal:
    """What to remove, given all that stays.

    Args:
        metadata: what the database says.
        executions: that stay.
        artifacts: whose files stay.
        runs: that go.
    """
    linked = {each for one in metadata.executions.values() for each in one.linked}
    told = {each for one in executions for each in metadata.executions[one].linked}
    return Removal(
        executions=frozenset(metadata.executions.keys() - executions),
        artifacts=frozenset(linked - artifacts - told),
        deleted=frozenset((told - artifacts) & metadata.live),
        runs=frozenset(runs),
    )


_RUNS = """
    SELECT Association.execution_id, Context.name
    FROM Association
    JOIN Context ON Context.id = Association.context_id
    JOIN Type ON Type.id = Context.type_id AND Type.name = 'pipeline_run' AND Type.type_kind = 2
"""
_BLESSED = """
    SELECT Attribution.context_id, Model.id, max(Blessing.id)
    FROM Artifact AS Blessing
    JOIN Type ON Type.id = Blessing.type_id AND Type.name = 'ModelBlessing' AND Type.type_kind = 1
    JOIN ArtifactProperty AS Verdict
        ON Verdict.artifact_id = Blessing.id AND Verdict.name = 'blessed'
    JOIN ArtifactProperty AS Judged
        ON Judged.artifact_id = Blessing.id AND Judged.name = 'current_model_id'
    JOIN Artifact AS Model ON Model.id = Judged.int_value AND Model.state = :live
    JOIN Attribution ON Attribution.artifact_id = Model.id
    JOIN Context ON Context.id = Attribution.context_id
    JOIN Type AS Kind ON Kind.id = Context.type_id AND Kind.name = 'pipeline' AND Kind.type_kind = 2
    WHERE Blessing.state = :live AND Verdict.int_value = 1
    AND Model.id NOT IN (  -- those that were found unfit to serve, and never fit
        SELECT Served.int_value
        FROM Artifact AS Probed
        JOIN Type ON Type.id = Probed.type_id AND Type.name = 'InfraBlessing' AND Type.type_kind = 1
        JOIN ArtifactProperty AS Fit ON Fit.artifact_id = Probed.id AND Fit.name = 'blessed'
        JOIN ArtifactProperty AS Served
            ON Served.artifact_id = Probed.id AND Served.name = 'current_model_id'
        WHERE Probed.state = :live
        GROUP BY Served.int_value
        HAVING max(Fit.int_value) = 0
    )
    GROUP BY Attribution.context_id, Model.id
    ORDER BY Model.id DESC
"""
PRUNE = (
    "UPDATE Artifact SET state = :deleted WHERE id IN gone_deleted AND state = :live",
    """
    CREATE TEMP TABLE gone_events AS SELECT id FROM Event
    WHERE execution_id IN gone_executions OR artifact_id IN gone_artifacts
    """,
    "DELETE FROM EventPath WHERE event_id IN gone_events",
    "DELETE FROM Event WHERE id IN gone_events",
    "DELETE FROM Association WHERE execution_id IN gone_executions",
    "DELETE FROM ExecutionProperty WHERE execution_id IN gone_executions",
    "DELETE FROM Execution WHERE id IN gone_executions",
    "DELETE FROM Attribution WHERE artifact_id IN gone_artifacts",
    "DELETE FROM ArtifactProperty WHERE artifact_id IN gone_artifacts",
    "DELETE FROM Artifact WHERE id IN gone_artifacts",
    # Of removed runs, and of TFX's own cache, which is switched off.
    """
    CREATE TEMP TABLE gone_contexts AS SELECT Context.id FROM Context
    JOIN Type ON Type.id = Context.type_id AND Type.type_kind = 2
    WHERE (
        Type.name = 'execution_cache'
        OR Type.name = 'pipeline_run' AND Context.name IN gone_runs
    )
    AND Context.id NOT IN (SELECT context_id FROM Association)
    """,
    "DELETE FROM Attribution WHERE context_id IN gone_contexts",
    "DELETE FROM ContextProperty WHERE context_id IN gone_contexts",
    "DELETE FROM ParentContext WHERE context_id IN gone_contexts",
    "DELETE FROM Context WHERE id IN gone_contexts",
)
