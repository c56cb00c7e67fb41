// The rows of a big trace that are not in the page yet: fetched when they come near, or when a search needs them all.
let loading = null
const ROWS_AT_ONCE = 200

// Calls `act` with a few of many rows at a time and lets the browser draw and scroll in between; ends early on false.
export async function inParts(rows, act) {
  for (let first = 0; first < rows.length; first += ROWS_AT_ONCE) {
    if (act(rows.slice(first, first + ROWS_AT_ONCE)) === false) return false
    await new Promise((resolve) => { setTimeout(resolve) })
  }
  return true
}

// Adds the next rows and resolves to whether there were any.
export function loadRows(root, address) {
  const pages = root.querySelector('[data-pages]')
  if (!pages?.dataset.next) return Promise.resolve(false)
  loading ??= fetchRows(root, address, pages).finally(() => { loading = null })
  return loading
}

async function fetchRows(root, address, pages) {
  const answer = await fetch(`${address}?from=${pages.dataset.next}&part=rows`).catch(() => null)
  if (!answer?.ok) return false
  const list = root.querySelector('.rows')
  const template = document.createElement('template')
  template.innerHTML = await answer.text()
  const added = [...template.content.children]
  await inParts(added, (part) => list.append(...part))
  turnPage(pages, Number(pages.dataset.next) + added.length)
  return added.length > 0
}

function turnPage(pages, last) {
  const total = Number(pages.dataset.total)
  const figure = (number) => number.toLocaleString('en')
  pages.querySelector('[data-range]').textContent =
    `${figure(Number(pages.dataset.first) + 1)}–${figure(last)} of ${figure(total)}`
  pages.dataset.next = last < total ? last : ''
  const more = pages.querySelector('[data-more]')
  if (last >= total) more?.remove()
  else if (more) more.href = more.href.replace(/from=\d+/, `from=${last}`)
}

// Follows the "More" link before it is reached; `added` is called after each time.
export function moreRows(root, address, added) {
  const more = root.querySelector('[data-more]')
  if (!more) return
  const watch = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return
    watch.unobserve(more)
    if (!(await loadRows(root, address))) return
    added()
    if (more.isConnected) watch.observe(more)
  }, { rootMargin: '800px' })
  watch.observe(more)
}
