"""`headrace init` as people see it: from data to a spec and a schema."""

import pathlib
import tomllib

from rich.console import Console

from modules.errors import InputProblem
from pipeline.console import complain, near, say
from pipeline.failure import exit_code
from pipeline.init import source as source_of
from pipeline.init import toml
from pipeline.init.draft import Draft, Wishes, draft
from pipeline.init.ignored import LEAK, one_line
from pipeline.init.kinds import warning
from pipeline.init.schema import schema_text
from pipeline.init.spec_text import SCHEMA_FILE, SPEC_FILE, spec_text
from pipeline.init.writing import refuse_existing, write_checked
from pipeline.spec import Spec


def init_command(data: str, output: pathlib.Path | None, wishes: Wishes, overwrite: bool) -> int:
    """Writes a spec and a schema for the data, and prints what they say.

    Returns:
        The exit code, as `headrace init --help` lists them.
    """
    console = Console(highlight=False)
    try:
        made, folder = init(data, output, wishes, overwrite)
    except InputProblem as problem:
        complain(console, problem.problems)
        return exit_code(problem)
    _conclude(console, made, folder)
    return 0


def init(
    data: str, output: pathlib.Path | None, wishes: Wishes, overwrite: bool = False
) -> tuple[Draft, pathlib.Path]:
    """Writes `spec.toml` and `schema.pbtxt`, both or none.

    Args:
        data: a file, a folder or a glob.
        output: the folder to write to; None: beside the data.

    Returns:
        What they say, and the folder that they are in.

    Raises:
        DataError: if the data cannot be read or learned from.
        SpecError: if a wish cannot be met, or a file is there already.
    """
    source = source_of.locate(data, output, wishes.columns())
    if not overwrite:
        refuse_existing(source.folder, [SPEC_FILE, SCHEMA_FILE])
    made = draft(source, wishes)
    spec = spec_text(made)
    columns = Spec.model_validate(tomllib.loads(spec)).columns()
    texts = {SCHEMA_FILE: schema_text(made, columns), SPEC_FILE: spec}
    write_checked(source.folder, texts)
    return made, source.folder


def _conclude(console: Console, made: Draft, folder: pathlib.Path) -> None:
    label = made.label.label
    say(
        console,
        f"{made.rows:,} rows: {label.task} label {toml.text(label.column)}, "
        f"{len(made.features)} features, {len(made.ignored)} other columns left out",
    )
    for name, reason in made.ignored.items():
        style = "yellow" if reason.startswith(LEAK) else "dim"
        say(console, f"  {toml.text(name)}: {one_line(reason)}", style)
    for name in made.features:
        if slip := warning(made.columns[name]):
            say(console, f"  {toml.text(name)}: {slip}", "yellow")
    say(console, f"Wrote {near(folder / SPEC_FILE)} and {near(folder / SCHEMA_FILE)}")
    say(console, f"Read the spec, then: headrace run {near(folder / SPEC_FILE)}", "bold")
