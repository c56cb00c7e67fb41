"""OpenInference's instrumentation of LangChain: documents that are found, and a model asked about them and a picture."""

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from story import MODEL, QUESTION

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
LangChainInstrumentor().instrument(tracer_provider=provider)
PICTURE = "https://pictures.example.com/paris.jpg"


class Almanac(BaseRetriever):
    """Finds the same two pages for any question."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [
            Document("Paris has 111 days of rain a year.", id="page-12", metadata={"source": "almanac", "page": 12}),
            Document("An umbrella was invented for the sun.", id="page-40", metadata={"source": "almanac", "page": 40}),
        ]


def prompt(documents: list[Document]) -> list[HumanMessage]:
    pages = "\n".join(document.page_content for document in documents)
    text = {"type": "text", "text": f"{QUESTION}\n\n{pages}"}
    return [HumanMessage([text, {"type": "image_url", "image_url": {"url": PICTURE}}])]


chain = Almanac() | RunnableLambda(prompt) | ChatOpenAI(model=MODEL)
chain.invoke(QUESTION)
provider.shutdown()
