"""Starting a browser, on this machine or on a grid, so that nothing of it is left whatever happens to us.

On this machine the driver, Chromium, its profile and all its temporary files are in the hands of a guard, which ends
them when we let go of it or die (`browser_guard.py`).
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from touchline.adapters import browser_guard
from touchline.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from selenium.webdriver import ChromeOptions, Remote
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.remote.client_config import ClientConfig

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = (
    "--headless=new", "--disable-dev-shm-usage", "--window-size=1280,1024", "--lang=en", "--mute-audio",
    "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-features=Translate,MediaRouter,OptimizationHints",
)  # fmt: skip
PREFERENCES: Final = {
    "download_restrictions": 3,
    "intl.accept_languages": "en-GB,en",
    "session.restore_on_startup": 4,
    "session.startup_urls": ["about:blank"],
}
"""No file is stored, and no page is opened at the start: some builds open one on the network."""
STARTING: Final = 60
"""Seconds that a session may take to begin; a grid may have to fetch a browser first."""
ENDING: Final = 10.0
"""Seconds that it may take to end of itself."""
_INSTALL: Final = "install Chromium and chromedriver (Debian: chromium, chromium-driver), or set TOUCHLINE_BROWSER_URL"
PORTS: Final = 5
_TAKEN: Final = "port not available"
"""The driver takes a free port of one kind of address, and may find the same of the other kind in use."""
_PORT: Final = re.compile(rb"started successfully on port (\d+)")


def capabilities(user_agent: str, further: str) -> "ChromeOptions":
    """What we ask of any browser, with further capabilities from a JSON object.

    Of `goog:chromeOptions` the arguments are added to ours; every other name is taken as it stands.

    Raises:
        ConfigurationError: `further` is no JSON object of capabilities.
    """
    from selenium.webdriver import ChromeOptions

    options = ChromeOptions()
    for flag in (*FLAGS, *([f"--user-agent={user_agent}"] if user_agent else [])):
        options.add_argument(flag)
    options.page_load_strategy = "eager"
    options.unhandled_prompt_behavior = "dismiss"
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": True, "enablePage": False})
    options.add_experimental_option("prefs", PREFERENCES)
    for name, value in _further(further).items():
        if name == "goog:chromeOptions":
            _add_chrome(options, value)
        else:
            options.set_capability(name, value)
    return options


def _further(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ConfigurationError(
            f"no JSON object of capabilities: {error}",
            where="TOUCHLINE_BROWSER_OPTIONS",
            hint='write it like {"selenoid:options": {"sessionTimeout": "30m"}}',
        ) from error


def _add_chrome(options: "ChromeOptions", values: Any) -> None:
    try:
        known = msgspec.convert(values, dict[str, Any])
        for argument in msgspec.convert(known.pop("args", []), list[str]):
            options.add_argument(argument)
        options.binary_location = msgspec.convert(known.pop("binary", options.binary_location), str)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"goog:chromeOptions: {error}", where="TOUCHLINE_BROWSER_OPTIONS") from error
    for name, value in known.items():
        options.add_experimental_option(name, value)


def start(url: str, options: "ChromeOptions", ends: ExitStack) -> "Remote":
    """A session of a browser; what has to be done to end it is pushed onto `ends`, step by step.

    Raises:
        ConfigurationError: there is no browser or driver on this machine, they do not fit, or `url` is none.
        Unavailable: the browser did not start, or the grid has none for us.
    """
    if not url:
        driver = _session(options, _config(_local(options, ends), direct=True))
        ends.callback(_let_go, driver)
        return driver
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError("no address of a grid", where="TOUCHLINE_BROWSER_URL", hint="http://host:4444/wd/hub")
    config = _config(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    if parts.username:
        config.username, config.password = unquote(parts.username), unquote(parts.password or "")
    driver = _session(options, config)
    ends.callback(_quit, driver)
    return driver


def _config(url: str, *, direct: bool = False) -> "ClientConfig":
    """How a driver is reached: past all proxies if it is our own; what is not answered in time is not asked again."""
    from selenium.webdriver.common.proxy import Proxy
    from selenium.webdriver.remote.client_config import ClientConfig

    once = {"init_args_for_pool_manager": {"retries": False}}
    proxy = Proxy({"proxyType": "direct"}) if direct else None
    return ClientConfig(url, timeout=STARTING, proxy=proxy, init_args_for_pool_manager=once)


def _local(options: "ChromeOptions", ends: ExitStack) -> str:
    """Address of a driver of our own."""
    from selenium.webdriver.chrome.service import Service

    known = Service(shutil.which("chromedriver"))  # where Selenium would find it: SE_CHROMEDRIVER goes first
    driver = known.path
    browser = options.binary_location or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser or not driver:
        absent = "chromedriver" if browser else "Chromium"
        raise ConfigurationError(f"there is no {absent} on this machine", hint=_INSTALL)
    options.binary_location = browser
    folder = Path(tempfile.mkdtemp(prefix="touchline-browser-"))
    ends.callback(shutil.rmtree, folder, ignore_errors=True)
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's sandbox refuses to work for root
    for _ in range(PORTS):
        if port := _guarded(known, folder, ends):
            return f"http://127.0.0.1:{port}"
    raise Unavailable(f"{PORTS} ports that were free a moment ago are taken", where=driver)


def _guarded(known: "Service", folder: Path, ends: ExitStack) -> int:
    """Port of a driver that was started, 0 if somebody took it from under its feet."""
    folder.mkdir(mode=0o700, exist_ok=True)  # the guard of an attempt before removed it
    homes = dict.fromkeys(("TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), str(folder))
    command = (sys.executable, "-I", "-S", browser_guard.__file__, str(folder), known.path, "--port=0")
    with tempfile.TemporaryFile() as told:
        guard = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=told,
            stderr=told,
            env={**known.env, **homes},
            start_new_session=True,
        )
        ends.callback(guard.communicate)
        return _port(guard, told.fileno(), known.path)


def _port(guard: "subprocess.Popen[bytes]", told: int, driver: str) -> int:
    """Where the driver listens, which it says when it does."""
    until = time.monotonic() + STARTING
    while not (found := _PORT.search(os.pread(told, 10_000, 0))):
        if guard.poll() is not None or time.monotonic() > until:
            said = os.pread(told, 10_000, 0).decode("utf-8", "replace").strip().rpartition("\n")[2][:300]
            if _TAKEN in said:
                return 0
            raise ConfigurationError(f"the driver does not start: {said}", where=driver, hint=_INSTALL)
        time.sleep(0.02)
    return int(found[1])


def _session(options: "ChromeOptions", config: "ClientConfig") -> "Remote":
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver import Remote
    from urllib3.exceptions import HTTPError

    where = config.remote_server_addr
    try:
        return Remote(where, options=options, client_config=config)
    except WebDriverException as error:
        said = brief(error)
        kind = ConfigurationError if "only supports" in said else Unavailable
        raise kind(f"no browser: {said}", where=where, hint="`touchline doctor` tries each part") from error
    except (HTTPError, OSError) as error:
        raise Unavailable(f"no answer: {brief(error)}", where=where, hint="check TOUCHLINE_BROWSER_URL") from error


def set_patience(driver: "Remote", seconds: float) -> None:
    """How long each command may take before the driver is given up."""
    executor: Any = driver.command_executor
    executor.client_config.timeout = seconds


def _quit(driver: "Remote") -> None:
    """End the session; a grid that does not answer ends it by its own time-out."""
    from selenium.common.exceptions import WebDriverException
    from urllib3.exceptions import HTTPError

    set_patience(driver, ENDING)
    with contextlib.suppress(WebDriverException, HTTPError, OSError):
        driver.quit()


def _let_go(driver: "Remote") -> None:
    """Close our connection to a driver; the guard ends the session."""
    executor: Any = driver.command_executor
    executor.close()


def brief(error: BaseException) -> str:
    """First line of what an error says."""
    return (getattr(error, "msg", None) or str(error) or type(error).__name__).strip().partition("\n")[0][:300]
