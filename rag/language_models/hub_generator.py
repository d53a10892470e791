"""Language models of transformers, from a folder or a hub."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property, partial
from importlib.util import find_spec
from typing import Any

from embeddings import number_format
from rag.errors import GeneratorError
from rag.language_models.generators import Message, is_server
from rag.language_models.streaming import MAX_NEW_TOKENS, THOUGHT_BEGINS, first_line, in_background, without_thoughts

_MODEL_FILES = ["*.safetensors", "*.json", "*.txt", "*.jinja"]
_GGUF = b"GGUF"


def is_gguf(name: str) -> bool:
    """Returns whether a name is the path of a GGUF file: one that ends in `.gguf`, or begins as such files do, as Ollama's."""
    path = os.path.expanduser(name)
    if name.casefold().endswith(".gguf"):
        return True
    try:
        with open(path, "rb") as file:
            return file.read(len(_GGUF)) == _GGUF
    except (OSError, ValueError):
        return False


def download_size(name: str) -> int:
    """Returns the bytes to download before a model can be used; 0 for a server, a folder or a model that is on this machine.

    Raises:
        GeneratorError: There is no such model, or the hub cannot be reached.
    """
    if is_server(name) or is_gguf(name) or os.path.isdir(os.path.expanduser(name)):
        return 0
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        snapshot_download(name, local_files_only=True, allow_patterns=_MODEL_FILES)
        return 0
    except LocalEntryNotFoundError:
        pass
    except HFValidationError:
        raise GeneratorError(f"“{name}” is neither a folder nor the name of a model") from None
    try:
        files = HfApi().model_info(name, files_metadata=True, timeout=10).siblings or ()
    except HfHubHTTPError as error:
        raise GeneratorError(f"the hub has no model “{name}” that may be downloaded: {first_line(error)}") from error
    except Exception as error:
        raise GeneratorError(f"“{name}” is not on this machine, and the hub cannot be reached: {first_line(error)}") from error
    return sum(file.size or 0 for file in files if file.rfilename.endswith(tuple(pattern[1:] for pattern in _MODEL_FILES)))


def download(name: str) -> None:
    """Downloads a model from the hub.

    Raises:
        GeneratorError: It could not be downloaded whole.
    """
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(name, allow_patterns=_MODEL_FILES)
    except Exception as error:
        raise GeneratorError(f"cannot download “{name}”: {first_line(error)}") from error


class TransformersGenerator:
    """Any causal language model of transformers, from a folder, a GGUF file or, when the user names one, from a hub.

    The model is loaded on first use, only from safetensors or GGUF and never from pickle, and none of its code is run. It decodes greedily,
    in the number format that is faster on this processor. Safe to use from several threads.
    """

    def __init__(self, name: str, max_new_tokens: int = MAX_NEW_TOKENS) -> None:
        """Loads nothing yet.

        Args:
            name: A folder, a GGUF file or a hub name.
            max_new_tokens: The longest answer, in tokens.
        """
        self.name = name
        self._source = os.path.expanduser(name)
        self._is_gguf = is_gguf(name)
        self._is_local = self._is_gguf or os.path.isabs(self._source) or name.startswith(".") or os.path.isdir(self._source)
        self._max_new_tokens = max_new_tokens
        self._lock = threading.Lock()

    def fits(self, messages: Sequence[Message]) -> bool:
        return len(self._encoded(self._rendered(messages))["input_ids"]) + self._max_new_tokens <= self._context_length

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Iterator[str]:
        return without_thoughts(in_background(partial(self._generate, messages), stop))

    def _generate(self, messages: Sequence[Message], put: Callable[[str], None], over: threading.Event) -> None:
        thread = threading.current_thread()

        def finish() -> None:
            over.set()
            thread.join()

        # A thread that is inside torch when Python shuts down aborts the process.
        atexit.register(finish)
        try:
            # Two answers at once would only slow each other down.
            with self._lock:
                if not over.is_set():
                    self._run(messages, put, over)
        finally:
            atexit.unregister(finish)

    def _run(self, messages: Sequence[Message], put: Callable[[str], None], over: threading.Event) -> None:
        import torch
        from transformers import StoppingCriteriaList, TextStreamer

        class Streamer(TextStreamer):
            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                put(text)

        model = self._model
        rendered = self._rendered(messages)
        # Some templates begin the thought themselves.
        if rendered.rstrip().endswith(THOUGHT_BEGINS):
            put(THOUGHT_BEGINS)
        encoded = self._encoded(rendered, return_tensors="pt").to(model.device)
        try:
            with torch.inference_mode():
                model.generate(
                    **encoded,
                    do_sample=False,
                    max_new_tokens=self._max_new_tokens,
                    pad_token_id=self._tokenizer.eos_token_id,
                    streamer=Streamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True),
                    stopping_criteria=StoppingCriteriaList([lambda ids, scores, **_: over.is_set()]),
                )
        except Exception as error:
            raise GeneratorError(f"the language model {self.name} broke off: {first_line(error)}; ask again") from error

    def _rendered(self, messages: Sequence[Message]) -> str:
        """Writes the messages as the model was trained to see them."""
        if not self._tokenizer.chat_template:
            lines = [f"{message.role.capitalize()}: {message.content}" for message in messages]
            return "\n".join([*lines, "Assistant:"])
        rendered = self._templated(messages)
        # Some templates refuse a system message, some leave it out.
        if messages[0].role == "system" and messages[0].content.strip() not in rendered:
            system, first, *rest = messages
            rendered = self._templated([replace(first, content=f"{system.content}\n\n{first.content}"), *rest])
        if not rendered:
            raise GeneratorError(f"the language model {self.name} has a chat template that takes no question; choose another")
        return rendered

    def _templated(self, messages: Sequence[Message]) -> str:
        """Writes the messages in the model's chat template; returns "" when it refuses them."""
        from jinja2 import TemplateError

        chat = [asdict(message) for message in messages]
        try:
            rendered = self._tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        except TemplateError:
            return ""
        return str(rendered)

    def _encoded(self, rendered: str, **options: Any) -> Any:
        return self._tokenizer(rendered, add_special_tokens=not self._tokenizer.chat_template, verbose=False, **options)

    @cached_property
    def _context_length(self) -> int:
        from transformers import AutoConfig

        config = self._load(AutoConfig).get_text_config()
        return int(getattr(config, "max_position_embeddings", self._tokenizer.model_max_length))

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return self._load(AutoTokenizer)

    @cached_property
    def _model(self) -> Any:
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        on_gpu = torch.cuda.is_available()
        model = self._load(transformers.AutoModelForCausalLM, dtype=number_format.fastest(on_gpu), use_safetensors=True)
        # Greedy decoding does not use the sampling parameters, and transformers warns of them.
        model.generation_config.update(temperature=None, top_p=None, top_k=None)
        return model.eval().to("cuda" if on_gpu else "cpu")

    def _load(self, kind: Any, **options: Any) -> Any:
        """Loads a part of the model.

        Raises:
            GeneratorError: It is missing or cannot be read.
        """
        source = self._source
        if self._is_gguf:
            if not (find_spec("gguf") and find_spec("accelerate")):
                raise GeneratorError(
                    "GGUF files need the packages gguf and accelerate; install them with: pip install 'yinju[gguf]'"
                )
            source, options["gguf_file"] = os.path.split(os.path.abspath(source))
        try:
            return kind.from_pretrained(source, local_files_only=self._is_local, trust_remote_code=False, **options)
        except Exception as error:
            check = f"check {self._source}" if self._is_local else "check the name and the network, or name a folder"
            raise GeneratorError(f"cannot load the language model {self.name}: {first_line(error)} ({check})") from error
