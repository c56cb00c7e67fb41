// While something is under way in a section (an export, a delivery), the section is brought anew; a hidden page asks for
// nothing. The section has an id, and `data-running` for as long as that is so.
const PAUSE_MS = 2000

async function refresh() {
  const section = document.querySelector('[data-running]')
  if (!section) return
  if (!document.hidden) {
    const answer = await fetch(location.pathname).catch(() => null)
    if (answer?.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      section.replaceWith(page.getElementById(section.id) ?? section)
    }
  }
  setTimeout(refresh, PAUSE_MS)
}

setTimeout(refresh, PAUSE_MS)
