// What a first visit must load: the entry and all that it imports statically, plus one language. Fails above the budget of UX.md.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const BUDGET = 250_000
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))
const gzip = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length

/** The chunk of a source file with everything that it imports statically. */
function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen
  seen.add(key)
  for (const each of manifest[key].imports ?? []) closure(each, seen)
  return seen
}

const weigh = (keys) => [...keys].reduce((sum, key) => sum + gzip(manifest[key].file), 0)
const entry = closure('index.html')
closure('src/i18n/fr/index.ts', entry) // the longer of the two
const initial = weigh(entry)
const css = [...entry].flatMap((key) => manifest[key].css ?? []).reduce((sum, file) => sum + gzip(file), 0)
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`

console.log(`initial JavaScript ${kB(initial)} gzip of ${kB(BUDGET)}; CSS ${kB(css)}`)
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || !/pages\//.test(key)) continue
  const more = [...closure(key)].filter((each) => !entry.has(each))
  console.log(`  ${key.replace('src/pages/', '')}: +${kB(weigh(more))}`)
}
const first = new Set([...entry, ...closure('src/pages/site/SitePage.vue')])
console.log(`shell with the dashboard ${kB(weigh(first))}`)
if (weigh(first) > BUDGET) {
  console.error('Over the budget of initial JavaScript (UX.md, Feel).')
  process.exit(1)
}
