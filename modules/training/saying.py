"""What several workers say, on the one output of the process that started them."""

import threading

_ONE_AT_A_TIME = threading.Lock()


def say(worker: str, line: str) -> None:
    """Prints a line of a worker, whole: `print` writes the end of a line by itself.

    Args:
        worker: its name, `worker 0`.
        line: without its end.
    """
    with _ONE_AT_A_TIME:
        print(f"[{worker}] {line}", flush=True)
