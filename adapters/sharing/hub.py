"""Adapters on the Hugging Face Hub, by its own client, which finds the token where it is kept, or in `HF_TOKEN`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapters.models import first_line
from adapters.sharing.files import SharingError, belongs, check_sizes
from adapters.sharing.place import Repository

LOGIN = "log in with `hf auth login`, or set HF_TOKEN"
PATIENCE = 20.0
"""Seconds without an answer of the Hub."""
PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


def upload(files: Mapping[str, Path | bytes], to: Repository, private: bool) -> str:
    """Put files into a repository, by one commit, and return its address; it is made if there is none.

    What an earlier adapter left there is removed by the same commit; what is no adapter's stays.

    Raises:
        SharingError: The Hub is out of reach or refuses, or a repository that is to be private is public.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    with _readable(to):
        api = HfApi(library_name="graft")
        try:
            info = api.model_info(to.name, timeout=PATIENCE)
        except RepositoryNotFoundError:
            api.create_repo(to.name, private=private or None, exist_ok=True)
            info = api.model_info(to.name, timeout=PATIENCE)
        if private and not info.private:
            raise SharingError(f"{to} is there already, and public; --private makes only new ones private")
        before = [file.rfilename for file in info.siblings or []]
        operations: list[Any] = [CommitOperationAdd(name, given) for name, given in files.items()]
        operations += [CommitOperationDelete(name) for name in before if belongs(name) and name not in files]
        api.create_commit(to.name, operations, commit_message="Publish the adapter", parent_commit=info.sha)
        return f"{api.endpoint}/{to.name}"


def download(source: Repository, out: Path) -> str:
    """Fetch an adapter's files, and no others, into a folder, and return the commit that they are of.

    Raises:
        SharingError: The Hub is out of reach or refuses, or there is no adapter, or one too large.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    with _readable(source):
        api = HfApi(library_name="graft")
        commit = str(api.model_info(source.name, revision=source.revision, timeout=PATIENCE).sha)
        tree = api.list_repo_tree(source.name, recursive=True, revision=commit)
        there = {entry.path: entry.size for entry in tree if isinstance(entry, RepoFile)}
        sizes = {name: size for name, size in there.items() if belongs(name)}
        if not sizes:
            pickled = sorted(name for name in there if name.endswith(PICKLED))
            why = f"; {pickled[0]} is pickled, which may run code, and is not read" if pickled else ""
            raise SharingError(f"{source} holds no adapter{why}")
        check_sizes(sizes, str(source))
        api.snapshot_download(source.name, revision=commit, local_dir=out, allow_patterns=list(sizes))
        shutil.rmtree(out / ".cache", ignore_errors=True)  # the client's notes on what it has fetched
        return commit


@contextmanager
def _readable(place: Repository) -> Iterator[None]:
    """The client's errors in a line; its progress bars only at a terminal."""
    from huggingface_hub import errors, utils

    bars = utils.are_progress_bars_disabled()
    if not sys.stderr.isatty():
        utils.disable_progress_bars()
    try:
        yield
    except errors.OfflineModeIsEnabled:
        raise SharingError(f"{place} is out of reach: HF_HUB_OFFLINE is set") from None
    except errors.GatedRepoError:
        raise SharingError(f"{place} is given on request only: ask on its page, then {LOGIN}") from None
    except errors.RevisionNotFoundError:
        raise SharingError(f"{place}: there is no such revision") from None
    except errors.RepositoryNotFoundError:
        raise SharingError(f"{place} is not on the Hub, or not for you to see: if it is private, {LOGIN}") from None
    except errors.HFValidationError as error:
        raise SharingError(f"{place}: {first_line(error)}") from None
    except errors.HfHubHTTPError as error:
        raise SharingError(_refused(place, error)) from None
    except errors.LocalTokenNotFoundError:
        raise SharingError(f"{place} needs a token: {LOGIN}") from None
    except (errors.HTTPError, errors.LocalEntryNotFoundError, ConnectionError) as error:
        raise SharingError(f"the Hub is out of reach: {first_line(error)}") from None
    except (SharingError, OSError):
        raise
    except Exception as error:  # of a transfer of weights, or a card that the Hub refuses; they share no class
        raise SharingError(f"{place}: {' '.join(str(error).split())[:300]}") from error
    finally:
        if not bars:
            utils.enable_progress_bars()


def _refused(place: Repository, error: Any) -> str:
    status = error.response.status_code if error.response is not None else None
    if status in (401, 403):
        return f"{place}: the Hub does not allow it: {LOGIN}, with a token that may do this"
    if status == 412:
        return f"{place} was changed meanwhile; push again"
    return f"{place}: the Hub answers: {first_line(error)}"
