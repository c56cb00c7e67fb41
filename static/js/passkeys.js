// Forms that a passkey fills in: <form data-passkey="create|get"> with a hidden field "credential". The options of the
// ceremony stand in data-options, or come from the form's own address as JSON. Bytes travel as base64url.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')

function decodeOptions({ publicKey }) {
  const withBytes = (list) => list?.map((item) => ({ ...item, id: bytes(item.id) }))
  const options = { ...publicKey, challenge: bytes(publicKey.challenge) }
  if (options.user) options.user = { ...options.user, id: bytes(options.user.id) }
  for (const name of ['excludeCredentials', 'allowCredentials']) {
    if (options[name]) options[name] = withBytes(options[name])
  }
  return options
}

function encodeCredential(credential) {
  const response = {}
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (credential.response[name]) response[name] = text(credential.response[name])
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports()
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
  }
}

async function loadOptions(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options)
  const answer = await fetch(form.action, { headers: { Accept: 'application/json' } })
  if (!answer.ok) throw new Error(`The server answered ${answer.status}`)
  return (await answer.json()).request_options
}

// A passkey that signs in without a password must be found without a name, and must know its owner.
function forPasswordless(publicKey, wanted) {
  const kept = wanted ? 'required' : 'discouraged'
  const selection = { ...publicKey.authenticatorSelection, residentKey: kept, requireResidentKey: wanted }
  if (wanted) selection.userVerification = 'required'
  return { ...publicKey, authenticatorSelection: selection }
}

async function askDevice(form) {
  const publicKey = decodeOptions(await loadOptions(form))
  if (form.dataset.passkey === 'get') return navigator.credentials.get({ publicKey })
  const wanted = form.elements.passwordless?.checked ?? false
  return navigator.credentials.create({ publicKey: forPasswordless(publicKey, wanted) })
}

function tell(form, words) {
  const status = form.querySelector('[data-passkey-status]')
  status.querySelector('span').textContent = words
  status.hidden = words === ''
}

const REASONS = {
  NotAllowedError: 'Nothing was chosen, or it took too long. Try again.',
  InvalidStateError: 'This device is in your list already.',
  SecurityError: 'Passkeys work on https, or on http://localhost.',
}

async function fillAndSend(form) {
  tell(form, '')
  try {
    form.elements.credential.value = JSON.stringify(encodeCredential(await askDevice(form)))
    form.submit()
  } catch (error) {
    tell(form, REASONS[error.name] ?? 'The passkey did not work here. Try again, or use another way in.')
  }
}

for (const form of document.querySelectorAll('[data-passkey]')) {
  if (!window.PublicKeyCredential) continue
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    fillAndSend(form)
  })
}
