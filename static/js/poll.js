// Asks an address again and again whether something changed, gently: a 304 costs the server next to nothing, the pauses
// grow while nothing happens, a hidden page asks nothing, and what cannot come back (gone, signed out) ends it.
const GROWTH = 1.3
const TROUBLE_MS = 60000

// `address` is a function that returns what to ask now. `onNews` gets the answer and returns whether to go on. `etag` is
// the version that the page shows already, if known.
export function poll(address, onNews, { quickMs = 2000, slowMs = 15000, etag = '' } = {}) {
  let [pause, timer, isAsking, isDone] = [quickMs, 0, false, false]

  const later = () => { if (!document.hidden) timer = setTimeout(ask, pause) }

  async function ask() {
    isAsking = true
    const headers = etag ? { 'If-None-Match': etag } : {}
    const answer = await fetch(address(), { headers }).catch(() => null)
    isDone = await take(answer)
    isAsking = false
    if (!isDone) later()
  }

  function nextPause(answer) {
    if (answer?.ok) return quickMs
    return answer?.status === 304 ? Math.min(pause * GROWTH, slowMs) : Math.min(pause * 2, TROUBLE_MS)
  }

  async function take(answer) {
    if (answer?.redirected || [401, 403, 404, 410].includes(answer?.status)) return true
    pause = nextPause(answer)
    if (!answer?.ok) return false
    const goesOn = await onNews(answer)
    etag = answer.headers.get('ETag') || ''
    return !goesOn
  }

  function onVisibility() {
    if (isDone || isAsking) return
    clearTimeout(timer)
    pause = quickMs
    if (!document.hidden) ask()
  }

  document.addEventListener('visibilitychange', onVisibility)
  later()
}
