/** Lets the browser fetch a file from the service: it goes to disk, never through this page's memory. */
import { fileAddress } from '@/api/act'

export function download(path: string, query: Readonly<Record<string, string | undefined>> = {}): void {
  const link = document.createElement('a')
  link.href = fileAddress(path, query)
  link.download = '' // the service names it
  document.body.append(link)
  link.click()
  link.remove()
}
