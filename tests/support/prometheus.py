"""A real Prometheus of our own: started on a free port, asked, ended; it scrapes what a test runs."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from missing import Missing
from serving import free_port
from waiting import wait_until


class Prometheus:
    """A server over a folder of its own.

    Args:
        folder: where its configuration and its data are.
        jobs: name -> addresses that are scraped (`http://127.0.0.1:8100/metrics`); all of a job have one path.
        rules: files with rules.
        alertmanagers: addresses that alerts are sent to (`http://127.0.0.1:9093`).
        interval: between scrapes, and between looks at the rules.
    """

    def __init__(
        self,
        folder: Path,
        jobs: Mapping[str, Sequence[str]],
        rules: Sequence[Path] = (),
        alertmanagers: Sequence[str] = (),
        interval: str = "500ms",
    ) -> None:
        program = shutil.which("prometheus")
        if program is None:
            raise Missing("prometheus is not installed")
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._log, self._wanted = folder / "prometheus.log", sum(len(addresses) for addresses in jobs.values())
        config = folder / "prometheus.yml"
        config.write_text(json.dumps(configuration(jobs, rules, alertmanagers, interval)))  # JSON is YAML
        options = {
            "config.file": config, "web.listen-address": f"127.0.0.1:{port}", "storage.tsdb.path": folder / "data",
            "log.level": "warn", "rules.alert.resend-delay": "1s",
        }  # fmt: skip
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [program, *(f"--{name}={value}" for name, value in options.items()), "--web.enable-lifecycle"],
                stdout=log, stderr=log, cwd=folder,
            )  # fmt: skip
        self._client = httpx.Client(base_url=self.address, timeout=10, trust_env=False)
        wait_until(self._ready, "prometheus is ready", 30, pause=0.05)

    def _ready(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()[-2000:]
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its API below `/api/v1/`."""
        told = self._client.get(f"/api/v1/{path}", params=parameters).json()
        assert told["status"] == "success", told
        return told["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of everything that an expression finds now; a scalar has no labels."""
        found = self.ask("query", query=expression)
        if not found["result"]:  # a target that was late once had nothing to say for a moment
            with suppress(AssertionError):
                self.scraped(2)
            found = self.ask("query", query=expression)
        if found["resultType"] == "scalar":
            return [({}, float(found["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in found["result"]]

    def value(self, expression: str) -> float | None:
        """The one value that an expression finds, None if it finds nothing."""
        found = self.query(expression)
        assert len(found) <= 1, f"{expression} finds {found}"
        return found[0][1] if found else None

    def targets(self) -> list[dict[str, Any]]:
        """What is scraped and how that went: `health`, `lastError`, `lastScrape`, `labels`."""
        return list(self.ask("targets")["activeTargets"])

    def scraped(self, seconds: float = 20) -> None:
        """Wait until every target answered."""
        self._answered({}, seconds)

    def scraped_anew(self, seconds: float = 20) -> None:
        """Wait until every target was asked after this moment, and answered: what was true now is known then."""
        for _ in range(2):  # the first may have begun before
            self._answered({one["scrapeUrl"]: one["lastScrape"] for one in self.targets()}, seconds)

    def _answered(self, before: Mapping[str, str], seconds: float) -> None:
        """Wait until every target answered later than `before` says."""

        def all_did() -> bool:
            found = self.targets()
            new = [one["health"] == "up" and one["lastScrape"] > before.get(one["scrapeUrl"], "") for one in found]
            return len(new) == self._wanted and all(new)

        try:
            wait_until(all_did, "every target answers", seconds, pause=0.05)
        except AssertionError as late:
            late.add_note(f"{[(one['scrapeUrl'], one['health'], one['lastError']) for one in self.targets()]}")
            raise

    def alerts(self) -> list[dict[str, Any]]:
        """Alerts that are pending or firing."""
        return list(self.ask("alerts")["alerts"])

    def close(self) -> None:
        """End it."""
        self._client.close()
        self.process.kill()
        self.process.wait()


def configuration(
    jobs: Mapping[str, Sequence[str]], rules: Sequence[Path], alertmanagers: Sequence[str], interval: str
) -> dict[str, Any]:
    """Of a server that scrapes these jobs."""
    made: dict[str, Any] = {
        "global": {"scrape_interval": interval, "evaluation_interval": interval, "scrape_timeout": interval},
        "scrape_configs": [_job(name, addresses) for name, addresses in jobs.items()],
        "rule_files": [str(path) for path in rules],
    }
    if alertmanagers:
        targets = [urlsplit(address).netloc for address in alertmanagers]
        made["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": targets}]}]}
    return made


def _job(name: str, addresses: Sequence[str]) -> dict[str, Any]:
    paths = {urlsplit(address).path or "/metrics" for address in addresses}
    assert len(paths) == 1, f"addresses of {name} with several paths: {paths}"
    targets = [urlsplit(address).netloc for address in addresses]
    return {
        "job_name": name, "metrics_path": paths.pop(), "static_configs": [{"targets": targets}],
    }  # fmt: skip


@contextmanager
def server(
    jobs: Mapping[str, Sequence[str]],
    *,
    rules: Sequence[Path] = (),
    alertmanagers: Sequence[str] = (),
    interval: str = "500ms",
) -> Iterator[Prometheus]:
    """Start a server and end it; `Prometheus` says what the arguments are.

    Raises:
        Missing: it cannot be had here.
    """
    with tempfile.TemporaryDirectory(prefix="touchline-prometheus-") as folder:
        made = Prometheus(Path(folder), jobs, rules, alertmanagers, interval)
        try:
            yield made
        finally:
            made.close()
