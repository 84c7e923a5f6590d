"""What several workers say at once."""

import threading

from modules.training.saying import say


def test_lines_of_workers_that_speak_at_once_are_whole(capfd):
    def speak(worker):
        for number in range(300):
            say(f"worker {worker}", f"line {number}")

    threads = [threading.Thread(target=speak, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    said = capfd.readouterr().out.splitlines()
    assert sorted(said) == sorted(
        f"[worker {worker}] line {number}" for worker in range(4) for number in range(300)
    )
