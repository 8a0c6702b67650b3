"""Tidemill: read code, trace its data flow, index it and search it, on your own premises.

Every public name is listed in ``__all__`` and loaded on first use, so that
``import tidemill`` costs nothing. How to use them: ``docs/how/library.md``.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidemill.core.errors import CapacityError as CapacityError
    from tidemill.core.errors import ExpertError as ExpertError
    from tidemill.core.errors import InputError as InputError
    from tidemill.core.errors import LockedError as LockedError
    from tidemill.core.errors import MissingExtraError as MissingExtraError
    from tidemill.core.errors import ParseTimeoutError as ParseTimeoutError
    from tidemill.core.errors import SettingError as SettingError
    from tidemill.core.errors import StoreError as StoreError
    from tidemill.core.errors import TidemillError as TidemillError
    from tidemill.corpus.build import build_corpus as build_corpus
    from tidemill.corpus.inspection import inspect_corpus as inspect_corpus
    from tidemill.corpus.packed import open_corpus as open_corpus
    from tidemill.experts.archive import pack_expert as pack_expert
    from tidemill.experts.exporting import export_huggingface as export_huggingface
    from tidemill.experts.importing import import_huggingface as import_huggingface
    from tidemill.experts.package import open_expert as open_expert
    from tidemill.experts.packing import ExpertDraft as ExpertDraft
    from tidemill.experts.packing import write_expert as write_expert
    from tidemill.experts.registry import ExpertRegistry as ExpertRegistry
    from tidemill.experts.registry import open_registry as open_registry
    from tidemill.experts.verification import verify_expert as verify_expert
    from tidemill.hardware.rtl.design import RtlDesign as RtlDesign
    from tidemill.hardware.rtl.export import export_rtl as export_rtl
    from tidemill.hardware.sat.reproduction import reproduce_sat as reproduce_sat
    from tidemill.models.operations import trace_products as trace_products
    from tidemill.serving.answer import Request as Request
    from tidemill.serving.local import local_experts as local_experts
    from tidemill.serving.node import Node as Node
    from tidemill.serving.node import NodePlan as NodePlan
    from tidemill.sparsity.packing import pack_model as pack_model
    from tidemill.sparsity.pattern import NMPattern as NMPattern
    from tidemill.sparsity.sparsifier import Sparsifier as Sparsifier
    from tidemill.sparsity.sparsifier import desparsify as desparsify
    from tidemill.sparsity.sparsifier import sparsify as sparsify
    from tidemill.sparsity.spec import Sparsity as Sparsity
    from tidemill.tasks.clones.finding import clones as clones
    from tidemill.tasks.diagnosis import diagnose as diagnose
    from tidemill.tasks.embedding import embed as embed
    from tidemill.tasks.evaluation import evaluate_search as evaluate_search
    from tidemill.tasks.flow import data_flow as data_flow
    from tidemill.tasks.indexing import index as index
    from tidemill.tasks.planning import PlanOptions as PlanOptions
    from tidemill.tasks.planning import plan_sparsity as plan_sparsity
    from tidemill.tasks.sat_planning import SatPlanOptions as SatPlanOptions
    from tidemill.tasks.sat_planning import plan_sat as plan_sat
    from tidemill.tasks.search import search as search
    from tidemill.tasks.selftest import selftest as selftest
    from tidemill.tasks.status import status as status
    from tidemill.training.runs import list_runs as list_runs
    from tidemill.training.training import train as train

__version__ = "0.1.0"

__all__ = [
    "CapacityError",
    "ExpertDraft",
    "ExpertError",
    "ExpertRegistry",
    "InputError",
    "LockedError",
    "MissingExtraError",
    "NMPattern",
    "Node",
    "NodePlan",
    "ParseTimeoutError",
    "PlanOptions",
    "Request",
    "RtlDesign",
    "SatPlanOptions",
    "SettingError",
    "Sparsifier",
    "Sparsity",
    "StoreError",
    "TidemillError",
    "build_corpus",
    "clones",
    "data_flow",
    "desparsify",
    "diagnose",
    "embed",
    "evaluate_search",
    "export_huggingface",
    "export_rtl",
    "import_huggingface",
    "index",
    "inspect_corpus",
    "list_runs",
    "local_experts",
    "open_corpus",
    "open_expert",
    "open_registry",
    "pack_expert",
    "pack_model",
    "plan_sat",
    "plan_sparsity",
    "reproduce_sat",
    "search",
    "selftest",
    "sparsify",
    "status",
    "trace_products",
    "train",
    "verify_expert",
    "write_expert",
]

_HOMES = {
    "ExpertDraft": "tidemill.experts.packing",
    "ExpertRegistry": "tidemill.experts.registry",
    "NMPattern": "tidemill.sparsity.pattern",
    "Node": "tidemill.serving.node",
    "NodePlan": "tidemill.serving.node",
    "PlanOptions": "tidemill.tasks.planning",
    "Request": "tidemill.serving.answer",
    "RtlDesign": "tidemill.hardware.rtl.design",
    "SatPlanOptions": "tidemill.tasks.sat_planning",
    "Sparsifier": "tidemill.sparsity.sparsifier",
    "Sparsity": "tidemill.sparsity.spec",
    "build_corpus": "tidemill.corpus.build",
    "clones": "tidemill.tasks.clones.finding",
    "data_flow": "tidemill.tasks.flow",
    "desparsify": "tidemill.sparsity.sparsifier",
    "diagnose": "tidemill.tasks.diagnosis",
    "embed": "tidemill.tasks.embedding",
    "evaluate_search": "tidemill.tasks.evaluation",
    "export_huggingface": "tidemill.experts.exporting",
    "export_rtl": "tidemill.hardware.rtl.export",
    "import_huggingface": "tidemill.experts.importing",
    "index": "tidemill.tasks.indexing",
    "inspect_corpus": "tidemill.corpus.inspection",
    "list_runs": "tidemill.training.runs",
    "local_experts": "tidemill.serving.local",
    "open_corpus": "tidemill.corpus.packed",
    "open_expert": "tidemill.experts.package",
    "open_registry": "tidemill.experts.registry",
    "pack_expert": "tidemill.experts.archive",
    "pack_model": "tidemill.sparsity.packing",
    "plan_sat": "tidemill.tasks.sat_planning",
    "plan_sparsity": "tidemill.tasks.planning",
    "reproduce_sat": "tidemill.hardware.sat.reproduction",
    "search": "tidemill.tasks.search",
    "selftest": "tidemill.tasks.selftest",
    "sparsify": "tidemill.sparsity.sparsifier",
    "status": "tidemill.tasks.status",
    "trace_products": "tidemill.models.operations",
    "train": "tidemill.training.training",
    "verify_expert": "tidemill.experts.verification",
    "write_expert": "tidemill.experts.packing",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home module on first use."""
    if name not in __all__:
        message = f"module 'tidemill' has no attribute {name!r}"
        raise AttributeError(message)
    home = importlib.import_module(_HOMES.get(name, "tidemill.core.errors"))
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted([*__all__, "__version__"])
