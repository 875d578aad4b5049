// `npm run e2e`: the browser journeys; without a browser they are skipped, saying so, and fail where CI is set.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chromium } from '@playwright/test'

/** A journey waits for pages and polls more than it computes: two at a time, each in a world of its own. These take as long as all others. */
const LOOKING = ['pages.spec.ts', 'lists.spec.ts', 'people.spec.ts', 'shell.spec.ts', 'live.spec.ts', 'making.spec.ts']
const ACTING = readdirSync('e2e').filter((name) => name.endsWith('.spec.ts') && name !== 'connect.spec.ts' && !LOOKING.includes(name))

const found = ['/usr/bin/chromium', '/usr/bin/google-chrome', chromium.executablePath()].some((path) => existsSync(path))
if (!found) {
  console.error('No Chromium here (Debian: apt-get install chromium): the browser journeys are skipped.')
  process.exit(process.env.CI === undefined ? 0 : 1)
}

/** Exit status of one run. `part`: its name, where there are others beside it. */
function run(args, part) {
  const env = part === undefined ? process.env : { ...process.env, PODIUM_E2E_PART: part }
  const child = spawn('npx', ['--no-install', 'playwright', 'test', ...args], { stdio: 'inherit', env })
  return new Promise((done) => {
    child.once('exit', (status) => done(status ?? 1))
    child.once('error', () => done(1))
  })
}

// what is asked for by name, or of a service that runs already, is one run
const args = process.argv.slice(2)
const whole = args.length === 0 && process.env.PODIUM_E2E_URL === undefined
const statuses = await Promise.all(whole ? [run(LOOKING, 'looking'), run(ACTING, 'acting')] : [run(args)])
process.exit(Math.max(...statuses))
