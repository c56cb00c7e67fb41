from langsmith import Client, traceable
from langsmith.wrappers import wrap_openai
from openai import OpenAI
from opentelemetry import trace

client = Client()


@traceable(name="weather-agent", metadata={"session_id": "session-42"}, client=client)
def answer(question):
    said = wrap_openai(OpenAI()).chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": question}],
    )
    return said.choices[0].message.content


print(answer("Do I need an umbrella in Paris?"))
client.flush()  # hands over what is still waiting, and the next line sends it
trace.get_tracer_provider().shutdown()
