/** The first screen of a storage repository. */
import { type SR } from '@/api/types'
import { percent } from '@/i18n/format'
import { shareCell } from '../columns'
import { talk, writer, type Overview } from '../overview'

export const srOverview: Overview<SR> = (sr, look) => {
  const w = writer(look)
  const sized = sr.size > 0
  return [
    { title: look.t('live.title'), live: { part: 'now', type: 'SR', metrics: ['diskRead', 'diskWrite', 'iops', 'diskLatency', 'iowait'] } },
    w.section('capacity', {
      facts: [
        ...w.cell('used', shareCell({ used: sr.physical_usage, size: sr.size })),
        ...(sized ? w.size('free', Math.max(0, sr.size - sr.physical_usage)) : []),
        ...w.size('promised', sr.usage),
        ...(sized && sr.usage > sr.size ? w.text('allocation', look.t('field.promisedMore', { share: percent(sr.usage / sr.size) })) : w.text('allocation', sr.allocationStrategy)),
      ],
    }),
    w.section('general', {
      facts: [
        ...w.text('type', sr.SR_type),
        ...w.text('content', sr.content_type),
        ...w.flag('shared', sr.shared),
        ...w.link('host', 'host', look.find('host', sr.$container)?.id),
        ...w.link('pool', 'pool', sr.$pool),
      ],
    }),
    ...(sized ? [{ title: look.t('space.title'), live: { part: 'space' } } as const] : []),
    w.section('disks', { related: { type: 'VDI', filter: `$SR:="${sr.id}"`, columns: ['name', 'size', 'used', 'vdiType', 'attachments', 'snapshots'] } }),
    w.section('attachedHosts', { related: { type: 'PBD', filter: `SR:="${sr.id}"`, columns: ['host', 'state', 'configuration', 'name'] } }),
    ...talk(sr, look),
  ]
}
