import { copyFile, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ZkflError } from '../errors.ts';
import { entryLine, type SignedEntry } from './audit-log.ts';
import { canonicalText, digest } from './encoding.ts';
import type { Store } from './store.ts';

/**
 * `ciphertexts`: every update and sum, for an auditor WITHOUT the decryption key, who re-checks proofs and sums.
 * `digests`: for hospitals, whose key would open the updates.
 */
export const BUNDLE_KINDS = ['ciphertexts', 'digests'] as const;
export type BundleKind = (typeof BUNDLE_KINDS)[number];

/** bundle.json. Nothing in it is believed: it must agree with the log. */
export const bundleSchema = z.strictObject({
  version: z.literal(1),
  kind: z.enum(BUNDLE_KINDS),
  study: digest,
  entries: z.number().int().min(1),
  head: digest,
});
export type Bundle = z.infer<typeof bundleSchema>;

export const BUNDLE_FILES = { bundle: 'bundle.json', study: 'study.json', log: 'log.jsonl', blobs: 'blobs' } as const;
const PAGE = 256;

/** Blobs that an entry refers to, as far as a bundle of this kind has them. */
export function blobsOf({ event }: SignedEntry['entry'], kind: BundleKind): readonly string[] {
  if (event.type === 'keys') return [event.publicKey];
  if (kind === 'digests') return [];
  if (event.type === 'received') return [event.update];
  return event.type === 'aggregated' ? [event.sum] : [];
}

/** Writes a bundle of everything up to now, whole or not at all. Throws `audit`, `output`. */
export async function exportBundle(store: Store, target: string, kind: BundleKind): Promise<Bundle> {
  const study = store.meta('study');
  const last = store.lastEntry();
  if (study === null || last === null)
    throw new ZkflError('audit', 'audit: log: got an empty one, want a study that a coordinator has run');
  const there = await readdir(target).catch(() => []);
  if (there.length > 0)
    throw new ZkflError('output', `audit: ${target}: got a folder that is not empty, want a new one`, { target });
  const partial = `${resolve(target)}.${process.pid}.partial`;
  const bundle: Bundle = { version: 1, kind, study: last.entry.study, entries: last.entry.seq + 1, head: last.hash };
  try {
    await mkdir(join(partial, BUNDLE_FILES.blobs), { recursive: true });
    await writeFile(join(partial, BUNDLE_FILES.study), `${study}\n`);
    await writeFile(join(partial, BUNDLE_FILES.bundle), `${canonicalText(bundle)}\n`);
    await writeEntries(store, partial, bundle);
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
  } catch (cause) {
    if (cause instanceof ZkflError) throw cause;
    throw new ZkflError('output', `audit: ${target}: cannot be written`, { target }, cause);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return bundle;
}

async function writeEntries(store: Store, partial: string, { kind, entries }: Bundle): Promise<void> {
  await using log = await open(join(partial, BUNDLE_FILES.log), 'wx');
  for (let from = 0; from < entries; from += PAGE)
    for (const signed of store.entries({ from, limit: Math.min(PAGE, entries - from) })) {
      await log.appendFile(`${entryLine(signed)}\n`);
      for (const blob of blobsOf(signed.entry, kind))
        await copyFile(store.blobs.path(blob), join(partial, BUNDLE_FILES.blobs, blob));
    }
}
