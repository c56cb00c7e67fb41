// The guide waits for the first trace and turns the line that says so into a link to it. It asks every two seconds,
// less and less often while nothing comes, and not at all while nobody looks.
const FIRST_PAUSE_MS = 2000
const LONGEST_PAUSE_MS = 30000
const SLOWER = 1.1

const line = document.querySelector('[data-first-trace]')
let pause = FIRST_PAUSE_MS
let timer = 0
let tag = ''

function show({ url, name }) {
  const link = document.createElement('a')
  const text = document.createElement('bdi')
  link.href = url
  link.className = 'hl'
  text.textContent = name
  link.append('Open ', text)
  line.classList.add('arrived')
  line.replaceChildren('It is here. ', link)
}

async function ask() {
  const headers = tag ? { 'If-None-Match': tag } : {}
  const answer = await fetch(line.dataset.firstTrace, { headers, redirect: 'manual' }).catch(() => null)
  if (answer?.type === 'opaqueredirect') {
    line.replaceChildren('You were signed out. Reload this page to go on.')
    return
  }
  if (answer?.ok) {
    tag = answer.headers.get('ETag') ?? ''
    const trace = await answer.json()
    if (trace.url) return show(trace)
  }
  pause = Math.min(pause * SLOWER, LONGEST_PAUSE_MS)
  wait()
}

function wait() {
  clearTimeout(timer)
  if (!document.hidden) timer = setTimeout(ask, pause)
}

document.addEventListener('visibilitychange', () => {
  if (line.classList.contains('arrived')) return
  pause = FIRST_PAUSE_MS
  wait()
})
wait()
