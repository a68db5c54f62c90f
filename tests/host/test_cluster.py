"""The embedded PostgreSQL comes up from nothing, from yesterday's data and from what a crash has left."""

import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from tests.database import Database

from credit_sanction_service.host import processes
from credit_sanction_service.host.access import Access, ByPassword
from credit_sanction_service.host.account import Account, account_for
from credit_sanction_service.host.binaries import Binaries, bundled, runnable_by
from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.host.home import claim
from credit_sanction_service.host.refusal import StartRefused

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")


@contextmanager
def opened(data: Path, *, access: Access | None = None, **settings: str) -> Iterator[Cluster]:
    with claim(data) as home, Cluster.open(home, extra_settings={"fsync": "off", **settings}, access=access) as running:
        yield running


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def test_both_roles_reach_a_database_of_their_own(database: Database) -> None:
    for dsn, role in (
        (database.owner_dsn, "credit_sanction_owner"),
        (database.service_dsn, "credit_sanction_service"),
    ):
        with psycopg.connect(dsn) as connection:
            answer = connection.execute("SELECT current_user, current_database()").fetchone()
        assert answer == (role, database.name)


def test_neither_role_has_rights_beyond_its_database(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn("admin")) as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls OR rolreplication "
            "FROM pg_roles WHERE rolname ^@ 'credit_sanction'"
        ).fetchall()
    assert sorted(roles) == [("credit_sanction_owner", False), ("credit_sanction_service", False)]
    with psycopg.connect(cluster.dsn("service")) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE mine ()")


def test_it_is_safe_by_its_settings(cluster: Cluster) -> None:
    expected = {
        "listen_addresses": "",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "password_encryption": "scram-sha-256",
    }
    with psycopg.connect(cluster.dsn("owner")) as connection:
        settings = {name: connection.execute("SELECT current_setting(%s)", [name]).fetchone() for name in expected}
        ours = connection.execute("SELECT datcollate, datlocale FROM pg_database WHERE datname = 'credit_sanction'")
        assert ours.fetchone() == ("C", "C.UTF-8")
    assert settings == {name: (value,) for name, value in expected.items()}


def test_a_newly_made_cluster_forces_its_data_to_the_disk(data_dir: Path) -> None:
    with claim(data_dir) as home, Cluster.open(home) as running:
        assert ask(running.dsn("owner"), "SHOW fsync") == "on"


def test_nobody_else_gets_at_socket_data_or_log(cluster: Cluster) -> None:
    root = cluster.data.parent
    for private in (root / "socket", root / "postgres-log", cluster.data, root / "run"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    for private in (root / "lock", root / "postgres-start.log"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    settings = root / "postgres-settings"
    for shared in (settings, *settings.iterdir()):
        assert stat.S_IMODE(shared.stat().st_mode) & 0o027 == 0


@as_root
def test_it_runs_under_an_account_without_rights(cluster: Cluster) -> None:
    assert cluster.pid is not None
    uids = {process.pid: Path(f"/proc/{process.pid}").stat().st_uid for process in working_in(cluster)}
    assert cluster.pid in uids
    assert 0 not in uids.values()


def working_in(cluster: Cluster) -> list[processes.Stranger]:
    return processes.working_in(cluster.data, uid=cluster.data.stat().st_uid)


def test_the_next_start_finds_the_data(data_dir: Path) -> None:
    with opened(data_dir) as running:
        first = running.pid
        with psycopg.connect(running.dsn("owner")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert first is not None
    assert processes.birth_of(first) is None
    with opened(data_dir) as running:
        assert ask(running.dsn("owner"), "SELECT number FROM kept") == 7


def test_a_cluster_half_made_is_made_anew(data_dir: Path) -> None:
    (data_dir / "postgres.new" / "base").mkdir(parents=True)
    with opened(data_dir) as running:
        assert ask(running.dsn("service"), "SELECT 7") == 7
    assert not (data_dir / "postgres.new").exists()


@pytest.mark.parametrize("name", ["x" * 90, "年度淘汰落后产能" * 5, "a,b", 'it\'s a "data" directory'])
def test_any_path_will_do(data_dir: Path, name: str) -> None:
    data = data_dir / name
    for _ in range(2):
        with opened(data) as running:
            assert ask(running.dsn("owner"), "SELECT 7") == 7
            record = data / "socket-directory"
            outside = Path(record.read_text(encoding="utf-8")) if record.exists() else None
        assert outside is None or not outside.exists()


def test_a_socket_directory_of_somebody_else_is_not_used(yesterday: Path) -> None:
    data, trap = yesterday / ("x" * 90), yesterday / "trap"
    data.mkdir(mode=0o711)
    (yesterday / "postgres").rename(data / "postgres")
    trap.mkdir(mode=0o777)
    (data / "socket-directory").write_text(str(trap), encoding="utf-8")
    with opened(data) as running:
        assert ask(running.dsn("owner"), "SELECT 7") == 7
        assert str(trap) not in running.dsn("owner")


def test_without_peer_a_password_guards_the_socket(data_dir: Path) -> None:
    passfile = data_dir / "passwords"
    with opened(data_dir, access=ByPassword(passfile=passfile)) as running:
        assert stat.S_IMODE(passfile.stat().st_mode) == 0o600
        password = passfile.read_text(encoding="ascii").rpartition(":")[2].strip()
        for dsn in (running.dsn("owner"), running.dsn("service"), running.dsn("admin")):
            assert ask(dsn, "SELECT 7") == 7
            assert password not in dsn
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(running.dsn("owner"), passfile=str(data_dir / "none"))
    with opened(data_dir, access=ByPassword(passfile=passfile)) as running:
        assert ask(running.dsn("owner"), "SELECT 7") == 7


def test_data_of_another_major_version_are_refused(yesterday: Path) -> None:
    with opened(yesterday) as running:
        version = running.data / "PG_VERSION"
    version.write_text("17\n", encoding="ascii")
    with (
        pytest.raises(StartRefused, match=r"written by PostgreSQL 17 and this release brings PostgreSQL 18: move"),
        opened(yesterday),
    ):
        pass


def test_a_setting_that_postgresql_refuses_is_told_in_its_words(yesterday: Path) -> None:
    with (
        pytest.raises(StartRefused, match=r"did not start \(.*shared_buffers.*\): see .*postgres-log"),
        opened(yesterday, shared_buffers="much"),
    ):
        pass


def test_a_recovery_is_waited_for_and_told(yesterday: Path) -> None:
    with opened(yesterday) as running:
        with psycopg.connect(running.dsn("owner")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT number FROM generate_series(1, 200000) number")
        assert running.pid is not None
        os.kill(running.pid, signal.SIGKILL)
    told: list[tuple[float, str]] = []
    with (
        claim(yesterday) as home,
        Cluster.open(
            home,
            extra_settings={"fsync": "off"},
            on_progress=lambda seconds, doing: told.append((seconds, doing)),
            progress_every=0.01,
        ) as running,
    ):
        assert ask(running.dsn("owner"), "SELECT count(*) FROM kept") == 200000
    assert told == sorted(told)
    assert any(doing.startswith("startup recovering") for _, doing in told), told


def test_a_dead_postmasters_number_given_to_another_process_is_not_taken_for_it(yesterday: Path) -> None:
    with opened(yesterday) as running:
        data = running.data
    account = account_for(data)
    bystander = subprocess.Popen(
        ["/bin/cat"],
        stdin=subprocess.PIPE,
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )
    with bystander:
        lines = [str(bystander.pid), str(data), "1", "5432", "", "", "", "ready"]
        (data / "postmaster.pid").write_text("\n".join(lines), encoding="ascii")
        account.own(data / "postmaster.pid")
        with opened(yesterday) as running:
            assert running.pid != bystander.pid
            assert ask(running.dsn("owner"), "SELECT 7") == 7
        assert bystander.poll() is None
        bystander.communicate()


@as_root
def test_a_data_directory_that_the_account_cannot_reach_is_refused(data_dir: Path) -> None:
    shut = data_dir / "shut"
    shut.mkdir(mode=0o700)
    with pytest.raises(StartRefused, match=r"cannot enter .*: let everybody pass through"), opened(shut / "data"):
        pass
    assert stat.S_IMODE(shut.stat().st_mode) == 0o700


@as_root
def test_binaries_that_the_account_cannot_reach_are_copied_once(data_dir: Path) -> None:
    account = account_for(data_dir / "postgres")
    shut, copies = data_dir / "shut", data_dir / "copies"
    shut.mkdir(mode=0o700)
    copies.mkdir(mode=0o711)
    prefix, package = bundled().prefix, bundled().prefix.parent
    for part in (prefix, package.parent / f"{package.name}.libs"):
        shutil.copytree(part, shut / part.relative_to(package.parent), symlinks=True)
    for path in (shut / package.name).rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    hidden = Binaries(prefix=shut / package.name / prefix.name)
    assert hidden.version(account) is None
    (copies / "postgresql-17.0" / "of-an-older-release").mkdir(parents=True)

    copy = runnable_by(account, hidden, copies)

    assert copy.prefix.is_relative_to(copies)
    assert copy.version(account) == hidden.version(Account(name="root"))
    assert len(list(copies.iterdir())) == 1
    initdb = [copy.program("initdb"), "--version"]
    subprocess.run(initdb, check=True, user=account.uid, group=account.gid, extra_groups=[], cwd="/")
    inode = copy.prefix.stat().st_ino
    assert runnable_by(account, hidden, copies).prefix.stat().st_ino == inode
    assert stat.S_IMODE(shut.stat().st_mode) == 0o700


@as_root
def test_binaries_within_reach_are_used_where_they_are(cluster: Cluster) -> None:
    account = account_for(cluster.data)
    if bundled().version(account) is not None:
        assert runnable_by(account, bundled(), cluster.data.parent) == bundled()
