"""Kills runs of the penguins at random moments, and goes on with them, as often as is asked.

    python -m tests.end_to_end.kill_often --times 30

Kills the command, the worker or a node with SIGKILL, resumes the run, and holds what it leaves
against a run that was never cut short. Half a minute a time; the test suite does it four times
(test_resume.py).
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

from tests.end_to_end.processes import kill, start, wait_until, workers_of
from tests.end_to_end.test_resume import LONGER, left_in, settings

HEADRACE = pathlib.Path(sys.executable).parent / "headrace"
DATA = pathlib.Path(__file__).parents[2] / "data" / "penguins"
RULES = "evaluation.rules=[]"
LONGEST_SECONDS = 14.0  # of a run, by and large


def killed(spec: pathlib.Path, chance: random.Random) -> str:
    """Starts a run and kills a part of it; says which, and when."""
    run = start(HEADRACE, spec, *settings(*LONGER, RULES))
    after = chance.uniform(0.5, LONGEST_SECONDS)
    time.sleep(after)
    worker, *nodes = workers_of(spec) or [run.pid]
    victims = {"command": run.pid, "worker": worker, "node": nodes[-1] if nodes else worker}
    name = chance.choice(list(victims))
    kill(victims[name])
    run.communicate(timeout=120)
    wait_until(lambda: not workers_of(spec), seconds=30)
    return f"{name} after {after:.1f} s"


def resumed(spec: pathlib.Path) -> bool:
    """Goes on with the latest run, or starts one if it had come to its end, or never begun."""
    words: list[str | pathlib.Path] = [HEADRACE, "run", spec]
    ended = subprocess.run([*words, "--resume"], capture_output=True, text=True, check=False)
    if "was cut short" in ended.stdout:
        words += settings(*LONGER, RULES)
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
    if ended.returncode:
        print(ended.stdout[-2000:], ended.stderr[-1000:])
    return ended.returncode == 0


def main() -> int:
    """0 if every run came to the end of an undisturbed one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    chance, wrong = random.Random(given.seed), 0
    with tempfile.TemporaryDirectory() as name:
        spec = pathlib.Path(name, "penguins", "spec.toml")
        shutil.copytree(DATA, spec.parent, ignore=shutil.ignore_patterns("runs", "full"))
        runs = spec.parent / "runs"
        subprocess.run(
            [HEADRACE, "run", spec, *settings(*LONGER, RULES)], check=True, capture_output=True
        )
        undisturbed = left_in(runs)
        for turn in range(given.times):
            shutil.rmtree(runs)
            how = killed(spec, chance)
            same = resumed(spec) and left_in(runs) == undisturbed
            wrong += not same
            print(f"{turn + 1:3} {how:24} {'the same' if same else 'NOT THE SAME'}", flush=True)
    print(f"{given.times - wrong} of {given.times} ended as if they had not been killed")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
