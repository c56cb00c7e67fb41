// A run that goes on: asks for what has changed and renews the page in place until the run ends. What the reader has
// chosen, folded and scrolled to is timeline.js's, which takes the new rows by a "renew" event.
import { poll } from './poll.js';

const line = document.querySelector('[data-live-line]')
const root = document.querySelector('[data-timeline]')
const part = (name, place = document) => place.querySelector(`[data-part=${name}]`)
const shownRows = () => root.querySelector('.rows')?.children.length ?? 0
const maxRows = Number(line.dataset.max)

function address() {
  const first = root.querySelector('[data-pages]')?.dataset.first || 0
  return `${location.pathname.replace(/\/$/, '')}/live?from=${first}&rows=${shownRows()}`
}

async function onNews(answer) {
  if (shownRows() > maxRows) return offerReload()
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-answer]')
  if (!fresh) return false
  const isOver = fresh.dataset.live === undefined
  for (const name of ['said', 'more']) part(name).replaceWith(document.adoptNode(part(name, fresh)))
  const left = document.adoptNode(fresh.querySelector('.t-left'))
  document.dispatchEvent(new CustomEvent('renew', { detail: { left, isOver } }))
  line.textContent = isOver ? 'The run has ended.' : 'Updates by itself'
  return !isOver
}

function offerReload() {
  const link = Object.assign(document.createElement('a'), { href: location.href, textContent: 'Load the page again' })
  link.addEventListener('click', () => location.reload())
  line.replaceChildren('The run has gone on. ', link)
  return false
}

line.textContent = 'Updates by itself'
poll(address, onNews, { etag: line.dataset.etag })
