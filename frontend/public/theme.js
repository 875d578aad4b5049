// Theme and language before the first paint, so that nothing flashes. Keys are those of @vueuse/core and src/i18n.
(function () {
  var root = document.documentElement
  try {
    var scheme = localStorage.getItem('vueuse-color-scheme') || 'auto'
    var dark = scheme === 'dark' || (scheme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
    root.classList.toggle('dark', dark)
    root.classList.toggle('light', !dark)
    var locale = localStorage.getItem('podium-locale') || (navigator.language || 'en').slice(0, 2)
    root.lang = locale === 'fr' ? 'fr' : 'en'
  } catch (error) {
    root.classList.add('light')
  }
})()
