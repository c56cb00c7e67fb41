"""LiteLLM with its generic logger, which posts a JSON of its own: model calls only, one record each."""

import asyncio

import litellm
from litellm.integrations.generic_api.generic_api_callback import GenericAPILogger
from litellm_story import ask


async def main() -> None:
    logger = GenericAPILogger()
    litellm.callbacks = [logger]
    await ask()
    await logger.flush_queue()


asyncio.run(main())
