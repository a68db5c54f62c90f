"""`run`: everything on one machine, under one supervisor."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.app.database import require_dsn
from credit_sanction_service.app.law import bring_law, require_law
from credit_sanction_service.app.ports import reserved
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
from credit_sanction_service.store.connect import connect, translated
from credit_sanction_service.store.migrate import check_schema, migrate
from credit_sanction_service.store.tokens import issue_token, load_tokens, token_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from credit_sanction_service.config import Settings
    from credit_sanction_service.host.lifeline import Info

log: Final = structlog.get_logger()

_MOST_WORKERS: Final = 4


def run_everything(settings: Settings) -> int:
    """Start all there is, say where it listens, and keep it running until Ctrl-C or SIGTERM."""
    if settings.targets:
        load_targets(settings)  # a faulty file is told before anything is started
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
        workers = settings.workers or min(os.cpu_count() or 1, _MOST_WORKERS)
        if not sys.platform.startswith("linux"):
            workers = 1  # only Linux spreads connections over processes that listen on one port
        children += [_child("api", settings, stage=2, number=number) for number in range(workers)]
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
    except StoreUnavailable as fault:
        raise StartRefused(str(fault)) from None


def _child(command: str, settings: Settings, *, stage: int, number: int | None = None) -> Child:
    env = {
        "CREDIT_SANCTION_DSN": settings.dsn,
        "CREDIT_SANCTION_LISTEN": settings.listen,
        "CREDIT_SANCTION_TARGETS": settings.targets,
        "CREDIT_SANCTION_METRICS": settings.metrics,
        "CREDIT_SANCTION_STAND_INS": settings.stand_ins,
        "CREDIT_SANCTION_STAND_INS_DIR": settings.stand_ins_dir,
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


def _tell(settings: Settings, home: Path, token_file: Path, infos: Mapping[str, Info], *, is_embedded: bool) -> None:
    programs = Path(sys.executable).parent
    where = "" if home == default_path().resolve() else f" --data-dir {shlex.quote(str(home))}"
    lines = [
        "",
        f"Credit Sanction Service is ready: gRPC on {settings.listen} ({len(infos)} processes)",
        f"  data      {home}",
        f"  targets   {settings.targets}",
        f"  token     {token_file}",
        *([f"  stand-ins http://{settings.stand_ins}"] if "stand-ins" in infos else []),
        *([f"  metrics   http://{settings.metrics}/metrics"] if settings.metrics else []),
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
    bring_law(settings.owner_dsn)
    return 0
