"""The cluster backend of the executor: the same workers, placed on nodes by Ray.

Ray finds a node, starts a process there and carries messages; all else is that
of `tidemill.core.processes`. The work itself is done by a worker of our own
beside Ray's process, so the limit of memory is the same ``RLIMIT_AS`` (a process
of Ray's reserves 8 GB before it does anything; Ray's resource ``memory`` is not
used), a death is told by its signal, and the folder in which the program was
started is no place for modules. What a lost node had in work is an `Outcome`
with a `CapacityError`, or is tried again elsewhere within ``retries``. What is
finished our journal knows, never Ray: a minute after the head of the cluster is
lost Ray ends the program, and the next run begins where the journal ends.

Nodes need the same Tidemill, the same modules, and files at the same paths; they
have an environment of their own, so settings must travel with the function. Each
worker takes one CPU of the cluster until its run ends; an actor takes none. Ray
sets ``OMP_NUM_THREADS`` to 1 for both where a node does not say otherwise.

Security: whoever reaches a cluster's ports and knows its token runs code on all
its nodes, and what travels is cloudpickle in the clear: only for a trusted
network. Without a token everybody is let in (CVE-2023-48022), and the dashboard
was a door of its own (CVE-2026-27482). So Ray below 2.60 is refused, a token is
used unless ``RAY_AUTH_MODE=disabled`` is set, and a cluster that is started here
has no dashboard and listens on the loopback interface alone. Its token stands in
the environment of its processes, for Ray's own file can be read by everybody.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tidemill.core.errors import CapacityError, MissingExtraError, SettingError
from tidemill.core.executor import ExecutorNode
from tidemill.core.processes import ProcessActor, Rules, ShardRun
from tidemill.core.remote import RemoteWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tidemill.core.executor import Outcome, Resources

__all__ = ["AUTO", "LOCAL", "ClusterExecutor", "connect", "disconnect"]

Shard = TypeVar("Shard")
Value = TypeVar("Value")

LOCAL = "local"
"""The address of a cluster that is started on this machine and ends with this process."""

AUTO = "auto"
"""The address of the cluster of this machine, or that of ``RAY_ADDRESS``."""

_LEAST_RAY = (2, 60)
_KNOCK_SECONDS = 5.0
_SHORT_ID = 8
_ON_LOOPBACK = (LOCAL, "127.", "localhost:", "[::1]:")
_ENVIRON = {
    "RAY_AUTH_MODE": "token",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # else Ray starts a cluster whenever it misses one
    "RAY_USAGE_STATS_ENABLED": "0",
}
_ATTEMPTS = "RAY_gcs_server_port_wait_time_s"
"""How often a head is tried to be reached, whatever the name says: 40 s each, by default 20."""


class ClusterExecutor:
    """Runs shards and keeps actors on the nodes of a Ray cluster.

    Functions, shards and values travel as with `ProcessExecutor`. A process has
    one connection: the first use makes it, `disconnect` ends it.

    Args:
        address: `LOCAL`, `AUTO`, or the ``host:port`` of a head.
        in_order: Yield outcomes in the order of the shards rather than of
            completion; a slow shard then holds back the ones after it.
        node: Id of the only node that it uses, as Ray knows it; by default it uses all.
    """

    def __init__(
        self, address: str = LOCAL, *, in_order: bool = False, node: str | None = None
    ) -> None:
        self._address = address
        self._in_order = in_order
        self._node = node

    def map(
        self,
        fn: Callable[[Shard], Value],
        shards: Iterable[Shard],
        *,
        resources: Resources,
        retries: int = 0,
        deadline_seconds: float | None = None,
    ) -> Iterator[Outcome[Shard, Value]]:
        """Run the shards over the nodes; see `Executor.map`.

        Workers for which there is no room are waited for while others work.
        Leaving the iterator early, or an exception such as Ctrl-C, kills them.

        Raises:
            TidemillError: ``fn`` cannot be sent to a worker or not be loaded there.
            SettingError: There is no such cluster, or a node has another Tidemill.
            CapacityError: No worker can begin.
            MissingExtraError: Ray is not installed, or too old.
        """
        run: ShardRun[Shard, Value] = ShardRun(
            fn,
            iter(shards),
            self._starter(resources, cpus=1),
            Rules(
                workers=resources.workers,
                retries=retries,
                deadline_seconds=deadline_seconds,
                in_order=self._in_order,
            ),
        )
        return run.outcomes()

    def actor(self, factory: Callable[[], object], *, resources: Resources) -> ProcessActor:
        """Make the object on some node, without waiting for it; see `Executor.actor`."""
        return ProcessActor(factory, self._starter(resources, cpus=0))

    def nodes(self) -> tuple[ExecutorNode, ...]:
        """Return the nodes that Ray takes for living; see `Executor.nodes`.

        Raises:
            SettingError: There is no such cluster.
            CapacityError: Its head does not answer.
            MissingExtraError: Ray is not installed, or too old.
        """
        connect(self._address)
        ray = _ray()
        try:
            known = ray.nodes()
        except (RuntimeError, ray.exceptions.RayError) as error:
            raise CapacityError(
                f"the cluster does not say which nodes it has: {error}", hint="Is its head running?"
            ) from error
        return tuple(
            self._node_of(facts)
            for facts in known
            if facts["Alive"] and self._node in {None, facts["NodeID"]}
        )

    def _node_of(self, facts: dict[str, Any]) -> ExecutorNode:
        host, node = facts["NodeManagerAddress"], facts["NodeID"]
        return ExecutorNode(
            name=f"{host}-{node[:_SHORT_ID]}",
            host=host,
            executor=ClusterExecutor(self._address, in_order=self._in_order, node=node),
        )

    def _starter(self, resources: Resources, *, cpus: int) -> Callable[[bytes], RemoteWorker]:
        connect(self._address)
        return functools.partial(
            RemoteWorker,
            _ray(),
            memory_bytes=resources.memory_bytes,
            cpus=cpus,
            placement=_placement(self._node),
        )


@dataclass(slots=True, kw_only=True)
class _Connection:
    """What this process is connected to, and the environment as it was before."""

    address: str | None = None
    environ: dict[str, str | None] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


_connection = _Connection()


def connect(address: str = LOCAL, *, cpus: int | None = None) -> None:
    """Connect this process to a cluster, or start one; harmless when it is connected.

    A program that has connected to Ray by itself keeps that connection.

    Args:
        address: As for `ClusterExecutor`.
        cpus: How many CPUs a cluster that is started here lends; None for all.

    Raises:
        SettingError: There is no such cluster, it does not know the token, or
            this process is connected to another one.
        MissingExtraError: Ray is not installed, or too old.
    """
    if address == AUTO:
        address = os.environ.get("RAY_ADDRESS") or AUTO
    host, port = _parted(address)
    with _connection.lock:
        if _connection.address not in (None, address):
            raise SettingError(
                f"this process is connected to the cluster {_connection.address}, not to {address}",
                hint="Disconnect first; a process has one connection.",
            )
        if _is_connected():
            return
        if host:
            _knock(host, port)
        _connection.environ = _set_environ(address)
        try:
            _init(address, cpus)
            _connection.address = address
            _refuse_open_doors(address)
        except BaseException:
            disconnect()
            raise


def disconnect() -> None:
    """End the connection; a cluster that was started with it ends too. End runs before."""
    with _connection.lock:
        if _is_connected():
            _ray().shutdown()
        for name, value in _connection.environ.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _connection.address, _connection.environ = None, {}


def _is_connected() -> bool:
    return "ray" in sys.modules and bool(_ray().is_initialized())


def _placement(node: str | None) -> Any:
    """Return Ray's word for where an actor goes: anywhere, or to one node and no other."""
    if node is None:
        return "SPREAD"
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node_id=node, soft=False)


def _ray() -> Any:
    """Import Ray, which takes a second the first time."""
    feature = "work over a cluster"
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError(feature, extra="cluster") from error
    if tuple(int(part) for part in ray.__version__.split(".")[:2]) < _LEAST_RAY:
        needed = ".".join(map(str, _LEAST_RAY))
        raise MissingExtraError(
            f"{feature} with Ray {needed} or newer, not {ray.__version__},", extra="cluster"
        )
    return ray


def _parted(address: str) -> tuple[str, int]:
    """Return host and port of an address; no host when it is a word."""
    if address in (LOCAL, AUTO):
        return "", 0
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise SettingError(
            f"the cluster's address is {address}",
            hint="Run on a node of the cluster, and give auto or host:port.",
        )
    return host, int(port)


def _knock(host: str, port: int) -> None:
    """Refuse an address where nobody is, which Ray would try for many minutes."""
    try:
        socket.create_connection((host.strip("[]"), port), _KNOCK_SECONDS).close()
    except OSError as error:
        raise SettingError(
            f"the cluster {host}:{port} cannot be reached: {error}",
            hint="Is it running (ray start --head), and is that the port of its head?",
        ) from error


def _set_environ(address: str) -> dict[str, str | None]:
    """Set what Ray reads from the environment; return what stood there before."""
    wanted = dict(_ENVIRON)
    if address == LOCAL and "RAY_AUTH_TOKEN_PATH" not in os.environ:
        wanted["RAY_AUTH_TOKEN"] = _own_token()
    if address != LOCAL:
        wanted[_ATTEMPTS] = "1"
    before = {name: os.environ.get(name) for name in wanted}
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
    return before


@functools.cache
def _own_token() -> str:
    # One a process: Ray remembers the first that it has seen.
    return secrets.token_hex(32)


def _init(address: str, cpus: int | None) -> None:
    ray = _ray()
    from ray.job_config import JobConfig

    job = JobConfig(
        # Else nodes look for modules first where we are, often in somebody's repository.
        _client_job=True,
        ray_namespace=f"tidemill-{secrets.token_hex(8)}",
    )
    quietly = {"job_config": job, "log_to_driver": False, "logging_level": logging.ERROR}
    own = {"num_cpus": cpus, "include_dashboard": False} if address == LOCAL else {}
    try:
        with _tuned(address), _kept_signals():
            ray.init(address=address, **quietly, **own)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise SettingError(
            f"the cluster {address} cannot be reached: {error}",
            hint="Is it running, and is its token (ray get-auth-token) known here?",
        ) from error


@contextlib.contextmanager
def _tuned(address: str) -> Iterator[None]:
    """Set what Ray has no words for, or has read when it was imported, perhaps not by us."""
    from ray._private import ray_constants, worker
    from ray._raylet import Config  # type: ignore[attr-defined]  # compiled

    Config.initialize("")  # reads the environment again
    # Ray prints what becomes of nodes to standard output, where answers for programs go.
    worker._worker_logs_enabled = False  # noqa: SLF001
    before = ray_constants.ENABLE_RAY_CLUSTER
    if address.startswith(_ON_LOOPBACK):
        # As on platforms without clusters: else Ray replaces 127.0.0.1 by the machine's own
        # address, and listens at all of them.
        ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _refuse_open_doors(address: str) -> None:
    at = str(_ray().get_runtime_context().gcs_address)
    if address == LOCAL and not at.startswith("127."):
        raise SettingError(
            f"this Ray ({_ray().__version__}) would listen at {at} to everybody",
            hint="Start a cluster yourself (ray start --head) and give its address.",
        )


@contextlib.contextmanager
def _kept_signals() -> Iterator[None]:
    """Keep the caller's way with SIGTERM, which Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
