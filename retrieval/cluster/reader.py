"""Files read, cut and encoded on a Ray cluster, while this process alone writes the store and the cache.

    read (this machine) → cut (anywhere) → which texts are new (this machine) → encode (anywhere) → this process

Ray Data carries blocks of a few files from stage to stage and holds the first stages back where the later ones are
slower, so that memory does not grow with the corpus. What a lost machine was doing is done again elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from adapters import Adapter
from adapters.backbone import files_of
from retrieval.cluster.stages import Encode, cut_block, file_row, keep_new, keep_vectors, outcome, read_block
from retrieval.errors import GraftError, UnreadableFile
from retrieval.reading import Cutting, File, Outcome
from retrieval.vector_cache import VectorCache

TOGETHER = 8
"""Files in a block."""
SHARE = 0.5
"""Of a core is set aside for a process, so that cutting finds room beside the encoders, on a single core too."""
RETRIES = 2
"""So often is a block done again whose process or machine was lost."""
BROKEN = "what reads it on the cluster breaks down; the logs of Ray say how"


@dataclass(frozen=True, slots=True)
class ClusterReader:
    """A `Reader` on the cluster that this process is connected to.

    Args:
        encoder: Its name; the machines of the cluster have it too.
        adapter: Merged into it; so have they its folder.
    """

    encoder: str
    adapter: Adapter | None = None

    def __call__(self, files: Iterable[File], cutting: Cutting, cache: VectorCache) -> Iterator[tuple[File, Outcome]]:
        """See `Reader`; a file's vectors are in the cache before the file is named.

        Raises:
            GraftError: A machine of the cluster lacks Graft or the encoder.
            RuntimeError: The cluster is gone.
        """
        waiting = dict(enumerate(files))
        if waiting:
            encoder = self._on_all_machines()
        for together in (TOGETHER, 1):  # what breaks processes down takes only itself along the second time
            if waiting:
                for number, found in _run(waiting, together, cutting, (encoder, self.adapter), cache):
                    yield waiting.pop(number), found
        yield from ((file, UnreadableFile(BROKEN)) for file in waiting.values())

    def _on_all_machines(self) -> str:
        """The encoder's name on all machines; each loads it once, which compiles it there."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        files = files_of(self.encoder, self.adapter)
        adapter = self.adapter and astuple(self.adapter)  # which a machine without Graft can read
        name = str(files.path) if Path(os.path.expanduser(self.encoder)).is_dir() else self.encoder
        examine = ray.remote(num_cpus=0, max_retries=RETRIES)(_examination())
        asked = {}
        for node in ray.nodes():
            if node["Alive"]:
                on_node = examine.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=True))
                asked[on_node.remote(name, files.fingerprint, adapter)] = node["NodeManagerAddress"]
        for found, address in asked.items():
            if complaint := ray.get(found):
                raise GraftError(f"the machine {address} of the Ray cluster {complaint}")
        return name


def _examination() -> Callable[..., str]:
    """What every machine is asked first, made here so that one without Graft understands it too."""
    from importlib.metadata import version

    here = version("graft-bots")

    def examine(name: str, fingerprint: str, adapter: Any = None) -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            there = version("graft-bots")
            from adapters import Adapter
            from retrieval.encoder import Encoder
        except (ImportError, PackageNotFoundError) as error:
            return f"lacks Graft ({error}); install graft-bots {here} there"
        if there != here:
            return f"has graft-bots {there}, this one has {here}; install the same"
        try:
            found = Encoder.load(name, Adapter(*adapter) if adapter else None).fingerprint
        except Exception as error:
            return f"cannot load the encoder {name}: {error}"
        return "" if found == fingerprint else f"has another model at {name}; copy the encoder's folder there"

    return examine


def _run(
    files: dict[int, File],
    together: int,
    cutting: Cutting,
    encoder: tuple[str, Adapter | None],
    cache: VectorCache,
) -> Iterator[tuple[int, Outcome]]:
    """What became of files, by number; those of blocks that broke processes down are left out."""
    import ray
    from ray.data import ActorPoolStrategy, from_items
    from ray.exceptions import RayError

    here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
    on_this_machine: dict[str, Any] = {"num_cpus": 0, "label_selector": here, "concurrency": 1}
    whole: dict[str, Any] = {"batch_size": None, "batch_format": "pyarrow"}
    cores = int(ray.cluster_resources().get("CPU", 0))
    blocks = (
        from_items([file_row(*item) for item in files.items()], override_num_blocks=-(-len(files) // together))
        .map_batches(read_block, **on_this_machine, **whole)
        .map_batches(cut_block, fn_args=astuple(cutting), num_cpus=SHARE, max_retries=RETRIES, **whole)
        .map_batches(
            keep_new, fn_args=(cache.path and cache.path.absolute(), cache.dimension), **on_this_machine, **whole
        )
        .map_batches(
            Encode,
            fn_constructor_args=encoder,
            compute=ActorPoolStrategy(min_size=1, max_size=max(1, cores)),
            num_cpus=SHARE,
            max_task_retries=RETRIES,
            **whole,
        )
        .iter_batches(prefetch_batches=1, **whole)
    )
    try:
        for block in blocks:
            rows = block.to_pylist()
            keep_vectors(rows, cache)
            yield from ((row["number"], outcome(row)) for row in rows)
    except RayError as error:
        raise RuntimeError(f"the Ray cluster gave up: {error}") from error
