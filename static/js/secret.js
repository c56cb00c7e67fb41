// A key that is shown once: whoever leaves the page and comes back by the browser's memory must not find it.
addEventListener('pagehide', () => {
  for (const secret of document.querySelectorAll('[data-secret]')) {
    secret.replaceChildren('The key was shown once. Create another if you did not keep it.')
  }
})
