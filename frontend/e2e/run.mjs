// `npm run e2e`: the browser journeys; without a browser they are skipped, saying so, and fail where CI is set.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromium } from '@playwright/test'

const found = ['/usr/bin/chromium', '/usr/bin/google-chrome', chromium.executablePath()].some((path) => existsSync(path))
if (!found) {
  console.error('No Chromium here (Debian: apt-get install chromium): the browser journeys are skipped.')
  process.exit(process.env.CI === undefined ? 0 : 1)
}
const { status } = spawnSync('npx', ['--no-install', 'playwright', 'test', ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(status ?? 1)
