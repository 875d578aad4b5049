// Connects to the pool at argv[2], downloads the VDI argv[3] and uploads it into the VDI argv[4], exports the VM argv[5]
// and imports it again; prints one JSON document a line: the digest of the disk, the result of each upload.

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { createClient } from 'xen-api'

const [, , url, source, target, vm] = process.argv
const xapi = createClient({ url, allowUnauthorized: true, auth: { user: 'root', password: 'xensim' }, watchEvents: ['task', 'vm'] })
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

const down = async (path, query) => buffer((await xapi.getResource(path, { query, task: true })).body)
const up = async (path, data, query) => {
  const body = Readable.from([data.subarray(0, 1000), data.subarray(1000)])
  body.length = data.length
  return xapi.putResource(body, path, { query, task: true })
}

await xapi.connect()
const disk = await down('/export_raw_vdi', { vdi: source, format: 'vhd' })
say({ disk: createHash('sha256').update(disk).digest('hex') })
say({ written: await up('/import_raw_vdi', disk, { vdi: target, format: 'vhd' }) })
const archive = await down('/export', { ref: vm, use_compression: 'zstd' })
say({ made: await up('/import', archive, {}) })
try {
  await up('/import', Buffer.alloc(5000, 'garbage'), {})
} catch (error) {
  say({ refusal: error.code })
}
await xapi.disconnect()
process.exit(0)
