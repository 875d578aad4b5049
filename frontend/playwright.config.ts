import { existsSync } from 'node:fs'
import { defineConfig, devices } from '@playwright/test'

/** Debian's own browser; elsewhere Chrome, else what Playwright installed. */
export const chromium = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path))

/** Runs side by side (e2e/run.mjs) have a pool, a service and a folder each. */
const results = `test-results/${process.env.PODIUM_E2E_PART ?? 'all'}`
process.env.PODIUM_E2E_STATE = `${results}-admin.json`

export default defineConfig({
  testDir: 'e2e',
  outputDir: results,
  globalSetup: './e2e/setup.ts',
  workers: 1, // one simulated pool for all: its faults are felt by everybody
  fullyParallel: false,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: process.env.CI !== undefined,
  reporter: [['list']],
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    actionTimeout: 10_000,
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: chromium,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
  },
  projects: [
    { name: 'connect', testMatch: 'connect.spec.ts' },
    { name: 'journeys', testIgnore: 'connect.spec.ts', dependencies: ['connect'], use: { storageState: process.env.PODIUM_E2E_STATE } },
  ],
})
