"""The bodies of requests, and those of answers that other programs define. Field names are those of the APIs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _whole(value: Any) -> Any:
    """Returns 10.0 as 10: they are the same number in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# The limits come first: those after a validator are missing from the description.
Positive = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
OnlyOne = Annotated[int, Field(ge=1, le=1), BeforeValidator(_whole)]
UpTo100 = Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)]
Text = Annotated[str, Field(min_length=1)]
Question = Annotated[str, Field(pattern=r"[\p{L}\p{N}]", max_length=2000, description="A question in Chinese or English.")]
Date = Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$", description="2021, 2021-10 or 2021-10-09")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
CollectionName = Annotated[str, Field(min_length=1, max_length=100)]


class ErrorDetail(BaseModel):
    """One error, in OpenAI's form."""

    message: str = Field(description="One line: what failed and what to do.")
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorDetail


class Selection(BaseModel):
    """Narrows a search to documents that meet all of the given conditions."""

    model_config = ConfigDict(strict=True, extra="forbid")

    documents: list[str] | None = Field(None, max_length=10_000, description="Ids of documents; unknown ones select nothing.")
    collections: list[str] | None = Field(None, max_length=1000, description="Names of collections; a document of any of them.")
    language: Literal["zh", "en"] | None = None
    since: Date | None = Field(None, description="Published on this date or later.")
    until: Date | None = Field(None, description="Published on this date or earlier.")
    source: str | None = Field(None, description="A part of the publisher's name, or of the file's name or address.")


class PastTurn(BaseModel):
    """A question that was asked before, with its answer."""

    model_config = ConfigDict(strict=True, extra="forbid")

    question: str
    answer: str


class AskRequest(Selection):
    """A question."""

    question: Question
    history: list[PastTurn] = Field([], max_length=200, description="The turns before, oldest first, which complete a follow-up.")
    stream: bool = Field(
        True, description="Send the answer as it is written, as server-sent events; otherwise as one JSON object."
    )


class SearchRequest(Selection):
    """A search for passages."""

    question: Question
    top_k: UpTo100 = Field(10, description="The most passages.")
    rerank: bool = Field(False, description="Also read the passages, and order them by how well they answer.")


# -- OpenAI and others ------------------------------------------------------------------------------------------------


class ContentPart(BaseModel):
    """A part of a message. Only text is read."""

    model_config = ConfigDict(strict=True)

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """A message of a conversation. Only what the user and the assistant say is used."""

    model_config = ConfigDict(strict=True)

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """The text of all parts."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """Options of a stream."""

    model_config = ConfigDict(strict=True)

    include_usage: bool | None = None


class ResponseFormat(BaseModel):
    """The form of the answer, which is always text."""

    model_config = ConfigDict(strict=True)

    type: Literal["text"]


class ChatRequest(Selection):
    """A conversation, the last question of which is answered. Settings of a language model, such as the temperature, have no effect."""

    model_config = ConfigDict(strict=True, extra="ignore")

    model: str
    messages: list[Message] = Field(min_length=1, max_length=1000)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: OnlyOne | None = None
    response_format: ResponseFormat | None = None


class EmbeddingsRequest(BaseModel):
    """Texts to encode."""

    model_config = ConfigDict(strict=True, extra="ignore")

    model: str
    input: Text | Annotated[list[Text], Field(min_length=1, max_length=2048)] = Field(
        description="A text, or several; not tokens."
    )
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Positive | None = Field(None, description="If given, it must be the number that the model has.")
    input_type: Literal["query", "document"] | None = Field(None, description="Encode as queries or, by default, as documents.")


class RerankDocument(BaseModel):
    """A document given as an object."""

    model_config = ConfigDict(strict=True, extra="ignore")

    text: str


class RerankRequest(BaseModel):
    """Texts to order by how well they answer a question, in the form of Cohere's and Jina's APIs."""

    model_config = ConfigDict(strict=True, extra="ignore")

    model: str
    query: Question
    documents: list[str | RerankDocument] = Field(min_length=1, max_length=1000)
    top_n: Positive | None = Field(None, description="The most results; all when not given.")
    return_documents: bool | None = None


class CollectionDocuments(BaseModel):
    """The documents to put in a collection."""

    model_config = ConfigDict(strict=True, extra="forbid")

    documents: list[Id] = Field(min_length=1, max_length=10_000)


class CollectionRename(BaseModel):
    """A new name for a collection."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: CollectionName


# -- answers ----------------------------------------------------------------------------------------------------------


class CitedPlace(BaseModel):
    """Where a quote is: its page, from 1, if the document has pages, and its offsets in the stored text."""

    page: int | None
    start: int
    end: int


class CitedDocument(BaseModel):
    """The document of a quote."""

    id: str
    title: str
    source: str
    url: str
    copies: list[str]


class CitationBody(BaseModel):
    """An extension of OpenAI's form: the exact place that supports a sentence."""

    number: int
    document: CitedDocument
    place: CitedPlace
    quote: str
    support: float


class UrlCitation(BaseModel):
    """OpenAI's form of a citation: the place of its marker in the content, and the source."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """An annotation of a message."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class AssistantMessage(BaseModel):
    """The answer as a message."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]


class Choice(BaseModel):
    """The only choice."""

    index: int = 0
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Usage(BaseModel):
    """Tokens, counted by the encoder."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AnswerFacts(BaseModel):
    """An extension of OpenAI's form: what else is known of the answer."""

    kind: Literal["answer", "near", "refusal", "reply"]
    query: str
    confidence: float
    language: Literal["zh", "en"]
    generator: str
    notes: list[str]


class ChatCompletion(BaseModel):
    """A completed chat, with two extensions: `citations` and `yinju`."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    citations: list[CitationBody]
    yinju: AnswerFacts


class Model(BaseModel):
    """A model."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["yinju"] = "yinju"


class ModelList(BaseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[Model]


class Embedding(BaseModel):
    """The vector of a text, as numbers or as Base64 of little-endian float32."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """Tokens, counted by the encoder."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    """The vectors of all texts, in order."""

    object: Literal["list"] = "list"
    model: str
    data: list[Embedding]
    usage: EmbeddingUsage


class RerankResult(BaseModel):
    """A document and how well it answers: the probability, between 0 and 1, as the reader judges it."""

    index: int
    relevance_score: float
    document: dict[Literal["text"], str] | None = None


class RerankResponse(BaseModel):
    """The documents, the best first."""

    id: str
    model: str
    results: list[RerankResult]
    usage: dict[Literal["total_tokens"], int]
    meta: dict[str, Any]
