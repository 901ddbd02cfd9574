import { md5 } from '@noble/hashes/legacy.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { FlCoreError } from '../errors.ts';
import type { CatalogueEntry } from './medmnist-catalogue.ts';

/** The outside of a download: network and disk belong to the caller. */
export interface DownloadPorts {
  /** The body of `url` in chunks, and its length where the server says it; rejects on any HTTP error. */
  fetch(url: string): Promise<{ readonly chunks: AsyncIterable<Uint8Array>; readonly length?: number | undefined }>;
  readonly cache: {
    read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
    /** All or nothing: a reader never sees half a file. */
    write(name: string, bytes: Uint8Array): Promise<void>;
  };
}

export interface DownloadProgress {
  readonly received: number;
  /** Absent where the server doesn't say. */
  readonly total?: number | undefined;
}

/** Throws `data-digest` unless `bytes` are the official file. MD5 finds damage; it does not stop a forger. */
export function checkDownload(entry: CatalogueEntry, bytes: Uint8Array): void {
  requireDigest(entry, bytesToHex(md5(bytes)));
}

/**
 * The official file of `entry`: from the cache if it is there and intact, else downloaded, checked and only then
 * cached. Throws `data-digest`, and what the ports throw.
 */
export async function obtainDataset(
  entry: CatalogueEntry,
  ports: DownloadPorts,
  onProgress: (progress: DownloadProgress) => void = () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = `${entry.name}.npz`;
  const cached = await ports.cache.read(file);
  if (cached && bytesToHex(md5(cached)) === entry.md5) return cached;
  const { chunks, length } = await ports.fetch(entry.url);
  const digest = md5.create();
  const parts: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of chunks) {
    digest.update(chunk);
    parts.push(chunk);
    received += chunk.length;
    onProgress({ received, total: length });
  }
  requireDigest(entry, bytesToHex(digest.digest()));
  const bytes = new Uint8Array(received);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  await ports.cache.write(file, bytes);
  return bytes;
}

function requireDigest(entry: CatalogueEntry, got: string): void {
  if (got !== entry.md5)
    throw new FlCoreError('data-digest', { operation: `download ${entry.name}`, field: 'md5', got, want: entry.md5 });
}
