from openai import OpenAI
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import workflow

Traceloop.init(app_name="weather", disable_batch=True)


@workflow(name="weather-question")
def answer(question):
    Traceloop.set_association_properties({"session_id": "session-42", "user_id": "user-7"})
    said = OpenAI().chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": question}],
    )
    return said.choices[0].message.content


print(answer("Do I need an umbrella in Paris?"))
