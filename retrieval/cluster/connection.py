"""A connection to a Ray cluster for as long as it is needed, quiet and without statistics of use."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from retrieval.errors import GraftError

PATIENCE = 5
"""Seconds until an address is given up."""
SETTINGS = b"\x04"
"""Kind of the frame with which HTTP/2, the ground of gRPC, begins (RFC 9113, section 6.5)."""
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + SETTINGS + bytes(5)
TLS_ALERT = b"\x15"
"""How a server that encrypts answers a greeting that is not encrypted."""


@contextlib.contextmanager
def connected(address: str) -> Iterator[None]:
    """Work on a cluster; what is still running there for this process is ended at the end.

    Args:
        address: `HOST:PORT` of a cluster to which this machine belongs, `auto` for the one that runs here, or `local`
            for one of this machine alone, started and stopped.

    Raises:
        GraftError: Ray is not installed, the address is none, or no cluster answers there.
    """
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
    try:
        import ray.data
    except ImportError:
        raise GraftError("--ray needs the ray extra: pip install 'graft-bots[ray]'") from None

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        options |= {"include_dashboard": False}
    elif address != "auto":
        _knock(address)
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.max_errored_blocks = -1
    with contextlib.redirect_stdout(None), warnings.catch_warnings():  # Ray tells there of machines that die
        warnings.filterwarnings("ignore", module=r"ray\.")
        warnings.filterwarnings("ignore", "`ray_remote_args`")
        try:
            with _native_code_silent():
                ray.init(address, **options)
        except Exception as error:  # Ray raises all kinds where its own processes do not come up
            none_here = address == "auto" and isinstance(error, ConnectionError)
            reason = "start one with `ray start --head`" if none_here else str(error).splitlines()[0]
            raise _unanswered(address, reason) from error
        try:
            yield
        finally:
            ray.shutdown()


def _knock(address: str) -> None:
    """Make sure that something speaks gRPC there; Ray itself would wait a minute for it.

    Raises:
        GraftError: Nothing does.
    """
    host, _, port = address.rpartition(":")
    if "//" in host or not host or not port.isdecimal():
        raise GraftError(f"--ray must be auto, local or HOST:PORT, got {address!r}")
    try:
        with socket.create_connection((host, int(port)), PATIENCE) as stream:
            stream.sendall(GREETING)
            answer = stream.recv(9)
    except (OSError, OverflowError) as error:
        raise _unanswered(address, (getattr(error, "strerror", None) or str(error)).lower()) from error
    if answer[3:4] != SETTINGS and answer[:1] != TLS_ALERT:
        raise _unanswered(address, "something else than Ray does")


def _unanswered(address: str, reason: str) -> GraftError:
    where = "here" if address in ("auto", "local") else f"at {address}"
    return GraftError(f"no Ray cluster answers {where}: {reason}")


@contextlib.contextmanager
def _native_code_silent() -> Iterator[None]:
    """Drops what is written to stderr past Python's own stream."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
