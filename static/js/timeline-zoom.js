// Zooming: a drag on the minimap stretches a part of the axis over the whole plot. Only numbers change: the percents of
// bars, labels, ticks and grid. What the server laid out is kept, so that a reset is exact.
const LABEL_PX = 6.6
const AROUND_PX = 12
const MIN_PERCENT = 0.4
const SMALLEST_VIEW = 0.002
const STEPS_S = [30, 60, 120, 300, 600, 1800, 3600, 7200, 18000, 43200, 86400]

export function makeZoom(root) {
  const map = root.querySelector('.t-map')
  const button = root.querySelector('[data-zoom-out]')
  const laidOut = new WeakMap()
  const frame = { axis: root.querySelector('.axis svg'), grid: root.querySelector('.grid') }
  const whole = { axis: frame.axis.innerHTML, grid: frame.grid.innerHTML }
  const axisMs = Number(root.dataset.axis)
  const plotPx = () => frame.axis.clientWidth || 400
  let view = { from: 0, to: 1 }

  const isWhole = () => view.from === 0 && view.to === 1
  const place = (percent) => (percent / 100 - view.from) / (view.to - view.from) * 100

  function original(row) {
    if (!laidOut.has(row)) {
      const [bar, label] = [row.querySelector('.wf > :is(rect, use)'), row.querySelector('.wf > text')]
      const [x, width] = ['x', 'width'].map((key) => parseFloat(bar.getAttribute(key)))
      laidOut.set(row, { bar, label, x, width, labelX: label.getAttribute('x'), labelAt: label.getAttribute('class') })
    }
    return laidOut.get(row)
  }

  function draw(row) {
    const { bar, label, x, width, labelX, labelAt } = original(row)
    if (isWhole()) return set(bar, label, { x: `${x}%`, width: `${width}%`, labelX, labelAt, isSeen: true })
    const [start, end] = [Math.max(place(x), -1), Math.min(place(x + width), 101)]
    if (end < 0 || start > 100) return set(bar, label, { isSeen: false })
    const at = labelPlace(label, start, end, plotPx())
    set(bar, label, {
      x: `${start}%`, width: `${Math.max(end - start, MIN_PERCENT)}%`, isSeen: true,
      labelX: `${at === 'before' ? start : end}%`, labelAt: at,
    })
  }

  function apply(rows) {
    if (!isWhole()) for (const row of rows) draw(row)
  }

  function go(from, to) {
    view = { from: Math.max(from, 0), to: Math.min(to, 1) }
    if (view.to - view.from < SMALLEST_VIEW) view = { from: Math.max(view.to - SMALLEST_VIEW, 0), to: view.to }
    for (const row of root.querySelector('.rows')?.children ?? []) draw(row)
    drawFrame()
    drawShade(map, view)
    if (button) button.hidden = isWhole()
  }

  function drawFrame() {
    if (isWhole()) {
      frame.axis.innerHTML = whole.axis
      frame.grid.innerHTML = whole.grid
      return
    }
    const ticks = ticksOf(view.from * axisMs, view.to * axisMs).map((ms) => ({ x: place(ms / axisMs * 100), ms }))
    frame.axis.innerHTML = ticks.map(({ x, ms }) =>
      `<line x1="${x}%" x2="${x}%" y1="20" y2="24"/><text x="${x}%" y="15">${tickText(ms)}</text>`).join('')
    frame.grid.innerHTML = ticks.map(({ x }) => `<line x1="${x}%" x2="${x}%" y2="100%"/>`).join('')
  }

  const reset = () => { if (!isWhole()) go(0, 1) }
  function toRow(row) {
    const { x, width } = original(row)
    const margin = Math.max(width * 0.1, 0.1)
    go((x - margin) / 100, (x + width + margin) / 100)
  }

  // The view in milliseconds, so that it means the same on an axis that has grown.
  const viewed = () => isWhole() ? null : { from: view.from * axisMs, to: view.to * axisMs }
  function restore(part) {
    if (part) go(part.from / axisMs, part.to / axisMs)
  }

  if (map) listen(map, go, reset, (part) => drawShade(map, part))
  button?.addEventListener('click', reset)
  return { apply, reset, toRow, view: viewed, restore }
}

function set(bar, label, { x, width, labelX, labelAt, isSeen }) {
  for (const part of [bar, label]) part.setAttribute('visibility', isSeen ? 'visible' : 'hidden')
  if (!isSeen) return
  bar.setAttribute('x', x)
  bar.setAttribute('width', width)
  label.setAttribute('x', labelX)
  if (labelAt && labelAt !== 'after') label.setAttribute('class', labelAt)
  else label.removeAttribute('class')
}

function labelPlace(label, start, end, plotPx) {
  const room = (label.textContent.length * LABEL_PX + AROUND_PX) / plotPx * 100
  if (end + room <= 103) return 'after'
  return start >= room ? 'before' : 'end'
}

function drawShade(map, { from, to }) {
  if (!map) return
  const [left, right] = map.querySelectorAll('.shade')
  const [first, last] = map.querySelectorAll('.grip')
  left.setAttribute('width', `${from * 100}%`)
  right.setAttribute('x', `${to * 100}%`)
  right.setAttribute('width', `${(1 - to) * 100}%`)
  first.setAttribute('x', `${from * 100}%`)
  last.setAttribute('x', `${to * 100}%`)
}

// A drag chooses a part, a plain click a fifth round the point, a double click the whole run.
function listen(map, go, reset, preview) {
  let start = null
  const at = (event) => {
    const box = map.getBoundingClientRect()
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1)
  }
  const part = (event) => ({ from: Math.min(start, at(event)), to: Math.max(start, at(event)) })
  map.addEventListener('pointerdown', (event) => {
    start = at(event)
    map.setPointerCapture(event.pointerId)
  })
  map.addEventListener('pointermove', (event) => { if (start !== null) preview(part(event)) })
  map.addEventListener('pointercancel', () => { start = null })
  map.addEventListener('pointerup', (event) => {
    if (start === null) return
    const { from, to } = part(event)
    start = null
    if (to - from > 0.01) go(from, to)
    else if (event.detail < 2) go(from - 0.1, from + 0.1)
  })
  map.addEventListener('dblclick', reset)
}

function ticksOf(from, to) {
  const wanted = (to - from) / 7
  const base = 10 ** Math.floor(Math.log10(wanted))
  let step = [1, 2, 5, 10].map((factor) => factor * base).find((size) => size >= wanted * 0.999999)
  if (step > 20000) step = (STEPS_S.find((seconds) => seconds * 1000 >= wanted) || 86400) * 1000
  const ticks = []
  for (let ms = Math.ceil(from / step) * step; ms <= to; ms += step) ticks.push(ms)
  return ticks
}

function tickText(ms) {
  const short = (number) => String(Number(number.toPrecision(6)))
  if (Math.abs(ms) < 1e-9) return '0'
  if (ms < 1000) return `${short(ms)} ms`
  if (ms < 60000) return `${short(ms / 1000)} s`
  const words = []
  let rest = Math.round(ms)
  for (const [word, size] of [['d', 86400000], ['h', 3600000], ['m', 60000], ['s', 1000]]) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count) words.push(`${count} ${word}`)
  }
  return words.slice(0, 2).join(' ')
}
