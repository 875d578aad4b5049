/** The part of the package that is used (MIT; its own types are another package). */
declare module 'qrcode/lib/core/qrcode' {
  interface Matrix {
    readonly size: number
    get(row: number, column: number): number | boolean
  }
  export function create(text: string, options?: { readonly errorCorrectionLevel?: 'L' | 'M' | 'Q' | 'H' }): { readonly modules: Matrix }
}
