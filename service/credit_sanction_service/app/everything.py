"""`run`: everything on one machine, under one supervisor."""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.app.database import require_dsn
from credit_sanction_service.app.epochs import notice_restore
from credit_sanction_service.app.law import bring_law, require_law
from credit_sanction_service.app.ports import reserved, worker_count
from credit_sanction_service.app.receipt_keys import receipt_keys
from credit_sanction_service.app.stand_ins import prepare, write_private
from credit_sanction_service.app.worker_process import install, load_targets
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.host.child import Child
from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.host.home import chosen_path, claim, default_path, dsn_file
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.host.signals import interruptible
from credit_sanction_service.host.supervisor import Supervisor
from credit_sanction_service.restrictions.receipts import new_receipt_key, read_receipt_keys
from credit_sanction_service.store.connect import connect, translated
from credit_sanction_service.store.migrate import check_schema, migrate
from credit_sanction_service.store.tokens import issue_token, load_tokens, token_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from credit_sanction_service.config import Settings
    from credit_sanction_service.host.lifeline import Info

log: Final = structlog.get_logger()


def run_everything(settings: Settings) -> int:
    """Start all there is, say where it listens, and keep it running until Ctrl-C or SIGTERM."""
    if settings.targets:
        load_targets(settings)  # a faulty file is told before anything is started
    if settings.receipt_key:
        receipt_keys(settings)  # so is a faulty key
    with ExitStack() as house:
        house.enter_context(interruptible())
        path = chosen_path(settings.data_dir)
        if not path.exists():
            with reserved(settings):
                pass  # a start that is refused leaves no new directory behind
        # Where data lie they are claimed first: what a killed supervisor left running there may still hold the ports.
        home = house.enter_context(claim(path))
        ports = house.enter_context(reserved(settings))
        settings = ports.settled(settings)
        clusters = []
        if settings.dsn:
            _bring_up_to_date(settings)
        else:
            cluster = house.enter_context(Cluster.open(home, extra_settings=None))
            clusters = [cluster]
            settings = replace(settings, dsn=cluster.dsn("service"), owner_dsn=cluster.dsn("owner"))
            migrate(settings.owner_dsn)
            notice_restore(settings.owner_dsn)
            house.enter_context(_told_to_its_user(home.path, settings.dsn))
        bring_law(settings.dsn)
        require_law(settings.dsn)
        children = []
        if not settings.targets:
            directory = home.path / "stand-ins"
            prepared = prepare(directory, settings.stand_ins)
            settings = replace(settings, stand_ins_dir=str(directory), targets=str(prepared.targets))
            children.append(_child("stand-ins", settings, stage=0))
        install(settings.dsn, load_targets(settings))
        token_file = _administrator(home.path, settings.dsn)
        children.append(_child("worker", settings, stage=1))
        settings = replace(settings, index_dir=settings.index_dir or str(home.run_dir / "index"))
        settings = replace(settings, receipt_key=settings.receipt_key or _receipt_key(home.path))
        receipt_keys(settings)
        shown = [port.address for port in ports.api_metrics]
        for number in range(worker_count(settings)):
            own = replace(settings, api_metrics=shown[number] if shown else "")
            children.append(_child("api", own, stage=2, number=number))
        ports.hand_over()
        supervisor = Supervisor(home.run_dir, children, also=clusters, drain_seconds=settings.drain_s + 5)
        return supervisor.run(lambda infos: _tell(settings, home.path, token_file, infos, is_embedded=bool(clusters)))
    raise AssertionError("unreachable: nothing above swallows an exception")


@contextmanager
def _told_to_its_user(home: Path, dsn: str) -> Iterator[None]:
    """Let `token` find the database while the service runs. No secret is in the DSN."""
    path = dsn_file(home)
    write_private(path, dsn)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _bring_up_to_date(settings: Settings) -> None:
    require_dsn(settings.dsn, "CREDIT_SANCTION_DSN")
    try:
        if settings.owner_dsn:
            require_dsn(settings.owner_dsn, "CREDIT_SANCTION_OWNER_DSN")
            migrate(settings.owner_dsn)
        check_schema(settings.dsn)
        notice_restore(settings.dsn)
    except StoreUnavailable as fault:
        raise StartRefused(str(fault)) from None


def _child(command: str, settings: Settings, *, stage: int, number: int | None = None) -> Child:
    env = {
        "CREDIT_SANCTION_DSN": settings.dsn,
        "CREDIT_SANCTION_LISTEN": settings.listen,
        "CREDIT_SANCTION_TARGETS": settings.targets,
        "CREDIT_SANCTION_METRICS": settings.metrics,
        "CREDIT_SANCTION_API_METRICS": settings.api_metrics,
        "CREDIT_SANCTION_INDEX_DIR": settings.index_dir,
        "CREDIT_SANCTION_STAND_INS": settings.stand_ins,
        "CREDIT_SANCTION_STAND_INS_DIR": settings.stand_ins_dir,
        # Only those who sign have the key.
        "CREDIT_SANCTION_RECEIPT_KEY": settings.receipt_key if command == "api" else "",
    }
    return Child(
        name=command if number is None else f"{command}-{number}",
        argv=(sys.executable, "-m", "credit_sanction_service", command),
        env=env,
        pin_core=number,
        stage=stage,
    )


def _administrator(home: Path, dsn: str) -> Path:
    """Return the file with a local administrator's token, making one where the store does not know the file's."""
    path = home / "administrator.token"
    with connect(dsn) as connection:
        known = load_tokens(connection)
        if not (path.exists() and token_hash(path.read_text("utf-8").strip()) in known):
            principal = Principal(name="local-administrator", roles=frozenset({Role.ADMINISTRATOR}))
            write_private(path, issue_token(connection, principal))
    return path


def _receipt_key(home: Path) -> str:
    """Return the key that signs this installation's receipts, made at the first start. Only its owner can read the file."""
    path = home / "receipt.key"
    try:
        if not path.exists():
            write_private(path, new_receipt_key().strip())
            log.info(
                "receipt_key.made", path=str(path), advice="what was signed by another key verifies by that one alone"
            )
        text = path.read_text("utf-8").strip()
        is_key = read_receipt_keys(text, "") is not None
    except (OSError, ValueError):
        text, is_key = "", False
    if not is_key:
        raise StartRefused(
            f"{path} is no receipt key that can be read: put back the one that was there, by whose public half receipts are"
            " verified, or move it away for a new one"
        )
    return text


def _api_processes(infos: Mapping[str, Info]) -> str:
    count = sum(name.startswith("api-") for name in infos)
    return f"{count} process{'' if count == 1 else 'es'}"


def _tell(settings: Settings, home: Path, token_file: Path, infos: Mapping[str, Info], *, is_embedded: bool) -> None:
    programs = Path(sys.executable).parent
    where = "" if home == default_path().resolve() else f" --data-dir {shlex.quote(str(home))}"
    lines = [
        "",
        f"Credit Sanction Service is ready: gRPC on {settings.listen} ({_api_processes(infos)})",
        f"  data      {home}",
        f"  targets   {settings.targets}",
        f"  token     {token_file}",
        *([f"  stand-ins http://{settings.stand_ins}"] if "stand-ins" in infos else []),
        *([f"  metrics   http://{settings.metrics}/metrics"] if settings.metrics else []),
        *(f"  metrics   http://{info['metrics']}/metrics" for info in infos.values() if "metrics" in info),
        "",
        "Look an enterprise up:",
        f"  export CREDIT_SANCTION_ADDRESS={settings.listen} CREDIT_SANCTION_TOKEN_FILE={shlex.quote(str(token_file))}",
        f"  {programs / 'credit-sanction'} check 91220181FAKE01534L",
        "Give a caller a token:",
        f"  {programs / 'credit-sanction-service'} token issue NAME --role bank{where if is_embedded else ''}",
        "Ctrl-C stops everything.",
        "",
    ]
    sys.stdout.write("\n".join(lines))
    sys.stdout.flush()


def run_migrate(settings: Settings) -> int:
    """Bring the schema up to date, and the rule tables of this release into the store, as the owner."""
    if not settings.owner_dsn:
        raise StartRefused("CREDIT_SANCTION_OWNER_DSN is not set: name the PostgreSQL of the role that owns the schema")
    require_dsn(settings.owner_dsn, "CREDIT_SANCTION_OWNER_DSN")
    with translated():
        log.info("schema.migrated", revision=migrate(settings.owner_dsn))
        notice_restore(settings.owner_dsn)
    bring_law(settings.owner_dsn)
    return 0
