// The timeline in the hand: choosing a span, folding, finding, keys. Without this file every row is a plain link to a
// page that shows its span; here the click fetches the detail alone and the address names the span (#span=…).
import { inParts, loadRows, moreRows } from './timeline-rows.js';
import { makeZoom } from './timeline-zoom.js';

const root = document.querySelector('[data-timeline]')
const panel = root?.querySelector('.t-right')
const wide = matchMedia('(min-width: 64rem)')
// On a page that shows somebody else's timeline (the landing page) the address and the keys stay the page's own.
const isGuest = Boolean(root?.dataset.url)
const address = root?.dataset.url || location.pathname.replace(/\/$/, '')
const details = new Map()
let chosen = ''
// The left half, which is drawn anew while a run goes on: its rows (null while there are none), search and zoom.
let list, find, found, zoom
const [UP, DOWN] = ['previousElementSibling', 'nextElementSibling']

const rows = () => [...(list?.children ?? [])]
const level = (row) => Number(row.getAttribute('aria-level'))
const link = (row) => row.querySelector('.nm a')
const current = () => list?.querySelector('.row.on') ?? null
const say = (text) => document.dispatchEvent(new CustomEvent('say', { detail: text }))

function spanOf(anchor) {
  const url = new URL(anchor.href)
  if (url.origin !== location.origin || url.pathname.replace(/\/$/, '') !== address) return ''
  return url.hash.startsWith('#span=') ? url.hash.slice(6) : url.searchParams.get('span') || ''
}
const rowOf = (id) => rows().find((row) => spanOf(link(row)) === id)
const linkTo = (id) => `${new URL(address, location.href).href}#span=${id}`

// Choosing ---------------------------------------------------------------------------------------------------------

function choose(row, { open = false, focus = true } = {}) {
  if (!row) return
  mark(row)
  name(chosen)
  if (focus) link(row).focus({ preventScroll: true })
  row.scrollIntoView({ block: 'nearest' })
  if (!panel) return
  show(chosen)
  if (open && !wide.matches) slideOver()
}

function mark(row) {
  const before = current()
  before?.classList.remove('on')
  if (before) link(before).removeAttribute('aria-current')
  row.classList.add('on')
  link(row).setAttribute('aria-current', 'true')
  chosen = spanOf(link(row))
}

function name(id) {
  if (isGuest) return
  // What was asked of the server (?span=, ?from=) stays true only as the place where the rows in the page begin.
  const first = Number(root.querySelector('[data-pages]')?.dataset.first || 0)
  history.replaceState(history.state, '', `${location.pathname}${first ? `?from=${first}` : ''}#span=${id}`)
}

async function show(id) {
  panel.setAttribute('aria-busy', 'true')
  const html = await detailOf(id).catch(() => null)
  if (id !== chosen) return
  panel.removeAttribute('aria-busy')
  if (html === null) return void say('This span could not be loaded')
  panel.innerHTML = html
  panel.scrollTo(0, 0)
  prepareCopying(id)
  if (panel.classList.contains('over')) panel.firstElementChild.focus()
}

async function detailOf(id) {
  if (!details.has(id)) {
    const answer = await fetch(`${address}/spans/${id}`)
    if (!answer.ok) throw new Error(answer.status)
    details.set(id, await answer.text())
  }
  return details.get(id)
}

function prepareCopying(id) {
  for (const button of panel.querySelectorAll('[data-copy-span]')) button.dataset.copy = linkTo(id)
  for (const button of panel.querySelectorAll('[data-copy-text]')) {
    button.dataset.copy = document.getElementById(button.dataset.copyText).textContent
  }
}

// On a small screen the detail lies over the rows, and the device's own way back closes it.
function slideOver() {
  if (panel.classList.contains('over')) return
  history.pushState({ over: true }, '')
  panel.classList.add('over')
  setInert(true)
  panel.firstElementChild?.focus()
}
function slideBack() {
  if (!panel?.classList.contains('over')) return
  panel.classList.remove('over')
  setInert(false)
  if (current()) link(current()).focus()
}
function setInert(isInert) {
  for (const part of [root.querySelector('.t-left'), ...document.querySelectorAll('body > header, body > footer')]) {
    if (part) part.inert = isInert
  }
}

// Folding ----------------------------------------------------------------------------------------------------------

function fold(row, isOpen) {
  const button = row.querySelector('button.fold')
  if (!button) return
  button.setAttribute('aria-expanded', isOpen)
  let closedAt = isOpen ? Infinity : level(row)
  for (let next = row.nextElementSibling; next && level(next) > level(row); next = next.nextElementSibling) {
    if (level(next) <= closedAt) closedAt = isOpen ? Infinity : level(row)
    next.hidden = level(next) > closedAt
    if (!next.hidden && isFolded(next)) closedAt = level(next)
  }
}
const isFolded = (row) => row.querySelector('button.fold')?.getAttribute('aria-expanded') === 'false'
function parentOf(row) {
  let before = row.previousElementSibling
  while (before && level(before) >= level(row)) before = before.previousElementSibling
  return before
}
function reveal(row) {
  for (let above = parentOf(row); above; above = parentOf(above)) if (isFolded(above)) fold(above, true)
}

// Finding ----------------------------------------------------------------------------------------------------------

const text = (row) => row.querySelector('bdi').textContent.toLowerCase()

// The spans that have the words in what went in or out, which is not in the page; none where nobody can be asked.
async function spansWith(words) {
  const answer = await fetch(`${address}/find?q=${encodeURIComponent(words)}`).catch(() => null)
  return new Set(answer?.ok ? await answer.json() : [])
}

async function search() {
  const words = find.value.trim().toLowerCase()
  const [said] = words ? await Promise.all([spansWith(words), allRows('Searching…')]) : [new Set()]
  let hits = 0
  const isDone = await inParts(rows(), (part) => {
    if (words !== find.value.trim().toLowerCase()) return false
    for (const row of part) {
      const isHit = !words || text(row).includes(words) || said.has(spanOf(link(row)))
      row.classList.toggle('miss', !isHit)
      if (words && isHit) hits += 1
    }
  })
  if (isDone) found.textContent = words ? `${hits.toLocaleString('en')} found` : ''
}

function nextHit(step) {
  if (!find.value.trim()) return
  const all = rows()
  const from = all.indexOf(current())
  for (let i = 1; i <= all.length; i += 1) {
    const row = all[(from + step * i + all.length * 2) % all.length]
    if (row.classList.contains('miss')) continue
    reveal(row)
    return choose(row, { focus: false })
  }
}

// A failed span below which nothing failed: there the error came from.
function isCause(row) {
  const next = row.nextElementSibling
  if (!row.classList.contains('err')) return false
  for (let below = next; below && level(below) > level(row); below = below.nextElementSibling) {
    if (below.classList.contains('err')) return false
  }
  return true
}

async function nextError() {
  const below = () => rows().slice(rows().indexOf(current()) + 1).find(isCause)
  let row = below()
  if (!row) {
    await allRows()
    row = below() || rows().find(isCause)
  }
  if (!row) return
  reveal(row)
  choose(row, { open: true })
}

async function allRows(word = '') {
  if (found) found.textContent = word
  while (await loadRows(root, address)) zoom.apply(rows())
}

// Wiring -----------------------------------------------------------------------------------------------------------

function onClick(event) {
  const button = event.target.closest('button.fold')
  if (button) return void fold(button.closest('.row'), button.getAttribute('aria-expanded') !== 'true')
  const anchor = event.target.closest('a')
  if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return
  if (anchor.matches('[data-next-error]')) {
    event.preventDefault()
    nextError()
  } else if (anchor.matches('[data-back]')) {
    event.preventDefault()
    history.back()
  } else {
    const row = spanOf(anchor) && rowOf(spanOf(anchor))
    if (!row) return
    event.preventDefault()
    reveal(row)
    choose(row, { open: true })
  }
}

async function copyLink() {
  const url = chosen ? linkTo(chosen) : location.href
  await navigator.clipboard.writeText(url).then(() => say('Copied'), () => say('The browser does not allow copying here'))
}

function step(way) {
  let row = current() ? current()[way] : rows()[0]
  while (row?.hidden) row = row[way]
  choose(row)
}
function foldOrLeave() {
  const row = current()
  if (!row) return
  if (row.querySelector('button.fold') && !isFolded(row)) fold(row, false)
  else choose(parentOf(row))
}
function unfoldOrEnter() {
  const row = current()
  if (!row) return
  if (isFolded(row)) fold(row, true)
  else if (row.querySelector('button.fold')) step(DOWN)
}
function escape() {
  if (panel?.classList.contains('over')) history.back()
  else zoom.reset()
}

// The owner's page links to the trace before and after; each link names its key.
const toNeighbour = (key) => document.querySelector(`a[data-key="${key}"]`)?.click()

const KEYS = {
  j: () => step(DOWN), k: () => step(UP), ArrowDown: () => step(DOWN), ArrowUp: () => step(UP),
  ArrowLeft: foldOrLeave, ArrowRight: unfoldOrEnter, Enter: () => choose(current(), { open: true }),
  e: nextError, c: copyLink, z: () => current() && zoom.toRow(current()), Escape: escape,
  '/': () => find?.focus(), '?': () => root.querySelector('[popovertarget]')?.click(),
  '[': () => toNeighbour('['), ']': () => toNeighbour(']'),
}

function onKey(event) {
  const { key, target } = event
  if (event.altKey || event.ctrlKey || event.metaKey || !KEYS[key]) return
  if (target.matches('input, textarea, select') || (isGuest && !target.closest('[data-timeline]'))) return
  if (key.startsWith('Arrow') && target !== document.body && !target.closest('.rows')) return
  if (key === 'Enter' && !target.closest('.nm a')) return
  if (document.querySelector('dialog[open]')) return
  if (key === 'Escape' && document.querySelector(':popover-open')) return
  event.preventDefault()
  KEYS[key]()
}

function onFindKey(event) {
  if (event.key === 'Enter') nextHit(event.shiftKey ? -1 : 1)
  if (event.key !== 'Escape') return
  find.value = ''
  search()
  find.blur()
}

function followAddress() {
  const id = location.hash.startsWith('#span=') ? location.hash.slice(6) : ''
  if (!id || isGuest || id === chosen) return
  const row = rowOf(id)
  if (row) {
    reveal(row)
    choose(row, { open: true, focus: false })
  } else if (new URLSearchParams(location.search).get('span') !== id) {
    // It is on another page of the rows, and the server knows on which.
    location.replace(`${location.pathname}?span=${encodeURIComponent(id)}#span=${id}`)
  }
}

// The left half as it stands in the page: called again after each renewal, with what the reader had set before.
function attach() {
  list = root.querySelector('.rows')
  find = root.querySelector('[data-find]')
  found = root.querySelector('[data-found]')
  zoom = makeZoom(root)
  let waiting
  find?.addEventListener('input', () => {
    clearTimeout(waiting)
    waiting = setTimeout(search, 150)
  })
  find?.addEventListener('keydown', onFindKey)
  moreRows(root, address, () => zoom.apply(rows()))
}

// A run that goes on: the page's script (live.js) brings the left half as it is now. What the reader chose, folded,
// searched, zoomed into and looks at stays; only the rows and bars are new.
function renew(left) {
  const kept = reading()
  root.querySelector('.t-left').replaceWith(left)
  attach()
  for (const id of kept.folded) if (rowOf(id)) fold(rowOf(id), false)
  const row = rowOf(chosen)
  if (row) mark(row)
  zoom.restore(kept.view)
  if (find && kept.words) {
    find.value = kept.words
    search()
  }
  if (kept.isFinding) find?.focus({ preventScroll: true })
  else if (kept.focused) focusAgain(kept)
  const anchor = kept.anchor && rowOf(kept.anchor)
  if (anchor) scrollBy({ top: anchor.getBoundingClientRect().top - kept.top, behavior: 'instant' })
  if (!chosen && rows()[0]) choose(rows()[0], { focus: false })
}

function focusAgain({ focused, isOnFold }) {
  const row = rowOf(focused) ?? current()
  const target = (isOnFold && row?.querySelector('button.fold')) || (row && link(row))
  target?.focus({ preventScroll: true })
}

function reading() {
  const seen = rows().find((row) => !row.hidden && row.getBoundingClientRect().bottom > 0)
  const focused = list?.contains(document.activeElement) ? document.activeElement.closest('.row') : null
  return {
    folded: rows().filter(isFolded).map((row) => spanOf(link(row))),
    view: zoom.view(),
    words: find?.value,
    isFinding: Boolean(find) && document.activeElement === find,
    focused: focused && spanOf(link(focused)),
    isOnFold: document.activeElement.matches('button.fold'),
    anchor: seen && spanOf(link(seen)),
    top: seen?.getBoundingClientRect().top,
  }
}

function start() {
  attach()
  if (current()) chosen = spanOf(link(current()))
  if (panel && chosen) prepareCopying(chosen)
  document.addEventListener('click', onClick)
  document.addEventListener('keydown', onKey)
  addEventListener('popstate', slideBack)
  addEventListener('hashchange', followAddress)
  document.addEventListener('renew', (event) => {
    renew(event.detail.left)
    // What was still running when its detail was read may have ended since.
    details.clear()
    if (event.detail.isOver && panel && chosen) show(chosen)
  })
  followAddress()
}
if (root) start()
