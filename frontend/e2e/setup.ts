/** Starts the simulated pool and the service, unless PODIUM_E2E_URL says that they run already. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Place } from './world'

const root = fileURLToPath(new URL('../..', import.meta.url))

export default async function setup(): Promise<(() => Promise<void>) | void> {
  if (process.env.PODIUM_E2E_URL !== undefined) return
  const python = process.env.PODIUM_PYTHON ?? `${root}.venv/bin/python`
  const launcher = spawn(python, [`${root}tests/journeys/web/serve.py`], { cwd: root, stdio: ['pipe', 'pipe', process.env.DEBUG === undefined ? 'ignore' : 'inherit'] })
  const place = await new Promise<Place>((ready, failed) => {
    createInterface(launcher.stdout).once('line', (line) => ready(JSON.parse(line) as Place))
    launcher.once('exit', (code) => failed(new Error(`the launcher ended with ${code}; run with DEBUG=1 to see why`)))
    launcher.once('error', failed)
  })
  process.env.PODIUM_E2E_URL = place.url
  process.env.PODIUM_E2E_USER = place.user
  process.env.PODIUM_E2E_PASSWORD = place.password
  process.env.PODIUM_E2E_POOL = JSON.stringify(place)
  return async () => {
    const ended = new Promise((done) => launcher.once('exit', done))
    launcher.stdin.end()
    await ended
  }
}
