import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ZkflError } from '../errors.ts';

export interface FolderLock {
  release(): void;
}

/**
 * One process a folder: a second coordinator would fork the log, a second hospital would send a second update. The
 * system frees the lock of a process that dies. Throws `store`.
 */
export function lockFolder(directory: string): FolderLock {
  const db = new DatabaseSync(join(directory, 'in-use.lock'), { timeout: 1000 });
  try {
    db.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;');
  } catch (cause) {
    db.close();
    throw new ZkflError(
      'store',
      `store: ${directory}: got a folder that another zkfl process uses, want one of its own: stop that process first`,
      { directory },
      cause,
    );
  }
  return { release: () => db.close() };
}
