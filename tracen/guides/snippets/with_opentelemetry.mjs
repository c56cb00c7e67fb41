import { trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'weather' }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
})
provider.register()

const asked = [{ role: 'user', parts: [{ type: 'text', content: 'Do I need an umbrella in Paris?' }] }]
const said = [{ role: 'assistant', parts: [{ type: 'text', content: 'Take an umbrella.' }] }]

// Your own call of a model goes where "said" is: the attributes are what makes it readable.
await trace.getTracer('weather').startActiveSpan('chat gpt-5-mini', async (span) => {
  span.setAttributes({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5-mini',
    'gen_ai.input.messages': JSON.stringify(asked),
    'gen_ai.output.messages': JSON.stringify(said),
    'gen_ai.usage.input_tokens': 14,
    'gen_ai.usage.output_tokens': 5,
  })
  span.end()
})

await provider.shutdown() // sends what is still waiting
