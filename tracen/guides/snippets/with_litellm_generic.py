import asyncio

import litellm
from litellm.integrations.generic_api.generic_api_callback import GenericAPILogger


async def main():
    logger = GenericAPILogger()
    litellm.callbacks = [logger]
    answer = await litellm.acompletion(
        model="openai/gpt-5-mini",
        messages=[{"role": "user", "content": "Do I need an umbrella in Paris?"}],
    )
    print(answer.choices[0].message.content)
    await asyncio.sleep(2)  # a call reaches the logger some time after its answer
    await logger.flush_queue()  # sends what is still waiting


asyncio.run(main())
