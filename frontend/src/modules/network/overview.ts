/** The first screen of a network. */
import { type Network } from '@/api/types'
import { talk, writer, type Overview } from '../overview'

export const networkOverview: Overview<Network> = (network, look) => {
  const w = writer(look)
  return [
    w.section('general', {
      facts: [
        ...w.text('bridge', network.bridge, true),
        ...w.text('mtu', network.MTU),
        ...w.flag('automatic', network.automatic),
        ...w.flag('locked', network.defaultIsLocked),
        ...w.flag('bond', network.isBonded),
        ...w.flag('nbd', network.nbd),
        ...w.link('pool', 'pool', network.$pool),
      ],
    }),
    w.section('interfaces', { related: { type: 'PIF', filter: `$network:="${network.id}"`, columns: ['name', 'state', 'host', 'address', 'vlan', 'speed', 'mac'] } }),
    w.section('machines', { related: { type: 'VIF', filter: `$network:="${network.id}"`, columns: ['vm', 'state', 'mac', 'locking', 'name'] } }),
    ...talk(network, look),
  ]
}
