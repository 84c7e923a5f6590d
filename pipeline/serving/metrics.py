"""What the server tells Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """Counts since the server started."""

    def __init__(self) -> None:
        """All at zero, in a registry of their own: two servers in a process do not mix."""
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "headrace_requests", "Requests below /v1, by HTTP status", ["code"], registry=registry
        )
        self.rows = Counter("headrace_rows", "Rows that were answered", registry=registry)
        self.seconds = Histogram(
            "headrace_predict_seconds",
            "From a predict request's first byte of the body to its answer",
            buckets=_SECONDS,
            registry=registry,
        )
        self.at_once = Gauge(
            "headrace_predict_at_once", "Predict requests under way", registry=registry
        )
        self.version = Gauge(
            "headrace_model_version", "The version that is served", registry=registry
        )
        self.loads = Counter(
            "headrace_model_loads",
            "Versions that were loaded, or could not be",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("loaded", "failed"):
            self.loads.labels(outcome)  # is there at zero

    def loaded(self, succeeded: bool, version: int) -> None:
        """Counts an attempt to load a version."""
        self.loads.labels("loaded" if succeeded else "failed").inc()
        if succeeded:
            self.version.set(version)

    def page(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)
