from langfuse import get_client, observe, propagate_attributes
from langfuse.openai import OpenAI


@observe(as_type="agent", name="weather-agent")
def answer(question):
    with propagate_attributes(session_id="session-42", user_id="user-7"):
        said = OpenAI().chat.completions.create(
            model="gpt-5-mini",
            messages=[{"role": "user", "content": question}],
        )
        return said.choices[0].message.content


print(answer("Do I need an umbrella in Paris?"))
get_client().flush()  # sends what is still waiting
