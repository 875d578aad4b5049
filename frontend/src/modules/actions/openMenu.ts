/** Opens the menu of a row as a right click would: below where the row begins. */
export function openMenuOf(row: HTMLElement): void {
  const { left, bottom } = row.getBoundingClientRect()
  const INDENT = 40
  row.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: left + INDENT, clientY: bottom }))
}

/** Opens the menu of the row that a button stands in, at the button. */
export function openMenuAt(event: MouseEvent): void {
  const button = event.currentTarget as HTMLElement
  const { left, bottom } = button.getBoundingClientRect()
  button.closest('[data-id]')?.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: left, clientY: bottom }))
}
