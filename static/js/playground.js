// The playground of the API reference: one form, one request, and the curl that equals it to the letter.
// The key lives in sessionStorage, which the browser forgets with the tab.
const form = document.getElementById('play')
const calls = JSON.parse(document.getElementById('playground-calls').textContent)
const { baseUrl, traceId: placeholder } = form.dataset
const part = (name) => form.querySelector(`[data-${name}]`)
const bodies = Object.fromEntries(calls.map((call) => [call.slug, call.body]))

const chosen = () => calls.find((call) => call.slug === form.call.value)
const needsTrace = (call) => call.path.includes(placeholder)
const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`

// What will be sent; curl and fetch are both made from it, so they cannot differ.
function request() {
  const call = chosen()
  const headers = { Authorization: `Bearer ${form.key.value.trim() || 'YOUR_KEY'}` }
  const body = call.body ? form.body.value : undefined
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  const path = call.path.replace(placeholder, encodeURIComponent(form.trace.value.trim() || placeholder))
  return { method: call.method, path, headers, body }
}

function asCurl({ method, path, headers, body }) {
  const lines = [`curl -X ${method} ${shellQuoted(baseUrl + path)}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${shellQuoted(`${name}: ${value}`)}`)
  if (body !== undefined) lines.push(`--data-binary ${shellQuoted(body)}`)
  return lines.join(' \\\n  ')
}

function show() {
  part('needs-trace').hidden = !needsTrace(chosen())
  part('needs-body').hidden = !chosen().body
  form.trace.required = needsTrace(chosen())
  part('curl').textContent = asCurl(request())
}

// A call on a trace is filled in with the newest one that may still grow, so that it succeeds as it stands.
async function fillTrace() {
  const key = form.key.value.trim()
  if (!needsTrace(chosen()) || form.trace.value || !key) return
  const headers = { Authorization: `Bearer ${key}` }
  const answer = await fetch('/api/v1/traces?source=nexus&limit=1', { headers }).catch(() => null)
  const [newest] = answer?.ok ? await answer.json() : []
  if (newest && !form.trace.value) form.trace.value = newest.id
  show()
}

function choose() {
  form.body.value = bodies[form.call.value]
  show()
  fillTrace()
}

function keepIds(answer) {
  if (!answer?.trace_id || chosen().slug !== 'nexus-create') return
  form.trace.value = answer.trace_id
  sessionStorage.setItem('tracen.trace', answer.trace_id)
}

function pretty(text) {
  try {
    const answer = JSON.parse(text)
    keepIds(answer)
    return JSON.stringify(answer, null, 2)
  } catch {
    return text
  }
}

async function send(event) {
  event.preventDefault()
  const { path, ...options } = request()
  part('state').textContent = 'Sending…'
  const began = performance.now()
  try {
    const answer = await fetch(path, options)
    const text = await answer.text()
    const took = Math.round(performance.now() - began)
    part('answer-line').textContent = `${answer.status} ${answer.statusText}, ${took} ms`
    part('answer-body').textContent = pretty(text)
    part('answer').hidden = false
    part('state').textContent = answer.ok ? 'Done' : 'Refused; the answer says why'
  } catch {
    part('state').textContent = 'No answer: the server could not be reached'
  }
}

form.key.value = sessionStorage.getItem('tracen.key') ?? ''
form.trace.value = sessionStorage.getItem('tracen.trace') ?? ''
form.key.addEventListener('input', () => sessionStorage.setItem('tracen.key', form.key.value.trim()))
form.call.addEventListener('change', choose)
form.addEventListener('input', (event) => {
  if (event.target === form.body) bodies[form.call.value] = form.body.value
  show()
})
form.addEventListener('submit', send)
form.hidden = false
choose()
