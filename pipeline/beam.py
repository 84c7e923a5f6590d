"""The one place that knows Beam's runners and their flags."""

from pipeline.spec import Beam


def beam_args(beam: Beam) -> list[str]:
    """Flags for every Beam stage: this machine, in this process unless more are asked for.

    The in-process runner is named in full: `DirectRunner` first tries to download Prism
    (Beam 2.77, `SwitchingDirectRunner`). Of the flags that keep TFX from building an sdist of
    itself for each stage, `sdk_container_image` is the one that changes nothing here.
    """
    args = ["--runner=FnApiRunner", "--sdk_container_image=unused"]
    if beam.processes > 1:
        args += ["--direct_running_mode=multi_processing", f"--direct_num_workers={beam.processes}"]
    return args
