import mlflow
from openai import OpenAI

mlflow.openai.autolog()


@mlflow.trace(name="weather-agent")
def answer(question):
    said = OpenAI().chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": question}],
    )
    return said.choices[0].message.content


print(answer("Do I need an umbrella in Paris?"))
mlflow.flush_trace_async_logging()  # sends what is still waiting
