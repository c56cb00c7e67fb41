// The rows of a big trace that are not in the page yet: fetched when they come near, or when a search needs them all.
let loading = null

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
  const before = list.children.length
  list.insertAdjacentHTML('beforeend', await answer.text())
  turnPage(pages, Number(pages.dataset.next) + list.children.length - before)
  return list.children.length > before
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
