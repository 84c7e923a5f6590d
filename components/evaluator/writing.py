"""How what is found beside metrics gets into the ModelEvaluation: from whatever worker found it."""

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems


def write(path: str, text: str) -> None:
    """Writes a file, wherever artifacts are."""
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(text.encode())
