// The list of traces in the hand: filters that apply themselves, a question before deleting, and new rows as they come.
// Without this file the filters have a button, deleting asks on a page of its own, and a reload shows what is new.
import { poll } from './poll.js';

const filters = document.querySelector('[data-filters]')
const news = document.querySelector('[data-news]')
const total = document.querySelector('[data-total-text]')
const dialog = document.querySelector('[data-confirm]')
const section = () => document.querySelector('[data-list]')
const boxes = (part = section()) => [...part.querySelectorAll('input[name=id]')]
const chosen = () => boxes().filter((box) => box.checked)
const count = (number, word) => `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`

// Filters ------------------------------------------------------------------------------------------------------------

filters.addEventListener('change', (event) => {
  if (event.target.matches('select')) filters.requestSubmit()
})
// An address says what is asked for, not what is not.
filters.addEventListener('formdata', ({ formData }) => {
  for (const [name, value] of [...formData]) if (!value) formData.delete(name)
})

// Choosing and deleting ----------------------------------------------------------------------------------------------

function drawChoice() {
  const all = section().querySelector('[data-all]')
  if (!all) return
  const [some, every] = [chosen().length, boxes().length]
  all.hidden = false
  all.checked = some === every
  all.indeterminate = some > 0 && some < every
  section().querySelector('[data-bulk-bar]').hidden = !some
  section().querySelector('[data-chosen]').textContent = `${some} selected`
}

document.addEventListener('change', ({ target }) => {
  if (!target.closest('[data-bulk]')) return
  if (target.matches('[data-all]')) for (const box of boxes()) box.checked = target.checked
  drawChoice()
})

document.addEventListener('submit', (event) => {
  if (!event.target.matches('[data-bulk]') || !chosen().length) return
  event.preventDefault()
  dialog.querySelector('[data-question]').textContent = `Delete ${count(chosen().length, 'trace')}?`
  dialog.returnValue = ''
  dialog.showModal()
})

dialog.addEventListener('close', () => {
  if (dialog.returnValue !== 'delete') return
  const form = section().querySelector('[data-bulk]')
  form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'confirmed', value: 'yes' }))
  // Not requestSubmit(): that would ask again.
  form.submit()
})

// News ---------------------------------------------------------------------------------------------------------------

// A reader who is choosing rows or has scrolled down must not have them move under the hand: a line says it instead.
const isBusy = () => chosen().length > 0 || dialog.open || scrollY > section().offsetTop

async function onNews(answer) {
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-list]')
  if (!fresh) return false
  const known = new Set(boxes().map((box) => box.value))
  const added = boxes(fresh).filter((box) => !known.has(box.value))
  if (added.length && isBusy()) offer(fresh, added)
  else show(fresh, added)
  return true
}

function offer(fresh, added) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn' })
  button.textContent = `Show ${count(added.length, 'new trace')}`
  button.addEventListener('click', () => {
    show(fresh, added)
    document.querySelector('h1').scrollIntoView({ block: 'start' })
  })
  news.replaceChildren(button)
}

function show(fresh, added) {
  const focused = section().contains(document.activeElement) ? document.activeElement : null
  const row = focused?.closest('tr')?.dataset.id
  const wasChosen = new Set(chosen().map((box) => box.value))
  for (const box of boxes(fresh)) box.checked = wasChosen.has(box.value)
  for (const box of added) box.closest('tr').classList.add('fresh')
  section().replaceWith(document.adoptNode(fresh))
  total.textContent = fresh.dataset.total
  news.replaceChildren(added.length ? count(added.length, 'new trace') : '')
  drawChoice()
  // The keyboard stays where it was, in the row that was drawn anew.
  const part = focused?.matches('input') ? 'input' : 'a'
  if (row) section().querySelector(`tr[data-id="${row}"] ${part}`)?.focus({ preventScroll: true })
}

drawChoice()
if (section().dataset.live !== undefined) {
  const query = new URLSearchParams(location.search)
  query.set('part', 'list')
  poll(() => `${location.pathname}?${query}`, onNews, { quickMs: 3000, slowMs: 20000 })
}
