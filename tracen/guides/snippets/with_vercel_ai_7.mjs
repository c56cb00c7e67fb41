import { openai } from '@ai-sdk/openai'
import { OpenTelemetry } from '@ai-sdk/otel'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { generateText, isStepCount, registerTelemetry, tool } from 'ai'
import { z } from 'zod'

const provider = new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
})
provider.register()
registerTelemetry(new OpenTelemetry())

const { text } = await generateText({
  model: openai('gpt-5-mini'),
  prompt: 'Do I need an umbrella in Paris?',
  tools: {
    get_weather: tool({
      description: 'The current weather in a city.',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => `${city}: 14 °C, rain`,
    }),
  },
  stopWhen: isStepCount(3),
  telemetry: { isEnabled: true, functionId: 'weather-agent' },
})
console.log(text)

await provider.shutdown() // sends what is still waiting
