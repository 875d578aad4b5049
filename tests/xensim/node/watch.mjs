// Connects to the pool at argv[2], watches its objects, and prints what it sees, one JSON document a line:
// first the pool and the number of objects, then each new name of the VM whose uuid is argv[3].

import { createClient } from 'xen-api'

const [, , url, uuid] = process.argv
const xapi = createClient({ url, allowUnauthorized: true, auth: { user: 'root', password: 'xensim' }, watchEvents: true })
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

await xapi.connect()
await xapi.objectsFetched
say({
  pool: xapi.pool.name_label,
  objects: Object.keys(xapi.objects.all).length,
  vm: xapi.getObjectByUuid(uuid).name_label,
})

let name = xapi.getObjectByUuid(uuid).name_label
xapi.objects.on('update', (objects) => {
  const vm = objects[uuid]
  if (vm !== undefined && vm.name_label !== name) {
    name = vm.name_label
    say({ name })
  }
})

await xapi.call('VM.set_name_label', xapi.getObjectByUuid(uuid).$ref, 'named by node')
const task = await xapi.callAsync('VM.clone', xapi.getObjectByUuid(uuid).$ref, 'cloned by node')
say({ clone: await xapi.getField('VM', task, 'name_label') })

process.stdin.resume()
process.stdin.once('end', async () => {
  await xapi.disconnect()
  process.exit(0)
})
