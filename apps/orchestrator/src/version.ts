import { readFileSync } from 'node:fs';

/** Of this package; `src` and `dist` sit side by side below its manifest. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
