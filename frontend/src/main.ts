import ui from '@nuxt/ui/vue-plugin'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { i18n, preferredLocale, setLocale } from './i18n'
import { makeRouter } from './router'
import './styles/main.css'

await setLocale(preferredLocale())
const app = createApp(App)
app.use(createPinia()).use(makeRouter()).use(i18n).use(ui)
app.mount('#app')
