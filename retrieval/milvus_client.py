"""Speaking to Milvus, a server or a file: connecting, and errors in one line that hold no secret."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import GraftError
from retrieval.vectors import VectorsMissing

if TYPE_CHECKING:
    from pymilvus import MilvusClient

CONNECTING = 5.0
"""Seconds in which a server must answer at first."""
NOT_FOUND = 100
"""Milvus's code for a collection that does not exist."""
_LOUD = ("pymilvus",)
_LOUD_FILE = ("milvus_lite", "grpc._server")
"""Loggers that print a traceback of what is also raised, or of what the server of a file does not know."""


class MilvusError(GraftError):
    """Milvus cannot be reached, or refuses."""


def place(uri: str) -> str:
    """What an address is called in messages."""
    return f"Milvus at {uri}" if "://" in uri else f"the Milvus file {uri}"


def connect(uri: str, token: str) -> MilvusClient:
    """Connect to a server, or open a file.

    Raises:
        MilvusError: The extra is not installed, the server does not answer, or another process has the file open.
    """
    try:
        from pymilvus import MilvusClient

        if "://" not in uri:
            import milvus_lite
    except ImportError:
        raise MilvusError("store.kind milvus needs the milvus extra: pip install 'graft-bots[milvus]'") from None
    for name in _LOUD if "://" in uri else (*_LOUD, *_LOUD_FILE):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if "://" not in uri:
        with contextlib.suppress(OSError):  # what is wrong shows when the file is opened
            Path(uri).parent.mkdir(parents=True, exist_ok=True)
    with plainly(uri, token):
        try:
            return MilvusClient(uri, token=token, timeout=CONNECTING)
        except Exception:
            if "://" not in uri:
                try:  # pymilvus does not say why it cannot open a file
                    milvus_lite.MilvusLite(uri).close()
                except milvus_lite.DataDirLockedError:
                    cure = "close that, or use a Milvus server"
                    raise MilvusError(f"{place(uri)} is in use by another process; {cure}") from None
                except OSError as error:
                    raise MilvusError(f"{place(uri)} cannot be used: {error.strerror or error}") from error
            raise


@contextlib.contextmanager
def plainly(uri: str, token: str) -> Iterator[None]:
    """Turn what goes wrong with Milvus into an error for people.

    Raises:
        VectorsMissing: A collection is not there.
        MilvusError: Anything else that Milvus says; errors of the disk stay what they are.
    """
    import grpc
    from pymilvus import MilvusException

    try:
        yield
    except MilvusException as error:
        if error.code == NOT_FOUND:
            raise VectorsMissing(
                f"{place(uri)} does not hold the vectors of this index; run: graft index BOT"
            ) from error
        cure = "" if "://" in uri else "; if it is damaged, delete it and run: graft index BOT"
        raise MilvusError(f"{place(uri)} cannot be used: {_line(error.message, token)}{cure}") from error
    except grpc.RpcError as error:
        raise MilvusError(f"{place(uri)} cannot be used: {_line(error.details(), token)}") from error


def _line(message: object, token: str) -> str:
    line = str(message).strip().split("\n")[0][:200]
    return line.replace(token, "…") if token else line
