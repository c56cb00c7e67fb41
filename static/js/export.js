// While an export is written, its section of the settings page is brought anew; a hidden page asks for nothing.
const PAUSE_MS = 2000

async function refresh() {
  const section = document.querySelector('#export[data-running]')
  if (!section) return
  if (!document.hidden) {
    const answer = await fetch(location.pathname).catch(() => null)
    if (answer?.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      section.replaceWith(page.querySelector('#export') ?? section)
    }
  }
  setTimeout(refresh, PAUSE_MS)
}

setTimeout(refresh, PAUSE_MS)
