// Sharing without leaving the trace: the button opens a dialog, and its forms renew the dialog instead of the page.
// Without this file the button is a link to a page with the same forms.
const dialog = document.querySelector('[data-share-dialog]')
const button = document.querySelector('[data-share]')
const panel = () => dialog.querySelector('[data-share-panel]')
const say = (text) => document.dispatchEvent(new CustomEvent('say', { detail: text }))

button.addEventListener('click', (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  dialog.showModal()
})

// A click beside the dialog closes it.
dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close() })

dialog.addEventListener('submit', async (event) => {
  if (!event.target.matches('[data-share-form]')) return
  event.preventDefault()
  const form = event.target
  panel().setAttribute('aria-busy', 'true')
  const fresh = await send(form).catch(() => null)
  panel().removeAttribute('aria-busy')
  if (!fresh) return void say('That did not work; try again')
  panel().replaceWith(document.adoptNode(fresh.panel))
  if (fresh.said) say(fresh.said)
  drawCount()
  const first = panel().querySelector('.fresh [data-copy]') ?? panel().querySelector('select')
  first.focus()
})

// The server answers a form with the page of the trace's links; its panel is the one that belongs into the dialog.
async function send(form) {
  const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const found = page.querySelector('[data-share-panel]')
  return found && { panel: found, said: page.querySelector('.messages')?.textContent.trim() }
}

function drawCount() {
  const count = panel().querySelectorAll('.links > li').length
  let badge = button.querySelector('.n-links')
  if (!count) return badge?.remove()
  if (!badge) {
    badge = Object.assign(document.createElement('span'), { className: 'n-links' })
    button.append(badge)
  }
  badge.textContent = count
}
