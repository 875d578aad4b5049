/** Files to the service, with progress: fetch tells nothing of what has gone out. The browser reads the file as it sends it. */
import { fileAddress, type Query } from './act'
import { whenRefused } from './client'
import { Problem, type ProblemBody } from './problem'

export interface Upload {
  /** The id of what was made; undefined where something was replaced. Rejects with Problem, of code "cancelled" after `cancel`. */
  readonly done: Promise<string | undefined>
  readonly cancel: () => void
}

export function upload(method: 'POST' | 'PUT', path: string, file: Blob, query: Query = {}, progress: (sent: number) => void = () => undefined): Upload {
  const request = new XMLHttpRequest()
  const done = new Promise<string | undefined>((made, failed) => {
    request.upload.addEventListener('progress', ({ loaded }) => progress(loaded))
    request.addEventListener('load', () => {
      const body = request.response as (ProblemBody & { readonly id?: string }) | null
      if (request.status >= 200 && request.status < 300) return made(body?.id)
      if (request.status === 401) whenRefused()
      failed(new Problem(request.status, body ?? undefined))
    })
    request.addEventListener('error', () => failed(new Problem(0)))
    request.addEventListener('abort', () => failed(new Problem(0, { code: 'cancelled' })))
  })
  const texts = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, value === undefined ? undefined : String(value)]))
  request.open(method, fileAddress(path, texts))
  request.responseType = 'json'
  request.setRequestHeader('content-type', 'application/octet-stream')
  request.send(file)
  return { done, cancel: () => request.abort() }
}
