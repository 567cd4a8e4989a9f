"""libmbus, built from the sources that the npm package node-mbus carries: no distribution has it.

`build(folder, ...)` compiles its command line tools and programs of our own against it.
"""
import os
import subprocess
from pathlib import Path

PACKAGE = "node-mbus@2.2.6"
SOURCES = ["mbus-protocol.c", "mbus-protocol-aux.c", "mbus-serial.c", "mbus-tcp.c", "mbus.c"]


def fetch(folder):
    """The folder of libmbus's sources below `folder`."""
    root = Path(folder) / "package" / "libmbus"
    if not root.is_dir():
        Path(folder).mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", PACKAGE], check=True, cwd=folder,
                       stdout=subprocess.DEVNULL)
        archive = next(Path(folder).glob("node-mbus-*.tgz"))
        subprocess.run(["tar", "xzf", archive.name], check=True, cwd=folder)
    return root


def build(folder, *programs):
    """Compiles programs, named by their C files or by libmbus's own tools; returns their paths."""
    root = fetch(folder)
    built = []
    for program in programs:
        source = Path(program)
        if not source.suffix:
            source = root / "bin" / f"{program}.c"
        target = Path(folder) / source.stem
        if not target.exists() or os.path.getmtime(target) < os.path.getmtime(source):
            command = ["cc", "-O2", "-w", f"-I{root}", f"-I{root}/mbus", '-DPACKAGE_VERSION="peer"',
                       "-o", str(target), str(source)]
            command += [str(root / "mbus" / name) for name in SOURCES]
            subprocess.run([*command, "-lm"], check=True)
        built.append(target)
    return built
