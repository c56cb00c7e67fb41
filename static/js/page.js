// What every page does beyond plain HTML: copy buttons, the theme switch without a reload, and short spoken notices.
// Other modules say something by dispatching a "say" event whose detail is the text; they need not import this file.
const root = document.documentElement
root.classList.add('js')

const NOTICE_MS = 2000
const toasts = document.querySelector('.toasts')

function say(text) {
  const toast = document.createElement('p')
  toast.className = 'toast'
  toast.textContent = text
  toasts.replaceChildren(toast)
  setTimeout(() => toast.remove(), NOTICE_MS)
}

// What a button copies: the text it carries, else the code it stands at, else the address of this page.
function copyText(button) {
  return button.dataset.copy || button.closest('.code, .once')?.querySelector('code')?.textContent || location.href
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(copyText(button))
    say('Copied')
  } catch {
    // Browsers offer the clipboard on https and on this machine only.
    say('The browser does not allow copying here; select the text instead')
  }
}

async function switchTheme(form, button) {
  const before = root.dataset.theme
  const body = new FormData(form, button)
  root.dataset.theme = button.value
  // The pressed button is hidden now; the keyboard goes on from the one in its place.
  form.querySelector(`button:not([value="${button.value}"])`).focus()
  const answer = await fetch(form.action, { method: 'POST', body, redirect: 'manual' }).catch(() => null)
  if (answer?.type === 'opaqueredirect') return
  if (before) root.dataset.theme = before
  else delete root.dataset.theme
  say('The theme could not be saved')
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy]')
  if (button) copy(button)
})
document.addEventListener('submit', (event) => {
  if (!event.target.matches('[data-theme-form]')) return
  event.preventDefault()
  switchTheme(event.target, event.submitter)
})
document.addEventListener('say', (event) => say(event.detail))
