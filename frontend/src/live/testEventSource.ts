/** An EventSource for tests, after the HTML standard: over fetch, resumes by Last-Event-ID, gives up on any status but 200. */

const RETRY_MS = 20

export class TestEventSource extends EventTarget {
  readyState = 0
  private lastEventId = ''
  private readonly abort = new AbortController()
  private readonly url: string

  constructor(url: string) {
    super()
    this.url = url
    void this.run()
  }

  close(): void {
    this.readyState = 2
    this.abort.abort()
  }

  private async run(): Promise<void> {
    while (this.readyState !== 2) {
      try {
        const response = await fetch(this.url, { headers: this.lastEventId === '' ? {} : { 'last-event-id': this.lastEventId }, signal: this.abort.signal })
        if (response.status !== 200 || response.body === null) {
          this.readyState = 2
          this.dispatchEvent(new Event('error'))
          return
        }
        this.readyState = 1
        await this.read(response.body)
      } catch {
        // A broken line is tried again, like an ended one.
      }
      if (this.isClosed()) return
      this.readyState = 0
      this.dispatchEvent(new Event('error'))
      await new Promise((done) => setTimeout(done, RETRY_MS))
    }
  }

  /** Asked anew each time: `close` may have been called while we waited. */
  private isClosed(): boolean {
    return this.readyState === 2
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      rest += decoder.decode(chunk, { stream: true })
      const blocks = rest.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) this.dispatch(block)
    }
  }

  private dispatch(block: string): void {
    let name = 'message'
    const data: string[] = []
    for (const line of block.split('\n')) {
      const [field, value = ''] = line.split(/: ?(.*)/s)
      if (field === 'event') name = value
      else if (field === 'data') data.push(value)
      else if (field === 'id') this.lastEventId = value
    }
    const event = Object.assign(new Event(name), { data: data.join('\n'), lastEventId: this.lastEventId })
    if (!this.isClosed() && data.length > 0) this.dispatchEvent(event)
  }
}
