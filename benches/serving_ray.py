"""The peer of the serving bench: Ray Serve's model multiplexing over the same experts.

It is run by the Python of an environment of its own; see `benches/serving.py --prepare`.

    python benches/serving_ray.py FOLDER MODELS_A_REPLICA REPLICAS
"""

import base64
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import ray
import torch

from tidemill.experts.package import open_expert
from tidemill.serving.embedder import open_embedder

serve: Any = import_module("ray.serve")
"""Ray types it for classes that its decorators have made, which no checker follows."""

FOLDER, MODELS, REPLICAS = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


@serve.deployment(num_replicas=REPLICAS, max_ongoing_requests=64, ray_actor_options={"num_cpus": 1})
class Experts:
    """Each replica keeps a number of experts, the ones that were used last."""

    def __init__(self) -> None:
        torch.set_num_threads(1)

    @serve.multiplexed(max_num_models_per_replica=MODELS)  # type: ignore[untyped-decorator]  # Ray's
    async def expert(self, name: str) -> Any:
        """Load an expert."""
        return open_embedder(open_expert(FOLDER / name))

    async def __call__(self, request: Any) -> dict[str, Any]:
        """Answer one request."""
        body = await request.json()
        expert = await self.expert(serve.get_multiplexed_model_id())
        (vector,) = expert.queries([body["input"]])
        coded = base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")
        return {"embedding": coded, "worker": str(os.getpid())}


def main() -> None:
    """Serve until standard input ends."""
    ray.init(num_cpus=REPLICAS, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": 8931})
    deployed: Any = Experts
    serve.run(deployed.bind(), route_prefix="/")
    print(json.dumps({"port": 8931}), flush=True)
    sys.stdin.read()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
