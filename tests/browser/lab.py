"""JupyterLab with one notebook open in the browser, and a second client of its kernel.

with lab(browser, ["from dcgan_lib.widgets import LossExplorer", "widget = LossExplorer()\\nwidget"]) as opened:
    opened.run_all()
    opened.value("widget.logit")
"""

import ast
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import nbformat
from jupyter_client import BlockingKernelClient
from playwright.sync_api import Browser, Page

from tests.browser.harness import Said, attend
from tools.fingerprint import ROOT

PATIENCE = 120  # seconds, for a busy machine
SETTINGS = {
    "page_config.json": {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}},  # asks the web
    # every cell stays in the page, also those out of sight
    "default_setting_overrides.json": {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}},
}


@dataclass
class Lab:
    page: Page
    said: Said
    runtime: Path

    def run_all(self) -> None:
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def do(self, code: str, **asked: str) -> dict:
        """Run `code` in the notebook's kernel, then evaluate what is asked.

        Raises:
            RuntimeError: the code failed, with the kernel's own words.
        """
        (connection,) = self.runtime.glob("kernel-*.json")
        client = BlockingKernelClient(connection_file=str(connection))
        client.load_connection_file()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=PATIENCE)
            reply = client.execute(code, user_expressions=asked, reply=True, timeout=PATIENCE)["content"]
        finally:
            client.stop_channels()
        if reply["status"] != "ok":
            raise RuntimeError(f"{code!r} in the kernel: {reply['ename']}: {reply['evalue']}")
        return {name: ast.literal_eval(of["data"]["text/plain"]) for name, of in reply["user_expressions"].items()}

    def value(self, expression: str) -> object:
        return self.do("", asked=expression)["asked"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """JupyterLab on the files of `folder / "files"`, with settings of its own; its address."""
    port, config = free_port(), folder / "config"
    (config / "labconfig").mkdir(parents=True)
    for file, settings in SETTINGS.items():
        (config / "labconfig" / file).write_text(json.dumps(settings))
    own = {
        "JUPYTER_CONFIG_DIR": config,
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
        "PYTHONPATH": ROOT,
        "IPYTHONDIR": folder / "ipython",
    }
    flags = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"]
    flags += ["--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={folder / 'files'}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *flags],
            env=os.environ | {name: str(value) for name, value in own.items()},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}/"
    try:
        until = time.monotonic() + PATIENCE
        while not answers(address + "api"):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"JupyterLab did not start:\n{(folder / 'log').read_text()[-3000:]}")
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()  # it ends its kernels
        server.wait(30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


@contextlib.contextmanager
def lab(browser: Browser, cells: list[str]) -> Iterator[Lab]:
    """The notebook of these cells, open and not yet run, in a browser that reaches nothing but its server."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, folder / "files" / "made.ipynb")
        with serving(folder) as address:
            context = browser.new_context(viewport={"width": 1280, "height": 2000})
            context.set_default_timeout(1000 * PATIENCE)
            page = context.new_page()
            said = attend(page, address)
            page.goto(f"{address}lab/tree/made.ipynb")
            page.locator(".jp-CodeCell").first.wait_for()
            page.locator(".jp-KernelName", has_text="Python 3").wait_for()  # else Run asks which kernel
            page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(state="attached")
            try:
                yield Lab(page, said, folder / "runtime")
            finally:
                context.close()
