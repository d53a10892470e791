"""The same article on two sites is cited once, and the other site is named."""

from pathlib import Path

from rag.documents.loaders import document_id
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.types import Document

ARTICLE = (
    "The lake council of the northern valley voted on Tuesday to close the old quarry by 2031 and to plant forty thousand "
    "alders along its shore. Farmers who graze cattle on the southern bank will be paid for the fields that are given back to "
    "the water. The council expects cranes and otters to return within ten years, and has set aside nine million crowns for "
    "paths, hides and a small museum in the former engine house. Two members voted against the plan, since the road to the "
    "mill would be closed in winter. The mayor said that the work begins in the spring.\n"
)
MORE = "The harbour of the valley is to be dredged in 2044, which the article on the other site does not say.\n"


def test_an_article_on_two_sites_is_cited_once(tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library:
        sites = {"/a/lake.txt": ARTICLE, "/b/lake.txt": "From our correspondent.\n\n" + ARTICLE + "\n" + MORE}
        library.add_documents([Document(document_id(source), "lake", source, text) for source, text in sites.items()])
        pipeline = RagPipeline(library)
        answer = pipeline.answer("When is the old quarry to be closed?")
        assert len({citation.document_id for citation in answer.citations}) == 1
        assert len({(result.chunk.text) for result in answer.results}) == len(answer.results)
        (citation,) = answer.citations
        assert "2031" in citation.quote
        assert (citation.source, *citation.copies) in (("/a/lake.txt", "/b/lake.txt"), ("/b/lake.txt", "/a/lake.txt"))
        assert f"also in {Path(citation.copies[0]).name}" in answer.to_markdown()
        later = pipeline.answer("When is the harbour to be dredged?")
        assert [citation.source for citation in later.citations] == ["/b/lake.txt"]
        both = pipeline.answer("When is the old quarry to be closed?", documents=[document_id("/b/lake.txt")])
        assert [citation.source for citation in both.citations] == ["/b/lake.txt"]
