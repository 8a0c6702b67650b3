"""The bodies of requests, every number and text in them bounded, and the shapes of answers."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ChainRequest",
    "EmbeddingRequest",
    "EmbeddingResponse",
    "ErrorResponse",
    "ModelList",
    "RouteRequest",
    "SearchRequest",
    "SimilarRequest",
]

MOST_TEXTS = 256
LONGEST_TEXT = 1 << 18

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,95}$", examples=["search-tokens"])]
Model = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,95}$",
        description="an expert's name; the word auto lets the router choose",
        examples=["search-tokens", "auto"],
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)]
Language = Annotated[str | None, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
Task = Literal["search", "clones"]
Seconds = Annotated[float, Field(ge=0.1, le=120, description="how long to wait for the answer")]


class _Strict(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class EmbeddingRequest(_Strict):
    """OpenAI's request for embeddings, and after it what is ours."""

    model: Model
    input: Text | Texts
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int | None, Field(ge=1, le=65_536)] = None
    user: Annotated[str | None, Field(max_length=256)] = None
    kind: Literal["query", "code"] = Field(
        default="query", description="whether the texts are questions, or functions"
    )
    language: Language = None
    task: Task | None = None
    seconds: Seconds = 30.0


class ChainRequest(_Strict):
    """Experts in turn, each of which may name the next."""

    experts: Annotated[
        list[Annotated[str, Field(pattern=r"^(\*|[a-z0-9][a-z0-9._-]{0,95})$")]],
        Field(min_length=1, max_length=8, examples=[["routing-code", "*"]]),
    ]
    input: Text | Texts
    kind: Literal["query", "code"] = "query"
    language: Language = None
    seconds: Seconds = 30.0


class RouteRequest(_Strict):
    """A text, and what is known of it, for which an expert is wanted."""

    input: Text
    task: Task | None = None
    language: Language = None


class SearchRequest(_Strict):
    """A search in the server's index."""

    query: Annotated[str, Field(min_length=1, max_length=2_000)]
    limit: Annotated[int, Field(ge=1, le=200)] = 10
    languages: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=32)] = []
    paths: Annotated[list[Annotated[str, Field(max_length=512)]], Field(max_length=32)] = []
    kinds: Annotated[
        list[Literal["function", "method", "module", "text"]], Field(max_length=4)
    ] = []


class SimilarRequest(_Strict):
    """Functions that are compared with one another."""

    functions: Annotated[list[Text], Field(min_length=2, max_length=64)]
    language: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
    model: Model = "auto"
    threshold: Annotated[float | None, Field(ge=-1, le=1)] = None
    seconds: Seconds = 60.0


class HopShape(BaseModel):
    """How one expert on the way answered; times in milliseconds."""

    expert: str
    expert_hash: str
    operation: str
    why: str
    runner_up: str | None
    confidence: float | None
    tier: Literal["active", "host", "disk"]
    queue_ms: float
    load_ms: float
    compute_ms: float
    batch: int
    worker: int
    attempts: int


class EmbeddingShape(BaseModel):
    """One vector: numbers, or little-endian float32 in base64."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class UsageShape(BaseModel):
    """Words that were read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingResponse(BaseModel):
    """OpenAI's answer, and after it who gave it and how."""

    object: Literal["list"]
    data: list[EmbeddingShape]
    model: str
    usage: UsageShape
    hops: list[HopShape]


class ModelShape(BaseModel):
    """One expert as OpenAI lists models."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    task: str
    languages: list[str]


class ModelList(BaseModel):
    """All experts."""

    object: Literal["list"]
    data: list[ModelShape]


class ErrorShape(BaseModel):
    """What went wrong, in OpenAI's form."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorResponse(BaseModel):
    """An error."""

    error: ErrorShape


Facts = dict[str, Any]
"""Answers whose shape is that of a dataclass of the library."""
