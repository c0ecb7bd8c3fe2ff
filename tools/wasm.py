"""Assemble `kernel.wat` into `kernel.mjs`: the page carries the bytes as text, and a test holds the two together.

python -m tools.wasm
"""

import base64
import textwrap

import wasmtime

from tools.fingerprint import ROOT

SOURCE = ROOT / "dcgan_lib" / "widgets" / "kernel.wat"
TARGET = SOURCE.with_suffix(".mjs")


def module() -> str:
    """The text of `kernel.mjs`."""
    code = base64.b64encode(wasmtime.wat2wasm(SOURCE.read_text(encoding="utf-8"))).decode()
    lines = " +\n".join(f'  "{line}"' for line in textwrap.wrap(code, 110))
    return f"// kernel.wat, assembled by  python -m tools.wasm\nexport const KERNEL =\n{lines};\n"


if __name__ == "__main__":
    TARGET.write_text(module(), encoding="utf-8")
    print(f"{TARGET.name}: {len(module())} bytes")
