import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZkflError } from '../errors.ts';
import { digestOf } from '../simulate/bytes.ts';

/** Left free for the database whatever hospitals upload. */
const RESERVE_BYTES = 64 * 2 ** 20;

/** A failure of this machine's storage: nothing was taken, the same request may come again. */
export const storageError = (what: string, cause: unknown): ZkflError =>
  new ZkflError(
    'store',
    `store: ${what}: cannot be written (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}): free some space; nothing that was accepted is lost`,
    {},
    cause,
  );

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Files named by the SHA-256 of their bytes: whole or absent, and durable before they have their name. */
export class BlobStore {
  readonly directory: string;
  readonly #partials: string;

  private constructor(directory: string, partials: string) {
    this.directory = directory;
    this.#partials = partials;
  }

  static async open(parent: string): Promise<BlobStore> {
    const directory = join(parent, 'blobs');
    const partials = join(parent, 'partials');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await mkdir(partials, { recursive: true, mode: 0o700 });
    return new BlobStore(directory, partials);
  }

  path(digest: string): string {
    return join(this.directory, digest);
  }

  async has(digest: string): Promise<boolean> {
    return stat(this.path(digest)).then(
      () => true,
      () => false,
    );
  }

  /** Throws `store` where there is no such blob or its bytes are not its name's. */
  async get(digest: string): Promise<Uint8Array<ArrayBuffer>> {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(await readFile(this.path(digest)));
    } catch (cause) {
      throw new ZkflError('store', `store: blob ${digest}: cannot be read`, { digest }, cause);
    }
    if (digestOf(bytes) !== digest) throw new ZkflError('store', `store: blob ${digest}: got other bytes`, { digest });
    return bytes;
  }

  async put(bytes: Uint8Array): Promise<string> {
    const digest = digestOf(bytes);
    if (await this.has(digest)) return digest;
    const partial = join(this.#partials, `${digest}.${process.pid}`);
    try {
      await using file = await open(partial, 'w', 0o600);
      await file.writeFile(bytes);
      await file.sync();
    } catch (cause) {
      await rm(partial, { force: true });
      throw storageError('blob', cause);
    }
    await this.#name(partial, digest);
    return digest;
  }

  /** Bytes of an unfinished upload that are there already. */
  async partialBytes(name: string): Promise<number> {
    return stat(join(this.#partials, name)).then(
      ({ size }) => size,
      () => 0,
    );
  }

  /** Writes `bytes` at `offset` of an unfinished upload; a write that fails leaves what was there before. */
  async writePartial(name: string, offset: number, bytes: Uint8Array): Promise<void> {
    const path = join(this.#partials, name);
    let file: FileHandle | undefined;
    try {
      file = await open(path, offset === 0 ? 'w' : 'r+', 0o600);
      await file.write(bytes, 0, bytes.length, offset);
    } catch (cause) {
      await file?.truncate(offset).catch(() => {});
      throw storageError('upload', cause);
    } finally {
      await file?.close();
    }
  }

  /** Gives a finished upload its name; false, and the upload is gone, where its bytes are not `digest`'s. */
  async commitPartial(name: string, digest: string): Promise<boolean> {
    const path = join(this.#partials, name);
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(path), hash);
      if (hash.digest('hex') !== digest) {
        await rm(path, { force: true });
        return false;
      }
      await using file = await open(path, 'r+');
      await file.sync();
    } catch (cause) {
      throw storageError('upload', cause);
    }
    await this.#name(path, digest);
    return true;
  }

  async dropPartial(name: string): Promise<void> {
    await rm(join(this.#partials, name), { force: true });
  }

  /** Throws `store` unless `bytes` fit beside the reserve. */
  async requireSpace(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.directory);
    const free = bavail * bsize;
    if (free < bytes + RESERVE_BYTES)
      throw new ZkflError(
        'store',
        `store: space: got ${free} B free, want ${bytes + RESERVE_BYTES} B: free some space`,
      );
  }

  async remove(digest: string): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  async copyTo(digest: string, path: string): Promise<void> {
    await pipeline(createReadStream(this.path(digest)), createWriteStream(path, { flags: 'wx' }));
  }

  async #name(partial: string, digest: string): Promise<void> {
    try {
      await rename(partial, this.path(digest));
      await syncDirectory(this.directory);
    } catch (cause) {
      throw storageError('blob', cause);
    }
  }
}
