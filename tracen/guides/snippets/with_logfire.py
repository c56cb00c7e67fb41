import logfire
from openai import OpenAI

logfire.configure(service_name="weather")
logfire.instrument_openai()

with logfire.span("weather-question"):
    answer = OpenAI().chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": "Do I need an umbrella in Paris?"}],
    )
    print(answer.choices[0].message.content)
