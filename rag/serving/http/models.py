"""The models of this server for other programs: their list, embeddings, and reranking."""

from __future__ import annotations

import base64
import functools
import time
import uuid
from typing import TYPE_CHECKING

import numpy as np
from fastapi import APIRouter, Request

from rag.serving import scoring
from rag.serving.context import ENCODER, MODEL, MODEL_WITH_SOURCES, RERANKER, serving_of
from rag.serving.errors import ApiError
from rag.serving.http import schemas
from rag.serving.work import unless_gone
from rag.text.scripts import to_simplified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embeddings.encoder import Vectors
    from rag.serving.context import Serving

router = APIRouter(tags=["OpenAI"])
_STARTED = int(time.time())
_NAMES = (MODEL, MODEL_WITH_SOURCES, ENCODER, RERANKER)
_TEXTS_AT_ONCE = 16
"""Between so many, other requests get their turn."""


@router.get("/v1/models", response_model=schemas.ModelList, summary="List the models")
async def list_models() -> schemas.ModelList:
    """Lists two models for chats, which differ in whether the text contains the quotes, one for embeddings and one for reranking."""
    return schemas.ModelList(data=[_model(name) for name in _NAMES])


@router.get("/v1/models/{name}", response_model=schemas.Model, summary="Show a model")
async def show_model(name: str) -> schemas.Model:
    """Shows one of the models."""
    _check(name, _NAMES)
    return _model(name)


@router.post("/v1/embeddings", response_model=schemas.EmbeddingList, summary="Encode texts")
async def embed(request: Request, body: schemas.EmbeddingsRequest) -> schemas.EmbeddingList:
    """Encodes texts with the library's encoder to unit vectors, whose inner product is their similarity."""
    serving = serving_of(request)
    encoder = serving.pipeline.library.encoder
    _check(body.model, (ENCODER, encoder.name))
    texts = [body.input] if isinstance(body.input, str) else body.input
    dim = await serving.work.run(lambda: encoder.dim)
    if body.dimensions not in (None, dim):
        raise ApiError(400, f"the vectors of this model have {dim} dimensions", code="invalid_value", param="dimensions")
    vectors, tokens = await unless_gone(request, _encoded(serving, texts, body.input_type or "document"))
    data = [schemas.Embedding(index=number, embedding=_written(vector, body)) for number, vector in enumerate(vectors)]
    usage = schemas.EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens)
    return schemas.EmbeddingList(model=body.model, data=data, usage=usage)


@router.post("/v1/rerank", response_model=schemas.RerankResponse, response_model_exclude_none=True, summary="Order texts")
async def rerank(request: Request, body: schemas.RerankRequest) -> schemas.RerankResponse:
    """Orders texts by the probability that they answer the query, as the reader judges it. A long text counts as its best passage."""
    serving = serving_of(request)
    _check(body.model, (RERANKER,))
    texts = [each if isinstance(each, str) else each.text for each in body.documents]
    scores = await unless_gone(request, serving.work.run(lambda: scoring.scores(serving.pipeline, body.query, texts)))
    count = serving.pipeline.library.encoder.count_tokens
    tokens = sum(await serving.work.run(lambda: count([body.query, *texts])))
    order = sorted(range(len(texts)), key=lambda number: -scores[number])[: body.top_n]
    results = [
        schemas.RerankResult(
            index=number, relevance_score=scores[number], document={"text": texts[number]} if body.return_documents else None
        )
        for number in order
    ]
    return schemas.RerankResponse(
        id=f"rerank-{uuid.uuid4().hex}", model=body.model, results=results, usage={"total_tokens": tokens}, meta={}
    )


async def _encoded(serving: Serving, texts: Sequence[str], kind: str) -> tuple[list[Vectors], int]:
    """Returns the vectors and the number of tokens."""
    encoder = serving.pipeline.library.encoder
    encode = encoder.encode_query if kind == "query" else encoder.encode_document
    vectors: list[Vectors] = []
    tokens = 0

    def batch(part: Sequence[str]) -> tuple[Vectors, int]:
        with serving.pipeline.model_lock:
            return encode([to_simplified(text) for text in part]), sum(encoder.count_tokens(part))

    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        part = texts[start : start + _TEXTS_AT_ONCE]
        encoded, counted = await serving.work.run(functools.partial(batch, part))
        vectors += list(encoded)
        tokens += counted
    return vectors, tokens


def _written(vector: Vectors, body: schemas.EmbeddingsRequest) -> list[float] | str:
    if body.encoding_format == "base64":
        return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
    return [float(value) for value in vector]


def _model(name: str) -> schemas.Model:
    return schemas.Model(id=name, created=_STARTED)


def _check(name: str, known: Sequence[str]) -> None:
    if name not in known:
        names = ", ".join(dict.fromkeys(known))
        raise ApiError(404, f"there is no model “{name}” here; use {names}", code="model_not_found", param="model")
