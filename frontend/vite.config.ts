import { fileURLToPath, URL } from 'node:url'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const service = process.env.PODIUM_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [
    vue(),
    ui({
      // Types of the U* components are written down in src/nuxt-ui.d.ts: nothing is generated while checking.
      dts: false,
      autoImport: false,
      components: { dts: false, dirs: [] },
      // Every icon that a source file names is in the bundle; nothing is asked of api.iconify.design.
      icon: { clientBundle: { scan: { globInclude: ['src/**/*.{vue,ts}'] }, sizeLimitKb: 64 } },
      experimental: { componentDetection: true },
      ui: {
        colors: { primary: 'indigo', neutral: 'zinc', success: 'green', info: 'sky', warning: 'amber', error: 'red' },
        button: { slots: { base: 'cursor-pointer' }, variants: { size: { md: { leadingIcon: 'size-4', trailingIcon: 'size-4' } } } },
      },
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy: { '/rest': { target: service, changeOrigin: false }, '/api': { target: service, ws: true } } },
  build: {
    outDir: 'dist',
    manifest: true,
    target: 'es2022',
    sourcemap: false,
    assetsInlineLimit: 0, // the CSP allows no data: scripts or fonts
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    // What every page stands on is one file: small pieces of it compress badly.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'base', test: /node_modules\/(@vue|vue|vue-router|vue-i18n|@intlify|pinia|@iconify)\// }] } } },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.spec.ts'],
    globals: false,
    restoreMocks: true,
  },
})
