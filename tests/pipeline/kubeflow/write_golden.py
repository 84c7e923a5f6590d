"""Writes the compiled data sets that tests/pipeline/kubeflow compares with.

python -m tests.pipeline.kubeflow.write_golden
"""

from modules.errors import InputProblem
from pipeline import spec as spec_of
from pipeline.kubeflow.command import compiled
from tests.pipeline.kubeflow.conftest import KUBEFLOW, ROOT

FOLDER = ROOT / "tests" / "pipeline" / "kubeflow" / "golden"


def main() -> None:
    """Writes one file a data set."""
    FOLDER.mkdir(exist_ok=True)
    for path in sorted((ROOT / "data").glob("*/spec.toml")):
        try:
            text = compiled(spec_of.load(path, [KUBEFLOW]), path.parent)
        except InputProblem as problem:
            raise SystemExit("\n".join(problem.problems)) from None
        (FOLDER / f"{path.parent.name}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
