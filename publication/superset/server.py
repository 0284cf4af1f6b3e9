"""A Superset of one's own with the dashboards in it: `make superset`.

Belongs here: its home, its secret, importing the bundle, starting and stopping. Does not belong here: what the
dashboards show. Superset runs as a process of its own from ``.venv-superset`` and listens on 127.0.0.1 only.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb

from publication.monitor import MONITOR
from publication.superset.bundle import write_bundle
from sources.environment import declare_environment
from sources.errors import NoordError

_ROOT = Path(__file__).parents[2]
ENVIRONMENT = _ROOT / ".venv-superset"
HOST, PORT = "127.0.0.1", 8088
_SETUP = Path(__file__).with_name("setup_superset.py")
_USER = "admin"
# Set by us or by Superset's own needs; nothing else of NOORD_ is handed on.
_PASSED_ON = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")


class SupersetError(NoordError):
    """Superset is not there, or did not do what was asked."""


@dataclass(frozen=True)
class Superset:
    """A Superset: the environment that holds the program, and the home that holds its database and secret."""

    environment: Path
    home: Path

    @property
    def settings(self) -> dict[str, str]:
        """What its processes get from us: no look-ups, no telemetry, no secret on a command line."""
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return passed | {
            "FLASK_APP": "superset.app:create_app()",
            "NOORD_SUPERSET_SECRET": self._secret(),
            "PYTHONWARNINGS": "ignore",
            "SCARF_ANALYTICS": "false",
            "SUPERSET_CONFIG_PATH": str(Path(__file__).with_name("superset_config.py")),
            "SUPERSET_HOME": str(self.home),
        }

    def _secret(self) -> str:
        """Made at the first start. It signs sessions and encrypts what Superset keeps of databases."""
        path = self.home / "secret"
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(42))
        return path.read_text(encoding="utf-8")

    def prepare(self, monitor: Path) -> str | None:
        """Set up its database once, and bring in the dashboards; whatever was imported before is replaced.

        Args:
            monitor: the release to read, by the link ``current``.

        Returns:
            The password of the user that was made, None when there was one already.

        Raises:
            SupersetError: Superset could not be set up or refused the bundle; its output is in the message and in
                ``setup.log``.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        # Superset makes its database and log readable for all; they hold the password's hash and what was asked.
        self.home.chmod(0o700)
        bundle = write_bundle(monitor, self.home / "bundle.zip")
        ready = self.home / "ready"
        if ready.exists():
            self._set_up(bundle)
            return None
        # A start that was broken off leaves half a database.
        (self.home / "superset.db").unlink(missing_ok=True)
        password = os.environ.get("NOORD_SUPERSET_PASSWORD") or secrets.token_urlsafe(12)
        self._set_up(bundle, password)
        ready.touch()
        return password

    def _set_up(self, bundle: Path, password: str | None = None) -> None:
        command = [str(self.environment / "bin" / "python"), str(_SETUP), str(bundle)]
        # By the environment: a command line can be read by everybody on the machine.
        settings = self.settings | ({"NOORD_SUPERSET_PASSWORD": password} if password else {})
        done = subprocess.run(command, env=settings, cwd=self.home, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        (self.home / "setup.log").write_text(said, encoding="utf-8")
        if done.returncode:
            last = "\n".join(said.strip().splitlines()[-15:])
            raise SupersetError(f"Superset was not set up (exit code {done.returncode}):\n{last}")

    def serve(self, port: int = PORT) -> subprocess.Popen[bytes]:
        """Start the web server on the loopback address."""
        command = [str(self.environment / "bin" / "gunicorn"), "--bind", f"{HOST}:{port}", "--threads", "4"]
        command += [
            "--worker-class",
            "gthread",
            "--timeout",
            "120",
            "--log-level",
            "warning",
            "superset.app:create_app()",
        ]
        return subprocess.Popen(command, env=self.settings, cwd=self.home)


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


@click.command()
@click.option(
    "--feeds", default="sample", show_default=True, metavar="sample|live|PATH", help="The environment to show."
)
@click.option("--port", default=PORT, show_default=True, help=f"Port on {HOST}.")
def main(feeds: str, port: int) -> None:
    """Set Superset up with the dashboards of an environment and serve it on this machine."""
    environment = declare_environment(feeds)
    monitor = environment.current / MONITOR
    try:
        if not (ENVIRONMENT / "bin" / "superset").exists():
            raise SupersetError(f"There is no Superset in {ENVIRONMENT}. Run make superset, which installs it.")
        if not monitor.exists():
            raise SupersetError(f"{environment.name} has no release yet: {monitor} is not there. Run noord run first.")
        superset = Superset(ENVIRONMENT, environment.home / "superset")
        click.echo("Setting up Superset; the first time takes about a minute.")
        password = superset.prepare(monitor)
    except (NoordError, duckdb.Error) as error:
        click.echo(f"superset: {error}", err=True)
        sys.exit(1)
    if password:
        click.echo(f"User {_USER}, password {password} (shown once; change it in Superset under Settings).")
    click.echo(f"Dashboards: http://{HOST}:{port}/dashboard/list/ (stop with Ctrl-C)")
    server = superset.serve(port)
    try:
        sys.exit(server.wait())
    except KeyboardInterrupt:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
